"""Back pressure of a vertex, which comes from metrics since 1.13, and from samples before."""

from __future__ import annotations

from typing import Any

from flinkmock.cluster.caches import Caches
from flinkmock.cluster.errors import JobInitializing, JobNotFound, UncaughtJavaException, VertexNotFound
from flinkmock.cluster.execution import Execution
from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.job import Job
from flinkmock.cluster.record_flow import RecordFlow
from flinkmock.cluster.states import TaskState
from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.release import Release
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers.lookup import SAMPLING_MS, running_executions
from flinkmock.rest.handlers.metric_inputs import forgets_ratios, metrics_time_of

REFRESH_MS = 60_000
"""The default of web.backpressure.refresh-interval in 1.12."""
NO_DATA = {"status": "deprecated"}
_FAILS_SINCE = "1.18"


@handles("getJobVertexBackPressure")
def backpressure(call: RestCall) -> Payload:
    """Return the back pressure of a vertex's running subtasks.

    Raises:
        JobNotFound, JobInitializing, VertexNotFound: Only in 1.12, in which an ended job is not found.
        UncaughtJavaException: The vertex has finished in a running job, so that JobVertexBackPressureHandler computes
            the maximum of an empty list (situations: partly: vertex/backpressure).
    """
    cluster = call.cluster
    samples = not cluster.release.since("1.13")
    job = cluster.jobs.get(call.path["jobid"])
    if samples and (job is None or job.ended_at(call.now) is not None):
        raise JobNotFound(call.path["jobid"])
    if samples and job is not None and not job.has_graph_at(call.now):
        raise JobInitializing(job.id)
    vertex = job.graph.by_id.get(call.path["vertexid"]) if job else None
    if job is None or vertex is None:
        if samples:
            raise VertexNotFound(call.path["jobid"], call.path["vertexid"])
        return NO_DATA
    if samples:
        key = ("back pressure", job.id, vertex.id)
        time = call.caches.sample_time(key, call.now, duration=SAMPLING_MS, refresh=REFRESH_MS)
        running = running_executions(job, vertex, time)
    else:
        time = call.caches.metrics_time(call.now)
        running = _measured(call.caches, job, vertex, time)
        fails = cluster.release.since(_FAILS_SINCE) and not running
        if time is not None and fails and _has_finished(job, vertex, time):
            raise UncaughtJavaException(JavaException(java_classes.NO_SUCH_ELEMENT_EXCEPTION, messages.NO_VALUE))
    if time is None or not running:
        return NO_DATA
    measured_at = metrics_time_of(call.caches, running[0], time) if not samples else time
    flow = RecordFlow(job.attempts[running[0].attempt], time if measured_at is None else measured_at)
    ended = forgets_ratios(running[0], time, cluster.release)
    level = _level_of(0.0 if ended else flow.backpressure_ratio(vertex))
    return {
        "status": "ok",
        "backpressureLevel": level,
        "backpressure-level": level,
        "end-timestamp": time,
        "subtasks": [_subtask(execution, flow, time, cluster.release) for execution in running],
    }


def _subtask(execution: Execution, flow: RecordFlow, time: int, release: Release) -> dict[str, Any]:
    busy, pressure = flow.busy_ratio(execution.vertex, execution.subtask), flow.backpressure_ratio(execution.vertex)
    idle = 1.0 - busy - pressure
    if forgets_ratios(execution, time, release):
        busy = pressure = idle = 0.0
    return {
        "subtask": execution.subtask,
        "backpressureLevel": _level_of(pressure),
        "backpressure-level": _level_of(pressure),
        "ratio": round(pressure, 3),
        "idleRatio": round(idle, 3),
        "busyRatio": round(busy, 3),
    }


def _level_of(ratio: float) -> str:
    """Return the level of a ratio (JobVertexBackPressureHandler.getBackPressureLevel)."""
    return "ok" if ratio <= 0.1 else "low" if ratio <= 0.5 else "high"


def _has_finished(job: Job, vertex: Vertex, time: int) -> bool:
    """Return whether all subtasks of a running job's vertex have finished, so that they no longer have metrics."""
    if time < job.submitted_at or not job.has_graph_at(time) or job.ended_at(time) is not None:
        return False
    row = job.executions_at(time)[vertex.index]
    return bool(row) and all(execution.state_at(time) == TaskState.FINISHED for execution in row)


def _measured(caches: Caches, job: Job, vertex: Vertex, time: int | None) -> list[Execution]:
    """Return the subtasks that have metrics at `time`."""
    if time is None or time < job.submitted_at or not job.has_graph_at(time):
        return []
    return [e for e in job.executions_at(time)[vertex.index] if metrics_time_of(caches, e, time) is not None]
