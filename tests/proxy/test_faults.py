"""Faults in front of a live cluster: each looks as it does in front of a fake one, and nobody is blamed for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
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

JOBS = {"jobs": {"orders": "streaming", "clicks": "streaming"}}
CONTRACT = Contract.load("2.3")


@pytest.fixture(scope="module")
def shared() -> Iterator[FlinkMock]:
    with FlinkMock(JOBS, flink="2.3", clock="virtual") as running:
        running.advance("60s")
        yield running


@pytest.fixture
def cluster(shared: FlinkMock) -> FlinkMock:
    shared.requests.clear()
    return shared


def over(cluster: FlinkMock, told: list[Exchange], *faults: dict[str, Any], seed: int = 0) -> Proxy:
    alone = load_faults({"faults": list(faults)}, "2.3")
    return Proxy(cluster.url, CONTRACT, told.append, faults=alone.faults, seed=seed)


async def wire(url: str, method: str = "GET", target: str = "/config", body: bytes = b"") -> tuple[bytes, str]:
    """What comes over a connection until its end, and how it ends."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    writer.write(f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{length}\r\n".encode() + body)
    came = b""
    try:
        while piece := await reader.read(65536):
            came += piece
        return came, "closed"
    except ConnectionResetError:
        return came, "reset"
    finally:
        writer.close()


def parts(came: bytes) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers but for the connection's own, body."""
    head, _, body = came.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if line)
    headers.pop("Connection", None)
    return status, headers, body


KINDS: list[dict[str, Any]] = [
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


@pytest.mark.parametrize("fault", KINDS, ids=str)
async def test_a_fault_looks_as_in_front_of_a_fake_cluster(
    cluster: FlinkMock, serve: Any, told: list[Exchange], fault: dict[str, Any]
) -> None:
    fault = {"name": "it", "match": "GET /config", **fault}
    with FlinkMock({"faults": [fault]}, flink="2.3", clock="real") as fake:
        expected, expected_end = await wire(fake.url)
        noted = fake.requests[0]
    proxy = over(cluster, told, fault)
    came, end = await wire(await serve(proxy))
    assert (end, *parts(came)) == (expected_end, *parts(expected))
    await asyncio.sleep(0)  # the verdict over an answer is made after it has been sent
    [seen] = told
    assert (seen.fault, seen.operation) == ("it", "getDashboardConfiguration")
    assert (seen.status, seen.response_size, seen.content_type) == (
        noted.status,
        noted.response_size,
        noted.content_type,
    )
    carried_out = "reply" not in fault and fault.get("drop") not in ("reset", "close")
    assert cluster.requests.count("GET /config") == proxy.report.requests == carried_out
    assert proxy.report.clean, proxy.summary()
    assert not proxy.judging.advice


async def test_after_effect_the_savepoint_is_taken_and_its_answer_lost(
    cluster: FlinkMock, serve: Any, told: list[Exchange]
) -> None:
    proxy = over(cluster, told, {"match": "POST /jobs/:jobid/savepoints", "drop": "after-processing", "times": 1})
    url = await serve(proxy)
    job = next(iter(cluster.cluster.jobs))
    asked = b'{"target-directory":"/sp"}'
    assert await wire(url, "POST", f"/jobs/{job}/savepoints", asked) == (b"", "reset")
    assert cluster.requests[0].status == 202
    came, _ = await wire(url, "POST", f"/jobs/{job}/savepoints", asked)
    assert came.startswith(b"HTTP/1.1 202 ")
    assert [seen.fault is not None for seen in told] == [True, False]
    assert [seen.body for seen in told] == [{"target-directory": "/sp"}] * 2


async def test_stale_answers_are_those_that_passed_by(serve: Any, told: list[Exchange], ask: Any) -> None:
    now = 1_000_000
    with FlinkMock(JOBS, flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        proxy = over(cluster, told, {"match": "GET /overview", "serve-stale": "5s"})
        proxy._behind.clock = Clock("real", lambda: now)
        url = await serve(proxy)

        async def running() -> int:
            async with aiohttp.ClientSession(url) as session, session.get("/overview") as answer:
                return (await answer.json())["jobs-running"]

        assert await running() == 2  # nothing is so old yet
        cluster.job("clicks").cancel()
        cluster.advance("60s")
        now += 4_000
        assert await running() == 1
        now += 4_000
        assert await running() == 2
        now += 4_000
        assert await running() == 1
    assert proxy.report.clean
    assert proxy.report.requests == 4


@pytest.mark.parametrize(
    ("fault", "word"), [({"leader-failover": "2s"}, "leader-failover"), ({"kill-taskmanager": 1}, "kill-taskmanager")]
)
def test_what_befalls_the_cluster_itself_is_refused(
    cluster: FlinkMock, told: list[Exchange], fault: dict[str, Any], word: str
) -> None:
    with pytest.raises(FaultRequiresFakeCluster, match=f"Only a fake cluster supports bad day: {word}."):
        over(cluster, told, {"name": "bad day", "match": "GET /overview", **fault})


async def test_what_hangs_does_so_until_the_client_leaves(cluster: FlinkMock, serve: Any, told: list[Exchange]) -> None:
    url = await serve(over(cluster, told, {"match": "GET /config", "drop": "hang"}))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            await wire(url)
            raise AssertionError("it does not hang")
    came, _ = await wire(url, target="/overview")
    assert came.startswith(b"HTTP/1.1 200 ")


async def test_the_same_seed_strikes_the_same_requests(cluster: FlinkMock, serve: Any, told: list[Exchange]) -> None:
    faults = [
        {"name": "no leader", "chance": "30%", "reply": "leader-unavailable"},
        {"name": "second of each", "match": "GET /overview", "every": 2, "reply": "not-found"},
    ]
    targets = ["/config", "/overview", "/overview"] * 12

    async def statuses(url: str) -> list[int]:
        async with aiohttp.ClientSession(url) as session:
            return [(await session.get(target)).status for target in targets]

    with FlinkMock({"faults": faults, "seed": 7}, flink="2.3") as fake:
        expected = await statuses(fake.url)
    assert await statuses(await serve(over(cluster, told, *faults, seed=7))) == expected
    assert await statuses(await serve(over(cluster, told, *faults, seed=8))) != expected
    assert set(expected) == {200, 404, 503}


@pytest.fixture
async def ask() -> AsyncIterator[Any]:
    async with aiohttp.ClientSession() as session:

        async def status(url: str) -> int:
            async with session.get(url) as answer:
                await answer.read()
                return answer.status

        yield status


async def test_jobs_are_known_by_asking_the_cluster(serve: Any, told: list[Exchange], ask: Any) -> None:
    faults = [
        {"job": "orders", "reply": "internal-error"},
        {"match": "GET /overview", "while-job": "clicks CANCELED", "reply": "leader-unavailable"},
    ]
    with FlinkMock(JOBS, flink="2.3", clock="virtual") as cluster:
        cluster.advance("60s")
        ids = {job.name: job.id for job in cluster.cluster.jobs.values()}
        url = await serve(over(cluster, told, *faults))
        assert await ask(f"{url}/jobs/{ids['orders']}") == 500
        assert await ask(f"{url}/jobs/{ids['clicks']}") == 200
        assert await ask(f"{url}/overview") == 200
        cluster.job("clicks").cancel()
        cluster.advance("60s")
        later = over(cluster, told, *faults)  # what one proxy knows of the jobs may be half a second old
        assert await ask(f"{await serve(later)}/overview") == 503
    assert await ask(f"{url}/overview") == 502  # and a cluster that has gone has no jobs


async def test_the_proxy_asks_in_the_name_of_its_client(serve: Any, told: list[Exchange], ask: Any) -> None:
    asked: list[str | None] = []

    async def overview(request: web.Request) -> web.Response:
        asked.append(request.headers.get("Authorization"))
        job = {"jid": "a" * 32, "name": "orders", "state": "RUNNING", "start-time": 1}
        return web.json_response({"jobs": [job]})

    behind = web.Application()
    behind.router.add_get("/jobs/overview", overview)
    alone = load_faults(
        {"faults": [{"match": "GET /config", "while-job": "orders RUNNING", "reply": "not-found"}]}, "2.3"
    )
    url = await serve(Proxy(await serve(behind), CONTRACT, faults=alone.faults))
    async with aiohttp.ClientSession(url, headers={"Authorization": "Bearer x"}) as session:
        assert (await session.get("/config")).status == 404
    assert asked == ["Bearer x"]


async def test_during_counts_from_the_start_of_the_proxy(
    cluster: FlinkMock, serve: Any, told: list[Exchange], ask: Any
) -> None:
    proxy = over(
        cluster,
        told,
        {"match": "GET /config", "during": "0s..1h", "reply": "not-found"},
        {"match": "GET /overview", "during": "1h..2h", "reply": "not-found"},
    )
    url = await serve(proxy)
    assert await ask(f"{url}/config") == 404
    assert await ask(f"{url}/overview") == 200
