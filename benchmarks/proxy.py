"""What a request through `flinkmock proxy` costs beside a bare aiohttp proxy: `python benchmarks/proxy.py [ROUNDS]`.

Two proxies, each a process of its own, stand in front of one server with the answers of a fake cluster: a bare one and
ours. Rounds of requests go through them in turn, so that whatever else the machine does meets both alike; what is told
is the CPU time of the proxies' processes (Linux only).
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

REQUESTS = 500
"""In one round, through one proxy."""
WARMING = 10
"""Rounds over all targets before anything is measured."""
HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}


def bare(upstream: str) -> web.Application:
    """Passes everything on, streaming, with the settings of ours, and does nothing else."""

    async def client(app: web.Application) -> AsyncIterator[None]:
        nonlocal session
        session = aiohttp.ClientSession(
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            connector=aiohttp.TCPConnector(limit=0),
        )
        async with session:
            yield

    async def passed(request: web.Request) -> web.StreamResponse:
        assert session is not None
        async with session.request(
            request.method,
            URL(upstream + request.raw_path, encoded=True),
            headers=[(name, value) for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP],
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(status=answer.status, reason=answer.reason)
            for name, value in answer.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    response.headers.add(name, value)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
        return response

    session: aiohttp.ClientSession | None = None
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", passed)
    app.cleanup_ctx.append(client)
    return app


async def serve_bare(upstream: str) -> None:
    runner = web.AppRunner(bare(upstream), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"bare at http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


@contextlib.contextmanager
def started(*command: str) -> Iterator[tuple[str, int]]:
    """(the address that the process tells first, its id)"""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = next(word for word in process.stdout.readline().split() if word.startswith("http://"))
            yield address.rstrip(","), process.pid
        finally:
            process.terminate()


def spent(pid: int) -> float:
    """CPU time of all threads of a process, in microseconds."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1000


async def answers() -> dict[str, tuple[dict[str, str], bytes]]:
    """Target -> headers and body: what a dashboard or a monitor asks over and over."""
    with FlinkMock({"jobs": {"running": "streaming", "failed": "failing"}}, clock="virtual") as cluster:
        cluster.advance("60s")
        jobs = [f"/jobs/{job}" for job in cluster.cluster.jobs]
        targets = ["/overview", "/jobs/overview", "/taskmanagers", "/jobs", "/jobmanager/metrics?get=x"]
        targets += [job + more for job in jobs for more in ("", "/checkpoints", "/exceptions", "/metrics")]
        responses = {}
        async with aiohttp.ClientSession(cluster.url) as session:
            for target in targets:
                async with session.get(target) as response:
                    responses[target] = dict(response.headers), await response.read()
    return responses


async def serving(known: dict[str, tuple[dict[str, str], bytes]]) -> web.AppRunner:
    async def answered(request: web.Request) -> web.Response:
        headers, body = known[request.raw_path]
        return web.Response(body=body, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answered)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


async def ask(session: aiohttp.ClientSession, url: str, targets: list[str], times: int) -> None:
    for number in range(times):
        async with session.get(url + targets[number % len(targets)]) as response:
            await response.read()


async def main(rounds: int) -> None:
    known = await answers()
    runner = await serving(known)
    targets, behind = list(known), f"http://127.0.0.1:{runner.addresses[0][1]}"
    ours = "-m", "flinkmock", "proxy", behind, "--flink", "2.3", "--port", "0"
    kinds = {"bare": (__file__, "bare", behind), "ours": ours}
    with contextlib.ExitStack() as stack:
        proxies = {name: stack.enter_context(started(*command)) for name, command in kinds.items()}
        async with aiohttp.ClientSession() as session:

            async def cost(name: str, times: int) -> float:
                """Microseconds of CPU for each request."""
                url, process = proxies[name]
                before = spent(process)
                await ask(session, url, targets, times)
                return (spent(process) - before) / times

            for name in proxies:
                await cost(name, WARMING * len(targets))
            costs_by_proxy: dict[str, list[float]] = {name: [] for name in proxies}
            for _ in range(rounds):
                for name, costs in costs_by_proxy.items():
                    costs.append(await cost(name, REQUESTS))
    await runner.cleanup()
    print(f"CPU of the proxy's process for each request, {rounds} rounds of {REQUESTS} requests:")
    for name, costs in costs_by_proxy.items():
        ratios = [mine / bare for mine, bare in zip(costs, costs_by_proxy["bare"], strict=True)]
        print(f"{name:6} median {statistics.median(costs):4.0f} us, {statistics.median(ratios):.2f} times a bare proxy")


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        asyncio.run(serve_bare(sys.argv[2]))
    else:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
