"""`FlinkMock`: starts and stops a cluster, for sync and async clients."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import aiohttp
import httpx
import pytest
import requests

from flinkmock import FlinkMock, ScenarioError, UnknownRelease, known_releases
from flinkmock.errors import FlinkMockError, InvalidArgument, NotRunning
from tests.timeouts import TEST_TIMEOUT_S


def test_a_sync_client_gets_responses() -> None:
    with FlinkMock() as cluster:
        assert requests.get(cluster.url + "/overview", timeout=TEST_TIMEOUT_S).json()["slots-total"] == 4


async def test_concurrent_requests_of_aiohttp_get_responses() -> None:
    async with FlinkMock() as cluster, aiohttp.ClientSession(cluster.url) as session:
        bodies = await asyncio.gather(*(overview(session) for _ in range(20)))
    assert [body["slots-total"] for body in bodies] == [4] * 20


async def overview(session: aiohttp.ClientSession) -> dict[str, int]:
    async with session.get("/overview") as response:
        body: dict[str, int] = await response.json()
        return body


async def test_an_async_client_of_httpx_gets_responses() -> None:
    async with FlinkMock() as cluster, httpx.AsyncClient(base_url=cluster.url) as client:
        assert (await client.get("/jobs")).json() == {"jobs": []}


@pytest.mark.parametrize("release", known_releases())
def test_every_release_is_served(release: str) -> None:
    with FlinkMock(flink=release) as cluster:
        version = requests.get(cluster.url + "/config", timeout=TEST_TIMEOUT_S).json()["flink-version"]
    assert version.startswith(f"{release}.")


def test_several_clusters_are_independent() -> None:
    with FlinkMock({"jobs": {"a": "streaming"}}) as first, FlinkMock({"jobs": {"b": "streaming"}}) as second:
        assert first.url != second.url
        names = [
            requests.get(cluster.url + "/jobs/overview", timeout=TEST_TIMEOUT_S).json()["jobs"][0]["name"]
            for cluster in (first, second)
        ]
    assert names == ["a", "b"]


def test_equal_seeds_give_equal_bytes() -> None:
    def responses(seed: int) -> list[bytes]:
        with FlinkMock({"jobs": {"a": "streaming"}}, seed=seed, start_time="2026-01-01") as cluster:
            job_id = requests.get(cluster.url + "/jobs", timeout=TEST_TIMEOUT_S).json()["jobs"][0]["id"]
            paths = ("/jobs/overview", f"/jobs/{job_id}", f"/jobs/{job_id}/checkpoints", "/taskmanagers")
            return [requests.get(cluster.url + path, timeout=TEST_TIMEOUT_S).content for path in paths]

    assert responses(1) == responses(1)
    assert responses(1) != responses(2)


def test_each_request_advances_the_default_clock_by_a_second() -> None:
    with FlinkMock({"jobs": {"report": "batch"}}) as cluster:
        poll_count = 0
        while (
            requests.get(cluster.url + "/jobs/overview", timeout=TEST_TIMEOUT_S).json()["jobs"][0]["state"]
            != "FINISHED"
        ):
            poll_count += 1
            assert poll_count < 100
    assert 25 < poll_count < 35


def test_a_virtual_clock_does_not_advance_with_requests() -> None:
    with FlinkMock({"jobs": {"report": "batch"}}, clock="virtual") as cluster:
        states_before = set()
        for _ in range(50):
            states_before.add(
                requests.get(cluster.url + "/jobs/overview", timeout=TEST_TIMEOUT_S).json()["jobs"][0]["state"]
            )
        time_before = cluster.clock.now()
        assert cluster.advance("1h") == time_before + 3_600_000
        state_after = requests.get(cluster.url + "/jobs/overview", timeout=TEST_TIMEOUT_S).json()["jobs"][0]["state"]
    assert "FINISHED" not in states_before
    assert state_after == "FINISHED"


def test_the_model_can_be_read() -> None:
    with FlinkMock({"jobs": {"orders": "streaming"}}) as flink, flink.engine.lock:
        assert flink.cluster.job_named("orders").state in ("INITIALIZING", "CREATED", "RUNNING")


def test_a_cluster_listens_on_the_given_port() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with FlinkMock(port=port) as cluster:
        assert cluster.url == f"http://127.0.0.1:{port}"
        with pytest.raises(FlinkMockError, match=str(port)):
            FlinkMock(port=port).start()


def test_a_cluster_can_be_started_and_closed_repeatedly() -> None:
    cluster = FlinkMock()
    assert repr(cluster) == "<FlinkMock, not running>"
    for _ in range(3):
        cluster.start()
        cluster.start()
        assert requests.get(cluster.url + "/overview", timeout=TEST_TIMEOUT_S).ok
        cluster.close()
        cluster.close()
    with pytest.raises(NotRunning, match="is not running"):
        _ = cluster.url


def test_no_threads_and_no_files_but_a_lock_remain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    thread_count = threading.active_count()
    with FlinkMock() as cluster:
        assert not list(tmp_path.iterdir())
        requests.post(
            cluster.url + "/jars/upload", files={"jarfile": ("a.jar", b"")}, timeout=TEST_TIMEOUT_S
        ).raise_for_status()
        assert list(tmp_path.iterdir())
        assert threading.active_count() > thread_count
        url = cluster.url
    files = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert files == ["lock"]  # the folder of this process is removed when the process ends
    assert threading.active_count() == thread_count
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=TEST_TIMEOUT_S)


def test_a_cluster_stops_although_a_client_keeps_its_connection() -> None:
    with requests.Session() as session:
        with FlinkMock() as cluster:
            url = cluster.url
            session.get(url + "/overview", timeout=TEST_TIMEOUT_S)
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=TEST_TIMEOUT_S)


def test_start_rejects_invalid_arguments() -> None:
    with pytest.raises(UnknownRelease, match="Unknown Flink release"):
        FlinkMock(flink="0.9").start()
    with pytest.raises(ScenarioError, match="streming"):
        FlinkMock({"jobs": {"a": "streming"}}).start()
    with pytest.raises(InvalidArgument, match="is not a clock"):
        FlinkMock(clock="sundial").start()


def test_a_cluster_that_was_never_started_has_no_engine() -> None:
    with pytest.raises(NotRunning, match="never started"):
        _ = FlinkMock().engine


@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
def test_a_port_that_does_not_exist_is_rejected(port: int) -> None:
    with pytest.raises(InvalidArgument, match=f"^{port} is not a port"):
        FlinkMock(port=port).start()
