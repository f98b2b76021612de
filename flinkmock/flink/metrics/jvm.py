"""The JVM metrics of a process: heap, garbage collection, threads, CPU.

The used heap grows steadily and drops at each young collection. Counters depend only on the age of the process, so
they never decrease. The magnitudes are those of real clusters of 2.3.0, 1.20.5 and 1.12.5.
"""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.flink.memory import MIB, NETWORK_BUFFER_BYTES
from flinkmock.flink.metrics.inputs import METER_SPAN_MS, JobManagerInputs, MetricInputs, TaskManagerInputs, per_second
from flinkmock.flink.metrics.table import Metric, Table
from flinkmock.flink.threads import jobmanager_thread_count, taskmanager_thread_count

YOUNG = "G1_Young_Generation"
OLD = "G1_Old_Generation"
ALL = "All"
"""The name under which Flink lists the sum of all collectors since 1.19."""


@dataclass(frozen=True, slots=True)
class JvmState:
    """The state of a JVM; sizes are in bytes, `gc_time` is in ms, `cpu_time` in ns."""

    heap_used: int
    heap_committed: int
    heap_max: int
    non_heap_used: int
    non_heap_committed: int
    metaspace_used: int
    metaspace_committed: int
    direct_count: int
    direct_used: int
    gc_count: int
    gc_time: int
    gc_time_minute_ago: int
    threads: int
    cpu_load: float
    cpu_time: int
    classes: int
    files: int


def taskmanager_state(inputs: TaskManagerInputs) -> JvmState:
    """Return the state of a TaskManager's JVM. Its network memory consists of direct buffers."""
    return _state(
        inputs,
        max_heap=inputs.memory.max_heap,
        threads=taskmanager_thread_count(inputs.tasks),
        work=inputs.tasks,
        buffers=inputs.memory.network_buffers,
    )


def jobmanager_state(inputs: JobManagerInputs) -> JvmState:
    return _state(
        inputs,
        max_heap=inputs.memory.max_heap,
        threads=jobmanager_thread_count(inputs.running_jobs),
        work=inputs.running_jobs,
        buffers=0,
    )


def _state(inputs: MetricInputs, *, max_heap: int, threads: int, work: int, buffers: int) -> JvmState:
    live = inputs.constant(20, 26, "live") * MIB + work * MIB // 2
    young = inputs.constant(24, 40, "young") * MIB
    period = inputs.constant(15_000, 30_000, "gc period")
    used = min(live + young * (inputs.age % period) // period, max_heap * 9 // 10)
    metaspace = inputs.constant(44, 56, "metaspace") * MIB + min(work, 8) * MIB // 4
    code = inputs.constant(14, 20, "code") * MIB
    own_buffers = inputs.constant(18, 30, "direct")
    return JvmState(
        heap_used=used,
        heap_committed=min(max(live + young + 8 * MIB, 64 * MIB), max_heap),
        heap_max=max_heap,
        non_heap_used=metaspace + code,
        non_heap_committed=metaspace + code + 2 * MIB,
        metaspace_used=metaspace,
        metaspace_committed=metaspace + MIB // 2,
        direct_count=buffers + own_buffers,
        direct_used=buffers * NETWORK_BUFFER_BYTES + own_buffers * MIB // 4,
        gc_count=_collections(inputs, inputs.age, period),
        gc_time=_collection_time(inputs, inputs.age, period),
        gc_time_minute_ago=_collection_time(inputs, inputs.age - METER_SPAN_MS, period),
        threads=threads,
        cpu_load=inputs.moving(2, 60, "load") / 1000 if inputs.age >= METER_SPAN_MS // 12 else 0.0,
        # Some seconds for the start, then 2 % of the time, in steps of 10 ms as Linux counts.
        cpu_time=(400 + inputs.constant(0, 200, "cpu") + inputs.age // 500) * 10_000_000,
        # all that were ever loaded, also those that were unloaded (getTotalLoadedClassCount)
        classes=inputs.constant(9_500, 12_500, "classes") + min(inputs.age // 15_000, 8) * 20,
        files=inputs.constant(70, 80, "files") + work,
    )


def _collections(inputs: MetricInputs, age: int, period: int) -> int:
    return inputs.constant(5, 9, "start-up collections") + age // period if age >= 0 else 0


def _collection_time(inputs: MetricInputs, age: int, period: int) -> int:
    return _collections(inputs, age, period) * inputs.constant(9, 16, "pause")


def _collector(name: str, old: bool = False, since: str = "1.12") -> Table[JvmState]:
    prefix = f"Status.JVM.GarbageCollector.{name}"
    return (
        Metric(f"{prefix}.Count", lambda jvm: 0 if old else jvm.gc_count, since=since),
        Metric(f"{prefix}.Time", lambda jvm: 0 if old else jvm.gc_time, since=since),
        Metric(
            f"{prefix}.TimeMsPerSecond",
            lambda jvm: 0.0 if old else per_second(jvm.gc_time, jvm.gc_time_minute_ago),
            since="1.19",
        ),
    )


# The releases of each metric were read from live clusters of all 13 releases (tests/cluster/data/metric-names.tsv).
JVM: Table[JvmState] = (
    Metric("Status.JVM.CPU.Load", lambda jvm: jvm.cpu_load),
    Metric("Status.JVM.CPU.Time", lambda jvm: jvm.cpu_time),
    Metric("Status.JVM.ClassLoader.ClassesLoaded", lambda jvm: jvm.classes),
    Metric("Status.JVM.ClassLoader.ClassesUnloaded", lambda jvm: 0),
    Metric("Status.JVM.FileDescriptor.Max", lambda jvm: 1_048_576, since="2.1"),
    Metric("Status.JVM.FileDescriptor.Open", lambda jvm: jvm.files, since="2.1"),
    *_collector(ALL, since="1.19"),
    *_collector(YOUNG),
    *_collector(OLD, old=True),
    Metric("Status.JVM.Memory.Direct.Count", lambda jvm: jvm.direct_count),
    Metric("Status.JVM.Memory.Direct.MemoryUsed", lambda jvm: jvm.direct_used + 2),
    Metric("Status.JVM.Memory.Direct.TotalCapacity", lambda jvm: jvm.direct_used),
    Metric("Status.JVM.Memory.Heap.Committed", lambda jvm: jvm.heap_committed),
    Metric("Status.JVM.Memory.Heap.Max", lambda jvm: jvm.heap_max),
    Metric("Status.JVM.Memory.Heap.Used", lambda jvm: jvm.heap_used),
    Metric("Status.JVM.Memory.Mapped.Count", lambda jvm: 0),
    Metric("Status.JVM.Memory.Mapped.MemoryUsed", lambda jvm: 0),
    Metric("Status.JVM.Memory.Mapped.TotalCapacity", lambda jvm: 0),
    Metric("Status.JVM.Memory.Metaspace.Committed", lambda jvm: jvm.metaspace_committed),
    Metric("Status.JVM.Memory.Metaspace.Max", lambda jvm: -1),
    Metric("Status.JVM.Memory.Metaspace.Used", lambda jvm: jvm.metaspace_used),
    Metric("Status.JVM.Memory.NonHeap.Committed", lambda jvm: jvm.non_heap_committed),
    Metric("Status.JVM.Memory.NonHeap.Max", lambda jvm: -1),
    Metric("Status.JVM.Memory.NonHeap.Used", lambda jvm: jvm.non_heap_used),
    Metric("Status.JVM.Threads.Count", lambda jvm: jvm.threads),
)
