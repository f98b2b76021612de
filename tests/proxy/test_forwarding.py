"""The proxy checks and forwards requests and responses, with other values of `Host` and hop-by-hop headers."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from flinkmock import Contract, FlinkMock
from flinkmock.faults import Fault
from flinkmock.journal import Exchange
from flinkmock.proxy import MAX_CHECKED_BYTES, Proxy
from flinkmock.proxy.streaming import UpstreamResponse
from tests.proxy.conftest import Serve

JAR = Path(__file__).parent.parent / "fidelity" / "jars" / "2.3.0" / "wordcount.jar"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def cluster() -> Iterator[FlinkMock]:
    with FlinkMock({"jobs": {"orders": "streaming"}}, flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        yield cluster


def comparable_headers(response: aiohttp.ClientResponse) -> dict[bytes, bytes]:
    """Return the headers, except `Connection`, with their names' case; values that depend on the time are empty."""
    time_headers = {b"date", b"expires"}
    return {
        name: b"" if name.lower() in time_headers else value
        for name, value in response.raw_headers
        if name.lower() != b"connection"
    }


async def test_requests_and_responses_are_forwarded_unchanged(
    cluster: FlinkMock, serve: Serve, exchanges: list[Exchange]
) -> None:
    proxy = Proxy(cluster.url, Contract.load("2.3"), exchanges.append)
    url = await serve(proxy)
    targets = ["/v1/jobs/overview", "/taskmanagers", "/jobmanager/log", "/jobs/nohex", "/nothing%20there?x=1", "/"]
    async with aiohttp.ClientSession() as session:
        for target in targets:
            async with session.get(cluster.url + target) as direct, session.get(url + target) as proxied:
                assert proxied.status == direct.status
                assert await proxied.read() == await direct.read()
                assert comparable_headers(proxied) == comparable_headers(direct)
        form = aiohttp.FormData()
        form.add_field("jarfile", JAR.read_bytes(), filename="wordcount.jar")
        async with session.post(f"{url}/jars/upload", data=form) as response:
            uploaded = (await response.json())["filename"].rpartition("/")[2]
        async with session.post(f"{url}/jars/{uploaded}/run", json={"programArgs": "x"}) as response:
            assert response.status == 200
    assert proxy.report.clean, proxy.summary()  # advice about requests is not a finding about the server
    assert [exchange.target for exchange in exchanges][: len(targets)] == targets
    assert (exchanges[3].status, exchanges[3].operation) == (400, "getJobDetails")
    assert exchanges[-1].body == {"programArgs": "x"}
    assert "does not read the field programArgs of POST /jars/:jarid/run" in proxy.summary()


async def test_the_error_about_the_removed_stop_mode_is_not_a_violation(
    cluster: FlinkMock, serve: Serve, exchanges: list[Exchange]
) -> None:
    proxy = Proxy(cluster.url, Contract.load("2.3"), exchanges.append)
    url = await serve(proxy)
    target = f"/jobs/{cluster.job('orders').id}?mode=stop"
    async with aiohttp.ClientSession() as session, session.patch(url + target) as response:
        assert response.status == 308
    assert proxy.report.clean, proxy.summary()
    assert 'The termination mode "stop" has been removed' in (exchanges[0].error_message or "")


async def test_schema_violations_of_the_upstream_server_are_reported(serve: Serve, exchanges: list[Exchange]) -> None:
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


async def test_unknown_operations_are_reported_but_files_of_the_dashboard_are_not(serve: Serve) -> None:
    async def respond(request: web.Request) -> web.Response:
        content_type = "application/json; charset=UTF-8" if request.path == "/unknown" else "text/html"
        return web.Response(text="{}", headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", respond)
    proxy = Proxy(await serve(app), Contract.load("2.3"))
    url = await serve(proxy)
    async with aiohttp.ClientSession() as session:
        for path in ("/", "/main.a877f62051d76ab2.js", "/assets/favicon/favicon.ico", "/unknown"):
            async with session.get(url + path) as response:
                assert response.status == 200
    assert list(proxy.checker.mistakes) == ["GET /unknown succeeds, but is not an operation of Flink 2.3."]


async def test_the_proxy_answers_502_for_an_upstream_server_that_does_not_respond(
    serve: Serve, exchanges: list[Exchange]
) -> None:
    proxy = Proxy("http://127.0.0.1:1", Contract.load("2.3"), exchanges.append)
    url = await serve(proxy)
    async with aiohttp.ClientSession() as session, session.get(f"{url}/overview") as response:
        assert response.status == 502
        assert "No response from http://127.0.0.1:1" in await response.text()
    assert "without a response:\n    1x  GET /overview: " in proxy.summary()
    assert (exchanges[0].target, exchanges[0].status) == ("/overview", 502)


def app_with_half_response() -> web.Application:
    """Return an application that cuts off its response to `GET /overview`."""

    async def half_response(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": "100"})
        await response.prepare(request)
        await response.write(b"{")
        assert request.transport
        request.transport.close()
        return response

    app = web.Application()
    app.router.add_get("/overview", half_response)
    return app


async def test_a_response_that_the_upstream_server_cuts_off_is_cut_off_for_the_client(
    serve: Serve, exchanges: list[Exchange]
) -> None:
    """Otherwise the client would take half a response for a complete one."""
    proxy = Proxy(await serve(app_with_half_response()), Contract.load("2.3"), exchanges.append)
    async with aiohttp.ClientSession(await serve(proxy)) as session, session.get("/overview") as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    while not exchanges:
        await asyncio.sleep(0)
    assert "without a response:\n    1x  GET /overview: " in proxy.summary()
    assert proxy.report.clean
    assert (exchanges[0].status, exchanges[0].response_size) == (200, 1)
    assert "the server cut off a response" in proxy.summary()


async def test_the_proxy_answers_502_if_the_upstream_server_cuts_off_a_response_that_a_fault_would_change(
    serve: Serve, exchanges: list[Exchange]
) -> None:
    faults = [Fault("slow", throttle=1_000_000)]
    upstream_url = await serve(app_with_half_response())
    proxy = Proxy(upstream_url, Contract.load("2.3"), exchanges.append, faults=faults)
    async with aiohttp.ClientSession(await serve(proxy)) as session, session.get("/overview") as response:
        assert response.status == 502
        assert f"Incomplete response from {upstream_url}: " in await response.text()


async def test_the_host_header_has_the_address_of_the_upstream_server(serve: Serve) -> None:
    async def host(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.headers['host']} {request.headers['x-custom']}")

    upstream_app = web.Application()
    upstream_app.router.add_get("/overview", host)
    upstream_url = await serve(upstream_app)
    url = await serve(Proxy(upstream_url, Contract.load("2.3")))
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}/overview", headers={"x-custom": "y"}) as response,
    ):
        assert await response.text() == f"{upstream_url.removeprefix('http://')} y"


async def test_compressed_bodies_stay_compressed(serve: Serve, exchanges: list[Exchange]) -> None:
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


async def test_absolute_targets_are_forwarded(cluster: FlinkMock, serve: Serve, exchanges: list[Exchange]) -> None:
    """Clients that are configured to use an HTTP proxy send absolute targets."""
    url = await serve(Proxy(cluster.url, Contract.load("2.3"), exchanges.append))
    async with aiohttp.ClientSession() as session, session.get("http://flink:8081/overview?a=1", proxy=url) as response:
        assert (await response.json())["flink-version"] == "2.3.0"
    while not exchanges:
        await asyncio.sleep(0)
    assert (exchanges[0].operation, exchanges[0].target) == ("getClusterOverview", "/overview?a=1")
    assert exchanges[0].path == "/overview"


async def test_headers_for_one_connection_are_not_forwarded(serve: Serve) -> None:
    """Also not those that `Connection` names (RFC 9110, section 7.6.1)."""

    async def names(request: web.Request) -> web.Response:
        headers = {"Connection": "keep-alive, X-Secret", "X-Secret": "1", "X-Public": "1"}
        return web.json_response([name.lower() for name in request.headers], headers=headers)

    upstream_app = web.Application()
    upstream_app.router.add_get("/overview", names)
    url = await serve(Proxy(await serve(upstream_app), Contract.load("2.3")))
    headers = {
        "Connection": "keep-alive, X-One,x-two",
        "X-One": "1",
        "X-Two": "2",
        "X-Three": "3",
        "Proxy-Authorization": "Basic eDp5",
        "Authorization": "Basic eDp5",
    }
    async with aiohttp.ClientSession() as session, session.get(f"{url}/overview", headers=headers) as response:
        forwarded_names = await response.json()
        assert "X-Public" in response.headers and "X-Secret" not in response.headers
    assert {"x-three", "authorization"} <= {*forwarded_names}
    assert {"x-one", "x-two", "proxy-authorization"}.isdisjoint(forwarded_names)


@pytest.mark.parametrize(("version", "status"), [("1.0", b"400"), ("1.1", b"100")])
async def test_only_a_client_of_http_1_1_gets_100(
    cluster: FlinkMock, serve: Serve, version: str, status: bytes
) -> None:
    url = URL(await serve(Proxy(cluster.url, Contract.load("2.3"))))
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST /jars/upload HTTP/{version}\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    writer.write(head.encode() + b"{}")
    assert (await reader.readline()).split()[1] == status
    writer.close()
    await writer.wait_closed()


async def test_a_body_that_is_too_large_for_the_upstream_server_is_not_a_finding(serve: Serve) -> None:
    scenario = {"cluster": {"config": {"rest.server.max-content-length": "1000"}}}
    with FlinkMock(scenario, flink="2.3", clock="virtual") as cluster:
        proxy = Proxy(cluster.url, Contract.load("2.3"))
        url = await serve(proxy)
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{url}/jars/upload", data=JAR.read_bytes()) as response:
                assert (response.status, await response.read()) == (413, b"")
            while not proxy.report.request_count:  # the exchange is checked after the response
                await asyncio.sleep(0)
    assert proxy.report.request_count == 1
    assert proxy.report.clean, proxy.summary()


async def test_the_upstream_server_rejects_a_target_that_is_too_long(cluster: FlinkMock, serve: Serve) -> None:
    url = await serve(Proxy(cluster.url, Contract.load("2.3")))
    target = "/jobs?x=" + 9_000 * "x"
    async with (
        aiohttp.ClientSession() as session,
        session.get(cluster.url + target) as direct,
        session.get(url + target) as proxied,
    ):
        assert (proxied.status, await proxied.read()) == (direct.status, await direct.read())


async def test_the_exchange_of_a_disconnected_client_is_recorded(serve: Serve, exchanges: list[Exchange]) -> None:
    """The proxy waits for the response of the upstream server even while it shuts down."""
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
    shutdown = asyncio.create_task(runner.cleanup())
    for _ in range(100):  # the shutdown would finish if it did not wait
        await asyncio.sleep(0)
    may_respond.set()
    await shutdown
    assert [exchange.status for exchange in exchanges] == [200]


async def test_a_client_that_expects_100_continue_is_served(cluster: FlinkMock, serve: Serve) -> None:
    """curl expects 100 when it uploads a jar."""
    url = await serve(Proxy(cluster.url, Contract.load("2.3")))
    async with aiohttp.ClientSession(url) as session:
        form = aiohttp.FormData()
        form.add_field("jarfile", JAR.read_bytes(), filename="wordcount.jar")
        async with session.post("/jars/upload", data=form, expect100=True) as response:
            assert response.status == 200


async def test_long_bodies_are_streamed(serve: Serve) -> None:
    """While a body of 100 MiB is sent in each direction, the proxy's memory grows by less than 10 MiB.

    The bytes that the proxy keeps to check the bodies are not counted.
    """
    size = 100 * MIB

    async def count(request: web.Request) -> web.StreamResponse:
        received = 0
        async for chunk in request.content.iter_chunked(MIB):
            received += len(chunk)
        response = web.StreamResponse(headers={"content-length": str(size), "x-received": str(received)})
        await response.prepare(request)
        for _ in range(size // MIB):
            await response.write(bytes(MIB))
        return response

    upstream_app = web.Application(client_max_size=0)
    upstream_app.router.add_post("/jars/upload", count)
    upstream_url = await serve(upstream_app)
    command = [sys.executable, "-m", "flinkmock", "proxy", upstream_url, "--flink", "2.3", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[3].rstrip(",")

            async def chunks() -> AsyncIterator[bytes]:
                for _ in range(size // MIB):
                    yield bytes(MIB)

            async with aiohttp.ClientSession(url) as session:
                async with session.post("/jars/upload", data=b"x") as response:
                    await response.read()
                peak_before = peak_memory(process.pid)
                async with session.post("/jars/upload", data=chunks()) as response:
                    assert response.headers["x-received"] == str(size)
                    assert len(await response.read()) == size
                assert peak_memory(process.pid) - peak_before < size // 10 + 2 * MAX_CHECKED_BYTES
        finally:
            process.terminate()


def peak_memory(pid: int) -> int:
    """Return the highest resident memory of a process so far, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    pytest.skip("no /proc here")


def test_upstream_responses_override_an_attribute_that_aiohttp_still_has() -> None:
    assert web.StreamResponse._send_headers_immediately is True
    assert UpstreamResponse._send_headers_immediately is False
