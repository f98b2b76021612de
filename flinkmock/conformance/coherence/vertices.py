"""Invariants of vertices, subtasks and attempts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from flinkmock.conformance.coherence.jobs import ALIVE_TASKS, TERMINAL, aggregate_status, row_with
from flinkmock.conformance.coherence.registry import CACHES, METRICS, between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    ascending,
    close,
    counting_up,
    equal,
    same_fields,
    true,
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
from flinkmock.conformance.coherence.view import View

_RULES = "rules-that-hold"
_SUBTASKS = "subtasks"
UNASSIGNED = "(unassigned)"
_LISTS = ("getJobVertexDetails", "getSubtasksTimes", "getJobVertexBackPressure", "getSubtasksAllAccumulators")
_ROWS = ("getJobVertexDetails", "getSubtaskCurrentAttemptDetails", "getSubtaskExecutionAttemptDetails")
COUNTERS = {
    "read-bytes": ("numBytesIn", "numBytesInLocal", "numBytesInRemote"),  # the sum of the other two since 1.13
    "write-bytes": ("numBytesOut",),
    "read-records": ("numRecordsIn",),
    "write-records": ("numRecordsOut",),
    "accumulated-backpressured-time": ("accumulateBackPressuredTimeMs",),
    "accumulated-idle-time": ("accumulateIdleTimeMs",),
    "accumulated-busy-time": ("accumulateBusyTimeMs",),
}
"""Key of the metrics in job and vertex details -> the metrics that are added for it."""


def vertex_row(view: View, job_id: str, vertex_id: str) -> Value:
    """Return the row of a vertex in the details of its job."""
    return row_with(view.body("getJobDetails", jobid=job_id)["vertices"], "id", vertex_id)


def subtask_rows(body: Value) -> Iterator[Value]:
    """Yield the subtasks of a vertex, or the one that a response is about."""
    if body["subtasks"].exists:
        yield from body["subtasks"]
    else:
        yield body


@within(*_LISTS, text="Subtasks are listed by their index, each once.", source=_SUBTASKS)
def subtasks_in_order(body: Value) -> Relations:
    if body.response.operation_id == "getJobVertexBackPressure":  # lists those whose metrics have arrived
        rows = [row["subtask"] for row in body["subtasks"] if is_number(row["subtask"].raw)]
        for one, next_one in pairwise(rows):
            yield from true(one.raw < next_one.raw, "not in order", one, next_one)
    else:
        yield from counting_up(body["subtasks"], "subtask")


@within("getJobVertexDetails", text="The subtasks of a vertex are as many as its parallelism.", source=_SUBTASKS)
def subtasks_are_parallel(body: Value) -> Relations:
    yield from equal(body["parallelism"], _length(body["subtasks"]))
    if is_number(body["maxParallelism"].raw) and body["maxParallelism"].raw > 0:
        yield from ascending(body["parallelism"], body["maxParallelism"])


def _length(rows: Value) -> Value:
    raw = len(rows.raw) if isinstance(rows.raw, list) else MISSING
    return computed(raw, f"length of {rows}", rows)


@within(*_ROWS, text="start_time, which is deprecated, is start-time.", source=_SUBTASKS)
def subtask_start_twice(body: Value) -> Relations:
    for row in subtask_rows(body):
        yield from equal(row["start_time"], row["start-time"])


@within(*_ROWS, text="A subtask has an end-time as soon as it has ended.", source=_SUBTASKS)
def subtask_end(body: Value) -> Relations:
    for row in subtask_rows(body):
        if row["status"].exists:
            ended = row["status"].raw in TERMINAL
            text = "the end-time doesn't fit the status"
            yield from true((row["end-time"].raw != -1) == ended, text, row["end-time"], row["status"], exact=True)


@within(
    *_ROWS, text="A subtask that is DEPLOYING, INITIALIZING, RUNNING or FINISHED has a start-time.", source=_SUBTASKS
)
def subtask_has_started(body: Value) -> Relations:
    for row in subtask_rows(body):
        if row["status"].is_in((*ALIVE_TASKS, "FINISHED")):
            yield from true(row["start-time"].raw != -1, "it has no start-time", row["start-time"], row["status"])
            assigned = row["taskmanager-id"]
            yield from true(assigned.raw != UNASSIGNED, "it runs nowhere", assigned, row["status"])
        elif row["status"].is_in(("CREATED", "SCHEDULED")):
            # the timestamps of a cached graph are those of the living one
            yield from true(row["end-time"].raw == -1, "it has ended", row["end-time"], row["status"])


@within(
    *_ROWS,
    text="The duration of a subtask is end-time - start-time, or now - start-time, and -1 before it starts.",
    source=_SUBTASKS,
)
def subtask_duration(body: Value) -> Relations:
    for row in subtask_rows(body):
        start, end, duration = row["start-time"], row["end-time"], row["duration"]
        if start.raw == -1:
            yield from true(duration.raw == -1, "a duration without a start", duration, start)
        elif end.raw != -1:
            yield from equal(duration, end - start)
        elif "now" in body.raw:
            yield from close(duration, body["now"] - start, 1000)  # the clock is read for each subtask
        else:
            yield from ascending(constant(0, "0"), duration)


@within(*_ROWS, text="Attempts, records, bytes and times are not negative.", source="json-conventions")
def subtask_metrics_are_counts(body: Value) -> Relations:
    for row in subtask_rows(body):
        yield from ascending(constant(0, "0"), row["attempt"])
        for name, value in row["metrics"].items():
            if not isinstance(value.raw, bool):
                yield from ascending(constant(0, "0"), computed(value.raw, name, value))


@within(*_ROWS, text="The states of a subtask last at least 0 ms, or -1 if it has not been in them.", source=_SUBTASKS)
def subtask_state_durations(body: Value) -> Relations:
    for row in subtask_rows(body):
        for state, duration in row["status-duration"].items():
            text = f"the duration of {state} is negative"
            yield from true(is_number(duration.raw) and duration.raw >= -1, text, duration)


@within(
    *_ROWS,
    text="The states from DEPLOYING on last as long as the subtask, if it was not cancelled.",
    source=_RULES,
    settles_in_ms=CACHES,
)
def subtask_states_add_up(body: Value) -> Relations:
    for row in subtask_rows(body):
        durations = dict(row["status-duration"].items())
        if row["status"].is_in(("RUNNING", "FINISHED", "FAILED")) and "RUNNING" in durations:
            parts = [each for state, each in durations.items() if state in ALIVE_TASKS]
            if all(each.raw >= 0 for each in parts):
                whole = total(parts, "sum of status-duration from DEPLOYING on")
                # the clock is read twice while the subtask runs
                yield from close(row["duration"], whole, 1000 if row["end-time"].raw == -1 else 0)


@within("getSubtasksTimes", text="A subtask enters its states in the order of its life cycle.", source="job-states")
def subtask_times_in_order(body: Value) -> Relations:
    states = ("CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING", "FINISHED")
    for row in body["subtasks"]:
        times = [row["timestamps"][state] for state in states]
        yield from ascending(*(time for time in times if time.raw))
        begun = lowest([time for time in times if time.raw], "the first time")
        for end in ("CANCELING", "CANCELED", "FAILED"):
            if row["timestamps"][end].raw:
                yield from ascending(begun, row["timestamps"][end])
        if row["timestamps"]["CANCELING"].raw and row["timestamps"]["CANCELED"].raw:
            yield from ascending(row["timestamps"]["CANCELING"], row["timestamps"]["CANCELED"])
        if row["timestamps"]["CREATED"].exists:
            yield from true(row["timestamps"]["CREATED"].raw > 0, "never CREATED", row["timestamps"]["CREATED"])
        for earlier, later in (("SCHEDULED", "DEPLOYING"), ("DEPLOYING", "RUNNING"), ("RUNNING", "FINISHED")):
            first, second = row["timestamps"][earlier], row["timestamps"][later]
            if second.raw and first.exists:
                yield from true(first.raw > 0, f"{later} without {earlier}", first, second)


@within("getSubtasksTimes", text="A subtask has at most one terminal state.", source="job-states")
def subtask_has_one_end(body: Value) -> Relations:
    for row in body["subtasks"]:
        ends = [row["timestamps"][state] for state in sorted(TERMINAL)]
        yield from true(sum(bool(end.raw) for end in ends) <= 1, "several terminal states", *(e for e in ends if e.raw))


@within("getSubtasksTimes", text="No timestamp of a subtask is later than now.", source=_RULES)
def subtask_times_are_past(body: Value) -> Relations:
    for row in body["subtasks"]:
        for _, time in row["timestamps"].items():
            yield from ascending(time, body["now"])


@within(
    "getSubtasksTimes",
    text="duration in /subtasktimes counts from SCHEDULED to the end of the subtask, or to now.",
    source=_RULES,
    settles_in_ms=CACHES,
)
def subtask_times_duration(body: Value) -> Relations:
    for row in body["subtasks"]:
        scheduled = row["timestamps"]["SCHEDULED"]
        ends = [row["timestamps"][state] for state in sorted(TERMINAL) if row["timestamps"][state].raw]
        if scheduled.raw:
            yield from equal(row["duration"], (ends[0] if ends else body["now"]) - scheduled)


@within(
    "getJobVertexDetails",
    text="The aggregated metrics are those of the subtasks' metrics.",
    source="subtasks",
    since="1.14",
)
def vertex_aggregates(body: Value) -> Relations:
    yield from _aggregates(body["aggregated"], list(body["subtasks"]))


def _aggregates(aggregated: Value, rows: Sequence[Value]) -> Relations:
    for name, statistics in aggregated["metrics"].items():
        yield from statistics_of(statistics, [row["metrics"][name] for row in rows])
    for state, statistics in aggregated["status-duration"].items():
        parts = [row["status-duration"][state] for row in rows if row["status-duration"][state].exists]
        yield from statistics_of(statistics, parts, _slack(rows, state))


def _slack(rows: Sequence[Value], state: str) -> float:
    """The time in a state that goes on is not counted on with each request."""
    return 5000 if any(row["status"].raw == state and row["end-time"].raw == -1 for row in rows) else 0


def statistics_of(statistics: Value, parts: Sequence[Value], tolerance: float = 0) -> Relations:
    """Statistics (min, avg, max, sum, percentiles) are those of numbers; means and percentiles are cut off."""
    numbers = [part.raw for part in parts]
    if not parts or not all(is_number(each) for each in numbers):
        return
    expected = {
        "min": min(numbers),
        "max": max(numbers),
        "sum": sum(numbers),
        "avg": sum(numbers) / len(numbers),
        "median": percentile(numbers, 50),
        "p25": percentile(numbers, 25),
        "p75": percentile(numbers, 75),
        "p95": percentile(numbers, 95),
    }
    for name, value in statistics.items():
        if name in expected and is_number(value.raw):
            figure = expected[name]
            slack = 1 if name not in ("min", "max") else 0  # of doubles that are cut off
            slack = max(slack, 1e-6 * abs(figure), tolerance * (len(parts) if name == "sum" else 1))
            text = f"the {name} of {len(parts)} numbers is {figure}"
            yield from true(abs(value.raw - figure) <= slack, text, value, *parts, exact=True)


def percentile(numbers: Sequence[float], percent: float) -> float:
    """Return a percentile as the class `Percentile` of Apache Commons Math estimates it."""
    ordered = sorted(numbers)
    position = percent * (len(ordered) + 1) / 100
    if position < 1:
        return ordered[0]
    if position >= len(ordered):
        return ordered[-1]
    below = int(position)
    return ordered[below - 1] + (position - below) * (ordered[below] - ordered[below - 1])


@within(
    "getJobVertexDetails",
    "getJobVertexTaskManagers",
    text="Aggregated figures are in order: min, p25, median, p75, p95, max.",
    source="json-conventions",
)
def aggregates_in_order(body: Value) -> Relations:
    owners = [body, *body["taskmanagers"]]
    for owner in owners:
        for group in ("metrics", "status-duration"):
            for _, figures in owner["aggregated"][group].items():
                yield from ascending(*(figures[key] for key in ("min", "p25", "median", "p75", "p95", "max")))
                yield from ascending(figures["min"], figures["avg"], figures["max"])


@within(
    "getJobVertexTaskManagers",
    text="The duration of a vertex on a TaskManager is end-time - start-time, or now - start-time.",
    source=_SUBTASKS,
)
def taskmanager_duration(body: Value) -> Relations:
    for row in body["taskmanagers"]:
        start, end = row["start-time"], row["end-time"]
        if start.raw == -1:
            yield from true(row["duration"].raw == -1, "a duration without a start", row["duration"], start)
        else:
            yield from equal(row["duration"], (body["now"] if end.raw == -1 else end) - start)


@within(
    "getJobVertexTaskManagers",
    text="The status of a vertex on a TaskManager follows from the states of its tasks there.",
    source="vertex-status",
)
def taskmanager_status(body: Value) -> Relations:
    yield from unique(body["taskmanagers"], "endpoint")
    for row in body["taskmanagers"]:
        counts = {state: each.raw for state, each in row["status-counts"].items()}
        if counts and row["status"].exists:
            expected = aggregate_status(counts)
            present = [each for _, each in row["status-counts"].items() if each.raw]
            text = f"a vertex with these tasks is {expected}"
            yield from true(row["status"].raw == expected, text, row["status"], *present, exact=True)
            ended = bool(present) and all(state in TERMINAL for state, times in counts.items() if times)
            if row["start-time"].raw != -1 or not ended:
                text = "the end-time doesn't fit the states of the tasks"
                yield from true((row["end-time"].raw != -1) == ended, text, row["end-time"], *present)


@between("vertex", text="All responses agree on the id, name and parallelism of a vertex.", source="job-details")
def vertex_names(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    row = vertex_row(view, job_id, vertex_id)
    details = view.body("getJobVertexDetails", **ids)
    times = view.body("getSubtasksTimes", **ids)
    located = view.body("getJobVertexTaskManagers", **ids)
    accumulators = view.body("getSubtasksAllAccumulators", **ids)
    yield from equal(row["name"], details["name"], times["name"], located["name"])
    of_vertex = view.body("getJobVertexAccumulators", **ids)
    yield from equal(row["id"], details["id"], times["id"], located["id"], accumulators["id"], of_vertex["id"])
    yield from equal(
        row["parallelism"],
        details["parallelism"],
        accumulators["parallelism"],
        _length(times["subtasks"]),
        _length(details["subtasks"]),
        _length(accumulators["subtasks"]),
    )
    yield from equal(row["maxParallelism"], details["maxParallelism"])


@between("vertex", text="The states of subtasks are those that the job's details count.", source=_SUBTASKS)
def vertex_tasks(view: View, job_id: str, vertex_id: str) -> Relations:
    row = vertex_row(view, job_id, vertex_id)
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    located = view.body("getJobVertexTaskManagers", jobid=job_id, vertexid=vertex_id)["taskmanagers"]
    statuses = [subtask["status"] for subtask in subtasks]
    for state, counted in row["tasks"].items():
        if not any(each.raw for _, each in row["tasks"].items()):
            return  # a job that waits for slots has a graph without executions
        listed = count(statuses, [state], f"subtasks that are {state}") if statuses else Value(MISSING)
        parts = [each["status-counts"][state] for each in located]
        here = total(parts, f"sum of status-counts.{state}") if parts else Value(MISSING)
        yield from equal(counted, listed, here)


@between(
    "vertex",
    text="A vertex starts with the first of its subtasks and ends with the last.",
    source=_RULES,
)
def vertex_times(view: View, job_id: str, vertex_id: str) -> Relations:
    row = vertex_row(view, job_id, vertex_id)
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    located = view.body("getJobVertexTaskManagers", jobid=job_id, vertexid=vertex_id)["taskmanagers"]
    for owner in (list(subtasks), list(located)):
        starts = [each["start-time"] for each in owner if each["start-time"].raw != -1]
        if starts and row["start-time"].raw != -1:
            yield from equal(row["start-time"], lowest(starts, "the first start-time"))
        ends = [each["end-time"] for each in owner]
        if ends and row["end-time"].raw != -1:
            yield from equal(row["end-time"], highest(ends, "the last end-time"))


@between("vertex", text="/subtasktimes has the start and the end of each subtask.", source=_RULES)
def subtask_times(view: View, job_id: str, vertex_id: str) -> Relations:
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    times = view.body("getSubtasksTimes", jobid=job_id, vertexid=vertex_id)["subtasks"]
    if len(subtasks.raw or ()) != len(times.raw or ()):
        return
    for row, timed in zip(subtasks, times, strict=True):
        stamps = timed["timestamps"]
        yield from equal(row["endpoint"], timed["endpoint"])
        yield from equal(row["host"], timed["host"])
        if row["start-time"].raw != -1 or stamps["DEPLOYING"].raw:
            yield from equal(row["start-time"], stamps["DEPLOYING"])
        if row["status"].is_in(TERMINAL):
            yield from equal(row["end-time"], stamps[row["status"].raw])
        elif row["status"].exists:
            entered = stamps[row["status"].raw]
            if entered.exists:
                yield from true(entered.raw > 0, "the state has no time", entered, row["status"])
        yield from _state_durations(row["status-duration"], stamps)
        for state in sorted(TERMINAL):
            text = f"it has the time of {state} and another status"
            if row["status"].exists and stamps[state].exists:
                right = (row["status"].raw == state) == bool(stamps[state].raw)
                yield from true(right, text, stamps[state], row["status"])


def _state_durations(durations: Value, stamps: Value) -> Relations:
    """A state lasts until the next one; the current one lasts until now, and is left to `subtask_states_add_up`."""
    order = [state for state in ("CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING") if stamps[state].raw]
    ends = [stamps[state] for state in ("FINISHED", "FAILED", "CANCELING") if stamps[state].raw]
    if not ends and stamps["CANCELED"].raw:
        return  # cancelled before it was deployed
    for state, following in pairwise(order):
        if ends and ends[0].raw < stamps[following].raw:
            return
        if durations[state].raw != -1:
            yield from equal(durations[state], stamps[following] - stamps[state])
    if order and ends and is_number(durations[order[-1]].raw) and durations[order[-1]].raw != -1:
        yield from equal(durations[order[-1]], ends[0] - stamps[order[-1]])


@between("subtask", text="A subtask is described as in the list of its vertex.", source=_SUBTASKS)
def subtask_row(view: View, job_id: str, vertex_id: str, index: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    subtasks = view.body("getJobVertexDetails", **ids)["subtasks"]
    row = subtasks[int(index)] if index.isdecimal() else Value(MISSING)
    current = view.body("getSubtaskCurrentAttemptDetails", **ids, subtaskindex=index)
    yield from _same_subtask(row, current)
    attempt = str(row["attempt"].raw)
    numbered = view.body("getSubtaskExecutionAttemptDetails", **ids, subtaskindex=index, attempt=attempt)
    yield from _same_subtask(row, numbered)
    yield from _same_subtask(current, numbered)


def _same_subtask(one: Value, other: Value) -> Relations:
    if one.raw and other.raw:
        moving = ("duration", "status-duration", "metrics")
        yield from same_fields(one, other, without=moving)
        going = () if one["end-time"].raw != -1 else (str(one["status"].raw),)
        if not going:
            yield from equal(one["duration"], other["duration"])
        yield from same_fields(one["status-duration"], other["status-duration"], without=going)
        yield from same_fields(one["metrics"], other["metrics"])


@between("subtask", text="An earlier attempt has ended before the next one was deployed.", source=_SUBTASKS)
def earlier_attempts_have_ended(view: View, job_id: str, vertex_id: str, index: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id, "subtaskindex": index}
    current = view.body("getSubtaskCurrentAttemptDetails", **ids)
    if not is_number(current["attempt"].raw):
        return
    attempts = [
        view.body("getSubtaskExecutionAttemptDetails", **ids, attempt=str(earlier))
        for earlier in range(min(current["attempt"].raw, 20))
    ]
    for earlier, later in zip(attempts, [*attempts[1:], current], strict=False):
        if earlier["status"].exists:
            ended = earlier["status"].raw in TERMINAL and earlier["status"].raw != "FINISHED"
            yield from true(ended or earlier["status"].raw == "FINISHED", "it goes on", earlier["status"])
            if later["start-time"].raw != -1:
                yield from ascending(earlier["end-time"], later["start-time"])


@between("vertex", text="The counters of a vertex are the sums of its subtasks' counters.", source=_SUBTASKS)
def vertex_counters(view: View, job_id: str, vertex_id: str) -> Relations:
    row = vertex_row(view, job_id, vertex_id)
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    located = view.body("getJobVertexTaskManagers", jobid=job_id, vertexid=vertex_id)["taskmanagers"]
    for name, value in row["metrics"].items():
        for owner in (list(subtasks), list(located)):
            parts = [each["metrics"][name] for each in owner]
            if isinstance(value.raw, bool):
                if parts and all(part.exists for part in parts):
                    text = "complete as soon as those of all subtasks are"
                    yield from true(value.raw == all(part.raw for part in parts), text, value, *parts, exact=True)
            elif parts:
                yield from close(value, total(parts, f"sum of {name}"), 1e-6 * abs(value.raw) + 0.5 * len(parts))


@between("vertex", text="A TaskManager's share of a vertex is that of the subtasks on it.", source=_SUBTASKS)
def vertex_on_taskmanagers(view: View, job_id: str, vertex_id: str) -> Relations:
    subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=vertex_id)["subtasks"]
    located = view.body("getJobVertexTaskManagers", jobid=job_id, vertexid=vertex_id)["taskmanagers"]
    if not subtasks.raw or not located.raw:
        return
    by_host = "endpoint" not in subtasks.raw[0]
    for row in located:
        key = "host" if by_host else "endpoint"
        here = [each for each in subtasks if each[key].raw == row[key].raw]
        text = "no subtask is there"
        if not by_host:
            yield from true(bool(here), text, row[key], *(each[key] for each in subtasks), exact=True)
        if not here:
            continue
        for each in here:
            yield from equal(row["taskmanager-id"], each["taskmanager-id"])
        for state, counted in row["status-counts"].items():
            yield from equal(counted, count([each["status"] for each in here], [state], f"subtasks that are {state}"))
        for name, value in row["metrics"].items():
            parts = [each["metrics"][name] for each in here]
            if isinstance(value.raw, bool):
                text = "complete as soon as those of all subtasks are"
                yield from true(value.raw == all(part.raw for part in parts), text, value, *parts, exact=True)
            else:
                yield from close(value, total(parts, f"sum of {name}"), 1e-6 * abs(value.raw) + 0.5 * len(parts))
        starts = [each["start-time"] for each in here if each["start-time"].raw != -1]
        if row["start-time"].raw != -1 and starts:
            yield from equal(row["start-time"], lowest(starts, "the first start-time"))
        if row["end-time"].raw != -1:
            yield from equal(row["end-time"], highest([each["end-time"] for each in here], "the last end-time"))
        for name, statistics in row["aggregated"]["metrics"].items():
            yield from statistics_of(statistics, [each["metrics"][name] for each in here])
        for state, statistics in row["aggregated"]["status-duration"].items():
            values = [each["status-duration"][state] for each in here if each["status-duration"][state].exists]
            if not _slack(here, state):
                yield from statistics_of(statistics, values)


@between(
    "vertex",
    text="Counters in the details of a running subtask are its metrics.",
    source="metric-freshness",
    settles_in_ms=METRICS,
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
    text="Metrics of a vertex are those of its subtasks, with the index in front.",
    source="metrics",
    settles_in_ms=METRICS,
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


@within("getJobVertexWatermarks", text="Watermarks are those of the subtasks, each once.", source="metrics")
def watermarks_of_subtasks(body: Value) -> Relations:
    yield from unique(body, "id")
    for row in body:
        named = str(row["id"].raw).endswith(".currentInputWatermark")
        yield from true(named and str(row["id"].raw).split(".")[0].isdecimal(), "no watermark", row["id"], exact=True)


@within("getJobVertexBackPressure", text="A level has two names and one value.", source="back-pressure", since="1.13")
def backpressure_level_twice(body: Value) -> Relations:
    for row in (body, *body["subtasks"]):
        yield from equal(row["backpressureLevel"], row["backpressure-level"])


@within(
    "getJobVertexBackPressure",
    text="The level of back pressure follows from the ratio: ok up to 0.1, low up to 0.5, then high.",
    source="back-pressure",
)
def backpressure_level(body: Value) -> Relations:
    order = ("ok", "low", "high")
    highest_level = 0
    for row in body["subtasks"]:
        ratio, level = row["ratio"], row["backpressure-level"]
        yield from true(not is_number(ratio.raw) or 0 <= ratio.raw <= 1.01, "no share of the time", ratio)
        if is_number(ratio.raw) and level.exists:
            expected = "ok" if ratio.raw <= 0.1 else "low" if ratio.raw <= 0.5 else "high"
            yield from true(level.raw == expected, f"the level is {expected}", level, ratio, exact=True)
            highest_level = max(highest_level, order.index(expected))
        parts = [row[key] for key in ("ratio", "idleRatio", "busyRatio") if is_number(row[key].raw)]
        for part in parts:
            yield from true(-0.01 <= part.raw <= 1.1, "no share of the time", part)
        if len(parts) == 3 and any(part.raw for part in parts):  # all are 0 once the subtask has ended (MetricStore)
            shares = total(parts, "ratio + idleRatio + busyRatio")
            yield from true(shares.raw <= 1.5, "the shares add up to more than 1", *parts)
    if body["subtasks"].raw and body["backpressure-level"].exists:
        levels = [row["ratio"] for row in body["subtasks"]]
        text = f"the highest level is {order[highest_level]}"
        right = body["backpressure-level"].raw == order[highest_level]
        if all(is_number(level.raw) for level in levels):
            yield from true(right, text, body["backpressure-level"], *levels, exact=True)


@within("getJobVertexBackPressure", text="Subtasks are listed exactly if the status is ok.", source="back-pressure")
def backpressure_status(body: Value) -> Relations:
    if body["status"].exists:
        listed = body["subtasks"].exists
        yield from true((body["status"].raw == "ok") == listed, "the status doesn't fit", body["status"], body)


@between(
    "vertex",
    text="The ratios of back pressure are those of the metrics in ms per second.",
    source="back-pressure",
    since="1.13",
    settles_in_ms=METRICS,
)
def backpressure_is_measured(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    of_vertex = view.metrics("getJobVertexMetrics", **ids)
    body = view.body("getJobVertexBackPressure", **ids)
    vertex = vertex_row(view, job_id, vertex_id)
    parallelism = vertex["parallelism"]
    if body["subtasks"].raw and vertex["duration"].raw > 60_000 and vertex["tasks"]["RUNNING"].raw == parallelism.raw:
        # the metrics of all subtasks have arrived by now
        yield from equal(_length(body["subtasks"]), parallelism)
    for row in body["subtasks"]:
        index = str(row["subtask"].raw)
        yield from true(
            not is_number(parallelism.raw) or 0 <= row["subtask"].raw < parallelism.raw,
            "no such subtask",
            row["subtask"],
            parallelism,
        )
        of_subtask = view.metrics("getSubtaskMetrics", **ids, subtaskindex=index)
        for key, name in (
            ("ratio", "backPressuredTimeMsPerSecond"),
            ("idleRatio", "idleTimeMsPerSecond"),
            ("busyRatio", "busyTimeMsPerSecond"),
        ):
            for metrics, prefix in ((of_vertex, f"{index}."), (of_subtask, "")):
                metric = metrics.get(prefix + name, Value(MISSING))
                if is_number(metric.raw) and is_number(row[key].raw):
                    yield from close(row[key] * 1000, metric, 1)


@within(
    "getJobVertexFlameGraph",
    text="The samples of a frame include those of the frames that it calls.",
    source="flame-graphs",
)
def flame_graph_adds_up(body: Value) -> Relations:
    root = body["data"]
    if root["children"].raw:
        yield from equal(root["value"], total([child["value"] for child in root["children"]], "sum of the children"))
    pending = [root]
    while pending:
        frame = pending.pop()
        children = list(frame["children"])
        if children:
            yield from ascending(total([child["value"] for child in children], "sum of the children"), frame["value"])
        pending += children
