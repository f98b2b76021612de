"""The memory of Flink's processes, computed from `*.memory.process.size` by Flink's rules.

The rules are in `TaskExecutorProcessUtils`, `JobManagerProcessUtils` and `ProcessMemoryUtils`. All sizes are in bytes
unless a docstring says MiB. The sizes for 1728m are as in the recordings (suite cluster, `/taskmanagers`).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import NamedTuple

from flinkmock.errors import InvalidArgument
from flinkmock.flink import options
from flinkmock.flink.configuration import Configuration
from flinkmock.flink.environment import Environment
from flinkmock.flink.options import FractionOptions, Option
from flinkmock.release import Release

MIB = 1024 * 1024
NETWORK_BUFFER_BYTES = 32 * 1024
"""The default of taskmanager.memory.segment-size."""

Resource = dict[str, float | int | dict[str, float]]
"""The JSON of a ResourceProfileInfo: cores, and memory in MiB."""


class SlotMemory(NamedTuple):
    """The components that are divided among the slots of a TaskManager, in bytes."""

    task_heap: int
    task_off_heap: int
    managed: int
    network: int


@dataclass(frozen=True, slots=True)
class TaskManagerMemory:
    """The components of a TaskManager's memory, in bytes."""

    framework_heap: int
    task_heap: int
    framework_off_heap: int
    task_off_heap: int
    network: int
    managed: int
    metaspace: int
    overhead: int

    @property
    def total_flink(self) -> int:
        return self.heap + self.framework_off_heap + self.task_off_heap + self.network + self.managed

    @property
    def total_process(self) -> int:
        return self.total_flink + self.metaspace + self.overhead

    @property
    def heap(self) -> int:
        return self.framework_heap + self.task_heap

    @property
    def max_heap(self) -> int:
        return _max_heap(self.heap)

    @property
    def network_buffer_count(self) -> int:
        return self.network // NETWORK_BUFFER_BYTES

    def configuration(self) -> dict[str, int]:
        """Return `memoryConfiguration` of `/taskmanagers`, in bytes."""
        return {
            "frameworkHeap": self.framework_heap,
            "taskHeap": self.task_heap,
            "frameworkOffHeap": self.framework_off_heap,
            "taskOffHeap": self.task_off_heap,
            "networkMemory": self.network,
            "managedMemory": self.managed,
            "jvmMetaspace": self.metaspace,
            "jvmOverhead": self.overhead,
            "totalFlinkMemory": self.total_flink,
            "totalProcessMemory": self.total_process,
        }

    def hardware(self, environment: Environment) -> dict[str, int]:
        """Return `hardware` of `/taskmanagers`, in bytes. `freeMemory` is the maximum size of the heap."""
        return {
            "cpuCores": environment.cores,
            "physicalMemory": environment.physical_memory,
            "freeMemory": self.max_heap,
            "managedMemory": self.managed,
        }

    def total_resource(self, slot_count: int, release: Release) -> Resource:
        """Return `totalResource`: memory in MiB, and as many cores as slots."""
        return self.free_resource(slot_count, slot_count, release)

    def free_resource(self, slot_count: int, free_slot_count: int, release: Release) -> Resource:
        """Return `freeResource`: memory in MiB, and as many cores as slots are free.

        In standalone mode, 1.12 sends zeros.
        """
        if not release.since("1.13"):
            return _resource(0, SlotMemory(0, 0, 0, 0))
        # Each used slot takes the same whole number of bytes; the remainder of the division stays free.
        used_slot_count = slot_count - free_slot_count
        free = (size - used_slot_count * (size // slot_count) for size in self._slot_memory)
        return _resource(free_slot_count, SlotMemory(*free))

    def slot_resource(self, slot_count: int) -> Resource:
        """Return `resource` of one allocated slot: one core, and memory in MiB."""
        return _resource(1, SlotMemory(*(size // slot_count for size in self._slot_memory)))

    @property
    def _slot_memory(self) -> SlotMemory:
        return SlotMemory(self.task_heap, self.task_off_heap, self.managed, self.network)


def _resource(cores: int, memory: SlotMemory) -> Resource:
    return {
        "cpuCores": float(cores),
        "taskHeapMemory": memory.task_heap // MIB,
        "taskOffHeapMemory": memory.task_off_heap // MIB,
        "managedMemory": memory.managed // MIB,
        "networkMemory": memory.network // MIB,
        "extendedResources": {},
    }


def _max_heap(heap: int) -> int:
    """Return the heap that the JVM reports for `-Xmx`: a multiple of 1 MiB, the size of a G1 region."""
    return math.ceil(heap / MIB) * MIB


def taskmanager_memory(configuration: Configuration, release: Release | None) -> TaskManagerMemory:
    """Compute the memory components from `taskmanager.memory.process.size`.

    By default, the JVM overhead is a fraction of the process's memory. If `taskmanager.memory.flink.size` is set, or
    both `taskmanager.memory.task.heap.size` and `taskmanager.memory.managed.size`, the overhead is what remains of the
    process's memory. If then the configuration lacks the size of the process, this size follows from the components.

    Args:
        configuration: The configuration of the TaskManager.
        release: The release whose defaults apply; None for the newest one.

    Raises:
        InvalidArgument: The memory of the process is too small for its components, or an option can't be parsed. Flink
            does not start in these cases.
    """
    process_size = configuration.size(options.TASK_MANAGER_PROCESS_SIZE)
    metaspace = configuration.size(options.TASK_MANAGER_METASPACE)
    flink_size = configuration.optional_size(options.TASK_MANAGER_FLINK_SIZE)
    managed_size = configuration.optional_size(options.TASK_MANAGER_MANAGED_SIZE)
    framework_heap = configuration.size(options.TASK_MANAGER_FRAMEWORK_HEAP)
    framework_off_heap = configuration.size(options.TASK_MANAGER_FRAMEWORK_OFF_HEAP)
    task_off_heap = configuration.size(options.TASK_MANAGER_TASK_OFF_HEAP)
    task_heap_size = configuration.optional_size(options.TASK_MANAGER_TASK_HEAP)
    network_options = options.network_memory_options(release)
    network = None
    if task_heap_size is not None and managed_size is not None:  # recorded with 2.3.0: 300m of task heap, 200m managed
        without_network = task_heap_size + framework_heap + framework_off_heap + task_off_heap + managed_size
        if flink_size is None:
            network = _component_beside(without_network, configuration, network_options)
        else:
            network = flink_size - without_network
        flink_size = without_network + network
    if flink_size is None:
        overhead = _component_of(process_size, configuration, options.TASK_MANAGER_OVERHEAD)
        flink_size = process_size - metaspace - overhead
    else:
        overhead = _overhead_beside(
            flink_size + metaspace, configuration, options.TASK_MANAGER_PROCESS_SIZE, options.TASK_MANAGER_OVERHEAD
        )
    if network is None:
        network = _component_of(flink_size, configuration, network_options)
    managed = managed_size
    if managed is None:
        managed = _fraction_of(flink_size, configuration.fraction(options.TASK_MANAGER_MANAGED_FRACTION))
    task_heap = flink_size - framework_heap - framework_off_heap - task_off_heap - network - managed
    if min(task_heap, overhead, network) < 0:
        raise InvalidArgument(f"taskmanager.memory.process.size: {process_size} bytes are too few for a TaskManager")
    return TaskManagerMemory(
        framework_heap, task_heap, framework_off_heap, task_off_heap, network, managed, metaspace, overhead
    )


@dataclass(frozen=True, slots=True)
class JobManagerMemory:
    """The components of the JobManager's memory, in bytes."""

    heap: int
    metaspace: int
    overhead: int

    @property
    def max_heap(self) -> int:
        return _max_heap(self.heap)


def jobmanager_memory(configuration: Configuration) -> JobManagerMemory:
    """Compute the memory components from `jobmanager.memory.process.size`.

    If `jobmanager.memory.heap.size` or `jobmanager.memory.flink.size` is set, the JVM overhead is what remains of the
    process's memory. If then the configuration lacks the size of the process, this size follows from the components.

    Raises:
        InvalidArgument: The memory of the process is too small for its components, or an option can't be parsed. Flink
            does not start in these cases.
    """
    process_size = configuration.size(options.JOB_MANAGER_PROCESS_SIZE)
    metaspace = configuration.size(options.JOB_MANAGER_METASPACE)
    off_heap = configuration.size(options.JOB_MANAGER_OFF_HEAP)
    flink_size = configuration.optional_size(options.JOB_MANAGER_FLINK_SIZE)
    heap = configuration.optional_size(options.JOB_MANAGER_HEAP)
    if heap is None and flink_size is not None:
        heap = flink_size - off_heap
    if heap is None:
        overhead = _component_of(process_size, configuration, options.JOB_MANAGER_OVERHEAD)
        heap = process_size - metaspace - off_heap - overhead
    else:
        overhead = _overhead_beside(
            heap + off_heap + metaspace, configuration, options.JOB_MANAGER_PROCESS_SIZE, options.JOB_MANAGER_OVERHEAD
        )
    if min(heap, overhead) <= 0:
        raise InvalidArgument(f"jobmanager.memory.process.size: {process_size} bytes are too few for a JobManager")
    return JobManagerMemory(heap, metaspace, overhead)


def _overhead_beside(
    size_of_others: int, configuration: Configuration, process_size: Option, overhead: FractionOptions
) -> int:
    """Return the size of the JVM overhead, given the size of the other components.

    See ProcessMemoryUtils.deriveJvmMetaspaceAndOverheadFromTotalFlinkMemory.
    """
    if process_size.key in configuration.values:
        return configuration.size(process_size) - size_of_others
    return _component_beside(size_of_others, configuration, overhead)


def _component_of(total_size: int, configuration: Configuration, component: FractionOptions) -> int:
    """Return the size of a component that is a fraction of the total size."""
    return _bounded(_fraction_of(total_size, configuration.fraction(component.fraction)), configuration, component)


def _component_beside(size_of_others: int, configuration: Configuration, component: FractionOptions) -> int:
    """Return the size of a component that is a fraction of the total size, given the size of the other components."""
    fraction = _java_float(configuration.fraction(component.fraction))
    if fraction == 1:
        return configuration.size(component.maximum)
    return _bounded(int(size_of_others * fraction / (1 - fraction)), configuration, component)


def _bounded(size: int, configuration: Configuration, component: FractionOptions) -> int:
    minimum, maximum = configuration.size(component.minimum), configuration.size(component.maximum)
    return min(max(size, minimum), maximum)


def _fraction_of(total_size: int, fraction: float) -> int:
    return int(_java_float(fraction) * total_size)


def _java_float(number: float) -> float:
    """Return a number rounded to a Java float: 0.4f of 1342177280 is 536870920, not ...912 (recorded)."""
    rounded: float = struct.unpack("f", struct.pack("f", number))[0]
    return rounded
