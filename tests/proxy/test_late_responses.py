"""The proxy forwards bodies to a server that delays `100 Continue`, and counts requests that get no response."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from flinkmock import Contract
from flinkmock.proxy import Proxy
from tests.proxy.conftest import Serve

BODY = b"x" * 300_000


@pytest.fixture
async def server_that_delays_100() -> AsyncIterator[str]:
    """A server that sends 100 only after the first bytes of a body, like a real Flink. It does not respond to GET."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError), contextlib.closing(writer):
            await respond(reader, writer)

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if head.startswith("get"):
            await reader.read()
            return
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        body = await reader.readexactly(1)
        if "expect: 100-continue" in head:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body += await reader.readexactly(length - 1)
        text = str(len(body)).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(text), text))
        await writer.drain()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await asyncio.sleep(0.1)  # so that the connections close


async def test_a_body_is_forwarded_to_a_server_that_delays_100(serve: Serve, server_that_delays_100: str) -> None:
    url = await serve(Proxy(server_that_delays_100, Contract.load("2.3")))
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/jars/upload", data=BODY, expect100=True) as response,
    ):
        assert await response.text() == str(len(BODY))


async def test_the_request_of_a_client_that_disconnects_is_counted(server_that_delays_100: str) -> None:
    proxy = Proxy(server_that_delays_100, Contract.load("2.3"))
    runner = proxy.runner(shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    _, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET /overview HTTP/1.1\r\nhost: x\r\n\r\n")
    await writer.drain()
    while not proxy.in_flight_count:
        await asyncio.sleep(0.01)
    writer.close()
    await runner.cleanup()
    assert "without a response:\n    1x  GET /overview: no response before the proxy stopped" in proxy.summary()
