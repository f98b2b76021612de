"""The JVM metrics of a process: heap, garbage collection, threads, CPU.

The used heap grows steadily and drops at each young collection. Counters depend only on the age of the process, so
they never decrease. The magnitudes are as in real clusters of 2.3.0, 1.20.5 and 1.12.5.
"""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.flink.memory import MIB, NETWORK_BUFFER_BYTES
from flinkmock.flink.metrics.inputs import METER_SPAN_MS, JobManagerInputs, MetricInputs, TaskManagerInputs, per_second
from flinkmock.flink.metrics.table import Metric, Table
from flinkmock.flink.threads import jobmanager_thread_count, taskmanager_thread_count

YOUNG_COLLECTOR = "G1_Young_Generation"
OLD_COLLECTOR = "G1_Old_Generation"
ALL_COLLECTORS = "All"
"""The name under which Flink lists the sum of all collectors since 1.19."""
_FIRST_LOAD_UPDATE_MS = 5_000
"""The age of a process at which its CPU load is first updated."""


@dataclass(frozen=True, slots=True)
class JvmState:
    """The state of a JVM; sizes are in bytes."""

    heap_used: int
    heap_committed: int
    heap_max: int
    non_heap_used: int
    non_heap_committed: int
    metaspace_used: int
    metaspace_committed: int
    direct_count: int
    direct_capacity: int
    gc_count: int
    gc_time_ms: int
    gc_time_ms_minute_ago: int
    thread_count: int
    cpu_load: float
    cpu_time_ns: int
    loaded_class_count: int
    open_file_count: int

    @property
    def direct_used(self) -> int:
        """On real clusters, the used direct memory is a few bytes more than its capacity."""
        return self.direct_capacity + 2


def taskmanager_jvm_state(inputs: TaskManagerInputs) -> JvmState:
    """Return the state of a TaskManager's JVM. Its network memory consists of direct buffers."""
    return _jvm_state(
        inputs,
        max_heap=inputs.memory.max_heap,
        thread_count=taskmanager_thread_count(inputs.deployed_task_count),
        workload=inputs.deployed_task_count,
        network_buffer_count=inputs.memory.network_buffer_count,
    )


def jobmanager_jvm_state(inputs: JobManagerInputs) -> JvmState:
    """Return the state of the JobManager's JVM."""
    return _jvm_state(
        inputs,
        max_heap=inputs.memory.max_heap,
        thread_count=jobmanager_thread_count(inputs.running_job_count),
        workload=inputs.running_job_count,
        network_buffer_count=0,
    )


def _jvm_state(
    inputs: MetricInputs, *, max_heap: int, thread_count: int, workload: int, network_buffer_count: int
) -> JvmState:
    """Return the state of a process whose memory grows with its workload, a number of tasks or jobs."""
    live_objects = inputs.constant_number(20, 26, "live") * MIB + workload * MIB // 2
    young_generation = inputs.constant_number(24, 40, "young") * MIB
    gc_period_ms = inputs.constant_number(15_000, 30_000, "gc period")
    heap_used = min(live_objects + young_generation * (inputs.age % gc_period_ms) // gc_period_ms, max_heap * 9 // 10)
    metaspace = inputs.constant_number(44, 56, "metaspace") * MIB + min(workload, 8) * MIB // 4
    code_cache = inputs.constant_number(14, 20, "code") * MIB
    other_direct_buffer_count = inputs.constant_number(18, 30, "direct")
    return JvmState(
        heap_used=heap_used,
        heap_committed=min(max(live_objects + young_generation + 8 * MIB, 64 * MIB), max_heap),
        heap_max=max_heap,
        non_heap_used=metaspace + code_cache,
        non_heap_committed=metaspace + code_cache + 2 * MIB,
        metaspace_used=metaspace,
        metaspace_committed=metaspace + MIB // 2,
        direct_count=network_buffer_count + other_direct_buffer_count,
        direct_capacity=network_buffer_count * NETWORK_BUFFER_BYTES + other_direct_buffer_count * MIB // 4,
        gc_count=_gc_count(inputs, inputs.age, gc_period_ms),
        gc_time_ms=_gc_time_ms(inputs, inputs.age, gc_period_ms),
        gc_time_ms_minute_ago=_gc_time_ms(inputs, inputs.age - METER_SPAN_MS, gc_period_ms),
        thread_count=thread_count,
        cpu_load=inputs.varying_number(2, 60, "load") / 1000 if inputs.age >= _FIRST_LOAD_UPDATE_MS else 0.0,
        # Some seconds for the start, then 2 % of the time, in steps of 10 ms like the counters of Linux.
        cpu_time_ns=(400 + inputs.constant_number(0, 200, "cpu") + inputs.age // 500) * 10_000_000,
        # All classes that were ever loaded, including unloaded ones (getTotalLoadedClassCount).
        loaded_class_count=inputs.constant_number(9_500, 12_500, "classes") + min(inputs.age // 15_000, 8) * 20,
        open_file_count=inputs.constant_number(70, 80, "files") + workload,
    )


def _gc_count(inputs: MetricInputs, age: int, gc_period_ms: int) -> int:
    return inputs.constant_number(5, 9, "start-up collections") + age // gc_period_ms if age >= 0 else 0


def _gc_time_ms(inputs: MetricInputs, age: int, gc_period_ms: int) -> int:
    return _gc_count(inputs, age, gc_period_ms) * inputs.constant_number(9, 16, "pause")


def _collector_metrics(name: str, *, is_idle: bool = False, since: str = "1.12") -> Table[JvmState]:
    prefix = f"Status.JVM.GarbageCollector.{name}"
    return (
        Metric(f"{prefix}.Count", lambda jvm: 0 if is_idle else jvm.gc_count, since=since),
        Metric(f"{prefix}.Time", lambda jvm: 0 if is_idle else jvm.gc_time_ms, since=since),
        Metric(
            f"{prefix}.TimeMsPerSecond",
            lambda jvm: 0.0 if is_idle else per_second(jvm.gc_time_ms, jvm.gc_time_ms_minute_ago),
            since="1.19",
        ),
    )


# Live clusters of all 13 releases showed which release has which metric (tests/flink/metrics/data/metric-names.tsv).
JVM_METRICS: Table[JvmState] = (
    Metric("Status.JVM.CPU.Load", lambda jvm: jvm.cpu_load),
    Metric("Status.JVM.CPU.Time", lambda jvm: jvm.cpu_time_ns),
    Metric("Status.JVM.ClassLoader.ClassesLoaded", lambda jvm: jvm.loaded_class_count),
    Metric("Status.JVM.ClassLoader.ClassesUnloaded", lambda jvm: 0),
    Metric("Status.JVM.FileDescriptor.Max", lambda jvm: 1_048_576, since="2.1"),
    Metric("Status.JVM.FileDescriptor.Open", lambda jvm: jvm.open_file_count, since="2.1"),
    *_collector_metrics(ALL_COLLECTORS, since="1.19"),
    *_collector_metrics(YOUNG_COLLECTOR),
    *_collector_metrics(OLD_COLLECTOR, is_idle=True),
    Metric("Status.JVM.Memory.Direct.Count", lambda jvm: jvm.direct_count),
    Metric("Status.JVM.Memory.Direct.MemoryUsed", lambda jvm: jvm.direct_used),
    Metric("Status.JVM.Memory.Direct.TotalCapacity", lambda jvm: jvm.direct_capacity),
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
    Metric("Status.JVM.Threads.Count", lambda jvm: jvm.thread_count),
)
