"""Clients that sleep and have timeouts, in the time of their clusters. docs/time.md lists these cases."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from time import monotonic as imported_monotonic
from time import sleep as imported_sleep

import aiohttp
import freezegun
import httpx
import pytest
import requests
import tenacity

from flinkmock import FlinkMock, InvalidArgument
from flinkmock.testing.cluster_time import ClusterTime

NS_PER_S, NS_PER_MS = 1_000_000_000, 1_000_000
BATCH_JOB = {"jobs": {"report": {"extends": "batch", "lifecycle": [{"RUNNING": "30s"}, "FINISHED"]}}}
SLOW_SAVEPOINT = {"jobs": {"orders": "streaming"}, "operations": {"savepoint": {"duration": "2m"}}}
DELAYED_OVERVIEW = {"faults": [{"match": "GET /overview", "delay": "10s"}]}


class DeadlineExceeded(Exception):
    pass


def is_finished(overview: dict) -> bool:
    return overview["jobs"][0]["state"] == "FINISHED"


def poll_until_finished(url: str, interval_s: float = 5.0, timeout_s: float = 60.0) -> int:
    """Return the number of polls until the job is finished."""
    deadline = time.monotonic() + timeout_s
    poll_count = 0
    while time.monotonic() < deadline:
        poll_count += 1
        if is_finished(requests.get(url + "/jobs/overview", timeout=10).json()):
            return poll_count
        time.sleep(interval_s)
    raise DeadlineExceeded


@pytest.mark.flinkmock(BATCH_JOB)
@pytest.mark.parametrize("interval_s", [1, 5])
def test_sleeping_advances_the_cluster(flinkmock, flinkmock_time, interval_s) -> None:
    assert poll_until_finished(flinkmock.url, interval_s) == 30 // interval_s + 1
    assert flinkmock_time.elapsed == 30 * NS_PER_S
    assert flinkmock.clock.now() == flinkmock.cluster.started_at + 30_000


@pytest.mark.flinkmock(BATCH_JOB)
def test_functions_imported_by_name_follow_the_cluster(flinkmock, flinkmock_time) -> None:
    start = imported_monotonic()
    imported_sleep(29.5)
    assert imported_monotonic() - start == 29.5
    assert flinkmock.job("report").state == "RUNNING"
    imported_sleep(0.5)
    assert flinkmock.job("report").state == "FINISHED"


@pytest.mark.flinkmock(BATCH_JOB)
@pytest.mark.parametrize("interval_s", [1, 5])
async def test_coroutines_with_httpx_follow_the_cluster(flinkmock, flinkmock_time, interval_s) -> None:
    poll_count = 0
    async with asyncio.timeout(60), httpx.AsyncClient(base_url=flinkmock.url) as client:
        while not is_finished((await client.get("/jobs/overview")).json()):
            poll_count += 1
            await asyncio.sleep(interval_s)
    assert poll_count == 30 // interval_s
    assert flinkmock.clock.now() == flinkmock.cluster.started_at + 30_000


@pytest.mark.flinkmock(BATCH_JOB)
async def test_coroutines_with_aiohttp_follow_the_cluster(flinkmock, flinkmock_time) -> None:
    async def poll(session: aiohttp.ClientSession) -> int:
        poll_count = 0
        while True:
            async with session.get("/jobs/overview") as response:
                poll_count += 1
                if is_finished(await response.json()):
                    return poll_count
            await asyncio.sleep(5)

    async with aiohttp.ClientSession(flinkmock.url) as session:
        assert await asyncio.wait_for(poll(session), 60) == 7


@pytest.mark.flinkmock(BATCH_JOB)
@pytest.mark.parametrize("wait", [tenacity.wait_fixed(5), tenacity.wait_exponential(max=10)])
def test_tenacity_follows_the_cluster(flinkmock, flinkmock_time, wait) -> None:
    @tenacity.retry(wait=wait, stop=tenacity.stop_after_delay(60))
    def check_finished() -> None:
        assert is_finished(requests.get(flinkmock.url + "/jobs/overview", timeout=5).json())

    check_finished()
    assert 30 <= flinkmock_time.elapsed / NS_PER_S <= 35


@pytest.mark.flinkmock(BATCH_JOB)
async def test_tenacity_in_a_coroutine_follows_the_cluster(flinkmock, flinkmock_time) -> None:
    @tenacity.retry(wait=tenacity.wait_fixed(5), stop=tenacity.stop_after_delay(60))
    async def check_finished() -> None:
        async with httpx.AsyncClient(base_url=flinkmock.url) as client:
            assert is_finished((await client.get("/jobs/overview")).json())

    await check_finished()
    assert flinkmock_time.elapsed // NS_PER_MS == 30_000


def take_savepoint(url: str, timeout_s: float) -> str:
    """Take a savepoint of the only job; return its path."""
    deadline = time.monotonic() + timeout_s
    [job] = requests.get(url + "/jobs", timeout=5).json()["jobs"]
    path = f"{url}/jobs/{job['id']}/savepoints"
    trigger_id = requests.post(path, json={"target-directory": "/sp"}, timeout=5).json()["request-id"]
    while time.monotonic() < deadline:
        savepoint = requests.get(f"{path}/{trigger_id}", timeout=5).json()
        if savepoint["status"]["id"] == "COMPLETED":
            return savepoint["operation"]["location"]
        time.sleep(1)
    raise DeadlineExceeded


@pytest.mark.flinkmock(SLOW_SAVEPOINT)
def test_a_deadline_expires_in_cluster_time(flinkmock, flinkmock_time) -> None:
    flinkmock.advance("10s")
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        take_savepoint(flinkmock.url, 60)
    assert time.monotonic() - start == pytest.approx(60)
    assert take_savepoint(flinkmock.url, 180)


# -- timeouts of single requests


@pytest.mark.flinkmock(DELAYED_OVERVIEW)
@pytest.mark.parametrize(("timeout", "is_too_short"), [(2, True), (11, False)])
def test_read_timeouts_of_requests_follow_the_cluster(flinkmock, flinkmock_time, timeout, is_too_short) -> None:
    if is_too_short:
        with pytest.raises(requests.ReadTimeout):
            requests.get(flinkmock.url + "/overview", timeout=timeout)
    else:
        assert requests.get(flinkmock.url + "/overview", timeout=timeout).ok
    assert flinkmock_time.elapsed == min(timeout, 10) * NS_PER_S


@pytest.mark.flinkmock(DELAYED_OVERVIEW)
def test_read_timeouts_of_httpx_follow_the_cluster(flinkmock, flinkmock_time) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(flinkmock.url + "/overview", timeout=2)
    assert flinkmock_time.elapsed == 2 * NS_PER_S
    assert httpx.get(flinkmock.url + "/overview", timeout=11).status_code == 200


@pytest.mark.skipif(find_spec("cryptography") is None, reason="needs cryptography")
@pytest.mark.flinkmock(DELAYED_OVERVIEW, tls=True, base_path="/flink")
def test_read_timeouts_over_tls_follow_the_cluster(flinkmock, flinkmock_time) -> None:
    ca = flinkmock.ca_file
    with pytest.raises(requests.ReadTimeout):
        requests.get(flinkmock.url + "/overview", timeout=2, verify=ca)
    assert requests.get(flinkmock.url + "/overview", timeout=11, verify=ca).ok
    assert flinkmock_time.elapsed == 12 * NS_PER_S
    with httpx.Client(verify=ssl.create_default_context(cafile=ca)) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(flinkmock.url + "/overview", timeout=2)
        assert flinkmock_time.elapsed == 14 * NS_PER_S
        assert client.get(flinkmock.url + "/overview", timeout=11).status_code == 200


@pytest.mark.flinkmock(DELAYED_OVERVIEW)
async def test_timeouts_of_event_loops_follow_the_cluster(flinkmock, flinkmock_time) -> None:
    async with httpx.AsyncClient(base_url=flinkmock.url, timeout=2) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/overview")
        assert flinkmock_time.elapsed // NS_PER_MS == 2_000
        assert (await client.get("/overview", timeout=11)).status_code == 200
        assert flinkmock_time.elapsed // NS_PER_MS == 12_000
    async with aiohttp.ClientSession(flinkmock.url) as session:
        with pytest.raises(TimeoutError):
            await session.get("/overview", timeout=aiohttp.ClientTimeout(total=8))
        assert flinkmock_time.elapsed // NS_PER_MS == 20_000
        async with session.get("/overview") as response:
            assert response.status == 200
    assert flinkmock_time.elapsed // NS_PER_MS == 30_000


@pytest.mark.flinkmock({"faults": [{"match": "GET /overview", "drop": "hang"}]})
async def test_a_hanging_client_does_not_stop_the_time_of_others(flinkmock, flinkmock_time) -> None:
    async with httpx.AsyncClient(base_url=flinkmock.url, timeout=None) as client:
        hanging = asyncio.create_task(client.get("/overview"))
        await asyncio.sleep(3600)
        assert not hanging.done()
        hanging.cancel()
    assert flinkmock_time.elapsed // NS_PER_MS == 3_600_000


# -- clocks


@pytest.mark.flinkmock(BATCH_JOB)
def test_time_time_and_datetime_now_return_cluster_time(flinkmock, flinkmock_time) -> None:
    for _ in range(2):
        assert round(time.time() * 1000) == flinkmock.clock.now() == time.time_ns() // NS_PER_MS
        assert datetime.now(UTC).timestamp() == time.time()
        flinkmock.advance("1m")
    flinkmock.run_until(report="FINISHED")
    [job] = requests.get(flinkmock.url + "/jobs/overview", timeout=5).json()["jobs"]
    assert job["start-time"] == flinkmock.cluster.started_at
    assert time.time() * 1000 - job["start-time"] == pytest.approx(120_000)


@pytest.mark.flinkmock(start_time="2026-01-01")
def test_the_date_begins_at_the_start_time(flinkmock, flinkmock_time) -> None:
    time.sleep(1.5)
    assert datetime.now(UTC) == datetime(2026, 1, 1, 0, 0, 1, 500_000, UTC)


def test_the_monotonic_clock_follows_advance_and_ignores_restore(flinkmock, flinkmock_time) -> None:
    monotonic_start, wall_start, snapshot = time.monotonic(), time.time(), flinkmock.snapshot()
    flinkmock.advance("10s")
    assert (time.monotonic() - monotonic_start, time.time() - wall_start) == (10, pytest.approx(10))
    flinkmock.restore(snapshot)
    assert (time.monotonic() - monotonic_start, time.time() - wall_start) == (10, pytest.approx(0))
    time.sleep(1)
    assert (time.monotonic() - monotonic_start, time.time() - wall_start) == (11, pytest.approx(1))
    flinkmock.load_scenario(BATCH_JOB)
    time.sleep(30)
    assert flinkmock.job("report").state == "FINISHED"


def test_several_clusters_share_one_time(flinkmock_factory, flinkmock_time) -> None:
    first, second = flinkmock_factory(BATCH_JOB), flinkmock_factory(BATCH_JOB, flink="1.20")
    first.advance("10s")
    time.sleep(20)
    assert [cluster.job("report").state for cluster in (first, second)] == ["FINISHED", "FINISHED"]


def test_replaced_functions_are_restored_after_the_block() -> None:
    functions = time.sleep, time.monotonic, threading.Event.wait, imported_sleep
    wall_time = time.time()
    with FlinkMock(BATCH_JOB, clock="virtual") as flink, ClusterTime(flink) as cluster_time:
        time.sleep(3600)
        assert poll_until_finished(flink.url) == 1
        assert cluster_time.elapsed == 3600 * NS_PER_S
    assert (time.sleep, time.monotonic, threading.Event.wait, imported_sleep) == functions
    assert time.time() - wall_time < 3000


def test_threads_of_a_client_follow_the_cluster(flinkmock, flinkmock_time) -> None:
    stopped = threading.Event()
    beat_times: list[int] = []

    def beat() -> None:
        while not stopped.wait(10):
            beat_times.append(flinkmock_time.elapsed // NS_PER_S)

    thread = threading.Thread(target=beat)
    thread.start()
    for _ in range(7):
        time.sleep(5)
    stopped.set()
    thread.join()
    assert beat_times == [10, 20, 30]


def test_clocks_that_are_not_virtual_are_rejected() -> None:
    with FlinkMock(clock="1s per request") as flink:
        with pytest.raises(InvalidArgument, match='a virtual clock only, not of "1s per request"'), ClusterTime(flink):
            pass
        assert time.sleep.__module__ == "time"


def test_only_one_fake_time_can_be_active() -> None:
    with (
        ClusterTime(),
        pytest.raises(InvalidArgument, match="Clients already follow the time of clusters"),
        ClusterTime(),
    ):
        pass
    with (
        freezegun.freeze_time("2026-02-03"),
        pytest.raises(InvalidArgument, match=r"another fake time: .*freezegun"),
        ClusterTime(),
    ):
        pass
