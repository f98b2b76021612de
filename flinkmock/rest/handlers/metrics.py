"""Metrics of all scopes: lists of names, requested values, and aggregations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from flinkmock.cluster.errors import VertexNotFound
from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.job import Job
from flinkmock.cluster.metric_series import evaluate_metrics
from flinkmock.flink import metrics
from flinkmock.flink.java_format import MAX_INT
from flinkmock.flink.metrics.order import order_of_aggregated, order_of_requested, order_of_stored
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers import metric_inputs
from flinkmock.rest.handlers.lookup import shows_vertices

_Key = TypeVar("_Key", str, int)
RANGE = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")
NO_WATERMARK = str(-(1 << 63))
"""Long.MIN_VALUE, the watermark of a subtask before its first one."""


class _FetchedVertex(NamedTuple):
    """A vertex, and the time (epoch ms) at which the JobManager last fetched its metrics."""

    job: Job
    vertex: Vertex
    time: int


def select_metrics(call: RestCall, values: Mapping[str, str]) -> Payload:
    """Return the names of all metrics or, with `get`, names and values of the requested ones, in Flink's order."""
    if "get" not in call.query:
        return [{"id": name} for name in order_of_stored(tuple(values))]
    requested = order_of_requested(tuple(call.query["get"]))
    return [{"id": name, "value": values[name]} for name in requested if name in values]


def aggregated(call: RestCall, metric_maps: Sequence[Mapping[str, str]]) -> Payload:
    """Return the names of all metrics or, with `get`, their aggregations: those in `agg`, or all.

    If one requested metric has no values, the response is empty. Metrics whose values are not numbers are left out
    (AbstractAggregatingMetricsHandler; observed on 2.3.0 and 1.20.5).

    Args:
        call: The call.
        metric_maps: Name -> value of the metrics of each TaskManager, job or subtask.
    """
    names = dict.fromkeys(name for values in metric_maps for name in values)
    if "get" not in call.query:
        return [{"id": name} for name in order_of_aggregated(tuple(names), call.cluster.release)]
    requested = call.query["get"]
    if not names.keys() >= set(requested):
        return []
    kinds = {str(kind).lower() for kind in call.query.get("agg", metrics.AGGREGATIONS)}
    payload: list[dict[str, Any]] = []
    for name in requested:
        aggregations = metrics.aggregate([values[name] for values in metric_maps if name in values], kinds)
        if aggregations is not None:
            payload.append({"id": name, **aggregations})
    return payload


def _find(metrics_by_key: Iterable[tuple[_Key, dict[str, str]]], key: _Key) -> dict[str, str]:
    """Return the metrics with a key; {} if there are none."""
    return next((values for candidate, values in metrics_by_key if candidate == key), {})


@handles("getJobManagerMetrics")
def jobmanager(call: RestCall) -> Payload:
    time = call.caches.metrics_time(call.now)
    # the JobManager has its own metrics even before it fetches those of TaskManagers
    inputs = metric_inputs.jobmanager_inputs(call.cluster, call.now if time is None else time)
    return select_metrics(call, metrics.jobmanager_metrics(inputs, call.cluster.release))


@handles("getTaskManagerMetrics")
def taskmanager(call: RestCall) -> Payload:
    """Return the metrics of a TaskManager; for an unknown TaskManager, there are none."""
    requested_id = call.path["taskmanagerid"]
    return select_metrics(call, _find(_metrics_of_taskmanagers(call), requested_id))


@handles("getAggregatedTaskManagerMetrics")
def taskmanagers(call: RestCall) -> Payload:
    selected_ids = call.query.get("taskmanagers")
    return aggregated(
        call,
        [
            values
            for taskmanager_id, values in _metrics_of_taskmanagers(call)
            if not selected_ids or taskmanager_id in selected_ids
        ],
    )


def _metrics_of_taskmanagers(call: RestCall) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the id and the metrics of each TaskManager."""
    cluster = call.cluster
    time = call.caches.metrics_time(call.now)
    if time is None:
        return
    for taskmanager in cluster.taskmanagers.registered_at(time):
        inputs = metric_inputs.taskmanager_inputs(cluster, taskmanager, time)
        yield taskmanager.id, metrics.taskmanager_metrics(inputs, cluster.release)


@handles("getJobMetrics")
def job(call: RestCall) -> Payload:
    """Return the metrics of a job; for an unknown job, there are none."""
    return select_metrics(call, _metrics_of_job(call, call.cluster.jobs.get(call.path["jobid"])))


@handles("getAggregatedJobMetrics")
def jobs(call: RestCall) -> Payload:
    selected_ids = call.query.get("jobs")
    jobs = call.cluster.jobs.values()
    return aggregated(call, [_metrics_of_job(call, job) for job in jobs if not selected_ids or job.id in selected_ids])


def _metrics_of_job(call: RestCall, job: Job | None) -> dict[str, str]:
    """Return the metrics of a job; {} if it has none, or if there is no such job."""
    time = call.caches.metrics_time(call.now)
    if job is None or time is None or not _has_metrics(job, time):
        return {}
    end = job.ended_at(time)
    if end is not None:  # the last values are kept
        time = call.caches.last_metrics_before(end)
    if time is None or time < job.submitted_at:
        return {}
    if job.lacks_first_slots_at(time) or (not job.has_graph_at(time) and not call.cluster.release.since("2.3")):
        return {}
    values = metrics.job_metrics(metric_inputs.job_inputs(call.cluster, job, time), call.cluster.release)
    # a job without a graph has only the metrics of checkpoints (situations: initializing: job/metrics)
    if not job.has_graph_at(time):
        return {name: value for name, value in values.items() if "heckpoint" in name}
    age = time - job.submitted_at
    return values | evaluate_metrics(job.spec.metrics, age_ms=age, running_ms=age)


def _has_metrics(job: Job, fetched_at: int) -> bool:
    """Return whether a fetch kept metrics of a job. It drops those of forgotten jobs (MetricStore.retainJobs)."""
    return job.submitted_at <= fetched_at and job.is_known_at(fetched_at)


@handles("getJobVertexMetrics")
def vertex(call: RestCall) -> Payload:
    """Return the metrics of all subtasks, with the subtask's index before each name."""
    return select_metrics(
        call,
        {f"{index}.{name}": value for index, values in _metrics_of_subtasks(call) for name, value in values.items()},
    )


@handles("getSubtaskMetrics")
def subtask(call: RestCall) -> Payload:
    requested_index = call.path["subtaskindex"]
    return select_metrics(call, _find(_metrics_of_subtasks(call), requested_index))


@handles("getAggregatedSubtaskMetrics")
def subtasks(call: RestCall) -> Payload:
    """Return aggregations over subtasks.

    The query parameter `subtasks` contains indexes and ranges; invalid ones select nothing.

    See docs/flink-behaviour.md#query-parameters.
    """
    texts = call.query.get("subtasks")
    if texts is None:
        return aggregated(call, [values for _, values in _metrics_of_subtasks(call)])
    ranges = [_range(text) for text in texts]
    return aggregated(
        call,
        [values for index, values in _metrics_of_subtasks(call) if any(index in index_range for index_range in ranges)],
    )


def _range(text: str) -> range:
    """Return the indexes that a text selects; none if it is neither an int nor a range of ints (observed on 2.3.0)."""
    match = RANGE.fullmatch(text)
    if match is None:
        return range(0)
    first, last = int(match[1]), int(match[2] or match[1])
    return range(first, last + 1) if max(first, last) <= MAX_INT else range(0)


def _fetched_vertex(call: RestCall) -> _FetchedVertex | None:
    """Return the vertex of `:vertexid`; None if there is none, or no metrics were fetched since the submission."""
    job = call.cluster.jobs.get(call.path["jobid"])
    time = call.caches.metrics_time(call.now)
    if job is None or time is None or not _has_metrics(job, time) or not job.has_graph_at(time):
        return None
    vertex = job.graph.by_id.get(call.path["vertexid"])
    return _FetchedVertex(job, vertex, time) if vertex is not None else None


def _metrics_of_subtasks(call: RestCall) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the index and the metrics of each subtask of `:vertexid` that has metrics."""
    fetched = _fetched_vertex(call)
    if fetched is None:
        return
    job, vertex, time = fetched
    flows = metric_inputs.SharedFlows(job, call.caches)
    for execution in job.executions_at(time)[vertex.index]:
        inputs = metric_inputs.subtask_inputs(call.cluster, job, execution, time, flows)
        if inputs is not None:
            values = metrics.subtask_metrics(inputs, call.cluster.release)
            values |= evaluate_metrics(
                vertex.spec.metrics,
                age_ms=inputs.now - job.submitted_at,
                running_ms=inputs.age,
                subtask=execution.subtask,
            )
            if metric_inputs.lacks_ratios(execution, time, call.cluster.release):
                values = {
                    name: value
                    for name, value in values.items()
                    if name.rpartition(".")[2] not in metrics.TRANSIENT_SUFFIXES
                }
            yield execution.subtask, values


@handles("getJobVertexWatermarks")
def watermarks(call: RestCall) -> Payload:
    """Return the input watermark of each subtask. A source has none."""
    job = call.cluster.job(call.path["jobid"], call.now)
    if not shows_vertices(call, job, call.now):
        raise VertexNotFound(job.id, call.path["vertexid"])
    vertex = job.vertex(call.path["vertexid"], call.now)
    fetched = _fetched_vertex(call)
    if fetched is None or vertex.is_source:
        return []
    payload = []
    for execution in job.executions_at(fetched.time)[vertex.index]:
        measured_at = metric_inputs.metrics_time_of(call.caches, execution, fetched.time)
        if measured_at is not None:
            watermark = metric_inputs.watermark_of(job, execution, measured_at)
            value = NO_WATERMARK if watermark is None else str(watermark)
            payload.append({"id": f"{execution.subtask}.currentInputWatermark", "value": value})
    return payload


@handles("getJobManagerOperatorMetrics")
def coordinators(call: RestCall) -> Payload:
    """Return the metrics of a source's coordinator, which runs in the JobManager."""
    fetched = _fetched_vertex(call)
    if fetched is None or not fetched.vertex.is_source:
        return []
    end = fetched.job.ended_at(fetched.time)
    if end is not None and (call.caches.last_metrics_before(end) or 0) < fetched.job.submitted_at:
        return []  # the job ended before its metrics were fetched
    return select_metrics(call, metrics.coordinator_metrics(fetched.vertex.name, call.cluster.release))
