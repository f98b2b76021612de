"""The memory of Flink's processes, computed from `*.memory.process.size` by Flink's rules.

The rules are those of `TaskExecutorProcessUtils`, `JobManagerProcessUtils` and `ProcessMemoryUtils`. All sizes are in
bytes unless a name says MiB. The sizes for 1728m are those of the recordings (suite cluster, `/taskmanagers`).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from flinkmock.errors import InvalidArgument
from flinkmock.flink import configuration as options
from flinkmock.flink.configuration import Configuration
from flinkmock.flink.environment import Environment
from flinkmock.release import Release

MIB = 1024 * 1024
PAGE = 32 * 1024
"""taskmanager.memory.segment-size: the bytes of one network buffer."""

Resource = dict[str, float | int | dict[str, float]]


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
        """The heap that the JVM reports for `-Xmx`: a multiple of 1 MiB, a G1 region."""
        return -(-self.heap // MIB) * MIB

    @property
    def network_buffers(self) -> int:
        """How many buffers of 32 KiB the network memory holds."""
        return self.network // PAGE

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

    def total_resource(self, slots: int, release: Release) -> Resource:
        """Return `totalResource`: memory in MiB, and as many cores as slots. 1.12 has zeros in standalone mode."""
        return self._resource(slots, slots, release)

    def free_resource(self, slots: int, free: int, release: Release) -> Resource:
        """Return `freeResource` with `free` of `slots` slots unused, in MiB."""
        return self._resource(slots, free, release)

    def slot_resource(self, slots: int) -> Resource:
        """Return `resource` of one allocated slot, in MiB."""
        return _resource(1.0, *(part // slots // MIB for part in self._divided()))

    def _divided(self) -> tuple[int, int, int, int]:
        return self.task_heap, self.task_off_heap, self.managed, self.network

    def _resource(self, slots: int, free: int, release: Release) -> Resource:
        if not release.since("1.13"):
            return _resource(0.0, 0, 0, 0, 0)
        # Each used slot takes a whole number of MiB; the remainder of the division stays free.
        taken = slots - free
        return _resource(float(free), *((part - taken * (part // slots)) // MIB for part in self._divided()))


def _resource(cores: float, task_heap: int, task_off_heap: int, managed: int, network: int) -> Resource:
    return {
        "cpuCores": cores,
        "taskHeapMemory": task_heap,
        "taskOffHeapMemory": task_off_heap,
        "managedMemory": managed,
        "networkMemory": network,
        "extendedResources": {},
    }


def taskmanager_memory(configuration: Configuration, release: Release | None) -> TaskManagerMemory:
    """Return the memory components that follow from `taskmanager.memory.process.size`.

    The overhead depends on `taskmanager.memory.flink.size`, or on `taskmanager.memory.task.heap.size` with
    `taskmanager.memory.managed.size`.

    Args:
        configuration: The configuration of the TaskManager.
        release: The release with the defaults; None for the newest one.

    Raises:
        InvalidArgument: The process is too small for its components. Flink does not start in this case.
    """
    process = configuration.size(options.TASK_MANAGER_PROCESS_SIZE)
    metaspace = configuration.size(options.TASK_MANAGER_METASPACE)
    flink = configuration.optional_size(options.TASK_MANAGER_FLINK_SIZE)
    managed_size = configuration.optional_size(options.TASK_MANAGER_MANAGED_SIZE)
    framework_heap = configuration.size(options.TASK_MANAGER_FRAMEWORK_HEAP)
    framework_off_heap = configuration.size(options.TASK_MANAGER_FRAMEWORK_OFF_HEAP)
    task_off_heap = configuration.size(options.TASK_MANAGER_TASK_OFF_HEAP)
    heap = configuration.optional_size(options.TASK_MANAGER_TASK_HEAP)
    network_share = options.network_share(release)
    if heap is not None and managed_size is not None:  # as recorded with 2.3.0, 300m and 200m
        parts = heap + framework_heap + framework_off_heap + task_off_heap + managed_size
        network = flink - parts if flink is not None else _inverse_share(configuration, network_share, parts)
        flink = parts + network
    overhead = _share(configuration, options.TASK_MANAGER_OVERHEAD, process)
    if flink is None:
        flink = process - metaspace - overhead
    else:
        overhead = process - metaspace - flink
    if heap is None or managed_size is None:
        network = _share(configuration, network_share, flink)
    managed = managed_size
    if managed is None:
        managed = _fraction(configuration.decimal(options.TASK_MANAGER_MANAGED_FRACTION), flink)
    task_heap = flink - framework_heap - framework_off_heap - task_off_heap - network - managed
    if min(task_heap, overhead, network) < 0:
        raise InvalidArgument(f"taskmanager.memory.process.size: {process} bytes are too few for a TaskManager")
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
        return -(-self.heap // MIB) * MIB


def jobmanager_memory(configuration: Configuration) -> JobManagerMemory:
    """Return the memory components that follow from `jobmanager.memory.process.size`. Raises ValueError."""
    process = configuration.size(options.JOB_MANAGER_PROCESS_SIZE)
    metaspace = configuration.size(options.JOB_MANAGER_METASPACE)
    off_heap = configuration.size(options.JOB_MANAGER_OFF_HEAP)
    overhead = _share(configuration, options.JOB_MANAGER_OVERHEAD, process)
    heap = process - metaspace - off_heap - overhead
    flink, own_heap = (
        configuration.optional_size(o) for o in (options.JOB_MANAGER_FLINK_SIZE, options.JOB_MANAGER_HEAP)
    )
    if own_heap is not None or flink is not None:
        heap = own_heap if own_heap is not None else (flink or 0) - off_heap
        overhead = process - metaspace - off_heap - heap
    if min(heap, overhead) <= 0:
        raise InvalidArgument(f"jobmanager.memory.process.size: {process} bytes are too few for a JobManager")
    return JobManagerMemory(heap, metaspace, overhead)


def _share(configuration: Configuration, share: Mapping[str, options.Option], of: int) -> int:
    low, high = configuration.size(share["min"]), configuration.size(share["max"])
    return min(max(_fraction(configuration.decimal(share["fraction"]), of), low), high)


def _inverse_share(configuration: Configuration, share: Mapping[str, options.Option], rest: int) -> int:
    """Return a component that is a fraction of the whole, if only the rest of the whole is known."""
    fraction = _single(configuration.decimal(share["fraction"]))
    low, high = configuration.size(share["min"]), configuration.size(share["max"])
    return min(max(int(rest * fraction / (1 - fraction)), low), high)


def _fraction(fraction: float, of: int) -> int:
    return int(_single(fraction) * of)


def _single(fraction: float) -> float:
    """Return the fraction as a Java float: 0.4f of 1342177280 is 536870920, not ...912 (recorded)."""
    single: float = struct.unpack("f", struct.pack("f", fraction))[0]
    return single
