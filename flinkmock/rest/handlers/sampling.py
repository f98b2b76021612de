"""Back pressure and flame graphs: what sampling, or the metrics in its place, tells of a vertex's tasks."""

from __future__ import annotations

from typing import Any

from flinkmock.cluster.errors import JobNotFound, SubtaskNotFound, UncaughtJavaException
from flinkmock.cluster.execution import Execution
from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.job import Job
from flinkmock.cluster.record_flow import RecordFlow
from flinkmock.flink import java_classes, messages
from flinkmock.flink.configuration import FLAME_GRAPH, FLAME_GRAPH_REFRESH
from flinkmock.flink.flame_graph import SubtaskSample, flame_graph
from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.call import Facts, RestCall, handles
from flinkmock.rest.handlers.lookup import vertex_and_time
from flinkmock.rest.handlers.metric_inputs import measured_at

SAMPLING_MS = 5_200
"""100 samples, 50 ms apart, and a little. See docs/flink-behaviour.md#flame-graphs."""
BACK_PRESSURE_REFRESH_MS = 60_000
"""web.backpressure.refresh-interval of 1.12."""
NO_DATA = {"status": "deprecated"}
NOTHING_TO_SAMPLE, NOT_YET = -1, -3
"""`endTimestamp` of a flame graph without data (JobVertexFlameGraph.terminated, .waiting): the job has ended, or
sampling has just begun."""


@handles("getJobVertexBackPressure")
def back_pressure(call: RestCall) -> Facts:
    """From the metrics since 1.13; before that sampled, and refused for a job that does not run."""
    cluster = call.cluster
    job = cluster.jobs.get(call.path["jobid"])
    if not cluster.release.since("1.13") and (job is None or job.ended_at(call.now) is not None):
        raise JobNotFound(call.path["jobid"])
    vertex = job.graph.by_id.get(call.path["vertexid"]) if job else None
    if job is None or vertex is None:
        if not cluster.release.since("1.13"):
            text = messages.vertex_id_not_found(call.path["vertexid"])
            raise UncaughtJavaException(JavaException(java_classes.FLINK_EXCEPTION, text))
        return NO_DATA
    if cluster.release.since("1.13"):
        time = call.caches.metrics_time(call.now)
        running = _measured(job, vertex, time)
    else:
        key = ("back pressure", job.id, vertex.id)
        time = call.caches.sample_time(key, call.now, duration=SAMPLING_MS, refresh=BACK_PRESSURE_REFRESH_MS)
        running = _running(job, vertex, time)
    if time is None or not running:
        return NO_DATA
    flow = RecordFlow(job.attempts[running[0].attempt], measured_at(job, running[0], time) or time)
    level = _level(flow.backpressure_ratio(vertex))
    return {
        "status": "ok",
        "backpressureLevel": level,
        "backpressure-level": level,
        "end-timestamp": time,
        "subtasks": [_subtask(execution, flow) for execution in running],
    }


def _subtask(execution: Execution, flow: RecordFlow) -> dict[str, Any]:
    busy, pressure = flow.busy_ratio(execution.vertex, execution.subtask), flow.backpressure_ratio(execution.vertex)
    return {
        "subtask": execution.subtask,
        "backpressureLevel": _level(pressure),
        "backpressure-level": _level(pressure),
        "ratio": round(pressure, 3),
        "idleRatio": round(1.0 - busy - pressure, 3),
        "busyRatio": round(busy, 3),
    }


def _level(ratio: float) -> str:
    """JobVertexBackPressureHandler.getBackPressureLevel."""
    return "ok" if ratio <= 0.1 else "low" if ratio <= 0.5 else "high"


def _running(job: Job, vertex: Vertex, time: int | None) -> list[Execution]:
    if time is None or time < job.submitted_at or not job.has_graph_at(time):
        return []
    return [e for e in job.executions_at(time)[vertex.index] if e.state_at(time) == "RUNNING"]


def _measured(job: Job, vertex: Vertex, time: int | None) -> list[Execution]:
    """The subtasks that there are metrics of."""
    if time is None or time < job.submitted_at or not job.has_graph_at(time):
        return []
    return [e for e in job.executions_at(time)[vertex.index] if measured_at(job, e, time) is not None]


@handles("getJobVertexFlameGraph")
def flame(call: RestCall) -> Facts:
    """All types come from one sample. Off by `rest.flamegraph.enabled`, it answers that there is no data."""
    job, vertex, time = vertex_and_time(call)
    subtask = call.one("subtaskindex")
    if subtask is not None and subtask >= vertex.parallelism:
        raise SubtaskNotFound(vertex.id, subtask)
    if not call.cluster.configuration.boolean(FLAME_GRAPH):
        return {}
    running = [e for e in _running(job, vertex, time) if subtask in (None, e.subtask)]
    if not running:
        return {"endTimestamp": NOTHING_TO_SAMPLE}
    refresh = call.cluster.configuration.milliseconds(FLAME_GRAPH_REFRESH)
    key = ("flame graph", job.id, vertex.id)
    sampled = call.caches.sample_time(key, call.now, duration=SAMPLING_MS, refresh=refresh)
    if sampled is None:
        return {"endTimestamp": NOT_YET}
    flow = RecordFlow(job.attempts[running[0].attempt], sampled)
    samples = [SubtaskSample(flow.busy_ratio(vertex, execution.subtask), vertex.is_source) for execution in running]
    return {
        "endTimestamp": sampled,
        "data": flame_graph(samples, str(call.one("type", "full")), call.cluster.release),
    }
