"""Async operations: savepoints, stop-with-savepoint, checkpoints, disposal, deletion of data sets.

The operation to rescale a job is always disabled.
"""

from __future__ import annotations

from typing import Any

from flinkmock.cluster.async_operations import AsyncOperation, AsyncOperationKind
from flinkmock.cluster.errors import BadRequest, RescalingDisabled, UncaughtJavaException
from flinkmock.cluster.savepoint_request import SavepointRequest
from flinkmock.flink import checkpoint_messages, java_classes
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.options import SAVEPOINT_DIR
from flinkmock.flink.stack_frames import future_frames
from flinkmock.release import Release
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers.serialized_exceptions import failure_payload

NO_INCREMENTAL_CHECKPOINT = JavaException(
    java_classes.ILLEGAL_STATE_EXCEPTION,
    checkpoint_messages.NO_INCREMENTAL_CHECKPOINT,
)


def _trigger_id(call: RestCall) -> str:
    """Return the trigger id that the request gives, or a new one."""
    requested_id: str | None = call.body.get("triggerId")
    return requested_id or call.cluster.async_operations.next_trigger_id(call.cluster.random)


def _directory(call: RestCall, field: str) -> str:
    """Return the target directory. Raises BadRequest if neither the request nor the configuration has one."""
    directory = call.body.get(field)
    if directory is None:
        directory = call.cluster.configuration.text(SAVEPOINT_DIR)
    if directory is None:
        key = SAVEPOINT_DIR.key if call.cluster.release.since("1.20") else SAVEPOINT_DIR.aliases[0]
        raise BadRequest(checkpoint_messages.no_savepoint_directory(key, field))
    return str(directory)


def _savepoint_request(call: RestCall, directory_field: str) -> SavepointRequest:
    """Return the requested savepoint. Raises BadRequest if there is no directory."""
    directory = _directory(call, directory_field)
    return SavepointRequest(
        job_id=call.path["jobid"],
        trigger_id=_trigger_id(call),
        directory=directory,
        format=call.body.get("formatType") or "CANONICAL",
        cancels_job=bool(call.body.get("cancel-job")),
        drains_job=bool(call.body.get("drain")),
        jobmanager=call.jobmanager,
    )


@handles("triggerSavepoint")
def savepoint(call: RestCall) -> Payload:
    """Trigger a savepoint. Raises BadRequest."""
    request = _savepoint_request(call, "target-directory")
    call.cluster.savepoints.trigger_savepoint(request, call.now)
    return {"request-id": request.trigger_id}


@handles("triggerStopWithSavepoint")
def stop(call: RestCall) -> Payload:
    """Trigger stop-with-savepoint. Raises BadRequest."""
    request = _savepoint_request(call, "targetDirectory")
    call.cluster.savepoints.stop_with_savepoint(request, call.now)
    return {"request-id": request.trigger_id}


@handles("triggerCheckpoint")
def checkpoint(call: RestCall) -> Payload:
    """Trigger a checkpoint. Raises UncaughtJavaException for an incremental one, which 1.17 and 1.18 accept."""
    if call.body.get("checkpointType") == "INCREMENTAL" and call.cluster.release.since("1.19"):
        raise UncaughtJavaException(NO_INCREMENTAL_CHECKPOINT)
    trigger_id = _trigger_id(call)
    call.cluster.savepoints.trigger_checkpoint(call.path["jobid"], trigger_id, call.now)
    return {"request-id": trigger_id}


@handles("triggerSavepointDisposal")
def dispose(call: RestCall) -> Payload:
    """Trigger the disposal of a savepoint. Raises BadRequest."""
    path = call.body.get("savepoint-path")
    if path is None:
        raise BadRequest(checkpoint_messages.NO_SAVEPOINT_PATH)
    trigger_id = _trigger_id(call)
    call.cluster.savepoints.dispose(str(path), trigger_id, call.now, call.jobmanager)
    return {"request-id": trigger_id}


@handles("getSavepointStatus")
def savepoint_status(call: RestCall) -> Payload:
    """Return the status of a savepoint or of stop-with-savepoint. Raises TriggerNotFound."""
    return _status(call, AsyncOperationKind.SAVEPOINT)


@handles("getCheckpointStatus")
def checkpoint_status(call: RestCall) -> Payload:
    """Return the status of a checkpoint. Raises TriggerNotFound."""
    return _status(call, AsyncOperationKind.CHECKPOINT)


@handles("getSavepointDisposalStatus")
def disposal_status(call: RestCall) -> Payload:
    """Return the status of a disposal. Raises TriggerNotFound."""
    return _status(call, AsyncOperationKind.DISPOSAL)


@handles("getClusterDataSetDeleteStatus")
def data_set_status(call: RestCall) -> Payload:
    """Return the status of the deletion of a data set. Raises TriggerNotFound."""
    return _status(call, AsyncOperationKind.DATASET)


def _status(call: RestCall, kind: AsyncOperationKind) -> dict[str, Any]:
    operation = call.cluster.async_operations.get(
        kind, call.path["triggerid"], call.path.get("jobid"), call.now, call.jobmanager
    )
    if not operation.is_done_at(call.now):
        return {"status": {"id": "IN_PROGRESS"}, "operation": None}
    return {"status": {"id": "COMPLETED"}, "operation": _result(operation, call.cluster.release)}


def _result(operation: AsyncOperation, release: Release) -> dict[str, Any]:
    """Return the result or the failure of a completed operation; Flink has no state for failed ones.

    The key of a failure is in camel case for checkpoints.
    """
    if operation.failure is None:
        return operation.result
    name = "failureCause" if operation.kind == "checkpoint" else "failure-cause"
    return {name: failure_payload(operation.failure, release, future_frames(release))}


@handles("getClusterDataSetList")
def data_sets(call: RestCall) -> Payload:
    """Return an empty list, because no job caches data sets."""
    return {"dataSets": []}


@handles("deleteClusterDataSet")
def delete_data_set(call: RestCall) -> Payload:
    trigger_id = _trigger_id(call)
    call.cluster.delete_data_set(trigger_id, call.now, call.jobmanager)
    return {"request-id": trigger_id}


@handles("rescaleJob", "getRescalingStatus")
def rescaling(call: RestCall) -> Payload:
    """Raise RescalingDisabled for any job id."""
    raise RescalingDisabled
