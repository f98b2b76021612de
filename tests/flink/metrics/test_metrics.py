"""Metrics have the names and the types of real ones, and values that agree with each other.

`data/metric-names.tsv` lists the metrics of real clusters, one of each release from 1.12.5 to 2.3.0, with the types of
their values, for a word count job on one TaskManager. Those of 1.12.5, 1.20.5 and 2.3.0 are also in the recordings.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flinkmock.flink.configuration import Configuration
from flinkmock.flink.io_counters import IoCounters
from flinkmock.flink.memory import jobmanager_memory, taskmanager_memory
from flinkmock.flink.metrics import (
    JobInputs,
    JobManagerInputs,
    LastCheckpoint,
    OperatorInputs,
    SubtaskInputs,
    TaskManagerInputs,
    coordinator_metrics,
    job_metrics,
    jobmanager_metrics,
    metric_operator_name,
    subtask_metrics,
    taskmanager_jvm_payload,
    taskmanager_metrics,
)
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release

MINORS = ["1.12", "1.13", "1.14", "1.15", "1.16", "1.17", "1.18", "1.19", "1.20", "2.0", "2.1", "2.2", "2.3"]
START_MS = 1_795_311_431_000
CHAINS = {
    "source": ("Source: Sequence Source", "Timestamps/Watermarks", "numbers"),
    "count": ("count", "every-500th"),
}


def release(minor: str) -> Release:
    return Release(minor, f"{minor}.0", "", "")


def types_of_real_metrics(scope: str, minor: str) -> dict[str, str]:
    """Return the types of the metrics of a real cluster by name."""
    types: dict[str, str] = {}
    for line in (Path(__file__).parent / "data" / "metric-names.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        scope_of_metric, name, type_of_value, first, last = line.split("\t")
        if ".split." in name:
            continue  # the sources in these tests have no splits
        if scope_of_metric == scope and MINORS.index(first) <= MINORS.index(minor) <= MINORS.index(last):
            types[name] = type_of_value
    return types


def type_of(value: str) -> str:
    if value in ("true", "false"):
        return "bool"
    for name, parse in (("int", int), ("float", float)):
        try:
            parse(value)
        except ValueError:
            continue
        return name
    return "text"


def jobmanager(now: int = START_MS + 30_000, **inputs: int) -> JobManagerInputs:
    memory = jobmanager_memory(Configuration({}))
    return JobManagerInputs(now=now, started_at=START_MS, key="jm", random=NamedRandom(7), memory=memory, **inputs)


def taskmanager(now: int = START_MS + 30_000, task_count: int = 6) -> TaskManagerInputs:
    memory = taskmanager_memory(Configuration({}), release("2.3"))
    return TaskManagerInputs(
        now=now, started_at=START_MS, key="tm", random=NamedRandom(7), memory=memory, deployed_task_count=task_count
    )


def job(now: int = START_MS + 30_000, **inputs: Any) -> JobInputs:
    inputs = {"state": "RUNNING", "timestamps": {"RUNNING": START_MS + 10}, **inputs}
    return JobInputs(now=now, started_at=START_MS, key="job", random=NamedRandom(7), **inputs)


def subtask(scope: str = "count", now: int = START_MS + 30_000, **inputs: Any) -> SubtaskInputs:
    io, io_minute_ago = io_at(now), io_at(now - 60_000)
    operators = tuple(
        OperatorInputs(
            name=name,
            io=io,
            io_minute_ago=io_minute_ago,
            watermark=now,
            is_source=name.startswith("Source"),
        )
        for name in CHAINS[scope]
    )
    inputs = {
        "io": io,
        "io_minute_ago": io_minute_ago,
        "operators": operators,
        "is_source": scope == "source",
        **inputs,
    }
    return SubtaskInputs(now=now, started_at=START_MS, key="task", random=NamedRandom(7), **inputs)


def io_at(now: int) -> IoCounters:
    """Return the counters of a busy subtask that has received a record every 10 ms since the start."""
    elapsed_ms = max(0, now - START_MS)
    count = elapsed_ms // 10
    sizes = {"bytes_in": 22 * count, "bytes_out": 51 * count, "buffers_in": count, "buffers_out": count}
    return IoCounters(records_in=count, records_out=2 * count, busy_ms=elapsed_ms, **sizes)


def metrics_of(scope: str, minor: str) -> Mapping[str, str]:
    match scope:
        case "job manager":
            return jobmanager_metrics(jobmanager(), release(minor))
        case "task manager":
            return taskmanager_metrics(taskmanager(), release(minor))
        case "job":
            return job_metrics(job(), release(minor))
        case _:
            return subtask_metrics(subtask(scope), release(minor))


SCOPES = ["job manager", "task manager", "job", "source", "count"]


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("scope", SCOPES)
def test_names_and_types_are_those_of_real_clusters(scope: str, minor: str) -> None:
    real_types = types_of_real_metrics(scope, minor)
    assert real_types
    assert {name: type_of(value) for name, value in metrics_of(scope, minor).items()} == real_types


@pytest.mark.parametrize("minor", ["1.12", "1.18", "2.3"])
def test_counters_never_decrease(minor: str) -> None:
    parts_of_counters = ("num", "Count", ".Time", "accumulate")
    parts_of_gauges = ("PerSecond", "Usage", "Threads", "Direct", "Mapped", "numRunning", "numRegistered")
    last_values: dict[str, float] = {}
    for now in range(START_MS, START_MS + 400_000, 7_000):
        metrics_by_name = {
            **jobmanager_metrics(jobmanager(now), release(minor)),
            **subtask_metrics(subtask("source", now), release(minor)),
        }
        for name, value in metrics_by_name.items():
            if any(part in name for part in parts_of_counters) and not any(part in name for part in parts_of_gauges):
                assert float(value) >= last_values.get(name, 0.0), name
                last_values[name] = float(value)
    assert last_values["numRecordsOut"] > 0
    assert last_values["Status.JVM.GarbageCollector.G1_Young_Generation.Count"] > 10


def test_rates_agree_with_their_counters() -> None:
    """A rate is the growth of the counter within the last minute, divided by 60 (MeterView)."""
    at_30s, at_300s = (subtask_metrics(subtask(now=START_MS + age), release("2.3")) for age in (30_000, 300_000))
    assert float(at_30s["numRecordsInPerSecond"]) == int(at_30s["numRecordsIn"]) / 60
    assert float(at_300s["numRecordsInPerSecond"]) == 100.0
    assert float(at_300s["numRecordsOutPerSecond"]) == 200.0
    for name in ("numBytesIn", "numBuffersOut", "Shuffle.Netty.Input.numBytesInLocal", "count.numRecordsIn"):
        at_240s = subtask_metrics(subtask(now=START_MS + 240_000), release("2.3"))
        assert float(at_300s[f"{name}PerSecond"]) == pytest.approx((int(at_300s[name]) - int(at_240s[name])) / 60)


def test_local_and_remote_input_add_up_to_the_input() -> None:
    metrics_by_name = subtask_metrics(subtask(local_share=0.3), release("2.3"))
    for unit in ("Bytes", "Buffers"):
        local, remote = int(metrics_by_name[f"num{unit}InLocal"]), int(metrics_by_name[f"num{unit}InRemote"])
        assert 0 < local < remote
        assert metrics_by_name[f"Shuffle.Netty.Input.num{unit}InRemote"] == str(remote)
    assert int(metrics_by_name["numBytesInLocal"]) + int(metrics_by_name["numBytesInRemote"]) == int(
        metrics_by_name["numBytesIn"]
    )


def test_idle_busy_and_backpressured_time_add_up_to_a_second() -> None:
    metrics_by_name = subtask_metrics(subtask(idle_ratio=0.25, backpressured_ratio=0.6), release("2.3"))
    assert (metrics_by_name["idleTimeMsPerSecond"], metrics_by_name["backPressuredTimeMsPerSecond"]) == ("250", "600")
    assert metrics_by_name["busyTimeMsPerSecond"] == "150.0"
    assert metrics_by_name["isBackPressured"] == "true"
    busy = subtask_metrics(subtask(), release("1.20"))
    assert (busy["busyTimeMsPerSecond"], busy["isBackPressured"]) == ("1000.0", "false")


def test_sources_have_no_input_watermark() -> None:
    metrics_by_name = subtask_metrics(subtask("source"), release("2.3"))
    assert metrics_by_name["numbers.currentOutputWatermark"] == str(START_MS + 30_000)
    assert "Source__Sequence_Source.currentInputWatermark" not in metrics_by_name
    assert "currentInputWatermark" not in metrics_by_name
    assert subtask_metrics(subtask(), release("2.3"))["currentInputWatermark"] == "-9223372036854775808"


def test_a_taskmanager_without_network_memory_uses_0_percent_of_it() -> None:
    without_network = {"taskmanager.memory.network.min": "0", "taskmanager.memory.network.max": "0"}
    memory = taskmanager_memory(Configuration(without_network), release("2.3"))
    metrics_by_name = taskmanager_metrics(replace(taskmanager(), memory=memory), release("2.3"))
    assert metrics_by_name["Status.Shuffle.Netty.RequestedMemoryUsage"] == "0"


def test_metrics_of_slots_and_jobs_come_from_the_inputs() -> None:
    inputs = jobmanager(running_job_count=3, taskmanager_count=2, total_slot_count=8, available_slot_count=5)
    metrics_by_name = jobmanager_metrics(inputs, release("2.3"))
    names = ("numRunningJobs", "numRegisteredTaskManagers", "taskSlotsTotal", "taskSlotsAvailable")
    assert [metrics_by_name[name] for name in names] == ["3", "2", "8", "5"]


@pytest.mark.parametrize("minor", ["1.12", "1.20", "2.3"])
def test_taskmanager_details_agree_with_its_metrics(minor: str) -> None:
    details = taskmanager_jvm_payload(taskmanager(), release(minor))
    metrics_by_name = taskmanager_metrics(taskmanager(), release(minor))
    metric_names = {
        "heapUsed": "Status.JVM.Memory.Heap.Used",
        "heapCommitted": "Status.JVM.Memory.Heap.Committed",
        "heapMax": "Status.JVM.Memory.Heap.Max",
        "nonHeapUsed": "Status.JVM.Memory.NonHeap.Used",
        "nonHeapMax": "Status.JVM.Memory.NonHeap.Max",
        "directCount": "Status.JVM.Memory.Direct.Count",
        "directMax": "Status.JVM.Memory.Direct.TotalCapacity",
        "nettyShuffleMemorySegmentsAvailable": "Status.Shuffle.Netty.AvailableMemorySegments",
        "nettyShuffleMemoryUsed": "Status.Shuffle.Netty.UsedMemory",
    }
    assert {key: str(details[key]) for key in metric_names} == {
        key: metrics_by_name[name] for key, name in metric_names.items()
    }
    collectors = details["garbageCollectors"]
    assert isinstance(collectors, list)
    for collector in collectors:
        prefix = f"Status.JVM.GarbageCollector.{collector['name']}"
        assert str(collector["count"]) == metrics_by_name[f"{prefix}.Count"]
        assert str(collector["time"]) == metrics_by_name[f"{prefix}.Time"]
    assert [collector["name"] for collector in collectors][-2:] == ["G1_Young_Generation", "G1_Old_Generation"]
    assert ("memorySegmentsTotal" in details) == (minor != "2.3")
    assert metrics_by_name["Status.Flink.Memory.Managed.Total"] == "536870920"


def test_the_used_heap_stays_below_the_committed_and_the_maximum_heap() -> None:
    for now in range(START_MS, START_MS + 200_000, 3_000):
        details = taskmanager_jvm_payload(taskmanager(now), release("2.3"))
        used, committed, maximum = (details[key] for key in ("heapUsed", "heapCommitted", "heapMax"))
        assert isinstance(used, int)
        assert isinstance(committed, int)
        assert isinstance(maximum, int)
        assert 0 < used <= committed <= maximum


def test_uptime_and_downtime_follow_the_states_of_the_job() -> None:
    timestamps = {
        "CREATED": START_MS,
        "RUNNING": START_MS + 100,
        "RESTARTING": START_MS + 5_000,
        "FAILED": START_MS + 6_000,
    }

    def metrics_by_name(
        state: str, now: int, minor: str = "2.3", is_terminal: bool = False, **times: int
    ) -> dict[str, str]:
        until_now = {key: value for key, value in {**timestamps, **times}.items() if value <= now}
        return job_metrics(job(now, state=state, timestamps=until_now, is_terminal=is_terminal), release(minor))

    running = metrics_by_name("RUNNING", START_MS + 1_100)
    assert (running["uptime"], running["downtime"], running["runningTime"]) == ("1000", "0", "1000")
    restarting = metrics_by_name("RESTARTING", START_MS + 5_400)
    assert (restarting["uptime"], restarting["downtime"]) == ("0", "400")
    assert (restarting["restartingTime"], restarting["runningTime"]) == ("400", "0")
    assert metrics_by_name("RESTARTING", START_MS + 5_400, "1.12")["restartingTime"] == "400"
    restarted = metrics_by_name("RUNNING", START_MS + 7_000, "1.12", RUNNING=START_MS + 5_800)
    assert restarted["uptime"] == "1200"
    assert restarted["restartingTime"] == "800", "in 1.12, this is the duration of the last restart"
    assert metrics_by_name("RUNNING", START_MS + 7_000, RUNNING=START_MS + 5_800)["restartingTime"] == "0"
    failed = metrics_by_name("FAILED", START_MS + 9_000, is_terminal=True)
    assert (failed["uptime"], failed["downtime"]) == ("-1", "-1")


def test_checkpoint_metrics_are_unknown_until_the_first_checkpoint() -> None:
    without_checkpoint = job_metrics(job(), release("2.3"))
    assert without_checkpoint["lastCheckpointExternalPath"] == "n/a"
    assert {
        without_checkpoint[f"lastCheckpoint{suffix}"] for suffix in ("Duration", "Size", "FullSize", "ProcessedData")
    } == {"-1"}
    assert without_checkpoint["lastCompletedCheckpointId"] == "-1"
    last = LastCheckpoint(
        id=8,
        completed_at=START_MS + 9_000,
        duration=22,
        checkpointed_size=2393,
        state_size=2400,
        processed_data=126,
        persisted_data=0,
        metadata_size=5033,
        external_path="file:/cp/chk-8",
    )
    with_checkpoint = job_metrics(
        job(
            completed_checkpoint_count=8,
            failed_checkpoint_count=1,
            total_checkpoint_count=9,
            last_checkpoint=last,
            restored_at=START_MS + 5,
        ),
        release("2.3"),
    )
    assert with_checkpoint["numberOfCompletedCheckpoints"] == "8"
    assert with_checkpoint["totalNumberOfCheckpoints"] == "9"
    assert with_checkpoint["lastCheckpointSize"] == "2393"
    assert with_checkpoint["lastCheckpointFullSize"] == "2400"
    assert with_checkpoint["lastCheckpointExternalPath"] == "file:/cp/chk-8"
    assert with_checkpoint["lastCheckpointRestoreTimestamp"] == str(START_MS + 5)


def test_since_1_19_a_start_without_state_counts_as_a_restore() -> None:
    """On real clusters, 1.18.1 has -1; 1.19.3 has the time at which the job became RUNNING."""
    assert job_metrics(job(), release("1.18"))["lastCheckpointRestoreTimestamp"] == "-1"
    assert job_metrics(job(), release("1.19"))["lastCheckpointRestoreTimestamp"] == str(START_MS + 10)


def test_operator_names_are_shortened_and_have_no_special_characters() -> None:
    new, old = release("2.3"), release("1.20")
    assert metric_operator_name("Source: Sequence Source -> a.b, c", new) == "Source__Sequence_Source_->_a_b__c"
    assert metric_operator_name("x" * 90, new) == "x" * 80
    writer = "x" * 90 + ": Writer"
    assert metric_operator_name(writer, new) == "x" * 72 + "__Writer"
    assert metric_operator_name(writer, old) == "x" * 80


def test_source_coordinators_have_the_recorded_metric() -> None:
    """The metric is recorded with 2.3.0 and 1.20.5; 1.12 has no metrics of coordinators."""
    name = "Source__Sequence_Source_->_Timestamps/Watermarks_->_numbers.coordinator.enumerator.unassignedSplits"
    vertex = " -> ".join(CHAINS["source"])
    assert coordinator_metrics(vertex, release("2.3")) == {name: "0"}
    assert coordinator_metrics(vertex, release("1.12")) == {}


def test_the_same_seed_gives_the_same_metrics() -> None:
    def metrics_by_name(seed: int) -> dict[str, str]:
        memory = taskmanager_memory(Configuration({}), release("2.3"))
        inputs = TaskManagerInputs(
            now=START_MS + 1, started_at=START_MS, key="tm", random=NamedRandom(seed), memory=memory
        )
        return taskmanager_metrics(inputs, release("2.3"))

    assert metrics_by_name(1) == metrics_by_name(1)
    assert metrics_by_name(1) != metrics_by_name(2)
