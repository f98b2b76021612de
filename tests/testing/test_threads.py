"""Concurrent clients get correct responses while other threads advance the clock, take snapshots and restore them."""

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
from tests.timeouts import TEST_TIMEOUT_S

REQUESTS_PER_CLIENT = 15
SCENARIO = {"cluster": {"taskmanagers": 4}, "jobs": {"orders": "streaming", "report": "restarting"}}


def count_jobs_with_requests(url: str) -> list[int]:
    with requests.Session() as session:
        return [
            len(session.get(f"{url}/jobs/overview", timeout=TEST_TIMEOUT_S).json()["jobs"])
            for _ in range(REQUESTS_PER_CLIENT)
        ]


def count_jobs_with_httpx(url: str) -> list[int]:
    with httpx.Client(base_url=url, timeout=TEST_TIMEOUT_S) as client:
        return [len(client.get("/jobs/overview").json()["jobs"]) for _ in range(REQUESTS_PER_CLIENT)]


def count_jobs_with_urllib(url: str) -> list[int]:
    job_counts = []
    for _ in range(REQUESTS_PER_CLIENT):
        with urllib.request.urlopen(f"{url}/jobs/overview", timeout=TEST_TIMEOUT_S) as response:
            job_counts.append(len(json.load(response)["jobs"]))
    return job_counts


def count_jobs_with_aiohttp(url: str) -> list[int]:
    async def count_jobs(session: aiohttp.ClientSession) -> int:
        async with session.get("/jobs/overview") as response:
            return len((await response.json())["jobs"])

    async def count_concurrently() -> list[int]:
        async with aiohttp.ClientSession(url) as session:
            return await asyncio.gather(*(count_jobs(session) for _ in range(REQUESTS_PER_CLIENT)))

    return asyncio.run(count_concurrently())


CLIENTS: list[Callable[[str], list[int]]] = [
    count_jobs_with_requests,
    count_jobs_with_httpx,
    count_jobs_with_urllib,
    count_jobs_with_aiohttp,
]
"""Each client requests the list of jobs several times, and returns the number of jobs in each response."""


@pytest.mark.parametrize("clock", ["1s per request", "virtual", "real"])
def test_concurrent_clients_of_all_kinds_get_responses(clock: str) -> None:
    with FlinkMock(SCENARIO, clock=clock) as flink, ThreadPoolExecutor(10) as pool:
        client_futures = [pool.submit(client, flink.url) for client in CLIENTS * 2]
        advance_futures = [pool.submit(flink.advance, "1s") for _ in range(20)]
        state_futures = [pool.submit(lambda: flink.job("orders").state) for _ in range(20)]
        snapshot_futures = [pool.submit(flink.snapshot) for _ in range(5)]
        assert [future.result() for future in client_futures] == [[2] * REQUESTS_PER_CLIENT] * len(client_futures)
        assert len({future.result() for future in advance_futures}) == 20
        assert {future.result() for future in state_futures} <= {"INITIALIZING", "CREATED", "RUNNING"}
        assert all(future.result().at for future in snapshot_futures)
        flink.requests.expect("GET /jobs/overview", times=REQUESTS_PER_CLIENT * len(client_futures))
        assert [exchange.number for exchange in flink.requests] == list(
            range(1, REQUESTS_PER_CLIENT * len(client_futures) + 1)
        )


def test_a_cluster_is_restored_while_clients_send_requests() -> None:
    with FlinkMock(SCENARIO) as flink, ThreadPoolExecutor(8) as pool:
        snapshot, clients_finished = flink.snapshot(), threading.Event()

        def restore_repeatedly() -> int:
            restore_count = 0
            while not clients_finished.is_set():
                flink.restore(snapshot)
                orders = flink.job("orders")
                if orders.state == "RUNNING":
                    orders.cancel()
                restore_count += 1
            return restore_count

        restore_futures = [pool.submit(restore_repeatedly) for _ in range(2)]
        job_counts = [future.result() for future in [pool.submit(client, flink.url) for client in CLIENTS]]
        clients_finished.set()
        assert job_counts == [[2] * REQUESTS_PER_CLIENT] * len(CLIENTS)
        assert all(future.result() for future in restore_futures)
        flink.restore(snapshot)
        assert flink.clock.now() == snapshot.at and len(flink.requests) == 0
