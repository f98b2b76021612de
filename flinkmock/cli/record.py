"""`flinkmock record`: writes a live cluster down as a scenario."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flinkmock.cli import headers
from flinkmock.cli.arguments import positive_duration

if TYPE_CHECKING:
    from flinkmock.conformance.recording import Notes


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "record",
        help="watch a live cluster for a while and write it down as a scenario",
        description="Watches a live cluster, asking nothing that changes it, and writes what it saw as an ordinary "
        "scenario: jobs, their graphs, states and failures with relative times, checkpoints, rates, accumulators, "
        "metrics of the jobs' own, configuration. The scenario begins where the recording ended; ^C ends it early.",
    )
    parser.add_argument(
        "url", help="the cluster's address, e.g. http://127.0.0.1:8081, or a file that --raw has written"
    )
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", required=True, help="the scenario to be written")
    parser.add_argument(
        "--for",
        dest="length",
        type=positive_duration,
        default=60_000,
        metavar="DURATION",
        help="how long to record: 30s, 5m or 1h; default: 1m",
    )
    parser.add_argument(
        "--every",
        type=positive_duration,
        default=1_000,
        metavar="DURATION",
        help="the interval between two polls; default: 1s",
    )
    parser.add_argument("--raw", type=Path, metavar="FILE", help="keep each question and its answer too, as JSON lines")
    parser.add_argument(
        "--scrub",
        action="store_true",
        help="leave out or replace what leads back to the cluster: names, ids, hosts, paths, messages, user "
        "configuration, metrics",
    )
    headers.configure(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import yaml

    from flinkmock.conformance.recording import read_raw, scenario
    from flinkmock.errors import FlinkMockError, ScenarioError
    from flinkmock.scenario import load_scenario

    if args.raw and args.scrub:
        raise FlinkMockError(
            "--raw keeps what --scrub takes out. Record with --raw first, then make the scenario of that file: "
            "flinkmock record FILE -o OUT --scrub"
        )
    if not args.out.parent.is_dir() or args.out.is_dir():  # told now, and not when the recording is lost
        raise FlinkMockError(f"{args.out} can't be written: there is no such folder.")
    try:
        if Path(args.url).is_file():
            notes = read_raw(Path(args.url).read_text(encoding="utf-8").splitlines())
        else:
            notes = watch(args.url, args.length, args.every, args.raw, dict(args.headers))
        told = scenario(notes, scrub=args.scrub)
        text = yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=120)
        args.out.write_text(f"# Recorded by flinkmock record.\n{text}", encoding="utf-8")
    except OSError as error:
        raise FlinkMockError(f"{error.filename}: {error.strerror}") from error
    except (LookupError, TypeError, AttributeError) as error:
        raise FlinkMockError(
            f"{args.url} answers in a form that Flink has not, so nothing can be written down: {error!r}. "
            "flinkmock check tells more."
        ) from error
    print(f"{args.out}: {len(told.get('jobs', {}))} jobs")
    try:
        load_scenario(args.out)
    except ScenarioError as mistakes:
        print(f"flinkmock: It needs a hand before it can be played.\n{mistakes}", file=sys.stderr)
        return 1
    return 0


def watch(url: str, length_ms: int, every_ms: int, raw: Path | None, keys: Mapping[str, str]) -> Notes:
    """The notes of a live cluster; each exchange is written to `raw`, too. Raises Unreachable, OSError."""
    import time
    from contextlib import ExitStack, closing

    from flinkmock.conformance.check import told_version
    from flinkmock.conformance.http_client import HttpClient, HttpRequest, Reader
    from flinkmock.conformance.recording import Notes, Poller

    class Kept(HttpClient):
        """Writes down what passes by."""

        def ask(self, question: HttpRequest) -> Any:
            answer = super().ask(question)
            if file is not None:
                told: Mapping[str, Any] = {
                    "method": question.method,
                    "target": question.target,
                    "status": answer.status,
                    "body": None,
                    "answer": answer.raw.decode("utf-8", errors="replace"),
                }
                file.write(json.dumps(told, ensure_ascii=False) + "\n")
            return answer

    notes = Notes()
    with closing(Kept(url, keys)) as server, ExitStack() as stack:
        file = stack.enter_context(raw.open("w", encoding="utf-8")) if raw else None
        told_version(server)  # a server that tells none is no Flink
        Poller(Reader(server), notes, lambda ms: time.sleep(ms / 1000)).watch(length_ms, every_ms)
    return notes
