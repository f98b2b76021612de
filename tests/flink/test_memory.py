"""The memory of TaskManagers and JobManagers has the sizes of the recordings (suites cluster and job-running)."""

import re

import pytest

from flinkmock.flink.configuration import Configuration
from flinkmock.flink.environment import environment_of
from flinkmock.flink.memory import MIB, jobmanager_memory, taskmanager_memory
from flinkmock.release import Release

FLINK_2_3 = Release("2.3", "2.3.0", "", "")
FLINK_1_12 = Release("1.12", "1.12.5", "", "")
MEMORY_OF_1728M = {
    "frameworkHeap": 134217728,
    "taskHeap": 402653174,
    "frameworkOffHeap": 134217728,
    "taskOffHeap": 0,
    "networkMemory": 134217730,
    "managedMemory": 536870920,
    "jvmMetaspace": 268435456,
    "jvmOverhead": 201326592,
    "totalFlinkMemory": 1342177280,
    "totalProcessMemory": 1811939328,
}


def test_a_process_of_1728m_has_the_recorded_components() -> None:
    memory = taskmanager_memory(Configuration({"taskmanager.memory.process.size": "1728m"}), FLINK_2_3)
    assert memory.configuration() == MEMORY_OF_1728M
    assert list(memory.configuration()) == list(MEMORY_OF_1728M)
    assert memory.hardware(environment_of(FLINK_2_3))["managedMemory"] == 536870920
    assert memory.network_buffer_count == 4096


def test_total_resource_is_the_recorded_one() -> None:
    memory = taskmanager_memory(Configuration({}), FLINK_2_3)
    assert memory.total_resource(4, FLINK_2_3) == {
        "cpuCores": 4.0,
        "taskHeapMemory": 383,
        "taskOffHeapMemory": 0,
        "managedMemory": 512,
        "networkMemory": 128,
        "extendedResources": {},
    }


def test_resources_are_the_recorded_ones_if_two_of_four_slots_are_used() -> None:
    memory = taskmanager_memory(Configuration({}), FLINK_2_3)
    assert memory.free_resource(4, 2, FLINK_2_3) == {
        "cpuCores": 2.0,
        "taskHeapMemory": 191,
        "taskOffHeapMemory": 0,
        "managedMemory": 256,
        "networkMemory": 64,
        "extendedResources": {},
    }
    assert memory.slot_resource(4) == {
        "cpuCores": 1.0,
        "taskHeapMemory": 95,
        "taskOffHeapMemory": 0,
        "managedMemory": 128,
        "networkMemory": 32,
        "extendedResources": {},
    }


def test_free_resources_are_zero_if_all_slots_are_used() -> None:
    free = taskmanager_memory(Configuration({}), FLINK_2_3).free_resource(4, 0, FLINK_2_3)
    assert {value for value in free.values() if value != {}} == {0}


def test_resources_are_zero_in_1_12() -> None:
    memory = taskmanager_memory(Configuration({}), FLINK_2_3)
    for resource in (memory.total_resource(4, FLINK_1_12), memory.free_resource(4, 2, FLINK_1_12)):
        assert {value for value in resource.values() if value != {}} == {0}


@pytest.mark.parametrize("size", ["1g", "1728m", "4g", "16g", "64g"])
def test_the_components_add_up_to_the_process(size: str) -> None:
    memory = taskmanager_memory(Configuration({"taskmanager.memory.process.size": size}), FLINK_2_3)
    components = memory.configuration()
    total = components.pop("totalProcessMemory")
    assert components.pop("totalFlinkMemory") + memory.metaspace + memory.overhead == total
    assert sum(components.values()) == total
    assert 192 * MIB <= memory.overhead <= 1024 * MIB
    assert memory.network >= 64 * MIB
    assert memory.heap <= memory.max_heap < memory.heap + MIB


@pytest.mark.parametrize(
    ("release", "network", "task_heap"),
    [(FLINK_2_3, 3_301_756_158, 16_240_344_842), (FLINK_1_12, 1 << 30, 18_468_359_176)],
)
def test_network_memory_has_no_limit_since_1_17(release: Release, network: int, task_heap: int) -> None:
    """The sizes are those that BashJavaUtils of 2.3.0 and 1.12.5 computes for 32g."""
    memory = taskmanager_memory(Configuration({"taskmanager.memory.process.size": "32g"}), release)
    assert (memory.network, memory.task_heap, memory.managed) == (network, task_heap, 13_207_024_632)
    limited = {"taskmanager.memory.process.size": "32g", "taskmanager.memory.network.max": "1g"}
    assert taskmanager_memory(Configuration(limited), release).network == 1 << 30


def test_a_managed_size_replaces_the_fraction() -> None:
    memory = taskmanager_memory(Configuration({"taskmanager.memory.managed.size": "100m"}), FLINK_2_3)
    assert memory.managed == 100 * MIB


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("taskmanager.memory.size", "taskmanager.memory.managed.size", "100m"),
        ("taskmanager.network.memory.max", "taskmanager.memory.network.max", "80m"),
        ("taskmanager.network.memory.fraction", "taskmanager.memory.network.fraction", "0.2"),
    ],
)
def test_options_can_be_set_by_their_older_names(old: str, new: str, value: str) -> None:
    memory = taskmanager_memory(Configuration({old: value}), FLINK_2_3)
    assert (
        memory
        == taskmanager_memory(Configuration({new: value}), FLINK_2_3)
        != taskmanager_memory(Configuration({}), FLINK_2_3)
    )


def test_without_a_process_size_the_size_follows_from_the_components() -> None:
    memory = taskmanager_memory(Configuration({"taskmanager.memory.flink.size": "4g"}), FLINK_2_3)
    assert (memory.total_flink, memory.metaspace) == (4096 * MIB, 256 * MIB)
    assert memory.overhead == pytest.approx(memory.total_process / 10, abs=MIB)
    of_jobmanager = jobmanager_memory(Configuration({"jobmanager.memory.flink.size": "2g"}))
    assert (of_jobmanager.heap, of_jobmanager.overhead) == (1920 * MIB, pytest.approx(256 * MIB, abs=MIB))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"process.size": "200m"}, "256m of metaspace + 192m of JVM overhead are more than the 200m of the process"),
        (
            {"flink.size": "300m"},
            "128m of framework heap + 128m of framework off-heap memory + 120m of managed memory "
            "+ 64m of network memory are more than the 300m of Flink's memory",
        ),
        (
            {"managed.size": "10g"},
            "128m of framework heap + 128m of framework off-heap memory + 10240m of managed memory "
            "+ 128m of network memory are more than the 1280m of Flink's memory",
        ),
        (
            {"task.heap.size": "600m"},
            "128m of framework heap + 128m of framework off-heap memory + 600m of task heap "
            "+ 512m of managed memory are more than the 1280m of Flink's memory",
        ),
        (
            {"task.heap.size": "500m"},
            "12m of the 1280m of Flink's memory remain for the network memory, which must be at least 64m",
        ),
        (
            {"process.size": "4g", "flink.size": "1g"},
            "2816m of the 4096m of the process remain for the JVM overhead, which must be at most 1024m",
        ),
        ({"flink.size": "2g"}, "Flink's memory and the metaspace need 576m more than the 1728m of the process"),
    ],
)
def test_components_of_a_taskmanager_that_do_not_fit_are_rejected(values: dict[str, str], reason: str) -> None:
    """BashJavaUtils of 2.3.0 rejects these configurations for the same reasons."""
    options = {f"taskmanager.memory.{name}": value for name, value in values.items()}
    text = ", ".join(f"{key}: {value}" for key, value in options.items())
    with pytest.raises(ValueError, match=f"^{re.escape(f'{text}: {reason}')}$"):
        taskmanager_memory(Configuration({"taskmanager.memory.process.size": "1728m"} | options), FLINK_2_3)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"process.size": "400m"}, "256m of metaspace + 192m of JVM overhead are more than the 400m of the process"),
        ({"process.size": "500m"}, "128m of off-heap memory leave no heap of the 52m of Flink's memory"),
        ({"flink.size": "100m"}, "128m of off-heap memory leave no heap of the 100m of Flink's memory"),
        ({"flink.size": "1g", "heap.size": "2g"}, "2048m of heap are more than the 1024m of Flink's memory"),
        (
            {"flink.size": "1g", "heap.size": "800m", "off-heap.size": "100m"},
            "800m of heap + 100m of off-heap memory are not the 1024m of Flink's memory",
        ),
        (
            {"heap.size": "100m"},
            "1116m of the 1600m of the process remain for the JVM overhead, which must be at most 1024m",
        ),
    ],
)
def test_components_of_a_jobmanager_that_do_not_fit_are_rejected(values: dict[str, str], reason: str) -> None:
    """BashJavaUtils of 2.3.0 rejects these configurations for the same reasons."""
    options = {f"jobmanager.memory.{name}": value for name, value in values.items()}
    text = ", ".join(f"{key}: {value}" for key, value in options.items())
    with pytest.raises(ValueError, match=f"^{re.escape(f'{text}: {reason}')}$"):
        jobmanager_memory(Configuration({"jobmanager.memory.process.size": "1600m"} | options))


def test_network_memory_is_the_remainder_if_the_task_heap_is_set() -> None:
    """The sizes are those of BashJavaUtils of 2.3.0 and 1.12.5."""
    values = {"taskmanager.memory.process.size": "1728m", "taskmanager.memory.task.heap.size": "100m"}
    memory = taskmanager_memory(Configuration(values), FLINK_2_3)
    assert (memory.task_heap, memory.managed, memory.network) == (100 * MIB, 536_870_920, 432_013_304)


def test_off_heap_memory_is_what_the_heap_of_a_jobmanager_leaves_of_flinks_memory() -> None:
    """The sizes are those of BashJavaUtils of 2.3.0 and 1.12.5."""
    values = {"jobmanager.memory.flink.size": "2g", "jobmanager.memory.heap.size": "1g"}
    memory = jobmanager_memory(Configuration(values))
    assert (memory.heap, memory.overhead) == (1 << 30, 268_435_460)


def test_jobmanager_of_1600m_has_a_heap_of_1_gib() -> None:
    memory = jobmanager_memory(Configuration({}))
    assert memory.max_heap == 1024 * MIB
