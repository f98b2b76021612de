"""`flinkmock proxy`: stands in front of a live cluster, passes everything on and checks both directions."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from flinkmock.cli.serve import port

if TYPE_CHECKING:
    from flinkmock.contract import Contract
    from flinkmock.journal import Exchange
    from flinkmock.proxy import Proxy


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "proxy",
        help="stand in front of a live cluster, pass everything on and check both directions",
        description="Passes every request on to a live cluster and every answer back as it is, and checks both against "
        "the contract. Ends with SIGINT or SIGTERM and a summary. Exit code 0: all was well; 1: the "
        "server's answers deviate; 2: the server can't be asked, or has answered nothing.",
    )
    parser.add_argument("url", help="the cluster's address, e.g. http://flink:8081")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at; default: %(default)s")
    parser.add_argument("--port", default=8082, type=port, help="0 takes a free one; default: %(default)s")
    parser.add_argument("--flink", metavar="RELEASE", help="default: what the server says it is")
    parser.add_argument("--journal", type=Path, metavar="FILE", help="write each exchange there, as JSON lines")
    parser.add_argument(
        "--thorough", action="store_true", help="judge every answer; default: once all is well, one in 50"
    )
    parser.add_argument(
        "--faults",
        metavar="SCENARIO",
        help="let the faults of this scenario strike on the way, by its seed; the rest of it is passed over",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="of the faults; default: the scenario's")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import asyncio
    from contextlib import ExitStack, closing

    from flinkmock.conformance.check import told_release
    from flinkmock.conformance.fetch import Fetcher
    from flinkmock.contract import Contract
    from flinkmock.errors import FlinkMockError
    from flinkmock.proxy import Proxy

    with closing(Fetcher(args.url)) as server, ExitStack() as stack:
        contract = Contract.load(args.flink or told_release(server))
        try:
            file = stack.enter_context(args.journal.open("w", encoding="utf-8")) if args.journal else None
        except OSError as error:
            raise FlinkMockError(f"{args.journal}: {error.strerror}") from error
        proxy = Proxy(
            server.url, contract, _writer(file) if file else None, thorough=args.thorough, **_faults(args, contract)
        )
        asyncio.run(_serve(proxy, args.host, args.port))
    print(proxy.summary())
    if not proxy.report.clean:
        return 1
    return 2 if proxy.judging.unanswered and not proxy.report.requests else 0


def _faults(args: argparse.Namespace, contract: Contract) -> dict[str, Any]:
    """Raises ScenarioError."""
    if args.faults is None:
        return {}
    from flinkmock.scenario.load import load_faults

    alone = load_faults(Path(args.faults), contract.release.minor)
    if alone.passed_over:
        print(
            f"{args.faults}: passed over, since the cluster behind has its own: {', '.join(alone.passed_over)}",
            file=sys.stderr,
        )
    return {"faults": alone.faults, "seed": alone.seed if args.seed is None else args.seed}


def _writer(file: TextIO) -> Any:
    from flinkmock.journal.export import as_json

    numbers = iter(range(1, sys.maxsize))

    def write(exchange: Exchange) -> None:
        exchange.number = next(numbers)
        file.write(json.dumps(as_json(exchange), ensure_ascii=False) + "\n")
        file.flush()

    return write


async def _serve(proxy: Proxy, host: str, at: int) -> None:
    """Until SIGINT or SIGTERM. Raises PortTaken."""
    import asyncio
    import errno
    import signal

    from aiohttp import web

    from flinkmock.errors import PortTaken

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    runner = web.AppRunner(proxy.app(), access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, at).start()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(host, at) from error
            raise
        told = runner.addresses[0][1]
        print(f"Flink {proxy.contract.release} at http://{host}:{told}, passed on to {proxy.upstream}", flush=True)
        await ended.wait()
    finally:
        await runner.cleanup()
