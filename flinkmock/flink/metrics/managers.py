"""Metrics of the JobManager and of a TaskManager, and the `metrics` of `/taskmanagers/:taskmanagerid`."""

from __future__ import annotations

from flinkmock.flink.memory import NETWORK_BUFFER_BYTES
from flinkmock.flink.metrics.inputs import JobManagerInputs, TaskManagerInputs
from flinkmock.flink.metrics.jvm import (
    ALL_COLLECTORS,
    JVM_METRICS,
    OLD_COLLECTOR,
    YOUNG_COLLECTOR,
    jobmanager_jvm_state,
    taskmanager_jvm_state,
)
from flinkmock.flink.metrics.table import Metric, Table, metric_values
from flinkmock.release import Release

USED_BUFFERS_PER_TASK = 4
"""The number of buffers that a task with three input channels uses: one in each channel, and one for output."""
REQUESTED_BUFFERS_PER_TASK = 14
"""The number of buffers that a task with three input channels requests: 2 per channel and 8 per gate.

These are the defaults of `taskmanager.network.memory.buffers-per-channel` and `floating-buffers-per-gate`.
"""


def _total_buffer_count(inputs: TaskManagerInputs) -> int:
    return inputs.memory.network_buffer_count


def _used_buffer_count(inputs: TaskManagerInputs) -> int:
    return min(USED_BUFFERS_PER_TASK * inputs.deployed_task_count, _total_buffer_count(inputs))


def _available_buffer_count(inputs: TaskManagerInputs) -> int:
    return _total_buffer_count(inputs) - _used_buffer_count(inputs)


def _requested_memory_percent(inputs: TaskManagerInputs) -> int:
    """Return the requested buffers in percent of all; 0 without buffers (NetworkBufferPool)."""
    total = _total_buffer_count(inputs)
    return 100 * REQUESTED_BUFFERS_PER_TASK * inputs.deployed_task_count // total if total else 0


JOB_MANAGER_METRICS: Table[JobManagerInputs] = (
    Metric("numRegisteredTaskManagers", lambda inputs: inputs.taskmanager_count),
    Metric("numRunningJobs", lambda inputs: inputs.running_job_count),
    Metric("taskSlotsAvailable", lambda inputs: inputs.available_slot_count),
    Metric("taskSlotsTotal", lambda inputs: inputs.total_slot_count),
)

TASK_MANAGER_METRICS: Table[TaskManagerInputs] = (
    Metric("Status.Flink.Memory.Managed.Total", lambda inputs: inputs.memory.managed),
    Metric("Status.Flink.Memory.Managed.Used", lambda inputs: 0),
    Metric("Status.Network.AvailableMemorySegments", _available_buffer_count, removed_in="2.0"),
    Metric("Status.Network.TotalMemorySegments", _total_buffer_count, removed_in="2.0"),
    Metric(
        "Status.Shuffle.Netty.AvailableMemory", lambda inputs: _available_buffer_count(inputs) * NETWORK_BUFFER_BYTES
    ),
    Metric("Status.Shuffle.Netty.AvailableMemorySegments", _available_buffer_count),
    Metric("Status.Shuffle.Netty.RequestedMemoryUsage", _requested_memory_percent, since="1.15"),
    Metric("Status.Shuffle.Netty.TotalMemory", lambda inputs: _total_buffer_count(inputs) * NETWORK_BUFFER_BYTES),
    Metric("Status.Shuffle.Netty.TotalMemorySegments", _total_buffer_count),
    Metric("Status.Shuffle.Netty.UsedMemory", lambda inputs: _used_buffer_count(inputs) * NETWORK_BUFFER_BYTES),
    Metric("Status.Shuffle.Netty.UsedMemorySegments", _used_buffer_count),
)


def jobmanager_metrics(inputs: JobManagerInputs, release: Release) -> dict[str, str]:
    """Return the metrics of `/jobmanager/metrics` by name."""
    return metric_values(JOB_MANAGER_METRICS, inputs, release) | metric_values(
        JVM_METRICS, jobmanager_jvm_state(inputs), release
    )


def taskmanager_metrics(inputs: TaskManagerInputs, release: Release) -> dict[str, str]:
    """Return the metrics of `/taskmanagers/:taskmanagerid/metrics` by name."""
    return metric_values(TASK_MANAGER_METRICS, inputs, release) | metric_values(
        JVM_METRICS, taskmanager_jvm_state(inputs), release
    )


def taskmanager_jvm_payload(inputs: TaskManagerInputs, release: Release) -> dict[str, int | list[dict[str, str | int]]]:
    """Return `metrics` of `/taskmanagers/:taskmanagerid`: some of `taskmanager_metrics` under other names."""
    jvm = taskmanager_jvm_state(inputs)
    total, used, available = _total_buffer_count(inputs), _used_buffer_count(inputs), _available_buffer_count(inputs)
    collectors: list[dict[str, str | int]] = [
        {"name": YOUNG_COLLECTOR, "count": jvm.gc_count, "time": jvm.gc_time_ms},
        {"name": OLD_COLLECTOR, "count": 0, "time": 0},
    ]
    if release.since("1.19"):
        collectors.insert(0, {"name": ALL_COLLECTORS, "count": jvm.gc_count, "time": jvm.gc_time_ms})
    payload: dict[str, int | list[dict[str, str | int]]] = {
        "heapUsed": jvm.heap_used,
        "heapCommitted": jvm.heap_committed,
        "heapMax": jvm.heap_max,
        "nonHeapUsed": jvm.non_heap_used,
        "nonHeapCommitted": jvm.non_heap_committed,
        "nonHeapMax": -1,
        "directCount": jvm.direct_count,
        "directUsed": jvm.direct_used,
        "directMax": jvm.direct_capacity,
        "mappedCount": 0,
        "mappedUsed": 0,
        "mappedMax": 0,
        "nettyShuffleMemorySegmentsAvailable": available,
        "nettyShuffleMemorySegmentsUsed": used,
        "nettyShuffleMemorySegmentsTotal": total,
        "nettyShuffleMemoryAvailable": available * NETWORK_BUFFER_BYTES,
        "nettyShuffleMemoryUsed": used * NETWORK_BUFFER_BYTES,
        "nettyShuffleMemoryTotal": total * NETWORK_BUFFER_BYTES,
        "garbageCollectors": collectors,
    }
    if not release.since("2.0"):
        payload |= {"memorySegmentsAvailable": available, "memorySegmentsTotal": total}
    return payload
