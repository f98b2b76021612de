"""A cluster forgets what no response can show, so that its memory does not grow with the number of requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from flinkmock import limits
from flinkmock.cluster.async_operations import AsyncOperation, AsyncOperationKind, AsyncOperations
from flinkmock.cluster.job_store import KEPT_AFTER_FORGETTING_MS
from flinkmock.cluster.slots import SLOT_HISTORY_MS, SlotTable
from flinkmock.cluster.spec import Step
from flinkmock.cluster.taskmanager import TaskManager
from tests.cluster.cluster_factory import ClusterHarness, job, ms
from tests.cluster.test_savepoint_coordinator import savepoint_request

TTL_MS = 300_000


def test_slots_of_ended_jobs_are_forgotten(tmp_path: Path) -> None:
    taskmanagers: list[TaskManager] = ClusterHarness(tmp_path, job()).cluster.taskmanagers.all
    slots = SlotTable()
    for number in range(20):
        at = number * SLOT_HISTORY_MS
        slots.allocate(f"job {number}", 1, taskmanagers, at)
        slots.release(at + 1, job_id=f"job {number}")
        assert len(slots.held(at, job_id=f"job {number}")) == 1
        assert len(slots._by_job) <= 2


def test_expired_operations_are_removed_without_a_poll() -> None:
    operations = AsyncOperations(TTL_MS)
    for number in range(10_000):
        at = number * 1_000
        done_at = None if number == 0 else at  # the first operation does not end, so it does not expire
        operations.add(AsyncOperation(AsyncOperationKind.SAVEPOINT, f"{number}", None, at, done_at, {}))
    assert len(operations._by_key) < 2_000
    assert operations.get(AsyncOperationKind.SAVEPOINT, "0", None, at).done_at is None
    assert len(operations.unexpired_at(at)) == TTL_MS // 1_000 + 1


def test_the_oldest_savepoints_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SAVEPOINTS", 3)
    harness = ClusterHarness(tmp_path, job())
    harness.advance(2_000)
    orders, paths = harness.cluster.job_named("orders"), []
    for number in range(5):
        trigger_id = f"{number:032}"
        harness.cluster.savepoints.trigger_savepoint(savepoint_request(orders.id, trigger_id), harness.now)
        harness.advance(60_000)
        kind = AsyncOperationKind.SAVEPOINT
        operation = harness.cluster.async_operations.get(kind, trigger_id, orders.id, harness.now)
        paths.append(operation.result["location"])
    stored_paths = [path for path in paths if harness.cluster.savepoints.store.find(path, harness.now) is not None]
    assert stored_paths == paths[2:]


def test_the_oldest_forgotten_jobs_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FORGOTTEN_JOBS", 3)
    configuration = {"jobstore.max-capacity": "2"}
    harness = ClusterHarness(tmp_path, configuration=configuration)
    cluster, steps = harness.cluster, (Step("RUNNING", ms(3_600_000)), Step("FINISHED"))
    ids = []
    for number in range(12):
        ids.append(cluster.submit(job(*steps, name=f"job {number}"), harness.now).id)
        harness.advance(1_000)
        cluster.state_machines.cancel(cluster.jobs[ids[-1]], harness.now)
        harness.advance(KEPT_AFTER_FORGETTING_MS)
    assert list(cluster.jobs) == list(cluster.applications) == ids[-5:]
    assert [job_id for job_id in cluster.jobs if cluster.jobs[job_id].is_known_at(harness.now)] == ids[-2:]
    harness.advance(3_600_000)  # the planned end of the removed jobs
    assert list(cluster.jobs) == ids[-5:]
