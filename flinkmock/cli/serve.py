"""`flinkmock serve`: a fake cluster that lives until it is told to end."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flinkmock.cli.keeping import Record
from flinkmock.cli.pipes import silence
from flinkmock.errors import FlinkMockError

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.server import Exchange


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "serve",
        help="start a fake cluster",
        description="Serves a fake Flink cluster until SIGINT, SIGTERM or a client's DELETE /cluster. Prints "
        "its address, then one line for each request: the cluster's time, status, method, path and job.",
    )
    parser.add_argument("scenario", nargs="?", metavar="SCENARIO", help="a YAML file; default: a cluster with no job")
    parser.add_argument("--flink", metavar="RELEASE", help="e.g. 1.20; default: the scenario's, else the newest")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at; default: %(default)s")
    parser.add_argument("--port", default=8081, type=port, help="0 takes a free one; default: %(default)s")
    parser.add_argument("--seed", type=int, metavar="N", help="fixes ids and made-up values; default: the scenario's")
    parser.add_argument(
        "--clock", metavar="CLOCK", help="real, 10x, virtual, '1s per request'; default: the scenario's, else real"
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
    parser.set_defaults(run=run)


def port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from flinkmock.server import Dashboard, serve

    engine = _engine(args)
    log = Log(engine, as_json=args.log == "json")
    try:
        dashboard = Dashboard.load(args.dashboard, engine.contract.release) if args.dashboard else None
        with Record(engine, args.journal) as record:

            def ready(url: str) -> None:
                record.ready(url)
                log.ready(url)

            def observer(exchange: Exchange) -> None:
                record.request(exchange)
                if not args.quiet:
                    log.request(exchange)

            asyncio.run(serve(engine, args.host, args.port, observer=observer, dashboard=dashboard, ready=ready))
    finally:
        engine.close()
    return _verified(engine) if args.expect else 0


def _verified(engine: Engine) -> int:
    from flinkmock.journal import UnmetExpectation

    try:
        engine.journal.check(engine.expected)
    except UnmetExpectation as unmet:
        print(unmet, file=sys.stderr)
        return 1
    return 0


def _engine(args: argparse.Namespace) -> Engine:
    """Raises FlinkMockError for whatever is wrong with what was asked for."""
    from flinkmock.engine import Engine
    from flinkmock.scenario import load_scenario

    try:
        # a Path, since on the command line a scenario is a file whatever its name ends in
        spec = load_scenario(Path(args.scenario) if args.scenario else None)
        return Engine(spec, flink=args.flink, seed=args.seed, clock=args.clock)
    except FlinkMockError:
        raise
    except ValueError as error:
        raise FlinkMockError(str(error)) from error


class Log:
    """Tells on standard output what happens. When nobody reads it any more, it falls silent."""

    def __init__(self, engine: Engine, *, as_json: bool) -> None:
        self._engine = engine
        self._as_json = as_json
        self._read = True

    def ready(self, url: str) -> None:
        release = self._engine.contract.release.version
        if self._as_json:
            self._tell(json.dumps({"url": url, "flink": release, "clock": self._engine.clock.text}))
        else:
            self._tell(f"Flink {release} at {url} (a fake; clock: {self._engine.clock.text})")

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
