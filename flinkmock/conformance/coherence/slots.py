"""Invariants of the slots of TaskManagers, and of the resources and tasks in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from flinkmock.conformance.coherence.jobs import TERMINAL
from flinkmock.conformance.coherence.registry import METRICS_REFRESH_MS, between, within
from flinkmock.conformance.coherence.relations import Relations, ascending, close, equal, require
from flinkmock.conformance.coherence.schedulers import has_default_scheduler
from flinkmock.conformance.coherence.taskmanagers import taskmanagers_of
from flinkmock.conformance.coherence.values import Value, computed, constant, is_number, total
from flinkmock.conformance.coherence.view import View
from flinkmock.tables import counted

_TASKMANAGERS = "flink-behaviour.md#task-managers"
_LIST_AND_DETAILS = ("getTaskManagers", "getTaskManagerDetails")
_STATES_WITH_SLOT = ("DEPLOYING", "INITIALIZING", "RUNNING", "CANCELING")


@within(*_LIST_AND_DETAILS, text="Free slots are between 0 and slotsNumber.", source=_TASKMANAGERS)
def free_slots(body: Value) -> Relations:
    for taskmanager in taskmanagers_of(body):
        yield from ascending(constant(0, "0"), taskmanager["freeSlots"], taskmanager["slotsNumber"])


@within(
    "getTaskManagerDetails",
    text="allocatedSlots and freeSlots add up to slotsNumber.",
    source="flink-behaviour.md#rules-that-hold",
    since="1.13",
)
def allocated_slots(body: Value) -> Relations:
    slots = body["allocatedSlots"]
    if slots.raw or (slots.exists and body["assignedTasks"].exists):
        used = computed(len(slots.raw), f"length of {slots}", slots)
        yield from equal(body["slotsNumber"], used + body["freeSlots"])


@within(
    *_LIST_AND_DETAILS,
    text="Free resources are at most the total resources, and equal them if all slots are free.",
    source=_TASKMANAGERS,
)
def free_resources(body: Value) -> Relations:
    for taskmanager in taskmanagers_of(body):
        whole, free = taskmanager["totalResource"], taskmanager["freeResource"]
        for key in ("cpuCores", "taskHeapMemory", "taskOffHeapMemory", "managedMemory", "networkMemory"):
            if is_number(whole[key].raw) and is_number(free[key].raw):
                yield from ascending(constant(0, "0"), free[key], whole[key])
                if taskmanager["freeSlots"].raw == taskmanager["slotsNumber"].raw:
                    yield from equal(free[key], whole[key])


@within(
    "getTaskManagerDetails",
    text="Total resources are the sum of the free resources and those of the allocated slots.",
    source=_TASKMANAGERS,
)
def slot_resources(body: Value) -> Relations:
    slots = list(body["allocatedSlots"])
    for key in ("cpuCores", "taskHeapMemory", "taskOffHeapMemory", "managedMemory", "networkMemory"):
        whole, free = body["totalResource"][key], body["freeResource"][key]
        parts = [slot["resource"][key] for slot in slots]
        if parts and free.exists and body["totalResource"]["cpuCores"].raw:
            used = total([*parts, free], f"free {key} and that of the slots")
            yield from close(whole, used, 1 + len(parts) if key != "cpuCores" else 0.01)
        for part in parts:
            yield from ascending(part, whole)


@within(
    "getTaskManagerDetails",
    text="assignedTasks of a TaskManager is the sum over its slots.",
    source="flink-behaviour.md#heartbeats",
    since="2.3",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def assigned_tasks(body: Value) -> Relations:
    slots = list(body["allocatedSlots"])
    if slots:
        yield from equal(body["assignedTasks"], total([slot["assignedTasks"] for slot in slots], "sum over the slots"))
    elif body["allocatedSlots"].exists:
        yield from require(body["assignedTasks"].raw == 0, "no slot is in use", body["assignedTasks"], exact=True)


@between(
    "taskmanager",
    text="Only jobs that have not ended hold slots. A running streaming job holds as many as its slot sharing groups "
    "need: each group as many as its vertex with the highest parallelism, or fewer if subtasks have ended.",
    source=_TASKMANAGERS,
    since="1.18",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def slots_of_jobs(view: View, taskmanager_id: str) -> Relations:
    """Compare all TaskManagers at once, when the subject is the first of them."""
    ids = [subject_id for (subject_id,) in view.subjects("taskmanager")]
    listed = view.body("getTaskManagers")["taskmanagers"]
    if not ids or ids[0] != taskmanager_id or len(listed.raw or ()) != len(ids):
        return
    slots_by_job: dict[str, list[Value]] = defaultdict(list)
    for subject_id in ids:
        details = view.body("getTaskManagerDetails", taskmanagerid=subject_id)
        if not _lists_its_slots(details):
            return
        for slot in details["allocatedSlots"]:
            slots_by_job[str(slot["jobId"].raw)].append(slot["jobId"])
    states = {job["jid"].raw: job["state"] for job in view.body("getJobsOverview")["jobs"]}
    for job_id, slots in slots_by_job.items():
        if states:
            may_hold_slots = job_id in states and states[job_id].raw not in TERMINAL
            text = "a slot of a job that is not listed, or has ended"
            yield from require(may_hold_slots, text, *slots[:1], exact=True)
    for job_id in states:
        if has_default_scheduler(view, job_id):
            yield from _slots_of_job(view.body("getJobDetails", jobid=job_id), slots_by_job[job_id])


def _lists_its_slots(details: Value) -> bool:
    """Return whether a TaskManager was read, and the slot manager of the cluster lists slots.

    See docs/flink-behaviour.md#task-managers.
    """
    free_count, slot_count = details["freeSlots"], details["slotsNumber"]
    return bool(details["allocatedSlots"].raw) or (slot_count.exists and free_count.raw == slot_count.raw)


def _slots_of_job(details: Value, slots: Sequence[Value]) -> Relations:
    """Relate the slots that a job holds to its vertices."""
    if details["state"].raw != "RUNNING" or details["job-type"].raw == "BATCH":
        return
    # a subtask that has ended may still hold its slot, so the count is between two bounds
    min_slot_count_by_group: dict[str, int] = defaultdict(int)
    max_slot_count_by_group: dict[str, int] = defaultdict(int)
    values: list[Value] = []
    for vertex in details["vertices"]:
        group = str(vertex["slotSharingGroupId"].raw)
        in_slots = [vertex["tasks"][state] for state in _STATES_WITH_SLOT if vertex["tasks"][state].raw]
        min_slot_count_by_group[group] = max(min_slot_count_by_group[group], sum(number.raw for number in in_slots))
        max_slot_count_by_group[group] = max(max_slot_count_by_group[group], vertex["parallelism"].raw)
        values += [vertex["parallelism"], *in_slots]
    if any(min_slot_count_by_group.values()):
        low, high = sum(min_slot_count_by_group.values()), sum(max_slot_count_by_group.values())
        text = f"the job holds {counted(len(slots), 'slot')} and needs {low} to {high}"
        yield from require(low <= len(slots) <= high, text, *slots[:1], *values)
