"""Unusual targets get the same response from the server, the aiohttp application and the proxy."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from flinkmock.cluster.cluster_spec import ClusterSpec
from flinkmock.contract import Contract
from flinkmock.engine import Engine
from flinkmock.proxy import Proxy
from flinkmock.rest.in_process import InProcessClient
from flinkmock.server import ServerThread
from flinkmock.server.aiohttp_application import ApplicationServer
from tests.cluster.cluster_factory import job
from tests.rest.handlers.handler_client import JOB_ID
from tests.timeouts import TEST_TIMEOUT_S

JOB_PATH = f"/jobs/{JOB_ID}"
REQUESTS = [
    f"GET {JOB_PATH}/metrics?get=a;b",
    f"GET {JOB_PATH}/metrics?get=a&get=b",
    f"GET {JOB_PATH}/metrics?get=a,b,,",
    f"GET {JOB_PATH}/metrics?==get=a",
    f"GET {JOB_PATH}/metrics?get",
    f"GET {JOB_PATH}/metrics?get=%",
    f"GET {JOB_PATH}/metrics?get=%zz",
    f"GET {JOB_PATH}/metrics?g%65t=a",
    f"GET {JOB_PATH}/metrics?get=a+b",
    f"GET {JOB_PATH.upper().replace('JOBS', 'jobs')}",
    "GET /%",
    "GET /%zz",
    "GET /jobs%2Foverview",
    "GET /jobs/%2e%2e",
    "GET /jobs/%2531",
    "GET /jobs/+",
    "GET //jobs/",
    "GET /jobs//",
    "GET /v1/jobs",
    "GET /v2/jobs",
    "GET /jobs?x=%",
    "GET /jobs/nohex",
    "GET /taskmanagers/%25",
    "GET /taskmanagers/%3F",
    "GET /nosuch",
    "GET /no%20such+file",
    "GET /",
    "GET /..",
    "GET /overview?a=b?c=d",
    "DELETE /overview",
    "PATCH /jobs/nohex?mode=nope",
    f"PATCH {JOB_PATH}?mode=stop&mode=cancel",
    "POST /jars/x.jar/run?parallelism=1&parallelism=2",
    "POST /jars/a%2Fb/plan",
    "POST /nosuch",
]


class RawResponse(NamedTuple):
    """The parts of a response that are compared."""

    status: int
    content_type: str | None
    has_cors_header: bool
    body: bytes


def send(port: int, request: str) -> RawResponse:
    """Return the response to a request, such as "GET /jobs", whose target is sent unchanged."""
    method, target = request.split(" ", 1)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TEST_TIMEOUT_S)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        connection.endheaders()
        response = connection.getresponse()
        has_cors_header = response.getheader("access-control-allow-origin") is not None
        return RawResponse(response.status, response.getheader("content-type"), has_cors_header, response.read())
    finally:
        connection.close()


def create_engine() -> Engine:
    return Engine(ClusterSpec(jobs=(job(id=JOB_ID),)), flink="2.3", clock="virtual")


def responses_of_rest_api() -> list[RawResponse]:
    """Return the responses to `REQUESTS` without a socket."""
    engine = create_engine()
    client = InProcessClient(engine)
    responses = [client.send(*request.split(" ", 1)) for request in REQUESTS]
    engine.close()
    return [
        RawResponse(response.status, response.content_type, response.has_cors_header, response.body)
        for response in responses
    ]


async def send_all(port: int) -> list[RawResponse]:
    """Return the responses to `REQUESTS`."""
    return [await asyncio.to_thread(send, port, request) for request in REQUESTS]


@asynccontextmanager
async def serve_cluster() -> AsyncIterator[int]:
    """Yield the port of a server."""
    engine = create_engine()
    with ServerThread(engine) as thread:
        yield int(thread.url.rpartition(":")[2])
    engine.close()


@asynccontextmanager
async def serve_app() -> AsyncIterator[int]:
    """Yield the port of an aiohttp application."""
    engine = create_engine()
    async with TestServer(ApplicationServer(engine).app) as test_server:
        yield test_server.port or 0
    engine.close()


@asynccontextmanager
async def serve_subapp() -> AsyncIterator[int]:
    """Yield the port of an aiohttp application with the cluster below /flink."""
    engine = create_engine()
    outer = web.Application()
    outer.add_subapp("/flink", ApplicationServer(engine).app)
    async with TestServer(outer) as test_server:
        yield test_server.port or 0
    engine.close()


@asynccontextmanager
async def serve_proxy() -> AsyncIterator[int]:
    """Yield the port of a proxy in front of a server."""
    async with serve_cluster() as port:
        runner = Proxy(f"http://127.0.0.1:{port}", Contract.load("2.3")).runner()
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1]
        await runner.cleanup()


@pytest.mark.parametrize("serve", [serve_cluster, serve_app, serve_proxy])
async def test_every_server_sends_the_responses_of_the_rest_api(
    serve: Callable[[], AbstractAsyncContextManager[int]],
) -> None:
    async with serve() as port:
        responses = await send_all(port)
    expected_responses = responses_of_rest_api()
    differing_responses = [
        (request, response, expected_response)
        for request, response, expected_response in zip(REQUESTS, responses, expected_responses, strict=True)
        if response != expected_response
    ]
    assert differing_responses == []


async def test_a_subapplication_gets_targets_without_its_prefix() -> None:
    requests = ["GET /flink/jobs/overview", f"GET /flink{JOB_PATH}/metrics?get=a;b", "GET /flink/nosuch"]
    async with serve_subapp() as port:
        responses = [await asyncio.to_thread(send, port, request) for request in requests]
    engine = create_engine()
    client = InProcessClient(engine)
    assert [response.body for response in responses] == [
        client.send(*request.replace("/flink", "").split(" ", 1)).body for request in requests
    ]
    engine.close()


def test_the_journal_has_the_headers_as_sent() -> None:
    engine = create_engine()
    with ServerThread(engine) as thread:
        address = ("127.0.0.1", int(thread.url.rpartition(":")[2]))
        with socket.create_connection(address, TEST_TIMEOUT_S) as connection:
            connection.sendall(b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 404 ")
        [exchange] = engine.journal
    engine.close()
    assert (exchange.target, exchange.headers) == ("/\xff", (("Host", "x"),))
