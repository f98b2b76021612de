"""Savepoints, stopping, checkpoints on demand, disposal and data sets, as clients see them."""

from __future__ import annotations

import base64

import pytest

from flinkmock.cluster.errors import BadRequest, RescalingDisabled, TriggerNotFound, UncaughtJavaException
from tests.cluster.cluster_factory import job
from tests.rest.handlers.handler_client import JOB_ID, UNKNOWN_ID, HandlerClient

IN_PROGRESS = {"status": {"id": "IN_PROGRESS"}, "operation": None}


def client_with_running_job(**options):
    client = HandlerClient(job(id=JOB_ID), **options)
    client.advance("2s")
    return client


def test_a_triggered_savepoint_completes_with_a_location():
    with client_with_running_job() as client:
        body = {"target-directory": "file:///mine/"}
        trigger_id = client.call("triggerSavepoint", body=body, jobid=JOB_ID)["request-id"]
        assert client.call("getSavepointStatus", jobid=JOB_ID, triggerid=trigger_id) == IN_PROGRESS
        client.advance("1s")
        response = client.call("getSavepointStatus", jobid=JOB_ID, triggerid=trigger_id)
        assert response["status"] == {"id": "COMPLETED"}
        assert response["operation"]["location"].startswith(f"file:/mine/savepoint-{JOB_ID[:6]}-")


def test_requests_with_the_same_trigger_id_take_one_savepoint():
    with client_with_running_job() as client:
        for _ in range(2):
            response = client.call("triggerSavepoint", body={"triggerId": UNKNOWN_ID}, jobid=JOB_ID)
            assert response == {"request-id": UNKNOWN_ID}
        client.advance("1s")
        tracked = client.cluster.job(JOB_ID).checkpoints.tracked
        assert len([checkpoint for checkpoint in tracked if checkpoint.is_savepoint]) == 1


def test_a_stop_with_savepoint_finishes_the_job():
    with client_with_running_job() as client:
        trigger_id = client.call("triggerStopWithSavepoint", body={"drain": False}, jobid=JOB_ID)["request-id"]
        client.advance("1s")
        assert client.call("getSavepointStatus", jobid=JOB_ID, triggerid=trigger_id)["operation"].keys() == {"location"}
        assert client.cluster.job(JOB_ID).state == "FINISHED"


@pytest.mark.parametrize(("release", "key"), [
    ("1.19", "state.savepoints.dir"),
    ("1.20", "execution.checkpointing.savepoint-dir"),
])  # fmt: skip
@pytest.mark.parametrize(("operation", "field"), [
    ("triggerSavepoint", "target-directory"),
    ("triggerStopWithSavepoint", "targetDirectory"),
])  # fmt: skip
def test_a_savepoint_needs_a_directory(release, key, operation, field):
    with client_with_running_job(flink=release, configuration={"state.savepoints.dir": None}) as client:
        with pytest.raises(BadRequest) as raised:
            client.call(operation, jobid=JOB_ID)
        assert raised.value.message == f"Config key [{key}] is not set. Property [{field}] must be provided."
        assert client.call(operation, body={field: "file:///mine"}, jobid=JOB_ID)["request-id"]


@pytest.mark.parametrize(("trigger_operation", "status_operation", "key"), [
    ("triggerSavepoint", "getSavepointStatus", "failure-cause"),
    ("triggerStopWithSavepoint", "getSavepointStatus", "failure-cause"),
    ("triggerCheckpoint", "getCheckpointStatus", "failureCause"),
])  # fmt: skip
def test_an_unknown_job_is_reported_when_the_operation_is_polled(trigger_operation, status_operation, key):
    with client_with_running_job() as client:
        trigger_id = client.call(trigger_operation, jobid=UNKNOWN_ID)["request-id"]
        client.advance("1s")
        cause = client.call(status_operation, jobid=UNKNOWN_ID, triggerid=trigger_id)["operation"][key]
        assert cause["class"] == "java.util.concurrent.CompletionException"
        lines = cause["stack-trace"].splitlines()
        missing = (
            f"org.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job ({UNKNOWN_ID})"
        )
        assert lines[0] == f"java.util.concurrent.CompletionException: {missing}"
        assert f"Caused by: {missing}" in lines
        assert base64.b64decode(cause["serialized-throwable"]).startswith(b"\xac\xed\0\5sr\0)org.apache.flink")


def test_a_checkpoint_can_be_triggered():
    with client_with_running_job() as client:
        trigger_id = client.call("triggerCheckpoint", body={"checkpointType": "FULL"}, jobid=JOB_ID)["request-id"]
        client.advance("1s")
        result = client.call("getCheckpointStatus", jobid=JOB_ID, triggerid=trigger_id)["operation"]
        assert result == {"checkpointId": client.cluster.job(JOB_ID).checkpoints.tracked[-1].id}
        with pytest.raises(TriggerNotFound):
            client.call("getSavepointStatus", jobid=JOB_ID, triggerid=trigger_id)


@pytest.mark.parametrize(("release", "is_accepted"), [("1.18", True), ("1.19", False)])
def test_incremental_checkpoints_are_rejected_since_1_19(release, is_accepted):
    with client_with_running_job(flink=release) as client:
        if is_accepted:
            assert client.call("triggerCheckpoint", body={"checkpointType": "INCREMENTAL"}, jobid=JOB_ID)["request-id"]
        else:
            with pytest.raises(UncaughtJavaException) as raised:
                client.call("triggerCheckpoint", body={"checkpointType": "INCREMENTAL"}, jobid=UNKNOWN_ID)
            assert raised.value.exception.java_class == "java.lang.IllegalStateException"


def test_disposing_an_empty_path_fails():
    with client_with_running_job() as client:
        trigger_id = client.call("triggerSavepointDisposal", body={"savepoint-path": ""})["request-id"]
        client.advance("1s")
        response = client.call("getSavepointDisposalStatus", triggerid=trigger_id)["operation"]
        assert response["failure-cause"]["stack-trace"].startswith(
            "java.lang.IllegalArgumentException: empty checkpoint pointer\n"
        )


def test_disposing_a_savepoint_twice_fails():
    with client_with_running_job() as client:
        trigger_id = client.call("triggerSavepoint", jobid=JOB_ID)["request-id"]
        client.advance("1s")
        path = client.call("getSavepointStatus", jobid=JOB_ID, triggerid=trigger_id)["operation"]["location"]
        results = []
        for _ in range(2):
            trigger_id = client.call("triggerSavepointDisposal", body={"savepoint-path": path})["request-id"]
            client.advance("1s")
            results.append(client.call("getSavepointDisposalStatus", triggerid=trigger_id)["operation"])
        assert results[0] == {}
        assert results[1]["failure-cause"]["stack-trace"].startswith(
            f"org.apache.flink.util.FlinkException: Could not dispose savepoint {path}.\n"
        )
        with pytest.raises(BadRequest, match=r"Field savepoint-path must not be omitted or be null\."):
            client.call("triggerSavepointDisposal")


@pytest.mark.parametrize(("release", "state"), [("1.12", "IN_PROGRESS"), ("1.13", "COMPLETED")])
def test_deleting_a_data_set_never_ends_in_1_12(release, state):
    with client_with_running_job(flink=release) as client:
        assert client.call("getClusterDataSetList") == {"dataSets": []}
        trigger_id = client.call("deleteClusterDataSet", datasetid=UNKNOWN_ID)["request-id"]
        client.advance("10s")
        assert client.call("getClusterDataSetDeleteStatus", triggerid=trigger_id)["status"] == {"id": state}


def test_rescaling_is_disabled_for_any_job():
    with client_with_running_job() as client:
        with pytest.raises(RescalingDisabled):
            client.call("rescaleJob", {"parallelism": 2}, jobid=UNKNOWN_ID)
        with pytest.raises(RescalingDisabled):
            client.call("getRescalingStatus", jobid=JOB_ID, triggerid=UNKNOWN_ID)


def test_the_same_seed_gives_the_same_trigger_ids():
    ids = []
    for seed in (1, 1, 2):
        with client_with_running_job(seed=seed) as client:
            ids.append([client.call("triggerSavepoint", jobid=JOB_ID)["request-id"] for _ in range(2)])
    assert ids[0] == ids[1] != ids[2]
    assert len({*ids[0], *ids[2]}) == 4
