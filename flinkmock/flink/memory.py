"""The memory of Flink's processes, computed from `*.memory.*` by Flink's rules.

The rules are in `TaskExecutorProcessUtils`, `JobManagerProcessUtils` and `ProcessMemoryUtils`. All sizes are in bytes
unless a docstring says MiB. The sizes for 1728m are as in the recordings (suite cluster, `/taskmanagers`), except for
`hardware.freeMemory`: it is the maximum heap of the JVM, and the recorded processes ran with a smaller heap.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import NamedTuple

from flinkmock.errors import InvalidArgument
from flinkmock.flink import options
from flinkmock.flink.configuration import DEFAULTS, Configuration
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
    """Compute the memory components from the options `taskmanager.memory.*`.

    By default, the JVM overhead is a fraction of the process's memory. If `taskmanager.memory.flink.size` is set, or
    both `taskmanager.memory.task.heap.size` and `taskmanager.memory.managed.size`, the overhead is what remains of the
    process's memory. If then the configuration lacks the size of the process, this size follows from the components.
    If `taskmanager.memory.task.heap.size` is set, the network memory is what remains of Flink's memory; otherwise the
    task heap is.

    Args:
        configuration: The configuration of the TaskManager.
        release: The release whose defaults apply; None for the newest one.

    Raises:
        InvalidArgument: The components do not fit together, or an option can't be parsed. Flink does not start in
            these cases.
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
    if flink_size is None and task_heap_size is not None and managed_size is not None:
        # recorded with 2.3.0: 300m of task heap, 200m managed
        without_network = task_heap_size + framework_heap + framework_off_heap + task_off_heap + managed_size
        flink_size = without_network + _component_beside(without_network, configuration, network_options)
    if flink_size is None:
        overhead = _component_of(process_size, configuration, options.TASK_MANAGER_OVERHEAD)
        flink_size = process_size - metaspace - overhead
    else:
        overhead = _overhead_beside(
            flink_size + metaspace, configuration, options.TASK_MANAGER_PROCESS_SIZE, options.TASK_MANAGER_OVERHEAD
        )
    managed = managed_size
    if managed is None:
        managed = _fraction_of(flink_size, configuration.fraction(options.TASK_MANAGER_MANAGED_FRACTION))
    remainder = flink_size - framework_heap - framework_off_heap - task_off_heap - managed
    if task_heap_size is None:
        network = _component_of(flink_size, configuration, network_options)
        task_heap = remainder - network
    else:
        task_heap = task_heap_size
        network = remainder - task_heap
    memory = TaskManagerMemory(
        framework_heap, task_heap, framework_off_heap, task_off_heap, network, managed, metaspace, overhead
    )
    if conflict := _taskmanager_conflict(memory, configuration):
        raise InvalidArgument(f"{_set_options('taskmanager.memory.', configuration)}: {conflict}")
    return memory


def _taskmanager_conflict(memory: TaskManagerMemory, configuration: Configuration) -> str | None:
    """Return why Flink does not start with these components; None if it does.

    See TaskExecutorFlinkMemoryUtils. Flink before 1.17 also rejects network memory above its default maximum of 1g if
    the task heap is set.
    """
    if memory.total_flink < 0:
        return _too_small_process(memory.metaspace, memory.overhead, memory.total_process)
    flink_memory = f"the {_megabytes(memory.total_flink)} of Flink's memory"
    is_task_heap_set = options.TASK_MANAGER_TASK_HEAP.key in configuration.values
    if min(memory.task_heap, memory.network) < 0:
        components = (
            ("framework heap", memory.framework_heap),
            ("framework off-heap memory", memory.framework_off_heap),
            ("task heap", memory.task_heap if is_task_heap_set else 0),
            ("task off-heap memory", memory.task_off_heap),
            ("managed memory", memory.managed),
            ("network memory", 0 if is_task_heap_set else memory.network),
        )
        terms = " + ".join(f"{_megabytes(size)} of {name}" for name, size in components if size)
        return f"{terms} are more than {flink_memory}"
    network_options = options.network_memory_options(None)
    if is_task_heap_set and memory.network != _bounded(memory.network, configuration, network_options):
        return _out_of_range("network memory", memory.network, flink_memory, configuration, network_options)
    return _overhead_conflict(memory.overhead, memory.total_process, configuration, options.TASK_MANAGER_OVERHEAD)


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
    """Compute the memory components from the options `jobmanager.memory.*`.

    If `jobmanager.memory.heap.size` or `jobmanager.memory.flink.size` is set, the JVM overhead is what remains of the
    process's memory. If then the configuration lacks the size of the process, this size follows from the components.
    If both are set, the off-heap memory is their difference.

    Raises:
        InvalidArgument: The components do not fit together, or an option can't be parsed. Flink does not start in
            these cases.
    """
    process_size = configuration.size(options.JOB_MANAGER_PROCESS_SIZE)
    metaspace = configuration.size(options.JOB_MANAGER_METASPACE)
    off_heap = configuration.size(options.JOB_MANAGER_OFF_HEAP)
    flink_size = configuration.optional_size(options.JOB_MANAGER_FLINK_SIZE)
    heap = configuration.optional_size(options.JOB_MANAGER_HEAP)
    if flink_size is None and heap is not None:
        flink_size = heap + off_heap
    if flink_size is None:
        overhead = _component_of(process_size, configuration, options.JOB_MANAGER_OVERHEAD)
        flink_size = process_size - metaspace - overhead
    else:
        overhead = _overhead_beside(
            flink_size + metaspace, configuration, options.JOB_MANAGER_PROCESS_SIZE, options.JOB_MANAGER_OVERHEAD
        )
    if heap is None:
        heap = flink_size - off_heap
    memory = JobManagerMemory(heap, metaspace, overhead)
    if conflict := _jobmanager_conflict(memory, flink_size, off_heap, configuration):
        raise InvalidArgument(f"{_set_options('jobmanager.memory.', configuration)}: {conflict}")
    return memory


def _jobmanager_conflict(
    memory: JobManagerMemory, flink_size: int, off_heap: int, configuration: Configuration
) -> str | None:
    """Return why Flink does not start with these components; None if it does. See JobManagerFlinkMemoryUtils."""
    process_size = flink_size + memory.metaspace + memory.overhead
    if flink_size < 0:
        return _too_small_process(memory.metaspace, memory.overhead, process_size)
    flink_memory = f"the {_megabytes(flink_size)} of Flink's memory"
    if memory.heap <= 0:
        return f"{_megabytes(off_heap)} of off-heap memory leave no heap of {flink_memory}"
    if memory.heap > flink_size:
        return f"{_megabytes(memory.heap)} of heap are more than {flink_memory}"
    if options.JOB_MANAGER_OFF_HEAP.key in configuration.values and memory.heap + off_heap != flink_size:
        return f"{_megabytes(memory.heap)} of heap + {_megabytes(off_heap)} of off-heap memory are not {flink_memory}"
    return _overhead_conflict(memory.overhead, process_size, configuration, options.JOB_MANAGER_OVERHEAD)


def _set_options(prefix: str, configuration: Configuration) -> str:
    """Return the memory options that differ from those of Flink's configuration file; all if none differs."""
    entries = [(key, value) for key, value in configuration.values.items() if key.startswith(prefix)]
    changed = [(key, value) for key, value in entries if DEFAULTS.get(key) != value]
    return ", ".join(f"{key}: {value}" for key, value in changed or entries)


def _too_small_process(metaspace: int, overhead: int, process_size: int) -> str:
    terms = f"{_megabytes(metaspace)} of metaspace + {_megabytes(overhead)} of JVM overhead"
    return f"{terms} are more than the {_megabytes(process_size)} of the process"


def _overhead_conflict(
    overhead: int, process_size: int, configuration: Configuration, component: FractionOptions
) -> str | None:
    """Return why the size of the JVM overhead is not allowed; None if it is.

    See ProcessMemoryUtils.sanityCheckJvmOverhead.
    """
    process = f"the {_megabytes(process_size)} of the process"
    if overhead < 0:
        return f"Flink's memory and the metaspace need {_megabytes(-overhead)} more than {process}"
    if overhead != _bounded(overhead, configuration, component):
        return _out_of_range("JVM overhead", overhead, process, configuration, component)
    return None


def _out_of_range(name: str, size: int, total: str, configuration: Configuration, component: FractionOptions) -> str:
    minimum, maximum = configuration.size(component.minimum), configuration.size(component.maximum)
    bound = f"at least {_megabytes(minimum)}" if size < minimum else f"at most {_megabytes(maximum)}"
    return f"{_megabytes(size)} of {total} remain for the {name}, which must be {bound}"


def _megabytes(size: int) -> str:
    """Return a size in bytes as text in MiB: "128m", "1.5m"."""
    return f"{size / MIB:.1f}".removesuffix(".0") + "m"


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
