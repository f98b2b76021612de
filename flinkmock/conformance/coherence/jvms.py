"""Invariants of the JVMs of the JobManager and the TaskManagers: their metrics and their threads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from flinkmock.conformance.coherence.registry import METRICS_REFRESH_MS, between, over_time, within
from flinkmock.conformance.coherence.relations import Relations, ascending, close, equal, is_listed, require
from flinkmock.conformance.coherence.values import MISSING, Value, computed, constant, is_number, number, total
from flinkmock.conformance.coherence.view import View

_COUNTED = (
    "Count", "Used", "Committed", "TotalCapacity", "Time", "Segments", "Total", "Available", "Loaded", "Unloaded",
    "Open", "TimeMsPerSecond",
)  # fmt: skip
"""Ends of the names of metrics that are never negative."""
_COLLECTORS = "Status.JVM.GarbageCollector."
_HEAD = re.compile(
    r'"(?P<name>.*?)" (?:daemon )?(?:prio=\d+ )?Id=(?P<id>\d+) '
    r"(?:NEW|RUNNABLE|BLOCKED|WAITING|TIMED_WAITING|TERMINATED)\b",
    re.DOTALL,
)
"""How `ThreadInfo.toString` begins, which `JvmThreadInfo.stringify` follows."""
_PAGE = 4096
"""The smallest page of an operating system that Java supports, in bytes."""
_FEW_THREADS = 12
"""How many threads may begin or end between two responses, besides a third of all."""


def _values(body: Value) -> dict[str, Value]:
    return {str(row["id"].raw): number(row["value"]) for row in body if row["value"].exists}


def _metric(values: dict[str, Value], name: str) -> Value:
    return values.get(name, Value(MISSING))


def whole_pages(size: Value) -> Relations:
    """Relate the size of a memory that a JVM has reserved: whole pages of the operating system."""
    if is_number(size.raw) and size.raw > 0:
        yield from require(size.raw % _PAGE == 0, f"not a multiple of {_PAGE}", size)


def _spells_number(raw: object) -> bool:
    try:
        float(str(raw))
    except ValueError:
        return False
    return True


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
    for row in body:
        if str(row["id"].raw).startswith("Status.") and row["value"].exists:
            yield from require(_spells_number(row["value"].raw), "no number", row["value"])
    for name, value in values.items():
        if name.endswith(_COUNTED):
            yield from ascending(constant(0, "0"), value)
        if name.endswith("CPU.Load"):
            yield from require(-1 <= value.raw <= 1.0, "no share", value)
        if name.endswith(".TimeMsPerSecond"):
            yield from ascending(value, constant(1000, "1000 ms per second"))
    for scope in ("Heap", "NonHeap", "Metaspace"):
        used, committed, most = (metric(f"Status.JVM.Memory.{scope}.{key}") for key in ("Used", "Committed", "Max"))
        yield from ascending(used, committed)
        yield from whole_pages(committed)
        yield from whole_pages(most)
        if is_number(most.raw) and most.raw > 0:
            yield from ascending(committed, most)
        elif is_number(most.raw):
            yield from require(most.raw == -1, "neither a size nor -1", most)
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
    text="Metaspace is a part of the non-heap memory, and buffers take memory if and only if there are any.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def jvm_memory(body: Value) -> Relations:
    values = _values(body)
    for key in ("Used", "Committed"):
        inner, outer = (_metric(values, f"Status.JVM.Memory.{scope}.{key}") for scope in ("Metaspace", "NonHeap"))
        yield from ascending(inner, outer, slack=1 << 20)
    for scope in ("Direct", "Mapped"):
        number_of, used, capacity = (
            _metric(values, f"Status.JVM.Memory.{scope}.{key}") for key in ("Count", "MemoryUsed", "TotalCapacity")
        )
        if number_of.raw == 0:
            yield from equal(used, constant(0, "0"))
            yield from equal(capacity, constant(0, "0"))
        elif is_number(used.raw) and is_number(capacity.raw):
            yield from close(used, capacity, 0.05 * capacity.raw + (1 << 16))  # pages may be aligned


def _processes(view: View) -> Iterator[tuple[Value, dict[str, Value], Value]]:
    """Yield the names of metrics, their values and the threads of the JobManager and of each TaskManager."""
    yield (
        view.body("getJobManagerMetrics"),
        view.metrics("getJobManagerMetrics"),
        view.body("getJobManagerThreadDump"),
    )
    for (taskmanager_id,) in view.subjects("taskmanager"):
        yield (
            view.body("getTaskManagerMetrics", taskmanagerid=taskmanager_id),
            view.metrics("getTaskManagerMetrics", taskmanagerid=taskmanager_id),
            view.body("getTaskManagerThreadDump", taskmanagerid=taskmanager_id),
        )


@between(
    "cluster",
    text="The figures of all garbage collectors are the sums of those of each.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def garbage_collections_add_up(view: View) -> Relations:
    for listed, values, _ in _processes(view):
        names = {str(row["id"].raw) for row in listed if _COLLECTORS in str(row["id"].raw)}
        for key in ("Count", "Time", "TimeMsPerSecond"):
            every = f"{_COLLECTORS}All.{key}"
            single = {name for name in names if name.endswith(f".{key}")} - {every}
            if every in values and single and single <= values.keys():
                yield from close(values[every], total([values[name] for name in single], f"sum of {key}"), 0.01)


@between(
    "cluster",
    text="The JobManager and the TaskManagers list the same metrics of their JVMs, but for the garbage collectors.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def jvm_metrics_are_the_same(view: View) -> Relations:
    whole = view.body("getJobManagerMetrics")
    for (taskmanager_id,) in view.subjects("taskmanager"):
        part = view.body("getTaskManagerMetrics", taskmanagerid=taskmanager_id)
        if whole.raw and part.raw:
            listed, others = _of_the_jvm(whole), _of_the_jvm(part)
            values = view.metrics("getJobManagerMetrics")
            values_of_part = view.metrics("getTaskManagerMetrics", taskmanagerid=taskmanager_id)
            for one, other, body, known in ((listed, others, part, values_of_part), (others, listed, whole, values)):
                without = [row["id"] for row in body if row["id"].raw not in known]
                suspects = without if 0 < len(without) <= 3 else [body]
                for row in one.values():
                    yield from is_listed(row, other, "only one of them lists it", *suspects)


def _of_the_jvm(body: Value) -> dict[str, Value]:
    names = {str(row["id"].raw): row["id"] for row in body}
    return {name: row for name, row in names.items() if name.startswith("Status.JVM.") and _COLLECTORS not in name}


@within(
    "getJobManagerThreadDump",
    "getTaskManagerThreadDump",
    text="A thread is described with its name, its id and its state, and listed once.",
    source="flink-behaviour.md#task-managers",
)
def threads(body: Value) -> Relations:
    seen: dict[str, Value] = {}
    for row in body["threadInfos"]:
        name, text = row["threadName"], row["stringifiedThreadInfo"]
        if isinstance(name.raw, str) and isinstance(text.raw, str) and text.raw.startswith('"'):
            yield from require(text.raw.startswith(f'"{name.raw}"'), "another thread", name, text, exact=True)
            yield from require(text.raw.endswith("\n"), "a line that has no end", text)
            head = _HEAD.match(text.raw)
            if head is not None:
                first = seen.setdefault(head["id"], text)
                same = () if first is text else (first,)
                yield from require(first is text, f"thread {head['id']} twice", text, *same)
            elif seen:
                yield from require(False, "no id and state", text)


def _thread_ids(dump: Value) -> list[int]:
    heads = [_HEAD.match(str(row["stringifiedThreadInfo"].raw)) for row in dump["threadInfos"]]
    return [int(head["id"]) for head in heads if head is not None]


@within(
    "getJobManagerThreadDump",
    "getTaskManagerThreadDump",
    text="Threads are listed in the order of their start, which is nearly that of their ids.",
    source="flink-behaviour.md#task-managers",
)
def threads_in_order(body: Value) -> Relations:
    ids = _thread_ids(body)
    falls = sum(one > next_one for one, next_one in pairwise(ids))
    unordered = min(falls, len(ids) - 1 - falls)  # some JVMs list the newest thread first
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
    falls = sum(one > next_one for one, next_one in pairwise(ids))
    yield from require(2 * falls <= len(ids), f"{falls} of {len(ids)} threads are out of order", body["threadInfos"])


@over_time(
    "getJobManagerThreadDump",
    "getTaskManagerThreadDump",
    text="Threads that stay alive are listed in the same order.",
    source="flink-behaviour.md#task-managers",
)
def threads_keep_their_order(before: Value, after: Value) -> Relations:
    old, new = _thread_ids(before), _thread_ids(after)
    stayed = set(old) & set(new)
    same = [each for each in old if each in stayed] == [each for each in new if each in stayed]
    yield from require(same, "another order", after["threadInfos"], before["threadInfos"])


@between(
    "cluster",
    text="The metric Status.JVM.Threads.Count counts the threads of the dump, give or take a third.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def threads_are_counted(view: View) -> Relations:
    for _, metrics, dump in _processes(view):
        counted = _metric(metrics, "Status.JVM.Threads.Count")
        rows = dump["threadInfos"]
        if rows.raw and is_number(counted.raw):
            listed = computed(len(rows.raw), f"length of {rows}", rows)
            yield from close(counted, listed, _FEW_THREADS + len(rows.raw) / 3)
