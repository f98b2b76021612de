"""Invariants of vertices, most of them between responses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flinkmock.conformance.coherence.aggregates import duration_tolerance, statistics_of
from flinkmock.conformance.coherence.jobs import TERMINAL, entry_with
from flinkmock.conformance.coherence.registry import METRICS_REFRESH_MS, between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    ascending,
    close,
    equal,
    require,
    unique,
)
from flinkmock.conformance.coherence.status_and_duration import duration_of_vertex, status_of_tasks
from flinkmock.conformance.coherence.values import (
    MISSING,
    Value,
    computed,
    constant,
    count,
    highest,
    is_number,
    lowest,
    number,
    total,
)
from flinkmock.conformance.coherence.view import ID_PARAMETERS, View

_RULES = "flink-behaviour.md#rules-that-hold"
_SUBTASKS = "flink-behaviour.md#subtasks"
UNASSIGNED = "(unassigned)"
"""The TaskManager of a subtask that is not deployed."""
METRICS_BY_COUNTER = {
    "read-bytes": ("numBytesIn", "numBytesInLocal", "numBytesInRemote"),
    "write-bytes": ("numBytesOut",),
    "read-records": ("numRecordsIn",),
    "write-records": ("numRecordsOut",),
    "accumulated-backpressured-time": ("accumulateBackPressuredTimeMs",),
    "accumulated-idle-time": ("accumulateIdleTimeMs",),
    "accumulated-busy-time": ("accumulateBusyTimeMs",),
}
"""Key of a counter in the details of jobs and vertices -> names of metrics: the first has the value of the counter; the
others, if any, add up to this value."""


def vertex_of_job(view: View, job_id: str, vertex_id: str) -> Value:
    """Return the entry of a vertex in the details of its job."""
    return entry_with(view.body("getJobDetails", jobid=job_id)["vertices"], "id", vertex_id)


def subtasks_of(body: Value) -> Iterator[Value]:
    """Yield the subtasks of a vertex, or the subtask that a response is about."""
    if body["subtasks"].exists:
        yield from body["subtasks"]
    else:
        yield body


def length_of(items: Value) -> Value:
    """Return the number of items of a list; a missing value if `items` is not a list."""
    raw = len(items.raw) if isinstance(items.raw, list) else MISSING
    return computed(raw, f"length of {items}", items)


def subtask_count_of(subtasks: Value) -> Value:
    """Return the number of subtasks in a list; a missing value if the list is empty.

    It is empty before a job of the adaptive scheduler has slots (situations: created: vertex).
    """
    return length_of(subtasks) if subtasks.raw else Value(MISSING)


@within(
    "getJobVertexDetails",
    text="A vertex has no subtasks yet, or as many as its parallelism, which is at most its maxParallelism.",
    source=_SUBTASKS,
)
def subtasks_match_parallelism(body: Value) -> Relations:
    yield from equal(body["parallelism"], subtask_count_of(body["subtasks"]))
    if is_number(body["maxParallelism"].raw) and body["maxParallelism"].raw > 0:
        yield from ascending(body["parallelism"], body["maxParallelism"])


@within(
    "getJobVertexTaskManagers",
    text="The duration of a vertex on a TaskManager is end-time - start-time, or now - start-time, and -1 before it "
    "starts.",
    source=_SUBTASKS,
)
def duration_on_taskmanager(body: Value) -> Relations:
    for entry in body["taskmanagers"]:
        yield from duration_of_vertex(entry, body["now"])


@within(
    "getJobVertexTaskManagers",
    text="Each TaskManager of a vertex is listed once. The status and the end-time of a vertex on a TaskManager "
    "follow from the states of the tasks there.",
    source="flink-behaviour.md#vertex-status",
)
def status_on_taskmanager(body: Value) -> Relations:
    yield from unique(body["taskmanagers"], "endpoint")
    yield from unique(body["taskmanagers"], "taskmanager-id")  # before 1.19 there are no endpoints
    for entry in body["taskmanagers"]:
        counts = {state: number.raw for state, number in entry["status-counts"].items()}
        if counts and entry["status"].exists:
            yield from status_of_tasks(entry, entry["status-counts"])
            present = [number for _, number in entry["status-counts"].items() if number.raw]
            all_ended = bool(present) and all(state in TERMINAL for state, tasks in counts.items() if tasks)
            if entry["start-time"].raw != -1 or not all_ended:
                text = "the end-time doesn't fit the states of the tasks"
                yield from require((entry["end-time"].raw != -1) == all_ended, text, entry["end-time"], *present)


@between(
    "vertex",
    text="All responses agree on the id, the name, the parallelism and the maximum parallelism of a vertex.",
    source="flink-behaviour.md#job-details",
)
def vertex_names(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    vertex = vertex_of_job(view, job_id, vertex_id)
    details = view.body("getJobVertexDetails", **ids)
    times = view.body("getSubtasksTimes", **ids)
    taskmanager_list = view.body("getJobVertexTaskManagers", **ids)
    subtask_accumulators = view.body("getSubtasksAllAccumulators", **ids)
    yield from equal(vertex["name"], details["name"], times["name"], taskmanager_list["name"])
    vertex_accumulators = view.body("getJobVertexAccumulators", **ids)
    yield from equal(
        vertex["id"],
        details["id"],
        times["id"],
        taskmanager_list["id"],
        subtask_accumulators["id"],
        vertex_accumulators["id"],
    )
    yield from equal(
        vertex["parallelism"],
        details["parallelism"],
        subtask_accumulators["parallelism"],
        subtask_count_of(times["subtasks"]),
        subtask_count_of(details["subtasks"]),
        subtask_count_of(subtask_accumulators["subtasks"]),
    )
    yield from equal(vertex["maxParallelism"], details["maxParallelism"])


@between("vertex", text="The details of a job count the subtasks of each vertex by their states.", source=_SUBTASKS)
def vertex_tasks(view: View, job_id: str, vertex_id: str) -> Relations:
    vertex = vertex_of_job(view, job_id, vertex_id)
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    taskmanager_entries = view.body("getJobVertexTaskManagers", jobid=job_id, vertexid=vertex_id)["taskmanagers"]
    statuses = [subtask["status"] for subtask in subtasks]
    for state, counted in vertex["tasks"].items():
        if not any(number.raw for _, number in vertex["tasks"].items()):
            return  # a job that waits for slots has a graph without executions
        listed = count(statuses, [state], f"subtasks that are {state}") if statuses else Value(MISSING)
        parts = [entry["status-counts"][state] for entry in taskmanager_entries]
        sum_of_parts = computed(
            sum(part.raw for part in parts), f"sum of status-counts.{state}", taskmanager_entries, *parts
        )
        yield from equal(counted, listed, sum_of_parts)


@between(
    "vertex",
    text="A vertex starts with the first of its subtasks and ends with the last.",
    source=_RULES,
)
def vertex_times(view: View, job_id: str, vertex_id: str) -> Relations:
    vertex = vertex_of_job(view, job_id, vertex_id)
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    taskmanager_entries = view.body("getJobVertexTaskManagers", jobid=job_id, vertexid=vertex_id)["taskmanagers"]
    for parts in (list(subtasks), list(taskmanager_entries)):
        starts = [part["start-time"] for part in parts if part["start-time"].raw != -1]
        if starts and vertex["start-time"].raw != -1:
            yield from equal(vertex["start-time"], lowest(starts, "the first start-time"))
        ends = [part["end-time"] for part in parts]
        if ends and vertex["end-time"].raw != -1:
            yield from equal(vertex["end-time"], highest(ends, "the last end-time"))


@between("vertex", text="The counters of a vertex are the sums of its subtasks' counters.", source=_SUBTASKS)
def vertex_counters(view: View, job_id: str, vertex_id: str) -> Relations:
    vertex = vertex_of_job(view, job_id, vertex_id)
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    taskmanager_entries = view.body("getJobVertexTaskManagers", jobid=job_id, vertexid=vertex_id)["taskmanagers"]
    for entries in (list(subtasks), list(taskmanager_entries)):
        for name, value in vertex["metrics"].items() if entries else ():
            parts = [part["metrics"][name] for part in entries]
            if not isinstance(value.raw, bool) or all(part.exists for part in parts):
                yield from _combines(name, value, parts)


def _combines(name: str, value: Value, parts: Sequence[Value]) -> Relations:
    """Relate a counter, or the flag of a complete counter, to those of the parts.

    A counter is the sum of the parts. A flag is true if and only if the flags of all parts are true.
    """
    if isinstance(value.raw, bool):
        text = "a counter is complete if and only if all its parts are"
        yield from require(value.raw == all(part.raw for part in parts), text, value, *parts, exact=True)
    else:
        yield from close(value, total(parts, f"sum of {name}"), 1e-6 * abs(value.raw) + 0.5 * len(parts))


@between(
    "vertex",
    text="A vertex without inputs reads no bytes from others, and one without consumers writes none.",
    source=_SUBTASKS,
)
def bytes_need_edges(view: View, job_id: str, vertex_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    nodes = {node["id"].raw: node for node in details["plan"]["nodes"]}
    if vertex_id not in nodes or details["job-type"].raw == "BATCH":
        return
    ids = {"jobid": job_id, "vertexid": vertex_id}
    entries = [vertex_of_job(view, job_id, vertex_id)]
    entries += view.body("getJobVertexDetails", **ids)["subtasks"]
    entries += view.body("getJobVertexTaskManagers", **ids)["taskmanagers"]
    for subject in view.subjects("attempt"):
        if subject[:2] == (job_id, vertex_id):
            attempt = dict(zip(ID_PARAMETERS["attempt"], subject, strict=True))
            entries.append(view.body("getSubtaskExecutionAttemptDetails", **attempt))
    is_read = any(edge["id"].raw == vertex_id for node in nodes.values() for edge in node["inputs"])
    for entry in entries:
        if nodes[vertex_id]["inputs"].raw in ([], MISSING):
            yield from equal(entry["metrics"]["read-bytes"], constant(0, "no input"))
        if not is_read:
            yield from equal(entry["metrics"]["write-bytes"], constant(0, "no consumer"))


@between(
    "vertex", text="The figures of a vertex on a TaskManager combine those of the subtasks there.", source=_SUBTASKS
)
def vertex_on_taskmanagers(view: View, job_id: str, vertex_id: str) -> Relations:
    details = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)
    body = view.body("getJobVertexTaskManagers", jobid=job_id, vertexid=vertex_id)
    subtasks, taskmanager_entries = details["subtasks"], body["taskmanagers"]
    if not subtasks.raw or not taskmanager_entries.raw:
        return
    # before 1.19 a subtask has no endpoint, and its host lacks the port that the host of an entry has
    key = "endpoint" if "endpoint" in subtasks.raw[0] else "taskmanager-id"
    for entry in taskmanager_entries:
        local_subtasks = [subtask for subtask in subtasks if subtask[key].raw == entry[key].raw]
        keys = [subtask[key] for subtask in subtasks]
        yield from require(bool(local_subtasks), f"no subtask has this {key}", entry[key], *keys, exact=True)
        if not local_subtasks:
            continue
        for subtask in local_subtasks:
            yield from equal(entry["taskmanager-id"], subtask["taskmanager-id"])
        for state, counted in entry["status-counts"].items():
            yield from equal(
                counted, count([subtask["status"] for subtask in local_subtasks], [state], f"subtasks that are {state}")
            )
        for name, value in entry["metrics"].items():
            yield from _combines(name, value, [subtask["metrics"][name] for subtask in local_subtasks])
        starts = [subtask["start-time"] for subtask in local_subtasks if subtask["start-time"].raw != -1]
        if entry["start-time"].raw != -1 and starts:
            yield from equal(entry["start-time"], lowest(starts, "the first start-time"))
        if entry["end-time"].raw != -1:
            yield from equal(
                entry["end-time"], highest([subtask["end-time"] for subtask in local_subtasks], "the last end-time")
            )
        for name, statistics in entry["aggregated"]["metrics"].items():
            yield from statistics_of(statistics, [subtask["metrics"][name] for subtask in local_subtasks])
        for state, statistics in entry["aggregated"]["status-duration"].items():
            values = [
                subtask["status-duration"][state]
                for subtask in local_subtasks
                if subtask["status-duration"][state].exists
            ]
            slack_ms = duration_tolerance(local_subtasks, state)
            elapsed_ms = abs(body["now"].raw - details["now"].raw) if slack_ms else 0
            yield from statistics_of(statistics, values, slack_ms + elapsed_ms)


@between(
    "vertex",
    text="Counters in the details of a running subtask equal its metrics.",
    source="flink-behaviour.md#metric-freshness",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def subtask_counters_are_metrics(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    vertex_metrics = view.metrics("getJobVertexMetrics", **ids)
    for subtask in view.body("getJobVertexDetails", **ids)["subtasks"]:
        if subtask["status"].raw != "RUNNING":
            continue
        index = str(subtask["subtask"].raw)
        subtask_metrics = view.metrics("getSubtaskMetrics", **ids, subtaskindex=index)
        for key, names in METRICS_BY_COUNTER.items():
            value = subtask["metrics"][key]
            for prefix, metrics in ((f"{index}.", vertex_metrics), ("", subtask_metrics)):
                if is_number(value.raw) and prefix + names[0] in metrics:
                    yield from close(value, metrics[prefix + names[0]], 0.5)
                elif is_number(value.raw) and names[1:] and all(prefix + name in metrics for name in names[1:]):
                    yield from close(value, total([metrics[prefix + name] for name in names[1:]], "sum"), 0.5)


@between(
    "vertex",
    text="Metrics of a vertex have the values of its subtasks' metrics, with the index before the name; the same goes "
    "for watermarks.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def vertex_metrics_are_the_subtasks(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    vertex_metrics = view.metrics("getJobVertexMetrics", **ids)
    for subtask in view.body("getJobVertexDetails", **ids)["subtasks"]:
        index = str(subtask["subtask"].raw)
        for name, value in view.metrics("getSubtaskMetrics", **ids, subtaskindex=index).items():
            if f"{index}.{name}" in vertex_metrics:
                yield from equal(value, vertex_metrics[f"{index}.{name}"])
    for watermark in view.body("getJobVertexWatermarks", **ids):
        if str(watermark["id"].raw) in vertex_metrics:
            yield from equal(number(watermark["value"]), vertex_metrics[watermark["id"].raw])
