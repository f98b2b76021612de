"""Invariants of the JVMs of the JobManager and the TaskManagers: their metrics and their threads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from flinkmock.conformance.coherence.registry import METRICS_REFRESH_MS, between, over_time, within
from flinkmock.conformance.coherence.relations import Relations, ascending, close, equal, is_listed, require
from flinkmock.conformance.coherence.values import (
    MISSING,
    Value,
    computed,
    constant,
    is_number,
    is_number_text,
    number,
    total,
)
from flinkmock.conformance.coherence.view import View

_NOT_NEGATIVE = (
    "Count", "Used", "Committed", "TotalCapacity", "Time", "Segments", "Total", "Available", "Loaded", "Unloaded",
    "Open", "TimeMsPerSecond",
)  # fmt: skip
"""Ends of the names of metrics that are never negative."""
_COLLECTOR_PREFIX = "Status.JVM.GarbageCollector."
"""How the names of the metrics of garbage collectors begin."""
_THREAD_HEAD = re.compile(
    r'"(?P<name>.*?)" (?:daemon )?(?:prio=\d+ )?Id=(?P<id>\d+) '
    r"(?:NEW|RUNNABLE|BLOCKED|WAITING|TIMED_WAITING|TERMINATED)\b",
    re.DOTALL,
)
"""How `ThreadInfo.toString` begins, which `JvmThreadInfo.stringify` follows."""
_PAGE_BYTES = 4096
"""The smallest page of an operating system that Java supports."""
_FEW_THREADS = 12
"""How many threads may start or end between two responses, in addition to a third of all threads."""


def _values(body: Value) -> dict[str, Value]:
    """Return the metrics that have a value, as numbers, by their ids."""
    return {str(metric["id"].raw): number(metric["value"]) for metric in body if metric["value"].exists}


def _metric(values: dict[str, Value], name: str) -> Value:
    return values.get(name, Value(MISSING))


def whole_pages(size: Value) -> Relations:
    """Relate the size of a JVM's reserved memory to the page size: the memory consists of whole pages."""
    if is_number(size.raw) and size.raw > 0:
        yield from require(size.raw % _PAGE_BYTES == 0, f"not a multiple of {_PAGE_BYTES}", size)


@within(
    "getJobManagerMetrics",
    "getTaskManagerMetrics",
    text="Counts, sizes and loads of a JVM are in their ranges, and reserved memory consists of whole pages.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def jvm_metrics(body: Value) -> Relations:
    values = _values(body)
    metric = partial(_metric, values)
    for entry in body:
        if str(entry["id"].raw).startswith("Status.") and entry["value"].exists:
            yield from require(is_number_text(entry["value"].raw), "not a number", entry["value"])
    for name, value in values.items():
        if name.endswith(_NOT_NEGATIVE):
            yield from ascending(constant(0, "0"), value)
        if name.endswith("CPU.Load") and is_number(value.raw):
            yield from require(-1 <= value.raw <= 1.0, "neither a share nor -1", value)
        if name.endswith(".TimeMsPerSecond"):
            yield from ascending(value, constant(1000, "1000 ms per second"))
    for scope in ("Heap", "NonHeap", "Metaspace"):
        used, committed, maximum = (metric(f"Status.JVM.Memory.{scope}.{key}") for key in ("Used", "Committed", "Max"))
        yield from ascending(used, committed)
        yield from whole_pages(committed)
        yield from whole_pages(maximum)
        if is_number(maximum.raw) and maximum.raw > 0:
            yield from ascending(committed, maximum)
        elif is_number(maximum.raw):
            yield from require(maximum.raw == -1, "neither a size nor -1", maximum)
    yield from ascending(metric("taskSlotsAvailable"), metric("taskSlotsTotal"))
    yield from ascending(metric("Status.JVM.FileDescriptor.Open"), metric("Status.JVM.FileDescriptor.Max"))
    yield from ascending(
        metric("Status.JVM.ClassLoader.ClassesUnloaded"), metric("Status.JVM.ClassLoader.ClassesLoaded")
    )
    if metric("Status.Flink.Memory.Managed.Total").exists:
        yield from ascending(metric("Status.Flink.Memory.Managed.Used"), metric("Status.Flink.Memory.Managed.Total"))
    for kind in ("Status.Shuffle.Netty.", "Status.Network."):
        for unit in ("MemorySegments", "Memory"):
            parts = [metric(f"{kind}{part}{unit}") for part in ("Available", "Used")]
            whole = metric(f"{kind}Total{unit}")
            if is_number(whole.raw) and all(is_number(part.raw) for part in parts):
                yield from close(whole, parts[0] + parts[1], 0.02 * whole.raw)


@within(
    "getJobManagerMetrics",
    "getTaskManagerMetrics",
    text="Metaspace is a part of the non-heap memory. The memory of direct and mapped buffers is about their "
    "capacity; both are 0 if there are no buffers.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def jvm_memory(body: Value) -> Relations:
    values = _values(body)
    for key in ("Used", "Committed"):
        inner, outer = (_metric(values, f"Status.JVM.Memory.{scope}.{key}") for scope in ("Metaspace", "NonHeap"))
        yield from ascending(inner, outer, slack=1 << 20)
    for scope in ("Direct", "Mapped"):
        buffers, used, capacity = (
            _metric(values, f"Status.JVM.Memory.{scope}.{key}") for key in ("Count", "MemoryUsed", "TotalCapacity")
        )
        if buffers.raw == 0:
            yield from equal(used, constant(0, "0"))
            yield from equal(capacity, constant(0, "0"))
        elif is_number(used.raw) and is_number(capacity.raw):
            yield from close(used, capacity, 0.05 * capacity.raw + (1 << 16))  # pages may be aligned


class _Process(NamedTuple):
    """The JobManager or a TaskManager.

    Attributes:
        metric_list: The response with the ids of its metrics.
        metrics: The metrics that have a value, by their ids.
        thread_dump: The response with its threads.
    """

    metric_list: Value
    metrics: dict[str, Value]
    thread_dump: Value


def _processes(view: View) -> Iterator[_Process]:
    """Yield the JobManager and each TaskManager."""
    yield _Process(
        view.body("getJobManagerMetrics"),
        view.metrics("getJobManagerMetrics"),
        view.body("getJobManagerThreadDump"),
    )
    for (taskmanager_id,) in view.subjects("taskmanager"):
        yield _Process(
            view.body("getTaskManagerMetrics", taskmanagerid=taskmanager_id),
            view.metrics("getTaskManagerMetrics", taskmanagerid=taskmanager_id),
            view.body("getTaskManagerThreadDump", taskmanagerid=taskmanager_id),
        )


@between(
    "cluster",
    text="The metrics of all garbage collectors together are the sums of the metrics of each collector.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def garbage_collections_add_up(view: View) -> Relations:
    for process in _processes(view):
        values = process.metrics
        names = {str(metric["id"].raw) for metric in process.metric_list if _COLLECTOR_PREFIX in str(metric["id"].raw)}
        for key in ("Count", "Time", "TimeMsPerSecond"):
            name_of_total = f"{_COLLECTOR_PREFIX}All.{key}"
            names_of_collectors = sorted({name for name in names if name.endswith(f".{key}")} - {name_of_total})
            if name_of_total in values and names_of_collectors and all(name in values for name in names_of_collectors):
                yield from close(
                    values[name_of_total], total([values[name] for name in names_of_collectors], f"sum of {key}"), 0.01
                )


@between(
    "cluster",
    text="The JobManager and the TaskManagers list the same metrics of their JVMs, except for garbage collectors.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def jvm_metrics_are_the_same(view: View) -> Relations:
    jobmanager_metrics = view.body("getJobManagerMetrics")
    for (taskmanager_id,) in view.subjects("taskmanager"):
        taskmanager_metrics = view.body("getTaskManagerMetrics", taskmanagerid=taskmanager_id)
        if jobmanager_metrics.raw and taskmanager_metrics.raw:
            values = view.metrics("getTaskManagerMetrics", taskmanagerid=taskmanager_id)
            yield from _lists_all(taskmanager_metrics, values, _jvm_metric_ids(jobmanager_metrics))
            yield from _lists_all(
                jobmanager_metrics, view.metrics("getJobManagerMetrics"), _jvm_metric_ids(taskmanager_metrics)
            )


def _lists_all(body: Value, values: Mapping[str, Value], metric_ids: Sequence[Value]) -> Relations:
    """Relate metrics of another process to a list of metrics: the list has all of them.

    Args:
        body: The list of metrics.
        values: The metrics of this process that have a value.
        metric_ids: The metrics of the other process.
    """
    without_value = [metric["id"] for metric in body if metric["id"].raw not in values]
    suspects = without_value if 0 < len(without_value) <= 3 else [body]
    listed = {metric_id.raw for metric_id in _jvm_metric_ids(body)}
    for metric_id in metric_ids:
        yield from is_listed(metric_id, listed, "only one of the two processes lists this metric", *suspects)


def _jvm_metric_ids(body: Value) -> list[Value]:
    ids = [(metric["id"], str(metric["id"].raw)) for metric in body]
    return [value for value, text in ids if text.startswith("Status.JVM.") and _COLLECTOR_PREFIX not in text]


@within(
    "getJobManagerThreadDump",
    "getTaskManagerThreadDump",
    text="The description of a thread has its name, its id and its state. Each thread is listed once.",
    source="flink-behaviour.md#task-managers",
)
def threads(body: Value) -> Relations:
    first_with_id: dict[str, Value] = {}
    for thread in body["threadInfos"]:
        name, text = thread["threadName"], thread["stringifiedThreadInfo"]
        if isinstance(name.raw, str) and isinstance(text.raw, str) and text.raw.startswith('"'):
            yield from require(text.raw.startswith(f'"{name.raw}"'), "another thread", name, text, exact=True)
            yield from require(text.raw.endswith("\n"), "the last line has no end", text)
            head = _THREAD_HEAD.match(text.raw)
            if head is not None:
                first = first_with_id.setdefault(head["id"], text)
                is_first = first is text
                yield from require(is_first, f"thread {head['id']} twice", text, *(() if is_first else (first,)))
            elif first_with_id:
                yield from require(False, "no id and state", text)


def _thread_ids(dump: Value) -> list[int]:
    heads = [_THREAD_HEAD.match(str(thread["stringifiedThreadInfo"].raw)) for thread in dump["threadInfos"]]
    return [int(head["id"]) for head in heads if head is not None]


@within(
    "getJobManagerThreadDump",
    "getTaskManagerThreadDump",
    text="Threads are listed in the order of their start, which is nearly that of their ids, or in the reverse order.",
    source="flink-behaviour.md#task-managers",
)
def threads_in_order(body: Value) -> Relations:
    ids = _thread_ids(body)
    descents = sum(thread_id > next_id for thread_id, next_id in pairwise(ids))
    unordered = min(descents, len(ids) - 1 - descents)  # some JVMs list the newest thread first
    text = f"{unordered} of {len(ids)} threads are out of order"
    yield from require(unordered <= 3 + len(ids) / 4, text, body["threadInfos"])


@within(
    "getJobManagerThreadDump",
    "getTaskManagerThreadDump",
    text="The oldest thread comes first.",
    source="flink-behaviour.md#task-managers",
    since="2.0",  # these releases need a Java that lists threads in this order
)
def oldest_thread_first(body: Value) -> Relations:
    ids = _thread_ids(body)
    descents = sum(thread_id > next_id for thread_id, next_id in pairwise(ids))
    text = f"{descents} of {len(ids)} threads are out of order"
    yield from require(2 * descents <= len(ids), text, body["threadInfos"])


@over_time(
    "getJobManagerThreadDump",
    "getTaskManagerThreadDump",
    text="Threads that stay alive are listed in the same order.",
    source="flink-behaviour.md#task-managers",
)
def threads_keep_their_order(before: Value, after: Value) -> Relations:
    old, new = _thread_ids(before), _thread_ids(after)
    in_both = set(old) & set(new)
    old_order, new_order = ([thread_id for thread_id in ids if thread_id in in_both] for ids in (old, new))
    yield from require(old_order == new_order, "another order", after["threadInfos"], before["threadInfos"])


@between(
    "cluster",
    text="The metric Status.JVM.Threads.Count is approximately the number of threads in the thread dump.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def threads_are_counted(view: View) -> Relations:
    for process in _processes(view):
        counted = _metric(process.metrics, "Status.JVM.Threads.Count")
        listed_threads = process.thread_dump["threadInfos"]
        if listed_threads.raw and is_number(counted.raw):
            listed = computed(len(listed_threads.raw), f"length of {listed_threads}", listed_threads)
            yield from close(counted, listed, _FEW_THREADS + len(listed_threads.raw) / 3)
