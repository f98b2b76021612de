"""`flinkmock serve`: a fake cluster that lives until it is told to end."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    parser.set_defaults(run=run)


def port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from flinkmock.server import Dashboard, serve

    engine = _engine(args)
    journal = Journal(engine, as_json=args.log == "json")
    observer = None if args.quiet else journal.request
    try:
        dashboard = Dashboard.load(args.dashboard, engine.contract.release) if args.dashboard else None
        asyncio.run(serve(engine, args.host, args.port, observer=observer, dashboard=dashboard, ready=journal.ready))
    finally:
        engine.close()
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


class Journal:
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
        job = self._engine.cluster.jobs.get(exchange.job_id or "")
        name = job.name if job else exchange.job_id
        if self._as_json:
            told = {
                "time": exchange.now,
                "status": exchange.status,
                "method": exchange.method,
                "path": exchange.target,
                "operation": exchange.operation,
                "job": name,
            }
            self._tell(json.dumps(told))
        else:
            time = datetime.fromtimestamp(exchange.now / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
            line = f"{time}  {exchange.status}  {exchange.method:6} {exchange.target}"
            self._tell(f"{line}  {name}" if name else line)

    def _tell(self, line: str) -> None:
        if self._read:
            try:
                print(line, flush=True)
            except BrokenPipeError:
                self._read = False
                silence()
