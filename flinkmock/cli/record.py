"""`flinkmock record`: records a live cluster as a scenario."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flinkmock.cli import server_access
from flinkmock.cli.arguments import positive_duration
from flinkmock.cli.signals import sigterm_like_sigint
from flinkmock.cli.terminal import draw_progress_bar, is_terminal

if TYPE_CHECKING:
    import ssl

    from flinkmock.conformance.recording import ClusterObservations


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "record",
        help="record a live cluster as a scenario",
        description="Polls a live cluster with read-only requests and writes a scenario: jobs, their graphs, states "
        "and failures with relative times, checkpoints, rates, accumulators, user metrics, configuration. The scenario "
        "begins where the recording ended. ^C or SIGTERM ends the recording early. Standard error lists what was "
        "seen but can't be written as a scenario.",
        examples=(
            "flinkmock record http://flink:8081 -o recorded.yaml --for 5m",
            "flinkmock record http://flink:8081 -o recorded.yaml --anonymize",
            "flinkmock serve recorded.yaml",
        ),
    )
    parser.add_argument(
        "url", metavar="URL", help="the cluster's URL, e.g. http://127.0.0.1:8081, or a file that --raw wrote"
    )
    parser.add_argument(
        "-o", "--out", type=Path, metavar="FILE", required=True, help="the scenario to write; -: standard output"
    )
    parser.add_argument("--force", action="store_true", help="overwrite existing files")
    parser.add_argument(
        "--for",
        dest="duration_ms",
        type=positive_duration,
        default=60_000,
        metavar="DURATION",
        help="how long to record: 30s, 5m or 1h; default: 1m",
    )
    parser.add_argument(
        "--every",
        dest="interval_ms",
        type=positive_duration,
        default=1_000,
        metavar="DURATION",
        help="the interval between two polls; default: 1s",
    )
    parser.add_argument("--raw", type=Path, metavar="FILE", help="also write each request and response, as JSON lines")
    parser.add_argument(
        "--anonymize",
        action="store_true",
        help="remove or replace what identifies the cluster: names, ids, hosts, paths, messages, user configuration, "
        "metrics",
    )
    server_access.configure(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import yaml

    from flinkmock.conformance.recording import omissions, read_raw, recorded_scenario
    from flinkmock.errors import FlinkMockError, unwritable_message
    from flinkmock.tables import counted

    if args.raw and args.anonymize:
        raise FlinkMockError(
            "--raw keeps what --anonymize removes. Record with --raw first, then convert that file: "
            "flinkmock record FILE -o OUT --anonymize"
        )
    to_stdout = str(args.out) == "-"
    for file in (None if to_stdout else args.out, args.raw):
        if file is not None:
            check_writable(file, overwrite=args.force)
    try:
        if Path(args.url).is_file():
            observations = read_raw(_lines_of(Path(args.url)), args.url)
        else:
            context = server_access.ssl_context(args)
            headers = dict(args.headers)
            observations = record_cluster(args.url, args.duration_ms, args.interval_ms, args.raw, headers, context)
        scenario = recorded_scenario(observations, anonymize=args.anonymize)
        notes = omissions(observations)
        text = yaml.dump(scenario, Dumper=scenario_dumper(), sort_keys=False, allow_unicode=True, width=120)
        text = f"# Recorded by flinkmock record.\n{text}"
        if to_stdout:
            print(text, end="")
        else:
            args.out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FlinkMockError(unwritable_message(error.filename or args.out, error)) from error
    except (LookupError, TypeError, AttributeError) as error:
        raise FlinkMockError(
            f"{args.url} can't be recorded, because a response does not have Flink's form: {error!r}. "
            "`flinkmock check` reports the details."
        ) from error
    count = counted(len(scenario.get("jobs", {})), "job")
    print(f"{args.out}: {count}", file=sys.stderr if to_stdout else sys.stdout)
    for note in notes:
        print(f"not recorded: {note}", file=sys.stderr)
    return report_mistakes(args.out, text)


def report_mistakes(out: Path, text: str) -> int:
    """Print the mistakes of a recorded scenario, and return the exit code."""
    from flinkmock.errors import ScenarioError
    from flinkmock.scenario import load_scenario

    try:
        load_scenario(text)
    except ScenarioError as error:
        print(f"flinkmock: Correct the scenario {out} before you serve it.\n{error}", file=sys.stderr)
        return 1
    return 0


def scenario_dumper() -> Any:
    """Return a YAML dumper that writes lists of plain values on one line."""
    import yaml

    class ScenarioDumper(yaml.SafeDumper):
        def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
            is_plain = not any(isinstance(element, dict | list) for element in sequence)
            return super().represent_sequence(tag, sequence, flow_style=is_plain or flow_style)

    return ScenarioDumper


def check_writable(file: Path, *, overwrite: bool) -> None:
    """Check that a file can be written, before the recording begins. Raises FlinkMockError."""
    from flinkmock.errors import FlinkMockError

    if file.is_dir():
        raise FlinkMockError(f"{file}: can't write the file: Is a directory.")
    if not file.parent.is_dir():
        raise FlinkMockError(f"{file}: can't write the file: its folder does not exist.")
    if file.exists() and not overwrite:
        raise FlinkMockError(f"{file} exists. To overwrite it, use --force.")


def _lines_of(file: Path) -> list[str]:
    """Return the lines of a file that --raw wrote. Raises FlinkMockError."""
    from flinkmock.errors import FlinkMockError, unreadable_message

    try:
        # splitlines() also splits at U+2028, which JSON does not escape
        return file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise FlinkMockError(unreadable_message(file, error)) from error


def record_cluster(
    url: str,
    duration_ms: int,
    interval_ms: int,
    raw_path: Path | None,
    extra_headers: Mapping[str, str],
    context: ssl.SSLContext | None = None,
) -> ClusterObservations:
    """Record a live cluster, and write each exchange to the file `raw_path`. Raises ServerUnreachable, OSError."""
    import time
    from contextlib import ExitStack, closing

    from flinkmock.conformance.http_client import ClientReader, HttpClient, HttpRequest
    from flinkmock.conformance.recording import ClusterObservations, Poller
    from flinkmock.conformance.server_release import detect_version
    from flinkmock.errors import ServerUnreachable

    class RecordingClient(HttpClient):
        """Writes each exchange to `raw_file`."""

        def send(self, request: HttpRequest) -> Any:
            response = super().send(request)
            if raw_file is not None:
                exchange: Mapping[str, Any] = {
                    "method": request.method,
                    "target": request.target,
                    "status": response.status,
                    "body": None,
                    "response": response.raw_body.decode("utf-8", errors="replace"),
                }
                raw_file.write(json.dumps(exchange, ensure_ascii=False) + "\n")
            return response

    observations = ClusterObservations()
    with closing(RecordingClient(url, extra_headers, context)) as client, ExitStack() as stack:
        stack.enter_context(sigterm_like_sigint())
        raw_file = stack.enter_context(raw_path.open("w", encoding="utf-8")) if raw_path else None
        try:
            detect_version(client)  # raises an error if the server is not Flink
        except ServerUnreachable as error:
            if "//" in url:
                raise
            raise ServerUnreachable(f"{error} There is no file {url} either.") from error
        Poller(ClientReader(client), observations, lambda ms: time.sleep(ms / 1000)).poll(
            duration_ms, interval_ms, draw_progress_bar if is_terminal(sys.stderr) else None
        )
    return observations
