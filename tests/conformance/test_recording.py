"""A fake cluster that serves a recording has the states, graphs, checkpoints and values of the recorded cluster."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from flinkmock import FlinkMock
from flinkmock.conformance.http_client import ClientReader, HttpClient
from flinkmock.conformance.recording.distribution import cyclic_values
from tests.conformance.recorded_clusters import BUSY, LIFECYCLES, RICH, record_scenario, state_times


@pytest.mark.parametrize("release", ["1.12", "1.20", "2.3"])
def test_the_recording_has_the_same_timeline(release: str) -> None:
    with FlinkMock(LIFECYCLES, flink=release, clock="virtual") as cluster:
        cluster.advance("20s")
        recorded_scenario = record_scenario(cluster)
        original_times = state_times(cluster)
    text = yaml.safe_dump(recorded_scenario)
    with FlinkMock(text, clock="virtual") as replay:
        assert replay.engine.contract.release.minor == release
        replayed_times = state_times(replay)
    assert replayed_times == original_times


def test_a_job_with_many_failures_has_the_same_timeline() -> None:
    scenario = """
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
    with FlinkMock(scenario, clock="virtual") as cluster:
        original_times, recorded_scenario = state_times(cluster), record_scenario(cluster, 1)
    with FlinkMock(recorded_scenario, clock="virtual") as replay:
        assert state_times(replay) == original_times


def test_a_job_that_fails_while_it_restarts_has_the_same_timeline() -> None:
    scenario = """
jobs:
  fragile:
    lifecycle:
      - INITIALIZING: 20ms
      - CREATED: 30ms
      - RUNNING: 20s
      - RESTARTING: {duration: 2s, exception: {class: java.io.IOException}}
      - RUNNING: 20s
      - RESTARTING: {duration: 3s, exception: {class: java.io.IOException}}
      - FAILING: {duration: 100ms, exception: {class: java.lang.IllegalStateException}}
      - FAILED
"""
    with FlinkMock(scenario, clock="virtual") as cluster:
        cluster.advance("1m")
        original_times, recorded_scenario = state_times(cluster), record_scenario(cluster, 1)
    states = [next(iter(step)) for step in recorded_scenario["jobs"]["fragile"]["lifecycle"][-4:-1]]
    assert states == ["RUNNING", "RESTARTING", "FAILING"]
    with FlinkMock(recorded_scenario, clock="virtual") as replay:
        replay.advance("1m")
        assert state_times(replay) == original_times


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


@pytest.mark.parametrize(("start_s", "recorded_s"), [(10, 50), (60, 3), (21, 2), (47, 2)])
def test_jobs_of_the_adaptive_scheduler_have_the_same_timeline(start_s: int, recorded_s: int) -> None:
    with FlinkMock(ADAPTIVE, clock="virtual") as cluster:
        cluster.advance(f"{start_s}s")
        recorded_scenario = record_scenario(cluster, recorded_s)
        original_times = state_times(cluster)
    with FlinkMock(recorded_scenario, clock="virtual") as replay:
        assert state_times(replay) == original_times


def test_graphs_checkpoints_restart_strategies_and_exceptions_are_recorded() -> None:
    with FlinkMock(LIFECYCLES, clock="virtual") as cluster:
        cluster.advance("60s")
        recorded_scenario = record_scenario(cluster, 5)
    jobs = recorded_scenario["jobs"]
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
    assert len(durations) >= 12
    assert 200 <= min(durations) <= max(durations) <= 400
    assert jobs["nightly"]["type"] == "batch"
    assert jobs["nightly"]["vertices"][1]["inputs"][0]["exchange"] == "blocking"
    assert (jobs["fragile"]["restart"], jobs["doomed"]["restart"]) == (
        {"strategy": "fixed-delay", "delay": "3s"},
        "none",
    )
    exception = recorded_scenario["exceptions"][jobs["doomed"]["lifecycle"][-2]["FAILING"]["exception"]]
    assert (exception["class"], exception["message"]) == ("java.lang.IllegalStateException", "invalid state")
    assert "subtask" in exception


def test_options_job_settings_metrics_and_accumulators_are_recorded() -> None:
    with FlinkMock(RICH, clock="virtual") as cluster:
        cluster.advance("60s")
        recorded_scenario = record_scenario(cluster, 12)
    assert recorded_scenario["cluster"]["slots"] == 3
    config = recorded_scenario["cluster"]["config"]
    assert (config["parallelism.default"], config["taskmanager.memory.process.size"]) == ("3", "4g")
    assert not {"rest.port", "taskmanager.numberOfTaskSlots", "web.tmpdir", "rest.address"} & set(config)
    job = recorded_scenario["jobs"]["sessions"]
    assert job["age"] == "1m11s"
    assert job["parallelism"] == 2
    assert job["restart"] == {"strategy": "exponential-delay", "delay": "2s"}
    assert job["restore-path"] == "file:/savepoints/savepoint-1"
    assert job["user-config"] == {"topic": "clicks"}
    assert job["watermarks"] == "5s"
    assert job["metrics"]["backlog"]["repeat"] is True
    assert set(job["metrics"]["backlog"]["series"]) == {5, 7, 9}
    source, skewed_map, same_name = job["vertices"]
    assert source["accumulators"] == {"seen": "LongCounter", "lost": {"type": "IntCounter", "value": 3}}
    assert source["metrics"]["Source__clicks.share"] == {"value": 0.5, "subtasks": [1]}
    assert source["metrics"]["Source__clicks.lag"]["rate"] == pytest.approx(10, abs=0.5)
    assert skewed_map["skew"] == [100, 25]
    assert skewed_map["backpressure"] == "40%"
    assert (skewed_map["slot-sharing-group"], "slot-sharing-group" in source) == ("group-2", False)
    assert (same_name["name"], same_name["operators"]) == ("Map #2", ["Map"])
    with FlinkMock(recorded_scenario, clock="virtual") as replay:
        assert record_scenario(replay, 1)["jobs"]["sessions"]["vertices"][1]["skew"] == [100, 25]


def test_a_transient_state_at_the_end_gets_a_successor() -> None:
    with FlinkMock(LIFECYCLES, clock="virtual") as cluster:
        cluster.advance("20.5s")
        assert cluster.job("fragile").state == "RESTARTING"
        recorded_scenario = record_scenario(cluster, 1)
    with FlinkMock(recorded_scenario, clock="virtual") as replay:
        assert replay.job("fragile").state == "RESTARTING"
        replay.advance("1m")
        assert replay.job("fragile").state == "RUNNING"


def test_a_job_that_is_canceled_before_it_has_tasks_is_recorded() -> None:
    """Its details have no timestamps of CREATED and CANCELED."""
    config = {"jobmanager.scheduler": "adaptive"}
    scenario = {"cluster": {"taskmanagers": 0, "config": config}, "jobs": {"orders": {"parallelism": 4}}}
    with FlinkMock(scenario, clock="virtual") as cluster:
        cluster.advance("5s")
        cluster.job("orders").cancel()
        cluster.advance("5s")
        recorded_scenario = record_scenario(cluster, 1)
    with FlinkMock(recorded_scenario, clock="virtual") as replay:
        assert replay.job("orders").state == "CANCELED"


def autoscaler_values(flink: FlinkMock) -> list[Any]:
    """Return the values that an autoscaler reads: durations and sizes of checkpoints, busy times, busy ratios."""
    client = HttpClient(flink.url)
    reader = ClientReader(client)
    job_path = f"/jobs/{flink.job('orders').id}"
    vertex_paths = [
        f"{job_path}/vertices/{vertex.id}" for vertex in flink.cluster.jobs[flink.job("orders").id].graph.vertices
    ]
    checkpoints = reader.json(f"{job_path}/checkpoints")["summary"]
    busy_times = [
        reader.json(vertex_path)["subtasks"][0]["metrics"]["accumulated-busy-time"] for vertex_path in vertex_paths
    ]
    busy_ratios = [
        [subtask["busyRatio"] for subtask in reader.json(f"{vertex_path}/backpressure")["subtasks"]]
        for vertex_path in vertex_paths
    ]
    client.close()
    return [checkpoints["end_to_end_duration"], checkpoints["state_size"], busy_times, busy_ratios]


def test_busy_times_and_checkpoint_durations_stay_as_measured() -> None:
    with FlinkMock(BUSY, clock="virtual") as cluster:
        cluster.advance("60s")
        recorded_scenario = record_scenario(cluster, 5)
        original_values = autoscaler_values(cluster)
    source, map_, out = recorded_scenario["jobs"]["orders"]["vertices"]
    assert (source["busy"], map_["busy"], out["busy"]) == ("100%", ["95%", "20%"], "12.5%")
    assert (out["backpressure"], "backpressure" in source) == ("3.5%", False)
    assert original_values[0]["max"] == 431
    with FlinkMock(recorded_scenario, clock="virtual") as replay:
        assert autoscaler_values(replay) == original_values


def test_cyclic_values_have_the_recorded_distribution() -> None:
    def cyclic_numbers(measured: dict[int, int], last_id: int, summary: dict[str, Any]) -> list[int]:
        values = cyclic_values(measured, last_id, summary, str)
        return [int(value) for value in values] if isinstance(values, list) else [int(values)]

    assert cyclic_numbers({1: 5, 2: 5}, 2, {}) == [5]
    assert cyclic_numbers({1: 50, 2: 60, 4: 70}, 4, {}) == [50, 60, 60, 70]
    measured = {3: 40, 4: 41}
    assert cyclic_numbers(measured, 4, {"min": 20, "max": 431, "avg": 133}) == [431, 20, 40, 41]
    assert cyclic_numbers(measured, 4, {"min": 20, "max": 41, "avg": 35}) == [20, 39, 40, 41]
    summary = {"min": 10, "max": 900, "avg": 40, "p50": 30, "p90": 50, "p95": 60, "p99": 70, "p999": 100}
    values = cyclic_numbers({990: 31, 991: 900}, 1000, summary)
    assert (len(values), min(values), max(values), sorted(values)[50]) == (100, 10, 900, 30)
    assert sum(value > 70 for value in values) <= 2
    assert sorted(cyclic_numbers({number: number for number in range(1, 201)}, 200, {}))[::99] == [1, 200]


def test_taskmanagers_of_different_sizes_and_a_failure_rate_are_recorded() -> None:
    scenario = {
        "cluster": {"taskmanagers": {"count": 2, "sizes": [{"slots": 1}, {"slots": 5}]}},
        "jobs": {"orders": {"restart": {"strategy": "failure-rate", "attempts": 2, "interval": "3m", "delay": "2s"}}},
    }
    with FlinkMock(scenario, flink="2.3", clock="virtual") as cluster:
        cluster.advance("20s")
        recorded_scenario = record_scenario(cluster, 3)
    assert recorded_scenario["cluster"]["taskmanagers"] == {"count": 2, "sizes": [{"slots": 1}, {"slots": 5}]}
    assert recorded_scenario["jobs"]["orders"]["restart"] == scenario["jobs"]["orders"]["restart"]
