"""Snapshots: a restored cluster has the same responses, time, files, faults and journal as before."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from flinkmock import FlinkMock, load_scenario
from flinkmock.cluster.errors import JobNotFound
from flinkmock.errors import InvalidArgument
from flinkmock.jar import small_jar
from tests.timeouts import TEST_TIMEOUT_S

SCENARIO = """
clock: virtual
cluster: {taskmanagers: 2, slots: 4}
jobs:
  orders: {extends: streaming, operations: {savepoint: 3s}}
  later:
    lifecycle: [{RUNNING: signal go}, FINISHED]
faults:
  - {name: first, match: GET /overview, times: 1, reply: leader-unavailable}
"""


@pytest.fixture
def mock() -> Iterator[FlinkMock]:
    with FlinkMock(SCENARIO) as cluster:
        cluster.advance("20s")
        yield cluster


def all_responses(mock: FlinkMock) -> list[bytes]:
    """Return the bodies of the responses that show the state of the cluster."""
    with httpx.Client(base_url=mock.url) as client:
        job_ids = [job["id"] for job in client.get("/jobs").json()["jobs"]]
        paths = ["/jobs/overview", "/taskmanagers", "/jars", "/jobmanager/log"]
        paths += [
            f"/jobs/{job_id}{suffix}" for job_id in job_ids for suffix in ("", "/checkpoints", "/exceptions", "/config")
        ]
        return [client.get(path).content.replace(mock.url.encode(), b"") for path in paths]


def upload(mock: FlinkMock, name: str = "orders.jar", content: bytes | None = None) -> str:
    """Upload a jar, and return its id."""
    files = {"jarfile": (name, small_jar() if content is None else content, "application/x-java-archive")}
    response: str = httpx.post(f"{mock.url}/jars/upload", files=files).json()["filename"]
    return response.rpartition("/")[2]


def change_cluster(mock: FlinkMock) -> None:
    """Run, fail and cancel jobs, take a savepoint, lose a TaskManager and send a signal."""
    jar_id = upload(mock, "other.jar")
    httpx.post(f"{mock.url}/jars/{jar_id}/run")
    orders = mock.job("orders")
    httpx.post(f"{mock.url}/jobs/{orders.id}/savepoints", json={"target-directory": "file:///s"})
    mock.advance("10s")
    orders.fail("failure")
    mock.taskmanagers.lose()
    mock.advance("1m")
    mock.signal("go")
    mock.advance("1h")
    orders.cancel()
    mock.advance("1m")


def test_a_restored_cluster_sends_the_same_responses_and_continues_in_the_same_way(mock: FlinkMock) -> None:
    snapshot = mock.snapshot()
    responses, time = all_responses(mock), mock.clock.now()
    change_cluster(mock)
    later_responses = all_responses(mock)
    assert later_responses != responses
    for _ in range(2):
        mock.restore(snapshot)
        assert mock.clock.now() == time
        assert all_responses(mock) == responses
        change_cluster(mock)
        assert all_responses(mock) == later_responses


def test_several_snapshots_are_independent(mock: FlinkMock) -> None:
    early_snapshot, early_responses = mock.snapshot(), all_responses(mock)
    change_cluster(mock)
    late_snapshot, late_responses = mock.snapshot(), all_responses(mock)
    mock.restore(early_snapshot)
    assert all_responses(mock) == early_responses
    mock.restore(late_snapshot)
    assert all_responses(mock) == late_responses


def test_an_operation_in_progress_continues_after_a_restore(mock: FlinkMock) -> None:
    job_url = f"{mock.url}/jobs/{mock.job('orders').id}"
    trigger_id = httpx.post(f"{job_url}/savepoints", json={"target-directory": "file:///s"}).json()["request-id"]

    def status() -> Any:
        return httpx.get(f"{job_url}/savepoints/{trigger_id}").json()["status"]["id"]

    mock.advance("2s")
    snapshot = mock.snapshot()
    for _ in range(2):
        assert status() == "IN_PROGRESS"
        mock.advance("2s")
        assert status() == "COMPLETED"
        mock.restore(snapshot)


def test_jars_are_restored_with_their_files(mock: FlinkMock) -> None:
    jar_id = upload(mock, "orders.jar", small_jar("org.example.Orders"))
    snapshot = mock.snapshot()
    httpx.delete(f"{mock.url}/jars/{jar_id}")
    assert httpx.post(f"{mock.url}/jars/{jar_id}/run").status_code != 200
    mock.restore(snapshot)
    [jar] = httpx.get(f"{mock.url}/jars").json()["files"]
    assert (jar["id"], jar["entry"][0]["name"]) == (jar_id, "org.example.Orders")
    assert httpx.post(f"{mock.url}/jars/{jar_id}/run").status_code == 200


def test_a_jar_uploaded_after_a_restore_does_not_replace_the_jar_of_another_snapshot(
    mock: FlinkMock, tmp_path: Path
) -> None:
    snapshot_without_jars = mock.snapshot()
    first_jar_id = upload(mock, "app.jar", small_jar("org.example.One"))
    snapshot_with_first_jar = mock.snapshot()
    mock.restore(snapshot_without_jars)
    second_jar_id = upload(mock, "app.jar", small_jar("org.example.Other"))
    assert second_jar_id == first_jar_id  # the same seed gives the same id
    mock.restore(snapshot_with_first_jar)
    [jar] = mock.cluster.jars.newest_first()
    assert jar.path.read_bytes() == small_jar("org.example.One")
    assert [file.name for file in jar.path.parent.iterdir()] == [jar.path.name]  # the second jar is deleted


def test_faults_and_their_hits_are_restored(mock: FlinkMock) -> None:
    snapshot = mock.snapshot()
    for _ in range(2):
        mock.faults.add(*load_scenario({"faults": [{"name": "second", "drop": "reset"}]}).faults)
        assert httpx.get(f"{mock.url}/overview").status_code == 503
        assert mock.faults.hits("first") == 1
        mock.restore(snapshot)
        assert mock.faults.hits("first") == 0
        assert len(mock.faults) == 1


def test_functions_that_handle_operations_are_restored(mock: FlinkMock) -> None:
    status_url = f"{mock.url}/jobs/{mock.job('orders').id}/status"
    mock.on("GET /jobs/:jobid/status")(lambda call: {"status": "SUSPENDED"})
    snapshot = mock.snapshot()
    mock.on("GET /jobs/:jobid/status")(lambda call: {"status": "FAILED"})
    assert httpx.get(status_url).json() == {"status": "FAILED"}
    mock.restore(snapshot)
    assert httpx.get(status_url).json() == {"status": "SUSPENDED"}


def test_a_restore_removes_later_requests_from_the_journal(mock: FlinkMock) -> None:
    httpx.get(f"{mock.url}/config")
    snapshot = mock.snapshot()
    httpx.get(f"{mock.url}/jobs")
    mock.restore(snapshot)
    httpx.get(f"{mock.url}/taskmanagers")
    assert [(exchange.number, exchange.target) for exchange in mock.requests] == [(1, "/config"), (2, "/taskmanagers")]


def test_a_real_clock_continues_from_the_restored_time() -> None:
    with FlinkMock({"jobs": {"orders": "streaming"}}, clock="real") as mock:
        snapshot = mock.snapshot()
        mock.advance("5h")
        mock.restore(snapshot)
        assert snapshot.at <= mock.clock.now() < snapshot.at + 3_600_000


def test_a_job_control_is_valid_after_a_restore_unless_its_job_is_gone(mock: FlinkMock) -> None:
    snapshot = mock.snapshot()
    orders = mock.job("orders")
    orders.cancel()
    mock.advance("1m")
    jar_id = upload(mock)
    httpx.post(f"{mock.url}/jars/{jar_id}/run")
    [new_job] = [job for job in mock.cluster.jobs.values() if job.name not in ("orders", "later")]
    new_job_control = mock.job(new_job.name)
    mock.restore(snapshot)
    assert orders.state == "RUNNING"
    with pytest.raises(JobNotFound):
        _ = new_job_control.state


def test_a_restore_brings_back_a_leader_that_crashed() -> None:
    scenario = {
        "cluster": {"jobmanagers": 2, "config": {"high-availability.type": "zookeeper"}},
        "jobs": {"orders": "streaming"},
    }
    with FlinkMock(scenario, clock="virtual") as mock:
        mock.advance("1m")
        snapshot, responses, orders = mock.snapshot(), all_responses(mock), mock.job("orders")
        for _ in range(2):
            mock.jobmanagers.crash_leader("5s")
            mock.advance("1m")
            assert mock.jobmanagers.leader == 1
            assert orders.state == "RUNNING"  # recovered with the same id by the next leader
            mock.restore(snapshot)
            assert mock.jobmanagers.leader == 0
            assert all_responses(mock) == responses


def test_a_restore_restarts_a_cluster_that_a_client_has_shut_down(mock: FlinkMock) -> None:
    snapshot, url = mock.snapshot(), mock.url
    assert httpx.delete(f"{mock.url}/cluster").status_code == 200
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{mock.url}/config")
    mock.restore(snapshot)
    assert mock.url == url
    assert httpx.get(f"{url}/config").status_code == 200


def test_delayed_responses_are_dropped_by_a_restore(mock: FlinkMock) -> None:
    snapshot = mock.snapshot()
    mock.faults.add(*load_scenario({"faults": [{"name": "slow", "delay": "1h"}]}).faults)
    with ThreadPoolExecutor(1) as pool:
        response_future = pool.submit(httpx.get, f"{mock.url}/config", timeout=TEST_TIMEOUT_S)
        mock.requests.wait_for("GET /config", timeout=TEST_TIMEOUT_S)
        mock.restore(snapshot)
        assert isinstance(response_future.exception(), httpx.TransportError)
    assert httpx.get(f"{mock.url}/config").status_code == 200


def test_a_snapshot_can_be_restored_only_in_its_cluster(mock: FlinkMock) -> None:
    with FlinkMock(SCENARIO) as other, pytest.raises(InvalidArgument, match="another cluster"):
        other.restore(mock.snapshot())
