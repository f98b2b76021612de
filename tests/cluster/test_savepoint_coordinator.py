"""The results of savepoints, stops with a savepoint and disposals, and what happens to the job."""

from pathlib import Path

import pytest

from flinkmock.cluster.errors import TriggerNotFound
from flinkmock.cluster.restore import RestoreSettings
from flinkmock.cluster.savepoint_request import SavepointRequest
from flinkmock.cluster.spec import CheckpointSpec, ClusterOperationSpec, Step
from flinkmock.flink.java_exception import JavaException
from flinkmock.named_random import UNBOUNDED
from flinkmock.release import Release
from flinkmock.scenario import load_scenario
from tests.cluster.cluster_factory import FLINK_1_12, FLINK_2_3, ClusterHarness, job, ms

TRIGGER_ID, OTHER_TRIGGER_ID = "a" * 32, "b" * 32
DIRECTORY = "file:///flink/savepoints"


def savepoint_request(
    job_id: str, trigger_id: str = TRIGGER_ID, directory: str = DIRECTORY, *, cancels_job: bool = False
) -> SavepointRequest:
    return SavepointRequest(job_id=job_id, trigger_id=trigger_id, directory=directory, cancels_job=cancels_job)


def failing_operation(duration: int) -> ClusterOperationSpec:
    """Return an operation whose first call fails after `duration` ms."""
    return ClusterOperationSpec(ms(duration), fails=frozenset({1}))


@pytest.fixture
def harness(tmp_path: Path) -> ClusterHarness:
    """Return a cluster with a running job, whose savepoints take 300 ms."""
    harness = ClusterHarness(tmp_path, job(), cluster_operations={"savepoint": ClusterOperationSpec(ms(300))})
    harness.advance(2_000)
    return harness


def test_a_savepoint_is_in_progress_then_completed(harness: ClusterHarness) -> None:
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.trigger_savepoint(savepoint_request(orders.id), harness.now)
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    assert not operation.is_done_at(harness.now)
    harness.advance(300)
    assert operation.is_done_at(harness.now)
    location = operation.result["location"]
    assert location.startswith(f"file:/flink/savepoints/savepoint-{orders.id[:6]}-")
    assert orders.checkpoints.latest_savepoint_at(harness.now).path == location
    assert orders.state == "RUNNING"


@pytest.mark.parametrize(
    ("operations", "duration_ms"),
    [("", 5_000), ("savepoint: {fails: [9]}", 5_000), ("savepoint: 1s", 1_000), ("savepoint: {duration: 1s}", 1_000)],
)
def test_without_a_duration_a_savepoint_takes_as_long_as_a_checkpoint(
    tmp_path: Path, operations: str, duration_ms: int
) -> None:
    scenario = load_scenario(f"operations: {{{operations}}}")
    checkpoints = CheckpointSpec(every=10_000, duration=ms(5_000))
    harness = ClusterHarness(tmp_path, job(checkpoints=checkpoints), cluster_operations=scenario.cluster_operations)
    harness.advance(2_000)
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.trigger_savepoint(savepoint_request(orders.id), harness.now)
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    harness.advance(duration_ms - 1)
    assert not operation.is_done_at(harness.now)
    harness.advance(1)
    assert operation.is_done_at(harness.now)


def test_a_savepoint_expires_if_checkpoints_last_forever(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(checkpoints=CheckpointSpec(duration=UNBOUNDED)))
    harness.advance(2_000)
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.trigger_savepoint(savepoint_request(orders.id), harness.now)
    harness.advance(600_000)
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    assert "Checkpoint expired before completing" in str(operation.failure)


def test_the_same_trigger_id_triggers_one_savepoint(harness: ClusterHarness) -> None:
    orders = harness.cluster.job_named("orders")
    for _ in range(2):
        harness.cluster.savepoints.trigger_savepoint(savepoint_request(orders.id), harness.now)
        harness.advance(100)
    harness.advance(1_000)
    assert sum(checkpoint.is_savepoint for checkpoint in orders.checkpoints.tracked) == 1


def test_a_result_is_forgotten_after_the_store_duration(harness: ClusterHarness) -> None:
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.trigger_savepoint(savepoint_request(orders.id), harness.now)
    harness.advance(300 + 300_000 - 1)
    harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    harness.advance(1)
    with pytest.raises(TriggerNotFound):
        harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)


def test_a_savepoint_of_an_unknown_job_fails_within_a_few_ms(harness: ClusterHarness) -> None:
    harness.cluster.savepoints.trigger_savepoint(savepoint_request("0" * 32), harness.now)
    harness.advance(5)
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, "0" * 32, harness.now)
    assert str(operation.failure) == (
        "java.util.concurrent.CompletionException: org.apache.flink.runtime.messages.FlinkJobNotFoundException: "
        f"Could not find Flink job ({'0' * 32})"
    )


def test_stopping_finishes_the_job_when_the_operation_is_done(harness: ClusterHarness) -> None:
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.stop_with_savepoint(savepoint_request(orders.id), harness.now)
    harness.advance(1_000)
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    assert orders.state == "FINISHED"
    assert orders.ended_at(harness.now) == operation.done_at
    assert harness.cluster.savepoints.store.find(operation.result["location"], harness.now) is not None


def test_a_disposed_savepoint_of_a_stop_does_not_come_back(harness: ClusterHarness) -> None:
    orders, savepoints = harness.cluster.job_named("orders"), harness.cluster.savepoints
    savepoints.stop_with_savepoint(savepoint_request(orders.id), harness.now)
    path = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now).result["location"]
    while savepoints.store.find(path, harness.now) is None:
        harness.advance(1)
    assert orders.state == "RUNNING"
    savepoints.dispose(path, OTHER_TRIGGER_ID, harness.now)
    harness.advance(1_000)
    assert orders.state == "FINISHED"
    assert savepoints.store.find(path, harness.now) is None


def test_a_cancellation_fails_a_pending_stop(harness: ClusterHarness) -> None:
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.stop_with_savepoint(savepoint_request(orders.id), harness.now)
    harness.advance(5)
    harness.cluster.state_machines.cancel(orders, harness.now)
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    assert str(operation.failure).endswith("CheckpointException: Checkpoint Coordinator is suspending.")
    harness.advance(1_000)
    assert orders.state == "CANCELED"


def test_cancel_with_savepoint_cancels_the_job_when_the_savepoint_is_complete(harness: ClusterHarness) -> None:
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.trigger_savepoint(savepoint_request(orders.id, cancels_job=True), harness.now)
    harness.advance(299)
    assert orders.state == "RUNNING"
    harness.advance(1_000)
    assert orders.state == "CANCELED"


def test_a_stop_that_the_scenario_makes_fail_leaves_the_job_running(tmp_path: Path) -> None:
    expired = JavaException("org.apache.flink.runtime.checkpoint.CheckpointException", "Checkpoint expired.")
    stop = ClusterOperationSpec(ms(200), fails=frozenset({1}), exception=expired)
    harness = ClusterHarness(tmp_path, job(), cluster_operations={"stop-with-savepoint": stop})
    harness.advance(2_000)
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.stop_with_savepoint(savepoint_request(orders.id), harness.now)
    harness.advance(1_000)
    assert orders.state == "RUNNING"
    assert harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now).failure is not None
    harness.cluster.savepoints.stop_with_savepoint(savepoint_request(orders.id, OTHER_TRIGGER_ID), harness.now)
    harness.advance(1_000)
    assert orders.state == "FINISHED"


@pytest.mark.parametrize("duration", ["300ms", "signal go"])
def test_a_savepoint_fails_with_an_exception_without_a_message(tmp_path: Path, duration: str) -> None:
    scenario = load_scenario(
        f"operations: {{savepoint: {{duration: {duration}, fails: [1], exception: {{class: java.io.IOException}}}}}}"
    )
    harness = ClusterHarness(tmp_path, job(), cluster_operations=scenario.cluster_operations)
    harness.advance(2_000)
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.trigger_savepoint(savepoint_request(orders.id), harness.now)
    if duration == "signal go":
        harness.cluster.signal("go", harness.now)
    harness.advance(1_000)
    assert orders.checkpoints.latest_savepoint_at(harness.now) is None
    assert orders.checkpoints.failed_checkpoints_at(harness.now)[-1].failure == "Task has failed."
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    assert str(operation.failure).endswith("CompletionException: java.io.IOException")


@pytest.mark.parametrize("operation_spec", [ClusterOperationSpec(UNBOUNDED), failing_operation(500_000)])
def test_a_savepoint_that_would_fail_later_fails_when_its_job_is_cancelled(
    tmp_path: Path, operation_spec: ClusterOperationSpec
) -> None:
    harness = ClusterHarness(tmp_path, job(), cluster_operations={"savepoint": operation_spec})
    harness.advance(2_000)
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.trigger_savepoint(savepoint_request(orders.id), harness.now)
    harness.advance(60_000)
    harness.cluster.state_machines.cancel(orders, harness.now)
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    for _ in range(2):
        assert operation.is_done_at(harness.now)
        assert str(operation.failure).endswith("CheckpointException: Checkpoint Coordinator is suspending.")
        harness.advance(200_000)


def test_a_stop_that_expires_leaves_no_savepoint_and_the_job_running(tmp_path: Path) -> None:
    stop = ClusterOperationSpec(UNBOUNDED, fails=frozenset({1}), leaves_savepoint=True)
    harness = ClusterHarness(tmp_path, job(), cluster_operations={"stop-with-savepoint": stop})
    harness.advance(2_000)
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.stop_with_savepoint(savepoint_request(orders.id), harness.now)
    harness.advance(600_000)
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    assert str(operation.failure).endswith("CheckpointException: Checkpoint expired before completing.")
    assert orders.checkpoints.latest_savepoint_at(harness.now) is None
    assert orders.state == "RUNNING"


@pytest.mark.parametrize("release", [FLINK_2_3, FLINK_1_12], ids=str)
def test_a_stop_is_not_complete_before_its_job_has_finished(tmp_path: Path, release: Release) -> None:
    """On 1.12.5, too, it fails if a task fails after the savepoint (situations: failing stop restarts: poll stop)."""
    stop = ClusterOperationSpec(ms(1_000))
    harness = ClusterHarness(tmp_path, job(), release=release, cluster_operations={"stop-with-savepoint": stop})
    harness.advance(2_000)
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.stop_with_savepoint(savepoint_request(orders.id), harness.now)
    harness.advance(900)
    assert orders.checkpoints.latest_savepoint_at(harness.now) is not None
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    assert not operation.is_done_at(harness.now)
    harness.cluster.state_machines.fail(orders, harness.now)
    assert not operation.is_done_at(harness.now)
    harness.advance(10)
    assert operation.is_done_at(harness.now) and operation.failure is not None


@pytest.mark.parametrize("directory", ["nosuch://x/y", "file:///proc/no/such"])
def test_a_savepoint_fails_if_its_directory_cannot_be_created(harness: ClusterHarness, directory: str) -> None:
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.trigger_savepoint(savepoint_request(orders.id, TRIGGER_ID, directory), harness.now)
    harness.advance(5)
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    assert "IO-problem detected." in str(operation.failure)
    assert orders.checkpoints.failed_checkpoints_at(harness.now)[-1].is_savepoint


@pytest.mark.parametrize("directory", ["nosuch://x/y", "//host/x"])
def test_a_stop_that_fails_because_of_its_directory_is_a_failed_sync_savepoint(
    harness: ClusterHarness, directory: str
) -> None:
    """Recorded on 1.17.2 (situations: directories: checkpoints)."""
    orders = harness.cluster.job_named("orders")
    request = SavepointRequest(job_id=orders.id, trigger_id=TRIGGER_ID, directory=directory, format="NATIVE")
    harness.cluster.savepoints.stop_with_savepoint(request, harness.now)
    harness.advance(5)
    failed = orders.checkpoints.failed_checkpoints_at(harness.now)[-1]
    assert (failed.kind, failed.format) == ("SYNC_SAVEPOINT", "NATIVE")


def test_a_target_directory_with_a_host_but_without_a_scheme_fails_a_task(harness: ClusterHarness) -> None:
    """On 2.3.0 and 1.20.5, the JobManager creates `/x`, and the tasks try to write to `file://host/x`."""
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.trigger_savepoint(savepoint_request(orders.id, TRIGGER_ID, "//host/x"), harness.now)
    harness.advance(5)
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    failed = orders.checkpoints.failed_checkpoints_at(harness.now)[-1]
    texts = [exception.message or "" for exception in operation.failure.chain()]
    assert texts[1] == failed.failure == "Task has failed."
    task = f"{orders.graph.vertices[0].name} (1/1)#0"
    assert texts[2] == f"Task name with subtask : {task} Failure reason: Task has failed."
    assert texts[3] == f"Could not perform checkpoint {failed.id} for operator {task}."
    assert texts[-1].startswith(f"Found local file path with authority 'host' in path '{failed.path}'. Hint: ")
    assert orders.state == "RESTARTING"
    assert orders.failures[-1].exception.message == texts[3]


def test_a_target_directory_with_a_host_but_without_a_scheme_succeeds_in_1_12(tmp_path: Path) -> None:
    """On 1.12.5, the JobManager writes the state, not the tasks. The location is `file://host/x/savepoint-…`."""
    harness = ClusterHarness(tmp_path, job(), release=FLINK_1_12)
    harness.advance(2_000)
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.trigger_savepoint(savepoint_request(orders.id, TRIGGER_ID, "//host/x"), harness.now)
    harness.advance(1_000)
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    assert operation.result["location"].startswith("file://host/x/savepoint-")
    assert orders.state == "RUNNING"


def test_a_restored_job_continues_the_checkpoint_ids(harness: ClusterHarness) -> None:
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.stop_with_savepoint(savepoint_request(orders.id), harness.now)
    harness.advance(1_000)
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    restored_job = harness.cluster.submit(
        job(name="restored"), harness.now, restore_settings=RestoreSettings(operation.result["location"])
    )
    harness.advance(5_000)
    savepoint = restored_job.checkpoints.latest_restored_at(harness.now)
    assert savepoint is not None and savepoint.is_savepoint
    assert restored_job.checkpoints.history_at(harness.now)[-1].id == savepoint.id + 1


def trigger(harness: ClusterHarness, kind: str) -> None:
    """Trigger an operation of the job `orders`: "savepoint", "savepoint, cancel" or "stop"."""
    request = savepoint_request(harness.cluster.job_named("orders").id, cancels_job=kind == "savepoint, cancel")
    if kind == "stop":
        harness.cluster.savepoints.stop_with_savepoint(request, harness.now)
    else:
        harness.cluster.savepoints.trigger_savepoint(request, harness.now)


def all_locations_can_be_restored(harness: ClusterHarness) -> bool:
    """Return whether the store has each savepoint whose location a response contains now."""
    orders, savepoints = harness.cluster.job_named("orders"), harness.cluster.savepoints
    operation = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now)
    completed = orders.checkpoints.completed_checkpoints_at(harness.now)
    paths = [checkpoint.path for checkpoint in completed if checkpoint.is_savepoint]
    if operation.is_done_at(harness.now) and operation.failure is None:
        paths.append(operation.result["location"])
    return all(savepoints.store.find(path, harness.now) is not None for path in paths)


@pytest.mark.parametrize("kind", ["savepoint", "savepoint, cancel", "stop"])
@pytest.mark.parametrize("release", [FLINK_2_3, FLINK_1_12], ids=str)
def test_a_savepoint_can_be_restored_as_soon_as_a_response_contains_its_location(
    tmp_path: Path, release: Release, kind: str
) -> None:
    operations = {"savepoint": ClusterOperationSpec(ms(10)), "stop-with-savepoint": ClusterOperationSpec(ms(10))}
    harness = ClusterHarness(tmp_path, job(), release=release, cluster_operations=operations)
    harness.advance(2_000)
    trigger(harness, kind)
    for _ in range(20):
        harness.advance(1)
        assert all_locations_can_be_restored(harness)


@pytest.mark.parametrize("kind", ["savepoint", "savepoint, cancel", "stop"])
@pytest.mark.parametrize("release", [FLINK_2_3, FLINK_1_12], ids=str)
@pytest.mark.parametrize("ends_after", range(1, 13))
def test_a_complete_savepoint_outlives_its_job(tmp_path: Path, ends_after: int, release: Release, kind: str) -> None:
    """The job fails at each ms while the operation is in progress, and in the ms in which it would complete."""
    operations = {"savepoint": ClusterOperationSpec(ms(10)), "stop-with-savepoint": ClusterOperationSpec(ms(10))}
    lifecycle = (Step("RUNNING", ms(2_000 + ends_after)), Step("FAILING", ms(1)), Step("FAILED"))
    harness = ClusterHarness(tmp_path, job(*lifecycle), release=release, cluster_operations=operations)
    harness.advance(1)
    harness.advance(harness.cluster.job_named("orders").states[-1][0] + 2_000 - harness.now)
    trigger(harness, kind)
    for _ in range(20):
        harness.advance(1)
        assert all_locations_can_be_restored(harness)
    harness.advance(60_000)
    assert harness.cluster.job_named("orders").has_ended


def test_restoring_from_a_missing_savepoint_fails_the_job(harness: ClusterHarness) -> None:
    lost = harness.cluster.submit(
        job(name="lost"), harness.now, restore_settings=RestoreSettings("file:///no/such/savepoint")
    )
    assert lost.state == "FAILED"
    assert not lost.has_graph_at(harness.now)


@pytest.mark.parametrize(("release", "text"), [(FLINK_2_3, "FlinkException: "), (FLINK_1_12, "CompletionException: ")])
def test_the_second_disposal_of_a_savepoint_fails(tmp_path: Path, release: Release, text: str) -> None:
    harness = ClusterHarness(tmp_path, job(), release=release)
    harness.advance(2_000)
    orders = harness.cluster.job_named("orders")
    harness.cluster.savepoints.trigger_savepoint(savepoint_request(orders.id), harness.now)
    harness.advance(1_000)
    path = harness.cluster.async_operations.get("savepoint", TRIGGER_ID, orders.id, harness.now).result["location"]
    for trigger_id in (TRIGGER_ID, OTHER_TRIGGER_ID):
        harness.cluster.savepoints.dispose(path, trigger_id, harness.now)
        harness.advance(1_000)
    assert harness.cluster.async_operations.get("disposal", TRIGGER_ID, None, harness.now).failure is None
    failure = harness.cluster.async_operations.get("disposal", OTHER_TRIGGER_ID, None, harness.now).failure
    assert text in str(failure) and f"Could not dispose savepoint {path}." in str(failure)
