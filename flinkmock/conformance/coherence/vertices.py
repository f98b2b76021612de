"""Invariants of vertices, subtasks and attempts, most of them between responses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from flinkmock.conformance.coherence.aggregates import duration_tolerance, statistics_of
from flinkmock.conformance.coherence.jobs import TERMINAL, entry_with
from flinkmock.conformance.coherence.registry import METRICS_REFRESH_MS, between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    ascending,
    close,
    equal,
    require,
    same_fields,
    unique,
)
from flinkmock.conformance.coherence.status_and_duration import duration_of_span, status_of_tasks
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
from flinkmock.conformance.coherence.view import SUBJECTS, View

_RULES = "flink-behaviour.md#rules-that-hold"
_SUBTASKS = "flink-behaviour.md#subtasks"
_MAX_COMPARED_ATTEMPTS = 20
"""The maximum number of attempts of a subtask that are compared, each with the next attempt."""
UNASSIGNED = "(unassigned)"
"""The TaskManager of a subtask that is not deployed."""
COUNTERS = {
    "read-bytes": ("numBytesIn", "numBytesInLocal", "numBytesInRemote"),
    "write-bytes": ("numBytesOut",),
    "read-records": ("numRecordsIn",),
    "write-records": ("numRecordsOut",),
    "accumulated-backpressured-time": ("accumulateBackPressuredTimeMs",),
    "accumulated-idle-time": ("accumulateIdleTimeMs",),
    "accumulated-busy-time": ("accumulateBusyTimeMs",),
}
"""Key of a counter in the details of jobs and vertices -> the metric that it equals, and the metrics of which it is the
sum."""


def vertex_of_job(view: View, job_id: str, vertex_id: str) -> Value:
    """Return a vertex as the details of its job list it."""
    return entry_with(view.body("getJobDetails", jobid=job_id)["vertices"], "id", vertex_id)


def subtasks_of(body: Value) -> Iterator[Value]:
    """Yield the subtasks of a vertex, or the subtask that a response is about."""
    if body["subtasks"].exists:
        yield from body["subtasks"]
    else:
        yield body


def length_of(items: Value) -> Value:
    """Return the number of items of a list; a missing value if it is not a list."""
    raw = len(items.raw) if isinstance(items.raw, list) else MISSING
    return computed(raw, f"length of {items}", items)


@within(
    "getJobVertexDetails",
    text="A vertex has as many subtasks as its parallelism, which is at most its maxParallelism.",
    source=_SUBTASKS,
)
def subtasks_match_parallelism(body: Value) -> Relations:
    yield from equal(body["parallelism"], length_of(body["subtasks"]))
    if is_number(body["maxParallelism"].raw) and body["maxParallelism"].raw > 0:
        yield from ascending(body["parallelism"], body["maxParallelism"])


@within(
    "getJobVertexTaskManagers",
    text="The duration of a vertex on a TaskManager is end-time - start-time, or now - start-time.",
    source=_SUBTASKS,
)
def duration_on_taskmanager(body: Value) -> Relations:
    for entry in body["taskmanagers"]:
        yield from duration_of_span(entry, body["now"])


@within(
    "getJobVertexTaskManagers",
    text="The status and the end-time of a vertex on a TaskManager follow from the states of its tasks there.",
    source="flink-behaviour.md#vertex-status",
)
def status_on_taskmanager(body: Value) -> Relations:
    yield from unique(body["taskmanagers"], "endpoint")
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
    on_taskmanagers = view.body("getJobVertexTaskManagers", **ids)
    accumulators = view.body("getSubtasksAllAccumulators", **ids)
    yield from equal(vertex["name"], details["name"], times["name"], on_taskmanagers["name"])
    of_vertex = view.body("getJobVertexAccumulators", **ids)
    yield from equal(
        vertex["id"], details["id"], times["id"], on_taskmanagers["id"], accumulators["id"], of_vertex["id"]
    )
    yield from equal(
        vertex["parallelism"],
        details["parallelism"],
        accumulators["parallelism"],
        length_of(times["subtasks"]),
        length_of(details["subtasks"]),
        length_of(accumulators["subtasks"]),
    )
    yield from equal(vertex["maxParallelism"], details["maxParallelism"])


@between("vertex", text="The details of a job count the subtasks of each vertex by their states.", source=_SUBTASKS)
def vertex_tasks(view: View, job_id: str, vertex_id: str) -> Relations:
    vertex = vertex_of_job(view, job_id, vertex_id)
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    on_taskmanagers = view.body("getJobVertexTaskManagers", jobid=job_id, vertexid=vertex_id)["taskmanagers"]
    statuses = [subtask["status"] for subtask in subtasks]
    for state, counted in vertex["tasks"].items():
        if not any(number.raw for _, number in vertex["tasks"].items()):
            return  # a job that waits for slots has a graph without executions
        listed = count(statuses, [state], f"subtasks that are {state}") if statuses else Value(MISSING)
        parts = [vertex["status-counts"][state] for vertex in on_taskmanagers]
        sum_of_parts = computed(
            sum(part.raw for part in parts), f"sum of status-counts.{state}", on_taskmanagers, *parts
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
    on_taskmanagers = view.body("getJobVertexTaskManagers", jobid=job_id, vertexid=vertex_id)["taskmanagers"]
    for parts in (list(subtasks), list(on_taskmanagers)):
        starts = [part["start-time"] for part in parts if part["start-time"].raw != -1]
        if starts and vertex["start-time"].raw != -1:
            yield from equal(vertex["start-time"], lowest(starts, "the first start-time"))
        ends = [part["end-time"] for part in parts]
        if ends and vertex["end-time"].raw != -1:
            yield from equal(vertex["end-time"], highest(ends, "the last end-time"))


@between(
    "vertex",
    text="/subtasktimes and the details of a vertex agree on the addresses, times and durations of subtasks.",
    source=_RULES,
)
def subtask_times(view: View, job_id: str, vertex_id: str) -> Relations:
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    times = view.body("getSubtasksTimes", jobid=job_id, vertexid=vertex_id)["subtasks"]
    if len(subtasks.raw or ()) != len(times.raw or ()):
        return
    for subtask, times_of_subtask in zip(subtasks, times, strict=True):
        timestamps = times_of_subtask["timestamps"]
        yield from equal(subtask["endpoint"], times_of_subtask["endpoint"])
        yield from equal(subtask["host"], times_of_subtask["host"])
        if subtask["start-time"].raw != -1 or timestamps["DEPLOYING"].raw:
            yield from equal(subtask["start-time"], timestamps["DEPLOYING"])
        if subtask["status"].is_in(TERMINAL):
            yield from equal(subtask["end-time"], timestamps[subtask["status"].raw])
        elif subtask["status"].exists:
            entered_at = timestamps[subtask["status"].raw]
            if entered_at.exists:
                yield from require(entered_at.raw > 0, "the state has no time", entered_at, subtask["status"])
        yield from _state_durations(subtask["status-duration"], timestamps)
        for state in sorted(TERMINAL):
            text = f"it has the time of {state} and another status"
            if subtask["status"].exists and timestamps[state].exists:
                holds = (subtask["status"].raw == state) == bool(timestamps[state].raw)
                yield from require(holds, text, timestamps[state], subtask["status"])


def _state_durations(durations: Value, timestamps: Value) -> Relations:
    """Relate the duration of each state to the times of this state and the next.

    The current state lasts until now; `subtask_states_add_up` checks its duration.
    """
    order = [
        state for state in ("CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING") if timestamps[state].raw
    ]
    ends = [timestamps[state] for state in ("FINISHED", "FAILED", "CANCELING") if timestamps[state].raw]
    if not ends and timestamps["CANCELED"].raw:
        return  # cancelled before it was deployed
    for state, next_state in pairwise(order):
        if ends and ends[0].raw < timestamps[next_state].raw:
            return
        if durations[state].raw != -1:
            yield from equal(durations[state], timestamps[next_state] - timestamps[state])
    if order and ends:
        last_state = order[-1]
        if is_number(durations[last_state].raw) and durations[last_state].raw != -1:
            yield from equal(durations[last_state], ends[0] - timestamps[last_state])


@between("subtask", text="The details of a subtask agree with the list of its vertex.", source=_SUBTASKS)
def subtask_entry(view: View, job_id: str, vertex_id: str, index: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    subtasks = view.body("getJobVertexDetails", **ids)["subtasks"]
    entry = subtasks[int(index)] if index.isdecimal() else Value(MISSING)
    current = view.body("getSubtaskCurrentAttemptDetails", **ids, subtaskindex=index)
    yield from _same_subtask(entry, current)
    attempt = str(entry["attempt"].raw)
    by_attempt = view.body("getSubtaskExecutionAttemptDetails", **ids, subtaskindex=index, attempt=attempt)
    yield from _same_subtask(entry, by_attempt)
    yield from _same_subtask(current, by_attempt)


def _same_subtask(one: Value, other: Value) -> Relations:
    """Relate two entries about a subtask: they are the same, except for durations that still increase."""
    if one.raw and other.raw:
        yield from same_fields(one, other, without=("duration", "status-duration", "metrics"))
        running_state = () if one["end-time"].raw != -1 else (str(one["status"].raw),)
        if not running_state:
            yield from equal(one["duration"], other["duration"])
        yield from same_fields(one["status-duration"], other["status-duration"], without=running_state)
        yield from same_fields(one["metrics"], other["metrics"])


@between("subtask", text="An earlier attempt has ended before the next one was deployed.", source=_SUBTASKS)
def earlier_attempts_have_ended(view: View, job_id: str, vertex_id: str, index: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id, "subtaskindex": index}
    current = view.body("getSubtaskCurrentAttemptDetails", **ids)
    if not is_number(current["attempt"].raw):
        return
    attempts = [
        view.body("getSubtaskExecutionAttemptDetails", **ids, attempt=str(earlier))
        for earlier in range(min(current["attempt"].raw, _MAX_COMPARED_ATTEMPTS))
    ]
    for earlier, later in zip(attempts, [*attempts[1:], current], strict=False):
        if earlier["status"].exists:
            yield from require(earlier["status"].raw in TERMINAL, "it is still running", earlier["status"])
            if later["start-time"].raw != -1:
                yield from ascending(earlier["end-time"], later["start-time"])


@between("vertex", text="The counters of a vertex are the sums of its subtasks' counters.", source=_SUBTASKS)
def vertex_counters(view: View, job_id: str, vertex_id: str) -> Relations:
    vertex = vertex_of_job(view, job_id, vertex_id)
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    on_taskmanagers = view.body("getJobVertexTaskManagers", jobid=job_id, vertexid=vertex_id)["taskmanagers"]
    for entries in (list(subtasks), list(on_taskmanagers)):
        for name, value in vertex["metrics"].items() if entries else ():
            parts = [part["metrics"][name] for part in entries]
            if not isinstance(value.raw, bool) or all(part.exists for part in parts):
                yield from _combines(name, value, parts)


def _combines(name: str, value: Value, parts: Sequence[Value]) -> Relations:
    """Relate a counter, or the flag that it is complete, to those of the parts."""
    if isinstance(value.raw, bool):
        text = "it is not complete exactly when those of all subtasks are"
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
            attempt = dict(zip(SUBJECTS["attempt"], subject, strict=True))
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
    subtasks, on_taskmanagers = details["subtasks"], body["taskmanagers"]
    if not subtasks.raw or not on_taskmanagers.raw:
        return
    has_endpoints = "endpoint" in subtasks.raw[0]  # older releases show only the host of a subtask
    for entry in on_taskmanagers:
        key = "endpoint" if has_endpoints else "host"
        local = [subtask for subtask in subtasks if subtask[key].raw == entry[key].raw]
        if has_endpoints:
            endpoints = [subtask["endpoint"] for subtask in subtasks]
            yield from require(bool(local), "no subtask has this endpoint", entry["endpoint"], *endpoints, exact=True)
        if not local:
            continue
        for subtask in local:
            yield from equal(entry["taskmanager-id"], subtask["taskmanager-id"])
        for state, counted in entry["status-counts"].items():
            yield from equal(
                counted, count([subtask["status"] for subtask in local], [state], f"subtasks that are {state}")
            )
        for name, value in entry["metrics"].items():
            yield from _combines(name, value, [subtask["metrics"][name] for subtask in local])
        starts = [subtask["start-time"] for subtask in local if subtask["start-time"].raw != -1]
        if entry["start-time"].raw != -1 and starts:
            yield from equal(entry["start-time"], lowest(starts, "the first start-time"))
        if entry["end-time"].raw != -1:
            yield from equal(
                entry["end-time"], highest([subtask["end-time"] for subtask in local], "the last end-time")
            )
        for name, statistics in entry["aggregated"]["metrics"].items():
            yield from statistics_of(statistics, [subtask["metrics"][name] for subtask in local])
        for state, statistics in entry["aggregated"]["status-duration"].items():
            values = [
                subtask["status-duration"][state] for subtask in local if subtask["status-duration"][state].exists
            ]
            slack_ms = duration_tolerance(local, state)
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
    of_vertex = view.metrics("getJobVertexMetrics", **ids)
    for subtask in view.body("getJobVertexDetails", **ids)["subtasks"]:
        if subtask["status"].raw != "RUNNING":
            continue
        index = str(subtask["subtask"].raw)
        of_subtask = view.metrics("getSubtaskMetrics", **ids, subtaskindex=index)
        for key, names in COUNTERS.items():
            value = subtask["metrics"][key]
            for prefix, metrics in ((f"{index}.", of_vertex), ("", of_subtask)):
                if is_number(value.raw) and prefix + names[0] in metrics:
                    yield from close(value, metrics[prefix + names[0]], 0.5)
                elif is_number(value.raw) and names[1:] and all(prefix + name in metrics for name in names[1:]):
                    yield from close(value, total([metrics[prefix + name] for name in names[1:]], "sum"), 0.5)


@between(
    "vertex",
    text="Metrics of a vertex are those of its subtasks, with the index before the name.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def vertex_metrics_are_the_subtasks(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    of_vertex = view.metrics("getJobVertexMetrics", **ids)
    for subtask in view.body("getJobVertexDetails", **ids)["subtasks"]:
        index = str(subtask["subtask"].raw)
        for name, value in view.metrics("getSubtaskMetrics", **ids, subtaskindex=index).items():
            if f"{index}.{name}" in of_vertex:
                yield from equal(value, of_vertex[f"{index}.{name}"])
    for watermark in view.body("getJobVertexWatermarks", **ids):
        if str(watermark["id"].raw) in of_vertex:
            yield from equal(number(watermark["value"]), of_vertex[watermark["id"].raw])
