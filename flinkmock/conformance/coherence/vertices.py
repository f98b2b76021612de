"""Invariants of vertices, subtasks and attempts, most of them between responses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from flinkmock.conformance.coherence.aggregates import duration_tolerance, statistics_of
from flinkmock.conformance.coherence.jobs import TERMINAL, row_with
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
from flinkmock.conformance.coherence.vertex_rows import duration_of_span, status_of_tasks
from flinkmock.conformance.coherence.view import SUBJECTS, View

_RULES = "flink-behaviour.md#rules-that-hold"
_SUBTASKS = "flink-behaviour.md#subtasks"
_COMPARED_ATTEMPTS = 20
"""How many attempts of a subtask are compared with the next one: the first ones."""
UNASSIGNED = "(unassigned)"
"""The TaskManager of a subtask that is not deployed."""
COUNTERS = {
    "read-bytes": ("numBytesIn", "numBytesInLocal", "numBytesInRemote"),  # the sum of the other two since 1.13
    "write-bytes": ("numBytesOut",),
    "read-records": ("numRecordsIn",),
    "write-records": ("numRecordsOut",),
    "accumulated-backpressured-time": ("accumulateBackPressuredTimeMs",),
    "accumulated-idle-time": ("accumulateIdleTimeMs",),
    "accumulated-busy-time": ("accumulateBusyTimeMs",),
}
"""Key of a counter in the details of jobs and vertices -> the metrics whose sum it is."""


def vertex_row(view: View, job_id: str, vertex_id: str) -> Value:
    """Return the row of a vertex in the details of its job."""
    return row_with(view.body("getJobDetails", jobid=job_id)["vertices"], "id", vertex_id)


def subtask_rows(body: Value) -> Iterator[Value]:
    """Yield the subtasks of a vertex, or the subtask that a response is about."""
    if body["subtasks"].exists:
        yield from body["subtasks"]
    else:
        yield body


def length_of(rows: Value) -> Value:
    """Return the number of items of a list; a missing value if it is not a list."""
    raw = len(rows.raw) if isinstance(rows.raw, list) else MISSING
    return computed(raw, f"length of {rows}", rows)


@within("getJobVertexDetails", text="The number of subtasks of a vertex is its parallelism.", source=_SUBTASKS)
def subtasks_match_parallelism(body: Value) -> Relations:
    yield from equal(body["parallelism"], length_of(body["subtasks"]))
    if is_number(body["maxParallelism"].raw) and body["maxParallelism"].raw > 0:
        yield from ascending(body["parallelism"], body["maxParallelism"])


@within(
    "getJobVertexTaskManagers",
    text="The duration of a vertex on a TaskManager is end-time - start-time, or now - start-time.",
    source=_SUBTASKS,
)
def taskmanager_duration(body: Value) -> Relations:
    for row in body["taskmanagers"]:
        yield from duration_of_span(row, body["now"])


@within(
    "getJobVertexTaskManagers",
    text="The status of a vertex on a TaskManager follows from the states of its tasks there.",
    source="flink-behaviour.md#vertex-status",
)
def taskmanager_status(body: Value) -> Relations:
    yield from unique(body["taskmanagers"], "endpoint")
    for row in body["taskmanagers"]:
        counts = {state: number.raw for state, number in row["status-counts"].items()}
        if counts and row["status"].exists:
            yield from status_of_tasks(row, row["status-counts"])
            present = [number for _, number in row["status-counts"].items() if number.raw]
            all_ended = bool(present) and all(state in TERMINAL for state, tasks in counts.items() if tasks)
            if row["start-time"].raw != -1 or not all_ended:
                text = "the end-time doesn't fit the states of the tasks"
                yield from require((row["end-time"].raw != -1) == all_ended, text, row["end-time"], *present)


@between(
    "vertex",
    text="All responses agree on the id, name and parallelism of a vertex.",
    source="flink-behaviour.md#job-details",
)
def vertex_names(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    row = vertex_row(view, job_id, vertex_id)
    details = view.body("getJobVertexDetails", **ids)
    times = view.body("getSubtasksTimes", **ids)
    on_taskmanagers = view.body("getJobVertexTaskManagers", **ids)
    accumulators = view.body("getSubtasksAllAccumulators", **ids)
    yield from equal(row["name"], details["name"], times["name"], on_taskmanagers["name"])
    of_vertex = view.body("getJobVertexAccumulators", **ids)
    yield from equal(row["id"], details["id"], times["id"], on_taskmanagers["id"], accumulators["id"], of_vertex["id"])
    yield from equal(
        row["parallelism"],
        details["parallelism"],
        accumulators["parallelism"],
        length_of(times["subtasks"]),
        length_of(details["subtasks"]),
        length_of(accumulators["subtasks"]),
    )
    yield from equal(row["maxParallelism"], details["maxParallelism"])


@between("vertex", text="The details of a job count the subtasks of each vertex by their states.", source=_SUBTASKS)
def vertex_tasks(view: View, job_id: str, vertex_id: str) -> Relations:
    row = vertex_row(view, job_id, vertex_id)
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    on_taskmanagers = view.body("getJobVertexTaskManagers", jobid=job_id, vertexid=vertex_id)["taskmanagers"]
    statuses = [subtask["status"] for subtask in subtasks]
    for state, counted in row["tasks"].items():
        if not any(number.raw for _, number in row["tasks"].items()):
            return  # a job that waits for slots has a graph without executions
        listed = count(statuses, [state], f"subtasks that are {state}") if statuses else Value(MISSING)
        parts = [row["status-counts"][state] for row in on_taskmanagers]
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
    row = vertex_row(view, job_id, vertex_id)
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    on_taskmanagers = view.body("getJobVertexTaskManagers", jobid=job_id, vertexid=vertex_id)["taskmanagers"]
    for parts in (list(subtasks), list(on_taskmanagers)):
        starts = [part["start-time"] for part in parts if part["start-time"].raw != -1]
        if starts and row["start-time"].raw != -1:
            yield from equal(row["start-time"], lowest(starts, "the first start-time"))
        ends = [part["end-time"] for part in parts]
        if ends and row["end-time"].raw != -1:
            yield from equal(row["end-time"], highest(ends, "the last end-time"))


@between("vertex", text="/subtasktimes has the start and the end of each subtask.", source=_RULES)
def subtask_times(view: View, job_id: str, vertex_id: str) -> Relations:
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    times = view.body("getSubtasksTimes", jobid=job_id, vertexid=vertex_id)["subtasks"]
    if len(subtasks.raw or ()) != len(times.raw or ()):
        return
    for row, times_of_subtask in zip(subtasks, times, strict=True):
        timestamps = times_of_subtask["timestamps"]
        yield from equal(row["endpoint"], times_of_subtask["endpoint"])
        yield from equal(row["host"], times_of_subtask["host"])
        if row["start-time"].raw != -1 or timestamps["DEPLOYING"].raw:
            yield from equal(row["start-time"], timestamps["DEPLOYING"])
        if row["status"].is_in(TERMINAL):
            yield from equal(row["end-time"], timestamps[row["status"].raw])
        elif row["status"].exists:
            entered_at = timestamps[row["status"].raw]
            if entered_at.exists:
                yield from require(entered_at.raw > 0, "the state has no time", entered_at, row["status"])
        yield from _state_durations(row["status-duration"], timestamps)
        for state in sorted(TERMINAL):
            text = f"it has the time of {state} and another status"
            if row["status"].exists and timestamps[state].exists:
                holds = (row["status"].raw == state) == bool(timestamps[state].raw)
                yield from require(holds, text, timestamps[state], row["status"])


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
def subtask_row(view: View, job_id: str, vertex_id: str, index: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    subtasks = view.body("getJobVertexDetails", **ids)["subtasks"]
    row = subtasks[int(index)] if index.isdecimal() else Value(MISSING)
    current = view.body("getSubtaskCurrentAttemptDetails", **ids, subtaskindex=index)
    yield from _same_subtask(row, current)
    attempt = str(row["attempt"].raw)
    by_attempt = view.body("getSubtaskExecutionAttemptDetails", **ids, subtaskindex=index, attempt=attempt)
    yield from _same_subtask(row, by_attempt)
    yield from _same_subtask(current, by_attempt)


def _same_subtask(one: Value, other: Value) -> Relations:
    """Relate two rows of a subtask: they are the same, except for durations of what has not ended."""
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
        for earlier in range(min(current["attempt"].raw, _COMPARED_ATTEMPTS))
    ]
    for earlier, later in zip(attempts, [*attempts[1:], current], strict=False):
        if earlier["status"].exists:
            yield from require(earlier["status"].raw in TERMINAL, "it is still running", earlier["status"])
            if later["start-time"].raw != -1:
                yield from ascending(earlier["end-time"], later["start-time"])


@between("vertex", text="The counters of a vertex are the sums of its subtasks' counters.", source=_SUBTASKS)
def vertex_counters(view: View, job_id: str, vertex_id: str) -> Relations:
    row = vertex_row(view, job_id, vertex_id)
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    on_taskmanagers = view.body("getJobVertexTaskManagers", jobid=job_id, vertexid=vertex_id)["taskmanagers"]
    for rows in (list(subtasks), list(on_taskmanagers)):
        for name, value in row["metrics"].items() if rows else ():
            parts = [part["metrics"][name] for part in rows]
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
    rows = [vertex_row(view, job_id, vertex_id)]
    rows += view.body("getJobVertexDetails", **ids)["subtasks"]
    rows += view.body("getJobVertexTaskManagers", **ids)["taskmanagers"]
    for subject in view.subjects("attempt"):
        if subject[:2] == (job_id, vertex_id):
            attempt = dict(zip(SUBJECTS["attempt"], subject, strict=True))
            rows.append(view.body("getSubtaskExecutionAttemptDetails", **attempt))
    is_read = any(edge["id"].raw == vertex_id for node in nodes.values() for edge in node["inputs"])
    for row in rows:
        if nodes[vertex_id]["inputs"].raw in ([], MISSING):
            yield from equal(row["metrics"]["read-bytes"], constant(0, "no input"))
        if not is_read:
            yield from equal(row["metrics"]["write-bytes"], constant(0, "no consumer"))


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
    for row in on_taskmanagers:
        key = "endpoint" if has_endpoints else "host"
        local = [subtask for subtask in subtasks if subtask[key].raw == row[key].raw]
        if has_endpoints:
            endpoints = [subtask["endpoint"] for subtask in subtasks]
            yield from require(bool(local), "no subtask has this endpoint", row["endpoint"], *endpoints, exact=True)
        if not local:
            continue
        for subtask in local:
            yield from equal(row["taskmanager-id"], subtask["taskmanager-id"])
        for state, counted in row["status-counts"].items():
            yield from equal(
                counted, count([subtask["status"] for subtask in local], [state], f"subtasks that are {state}")
            )
        for name, value in row["metrics"].items():
            yield from _combines(name, value, [subtask["metrics"][name] for subtask in local])
        starts = [subtask["start-time"] for subtask in local if subtask["start-time"].raw != -1]
        if row["start-time"].raw != -1 and starts:
            yield from equal(row["start-time"], lowest(starts, "the first start-time"))
        if row["end-time"].raw != -1:
            yield from equal(row["end-time"], highest([subtask["end-time"] for subtask in local], "the last end-time"))
        for name, statistics in row["aggregated"]["metrics"].items():
            yield from statistics_of(statistics, [subtask["metrics"][name] for subtask in local])
        for state, statistics in row["aggregated"]["status-duration"].items():
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
    for row in view.body("getJobVertexDetails", **ids)["subtasks"]:
        if row["status"].raw != "RUNNING":
            continue
        index = str(row["subtask"].raw)
        of_subtask = view.metrics("getSubtaskMetrics", **ids, subtaskindex=index)
        for key, names in COUNTERS.items():
            value = row["metrics"][key]
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
    for row in view.body("getJobVertexDetails", **ids)["subtasks"]:
        index = str(row["subtask"].raw)
        for name, value in view.metrics("getSubtaskMetrics", **ids, subtaskindex=index).items():
            if f"{index}.{name}" in of_vertex:
                yield from equal(value, of_vertex[f"{index}.{name}"])
    for watermark in view.body("getJobVertexWatermarks", **ids):
        if str(watermark["id"].raw) in of_vertex:
            yield from equal(number(watermark["value"]), of_vertex[watermark["id"].raw])
