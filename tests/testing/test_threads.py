"""Many threads with clients of all kinds, while others move the time, take snapshots and decide: nothing gets lost."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import httpx
import pytest
import requests

from flinkmock import FlinkMock
from tests.timeouts import PATIENCE

EACH = 15
SCENARIO = {"cluster": {"taskmanagers": 4}, "jobs": {"orders": "streaming", "report": "restarting"}}


def with_requests(url: str) -> list[int]:
    with requests.Session() as session:
        return [len(session.get(f"{url}/jobs/overview", timeout=PATIENCE).json()["jobs"]) for _ in range(EACH)]


def with_httpx(url: str) -> list[int]:
    with httpx.Client(base_url=url, timeout=PATIENCE) as client:
        return [len(client.get("/jobs/overview").json()["jobs"]) for _ in range(EACH)]


def with_urllib(url: str) -> list[int]:
    job_counts = []
    for _ in range(EACH):
        with urllib.request.urlopen(f"{url}/jobs/overview", timeout=PATIENCE) as response:
            job_counts.append(len(json.load(response)["jobs"]))
    return job_counts


def with_aiohttp(url: str) -> list[int]:
    async def one(session: aiohttp.ClientSession) -> int:
        async with session.get("/jobs/overview") as response:
            return len((await response.json())["jobs"])

    async def all_at_once() -> list[int]:
        async with aiohttp.ClientSession(url) as session:
            return await asyncio.gather(*(one(session) for _ in range(EACH)))

    return asyncio.run(all_at_once())


CLIENTS: list[Callable[[str], list[int]]] = [with_requests, with_httpx, with_urllib, with_aiohttp]


@pytest.mark.parametrize("clock", ["1s per request", "virtual", "real"])
def test_clients_of_all_kinds_at_once(clock: str) -> None:
    with FlinkMock(SCENARIO, clock=clock) as flink, ThreadPoolExecutor(10) as pool:
        futures = [pool.submit(client, flink.url) for client in CLIENTS * 2]
        advances = [pool.submit(flink.advance, "1s") for _ in range(20)]
        looked = [pool.submit(lambda: flink.job("orders").state) for _ in range(20)]
        snapshots = [pool.submit(flink.snapshot) for _ in range(5)]
        assert [future.result() for future in futures] == [[2] * EACH] * len(futures)
        assert len({future.result() for future in advances}) == 20
        assert {future.result() for future in looked} <= {"INITIALIZING", "CREATED", "RUNNING"}
        assert all(future.result().at for future in snapshots)
        flink.requests.expect("GET /jobs/overview", times=EACH * len(futures))
        assert [exchange.number for exchange in flink.requests] == list(range(1, EACH * len(futures) + 1))


def test_it_is_restored_while_clients_send_requests() -> None:
    with FlinkMock(SCENARIO) as flink, ThreadPoolExecutor(8) as pool:
        snapshot, over = flink.snapshot(), threading.Event()

        def put_back() -> int:
            times = 0
            while not over.is_set():
                flink.restore(snapshot)
                orders = flink.job("orders")
                if orders.state == "RUNNING":
                    orders.cancel()
                times += 1
            return times

        restoring = [pool.submit(put_back) for _ in range(2)]
        responses = [future.result() for future in [pool.submit(client, flink.url) for client in CLIENTS]]
        over.set()
        assert responses == [[2] * EACH] * len(CLIENTS)
        assert all(future.result() for future in restoring)
        flink.restore(snapshot)
        assert flink.clock.now() == snapshot.at and len(flink.requests) == 0
