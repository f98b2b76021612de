"""Invariants between two responses to the same request: constants, counters, and states that follow each other."""

from __future__ import annotations

from collections.abc import Iterator

from flinkmock.conformance.coherence.jobs import TERMINAL, was_canceled_without_tasks
from flinkmock.conformance.coherence.registry import over_time
from flinkmock.conformance.coherence.relations import Relations, ascending, equal, require, same_fields
from flinkmock.conformance.coherence.values import Value, is_number
from flinkmock.conformance.coherence.vertices import UNASSIGNED

_RULES = "flink-behaviour.md#rules-that-hold"
_COUNTERS = (
    "read-bytes",
    "write-bytes",
    "read-records",
    "write-records",
    "accumulated-backpressured-time",
    "accumulated-idle-time",
)
"""Counters that never decrease within an attempt, unlike accumulated-busy-time.

See docs/flink-behaviour.md#apparent-contradictions.
"""
_REPORTED_FIELDS = (
    "state_size",
    "checkpointed_size",
    "processed_data",
    "persisted_data",
    "alignment_buffered",
    "tasks",
    "summary",
    "subtasks",
)
"""Fields of a checkpoint that subtasks report. See docs/flink-behaviour.md#checkpoint-details."""
_STATES_WITH_COUNTERS = ("RUNNING", "FINISHED")
"""The states in which a subtask certainly shows its own counters. A cancelled or failed subtask may show 0."""
STALE_METRICS_MS = 30_000
"""For how many ms after its start an attempt may have the metrics of the previous attempt."""
_TASK_STATES_IN_ORDER = ("CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING", "FINISHED")


def matching_entries(before: Value, after: Value, key: str) -> Iterator[tuple[Value, Value]]:
    """Yield the pairs of entries in two lists that have the same value under a key."""
    later_entries = {entry[key].raw: entry for entry in after if isinstance(entry[key].raw, (str, int))}
    for entry in before:
        if entry[key].raw in later_entries:
            yield entry, later_entries[entry[key].raw]


def _keeps_parallelism(job: Value, have_same_graph: bool) -> bool:
    """Return whether the vertices of a job have the same parallelism in two responses.

    Args:
        job: The job in the earlier response. Before 2.3 it does not show its scheduler.
        have_same_graph: Whether the job has not been scheduled again in between. If its scheduler is unknown, it may
            get another parallelism only then.
    """
    scheduler = job["schedulerType"]
    return bool(scheduler.raw == "Default") if scheduler.exists else have_same_graph


@over_time(
    "getJobsOverview",
    "getApplicationDetails",
    text="Name, type, scheduler and start-time of a job stay the same; with the default scheduler, also its number of "
    "tasks.",
    source="flink-behaviour.md#job-lists",
)
def listed_job_is_the_same(before: Value, after: Value) -> Relations:
    for old, new in matching_entries(before["jobs"], after["jobs"], "jid"):
        for key in ("name", "jobType", "schedulerType", "start-time"):
            if old[key].raw is not None:  # a job has no scheduler before it is initialized
                yield from equal(old[key], new[key])
        have_same_graph = old["last-modification"].raw == new["last-modification"].raw  # a new graph has new tasks
        if _keeps_parallelism(old, have_same_graph) and old["tasks"]["total"].raw and new["tasks"]["total"].raw:
            yield from equal(old["tasks"]["total"], new["tasks"]["total"])


@over_time(
    "getJobsOverview",
    "getApplicationDetails",
    text="A job that has ended does not change, except for its counts of tasks.",
    source="flink-behaviour.md#ended-jobs",
)
def ended_job_is_unchanged(before: Value, after: Value) -> Relations:
    for old, new in matching_entries(before["jobs"], after["jobs"], "jid"):
        if old["state"].is_in(TERMINAL):
            yield from same_fields(old, new, without=("tasks",))


@over_time(
    "getJobsOverview",
    "getApplicationDetails",
    text="last-modification and the duration of a job only grow.",
    source="flink-behaviour.md#job-lists",
)
def listed_times_grow(before: Value, after: Value) -> Relations:
    for old, new in matching_entries(before["jobs"], after["jobs"], "jid"):
        yield from ascending(old["last-modification"], new["last-modification"])
        yield from duration_grows(old, new)


@over_time(
    "getJobsOverview",
    "getJobIdsWithStatusesOverview",
    text="A job that has not ended stays in the list.",
    source="flink-behaviour.md#job-lists",
)
def job_is_listed_until_it_ends(before: Value, after: Value) -> Relations:
    key, status = ("jid", "state") if before["jobs"][0]["jid"].exists else ("id", "status")
    listed = {job[key].raw for job in after["jobs"]}
    for old in before["jobs"]:
        if old[status].exists and old[status].raw not in TERMINAL:
            yield from require(old[key].raw in listed, "a job is gone", after["jobs"], old[key])


@over_time(
    "getJobIdsWithStatusesOverview",
    text="A job that has ended keeps its state; no job is initialized twice.",
    source="flink-behaviour.md#ended-jobs",
)
def ended_status_is_unchanged(before: Value, after: Value) -> Relations:
    for old, new in matching_entries(before["jobs"], after["jobs"], "id"):
        if old["status"].is_in(TERMINAL):
            yield from equal(old["status"], new["status"])
        elif old["status"].raw != "INITIALIZING":
            yield from require(
                new["status"].raw != "INITIALIZING", "the job is INITIALIZING again", new["status"], old["status"]
            )


@over_time(
    "getJobStatusInfo",
    text="A job that has ended keeps its state; no job is initialized twice.",
    source="flink-behaviour.md#ended-jobs",
)
def status_is_unchanged_at_the_end(before: Value, after: Value) -> Relations:
    old, new = before["status"], after["status"]
    if old.is_in(TERMINAL):
        yield from equal(old, new)
    elif old.raw != "INITIALIZING":
        yield from require(new.raw != "INITIALIZING", "the job is INITIALIZING again", new, old)


@over_time(
    "getJobExecutionResult", text="The result of a job does not change.", source="flink-behaviour.md#execution-result"
)
def result_is_unchanged(before: Value, after: Value) -> Relations:
    if before["status"]["id"].raw == "COMPLETED":
        yield from same_fields(before, after)


@over_time(
    "getJobDetails",
    text="Id, name, type and start-time of a job stay the same; its other times only grow. After its end, nothing "
    "changes.",
    source=_RULES,
)
def job_times_grow(before: Value, after: Value) -> Relations:
    for key in ("jid", "name", "job-type", "application-id", "start-time"):
        if before[key].raw is not None:  # unknown while the job is INITIALIZING
            yield from equal(before[key], after[key])
    yield from ascending(before["now"], after["now"])
    yield from duration_grows(before, after)
    for state, time in before["timestamps"].items():
        yield from ascending(time, after["timestamps"][state])
    if before["state"].is_in(TERMINAL):
        growing = ("duration",) if was_canceled_without_tasks(before) else ()
        yield from same_fields(before, after, without=("now", "plan", *growing))


@over_time(
    "getJobDetails",
    text="The vertices of a job stay the same; within a job attempt, their counters and durations only grow.",
    source=_RULES,
)
def vertex_counters_grow(before: Value, after: Value) -> Relations:
    has_restarted = before["timestamps"]["RUNNING"].raw != after["timestamps"]["RUNNING"].raw
    has_fixed_graph = _keeps_parallelism(before, not has_restarted) and before["job-type"].raw != "BATCH"
    if has_fixed_graph and before["vertices"].raw and after["vertices"].raw:
        ids_before, ids_after = ([vertex["id"].raw for vertex in body["vertices"]] for body in (before, after))
        yield from require(ids_before == ids_after, "other vertices", before["vertices"], after["vertices"], exact=True)
    for old, new in matching_entries(before["vertices"], after["vertices"], "id"):
        yield from equal(old["name"], new["name"])
        if has_fixed_graph:
            yield from equal(old["parallelism"], new["parallelism"])
        yield from equal(old["slotSharingGroupId"], new["slotSharingGroupId"])
        if (
            not has_restarted
            and old["start-time"].raw == new["start-time"].raw != -1
            and before["state"].raw == "RUNNING"
        ):
            is_first_attempt = not before["timestamps"]["RESTARTING"].raw
            if _has_own_counters(old, is_first_attempt=is_first_attempt) and new["status"].is_in(_STATES_WITH_COUNTERS):
                yield from _counters_grow(old["metrics"], new["metrics"])
            yield from duration_grows(old, new)


def duration_grows(old: Value, new: Value) -> Relations:
    """Relate the durations in two responses: they never decrease, unless only the later response shows the end.

    Until then, a cached graph may have shown a duration that ran up to 3 s past the end.
    """
    if new["end-time"].raw == -1 or old["end-time"].raw != -1:
        yield from ascending(old["duration"], new["duration"])


def _has_own_counters(entry: Value, *, is_first_attempt: bool) -> bool:
    """Return whether an entry has the counters of its attempt: at first, it may have those of the previous attempt."""
    has_current_metrics = is_first_attempt or entry["duration"].raw > STALE_METRICS_MS
    return entry["status"].raw == "FINISHED" or (entry["status"].raw == "RUNNING" and has_current_metrics)


def _counters_grow(old: Value, new: Value) -> Relations:
    flags = [metrics[f"{key}-complete"] for key in _COUNTERS[:4] for metrics in (old, new)]
    if all(flag.raw is True for flag in flags):
        for key in _COUNTERS:
            yield from ascending(old[key], new[key])


@over_time(
    "getJobVertexDetails",
    text="A subtask's attempt number never decreases. Within an attempt, states only advance and counters only grow.",
    source="flink-behaviour.md#subtasks",
)
def subtasks_progress(before: Value, after: Value) -> Relations:
    yield from ascending(before["now"], after["now"])
    for key in ("id", "name"):
        yield from equal(before[key], after[key])
    for old, new in matching_entries(before["subtasks"], after["subtasks"], "subtask"):
        yield from _progress_of_subtask(old, new)


@over_time(
    "getSubtaskCurrentAttemptDetails",
    "getSubtaskExecutionAttemptDetails",
    text="A subtask's attempt number never decreases. Within an attempt, states only advance and counters only grow.",
    source="flink-behaviour.md#subtasks",
)
def subtask_progresses(before: Value, after: Value) -> Relations:
    yield from _progress_of_subtask(before, after)


def _progress_of_subtask(old: Value, new: Value) -> Relations:
    if old["attempt"].raw == new["attempt"].raw and old["start-time"].raw == new["start-time"].raw != -1:
        if _has_own_counters(old, is_first_attempt=old["attempt"].raw == 0) and new["status"].is_in(
            _STATES_WITH_COUNTERS
        ):
            yield from _counters_grow(old["metrics"], new["metrics"])
        yield from duration_grows(old, new)
        if old["taskmanager-id"].raw != UNASSIGNED:
            yield from equal(old["taskmanager-id"], new["taskmanager-id"])
            yield from equal(old["endpoint"], new["endpoint"])
        states = _TASK_STATES_IN_ORDER
        if old["status"].is_in(states) and new["status"].is_in(states):
            is_not_earlier = states.index(old["status"].raw) <= states.index(new["status"].raw)
            yield from require(
                is_not_earlier, "the subtask went back to an earlier state", old["status"], new["status"]
            )
        if old["status"].is_in(TERMINAL):
            for key in ("status", "end-time", "duration", "host", "start-time"):
                yield from equal(old[key], new[key])
            yield from same_fields(old["metrics"], new["metrics"])
        for state, duration in old["status-duration"].items():
            if state != old["status"].raw or (old["status"].raw == new["status"].raw and new["end-time"].raw == -1):
                yield from ascending(duration, new["status-duration"][state])
    yield from ascending(old["attempt"], new["attempt"])


@over_time(
    "getSubtaskExecutionAttemptAccumulators",
    text="An attempt keeps its id, subtask and number.",
    source="flink-behaviour.md#subtasks",
    since="1.13",
)
def attempt_keeps_its_id(before: Value, after: Value) -> Relations:
    for key in ("id", "subtask", "attempt"):
        yield from equal(before[key], after[key])


@over_time("getSubtasksTimes", text="Each time of an attempt is set once.", source="flink-behaviour.md#subtasks")
def subtask_times_stay(before: Value, after: Value) -> Relations:
    yield from ascending(before["now"], after["now"])
    yield from equal(before["name"], after["name"])
    for old, new in matching_entries(before["subtasks"], after["subtasks"], "subtask"):
        if old["timestamps"]["CREATED"].raw == new["timestamps"]["CREATED"].raw:
            for state, time in old["timestamps"].items():
                if time.raw:
                    yield from equal(time, new["timestamps"][state])
        else:
            yield from ascending(old["timestamps"]["CREATED"], new["timestamps"]["CREATED"])


@over_time(
    "getJobVertexTaskManagers",
    text="The server's time never goes backwards. The counters of a vertex on a TaskManager only grow.",
    source="flink-behaviour.md#subtasks",
)
def vertex_on_taskmanagers_stays(before: Value, after: Value) -> Relations:
    yield from ascending(before["now"], after["now"])
    yield from equal(before["name"], after["name"])
    for old, new in matching_entries(before["taskmanagers"], after["taskmanagers"], "taskmanager-id"):
        if old["start-time"].raw == new["start-time"].raw != -1 and old["status"].raw == new["status"].raw == "RUNNING":
            counts = [entry["status-counts"] for entry in (old, new)]
            if counts[0].raw == counts[1].raw and _has_own_counters(old, is_first_attempt=False):
                yield from _counters_grow(old["metrics"], new["metrics"])


@over_time(
    "getCheckpointingStatistics",
    text="The numbers of checkpoints never decrease; the newest, the latest of each kind and the restored checkpoint "
    "are replaced only by later ones.",
    source="flink-behaviour.md#checkpoint-statistics",
)
def checkpoints_never_decrease(before: Value, after: Value) -> Relations:
    for key in ("restored", "total", "completed", "failed"):
        yield from ascending(before["counts"][key], after["counts"][key])
    yield from ascending(before["history"][0]["id"], after["history"][0]["id"])
    for kind in ("completed", "savepoint", "failed"):
        old, new = before["latest"][kind], after["latest"][kind]
        if old.raw:
            yield from require(bool(new.raw), f"the latest {kind} is gone", new, old["id"])
            yield from ascending(old["id"], new["id"])
    old, new = before["latest"]["restored"], after["latest"]["restored"]
    if old.raw:
        yield from require(bool(new.raw), "the restored checkpoint is gone", new, old["id"])
        yield from ascending(old["restore_timestamp"], new["restore_timestamp"])
        if before["counts"]["restored"].raw == after["counts"]["restored"].raw:
            yield from same_fields(old, new)


def _ended_checkpoint_is_unchanged(old: Value, new: Value) -> Relations:
    """Relate two responses about a checkpoint that has ended: only late reports of subtasks change the checkpoint.

    Only a failed checkpoint gets late reports.
    """
    reported = _REPORTED_FIELDS if old["status"].raw == "FAILED" else ()
    yield from same_fields(old, new, without=("discarded", *reported))
    for key in ("state_size", "checkpointed_size"):
        yield from ascending(old[key], new[key])


@over_time(
    "getCheckpointingStatistics",
    text="A checkpoint that is completed or failed does not change, except for late reports for a failed checkpoint. "
    "One in progress keeps its trigger and type. Only the oldest checkpoints leave the history.",
    source="flink-behaviour.md#checkpoint-statistics",
)
def checkpoints_in_history_are_unchanged(before: Value, after: Value) -> Relations:
    for old, new in matching_entries(before["history"], after["history"], "id"):
        if old["status"].is_in(("COMPLETED", "FAILED")):
            yield from _ended_checkpoint_is_unchanged(old, new)
        else:
            for key in ("trigger_timestamp", "checkpoint_type", "is_savepoint"):
                yield from equal(old[key], new[key])
            yield from ascending(old["num_acknowledged_subtasks"], new["num_acknowledged_subtasks"])
    oldest = after["history"][-1]["id"].raw
    listed = {entry["id"].raw for entry in after["history"]}
    for entry in before["history"] if is_number(oldest) else ():
        if entry["id"].raw >= oldest:
            yield from require(entry["id"].raw in listed, "a checkpoint is gone", after["history"], entry["id"])


@over_time(
    "getCheckpointingStatistics",
    text="The minima of the summary never rise, and its maxima never fall. Both change only if a checkpoint has "
    "completed.",
    source="flink-behaviour.md#checkpoint-statistics",
)
def summary_widens(before: Value, after: Value) -> Relations:
    if not before["counts"]["completed"].raw:
        return
    for name, old in before["summary"].items():
        new = after["summary"][name]
        yield from ascending(new["min"], old["min"])
        yield from ascending(old["max"], new["max"])
        if before["counts"]["completed"].raw == after["counts"]["completed"].raw:
            yield from same_fields(old, new)


@over_time(
    "getCheckpointStatisticDetails",
    "getTaskCheckpointStatistics",
    text="A checkpoint that has ended keeps its details, except for late reports for a failed checkpoint. The number "
    "of acknowledgements never decreases, and a discarded checkpoint stays discarded.",
    source="flink-behaviour.md#checkpoint-details",
)
def checkpoint_is_unchanged(before: Value, after: Value) -> Relations:
    if before["status"].is_in(("COMPLETED", "FAILED")):
        yield from _ended_checkpoint_is_unchanged(before, after)
    yield from ascending(before["num_acknowledged_subtasks"], after["num_acknowledged_subtasks"])
    if before["discarded"].raw is True:
        yield from require(
            after["discarded"].raw is True,
            "the checkpoint is no longer discarded",
            after["discarded"],
            before["discarded"],
        )


@over_time(
    "getJobExceptions",
    text="New exceptions are added at the start of the history; the others do not change.",
    source="flink-behaviour.md#exceptions",
)
def exceptions_are_unchanged(before: Value, after: Value) -> Relations:
    old, new = before["exceptionHistory"]["entries"], after["exceptionHistory"]["entries"]
    if old[0].exists:
        yield from require(new[0].exists, "the exceptions are gone", new, old)
        yield from ascending(old[0]["timestamp"], new[0]["timestamp"])
    if len(old.raw or ()) == len(new.raw or ()) and old[0]["timestamp"].raw == new[0]["timestamp"].raw:
        for one, other in zip(old, new, strict=True):
            yield from same_fields(one, other, without=("concurrentExceptions",))
    if before["timestamp"].raw and after["timestamp"].raw:
        yield from ascending(before["timestamp"], after["timestamp"])
