"""Metrics of the JobManager and of a TaskManager, and the `metrics` of `/taskmanagers/:taskmanagerid`."""

from __future__ import annotations

from flinkmock.flink.memory import NETWORK_BUFFER_BYTES
from flinkmock.flink.metrics.inputs import JobManagerInputs, TaskManagerInputs
from flinkmock.flink.metrics.jvm import ALL, JVM, OLD, YOUNG, jobmanager_state, taskmanager_state
from flinkmock.flink.metrics.table import Metric, Table, measure
from flinkmock.release import Release

USED_BUFFERS_PER_TASK = 4
"""The buffers in use by a task with three input channels: one in each channel, and one for output."""
REQUESTED_BUFFERS_PER_TASK = 14
"""The buffers that such a task requests: 2 per channel and 8 per gate, by the defaults of
`taskmanager.network.memory.buffers-per-channel` and `floating-buffers-per-gate`."""

JOB_MANAGER: Table[JobManagerInputs] = (
    Metric("numRegisteredTaskManagers", lambda r: r.taskmanagers),
    Metric("numRunningJobs", lambda r: r.running_jobs),
    Metric("taskSlotsAvailable", lambda r: r.slots_available),
    Metric("taskSlotsTotal", lambda r: r.slots_total),
)

TASK_MANAGER: Table[TaskManagerInputs] = (
    Metric("Status.Flink.Memory.Managed.Total", lambda r: r.memory.managed),
    Metric("Status.Flink.Memory.Managed.Used", lambda r: 0),
    Metric("Status.Network.AvailableMemorySegments", lambda r: _buffers(r) - _used(r), until="2.0"),
    Metric("Status.Network.TotalMemorySegments", lambda r: _buffers(r), until="2.0"),
    Metric("Status.Shuffle.Netty.AvailableMemory", lambda r: (_buffers(r) - _used(r)) * NETWORK_BUFFER_BYTES),
    Metric("Status.Shuffle.Netty.AvailableMemorySegments", lambda r: _buffers(r) - _used(r)),
    Metric("Status.Shuffle.Netty.RequestedMemoryUsage", lambda r: _requested_percent(r), since="1.15"),
    Metric("Status.Shuffle.Netty.TotalMemory", lambda r: _buffers(r) * NETWORK_BUFFER_BYTES),
    Metric("Status.Shuffle.Netty.TotalMemorySegments", lambda r: _buffers(r)),
    Metric("Status.Shuffle.Netty.UsedMemory", lambda r: _used(r) * NETWORK_BUFFER_BYTES),
    Metric("Status.Shuffle.Netty.UsedMemorySegments", lambda r: _used(r)),
)


def jobmanager_metrics(inputs: JobManagerInputs, release: Release) -> dict[str, str]:
    """Return the metrics of `/jobmanager/metrics` by name."""
    return measure(JOB_MANAGER, inputs, release) | measure(JVM, jobmanager_state(inputs), release)


def taskmanager_metrics(inputs: TaskManagerInputs, release: Release) -> dict[str, str]:
    """Return the metrics of `/taskmanagers/:taskmanagerid/metrics` by name."""
    return measure(TASK_MANAGER, inputs, release) | measure(JVM, taskmanager_state(inputs), release)


def taskmanager_jvm(inputs: TaskManagerInputs, release: Release) -> dict[str, int | list[dict[str, str | int]]]:
    """Return `metrics` of `/taskmanagers/:taskmanagerid`: values of `taskmanager_metrics` under other names."""
    jvm = taskmanager_state(inputs)
    total, used = _buffers(inputs), _used(inputs)
    collectors: list[dict[str, str | int]] = [
        {"name": YOUNG, "count": jvm.gc_count, "time": jvm.gc_time},
        {"name": OLD, "count": 0, "time": 0},
    ]
    if release.since("1.19"):
        collectors.insert(0, {"name": ALL, "count": jvm.gc_count, "time": jvm.gc_time})
    facts: dict[str, int | list[dict[str, str | int]]] = {
        "heapUsed": jvm.heap_used,
        "heapCommitted": jvm.heap_committed,
        "heapMax": jvm.heap_max,
        "nonHeapUsed": jvm.non_heap_used,
        "nonHeapCommitted": jvm.non_heap_committed,
        "nonHeapMax": -1,
        "directCount": jvm.direct_count,
        "directUsed": jvm.direct_used + 2,
        "directMax": jvm.direct_used,
        "mappedCount": 0,
        "mappedUsed": 0,
        "mappedMax": 0,
        "nettyShuffleMemorySegmentsAvailable": total - used,
        "nettyShuffleMemorySegmentsUsed": used,
        "nettyShuffleMemorySegmentsTotal": total,
        "nettyShuffleMemoryAvailable": (total - used) * NETWORK_BUFFER_BYTES,
        "nettyShuffleMemoryUsed": used * NETWORK_BUFFER_BYTES,
        "nettyShuffleMemoryTotal": total * NETWORK_BUFFER_BYTES,
        "garbageCollectors": collectors,
    }
    if not release.since("2.0"):
        facts |= {"memorySegmentsAvailable": total - used, "memorySegmentsTotal": total}
    return facts


def _buffers(inputs: TaskManagerInputs) -> int:
    return inputs.memory.network_buffers


def _used(inputs: TaskManagerInputs) -> int:
    return min(USED_BUFFERS_PER_TASK * inputs.tasks, _buffers(inputs))


def _requested_percent(inputs: TaskManagerInputs) -> int:
    return 100 * REQUESTED_BUFFERS_PER_TASK * inputs.tasks // _buffers(inputs)
