"""`flinkmock serve`: a fake cluster that runs until it is interrupted or shut down."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from flinkmock.cli import server_options
from flinkmock.cli.arguments import TOKEN_VARIABLE, integer
from flinkmock.cli.file_watcher import FileWatcher
from flinkmock.cli.journal_file import JournalFile
from flinkmock.cli.non_blocking_output import NonBlockingOutput
from flinkmock.cli.ready_file import ReadyFile
from flinkmock.cli.terminal import paint_status, printable
from flinkmock.errors import FlinkMockError, InvalidArgument
from flinkmock.units import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from flinkmock.control.findings import Findings
    from flinkmock.engine import Engine
    from flinkmock.scenario.scenario import Scenario
    from flinkmock.server import Dashboard, Exchange
    from flinkmock.server.control_server import ControlOptions
    from flinkmock.server.tls import Tls

_LOG_TIMEOUT_S = 5.0
"""How long the end waits for the reader of the log, in seconds."""
STDIN = "-"
"""The name of the file if the scenario is read from standard input."""


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "serve",
        help="start a fake cluster",
        description="Serves a fake Flink cluster until SIGINT, SIGTERM or a client's DELETE /cluster. Prints its URL "
        "and that of the console, then one line for each request: cluster time, status, method, path and job. At the "
        "end it lists faults that never applied and parts of requests that Flink ignores.",
        examples=(
            "flinkmock serve",
            "flinkmock serve crash-loop.yaml --flink 1.20 --port 0",
            "flinkmock serve orders.yaml --clock 10x --reload",
        ),
    )
    parser.add_argument(
        "scenario",
        nargs="?",
        metavar="SCENARIO",
        help="a YAML file, the name of a built-in scenario (crash-loop.yaml), or - for standard input; default: a "
        "cluster without jobs",
    )
    parser.add_argument("--flink", metavar="RELEASE", help="e.g. 1.20; default: the scenario's, else the newest")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on; default: %(default)s")
    parser.add_argument(
        "--port",
        default=8081,
        type=port,
        help="0 uses a free port; further JobManagers use the next ports; default: %(default)s",
    )
    parser.add_argument(
        "--seed", type=integer, metavar="N", help="determines ids and random values; default: the scenario's"
    )
    parser.add_argument(
        "--clock",
        metavar="CLOCK",
        help="real, 10x, '1s per request', or virtual (only a test can advance it); default: the scenario's, else real",
    )
    parser.add_argument(
        "--start-time",
        type=start_time,
        metavar="TIME",
        help="the cluster time at which the scenario begins, e.g. 2026-01-01T00:00:00Z; default: the scenario's, else "
        "now",
    )
    parser.add_argument(
        "--dashboard",
        nargs="?",
        const="auto",
        metavar="PATH",
        help="serve Flink's dashboard from this flink-dist jar or folder; without PATH, or with auto, from an "
        "installed apache-flink-libraries or from what `flinkmock dashboard fetch` has downloaded",
    )
    parser.add_argument(
        "--ready-file",
        type=Path,
        metavar="FILE",
        help="write the URL to FILE when clients can connect, one line for each JobManager; FILE is removed at the end",
    )
    parser.add_argument("--log", choices=("text", "json"), default="text", help="the log format")
    parser.add_argument("--quiet", "-q", action="store_true", help="log only the URL of the cluster")
    parser.add_argument(
        "--verify", action="store_true", help="check the scenario's `expect` at the end; exit code 1 if it is not met"
    )
    parser.add_argument(
        "--journal",
        type=Path,
        metavar="FILE",
        help="write every request to FILE: JSON lines, or HAR if the name ends in .har",
    )
    parser.add_argument(
        "--reload",
        action="store_true",
        help="restart the cluster at the same address when the scenario's files change; if they are invalid, report "
        "the mistakes and keep the current cluster",
    )
    parser.add_argument(
        "--control-port",
        type=port,
        metavar="PORT",
        help="serve the control API at this port (0: a free one); default: the REST API's, under /__flinkmock__/v1",
    )
    parser.add_argument(
        "--control-token",
        metavar="TOKEN",
        help="clients of the control API have to send this token; default: none on a loopback address, else "
        f"${TOKEN_VARIABLE}, else a random one that is printed",
    )
    parser.add_argument(
        "--until-stdin-ends",
        action="store_true",
        help="also end when standard input ends, for example because the process that started this one has ended",
    )
    parser.add_argument(
        "--cluster-ports",
        type=port_range,
        metavar="FIRST-LAST",
        help="the ports of clusters that the control API creates, e.g. 9000-9099; default: free ones",
    )
    parser.add_argument("--no-control", action="store_true", help="don't serve the console and the control API")
    server_options.configure(parser)
    parser.set_defaults(run=run)


def port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port. Write a number from 0 to 65535.")
    return int(text)


def port_range(text: str) -> range:
    first, _, last = text.partition("-")
    ports = range(port(first), port(last or first) + 1)
    if not ports or ports[0] == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range of ports. Write the first and the last: 9000-9099.")
    return ports


def start_time(text: str) -> int:
    try:
        return parse_time(text)
    except InvalidArgument as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(args: argparse.Namespace) -> int:
    import asyncio

    from flinkmock.server import serve
    from flinkmock.server.control_server import ControlOptions

    if args.reload and not args.scenario:
        raise FlinkMockError("--reload needs a SCENARIO.")
    if args.reload and args.scenario == STDIN:
        raise FlinkMockError("--reload needs a file: standard input is read once.")
    if args.until_stdin_ends and args.scenario == STDIN:
        raise FlinkMockError("--until-stdin-ends needs a file: a scenario on standard input ends with it.")
    options = _control_options(args)
    with (
        Log(as_json=args.log == "json") as log,
        ReloadingCluster(args) as cluster,
        JournalFile(args.journal) as journal_file,
        ReadyFile(args.ready_file) as ready_file,
        server_options.tls(args, cluster.control.engine) as tls,
    ):

        def ready(urls: Sequence[str], control_url: str | None) -> None:
            journal_file.ready(urls[0])
            cluster.replaced = lambda: log.ready(urls, cluster.control.engine)
            log.ready(urls, cluster.control.engine)
            ready_file.write(urls)
            if tls is not None:
                log.tls(tls)
            if control_url is not None and options is not None and not (args.quiet and options == ControlOptions()):
                log.control(control_url, options)

        def observer(exchange: Exchange) -> None:
            journal_file.request(exchange)
            if not args.quiet:
                log.request(exchange)

        asyncio.run(
            serve(
                cluster.control,
                args.host,
                args.port,
                observer=None if args.quiet and args.journal is None else observer,  # each exchange costs time
                load_dashboard=cluster.load_dashboard,
                ready=ready,
                control_options=options,
                background=_background(args, cluster),
                context=tls.server_context if tls is not None else None,
            )
        )
        if not args.quiet and len(cluster.control.requests):
            log.findings(cluster.control.findings)
        return _verified(cluster.control.engine) if args.verify else 0


def _background(
    args: argparse.Namespace, cluster: ReloadingCluster
) -> Iterator[Callable[[], Coroutine[Any, Any, None]]]:
    if args.reload:
        yield cluster.reload
    if args.until_stdin_ends:
        from flinkmock.cli.stdin import end_of_stdin

        yield end_of_stdin


def _control_options(args: argparse.Namespace) -> ControlOptions | None:
    from flinkmock.control.access import is_loopback
    from flinkmock.server.control_server import ControlOptions

    if args.no_control:
        return None
    token = args.control_token
    if token is None and not is_loopback(args.host):
        token = os.environ.get(TOKEN_VARIABLE) or _random_token()
    return ControlOptions(args.control_port, token, args.cluster_ports)


def _random_token() -> str:
    import secrets

    return secrets.token_urlsafe(16)


def _verified(engine: Engine) -> int:
    from flinkmock.journal import UnmetExpectation

    try:
        engine.journal.check(engine.expectations)
    except UnmetExpectation as unmet:
        print(unmet, file=sys.stderr)
        return 1
    return 0


class ReloadingCluster:
    """The served cluster. With --reload, it is replaced when the scenario changes."""

    def __init__(self, args: argparse.Namespace) -> None:
        from flinkmock.control.cluster_control import ClusterControl
        from flinkmock.control.engine_options import EngineOptions

        self._args = args
        scenario = self._load()
        options = EngineOptions(
            args.flink,
            args.seed,
            args.clock,
            start_time=args.start_time,
            base_path=args.base_path,
            credentials=tuple(args.credentials),
        )
        self.control = ClusterControl(scenario, options)
        self.replaced: Callable[[], None] = lambda: None
        """Is called when another scenario is served."""
        self.control.open_engine()

    def _load(self) -> Scenario:
        """Raises ScenarioError."""
        from flinkmock.scenario import load_scenario

        if self._args.scenario == STDIN:
            scenario = load_scenario(_text_of_stdin())
        else:  # a Path, because the scenario is a file on the command line, even with another suffix
            scenario = load_scenario(Path(self._args.scenario) if self._args.scenario else None)
        self._files = FileWatcher(scenario.files)
        return scenario

    def load_dashboard(self, engine: Engine) -> Dashboard | None:
        """Raises DashboardMissing."""
        from flinkmock.server import Dashboard

        return Dashboard.load(self._args.dashboard, engine.contract.release) if self._args.dashboard else None

    async def reload(self) -> None:
        """Serve the scenario again each time its files change and are valid. Reports mistakes."""
        while True:
            await self._files.change()
            try:
                self.control.load_scenario(self._load())
            except FlinkMockError as error:
                print(f"{error}\nThe current cluster keeps running.", file=sys.stderr, flush=True)
            else:
                self.replaced()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.control.close_engine()


def _text_of_stdin() -> str:
    """Return the text with a final line break, so that it is not the name of a file. Raises FlinkMockError."""
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig") + "\n"
    except UnicodeDecodeError as error:
        raise FlinkMockError(f"Standard input is not UTF-8: {error.reason}.") from None


class Log:
    """Logs requests to standard output until it is closed, without waiting for its reader."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._out = NonBlockingOutput(sys.stdout, on_error=_note_end_of_log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._out.end(timeout_s=_LOG_TIMEOUT_S)

    def ready(self, urls: Sequence[str], engine: Engine) -> None:
        """Log the start. `urls` has one URL for each JobManager."""
        release, clock = engine.contract.release.version, engine.clock.text
        if self._as_json:
            several = {"urls": urls} if len(urls) > 1 else {}
            self._out.print(json.dumps({"event": "ready", "url": urls[0], **several, "flink": release, "clock": clock}))
        else:
            note = ", which does not advance" if clock == "virtual" else ""
            self._out.print(f"Flink {release} at {', '.join(urls)} (fake; clock: {clock}{note})")

    def control(self, url: str, options: ControlOptions) -> None:
        """Log the URLs of the console and the control API. JSON omits what follows from the URL of the cluster."""
        token = options.token
        if not self._as_json:
            console = url.removesuffix("v1") + (f"#token={quote(token, safe='')}" if token else "")
            self._out.print(
                f"Console at {console}" + (f" (control API: Authorization: Bearer {token})" if token else "")
            )
        elif token or options.port is not None:
            self._out.print(json.dumps({"event": "control", "control-url": url, "control-token": token}))

    def tls(self, tls: Tls) -> None:
        """Log the certificates of cluster and clients."""
        certificate = tls.client_certificate
        if self._as_json:
            entry = {"event": "tls", "ca-file": str(tls.ca_file), "ca": tls.ca.decode("ascii", "replace")}
            self._out.print(json.dumps(entry | ({"client-certificate": str(certificate)} if certificate else {})))
        else:
            clients = f"; the certificate of clients with its key: {certificate}" if certificate else ""
            self._out.print(f"Clients have to trust the certificate in {tls.ca_file}{clients}")

    def findings(self, findings: Findings) -> None:
        """Log the findings, if there are any."""
        if self._as_json and (findings.unused or findings.ignored):
            self._out.print(json.dumps({"event": "findings", "unused": findings.unused, "ignored": findings.ignored}))
        elif not self._as_json:
            for sentence in (*findings.unused, *findings.ignored):
                self._out.print(sentence)

    def request(self, exchange: Exchange) -> None:
        name = exchange.job or exchange.job_id
        if self._as_json:
            entry = {
                "event": "request",
                "time": exchange.time,
                "status": exchange.status,
                "method": exchange.method,
                "path": exchange.target,
                "operation": exchange.operation,
                "job": name,
                "fault": exchange.fault,
            }
            self._out.print(json.dumps(entry))
        else:
            time = datetime.fromtimestamp(exchange.time / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
            parts = [f"{exchange.method:6} {exchange.target}", name, exchange.fault and f"({exchange.fault})"]
            self._out.print("  ".join([time, paint_status(exchange.status), *map(printable, filter(None, parts))]))


def _note_end_of_log(error: OSError) -> None:
    """The stream is closed, or the disk is full; the cluster keeps running."""
    if not isinstance(error, BrokenPipeError):
        print(f"flinkmock: the log ends here: {error.strerror}.", file=sys.stderr)
