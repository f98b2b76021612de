"""`flinkmock serve`: a fake cluster that runs until it is interrupted or shut down."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from flinkmock.cli import server_options
from flinkmock.cli.arguments import TOKEN_VARIABLE, integer, port, port_range, start_time
from flinkmock.cli.file_watcher import FileWatcher
from flinkmock.cli.journal_file import JournalFile
from flinkmock.cli.ready_file import ReadyFile
from flinkmock.cli.serve_log import ServeLog
from flinkmock.errors import FlinkMockError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from flinkmock.engine import Engine
    from flinkmock.scenario.scenario import Scenario
    from flinkmock.server import Dashboard, Exchange
    from flinkmock.server.control_server import ControlOptions

STDIN = "-"
"""The name of the file if the scenario is read from standard input."""


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "serve",
        help="start a fake cluster",
        description="Serves a fake Flink cluster until SIGINT, SIGTERM or a client's DELETE /cluster. Prints its URL "
        "and that of the console, then one line for each request: cluster time, status, method, path and job. At the "
        "end it lists faults, expectations and parts of requests that had no effect.",
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
    parser.add_argument("--quiet", "-q", action="store_true", help="log neither requests nor findings")
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
        help="serve the control API on this port (0: a free one); default: the REST API's, under /__flinkmock__/v1",
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


def run(args: argparse.Namespace) -> int:
    import asyncio

    from flinkmock.server import serve
    from flinkmock.server.control_server import ControlOptions

    if args.reload and not args.scenario:
        raise FlinkMockError("--reload needs a SCENARIO.")
    if args.reload and args.scenario == STDIN:
        raise FlinkMockError("--reload needs a file: standard input is read once.")
    if args.until_stdin_ends and args.scenario == STDIN:
        raise FlinkMockError("--until-stdin-ends needs a file: standard input ends with the scenario.")
    options = _control_options(args)
    with (
        ServeLog(as_json=args.log == "json") as log,
        ReloadingCluster(args) as cluster,
        JournalFile(args.journal) as journal_file,
        ReadyFile(args.ready_file) as ready_file,
        server_options.tls(args, cluster.control.engine) as tls,
    ):

        def on_ready(urls: Sequence[str], control_url: str | None) -> None:
            journal_file.set_url(urls[0])
            cluster.on_reload = lambda: log.ready(urls, cluster.control.engine)
            log.ready(urls, cluster.control.engine)
            ready_file.write(urls)
            if tls is not None:
                log.tls(tls)
            # --quiet hides the URL of the control API unless it has its own port or a token
            if control_url is not None and options is not None and not (args.quiet and options == ControlOptions()):
                log.control(control_url, options)

        def on_exchange(exchange: Exchange) -> None:
            journal_file.write(exchange)
            if not args.quiet:
                log.request(exchange)

        asyncio.run(
            serve(
                cluster.control,
                args.host,
                args.port,
                # without an observer, no `Exchange` is created for each request
                observer=None if args.quiet and args.journal is None else on_exchange,
                load_dashboard=cluster.load_dashboard,
                on_ready=on_ready,
                control_options=options,
                background=_background_tasks(args, cluster),
                context=tls.server_context if tls is not None else None,
            )
        )
        if not args.quiet and len(cluster.control.requests):
            log.findings(cluster.control.findings)
        return _verify(cluster.control.engine) if args.verify else 0


def _background_tasks(
    args: argparse.Namespace, cluster: ReloadingCluster
) -> Iterator[Callable[[], Coroutine[Any, Any, None]]]:
    """Yield the coroutine functions that run while the cluster is served."""
    if args.reload:
        yield cluster.reload
    if args.until_stdin_ends:
        from flinkmock.cli.stdin import end_of_stdin

        yield end_of_stdin


def _control_options(args: argparse.Namespace) -> ControlOptions | None:
    """Return the options of the control API; None with --no-control. Raises FlinkMockError for contradictory ones."""
    from flinkmock.control.access import is_loopback
    from flinkmock.server.control_server import ControlOptions

    if args.no_control:
        for name in ("control-port", "control-token", "cluster-ports"):
            if getattr(args, name.replace("-", "_")) is not None:
                raise FlinkMockError(f"--no-control can't be combined with --{name}.")
        return None
    token = args.control_token
    if token is None and not is_loopback(args.host):
        token = os.environ.get(TOKEN_VARIABLE) or _random_token()
    return ControlOptions(args.control_port, token, args.cluster_ports)


def _random_token() -> str:
    import secrets

    return secrets.token_urlsafe(16)


def _verify(engine: Engine) -> int:
    """Print the expectations that are not met, and return the exit code."""
    from flinkmock.journal import UnmetExpectation

    try:
        engine.journal.check(engine.expectations)
    except UnmetExpectation as error:
        print(error, file=sys.stderr)
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
            flink=args.flink,
            seed=args.seed,
            clock=args.clock,
            start_time=args.start_time,
            base_path=args.base_path,
            credentials=tuple(args.credentials),
        )
        self.control = ClusterControl(scenario, options)
        self.on_reload: Callable[[], None] = lambda: None
        """Called when a cluster with the changed scenario has replaced the old one."""
        self.control.open_engine()

    def _load(self) -> Scenario:
        """Load the scenario of the command line, and watch its files. Raises ScenarioError, FlinkMockError."""
        from flinkmock.scenario import load_scenario

        if self._args.scenario == STDIN:
            scenario = load_scenario(_text_of_stdin())
        else:
            # a Path, since load_scenario would read a text without the suffix .yaml as YAML
            scenario = load_scenario(Path(self._args.scenario) if self._args.scenario else None)
        self._file_watcher = FileWatcher(scenario.files)
        return scenario

    def load_dashboard(self, engine: Engine) -> Dashboard | None:
        """Return the dashboard for an engine; None without --dashboard. Raises DashboardMissing."""
        from flinkmock.server import Dashboard

        return Dashboard.load(self._args.dashboard, engine.contract.release) if self._args.dashboard else None

    async def reload(self) -> None:
        """Load the scenario again whenever its files change. Prints the mistakes of an invalid one."""
        while True:
            await self._file_watcher.wait_for_change()
            try:
                self.control.load_scenario(self._load())
            except FlinkMockError as error:
                print(f"{error}\nThe current cluster keeps running.", file=sys.stderr, flush=True)
            else:
                self.on_reload()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.control.close_engine()


def _text_of_stdin() -> str:
    """Return the text, with a final line break so that it is not read as a file name. Raises FlinkMockError."""
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig") + "\n"
    except UnicodeDecodeError as error:
        raise FlinkMockError(f"Standard input is not UTF-8: {error.reason}.") from None
