"""A recorded fake cluster has the same timeline, graphs, checkpoints and values when the recording is served."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from flinkmock import FlinkMock
from flinkmock.conformance.http_client import ClientReader, HttpClient
from flinkmock.conformance.recording.distribution import in_turn
from tests.conformance.recorded_clusters import BUSY, RICH, SCENARIO, recorded, timeline


@pytest.mark.parametrize("flink", ["1.12", "1.20", "2.3"])
def test_the_recording_has_the_same_timeline(flink: str) -> None:
    with FlinkMock(SCENARIO, flink=flink, clock="virtual") as cluster:
        cluster.advance("20s")
        recorded_file = recorded(cluster)
        original = timeline(cluster)
    text = yaml.safe_dump(recorded_file)
    with FlinkMock(text, clock="virtual") as again:
        assert again.engine.contract.release.minor == flink
        replayed = timeline(again)
    assert replayed == original


def test_a_job_with_many_failures() -> None:
    recorded_file = """
jobs:
  returns:
    age: 3d
    restart: {strategy: fixed-delay, delay: 1s}
    lifecycle:
      - INITIALIZING: 20ms
      - CREATED: 30ms
      - repeat: forever
        steps: [{RUNNING: 1h}, {RESTARTING: {duration: 1s, exception: {class: java.io.IOException}}}]
"""
    with FlinkMock(recorded_file, clock="virtual") as cluster:
        original, again = timeline(cluster), recorded(cluster, 1)
    with FlinkMock(again, clock="virtual") as replay:
        assert timeline(replay) == original


ADAPTIVE = """
cluster: {config: {jobmanager.scheduler: adaptive}}
jobs:
  fragile:
    lifecycle:
      - RUNNING: 20s
      - RESTARTING: {duration: 3s, exception: {class: java.io.IOException}}
      - CREATED: 100ms
      - RUNNING: 25s
      - RESTARTING: {duration: 3s, exception: {class: java.io.IOException}}
      - CREATED: 100ms
      - RUNNING
"""


@pytest.mark.parametrize(("began", "seconds"), [(10, 50), (60, 3), (21, 2), (47, 2)])
def test_created_after_each_failure_with_the_adaptive_scheduler(began: int, seconds: int) -> None:
    with FlinkMock(ADAPTIVE, clock="virtual") as cluster:
        cluster.advance(f"{began}s")
        recorded_file = recorded(cluster, seconds)
        original = timeline(cluster)
    with FlinkMock(recorded_file, clock="virtual") as again:
        assert timeline(again) == original


def test_graphs_and_checkpoints() -> None:
    with FlinkMock(SCENARIO, clock="virtual") as cluster:
        cluster.advance("60s")
        recorded_file = recorded(cluster, 5)
    jobs = recorded_file["jobs"]
    source, window, sink = jobs["orders"]["vertices"]
    assert (source["name"], source["parallelism"], source["inputs"]) == ("Source: orders", 2, [])
    assert source["rate"] == pytest.approx(200, rel=0.1)
    assert source["record-size"] == "40B"
    assert window["inputs"] == [{"from": "Source: orders", "ship-strategy": "HASH"}]
    assert window["selectivity"] == pytest.approx(0.5, rel=0.05)
    assert sink["parallelism"] == 1
    checkpoints = jobs["orders"]["checkpoints"]
    assert checkpoints["every"] == "5s"
    durations = [int(text[:-2]) for text in checkpoints["duration"]]
    assert (len(durations) >= 12, 200 <= min(durations) <= max(durations) <= 400) == (True, True)
    assert jobs["nightly"]["type"] == "batch"
    assert jobs["nightly"]["vertices"][1]["inputs"][0]["exchange"] == "blocking"
    assert (jobs["fragile"]["restart"], jobs["doomed"]["restart"]) == (
        {"strategy": "fixed-delay", "delay": "3s"},
        "none",
    )
    failing = recorded_file["exceptions"][jobs["doomed"]["lifecycle"][-2]["FAILING"]["exception"]]
    assert (failing["class"], failing["message"]) == ("java.lang.IllegalStateException", "no way")
    assert "subtask" in failing


def test_other_recorded_values() -> None:
    with FlinkMock(RICH, clock="virtual") as cluster:
        cluster.advance("60s")
        recorded_file = recorded(cluster, 12)
    assert recorded_file["cluster"]["slots"] == 3
    config = recorded_file["cluster"]["config"]
    assert (config["parallelism.default"], config["taskmanager.memory.process.size"]) == ("3", "4g")
    assert not {"rest.port", "taskmanager.numberOfTaskSlots", "web.tmpdir", "rest.address"} & set(config)
    job = recorded_file["jobs"]["sessions"]
    assert job["age"] == "1m11s"
    assert job["parallelism"] == 2
    assert job["restart"] == {"strategy": "exponential-delay", "delay": "2s"}
    assert job["restore-path"] == "file:/savepoints/savepoint-1"
    assert job["user-config"] == {"topic": "clicks"}
    assert job["watermarks"] == "5s"
    assert job["metrics"]["backlog"]["repeat"] is True
    assert set(job["metrics"]["backlog"]["series"]) == {5, 7, 9}
    source, window, other = job["vertices"]
    assert source["accumulators"] == {"seen": "LongCounter", "lost": {"type": "IntCounter", "value": 3}}
    assert source["metrics"]["Source__clicks.share"] == {"value": 0.5, "subtasks": [1]}
    assert source["metrics"]["Source__clicks.lag"]["rate"] == pytest.approx(10, abs=0.5)
    assert window["skew"] == [100, 25]
    assert window["backpressure"] == "40%"
    assert (window["slot-sharing-group"], "slot-sharing-group" in source) == ("group-2", False)
    assert (other["name"], other["operators"]) == ("Map #2", ["Map"])
    with FlinkMock(recorded_file, clock="virtual") as again:
        assert recorded(again, 1)["jobs"]["sessions"]["vertices"][1]["skew"] == [100, 25]


def test_a_transient_state_at_the_end_gets_a_successor() -> None:
    with FlinkMock(SCENARIO, clock="virtual") as cluster:
        cluster.advance("20.5s")
        assert cluster.job("fragile").state == "RESTARTING"
        recorded_file = recorded(cluster, 1)
    with FlinkMock(recorded_file, clock="virtual") as again:
        assert again.job("fragile").state == "RESTARTING"
        again.advance("1m")
        assert again.job("fragile").state == "RUNNING"


def values_of_autoscalers(cluster: FlinkMock) -> list[Any]:
    """Return the values that an autoscaler reads: durations of checkpoints, busy times and back pressure."""
    client = HttpClient(cluster.url)
    reader = ClientReader(client)
    job = f"/jobs/{cluster.job('orders').id}"
    vertices = [
        f"{job}/vertices/{vertex.id}" for vertex in cluster.cluster.jobs[cluster.job("orders").id].graph.vertices
    ]
    checkpoints = reader.json(f"{job}/checkpoints")["summary"]
    metrics = [reader.json(vertex)["subtasks"][0]["metrics"]["accumulated-busy-time"] for vertex in vertices]
    pressures = [[row["busyRatio"] for row in reader.json(f"{vertex}/backpressure")["subtasks"]] for vertex in vertices]
    client.close()
    return [checkpoints["end_to_end_duration"], checkpoints["state_size"], metrics, pressures]


def test_busy_times_and_checkpoint_durations_stay_as_measured() -> None:
    with FlinkMock(BUSY, clock="virtual") as cluster:
        cluster.advance("60s")
        recorded_file = recorded(cluster, 5)
        original = values_of_autoscalers(cluster)
    source, window, out = recorded_file["jobs"]["orders"]["vertices"]
    assert (source["busy"], window["busy"], out["busy"]) == ("100%", ["95%", "20%"], "12.5%")
    assert (out["backpressure"], "backpressure" in source) == ("3.5%", False)
    assert original[0]["max"] == 431
    with FlinkMock(recorded_file, clock="virtual") as again:
        assert values_of_autoscalers(again) == original


def test_values_in_turn() -> None:
    def in_numbers(measured: dict[int, int], last: int, summary: dict[str, Any]) -> list[int]:
        values = in_turn(measured, last, summary, str)
        return [int(value) for value in values] if isinstance(values, list) else [int(values)]

    assert in_numbers({1: 5, 2: 5}, 2, {}) == [5]
    assert in_numbers({1: 50, 2: 60, 4: 70}, 4, {}) == [50, 60, 60, 70]
    known = {3: 40, 4: 41}
    assert in_numbers(known, 4, {"min": 20, "max": 431, "avg": 133}) == [431, 20, 40, 41]
    assert in_numbers(known, 4, {"min": 20, "max": 41, "avg": 35}) == [20, 39, 40, 41]
    summary = {"min": 10, "max": 900, "avg": 40, "p50": 30, "p90": 50, "p95": 60, "p99": 70, "p999": 100}
    many = in_numbers({990: 31, 991: 900}, 1000, summary)
    assert (len(many), min(many), max(many), sorted(many)[50]) == (100, 10, 900, 30)
    assert sum(value > 70 for value in many) <= 2
    assert sorted(in_numbers({number: number for number in range(1, 201)}, 200, {}))[::99] == [1, 200]


def test_taskmanagers_of_different_sizes_and_a_failure_rate() -> None:
    scenario = {
        "cluster": {"taskmanagers": {"count": 2, "sizes": [{"slots": 1}, {"slots": 5}]}},
        "jobs": {"orders": {"restart": {"strategy": "failure-rate", "attempts": 2, "interval": "3m", "delay": "2s"}}},
    }
    with FlinkMock(scenario, flink="2.3", clock="virtual") as cluster:
        cluster.advance("20s")
        recorded_file = recorded(cluster, 3)
    assert recorded_file["cluster"]["taskmanagers"] == {"count": 2, "sizes": [{"slots": 1}, {"slots": 5}]}
    assert recorded_file["jobs"]["orders"]["restart"] == scenario["jobs"]["orders"]["restart"]
