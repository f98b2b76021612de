"""Invariants of lists of metrics and of aggregated metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flinkmock.conformance.coherence.registry import METRICS_REFRESH_MS, against_request, between, within
from flinkmock.conformance.coherence.relations import Relations, ascending, close, equal, is_listed, require
from flinkmock.conformance.coherence.schedulers import has_default_scheduler
from flinkmock.conformance.coherence.values import MISSING, Value, constant, is_number
from flinkmock.conformance.coherence.view import View

_AGGREGATED_SOURCE = "flink-behaviour.md#aggregated-metrics"
_AGGREGATED_OPERATIONS = ("getAggregatedJobMetrics", "getAggregatedTaskManagerMetrics", "getAggregatedSubtaskMetrics")
_METRIC_OPERATIONS = (
    *_AGGREGATED_OPERATIONS,
    "getJobManagerMetrics",
    "getTaskManagerMetrics",
    "getJobMetrics",
    "getJobVertexMetrics",
    "getSubtaskMetrics",
    "getJobManagerOperatorMetrics",
)


@within(
    *_AGGREGATED_OPERATIONS,
    text="Aggregated metrics are in order: min <= avg <= max. The skew of values that are not negative is not "
    "negative, and that of equal values is 0.",
    source=_AGGREGATED_SOURCE,
)
def aggregates_are_ordered(body: Value) -> Relations:
    for metric in body:
        values = [metric[key] for key in ("min", "avg", "max")]
        slack = 1e-9 * max((abs(value.raw) for value in values if is_number(value.raw)), default=0)
        yield from ascending(*values, slack=slack)
        low, high, skew = metric["min"], metric["max"], metric["skew"]
        if is_number(low.raw) and low.raw >= 0:
            yield from ascending(constant(0, "0"), skew, slack=1e-6)
        if is_number(low.raw) and is_number(high.raw) and is_number(skew.raw):
            has_skew = abs(skew.raw) >= 1e-6
            yield from require(low.raw != high.raw or not has_skew, "equal values with a skew", skew, low, high)


@within(
    *_AGGREGATED_OPERATIONS,
    text="The sum of an aggregated metric is a multiple of its average; min, max and skew fit that number of values.",
    source=_AGGREGATED_SOURCE,
)
def aggregates_have_a_count(body: Value) -> Relations:
    for metric in body:
        mean, whole, low, high = (metric[key] for key in ("avg", "sum", "min", "max"))
        if not is_number(mean.raw) or not is_number(whole.raw) or not mean.raw:
            continue
        ratio = whole.raw / mean.raw
        yield from require(
            abs(ratio - round(ratio)) < 1e-3 * max(1, abs(ratio)) and round(ratio) >= 1,
            "sum is not a multiple of avg",
            whole,
            mean,
            exact=True,
        )
        if is_number(low.raw) and is_number(high.raw):
            if round(ratio) == 1:
                yield from close(low, high, 1e-6 * abs(high.raw))
            elif round(ratio) == 2:
                yield from close(low + high, whole, 1e-6 * (abs(whole.raw) + abs(high.raw)))
            is_exact = abs(mean.raw) > 1e-6 * max(abs(low.raw), abs(high.raw))
            numbers_by_count = {
                1: [high.raw],
                2: [low.raw, high.raw],
                3: [low.raw, whole.raw - low.raw - high.raw, high.raw],
            }
            numbers = numbers_by_count.get(round(ratio))
            if numbers and is_exact and is_number(metric["skew"].raw):
                expected = _skew(numbers)
                is_close = abs(metric["skew"].raw - expected) <= 1e-3
                yield from require(is_close, f"the skew is {expected}", metric["skew"], low, high, whole, exact=True)
            tolerance = 1e-6 * abs(whole.raw)
            yield from ascending(low * round(ratio), whole, high * round(ratio), slack=tolerance)


def _skew(numbers: Sequence[float]) -> float:
    """Return the mean absolute deviation in percent of the mean, at most 100 (`DoubleAccumulator.DoubleDataSkew`)."""
    mean = sum(numbers) / len(numbers)
    deviation = sum(abs(number - mean) for number in numbers) / len(numbers)
    return min(deviation / mean * 100, 100) if mean else 0


def _summarizes(aggregated: dict[str, Value], individual: Sequence[dict[str, Value]]) -> Relations:
    """Relate aggregated metrics to the individual values, if all of them were read.

    Args:
        aggregated: The entries of aggregated metrics by their ids.
        individual: The metrics of each subtask, TaskManager or job.
    """
    for name, metric in aggregated.items():
        values = [metrics[name] for metrics in individual if name in metrics and is_number(metrics[name].raw)]
        if not values or len(values) != len(individual):
            continue
        numbers = [value.raw for value in values]
        expected = {
            "min": min(numbers),
            "max": max(numbers),
            "sum": sum(numbers),
            "avg": sum(numbers) / len(numbers),
            "skew": _skew(numbers),
        }
        for key, expected_value in expected.items():
            if is_number(metric[key].raw):
                text = f"the {key} of {len(values)} values of {name} is {expected_value}"
                magnitude = 100 if key == "skew" else max(abs(expected_value), *map(abs, numbers))
                is_close = abs(metric[key].raw - expected_value) <= 1e-6 * magnitude + 1e-9
                yield from require(is_close, text, metric[key], *values, exact=True)


@between(
    "cluster",
    text="The aggregated metrics of TaskManagers combine the metrics of each TaskManager.",
    source=_AGGREGATED_SOURCE,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def aggregated_taskmanagers(view: View) -> Relations:
    listed = [str(taskmanager["id"].raw) for taskmanager in view.body("getTaskManagers")["taskmanagers"]]
    individual = [view.metrics("getTaskManagerMetrics", taskmanagerid=taskmanager_id) for taskmanager_id in listed]
    if individual and all(individual):
        yield from _summarizes(view.aggregated_metrics("getAggregatedTaskManagerMetrics"), individual)


@between(
    "cluster",
    text="The aggregated metrics of jobs combine the metrics of each job.",
    source=_AGGREGATED_SOURCE,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def aggregated_jobs(view: View) -> Relations:
    listed = [str(job["jid"].raw) for job in view.body("getJobsOverview")["jobs"]]
    read_ids = {job_id for (job_id,) in view.subjects("job")}
    if set(listed) <= read_ids:
        individual = [view.metrics("getJobMetrics", jobid=job_id) for job_id in listed]
        yield from _summarizes(
            view.aggregated_metrics("getAggregatedJobMetrics"), [metrics for metrics in individual if metrics]
        )


@between(
    "vertex",
    text="The aggregated metrics of subtasks combine the metrics of each subtask.",
    source=_AGGREGATED_SOURCE,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def aggregated_subtasks(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    subtasks = view.body("getJobVertexDetails", **ids)["subtasks"]
    individual = [
        view.metrics("getSubtaskMetrics", **ids, subtaskindex=str(subtask["subtask"].raw)) for subtask in subtasks
    ]
    if individual and all(individual):
        yield from _summarizes(view.aggregated_metrics("getAggregatedSubtaskMetrics", **ids), individual)


@between(
    "cluster",
    text="An aggregation has the same value with and without agg.",
    source=_AGGREGATED_SOURCE,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def single_aggregations(view: View) -> Relations:
    for kind, operation_id, names in (
        ("cluster", "getAggregatedTaskManagerMetrics", ()),
        ("cluster", "getAggregatedJobMetrics", ()),
        ("vertex", "getAggregatedSubtaskMetrics", ("jobid", "vertexid")),
    ):
        for ids in view.subjects(kind):
            parameters = dict(zip(names, ids, strict=True))
            all_aggregations = view.aggregated_metrics(operation_id, **parameters)
            for body in view.bodies_with_query(operation_id, **parameters):
                if set(body.response.query) == {"get", "agg"}:
                    for metric in body:
                        whole = all_aggregations.get(str(metric["id"].raw), Value(MISSING))
                        for key, value in metric.items():
                            if key != "id":
                                yield from equal(value, whole[key])


@against_request(
    *_METRIC_OPERATIONS,
    text="With get, a response has only the metrics that the request names; without get, it has no values.",
    source="flink-behaviour.md#metrics",
)
def only_requested_metrics(body: Value) -> Relations:
    requested = body.response.query.get("get")
    for metric in body:
        if requested is not None:
            yield from require(metric["id"].raw in requested, "not requested", metric["id"], exact=True)
        else:
            text = "a value without get"
            yield from require(not metric["value"].exists and not metric["min"].exists, text, metric["id"])


@against_request(
    *_AGGREGATED_OPERATIONS,
    text="With agg, a response has exactly the aggregations that the request names.",
    source=_AGGREGATED_SOURCE,
)
def only_requested_aggregations(body: Value) -> Relations:
    requested = body.response.query.get("agg")
    if requested and body.response.query.get("get"):
        for metric in body:
            for key, value in metric.items():
                if key != "id":
                    yield from require(key in requested, "not requested", value)
            for key in requested:
                yield from require(metric[key].exists, f"{key} is missing", metric)


def _metrics_are_listed(view: View, operation_id: str, **parameters: str) -> Relations:
    """Relate the values of metrics to the list of metrics.

    A metric that has a value is listed, and a listed metric that was requested has a value.
    """
    listed = view.body(operation_id, **parameters)
    listed_ids = {metric["id"].raw for metric in listed}
    bodies = view.bodies_with_query(operation_id, **parameters)
    ids_with_value = {metric["id"].raw for body in bodies for metric in body}
    without_value = [metric["id"] for metric in listed if metric["id"].raw not in ids_with_value]
    suspects = without_value if 0 < len(without_value) <= 3 else [listed]
    for body in bodies if listed_ids else ():
        for metric in body:
            yield from is_listed(metric["id"], listed_ids, "a metric with a value is not listed", *suspects)
        if set(body.response.query) == {"get"}:
            requested, answered = set(body.response.query["get"]), {metric["id"].raw for metric in body}
            for metric in listed:
                if metric["id"].raw in requested:
                    yield from require(
                        metric["id"].raw in answered, "listed and requested, without a value", metric["id"]
                    )


@between(
    "job",
    text="A metric of a job has a value if and only if it is listed.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def job_metrics_are_listed(view: View, job_id: str) -> Relations:
    yield from _metrics_are_listed(view, "getJobMetrics", jobid=job_id)


@between(
    "taskmanager",
    text="A metric of a TaskManager has a value if and only if it is listed.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def taskmanager_metrics_are_listed(view: View, taskmanager_id: str) -> Relations:
    yield from _metrics_are_listed(view, "getTaskManagerMetrics", taskmanagerid=taskmanager_id)


@between(
    "cluster",
    text="A metric of the JobManager has a value if and only if it is listed.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def jobmanager_metrics_are_listed(view: View) -> Relations:
    yield from _metrics_are_listed(view, "getJobManagerMetrics")


@between(
    "vertex",
    text="A metric of a vertex or of its operator coordinators has a value if and only if it is listed.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def vertex_metrics_are_listed(view: View, job_id: str, vertex_id: str) -> Relations:
    yield from _metrics_are_listed(view, "getJobVertexMetrics", jobid=job_id, vertexid=vertex_id)
    yield from _metrics_are_listed(view, "getJobManagerOperatorMetrics", jobid=job_id, vertexid=vertex_id)


@between(
    "subtask",
    text="A metric of a subtask has a value if and only if it is listed.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def subtask_metrics_are_listed(view: View, job_id: str, vertex_id: str, index: str) -> Relations:
    yield from _metrics_are_listed(view, "getSubtaskMetrics", jobid=job_id, vertexid=vertex_id, subtaskindex=index)


@between(
    "job",
    text="Counts in the metrics of a job are not negative; numbers about the last checkpoint are at least -1.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def job_counts_are_not_negative(view: View, job_id: str) -> Relations:
    for name, value in view.metrics("getJobMetrics", jobid=job_id).items():
        if name.startswith(("numberOf", "numRestarts", "totalNumberOf", "numRescales")):
            yield from ascending(constant(0, "0"), value)
        if name.startswith(("lastCheckpoint", "lastCompleted")) and is_number(value.raw):
            yield from ascending(constant(-1, "-1"), value)


def _same_names(whole: Value, expected: Mapping[str, Sequence[Value]]) -> Relations:
    """Relate the names in a list to the names in other lists: the list has all of them and no others.

    Args:
        whole: The list.
        expected: Name -> the ids with this name in the other lists (`_ids_by_name`).
    """
    if whole.exists and expected:
        unknown = [metric["id"] for metric in whole if str(metric["id"].raw) not in expected][:3]
        listed = {str(metric["id"].raw): metric["id"] for metric in whole}
        missing = [name for name in sorted(expected) if name not in listed][:3]
        missing_values = [value for name in missing for value in expected[name]]
        for name in missing:
            yield from require(False, f"{name} is not listed", *(unknown or [whole]), *expected[name][:3])
            if len(expected[name]) > 1:
                yield from require(True, "", *expected[name][:3], exact=True)  # these lists agree with each other
        for unknown_id in unknown:
            yield from require(
                False, f"{unknown_id.raw} is listed, but not by the others", unknown_id, *missing_values[:3]
            )
        for name, metric_id in listed.items():
            if name in expected:
                yield from require(True, "", metric_id, *expected[name], exact=True)


def may_be_rescaled(view: View, job_id: str) -> bool:
    """Return whether the parallelism of a job may change: Flink keeps the metrics of subtasks that no longer exist."""
    details = view.body("getJobDetails", jobid=job_id)
    return not has_default_scheduler(view, job_id) or details["job-type"].raw == "BATCH"


def _ids_by_name(*lists: Value, prefix: str = "") -> dict[str, list[Value]]:
    """Return the ids in lists of metrics by name; each name gets the prefix."""
    ids_by_name: dict[str, list[Value]] = {}
    for listed in lists:
        for metric in listed:
            ids_by_name.setdefault(f"{prefix}{metric['id'].raw}", []).append(metric["id"])
    return ids_by_name


@between(
    "vertex",
    text="The metrics that a vertex lists are those of its subtasks, with the index before the name; the list of "
    "aggregated metrics has them without the index.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def vertex_lists_metrics_of_subtasks(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    whole = view.body("getJobVertexMetrics", **ids)
    subtasks = list(view.body("getJobVertexDetails", **ids)["subtasks"])
    if not subtasks or may_be_rescaled(view, job_id):
        return
    indexes = [str(subtask["subtask"].raw) for subtask in subtasks]
    parts = {index: view.body("getSubtaskMetrics", **ids, subtaskindex=index) for index in indexes}
    if all(part.exists for part in parts.values()):
        expected: dict[str, list[Value]] = {}
        for index, part in parts.items():
            expected |= _ids_by_name(part, prefix=f"{index}.")
        yield from _same_names(whole, expected)
        yield from _same_names(view.body("getAggregatedSubtaskMetrics", **ids), _ids_by_name(*parts.values()))


@between(
    "cluster",
    text="The lists of aggregated metrics have the metrics of the TaskManagers, and of the jobs.",
    source=_AGGREGATED_SOURCE,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def aggregated_metrics_are_listed(view: View) -> Relations:
    for whole_id, part_id, parameter, listed in (
        (
            "getAggregatedTaskManagerMetrics",
            "getTaskManagerMetrics",
            "taskmanagerid",
            [entry["id"] for entry in view.body("getTaskManagers")["taskmanagers"]],
        ),
        (
            "getAggregatedJobMetrics",
            "getJobMetrics",
            "jobid",
            [entry["jid"] for entry in view.body("getJobsOverview")["jobs"]],
        ),
    ):
        parts = [view.body(part_id, **{parameter: str(value.raw)}) for value in listed]
        if parts and all(part.exists for part in parts):
            yield from _same_names(view.body(whole_id), _ids_by_name(*parts))
