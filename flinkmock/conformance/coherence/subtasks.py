"""Invariants of subtasks and their attempts, within a response and between responses."""

from __future__ import annotations

from itertools import pairwise

from flinkmock.conformance.coherence.jobs import ALIVE_STATES, TERMINAL
from flinkmock.conformance.coherence.registry import CACHE_REFRESH_MS, between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    ascending,
    close,
    counting_up,
    equal,
    require,
    same_fields,
)
from flinkmock.conformance.coherence.values import (
    MISSING,
    Value,
    computed,
    constant,
    is_number,
    total,
)
from flinkmock.conformance.coherence.vertices import UNASSIGNED, subtasks_of
from flinkmock.conformance.coherence.view import View

_RULES = "flink-behaviour.md#rules-that-hold"
_SUBTASKS = "flink-behaviour.md#subtasks"
_MAX_COMPARED_ATTEMPTS = 20
"""The maximum number of attempts of a subtask that are compared, each with the next attempt."""
_LIST_OPERATIONS = ("getJobVertexDetails", "getSubtasksTimes", "getJobVertexBackPressure", "getSubtasksAllAccumulators")
_DETAIL_OPERATIONS = ("getJobVertexDetails", "getSubtaskCurrentAttemptDetails", "getSubtaskExecutionAttemptDetails")


@within(*_LIST_OPERATIONS, text="Subtasks are listed in the order of their index, each once.", source=_SUBTASKS)
def subtasks_in_order(body: Value) -> Relations:
    if body.response.operation_id == "getJobVertexBackPressure":  # lists those whose metrics have arrived
        indexes = [subtask["subtask"] for subtask in body["subtasks"] if is_number(subtask["subtask"].raw)]
        for index, next_index in pairwise(indexes):
            yield from require(index.raw < next_index.raw, "not in order", index, next_index)
    else:
        yield from counting_up(body["subtasks"], "subtask")


@within(*_DETAIL_OPERATIONS, text="start_time, which is deprecated, equals start-time.", source=_SUBTASKS)
def subtask_start_twice(body: Value) -> Relations:
    for subtask in subtasks_of(body):
        yield from equal(subtask["start_time"], subtask["start-time"])


@within(*_DETAIL_OPERATIONS, text="A subtask has an end-time if and only if it has ended.", source=_SUBTASKS)
def subtask_end(body: Value) -> Relations:
    for subtask in subtasks_of(body):
        if subtask["status"].exists:
            has_ended = subtask["status"].raw in TERMINAL
            text = "the end-time doesn't fit the status"
            holds = (subtask["end-time"].raw != -1) == has_ended
            yield from require(holds, text, subtask["end-time"], subtask["status"], exact=True)


@within(
    *_DETAIL_OPERATIONS,
    text="A subtask that is DEPLOYING, INITIALIZING, RUNNING or FINISHED has a start-time and a TaskManager; one that "
    "is CREATED or SCHEDULED has no end-time.",
    source=_SUBTASKS,
)
def subtask_has_started(body: Value) -> Relations:
    for subtask in subtasks_of(body):
        if subtask["status"].is_in((*ALIVE_STATES, "FINISHED")):
            yield from require(
                subtask["start-time"].raw != -1,
                "the subtask has no start-time",
                subtask["start-time"],
                subtask["status"],
            )
            taskmanager_id = subtask["taskmanager-id"]
            yield from require(
                taskmanager_id.raw != UNASSIGNED, "the subtask has no TaskManager", taskmanager_id, subtask["status"]
            )
        elif subtask["status"].is_in(("CREATED", "SCHEDULED")):
            # start-time is not checked: a cached graph has the timestamps of the current graph
            yield from require(
                subtask["end-time"].raw == -1, "the subtask has ended", subtask["end-time"], subtask["status"]
            )


@within(
    *_DETAIL_OPERATIONS,
    text="The duration of a subtask is end-time - start-time, or now - start-time, and -1 before it starts.",
    source=_SUBTASKS,
)
def subtask_duration(body: Value) -> Relations:
    for subtask in subtasks_of(body):
        start, end, duration = subtask["start-time"], subtask["end-time"], subtask["duration"]
        if start.raw == -1:
            yield from require(duration.raw == -1, "a duration without a start", duration, start)
        elif end.raw != -1:
            yield from equal(duration, end - start)
        elif "now" in body.raw:
            # the clock is read for each subtask, after `now`; a busy server may pause in between
            yield from ascending(body["now"] - start, duration, slack=50)
            yield from ascending(duration, body["now"] - start, slack=5_000)
        else:
            yield from ascending(constant(0, "0"), duration)


@within(
    *_DETAIL_OPERATIONS,
    text="Attempt numbers, counts of records and bytes, and times are not negative.",
    source="flink-behaviour.md#json-conventions",
)
def subtask_metrics_are_counts(body: Value) -> Relations:
    for subtask in subtasks_of(body):
        yield from ascending(constant(0, "0"), subtask["attempt"])
        for name, value in subtask["metrics"].items():
            if not isinstance(value.raw, bool):
                yield from ascending(constant(0, "0"), computed(value.raw, name, value))


@within(
    *_DETAIL_OPERATIONS,
    text="Each state of a subtask has a duration of at least 0 ms, or -1 if the subtask has not been in it.",
    source=_SUBTASKS,
)
def subtask_state_durations(body: Value) -> Relations:
    for subtask in subtasks_of(body):
        for state, duration in subtask["status-duration"].items():
            text = f"the duration of {state} is negative"
            yield from require(is_number(duration.raw) and duration.raw >= -1, text, duration)


@within(
    *_DETAIL_OPERATIONS,
    text="The durations of DEPLOYING, INITIALIZING and RUNNING add up to the duration of an uncancelled subtask.",
    source=_RULES,
    may_disagree_for_ms=CACHE_REFRESH_MS,
)
def subtask_states_add_up(body: Value) -> Relations:
    for subtask in subtasks_of(body):
        durations = dict(subtask["status-duration"].items())
        if subtask["status"].is_in(("RUNNING", "FINISHED", "FAILED")) and "RUNNING" in durations:
            parts = [duration for state, duration in durations.items() if state in ALIVE_STATES]
            if all(part.raw >= 0 for part in parts):
                whole = total(parts, "sum of status-duration from DEPLOYING on")
                # while the subtask runs, Flink reads the clock separately for `duration` and for `status-duration`
                yield from close(subtask["duration"], whole, 1000 if subtask["end-time"].raw == -1 else 0)


@within(
    "getSubtasksTimes",
    text="A subtask enters its states in lifecycle order.",
    source="flink-behaviour.md#job-states",
)
def subtask_times_in_order(body: Value) -> Relations:
    states = ("CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING", "FINISHED")
    for subtask in body["subtasks"]:
        times = [subtask["timestamps"][state] for state in states]
        yield from ascending(*(time for time in times if time.raw))
        for end in ("CANCELING", "CANCELED", "FAILED"):
            for time in times[:-1] if subtask["timestamps"][end].raw else ():
                if time.raw:
                    yield from ascending(time, subtask["timestamps"][end])
        if subtask["timestamps"]["CANCELING"].raw and subtask["timestamps"]["CANCELED"].raw:
            yield from ascending(subtask["timestamps"]["CANCELING"], subtask["timestamps"]["CANCELED"])
        if subtask["timestamps"]["CREATED"].exists:
            yield from require(
                subtask["timestamps"]["CREATED"].raw > 0, "never CREATED", subtask["timestamps"]["CREATED"]
            )
        for earlier, later in (("SCHEDULED", "DEPLOYING"), ("DEPLOYING", "RUNNING"), ("RUNNING", "FINISHED")):
            first, second = subtask["timestamps"][earlier], subtask["timestamps"][later]
            if second.raw and first.exists:
                yield from require(first.raw > 0, f"{later} without {earlier}", first, second)


@within(
    "getSubtasksTimes",
    "getJobDetails",
    text="No job and no subtask has been RECONCILING.",
    source="flink-behaviour.md#job-states",
)
def nothing_is_reconciling(body: Value) -> Relations:
    for entry in (body, *body["subtasks"]):
        time = entry["timestamps"]["RECONCILING"]
        yield from require(time.raw == 0, "Flink does not use this state", time, exact=True)


@within("getSubtasksTimes", text="A subtask has at most one terminal state.", source="flink-behaviour.md#job-states")
def subtask_has_one_end(body: Value) -> Relations:
    for subtask in body["subtasks"]:
        ends = [subtask["timestamps"][state] for state in sorted(TERMINAL) if subtask["timestamps"][state].raw]
        yield from require(len(ends) <= 1, "several terminal states", *ends)


@within("getSubtasksTimes", text="No timestamp of a subtask is later than now.", source=_RULES)
def subtask_times_are_past(body: Value) -> Relations:
    for subtask in body["subtasks"]:
        for _, time in subtask["timestamps"].items():
            yield from ascending(time, body["now"])


@within(
    "getSubtasksTimes",
    text="duration in /subtasktimes is the time from SCHEDULED to the end of the subtask, or to now.",
    source=_RULES,
    may_disagree_for_ms=CACHE_REFRESH_MS,
)
def subtask_times_duration(body: Value) -> Relations:
    for subtask in body["subtasks"]:
        scheduled = subtask["timestamps"]["SCHEDULED"]
        ends = [subtask["timestamps"][state] for state in sorted(TERMINAL) if subtask["timestamps"][state].raw]
        if scheduled.raw:
            yield from equal(subtask["duration"], (ends[0] if ends else body["now"]) - scheduled)


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
            text = f"the time of {state} doesn't fit the status"
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


@between(
    "subtask", text="The details of a subtask agree with its entry in the details of the vertex.", source=_SUBTASKS
)
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
        lasting_state = () if one["end-time"].raw != -1 else (str(one["status"].raw),)
        if not lasting_state:
            yield from equal(one["duration"], other["duration"])
        yield from same_fields(one["status-duration"], other["status-duration"], without=lasting_state)
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
            yield from require(earlier["status"].raw in TERMINAL, "the attempt has not ended", earlier["status"])
            if later["start-time"].raw != -1:
                yield from ascending(earlier["end-time"], later["start-time"])
