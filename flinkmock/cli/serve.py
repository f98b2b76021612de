"""`flinkmock serve`: a fake cluster that lives until it is told to end."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from flinkmock.cli.file_watcher import FileWatcher
from flinkmock.cli.journal_file import JournalFile
from flinkmock.cli.stdout import silence
from flinkmock.errors import FlinkMockError

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.server import Dashboard, Exchange


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "serve",
        help="start a fake cluster",
        description="Serves a fake Flink cluster until SIGINT, SIGTERM or a client's DELETE /cluster. Prints "
        "its address, then one line for each request: the cluster's time, status, method, path and job.",
    )
    parser.add_argument(
        "scenario",
        nargs="?",
        metavar="SCENARIO",
        help="a YAML file, or the name of one of flinkmock's own (crash-loop.yaml); default: a cluster with no job",
    )
    parser.add_argument("--flink", metavar="RELEASE", help="e.g. 1.20; default: the scenario's, else the newest")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at; default: %(default)s")
    parser.add_argument(
        "--port",
        default=8081,
        type=port,
        help="0 takes a free one; further JobManagers get those that follow; default: %(default)s",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="fixes ids and made-up values; default: the scenario's")
    parser.add_argument(
        "--clock",
        metavar="CLOCK",
        help="real, 10x, '1s per request', virtual (stands still); default: the scenario's, else real",
    )
    parser.add_argument(
        "--dashboard",
        nargs="?",
        const="auto",
        metavar="PATH",
        help="serve Flink's own dashboard out of this flink-dist jar or folder; without a PATH, or with auto, out of "
        "an installed apache-flink-libraries",
    )
    parser.add_argument("--log", choices=("text", "json"), default="text", help="how requests are told")
    parser.add_argument("--quiet", "-q", action="store_true", help="tell of no request")
    parser.add_argument(
        "--expect", action="store_true", help="at the end, check the scenario's `expect`; exit code 1 if it is not met"
    )
    parser.add_argument(
        "--journal", type=Path, metavar="FILE", help="keep every request in FILE: JSON lines, or HAR if it ends in .har"
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="begin anew, at the same address, whenever the scenario's files change; mistakes are told, and the "
        "cluster goes on as it was",
    )
    parser.set_defaults(run=run)


def port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from flinkmock.server import serve

    if args.watch and not args.scenario:
        raise FlinkMockError("--watch needs a SCENARIO: a file that it can watch.")
    log = Log(as_json=args.log == "json")
    with ReloadingCluster(args) as lives, JournalFile(args.journal) as record:

        def ready(urls: Sequence[str]) -> None:
            lives.end_past()
            record.ready(urls[0])
            log.ready(urls, lives.engine)

        def observer(exchange: Exchange) -> None:
            record.request(exchange)
            if not args.quiet:
                log.request(exchange)

        asyncio.run(
            serve(
                lives.engine,
                args.host,
                args.port,
                observer=observer,
                dashboard=lives.dashboard,
                ready=ready,
                successor=lives.next if args.watch else None,
            )
        )
        return _verified(lives.engine) if args.expect else 0


def _verified(engine: Engine) -> int:
    from flinkmock.journal import UnmetExpectation

    try:
        engine.journal.check(engine.expected)
    except UnmetExpectation as unmet:
        print(unmet, file=sys.stderr)
        return 1
    return 0


class ReloadingCluster:
    """The cluster that is served; with --watch also those that follow it, one each time that the scenario changes."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._past: list[Engine] = []
        self._begin()

    def _begin(self) -> None:
        """Raises FlinkMockError for whatever is wrong with what was asked for."""
        from flinkmock.engine import Engine
        from flinkmock.scenario import load_scenario
        from flinkmock.server import Dashboard

        args = self._args
        try:
            # a Path, since on the command line a scenario is a file whatever its name ends in
            scenario = load_scenario(Path(args.scenario) if args.scenario else None)
            engine = Engine(scenario, flink=args.flink, seed=args.seed, clock=args.clock)
        except FlinkMockError:
            raise
        except ValueError as error:
            raise FlinkMockError(str(error)) from error
        try:
            self.dashboard = Dashboard.load(args.dashboard, engine.contract.release) if args.dashboard else None
        except FlinkMockError:
            engine.close()
            raise
        self.engine, self._files = engine, FileWatcher(scenario.files)

    async def next(self) -> tuple[Engine, Dashboard | None]:
        """What comes when the scenario has changed, and changed for the better: mistakes are told, and waited out."""
        while True:
            await self._files.change()
            before = self.engine
            try:
                self._begin()
            except FlinkMockError as error:
                print(f"{error}\nThe cluster goes on as it was.", file=sys.stderr, flush=True)
            else:
                self._past.append(before)
                return self.engine, self.dashboard

    def end_past(self) -> None:
        """To be called when nobody is served by those before any more."""
        while self._past:
            self._past.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end_past()
        self.engine.close()


class Log:
    """Tells on standard output what happens. When nobody reads it any more, it falls silent."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._read = True

    def ready(self, urls: Sequence[str], engine: Engine) -> None:
        """`urls` has one for each JobManager."""
        release, clock = engine.contract.release.version, engine.clock.text
        if self._as_json:
            several = {"urls": urls} if len(urls) > 1 else {}
            self._tell(json.dumps({"url": urls[0], **several, "flink": release, "clock": clock}))
        else:
            stands = ", which stands still" if clock == "virtual" else ""  # no request moves it on
            self._tell(f"Flink {release} at {', '.join(urls)} (a fake; clock: {clock}{stands})")

    def request(self, exchange: Exchange) -> None:
        name = exchange.job or exchange.job_id
        if self._as_json:
            told = {
                "time": exchange.now,
                "status": exchange.status,
                "method": exchange.method,
                "path": exchange.target,
                "operation": exchange.operation,
                "job": name,
                "fault": exchange.fault,
            }
            self._tell(json.dumps(told))
        else:
            time = datetime.fromtimestamp(exchange.now / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
            told_as = [f"{exchange.method:6} {exchange.target}", name, exchange.fault and f"({exchange.fault})"]
            self._tell("  ".join([time, str(exchange.status or "---"), *filter(None, told_as)]))

    def _tell(self, line: str) -> None:
        if self._read:
            try:
                print(line, flush=True)
            except BrokenPipeError:
                self._read = False
                silence()
