"""Compares `flinkmock proxy` with a bare aiohttp proxy: `python benchmarks/proxy.py [ROUNDS]`.

Both proxies are separate processes in front of one server that sends the responses of a fake cluster. Rounds of
requests alternate between them, so that other processes disturb both equally. The result is the CPU time of each proxy
(Linux only).
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
from aiohttp import web
from yarl import URL

from flinkmock import FlinkMock

REQUESTS_PER_ROUND = 500
"""The number of requests in one round through one proxy."""
WARM_UP_ROUND_COUNT = 10
"""The number of rounds over all targets before the measurement."""
HOP_BY_HOP_HEADERS = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}


def bare_proxy(upstream: str) -> web.Application:
    """Return a proxy that streams everything unchanged, with the settings of aiohttp that `flinkmock proxy` uses."""

    async def open_session(app: web.Application) -> AsyncIterator[None]:
        nonlocal session
        session = aiohttp.ClientSession(
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            connector=aiohttp.TCPConnector(limit=0),
        )
        async with session:
            yield

    async def forward(request: web.Request) -> web.StreamResponse:
        assert session is not None
        async with session.request(
            request.method,
            URL(upstream + request.raw_path, encoded=True),
            headers=[
                (name, value) for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP_HEADERS
            ],
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        ) as upstream_response:
            response = web.StreamResponse(status=upstream_response.status, reason=upstream_response.reason)
            for name, value in upstream_response.headers.items():
                if name.lower() not in HOP_BY_HOP_HEADERS:
                    response.headers.add(name, value)
            await response.prepare(request)
            async for chunk in upstream_response.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
        return response

    session: aiohttp.ClientSession | None = None
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forward)
    app.cleanup_ctx.append(open_session)
    return app


async def serve_bare(upstream: str) -> None:
    runner = web.AppRunner(bare_proxy(upstream), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"bare at http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


@contextlib.contextmanager
def running_proxy(*arguments: str) -> Iterator[tuple[str, int]]:
    """Run Python with these arguments; yield the address in its first line of output, and its process id."""
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = next(word for word in process.stdout.readline().split() if word.startswith("http://"))
            yield address.rstrip(","), process.pid
        finally:
            process.terminate()


def cpu_us(pid: int) -> float:
    """Return the CPU time of all threads of a process in µs."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1000


async def fake_responses() -> dict[str, tuple[dict[str, str], bytes]]:
    """Return headers and body by target, for targets that dashboards and monitors poll."""
    with FlinkMock({"jobs": {"running": "streaming", "failed": "failing"}}, clock="virtual") as cluster:
        cluster.advance("60s")
        jobs = [f"/jobs/{job}" for job in cluster.cluster.jobs]
        targets = ["/overview", "/jobs/overview", "/taskmanagers", "/jobs", "/jobmanager/metrics?get=x"]
        targets += [job + tail for job in jobs for tail in ("", "/checkpoints", "/exceptions", "/metrics")]
        responses = {}
        async with aiohttp.ClientSession(cluster.url) as session:
            for target in targets:
                async with session.get(target) as response:
                    responses[target] = dict(response.headers), await response.read()
    return responses


async def serve_fixed(responses: dict[str, tuple[dict[str, str], bytes]]) -> web.AppRunner:
    """Start a server that sends fixed headers and bodies by target."""

    async def handle(request: web.Request) -> web.Response:
        headers, body = responses[request.raw_path]
        return web.Response(body=body, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


async def send_requests(session: aiohttp.ClientSession, url: str, targets: list[str], count: int) -> None:
    for number in range(count):
        async with session.get(url + targets[number % len(targets)]) as response:
            await response.read()


async def main(round_count: int) -> None:
    responses = await fake_responses()
    runner = await serve_fixed(responses)
    targets, upstream = list(responses), f"http://127.0.0.1:{runner.addresses[0][1]}"
    arguments_by_proxy = {
        "bare": (__file__, "bare", upstream),
        "flinkmock": ("-m", "flinkmock", "proxy", upstream, "--flink", "2.3", "--port", "0"),
    }
    with contextlib.ExitStack() as stack:
        proxies = {
            name: stack.enter_context(running_proxy(*arguments)) for name, arguments in arguments_by_proxy.items()
        }
        async with aiohttp.ClientSession() as session:

            async def cost(name: str, count: int) -> float:
                """Send requests through a proxy; return its CPU time per request in µs."""
                url, pid = proxies[name]
                cpu_before = cpu_us(pid)
                await send_requests(session, url, targets, count)
                return (cpu_us(pid) - cpu_before) / count

            for name in proxies:
                await cost(name, WARM_UP_ROUND_COUNT * len(targets))
            costs_by_proxy: dict[str, list[float]] = {name: [] for name in proxies}
            for _ in range(round_count):
                for name, costs in costs_by_proxy.items():
                    costs.append(await cost(name, REQUESTS_PER_ROUND))
    await runner.cleanup()
    print(f"CPU time of the proxy per request, {round_count} rounds of {REQUESTS_PER_ROUND} requests:")
    for name, costs in costs_by_proxy.items():
        ratios = [cost / bare_cost for cost, bare_cost in zip(costs, costs_by_proxy["bare"], strict=True)]
        print(f"{name:9} median {statistics.median(costs):4.0f} us, {statistics.median(ratios):.2f} times a bare proxy")


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        asyncio.run(serve_bare(sys.argv[2]))
    else:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
