"""Invariants of TaskManagers: ids, memory, metrics, tasks."""

from __future__ import annotations

import re

from flinkmock.conformance.coherence.jobs import entry_with
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
_LIST_AND_DETAILS = ("getTaskManagers", "getTaskManagerDetails")
_PATH = re.compile(r"@(?P<address>.+)/user/rpc/")
"""The part of a TaskManager's path that has its address."""
_GENERATED_SUFFIX = re.compile(r"[0-9a-f]{6}")
"""What follows the address in the id of a TaskManager, unless taskmanager.resource-id sets the id."""
_MEBIBYTE = 1 << 20


def taskmanagers_of(body: Value) -> list[Value]:
    """Return the TaskManagers of a list, or the TaskManager that a response is about."""
    return list(body["taskmanagers"]) if body["taskmanagers"].exists else [body]


@within("getTaskManagers", text="Each TaskManager is listed once.", source=_TASKMANAGERS)
def taskmanagers_are_listed_once(body: Value) -> Relations:
    yield from unique(body["taskmanagers"], "id")


@within(*_LIST_AND_DETAILS, text="The path of a TaskManager has the address that begins its id.", source=_TASKMANAGERS)
def taskmanager_path(body: Value) -> Relations:
    for taskmanager in taskmanagers_of(body):
        if isinstance(taskmanager["path"].raw, str) and (match := _PATH.search(taskmanager["path"].raw)):
            address, _, suffix = str(taskmanager["id"].raw).rpartition("-")
            if _GENERATED_SUFFIX.fullmatch(suffix):
                yield from require(
                    match["address"] == address, "another address", taskmanager["path"], taskmanager["id"], exact=True
                )


@within(
    *_LIST_AND_DETAILS,
    text="The memory of a TaskManager is the sum of its parts, which fit hardware and totalResource.",
    source=_TASKMANAGERS,
)
def taskmanager_memory(body: Value) -> Relations:
    parts = ("frameworkHeap", "taskHeap", "frameworkOffHeap", "taskOffHeap", "networkMemory", "managedMemory")
    for taskmanager in taskmanagers_of(body):
        memory, resource = taskmanager["memoryConfiguration"], taskmanager["totalResource"]
        if all(is_number(memory[part].raw) for part in parts) and is_number(memory["totalFlinkMemory"].raw):
            yield from equal(memory["totalFlinkMemory"], total([memory[part] for part in parts], "sum of its parts"))
        process, flink = memory["totalProcessMemory"], memory["totalFlinkMemory"]
        if all(is_number(size.raw) for size in (process, flink, memory["jvmMetaspace"], memory["jvmOverhead"])):
            yield from equal(process, total([flink, memory["jvmMetaspace"], memory["jvmOverhead"]], "sum of its parts"))
        yield from equal(taskmanager["hardware"]["managedMemory"], memory["managedMemory"])
        for resource_key, memory_key in (
            ("taskHeapMemory", "taskHeap"),
            ("taskOffHeapMemory", "taskOffHeap"),
            ("managedMemory", "managedMemory"),
            ("networkMemory", "networkMemory"),
        ):
            size, part = memory[memory_key], resource[resource_key]
            if resource["cpuCores"].raw and is_number(size.raw) and is_number(part.raw):
                mebibytes = computed(size.raw // _MEBIBYTE, f"{memory_key} in MiB", size)
                yield from close(part, mebibytes, 1)
        yield from ascending(taskmanager["hardware"]["freeMemory"], taskmanager["hardware"]["physicalMemory"])
        for _, value in taskmanager["hardware"].items():
            yield from ascending(constant(0, "0"), value)


@within(
    "getTaskManagerDetails",
    text="The sizes, counts and times of a TaskManager's JVM are in their ranges: its heap is at most the maximum.",
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
    text="Used heap and non-heap memory is at most what is committed; used and available network memory add up.",
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
            tolerance = 0.02 * whole.raw  # Flink reads the three metrics one after the other
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
            "the size of a segment is not a power of two",
            metrics["nettyShuffleMemoryTotal"],
            metrics["nettyShuffleMemorySegmentsTotal"],
        )
        size, whole = body["memoryConfiguration"]["networkMemory"], metrics["nettyShuffleMemoryTotal"]
        if is_number(size.raw):
            text = "the network memory has room for another number of segments"
            yield from require(0 <= size.raw - whole.raw < segment, text, whole, size)


@between("taskmanager", text="The details of a TaskManager agree with the list of TaskManagers.", source=_TASKMANAGERS)
def taskmanager_entry(view: View, taskmanager_id: str) -> Relations:
    entry = entry_with(view.body("getTaskManagers")["taskmanagers"], "id", taskmanager_id)
    details = view.body("getTaskManagerDetails", taskmanagerid=taskmanager_id)
    if entry.exists and details.exists:
        yield from same_fields(entry, details)


@between(
    "taskmanager",
    text="The metrics in the details of a TaskManager equal its metrics.",
    source="flink-behaviour.md#metric-freshness",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def taskmanager_metrics(view: View, taskmanager_id: str) -> Relations:
    body = view.body("getTaskManagerDetails", taskmanagerid=taskmanager_id)
    details, memory = body["metrics"], body["memoryConfiguration"]
    metrics = view.metrics("getTaskManagerMetrics", taskmanagerid=taskmanager_id)
    for key, name in _METRICS_BY_KEY.items():
        if name in metrics:
            yield from equal(details[key], metrics[name])
    managed = metrics.get("Status.Flink.Memory.Managed.Total", Value(MISSING))
    yield from equal(memory["managedMemory"], managed)
    listed = view.body("getTaskManagerMetrics", taskmanagerid=taskmanager_id)
    metric_ids = {str(metric["id"].raw): metric["id"] for metric in listed}
    metric_ids_by_collector = {
        name.split(".")[-2]: metric_id
        for name, metric_id in metric_ids.items()
        if name.startswith(_COLLECTOR_PREFIX) and name.endswith(".Count")
    }
    described_collectors = {collector["name"].raw for collector in details["garbageCollectors"]}
    collectors_without_metric = [
        collector["name"]
        for collector in details["garbageCollectors"]
        if collector["name"].raw not in metric_ids_by_collector
    ]
    for name, metric_id in metric_ids_by_collector.items() if details["garbageCollectors"].raw else ():
        suspects = collectors_without_metric[:3] or [details["garbageCollectors"]]
        yield from require(name in described_collectors, "its garbage collector is missing", *suspects, metric_id)
    for collector in details["garbageCollectors"]:
        metrics_without_collector = [
            metric_id for name, metric_id in metric_ids_by_collector.items() if name not in described_collectors
        ]
        if metric_ids_by_collector:
            text = "no such garbage collector"
            holds = collector["name"].raw in metric_ids_by_collector
            yield from require(holds, text, collector["name"], *(metrics_without_collector[:3] or [listed]), exact=True)
        for key, suffix in (("count", "Count"), ("time", "Time")):
            name = f"{_COLLECTOR_PREFIX}{collector['name'].raw}.{suffix}"
            if name in metrics:
                yield from equal(collector[key], metrics[name])


_COLLECTOR_PREFIX = "Status.JVM.GarbageCollector."
_METRICS_BY_KEY = (
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
"""Key in the details of a TaskManager -> name of the metric."""


@between(
    "job",
    text="A running subtask is on a registered TaskManager and has its endpoint.",
    source=_TASKMANAGERS,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def subtasks_are_on_taskmanagers(view: View, job_id: str) -> Relations:
    listed = view.body("getTaskManagers")["taskmanagers"]
    registered = {taskmanager["id"].raw: taskmanager for taskmanager in listed}
    if not registered:
        return
    unread = [
        taskmanager["id"]
        for taskmanager in listed
        if not view.body("getTaskManagerDetails", taskmanagerid=str(taskmanager["id"].raw))
    ]
    for vertex in view.body("getJobDetails", jobid=job_id)["vertices"]:
        subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=str(vertex["id"].raw))["subtasks"]
        for subtask in subtasks:
            taskmanager = registered.get(subtask["taskmanager-id"].raw)
            if taskmanager is None and subtask["status"].raw == "RUNNING":
                yield from require(False, "not registered", subtask["taskmanager-id"], *(unread[:3] or [listed]))
            elif taskmanager is not None and subtask["endpoint"].exists:
                address, _, suffix = str(taskmanager["id"].raw).rpartition("-")
                if _GENERATED_SUFFIX.fullmatch(suffix):
                    host = address.rpartition(":")[0]
                    holds = subtask["endpoint"].raw == f"{host}:{taskmanager['dataPort'].raw}"
                    text = "another address than that of its TaskManager"
                    yield from require(
                        holds, text, subtask["endpoint"], subtask["taskmanager-id"], taskmanager["dataPort"], exact=True
                    )


@between(
    "taskmanager",
    text="assignedTasks of a TaskManager is the number of running subtasks on it.",
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
            taskmanager_ids += [subtask["taskmanager-id"] for subtask in subtasks if subtask["status"].raw == "RUNNING"]
    details = view.body("getTaskManagerDetails", taskmanagerid=taskmanager_id)
    if taskmanager_ids:
        yield from equal(details["assignedTasks"], count(taskmanager_ids, [taskmanager_id], "running subtasks on it"))
