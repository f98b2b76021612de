"""The proxy: what passes through it is what was sent, and both sides are checked."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from flinkmock import Contract, FlinkMock
from flinkmock.journal import Exchange
from flinkmock.proxy import MAX_CHECKED_BYTES, Proxy
from flinkmock.proxy.streaming import UpstreamResponse

JAR = Path(__file__).parent.parent / "fidelity" / "jars" / "2.3.0" / "wordcount.jar"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def cluster() -> Iterator[FlinkMock]:
    with FlinkMock({"jobs": {"running": "streaming"}}, flink="2.3", clock="virtual") as running:
        running.advance("60s")
        yield running


def steady(response: aiohttp.ClientResponse) -> dict[bytes, bytes]:
    """Return headers in their spelling, without values that depend on the time."""
    moving = {b"date", b"expires"}
    return {
        name: b"" if name.lower() in moving else value
        for name, value in response.raw_headers
        if name.lower() != b"connection"
    }


async def test_responses_arrive_unchanged(cluster: FlinkMock, serve: Any, exchanges: list[Exchange]) -> None:
    proxy = Proxy(cluster.url, Contract.load("2.3"), exchanges.append)
    url = await serve(proxy)
    targets = ["/v1/jobs/overview", "/taskmanagers", "/jobmanager/log", "/jobs/nohex", "/nothing%20there?x=1", "/"]
    async with aiohttp.ClientSession() as session:
        for target in targets:
            async with session.get(cluster.url + target) as straight, session.get(url + target) as passed:
                assert passed.status == straight.status
                assert await passed.read() == await straight.read()
                assert steady(passed) == steady(straight)
        form = aiohttp.FormData()
        form.add_field("jarfile", JAR.read_bytes(), filename="wordcount.jar")
        async with session.post(f"{url}/jars/upload", data=form) as response:
            uploaded = (await response.json())["filename"].rpartition("/")[2]
        async with session.post(f"{url}/jars/{uploaded}/run", json={"programArgs": "x"}) as response:
            assert response.status == 200
    assert proxy.report.clean, proxy.summary()
    assert [exchange.target for exchange in exchanges][: len(targets)] == targets
    assert (exchanges[3].status, exchanges[3].operation) == (400, "getJobDetails")
    assert exchanges[-1].body == {"programArgs": "x"}
    assert "does not read the field programArgs of POST /jars/:jarid/run" in proxy.summary()


async def test_a_server_that_deviates(serve: Any, exchanges: list[Exchange]) -> None:
    async def overview(_: web.Request) -> web.Response:
        return web.json_response({"taskmanagers": "1"})

    upstream_app = web.Application()
    upstream_app.router.add_get("/overview", overview)
    proxy = Proxy(await serve(upstream_app), Contract.load("2.3"), exchanges.append)
    url = await serve(proxy)
    async with aiohttp.ClientSession() as session:
        for _ in range(20):
            async with session.get(f"{url}/overview") as response:
                assert await response.json() == {"taskmanagers": "1"}
    assert not proxy.report.clean
    assert '/taskmanagers: type: expected integer, found "1"' in proxy.summary()
    assert "20 times, GET /overview" in proxy.summary()


async def test_the_upstream_server_does_not_respond(serve: Any, exchanges: list[Exchange]) -> None:
    proxy = Proxy("http://127.0.0.1:1", Contract.load("2.3"), exchanges.append)
    url = await serve(proxy)
    async with aiohttp.ClientSession() as session, session.get(f"{url}/overview") as response:
        assert response.status == 502
        assert "No response from http://127.0.0.1:1" in await response.text()
    assert "without a response:\n    1x  GET /overview: " in proxy.summary()
    assert (exchanges[0].target, exchanges[0].status) == ("/overview", 502)


async def test_the_upstream_server_closes_the_connection(serve: Any, exchanges: list[Exchange]) -> None:
    """The connection of the client is closed as well, so that it does not treat half a response as a whole one."""

    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": "100"})
        await response.prepare(request)
        await response.write(b"{")
        assert request.transport
        request.transport.close()
        return response

    upstream_app = web.Application()
    upstream_app.router.add_get("/overview", half)
    proxy = Proxy(await serve(upstream_app), Contract.load("2.3"), exchanges.append)
    async with aiohttp.ClientSession(await serve(proxy)) as session, session.get("/overview") as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    while not exchanges:
        await asyncio.sleep(0)
    assert "without a response:\n    1x  GET /overview: " in proxy.summary()
    assert proxy.report.clean
    assert (exchanges[0].status, exchanges[0].response_size) == (200, 1)


async def test_the_host_header_names_the_server(serve: Any) -> None:
    async def name(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.headers['host']} {request.headers['x-own']}")

    upstream_app = web.Application()
    upstream_app.router.add_get("/overview", name)
    upstream = await serve(upstream_app)
    url = await serve(Proxy(upstream, Contract.load("2.3")))
    async with aiohttp.ClientSession() as session, session.get(f"{url}/overview", headers={"x-own": "y"}) as response:
        assert await response.text() == f"{upstream.removeprefix('http://')} y"


async def test_compressed_bodies_stay_compressed(serve: Any, exchanges: list[Exchange]) -> None:
    async def echo(request: web.Request) -> web.Response:
        encoding = request.headers["content-encoding"]
        return web.Response(body=await request.read(), headers={"content-encoding": encoding})

    upstream_app = web.Application()
    upstream_app.router.add_post("/jars/x/run", echo)
    url = await serve(Proxy(await serve(upstream_app), Contract.load("2.3"), exchanges.append))
    body = gzip.compress(b'{"parallelism": 2}')
    async with (
        aiohttp.ClientSession(url, auto_decompress=False) as session,
        session.post("/jars/x/run", data=body, headers={"content-encoding": "gzip"}) as response,
    ):
        assert await response.read() == body


async def test_targets_with_an_address(cluster: FlinkMock, serve: Any, exchanges: list[Exchange]) -> None:
    """Clients that are configured to use an HTTP proxy send absolute targets."""
    url = await serve(Proxy(cluster.url, Contract.load("2.3"), exchanges.append))
    async with aiohttp.ClientSession() as session, session.get("http://flink:8081/overview", proxy=url) as response:
        assert (await response.json())["flink-version"] == "2.3.0"
    while not exchanges:
        await asyncio.sleep(0)
    assert exchanges[0].operation == "getClusterOverview"


async def test_a_body_that_netty_refuses_as_too_large(serve: Any) -> None:
    limited = {"cluster": {"config": {"rest.server.max-content-length": "1000"}}}
    with FlinkMock(limited, flink="2.3", clock="virtual") as small:
        proxy = Proxy(small.url, Contract.load("2.3"))
        url = await serve(proxy)
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{url}/jars/upload", data=JAR.read_bytes()) as response:
                assert (response.status, await response.read()) == (413, b"")
            while not proxy.report.requests:  # it is checked after that
                await asyncio.sleep(0)
    assert proxy.report.requests == 1
    assert proxy.report.clean, proxy.summary()


async def test_a_target_that_is_too_long_is_refused_by_the_server(cluster: FlinkMock, serve: Any) -> None:
    url = await serve(Proxy(cluster.url, Contract.load("2.3")))
    target = "/jobs?x=" + 9_000 * "x"
    async with (
        aiohttp.ClientSession() as session,
        session.get(cluster.url + target) as straight,
        session.get(url + target) as passed,
    ):
        assert (passed.status, await passed.read()) == (straight.status, await straight.read())


async def test_a_disconnected_client_is_in_the_journal(serve: Any, exchanges: list[Exchange]) -> None:
    """Even if the proxy is shut down before the server responds."""
    has_arrived, may_respond = asyncio.Event(), asyncio.Event()

    async def overview(_: web.Request) -> web.Response:
        has_arrived.set()
        await may_respond.wait()
        return web.Response(text="{}")

    upstream_app = web.Application()
    upstream_app.router.add_get("/overview", overview)
    runner = Proxy(await serve(upstream_app), Contract.load("2.3"), exchanges.append).runner(shutdown_timeout=30)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    _, writer = await asyncio.open_connection(*runner.addresses[0])
    writer.write(b"GET /overview HTTP/1.1\r\nHost: x\r\n\r\n")
    await has_arrived.wait()
    writer.close()
    await writer.wait_closed()
    end = asyncio.create_task(runner.cleanup())
    for _ in range(100):  # it would end at once if it did not wait
        await asyncio.sleep(0)
    may_respond.set()
    await end
    assert [exchange.status for exchange in exchanges] == [200]


async def test_clients_that_expect_a_continue(cluster: FlinkMock, serve: Any) -> None:
    """curl does this when it uploads a jar."""
    url = await serve(Proxy(cluster.url, Contract.load("2.3")))
    async with aiohttp.ClientSession(url) as session:
        form = aiohttp.FormData()
        form.add_field("jarfile", JAR.read_bytes(), filename="wordcount.jar")
        async with session.post("/jars/upload", data=form, expect100=True) as response:
            assert response.status == 200


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

    upstream_app = web.Application(client_max_size=0)
    upstream_app.router.add_post("/jars/upload", count)
    upstream = await serve(upstream_app)
    command = [sys.executable, "-m", "flinkmock", "proxy", upstream, "--flink", "2.3", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[3].rstrip(",")

            async def sent() -> AsyncIterator[bytes]:
                for _ in range(size // MIB):
                    yield bytes(MIB)

            async with aiohttp.ClientSession(url) as session:
                async with session.post("/jars/upload", data=b"x") as response:
                    await response.read()
                before = resident(process.pid)
                async with session.post("/jars/upload", data=sent()) as response:
                    assert response.headers["x-got"] == str(size)
                    assert len(await response.read()) == size
                assert resident(process.pid) - before < size // 10 + 2 * MAX_CHECKED_BYTES
        finally:
            process.terminate()


def resident(pid: int) -> int:
    """Bytes, the most there ever were."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    pytest.skip("no /proc here")


def test_aiohttp_still_has_the_attribute_that_sends_head_and_body_in_one_piece() -> None:
    assert web.StreamResponse._send_headers_immediately is True
    assert UpstreamResponse._send_headers_immediately is False
