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

_DEFAULT_MODES = {"getYarnStopJobTermination": "stop"}
"""Operation id -> value of `mode` if the query has none. For other operations, it is `cancel`."""
TIMED_OUT = JavaException(java_classes.TIMEOUT_EXCEPTION)
"""The exception of a failed cancellation for which the scenario gives none."""


@handles("cancelJob", "getYarnCancelJobTermination", "getYarnStopJobTermination")
def cancel(call: RestCall) -> Payload:
    """Cancel a job. Since 1.15, a CANCELED job may be cancelled again.

    Raises:
        StopModeRemoved: The mode is `stop`. The mode is checked before the job.
        JobNotFound: There is no such job.
        JobAlreadyTerminated: The job has ended.
        CancellationFailed: The scenario makes this call fail.
    """
    mode = call.query_value("mode", _DEFAULT_MODES.get(call.operation.id, "cancel"))
    if mode == "stop":
        raise StopModeRemoved
    job = call.cluster.job(call.path["jobid"], call.now)
    if job.has_ended and not call.cluster.release.since("1.15"):
        raise JobAlreadyTerminated(job.id, job.state)
    spec = call.cluster.cluster_operation_spec(job, ClusterOperation.CANCEL)
    if not job.has_ended and call.cluster.next_call_fails(job.id, ClusterOperation.CANCEL, spec):
        raise CancellationFailed(spec.exception or TIMED_OUT)
    call.cluster.state_machines.cancel(job, call.now)
    return {}


@handles("triggerHeartbeat")
def heartbeat(call: RestCall) -> Payload:
    """Return an empty object, even if there is no such job."""
    return {}
