"""Back pressure of a vertex, which comes from metrics since 1.13, and from samples before."""

from __future__ import annotations

from typing import Any, NamedTuple

from flinkmock.cluster.caches import Caches
from flinkmock.cluster.errors import JobInitializing, JobNotFound, UncaughtJavaException, VertexNotFound
from flinkmock.cluster.execution import Execution
from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.job import Job
from flinkmock.cluster.record_flow import RecordFlow
from flinkmock.cluster.states import TaskState
from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers.lookup import SAMPLING_MS, running_executions
from flinkmock.rest.handlers.metric_inputs import lacks_ratios, metrics_time_of

REFRESH_MS = 60_000
"""The default of web.backpressure.refresh-interval in 1.12."""
NO_DATA = {"status": "deprecated"}
"""Flink's response without data: the statistics that it has are too old, or there are none."""
_MAX_OK_RATIO, _MAX_LOW_RATIO = 0.1, 0.5


@handles("getJobVertexBackPressure")
def backpressure(call: RestCall) -> Payload:
    """Return the back pressure of a vertex's subtasks that have metrics or, in 1.12, that are RUNNING.

    Raises:
        JobNotFound, JobInitializing, VertexNotFound: Only in 1.12, in which an ended job is not found.
        UncaughtJavaException: The vertex has finished in a running job, so that JobVertexBackPressureHandler computes
            the maximum of an empty list. Only since 1.18 (recorded: `situations: partly: vertex/backpressure`).
    """
    cluster = call.cluster
    is_sampled = not cluster.release.since("1.13")
    job = cluster.jobs.get(call.path["jobid"])
    if is_sampled and (job is None or job.ended_at(call.now) is not None):
        raise JobNotFound(call.path["jobid"])
    if is_sampled and job is not None and not job.has_graph_at(call.now):
        raise JobInitializing(job.id)
    vertex = job.graph.by_id.get(call.path["vertexid"]) if job else None
    if job is None or vertex is None:
        if is_sampled:
            raise VertexNotFound(call.path["jobid"], call.path["vertexid"])
        return NO_DATA
    if is_sampled:
        sample_key = ("back pressure", job.id, vertex.id)
        time = call.caches.sample_time(sample_key, call.now, duration_ms=SAMPLING_MS, refresh_ms=REFRESH_MS)
        executions = running_executions(job, vertex, time)
    else:
        time = call.caches.metrics_time(call.now)
        executions = _executions_with_metrics(call.caches, job, vertex, time)
        has_no_maximum = cluster.release.since("1.18") and not executions
        if time is not None and has_no_maximum and _has_finished(job, vertex, time):
            raise UncaughtJavaException(JavaException(java_classes.NO_SUCH_ELEMENT_EXCEPTION, messages.NO_VALUE))
    if time is None or not executions:
        return NO_DATA
    flows: dict[tuple[int, int], RecordFlow] = {}
    ratios_of_subtasks = []
    for execution in executions:
        measured_at = time if is_sampled else metrics_time_of(call.caches, execution, time)
        assert measured_at is not None  # these executions have metrics
        flow_key = (execution.attempt, measured_at)
        if flow_key not in flows:
            flows[flow_key] = RecordFlow(job.attempts[execution.attempt], measured_at)
        has_ratios = not lacks_ratios(execution, time, cluster.release)
        ratios_of_subtasks.append(_ratios(flows[flow_key], execution) if has_ratios else _Ratios(0.0, 0.0, 0.0))
    level = _level_of(max(ratios.backpressured for ratios in ratios_of_subtasks))
    return {
        "status": "ok",
        "backpressureLevel": level,
        "backpressure-level": level,
        "end-timestamp": time,
        "subtasks": list(map(_subtask, executions, ratios_of_subtasks)),
    }


class _Ratios(NamedTuple):
    """The parts of its time that a subtask is back-pressured, busy and idle, from 0 to 1."""

    backpressured: float
    busy: float
    idle: float


def _ratios(flow: RecordFlow, execution: Execution) -> _Ratios:
    backpressured, busy = (
        flow.backpressure_ratio(execution.vertex),
        flow.busy_ratio(execution.vertex, execution.subtask),
    )
    return _Ratios(backpressured, busy, max(0.0, 1.0 - busy - backpressured))


def _subtask(execution: Execution, ratios: _Ratios) -> dict[str, Any]:
    return {
        "subtask": execution.subtask,
        "backpressureLevel": _level_of(ratios.backpressured),
        "backpressure-level": _level_of(ratios.backpressured),
        "ratio": round(ratios.backpressured, 3),
        "idleRatio": round(ratios.idle, 3),
        "busyRatio": round(ratios.busy, 3),
    }


def _level_of(ratio: float) -> str:
    """Return the level of a ratio (JobVertexBackPressureHandler.getBackPressureLevel)."""
    if ratio <= _MAX_OK_RATIO:
        return "ok"
    return "low" if ratio <= _MAX_LOW_RATIO else "high"


def _has_finished(job: Job, vertex: Vertex, time: int) -> bool:
    """Return whether all subtasks of a vertex have finished while the job runs on. They then have no metrics."""
    if time < job.submitted_at or not job.has_graph_at(time) or job.ended_at(time) is not None:
        return False
    row = job.executions_at(time)[vertex.index]
    return bool(row) and all(execution.state_at(time) == TaskState.FINISHED for execution in row)


def _executions_with_metrics(caches: Caches, job: Job, vertex: Vertex, time: int | None) -> list[Execution]:
    """Return the executions that have metrics at `time`."""
    if time is None or time < job.submitted_at or not job.has_graph_at(time):
        return []
    row = job.executions_at(time)[vertex.index]
    return [execution for execution in row if metrics_time_of(caches, execution, time) is not None]
