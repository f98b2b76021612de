"""Metric names, kinds and values.

`data/metric-names.tsv` has the names of real clusters, one of each release from 1.12.5 to 2.3.0, with the kind
of their values, for a word count job on one task manager. Those of 1.12.5, 1.20.5 and 2.3.0 equal the recordings.
"""

from collections.abc import Mapping
from pathlib import Path

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
    taskmanager_jvm,
    taskmanager_metrics,
)
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release

MINORS = ["1.12", "1.13", "1.14", "1.15", "1.16", "1.17", "1.18", "1.19", "1.20", "2.0", "2.1", "2.2", "2.3"]
START = 1_795_311_431_000
CHAINS = {
    "source": ("Source: Sequence Source", "Timestamps/Watermarks", "numbers"),
    "count": ("count", "every-500th"),
}


def release(minor: str) -> Release:
    return Release(minor, f"{minor}.0", "", "")


def real_names(scope: str, minor: str) -> dict[str, str]:
    """Name -> kind, of a real cluster of that release."""
    kinds: dict[str, str] = {}
    for line in (Path(__file__).parent / "data" / "metric-names.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        where, name, kind, first, last = line.split("\t")
        if ".split." in name:
            continue  # the splits of a source are not modelled
        if where == scope and MINORS.index(first) <= MINORS.index(minor) <= MINORS.index(last):
            kinds[name] = kind
    return kinds


def kind(value: str) -> str:
    if value in ("true", "false"):
        return "bool"
    for name, parse in (("int", int), ("float", float)):
        try:
            parse(value)
        except ValueError:
            continue
        return name
    return "text"


def jobmanager(now: int = START + 30_000, **payload: int) -> JobManagerInputs:
    memory = jobmanager_memory(Configuration({}))
    return JobManagerInputs(now=now, started_at=START, key="jm", random=NamedRandom(7), memory=memory, **payload)


def taskmanager(now: int = START + 30_000, tasks: int = 6) -> TaskManagerInputs:
    memory = taskmanager_memory(Configuration({}), release("2.3"))
    return TaskManagerInputs(now=now, started_at=START, key="tm", random=NamedRandom(7), memory=memory, tasks=tasks)


def job(now: int = START + 30_000, **payload: object) -> JobInputs:
    inputs: dict[str, object] = {"state": "RUNNING", "timestamps": {"RUNNING": START + 10}, **payload}
    return JobInputs(now=now, started_at=START, key="job", random=NamedRandom(7), **inputs)  # type: ignore[arg-type]


def subtask(scope: str = "count", now: int = START + 30_000, **payload: object) -> SubtaskInputs:
    io, before = io_at(now), io_at(now - 60_000)
    operators = tuple(
        OperatorInputs(
            name=name,
            io=io,
            minute_ago=before,
            watermark=now,
            is_source=name.startswith("Source"),
        )
        for name in CHAINS[scope]
    )
    inputs: dict[str, object] = {
        "io": io,
        "minute_ago": before,
        "operators": operators,
        "is_source": scope == "source",
        **payload,
    }
    return SubtaskInputs(now=now, started_at=START, key="task", random=NamedRandom(7), **inputs)  # type: ignore[arg-type]


def io_at(now: int) -> IoCounters:
    records = max(0, now - START) // 10
    sizes = {"bytes_in": 22 * records, "bytes_out": 51 * records, "buffers_in": records, "buffers_out": records}
    return IoCounters(records_in=records, records_out=2 * records, busy_ms=max(0, now - START), **sizes)


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
def test_names_and_kinds_are_those_of_the_real_cluster(scope: str, minor: str) -> None:
    real = real_names(scope, minor)
    assert real, "the data file knows the scope"
    assert {name: kind(value) for name, value in metrics_of(scope, minor).items()} == real


@pytest.mark.parametrize("minor", ["1.12", "1.18", "2.3"])
def test_counters_never_fall(minor: str) -> None:
    """Counters: records, bytes, buffers, collections, processor time, checkpoints."""
    counting = ("num", "Count", ".Time", "accumulate")
    flowing = ("PerSecond", "Usage", "Threads", "Direct", "Mapped", "numRunning", "numRegistered")
    before: dict[str, float] = {}
    for now in range(START, START + 400_000, 7_000):
        metrics_by_name = {
            **jobmanager_metrics(jobmanager(now), release(minor)),
            **subtask_metrics(subtask("source", now), release(minor)),
        }
        for name, value in metrics_by_name.items():
            if any(part in name for part in counting) and not any(part in name for part in flowing):
                assert float(value) >= before.get(name, 0.0), name
                before[name] = float(value)
    assert before["numRecordsOut"] > 0
    assert before["Status.JVM.GarbageCollector.G1_Young_Generation.Count"] > 10


def test_rates_agree_with_their_counters() -> None:
    """MeterView: the growth within the last minute, divided by 60."""
    young, old = (subtask_metrics(subtask(now=START + age), release("2.3")) for age in (30_000, 300_000))
    assert float(young["numRecordsInPerSecond"]) == int(young["numRecordsIn"]) / 60
    assert float(old["numRecordsInPerSecond"]) == 100.0
    assert float(old["numRecordsOutPerSecond"]) == 200.0
    for name in ("numBytesIn", "numBuffersOut", "Shuffle.Netty.Input.numBytesInLocal", "count.numRecordsIn"):
        minute_before = subtask_metrics(subtask(now=START + 240_000), release("2.3"))
        assert float(old[f"{name}PerSecond"]) == pytest.approx((int(old[name]) - int(minute_before[name])) / 60)


def test_input_is_local_and_remote_and_nothing_else() -> None:
    metrics_by_name = subtask_metrics(subtask(local_share=0.3), release("2.3"))
    for unit in ("Bytes", "Buffers"):
        local, remote = int(metrics_by_name[f"num{unit}InLocal"]), int(metrics_by_name[f"num{unit}InRemote"])
        assert 0 < local < remote
        assert metrics_by_name[f"Shuffle.Netty.Input.num{unit}InRemote"] == str(remote)
    assert int(metrics_by_name["numBytesInLocal"]) + int(metrics_by_name["numBytesInRemote"]) == int(
        metrics_by_name["numBytesIn"]
    )


def test_a_second_has_a_thousand_milliseconds() -> None:
    metrics_by_name = subtask_metrics(subtask(idle_ratio=0.25, backpressured_ratio=0.6), release("2.3"))
    assert (metrics_by_name["idleTimeMsPerSecond"], metrics_by_name["backPressuredTimeMsPerSecond"]) == ("250", "600")
    assert metrics_by_name["busyTimeMsPerSecond"] == "150.0"
    assert metrics_by_name["isBackPressured"] == "true"
    busy = subtask_metrics(subtask(), release("1.20"))
    assert (busy["busyTimeMsPerSecond"], busy["isBackPressured"]) == ("1000.0", "false")


def test_watermarks() -> None:
    metrics_by_name = subtask_metrics(subtask("source"), release("2.3"))
    assert metrics_by_name["numbers.currentOutputWatermark"] == str(START + 30_000)
    assert "Source__Sequence_Source.currentInputWatermark" not in metrics_by_name
    assert "currentInputWatermark" not in metrics_by_name
    assert subtask_metrics(subtask(), release("2.3"))["currentInputWatermark"] == "-9223372036854775808"


def test_slots_and_jobs_come_from_the_inputs() -> None:
    reading = jobmanager(running_jobs=3, taskmanagers=2, slots_total=8, slots_available=5)
    metrics_by_name = jobmanager_metrics(reading, release("2.3"))
    names = ("numRunningJobs", "numRegisteredTaskManagers", "taskSlotsTotal", "taskSlotsAvailable")
    assert [metrics_by_name[name] for name in names] == ["3", "2", "8", "5"]


@pytest.mark.parametrize("minor", ["1.12", "1.20", "2.3"])
def test_taskmanager_details_agree_with_its_metrics(minor: str) -> None:
    details, metrics_by_name = (
        taskmanager_jvm(taskmanager(), release(minor)),
        taskmanager_metrics(taskmanager(), release(minor)),
    )
    pairs = {
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
    assert {key: str(details[key]) for key in pairs} == {key: metrics_by_name[name] for key, name in pairs.items()}
    collectors = details["garbageCollectors"]
    assert isinstance(collectors, list)
    for collector in collectors:
        prefix = f"Status.JVM.GarbageCollector.{collector['name']}"
        assert str(collector["count"]) == metrics_by_name[f"{prefix}.Count"]
        assert str(collector["time"]) == metrics_by_name[f"{prefix}.Time"]
    assert [collector["name"] for collector in collectors][-2:] == ["G1_Young_Generation", "G1_Old_Generation"]
    assert ("memorySegmentsTotal" in details) == (minor != "2.3")
    assert metrics_by_name["Status.Flink.Memory.Managed.Total"] == "536870920"


def test_a_heap_stays_within_its_limits() -> None:
    for now in range(START, START + 200_000, 3_000):
        details = taskmanager_jvm(taskmanager(now), release("2.3"))
        used, committed, most = (details[key] for key in ("heapUsed", "heapCommitted", "heapMax"))
        assert isinstance(used, int)
        assert isinstance(committed, int)
        assert isinstance(most, int)
        assert 0 < used <= committed <= most


def test_uptime_and_downtime_through_a_life() -> None:
    at = {"CREATED": START, "RUNNING": START + 100, "RESTARTING": START + 5_000, "FAILED": START + 6_000}

    def metrics_by_name(
        state: str, now: int, minor: str = "2.3", terminal: bool = False, **times: int
    ) -> dict[str, str]:
        stamps = {key: value for key, value in {**at, **times}.items() if value <= now}
        return job_metrics(job(now, state=state, timestamps=stamps, terminal=terminal), release(minor))

    running = metrics_by_name("RUNNING", START + 1_100)
    assert (running["uptime"], running["downtime"], running["runningTime"]) == ("1000", "0", "1000")
    away = metrics_by_name("RESTARTING", START + 5_400)
    assert (away["uptime"], away["downtime"], away["restartingTime"], away["runningTime"]) == ("0", "400", "400", "0")
    assert metrics_by_name("RESTARTING", START + 5_400, "1.12")["restartingTime"] == "400"
    back = metrics_by_name("RUNNING", START + 7_000, "1.12", RUNNING=START + 5_800)
    assert (back["uptime"], back["restartingTime"]) == ("1200", "800"), "1.12 remembers how long the restart took"
    assert metrics_by_name("RUNNING", START + 7_000, RUNNING=START + 5_800)["restartingTime"] == "0"
    over = metrics_by_name("FAILED", START + 9_000, terminal=True)
    assert (over["uptime"], over["downtime"]) == ("-1", "-1")


def test_checkpoints_before_and_after_the_first() -> None:
    none = job_metrics(job(), release("2.3"))
    assert none["lastCheckpointExternalPath"] == "n/a"
    assert {none[f"lastCheckpoint{part}"] for part in ("Duration", "Size", "FullSize", "ProcessedData")} == {"-1"}
    assert none["lastCompletedCheckpointId"] == "-1"
    last = LastCheckpoint(
        id=8,
        completed_at=START + 9_000,
        duration=22,
        checkpointed_size=2393,
        state_size=2400,
        processed_data=126,
        persisted_data=0,
        metadata_size=5033,
        external_path="file:/cp/chk-8",
    )
    some = job_metrics(job(completed=8, failed=1, total=9, last=last, restored_at=START + 5), release("2.3"))
    assert some["numberOfCompletedCheckpoints"] == "8"
    assert some["totalNumberOfCheckpoints"] == "9"
    assert some["lastCheckpointSize"] == "2393"
    assert some["lastCheckpointFullSize"] == "2400"
    assert some["lastCheckpointExternalPath"] == "file:/cp/chk-8"
    assert some["lastCheckpointRestoreTimestamp"] == str(START + 5)


def test_a_start_without_state_counts_as_restored_from_1_19() -> None:
    """On real clusters, 1.18.1 has -1, and 1.19.3 the time at which the job became RUNNING."""
    assert job_metrics(job(), release("1.18"))["lastCheckpointRestoreTimestamp"] == "-1"
    assert job_metrics(job(), release("1.19"))["lastCheckpointRestoreTimestamp"] == str(START + 10)


def test_operator_names() -> None:
    new, old = release("2.3"), release("1.20")
    assert metric_operator_name("Source: Sequence Source -> a.b, c", new) == "Source__Sequence_Source_->_a_b__c"
    assert metric_operator_name("x" * 90, new) == "x" * 80
    writer = "x" * 90 + ": Writer"
    assert metric_operator_name(writer, new) == "x" * 72 + "__Writer"
    assert metric_operator_name(writer, old) == "x" * 80


def test_source_coordinators() -> None:
    """Recorded on 2.3.0 and 1.20.5; 1.12 has no such response."""
    name = "Source__Sequence_Source_->_Timestamps/Watermarks_->_numbers.coordinator.enumerator.unassignedSplits"
    vertex = " -> ".join(CHAINS["source"])
    assert coordinator_metrics(vertex, release("2.3")) == {name: "0"}
    assert coordinator_metrics(vertex, release("1.12")) == {}


def test_equal_readings_give_equal_numbers_and_other_seeds_others() -> None:
    def metrics_by_name(seed: int) -> dict[str, str]:
        memory = taskmanager_memory(Configuration({}), release("2.3"))
        reading = TaskManagerInputs(now=START + 1, started_at=START, key="tm", random=NamedRandom(seed), memory=memory)
        return taskmanager_metrics(reading, release("2.3"))

    assert metrics_by_name(1) == metrics_by_name(1)
    assert metrics_by_name(1) != metrics_by_name(2)
