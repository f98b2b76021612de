"""Cancels jobs, and accepts the heartbeats of their clients."""

from __future__ import annotations

from flinkmock.cluster.errors import (
    CancellationFailed,
    JobAlreadyTerminated,
    StopModeRemoved,
)
from flinkmock.cluster.spec import ClusterOperation
from flinkmock.flink import java_classes
from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.call import Payload, RestCall, handles

_DEFAULT_MODE = {"getYarnStopJobTermination": "stop"}
TIMED_OUT = JavaException(java_classes.TIMEOUT_EXCEPTION)
"""The exception of a failed cancellation for which the scenario gives none."""


@handles("cancelJob", "getYarnCancelJobTermination", "getYarnStopJobTermination")
def cancel(call: RestCall) -> Payload:
    """Cancel a job. Since 1.15, a CANCELED job may be cancelled again.

    Raises:
        StopModeRemoved: The query contains `mode=stop`; this is checked before the job.
        JobNotFound: There is no such job.
        JobAlreadyTerminated: The job has ended.
        CancellationFailed: The scenario makes this call fail.
    """
    mode = call.query_value("mode", _DEFAULT_MODE.get(call.operation.id, "cancel"))
    if mode == "stop":
        raise StopModeRemoved
    job = call.cluster.job(call.path["jobid"], call.now)
    if job.ended and not call.cluster.release.since("1.15"):
        raise JobAlreadyTerminated(job.id, job.state)
    planned = call.cluster.cluster_operation_spec(job, ClusterOperation.CANCEL)
    if not job.ended and call.cluster.next_call_fails(job.id, ClusterOperation.CANCEL, planned):
        raise CancellationFailed(planned.exception or TIMED_OUT)
    call.cluster.state_machines.cancel(job, call.now)
    return {}


@handles("triggerHeartbeat")
def heartbeat(call: RestCall) -> Payload:
    """Return an empty object for any job id, known or not."""
    return {}
