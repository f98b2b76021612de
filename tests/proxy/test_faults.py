"""Faults of the proxy have the same effects on clients as those of a fake cluster, and cause no findings."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from flinkmock import Contract, FlinkMock
from flinkmock.cluster.clock import Clock
from flinkmock.journal import Exchange
from flinkmock.proxy import FaultRequiresFakeCluster, Proxy
from flinkmock.scenario.load import load_faults
from flinkmock.server.fault_delivery import FaultDelivery
from tests.proxy.conftest import Serve

SCENARIO = {"jobs": {"orders": "streaming", "clicks": "streaming"}}
CONTRACT = Contract.load("2.3")
GetStatus = Callable[[str], Awaitable[int]]
"""Sends a GET and returns the status of the response."""


@pytest.fixture(scope="module")
def shared_cluster() -> Iterator[FlinkMock]:
    with FlinkMock(SCENARIO, flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        yield cluster


@pytest.fixture
def cluster(shared_cluster: FlinkMock) -> FlinkMock:
    shared_cluster.requests.clear()
    return shared_cluster


def proxy_with_faults(cluster: FlinkMock, exchanges: list[Exchange], *faults: dict[str, Any], seed: int = 0) -> Proxy:
    fault_config = load_faults({"faults": list(faults)}, "2.3")
    return Proxy(cluster.url, CONTRACT, exchanges.append, faults=fault_config.faults, seed=seed)


async def raw_response(url: str, method: str = "GET", target: str = "/config", body: bytes = b"") -> tuple[bytes, str]:
    """Send a request on a new connection; return all bytes of the response, and "closed" or "reset"."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    writer.write(f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{length}\r\n".encode() + body)
    received = b""
    try:
        while chunk := await reader.read(65536):
            received += chunk
        return received, "closed"
    except ConnectionResetError:
        return received, "reset"
    finally:
        writer.close()


def split_response(received: bytes) -> tuple[str, dict[str, str], bytes]:
    """Return the status line, the headers without `Connection`, and the body."""
    head, _, body = received.partition(b"\r\n\r\n")
    status_line, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if line)
    headers.pop("Connection", None)
    return status_line, headers, body


FAULTS: list[dict[str, Any]] = [
    {"drop": "reset"},
    {"drop": "close"},
    {"drop": "truncate"},
    {"drop": "after-processing"},
    {"reply": "leader-unavailable"},
    {"reply": "not-found"},
    {"reply": "gateway-timeout"},
    {"reply": "internal-error"},
    {"reply": {"status": 429, "errors": ["Too many."], "headers": {"Retry-After": "7"}}},
    {"delay": "20ms"},
    {"throttle": "20KB/s"},
    {"corrupt": "truncate"},
    {"corrupt": "html"},
    {"corrupt": "garbage"},
    {"corrupt": {"drop-field": "flink-version"}},
    {"corrupt": {"change-type": "flink-version"}},
    {"corrupt": {"add-field": "features.more"}},
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_fault_has_the_same_effect_as_on_a_fake_cluster(
    cluster: FlinkMock, serve: Serve, exchanges: list[Exchange], fault: dict[str, Any]
) -> None:
    fault = {"name": "the fault", "match": "GET /config", **fault}
    with FlinkMock({"faults": [fault]}, flink="2.3", clock="real") as fake:
        expected, expected_end = await raw_response(fake.url)
        exchange_of_fake = fake.requests[0]
    proxy = proxy_with_faults(cluster, exchanges, fault)
    received, end = await raw_response(await serve(proxy))
    assert (end, *split_response(received)) == (expected_end, *split_response(expected))
    while not exchanges:  # a response is checked after it has been sent
        await asyncio.sleep(0)
    [exchange] = exchanges
    assert (exchange.fault, exchange.operation) == ("the fault", "getDashboardConfiguration")
    assert (exchange.status, exchange.response_size, exchange.content_type) == (
        exchange_of_fake.status,
        exchange_of_fake.response_size,
        exchange_of_fake.content_type,
    )
    forwarded_count = 0 if "reply" in fault or fault.get("drop") in ("reset", "close") else 1
    assert cluster.requests.count("GET /config") == proxy.report.request_count == forwarded_count
    assert proxy.report.clean, proxy.summary()
    assert not proxy.checker.mistakes


async def test_after_processing_loses_the_response_but_not_the_request(
    cluster: FlinkMock, serve: Serve, exchanges: list[Exchange]
) -> None:
    proxy = proxy_with_faults(
        cluster, exchanges, {"match": "POST /jobs/:jobid/savepoints", "drop": "after-processing", "times": 1}
    )
    url = await serve(proxy)
    job = next(iter(cluster.cluster.jobs))
    request_body = b'{"target-directory":"/sp"}'
    assert await raw_response(url, "POST", f"/jobs/{job}/savepoints", request_body) == (b"", "reset")
    assert cluster.requests[0].status == 202
    received, _ = await raw_response(url, "POST", f"/jobs/{job}/savepoints", request_body)
    assert received.startswith(b"HTTP/1.1 202 ")
    assert [exchange.fault is not None for exchange in exchanges] == [True, False]
    assert [exchange.body for exchange in exchanges] == [{"target-directory": "/sp"}] * 2


async def test_a_stale_response_is_an_earlier_response_of_the_server(serve: Serve, exchanges: list[Exchange]) -> None:
    now = 1_000_000
    with FlinkMock(SCENARIO, flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        proxy = proxy_with_faults(cluster, exchanges, {"match": "GET /overview", "serve-stale": "5s"})
        proxy._upstream_cluster.clock = Clock("real", lambda: now)
        url = await serve(proxy)

        async def count_running_jobs() -> int:
            async with aiohttp.ClientSession(url) as session, session.get("/overview") as response:
                return (await response.json())["jobs-running"]

        assert await count_running_jobs() == 2  # no response is 5 s old yet
        cluster.job("clicks").cancel()
        cluster.advance("60s")
        now += 4_000
        assert await count_running_jobs() == 1
        now += 4_000
        assert await count_running_jobs() == 2
        now += 4_000
        assert await count_running_jobs() == 1
    assert proxy.report.clean
    assert proxy.report.request_count == 4


@pytest.mark.parametrize(
    ("fault", "key"), [({"leader-failover": "2s"}, "leader-failover"), ({"kill-taskmanager": 1}, "kill-taskmanager")]
)
def test_faults_that_change_the_cluster_are_rejected(
    cluster: FlinkMock, exchanges: list[Exchange], fault: dict[str, Any], key: str
) -> None:
    with pytest.raises(FaultRequiresFakeCluster, match=f"Only a fake cluster supports bad day: {key}."):
        proxy_with_faults(cluster, exchanges, {"name": "bad day", "match": "GET /overview", **fault})


async def test_a_response_that_hangs_does_not_block_other_requests(
    cluster: FlinkMock, serve: Serve, exchanges: list[Exchange]
) -> None:
    url = await serve(proxy_with_faults(cluster, exchanges, {"match": "GET /config", "drop": "hang"}))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            await raw_response(url)
            raise AssertionError("the response does not hang")
    received, _ = await raw_response(url, target="/overview")
    assert received.startswith(b"HTTP/1.1 200 ")


async def test_a_request_is_in_flight_until_its_throttled_response_has_been_sent(
    cluster: FlinkMock, serve: Serve, exchanges: list[Exchange]
) -> None:
    proxy = proxy_with_faults(cluster, exchanges, {"match": "GET /config", "throttle": "1B/s"})
    address = urlsplit(await serve(proxy))
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(b"GET /config HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    for _ in range(20):  # turns of the event loop in which the proxy would check the exchange
        await asyncio.sleep(0)
    assert (exchanges, proxy.report.request_count, proxy.in_flight_count) == ([], 0, 1)
    writer.close()
    while not exchanges:  # the proxy notices a disconnect after some time
        await asyncio.sleep(0.01)
    assert (proxy.report.request_count, proxy.in_flight_count) == (1, 0)
    [sentence] = proxy.checker.unanswered
    assert sentence == "GET /config: the client disconnected before the response was complete"


async def test_a_throttled_response_ends_when_the_proxy_stops(cluster: FlinkMock, exchanges: list[Exchange]) -> None:
    proxy = proxy_with_faults(cluster, exchanges, {"match": "GET /config", "throttle": "1B/s"})
    runner = proxy.runner(shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0])
    writer.write(b"GET /config HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    await runner.cleanup()
    assert b"HTTP/1.1" not in await reader.read()
    writer.close()
    assert list(proxy.checker.unanswered) == ["GET /config: no response before the proxy stopped"]


async def test_the_delay_of_a_fault_does_not_count_as_duration(
    cluster: FlinkMock, serve: Serve, exchanges: list[Exchange], get_status: GetStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour_ns = 3600 * 1_000_000_000
    passed_ns = 0
    read_clock = time.perf_counter_ns

    async def wait_an_hour(self: FaultDelivery) -> None:
        nonlocal passed_ns
        passed_ns += hour_ns

    monkeypatch.setattr(FaultDelivery, "delay", wait_an_hour)
    monkeypatch.setattr(time, "perf_counter_ns", lambda: read_clock() + passed_ns)
    proxy = proxy_with_faults(cluster, exchanges, {"match": "GET /config", "delay": "1h"})
    assert await get_status(f"{await serve(proxy)}/config") == 200
    while not exchanges:
        await asyncio.sleep(0)
    assert passed_ns == hour_ns
    assert 0 < exchanges[0].duration_us < hour_ns // 1000


async def test_the_same_seed_selects_the_same_requests_as_in_a_fake_cluster(
    cluster: FlinkMock, serve: Serve, exchanges: list[Exchange]
) -> None:
    faults = [
        {"name": "no leader", "chance": "30%", "reply": "leader-unavailable"},
        {"name": "every second", "match": "GET /overview", "every": 2, "reply": "not-found"},
    ]
    targets = ["/config", "/overview", "/overview"] * 12

    async def statuses(url: str) -> list[int]:
        async with aiohttp.ClientSession(url) as session:
            return [(await session.get(target)).status for target in targets]

    with FlinkMock({"faults": faults, "seed": 7}, flink="2.3") as fake:
        expected = await statuses(fake.url)
    assert await statuses(await serve(proxy_with_faults(cluster, exchanges, *faults, seed=7))) == expected
    assert await statuses(await serve(proxy_with_faults(cluster, exchanges, *faults, seed=8))) != expected
    assert set(expected) == {200, 404, 503}


@pytest.fixture
async def get_status() -> AsyncIterator[GetStatus]:
    async with aiohttp.ClientSession() as session:

        async def status(url: str) -> int:
            async with session.get(url) as response:
                await response.read()
                return response.status

        yield status


async def test_names_and_states_of_jobs_come_from_the_cluster(
    serve: Serve, exchanges: list[Exchange], get_status: GetStatus
) -> None:
    faults = [
        {"job": "orders", "reply": "internal-error"},
        {"match": "GET /overview", "while-job": "clicks CANCELED", "reply": "leader-unavailable"},
    ]
    with FlinkMock(SCENARIO, flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        ids = {job.name: job.id for job in cluster.cluster.jobs.values()}
        url = await serve(proxy_with_faults(cluster, exchanges, *faults))
        assert await get_status(f"{url}/jobs/{ids['orders']}") == 500
        assert await get_status(f"{url}/jobs/{ids['clicks']}") == 200
        assert await get_status(f"{url}/overview") == 200
        cluster.job("clicks").cancel()
        cluster.advance("60s")
        # the first proxy's list of jobs may be half a second old
        other_proxy = proxy_with_faults(cluster, exchanges, *faults)
        assert await get_status(f"{await serve(other_proxy)}/overview") == 503
    assert await get_status(f"{url}/overview") == 502  # an unavailable cluster has no jobs


@pytest.mark.parametrize(
    ("added_headers", "expected"),
    [
        ({}, {"Authorization": "Bearer x"}),
        ({"X-Api-Key": "k"}, {"Authorization": "Bearer x", "X-Api-Key": "k"}),
        ({"authorization": "Bearer y"}, {"Authorization": "Bearer y"}),
    ],
)
async def test_the_list_of_jobs_is_requested_with_the_credentials_of_the_client_and_the_added_headers(
    serve: Serve, added_headers: dict[str, str], expected: dict[str, str]
) -> None:
    received: list[dict[str, str]] = []

    async def overview(request: web.Request) -> web.Response:
        names = "Authorization", "X-Api-Key", "X-Other"
        received.append({name: request.headers[name] for name in names if name in request.headers})
        job = {"jid": "a" * 32, "name": "orders", "state": "RUNNING", "start-time": 1}
        return web.json_response({"jobs": [job]})

    upstream_app = web.Application()
    upstream_app.router.add_get("/jobs/overview", overview)
    fault_config = load_faults(
        {"faults": [{"match": "GET /config", "while-job": "orders RUNNING", "reply": "not-found"}]}, "2.3"
    )
    proxy = Proxy(await serve(upstream_app), CONTRACT, faults=fault_config.faults, headers=added_headers)
    url = await serve(proxy)
    async with aiohttp.ClientSession(url, headers={"Authorization": "Bearer x", "X-Other": "z"}) as session:
        assert (await session.get("/config")).status == 404
    assert received == [expected]


async def test_during_is_measured_from_the_start_of_the_proxy(
    cluster: FlinkMock, serve: Serve, exchanges: list[Exchange], get_status: GetStatus
) -> None:
    proxy = proxy_with_faults(
        cluster,
        exchanges,
        {"match": "GET /config", "during": "0s..1h", "reply": "not-found"},
        {"match": "GET /overview", "during": "1h..2h", "reply": "not-found"},
    )
    url = await serve(proxy)
    assert await get_status(f"{url}/config") == 404
    assert await get_status(f"{url}/overview") == 200


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(b"<html>Sign in</html>", {"Content-Type": "text/html"}, id="html"),
        pytest.param(gzip.compress(b"{}"), {"Content-Type": "application/json", "Content-Encoding": "gzip"}, id="gzip"),
    ],
)
async def test_a_body_that_is_not_json_is_not_varied(serve: Serve, body: bytes, headers: dict[str, str]) -> None:
    async def config(request: web.Request) -> web.Response:
        return web.Response(body=body, headers=headers)

    upstream_app = web.Application()
    upstream_app.router.add_get("/config", config)
    fault_config = load_faults({"faults": [{"vary": ["added-field"]}]}, "2.3")
    url = await serve(Proxy(await serve(upstream_app), CONTRACT, faults=fault_config.faults))
    async with aiohttp.ClientSession(url, auto_decompress=False) as session:
        response = await session.get("/config")
        assert (response.status, await response.read()) == (200, body)
