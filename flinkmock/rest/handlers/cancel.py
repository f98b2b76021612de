"""Ending a job, and the two requests that job clients send while it runs."""

from __future__ import annotations

import base64
import binascii

from flinkmock.cluster.errors import (
    CancellationFailed,
    CoordinatorNotFound,
    JobAlreadyTerminated,
    JobNotFound,
    StopModeRemoved,
    UncaughtJavaException,
)
from flinkmock.cluster.spec import OperationName
from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.call import Payload, RestCall, handles

_DEFAULT_MODE = {"getYarnStopJobTermination": "stop"}
TIMED_OUT = JavaException(java_classes.TIMEOUT_EXCEPTION)
"""The exception of a cancellation that fails without one in the scenario."""


@handles("cancelJob", "getYarnCancelJobTermination", "getYarnStopJobTermination")
def cancel(call: RestCall) -> Payload:
    """Cancel a job. A CANCELED job may be cancelled again, but not up to 1.14.

    Raises:
        StopModeRemoved: for `mode=stop`, before the job is looked up.
        JobNotFound, JobAlreadyTerminated
        CancellationFailed: the scenario lets this call fail.
    """
    mode = call.query_value("mode", _DEFAULT_MODE.get(call.operation.id, "cancel"))
    if mode == "stop":
        raise StopModeRemoved
    job = call.cluster.job(call.path["jobid"], call.now)
    if job.ended and not call.cluster.release.since("1.15"):
        raise JobAlreadyTerminated(job.id, job.state)
    planned = call.cluster.operation_spec(job, OperationName.CANCEL)
    if not job.ended and call.cluster.next_call_fails(job.id, OperationName.CANCEL, planned):
        raise CancellationFailed(planned.exception or TIMED_OUT)
    call.cluster.state_machines.cancel(job, call.now)
    return {}


@handles("triggerHeartbeat")
def heartbeat(call: RestCall) -> Payload:
    """Return an empty object for any job id, known or not."""
    return {}


@handles("postClientCoordination")
def coordinate(call: RestCall) -> Payload:
    """Raise an error: no operator has a coordinator. The request is read first, as by the JobMaster.

    Raises:
        JobNotFound: the job is unknown or has ended.
        UncaughtJavaException: the request can't be deserialized.
        CoordinatorNotFound: in all other cases.
    """
    job = call.cluster.job(call.path["jobid"], call.now)
    if job.ended:
        raise JobNotFound(job.id)
    problem = _deserialization_error(call.body.get("serializedCoordinationRequest"), call.cluster.release.since("1.15"))
    if problem is None:
        raise CoordinatorNotFound(call.path.get("operatorUid") or call.path["operatorid"])
    raise UncaughtJavaException(problem)


def _deserialization_error(request: str | None, helpful: bool) -> JavaException | None:
    """Return the exception of deserializing the request; None if its first bytes are right."""
    if request is None:
        return JavaException(java_classes.NULL_POINTER_EXCEPTION, messages.NO_COORDINATION_REQUEST if helpful else None)
    try:
        data = base64.b64decode(request)
    except binascii.Error:
        data = b""
    if len(data) < 4:
        return JavaException(java_classes.EOF_EXCEPTION)
    if not data.startswith(b"\xac\xed\x00\x05"):
        return JavaException(java_classes.STREAM_CORRUPTED_EXCEPTION, messages.invalid_stream_header(data[:4]))
    return None
