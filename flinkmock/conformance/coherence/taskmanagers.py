"""Invariants of TaskManagers: ids, slots, memory, metrics."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from flinkmock.conformance.coherence.jobs import TERMINAL, row_with
from flinkmock.conformance.coherence.jvms import whole_pages
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
from flinkmock.conformance.coherence.values import MISSING, Value, computed, constant, count, is_number, total
from flinkmock.conformance.coherence.view import View

_TASKMANAGERS = "flink-behaviour.md#task-managers"
_BOTH = ("getTaskManagers", "getTaskManagerDetails")
_PATH = re.compile(r"@(?P<address>.+)/user/rpc/")
_MEBI = 1 << 20
_HOLDING = ("DEPLOYING", "INITIALIZING", "RUNNING", "CANCELING")


def rows_of(body: Value) -> list[Value]:
    """Return the TaskManagers of a list, or the one that a response is about."""
    return list(body["taskmanagers"]) if body["taskmanagers"].exists else [body]


@within("getTaskManagers", text="Each TaskManager is listed once.", source=_TASKMANAGERS)
def taskmanagers_are_listed_once(body: Value) -> Relations:
    yield from unique(body["taskmanagers"], "id")


@within(*_BOTH, text="The path of a TaskManager has the address that begins its id.", source=_TASKMANAGERS)
def taskmanager_path(body: Value) -> Relations:
    for row in rows_of(body):
        if isinstance(row["path"].raw, str) and (match := _PATH.search(row["path"].raw)):
            address, _, suffix = str(row["id"].raw).rpartition("-")
            if re.fullmatch("[0-9a-f]{6}", suffix):  # generated, and not set by taskmanager.resource-id
                yield from require(match["address"] == address, "another address", row["path"], row["id"], exact=True)


@within(*_BOTH, text="Free slots are between 0 and slotsNumber.", source=_TASKMANAGERS)
def free_slots(body: Value) -> Relations:
    for row in rows_of(body):
        yield from ascending(constant(0, "0"), row["freeSlots"], row["slotsNumber"])


@within(
    "getTaskManagerDetails",
    text="allocatedSlots and freeSlots add up to slotsNumber.",
    source="flink-behaviour.md#rules-that-hold",
    since="1.13",
)
def allocated_slots(body: Value) -> Relations:
    slots = body["allocatedSlots"]
    if slots.raw or (slots.exists and body.response.operation_id and body["assignedTasks"].exists):
        used = computed(len(slots.raw), f"length of {slots}", slots)
        yield from equal(body["slotsNumber"], used + body["freeSlots"])


@within(
    *_BOTH,
    text="Free resources are at most the total resources, and all of them if all slots are free.",
    source=_TASKMANAGERS,
)
def free_resources(body: Value) -> Relations:
    for row in rows_of(body):
        whole, free = row["totalResource"], row["freeResource"]
        for key in ("cpuCores", "taskHeapMemory", "taskOffHeapMemory", "managedMemory", "networkMemory"):
            if is_number(whole[key].raw) and is_number(free[key].raw):
                yield from ascending(constant(0, "0"), free[key], whole[key])
                if row["freeSlots"].raw == row["slotsNumber"].raw:
                    yield from equal(free[key], whole[key])


@within(
    "getTaskManagerDetails",
    text="Total resources are the free ones and those of the allocated slots.",
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


@within(*_BOTH, text="The memory of a TaskManager is the sum of its parts.", source=_TASKMANAGERS)
def taskmanager_memory(body: Value) -> Relations:
    parts = ("frameworkHeap", "taskHeap", "frameworkOffHeap", "taskOffHeap", "networkMemory", "managedMemory")
    for row in rows_of(body):
        memory, resource = row["memoryConfiguration"], row["totalResource"]
        if all(is_number(memory[part].raw) for part in parts) and is_number(memory["totalFlinkMemory"].raw):
            yield from equal(memory["totalFlinkMemory"], total([memory[part] for part in parts], "sum of its parts"))
        process, flink = memory["totalProcessMemory"], memory["totalFlinkMemory"]
        if all(is_number(size.raw) for size in (process, flink, memory["jvmMetaspace"], memory["jvmOverhead"])):
            yield from equal(process, total([flink, memory["jvmMetaspace"], memory["jvmOverhead"]], "sum of its parts"))
        yield from equal(row["hardware"]["managedMemory"], memory["managedMemory"])
        for key, of in (
            ("taskHeapMemory", "taskHeap"),
            ("taskOffHeapMemory", "taskOffHeap"),
            ("managedMemory", "managedMemory"),
            ("networkMemory", "networkMemory"),
        ):
            if resource["cpuCores"].raw and is_number(memory[of].raw) and is_number(resource[key].raw):
                size = computed(memory[of].raw // _MEBI, f"{of} in MiB", memory[of])
                yield from close(resource[key], size, 1)
        yield from ascending(row["hardware"]["freeMemory"], row["hardware"]["physicalMemory"])
        for _, value in row["hardware"].items():
            yield from ascending(constant(0, "0"), value)


@within(
    "getTaskManagerDetails",
    text="Heap in use is at most committed, and that at most the maximum.",
    source=_TASKMANAGERS,
)
def taskmanager_heap(body: Value) -> Relations:
    metrics = body["metrics"]
    yield from ascending(constant(0, "0"), metrics["heapUsed"])
    for key in ("heapCommitted", "heapMax", "nonHeapCommitted", "nonHeapMax"):
        yield from whole_pages(metrics[key])
    if metrics["heapMax"].raw not in (-1, 0, MISSING):
        yield from ascending(metrics["heapUsed"], metrics["heapMax"])
        yield from ascending(metrics["heapCommitted"], metrics["heapMax"])
        yield from close(metrics["heapMax"], body["hardware"]["freeMemory"], 0.25 * metrics["heapMax"].raw)
    if metrics["nonHeapMax"].raw not in (-1, 0, MISSING):
        yield from ascending(metrics["nonHeapUsed"], metrics["nonHeapMax"])
    for key in ("directCount", "directUsed", "directMax", "mappedCount", "mappedUsed", "mappedMax", "nonHeapUsed"):
        yield from ascending(constant(0, "0"), metrics[key])
    yield from unique(metrics["garbageCollectors"], "name")
    for collector in metrics["garbageCollectors"]:
        yield from ascending(constant(0, "0"), collector["count"])
        yield from ascending(constant(0, "0"), collector["time"])


@within(
    "getTaskManagerDetails",
    text="Heap and non-heap in use are at most committed; network memory in use and available add up to its total.",
    source=_TASKMANAGERS,
    since="1.13",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def taskmanager_buffers(body: Value) -> Relations:
    metrics = body["metrics"]
    yield from ascending(metrics["heapUsed"], metrics["heapCommitted"])
    yield from ascending(metrics["nonHeapUsed"], metrics["nonHeapCommitted"])
    for prefix in ("nettyShuffleMemorySegments", "nettyShuffleMemory"):
        available, used, whole = (metrics[prefix + end] for end in ("Available", "Used", "Total"))
        yield from ascending(constant(0, "0"), used, whole)
        yield from ascending(available, whole)
        if is_number(whole.raw) and whole.raw > 0:
            tolerance = 0.02 * whole.raw  # read one after the other
            yield from close(whole, available + used, tolerance)
    yield from equal(metrics["memorySegmentsTotal"], metrics["nettyShuffleMemorySegmentsTotal"])
    if metrics["nettyShuffleMemorySegmentsTotal"].raw and is_number(metrics["nettyShuffleMemoryTotal"].raw):
        segment = metrics["nettyShuffleMemoryTotal"].raw // metrics["nettyShuffleMemorySegmentsTotal"].raw
        yield from close(
            metrics["nettyShuffleMemorySegmentsUsed"] * segment,
            metrics["nettyShuffleMemoryUsed"],
            0.02 * metrics["nettyShuffleMemoryTotal"].raw,
        )
        yield from require(
            segment & (segment - 1) == 0,
            "segments are powers of two",
            metrics["nettyShuffleMemoryTotal"],
            metrics["nettyShuffleMemorySegmentsTotal"],
        )
        size, whole = body["memoryConfiguration"]["networkMemory"], metrics["nettyShuffleMemoryTotal"]
        if is_number(size.raw):
            text = "the network memory has room for another number of segments"
            yield from require(0 <= size.raw - whole.raw < segment, text, whole, size)


@within(
    "getTaskManagerDetails",
    text="The tasks of a TaskManager are those of its slots.",
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


@between("taskmanager", text="A TaskManager is described as in the list.", source=_TASKMANAGERS)
def taskmanager_row(view: View, taskmanager_id: str) -> Relations:
    row = row_with(view.body("getTaskManagers")["taskmanagers"], "id", taskmanager_id)
    details = view.body("getTaskManagerDetails", taskmanagerid=taskmanager_id)
    if row.exists and details.exists:
        yield from same_fields(row, details)


@between(
    "taskmanager",
    text="The metrics of a TaskManager's details are its metrics.",
    source="flink-behaviour.md#metric-freshness",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def taskmanager_metrics(view: View, taskmanager_id: str) -> Relations:
    body = view.body("getTaskManagerDetails", taskmanagerid=taskmanager_id)
    details, memory = body["metrics"], body["memoryConfiguration"]
    metrics = view.metrics("getTaskManagerMetrics", taskmanagerid=taskmanager_id)
    for key, name in _METRICS.items():
        if name in metrics:
            yield from equal(details[key], metrics[name])
    managed = metrics.get("Status.Flink.Memory.Managed.Total", Value(MISSING))
    yield from equal(memory["managedMemory"], managed)
    listed = view.body("getTaskManagerMetrics", taskmanagerid=taskmanager_id)
    names = {str(row["id"].raw): row["id"] for row in listed}
    collectors = {
        name.split(".")[-2]: row
        for name, row in names.items()
        if name.startswith(_COLLECTOR) and name.endswith(".Count")
    }
    described = {collector["name"].raw for collector in details["garbageCollectors"]}
    unknown = [each["name"] for each in details["garbageCollectors"] if each["name"].raw not in collectors]
    for row in collectors.values() if details["garbageCollectors"].raw else ():
        name = str(row.raw).split(".")[-2]
        suspects = unknown[:3] or [details["garbageCollectors"]]
        yield from require(name in described, "its garbage collector is missing", *suspects, row)
    for collector in details["garbageCollectors"]:
        missing = [row for name, row in collectors.items() if name not in described]
        if collectors:
            text = "no such garbage collector"
            holds = collector["name"].raw in collectors
            yield from require(holds, text, collector["name"], *(missing[:3] or [listed]), exact=True)
        for key, suffix in (("count", "Count"), ("time", "Time")):
            name = f"{_COLLECTOR}{collector['name'].raw}.{suffix}"
            if name in metrics:
                yield from equal(collector[key], metrics[name])


_COLLECTOR = "Status.JVM.GarbageCollector."
_METRICS = (
    {
        f"{field}{key}": f"Status.JVM.Memory.{scope}.{key}"
        for field, scope in (("heap", "Heap"), ("nonHeap", "NonHeap"))
        for key in ("Used", "Committed", "Max")
    }
    | {
        f"{field}{key}": f"Status.JVM.Memory.{scope}.{name}"
        for field, scope in (("direct", "Direct"), ("mapped", "Mapped"))
        for key, name in (("Count", "Count"), ("Used", "MemoryUsed"), ("Max", "TotalCapacity"))
    }
    | {
        f"nettyShuffleMemory{part}": f"Status.Shuffle.Netty.{name}"
        for part, name in (
            ("SegmentsAvailable", "AvailableMemorySegments"),
            ("SegmentsUsed", "UsedMemorySegments"),
            ("SegmentsTotal", "TotalMemorySegments"),
            ("Available", "AvailableMemory"),
            ("Used", "UsedMemory"),
            ("Total", "TotalMemory"),
        )
    }
)
"""Key in the details of a TaskManager -> metric."""


@between(
    "taskmanager",
    text="A job holds as many slots as its widest vertex in each slot sharing group.",
    source=_TASKMANAGERS,
    since="1.18",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def slots_of_jobs(view: View, taskmanager_id: str) -> Relations:
    """Compare all TaskManagers at once, for the first of them."""
    ids = [ids[0] for ids in view.subjects("taskmanager")]
    listed = view.body("getTaskManagers")["taskmanagers"]
    if not ids or ids[0] != taskmanager_id or len(listed.raw or ()) != len(ids):
        return
    slots: list[Value] = []
    for subject_id in ids:
        details = view.body("getTaskManagerDetails", taskmanagerid=subject_id)
        if not _lists_its_slots(details):
            return
        slots += [slot["jobId"] for slot in details["allocatedSlots"]]
    held: dict[str, list[Value]] = defaultdict(list)
    for slot in slots:
        held[str(slot.raw)].append(slot)
    jobs = {job["jid"].raw: job["state"] for job in view.body("getJobsOverview")["jobs"]}
    for job_id, slots_held in held.items():
        if jobs:
            running = job_id in jobs and jobs[job_id].raw not in TERMINAL
            yield from require(running, "a slot of a job that doesn't run", *slots_held[:1], exact=True)
    for job_id in jobs:
        yield from _slots_of_job(view.body("getJobDetails", jobid=job_id), held[job_id])


def _lists_its_slots(details: Value) -> bool:
    """Whether a TaskManager was read, and by a slot manager that lists slots.

    See docs/flink-behaviour.md#task-managers.
    """
    return bool(details["allocatedSlots"].raw) or details["freeSlots"].raw == details["slotsNumber"].raw != MISSING


def _slots_of_job(details: Value, held: Sequence[Value]) -> Relations:
    if details["state"].raw != "RUNNING" or details["schedulerType"].raw not in (MISSING, "Default"):
        return
    if details["job-type"].raw == "BATCH":
        return
    least: dict[str, int] = defaultdict(int)
    most: dict[str, int] = defaultdict(int)  # subtasks that have finished keep their slots for a while
    parts: list[Value] = []
    for vertex in details["vertices"]:
        group = str(vertex["slotSharingGroupId"].raw)
        in_slots = [vertex["tasks"][state] for state in _HOLDING if vertex["tasks"][state].raw]
        least[group] = max(least[group], sum(number.raw for number in in_slots))
        most[group] = max(most[group], vertex["parallelism"].raw)
        parts += [vertex["parallelism"], *in_slots]
    if any(least.values()):
        low, high = sum(least.values()), sum(most.values())
        text = f"it holds {len(held)} slots and needs {low} to {high}"
        yield from require(low <= len(held) <= high, text, *held[:1], *parts)


@between(
    "job",
    text="Subtasks that run are on TaskManagers that are registered, at their address.",
    source=_TASKMANAGERS,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def subtasks_are_on_taskmanagers(view: View, job_id: str) -> Relations:
    listed = view.body("getTaskManagers")["taskmanagers"]
    rows = {row["id"].raw: row for row in listed}
    if not rows:
        return
    unread = [row["id"] for row in listed if not view.body("getTaskManagerDetails", taskmanagerid=str(row["id"].raw))]
    for vertex in view.body("getJobDetails", jobid=job_id)["vertices"]:
        subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=str(vertex["id"].raw))["subtasks"]
        for subtask in subtasks:
            row = rows.get(subtask["taskmanager-id"].raw)
            if row is None and subtask["status"].raw == "RUNNING":
                yield from require(False, "not registered", subtask["taskmanager-id"], *(unread[:3] or [listed]))
            elif row is not None and subtask["endpoint"].exists:
                address, _, suffix = str(row["id"].raw).rpartition("-")
                if re.fullmatch("[0-9a-f]{6}", suffix):
                    host = address.rpartition(":")[0]
                    holds = subtask["endpoint"].raw == f"{host}:{row['dataPort'].raw}"
                    text = "another address than that of its TaskManager"
                    yield from require(
                        holds, text, subtask["endpoint"], subtask["taskmanager-id"], row["dataPort"], exact=True
                    )


@between(
    "taskmanager",
    text="A TaskManager's tasks are the running subtasks of all jobs on it.",
    source="flink-behaviour.md#heartbeats",
    since="2.3",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def tasks_of_taskmanager(view: View, taskmanager_id: str) -> Relations:
    jobs = [job for job in view.body("getJobsOverview")["jobs"] if job["end-time"].raw == -1]
    taskmanager_ids: list[Value] = []
    for job in jobs:
        job_id = str(job["jid"].raw)
        details = view.body("getJobDetails", jobid=job_id)
        if details["state"].raw != "RUNNING":
            return
        for vertex in details["vertices"]:
            subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=str(vertex["id"].raw))["subtasks"]
            if not subtasks.raw or any(subtask["status"].raw not in ("RUNNING", "FINISHED") for subtask in subtasks):
                return
            taskmanager_ids += [s["taskmanager-id"] for s in subtasks if s["status"].raw == "RUNNING"]
    details = view.body("getTaskManagerDetails", taskmanagerid=taskmanager_id)
    if taskmanager_ids:
        yield from equal(details["assignedTasks"], count(taskmanager_ids, [taskmanager_id], "subtasks on it"))
