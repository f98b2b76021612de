"""`flinkmock proxy`: forwards requests to a live cluster and checks both directions."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from flinkmock.cli import server_access
from flinkmock.cli.arguments import integer, port
from flinkmock.cli.check import FORMATS
from flinkmock.cli.non_blocking_output import NonBlockingOutput
from flinkmock.cli.terminal import paint, paint_status, printable

if TYPE_CHECKING:
    from flinkmock.contract import Contract
    from flinkmock.journal import Exchange
    from flinkmock.proxy import Proxy


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "proxy",
        help="forward requests to a live cluster and check both directions",
        description="Forwards every request to a live cluster and every response to the client, unchanged except by "
        "--faults, and checks both against the contract. SIGINT or SIGTERM ends the proxy with a summary. Exit code 0: "
        "no findings; 1: the server violates the contract; 2: usage error, or the server answered no request.",
        examples=(
            "flinkmock proxy http://flink:8081",
            "flinkmock proxy http://flink:8081 --port 9081 --journal requests.jsonl",
            "flinkmock proxy http://flink:8081 --faults lost-responses.yaml",
        ),
    )
    parser.add_argument("url", metavar="URL", help="the cluster's URL, e.g. http://flink:8081")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on; default: %(default)s")
    parser.add_argument("--port", default=8082, type=port, help="0 uses a free port; default: %(default)s")
    parser.add_argument("--flink", metavar="RELEASE", help="default: the release that the server reports")
    parser.add_argument(
        "--journal",
        type=Path,
        metavar="FILE",
        help="write every request to FILE: JSON lines, or HAR if the name ends in .har",
    )
    parser.add_argument(
        "--faults",
        metavar="SCENARIO",
        help="apply the faults of this scenario; the rest of the scenario is ignored",
    )
    parser.add_argument("--seed", type=integer, metavar="N", help="the seed of the faults; default: the scenario's")
    parser.add_argument(
        "--format", choices=FORMATS, default="table", help="the format of the summary; default: %(default)s"
    )
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help="accept the findings of this report (from --format json)"
    )
    server_access.configure(parser)
    parser.add_argument("--quiet", "-q", action="store_true", help="don't log requests and what is wrong with them")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import asyncio
    from contextlib import closing

    from flinkmock.cli.journal_file import JournalFile
    from flinkmock.conformance.formats import format_report, read_baseline
    from flinkmock.conformance.http_client import HttpClient
    from flinkmock.conformance.server_release import ServerRelease, detect_release
    from flinkmock.contract import Contract
    from flinkmock.proxy import Proxy

    baseline = read_baseline(args.baseline) if args.baseline else frozenset()
    headers, context = dict(args.headers), server_access.ssl_context(args)
    with closing(HttpClient(args.url, headers, context)) as client:
        release = ServerRelease(args.flink) if args.flink else detect_release(client)
        contract = Contract.load(release.minor)
    # standard output has nothing but the report if it is for machines
    stream = sys.stdout if args.format == "table" else sys.stderr
    output = NonBlockingOutput(stream)
    log = None if args.quiet else RequestLog(output, stream)
    with JournalFile(args.journal) as journal_file:
        proxy = Proxy(
            client.url,
            contract,
            journal_file.write,
            on_checked=log,
            headers=headers,
            context=context,
            **_faults(args, contract),
        )
        if release.note:
            proxy.report.notes.append(release.note)

        def on_ready(url: str) -> None:
            journal_file.set_url(url)
            output.print(f"Flink {contract.release} at {url}, forwarding to {proxy.upstream_url}")
            if release.note:
                output.print(release.note)

        asyncio.run(_serve(proxy, args.host, args.port, on_ready))
    proxy.report.accept(baseline)
    if args.format == "table":
        output.end(proxy.summary())
    else:
        print(format_report(proxy.report, args.format))
        output.end("\n".join(proxy.further_findings()))
    if not proxy.report.clean:
        return 1
    return 2 if proxy.checker.unanswered and not proxy.report.request_count else 0


class RequestLog:
    """Prints each request with its findings."""

    def __init__(self, output: NonBlockingOutput, stream: TextIO) -> None:
        self._output = output
        self._stream = stream

    def __call__(self, exchange: Exchange, findings: Sequence[str]) -> None:
        time = datetime.fromtimestamp(exchange.time / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
        fault = f"({exchange.fault})" if exchange.fault else ""
        parts = [
            time,
            paint_status(exchange.status, self._stream),
            printable(f"{exchange.method:6} {exchange.target}"),
            fault,
        ]
        lines = [
            "  ".join(filter(None, parts)),
            *(f"    {paint(printable(text), 'yellow', self._stream)}" for text in findings),
        ]
        self._output.print("\n".join(lines))


def _faults(args: argparse.Namespace, contract: Contract) -> dict[str, Any]:
    """Return the faults of --faults as arguments of the proxy. Raises ScenarioError."""
    if args.faults is None:
        return {}
    from flinkmock.scenario.load import load_faults

    loaded = load_faults(Path(args.faults), contract.release.minor)
    if loaded.ignored_sections:
        print(
            f"{args.faults}: ignored, because a real cluster is behind the proxy: {', '.join(loaded.ignored_sections)}",
            file=sys.stderr,
        )
    return {"faults": loaded.faults, "seed": loaded.seed if args.seed is None else args.seed}


async def _serve(proxy: Proxy, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. `on_ready` is called with the URL. Raises PortTaken and FlinkMockError."""
    import asyncio

    from aiohttp import web

    from flinkmock.server.listener import bind
    from flinkmock.server.signals import stop_signals
    from flinkmock.server.transports import url_of

    listener = bind(host, port)
    is_interrupted = asyncio.Event()
    with stop_signals(is_interrupted.set):
        runner = proxy.runner()
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            on_ready(url_of(listener))
            await is_interrupted.wait()
        finally:
            await runner.cleanup()
