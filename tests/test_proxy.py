"""The proxy: what passes through it is what was sent, and both sides are judged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from flinkmock import Contract, FlinkMock
from flinkmock.journal import Exchange
from flinkmock.proxy import JUDGED_BYTES, Proxy

JAR = Path(__file__).parent / "fidelity" / "jars" / "2.3.0" / "wordcount.jar"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def cluster() -> Iterator[FlinkMock]:
    with FlinkMock({"jobs": {"running": "streaming"}}, flink="2.3", clock="virtual") as running:
        running.advance("60s")
        yield running


@pytest.fixture
def told() -> list[Exchange]:
    return []


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[web.Application], Any]]:
    runners: list[web.AppRunner] = []

    async def start(app: web.Application) -> str:
        runner = web.AppRunner(app, access_log=None)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in reversed(runners):
        await runner.cleanup()


def steady(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by name, without the values that the server works out from the second it answers in."""
    moving = {"date", "expires"}
    return {
        name: "" if name.lower() in moving else value for name, value in headers.items() if name.lower() != "connection"
    }


async def test_what_comes_is_what_was_sent(cluster: FlinkMock, serve: Any, told: list[Exchange]) -> None:
    proxy = Proxy(cluster.url, Contract.load("2.3"), told.append)
    url = await serve(proxy.app())
    targets = ["/v1/jobs/overview", "/taskmanagers", "/jobmanager/log", "/jobs/nohex", "/nothing%20there?x=1", "/"]
    async with aiohttp.ClientSession() as session:
        for target in targets:
            async with session.get(cluster.url + target) as straight, session.get(url + target) as passed:
                assert passed.status == straight.status
                assert await passed.read() == await straight.read()
                assert steady(passed.headers) == steady(straight.headers)
        form = aiohttp.FormData()
        form.add_field("jarfile", JAR.read_bytes(), filename="wordcount.jar")
        async with session.post(f"{url}/jars/upload", data=form) as answer:
            uploaded = (await answer.json())["filename"].rpartition("/")[2]
        async with session.post(f"{url}/jars/{uploaded}/run", json={"programArgs": "x"}) as answer:
            assert answer.status == 200
    assert proxy.report.clean, proxy.summary()
    assert [each.target for each in told][: len(targets)] == targets
    assert (told[3].status, told[3].operation) == (400, "getJobDetails")
    assert told[-1].body == {"programArgs": "x"}
    assert "does not read the field programArgs of POST /jars/:jarid/run" in proxy.summary()


async def test_a_server_that_deviates(serve: Any, told: list[Exchange]) -> None:
    async def overview(_: web.Request) -> web.Response:
        return web.json_response({"taskmanagers": "1"})

    behind = web.Application()
    behind.router.add_get("/overview", overview)
    proxy = Proxy(await serve(behind), Contract.load("2.3"), told.append)
    url = await serve(proxy.app())
    async with aiohttp.ClientSession() as session:
        for _ in range(3):
            async with session.get(f"{url}/overview") as answer:
                assert await answer.json() == {"taskmanagers": "1"}
    assert not proxy.report.clean
    assert "/taskmanagers: type: expected integer, found '1'" in proxy.summary()
    assert "3 times, GET /overview" in proxy.summary()


async def test_nobody_behind_it(serve: Any) -> None:
    url = await serve(Proxy("http://127.0.0.1:1", Contract.load("2.3")).app())
    async with aiohttp.ClientSession() as session, session.get(f"{url}/overview") as answer:
        assert answer.status == 502


async def test_long_bodies_stream(serve: Any) -> None:
    """100 MiB up and down: what the proxy's process holds grows by less than a tenth of it."""
    size = 100 * MIB

    async def count(request: web.Request) -> web.StreamResponse:
        got = 0
        async for chunk in request.content.iter_chunked(MIB):
            got += len(chunk)
        response = web.StreamResponse(headers={"content-length": str(size), "x-got": str(got)})
        await response.prepare(request)
        for _ in range(size // MIB):
            await response.write(bytes(MIB))
        return response

    behind = web.Application(client_max_size=0)
    behind.router.add_post("/jars/upload", count)
    upstream = await serve(behind)
    script = "from aiohttp import web; import sys; from flinkmock import Contract; from flinkmock.proxy import Proxy\n"
    script += "print('ready', flush=True)\n"
    script += "app = Proxy(sys.argv[1], Contract.load('2.3')).app()\n"
    script += "web.run_app(app, host='127.0.0.1', port=int(sys.argv[2]), print=None)"
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen([sys.executable, "-c", script, upstream, str(port)], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()

            async def sent() -> AsyncIterator[bytes]:
                for _ in range(size // MIB):
                    yield bytes(MIB)

            async with aiohttp.ClientSession() as session:
                await until_there(session, f"http://127.0.0.1:{port}/jars/upload")
                before = resident(process.pid)
                async with session.post(f"http://127.0.0.1:{port}/jars/upload", data=sent()) as answer:
                    assert answer.headers["x-got"] == str(size)
                    assert len(await answer.read()) == size
                assert resident(process.pid) - before < size // 10 + 2 * JUDGED_BYTES
        finally:
            process.terminate()


async def until_there(session: aiohttp.ClientSession, url: str) -> None:
    import asyncio

    for _ in range(100):
        try:
            async with session.post(url, data=b"x") as answer:
                await answer.read()
            return
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.1)


def resident(pid: int) -> int:
    """Bytes, the most there ever were."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    pytest.skip("no /proc here")


def test_the_command(cluster: FlinkMock, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    command = [sys.executable, "-m", "flinkmock", "proxy", cluster.url, "--port", "0", "--journal", str(journal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Flink 2.3 at http://127.0.0.1:")
        url = line.split()[3].rstrip(",")
        import urllib.request

        for target in ("/jobs", "/overview"):
            with urllib.request.urlopen(url + target) as answer:
                answer.read()
        os.kill(process.pid, signal.SIGINT)
        summary = process.stdout.read()
    assert process.returncode == 0
    assert "2 requests, 2 of 2 operations answered, no deviation" in summary
    assert [json.loads(each)["operation"] for each in journal.read_text().splitlines()] == [
        "getJobIdsWithStatusesOverview",
        "getClusterOverview",
    ]
