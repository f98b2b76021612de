"""Ended jobs and subtasks have the metrics that real clusters (2.3.0 and 1.20.5) showed in polls every two seconds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness

JOB = """
cluster: {caches: true}
jobs:
  orders: {vertices: ["Source: source", map], checkpoints: none}
"""
JOB_WITH_ACCUMULATOR = """
cluster: {caches: true, age: 7s}
jobs:
  orders: {vertices: [{name: "Source: source", accumulators: {seen: IntCounter}}, map]}
"""
RATIOS = {"0.idleTimeMsPerSecond", "0.backPressuredTimeMsPerSecond", "0.busyTimeMsPerSecond"}


def metrics(harness: ScenarioHarness, scope: str = "job") -> dict[str, Any]:
    """Return the metrics of the job, or of its first vertex (`scope` "vertex")."""
    job = harness.job()
    path = f"/jobs/{job.id}/vertices/{job.graph.vertices[0].id}" if scope == "vertex" else f"/jobs/{job.id}"
    names = ",".join(metric["id"] for metric in harness.get(f"{path}/metrics"))
    return {metric["id"]: metric["value"] for metric in harness.get(f"{path}/metrics?get={names}")} if names else {}


def poll_metrics(harness: ScenarioHarness, until_ms: int) -> None:
    for time_ms in range(2_000, until_ms + 1, 2_000):
        harness.advance_to(time_ms)
        metrics(harness)


def cancel(harness: ScenarioHarness) -> None:
    harness.client.send("PATCH", f"/jobs/{harness.job().id}")


@pytest.mark.parametrize(("release", "missing"), [("2.3", RATIOS), ("1.18", RATIOS), ("1.17", set())])
def test_the_last_metrics_remain_since_1_18_without_the_ratios(release, missing):
    with scenario_harness(JOB, flink=release) as harness:
        poll_metrics(harness, 16_000)
        job_metrics, vertex_metrics = metrics(harness), metrics(harness, "vertex")
        assert job_metrics
        assert vertex_metrics.keys() >= RATIOS
        cancel(harness)
        harness.advance_to(20_000)  # the metrics come from the cache
        assert (metrics(harness), metrics(harness, "vertex")) == (job_metrics, vertex_metrics)
        harness.advance_to(40_000)
        metrics(harness)
        harness.advance_to(45_000)
        assert metrics(harness) == job_metrics
        assert metrics(harness, "vertex") == {
            name: vertex_metrics[name] for name in vertex_metrics if name not in missing
        }
        vertex = harness.job().graph.vertices[0]
        pressure = harness.get(f"/jobs/{harness.job().id}/vertices/{vertex.id}/backpressure")
        assert (pressure["status"], len(pressure["subtasks"])) == ("ok", vertex.parallelism)
        if missing:
            ratios = [pressure["subtasks"][0][name] for name in ("ratio", "idleRatio", "busyRatio")]
            assert ratios == [0.0, 0.0, 0.0]


def test_metrics_that_were_never_fetched_do_not_remain():
    with scenario_harness(JOB) as harness:
        harness.advance_to(16_000)
        cancel(harness)
        harness.advance_to(20_000)
        metrics(harness)
        harness.advance_to(25_000)
        assert (metrics(harness), metrics(harness, "vertex")) == ({}, {})


@pytest.mark.parametrize("scope", ["", "/vertices/{vertex}"])
def test_metrics_remain_until_the_first_fetch_after_the_job_is_forgotten(scope: str) -> None:
    """The response to the request that starts this fetch still has the metrics, as observed on 2.3.0."""
    scenario = JOB.replace("caches: true", "caches: true, config: {jobstore.expiration-time: 1}")
    with scenario_harness(scenario) as harness:
        poll_metrics(harness, 16_000)
        job = harness.job()
        path = f"/jobs/{job.id}{scope.format(vertex=job.graph.vertices[0].id)}/metrics"
        cancel(harness)
        harness.advance_to(200_000)
        assert harness.client.send("GET", f"/jobs/{job.id}").status == 404
        assert harness.get(path)
        harness.advance_to(202_000)
        assert harness.get(path) == []


def test_accumulators_are_updated_with_the_heartbeats_of_the_job_master():
    """Real clusters show no accumulators until a job is 10 s old, and then the values that they have at that time.

    The age of the TaskManager makes no difference.
    """
    with scenario_harness(JOB_WITH_ACCUMULATOR) as harness:

        def accumulator_values() -> list[str]:
            accumulators = harness.get(f"/jobs/{harness.job().id}/accumulators")["user-task-accumulators"]
            return [metric["value"] for metric in accumulators]

        harness.advance_to(9_000)
        assert accumulator_values() == []
        harness.advance_to(13_500)
        first = accumulator_values()
        assert 900 < int(first[0]) <= 1000
        harness.advance_to(19_000)
        assert accumulator_values() == first
        harness.advance_to(24_000)
        assert int(accumulator_values()[0]) > 1_900


def test_the_ratios_of_splits_are_removed_when_a_source_finishes():
    """Recorded on 2.3.0: `Source__Sequence_Source.split.1.watermark.idleTimeMsPerSecond` of a finished source."""
    source = '{operators: ["Source: a"], splits: [1], finishes-after: 10s}'
    text = f"cluster: {{caches: true}}\njobs: {{orders: {{vertices: [{source}, {{name: b, inputs: []}}]}}}}"
    with scenario_harness(text, flink="2.3") as harness:
        poll_metrics(harness, 8_000)
        prefix = "0.Source__a.split.1.watermark."
        names_before = {name.removeprefix(prefix) for name in metrics(harness, "vertex") if name.startswith(prefix)}
        for time_ms in (20_000, 30_000, 35_000):
            harness.advance_to(time_ms)
            metrics(harness, "vertex")
        names_after = {name.removeprefix(prefix) for name in metrics(harness, "vertex") if name.startswith(prefix)}
        assert names_before - names_after == {"idleTimeMsPerSecond"}


@pytest.mark.parametrize("seed", range(6))
def test_the_level_of_a_vertex_is_the_highest_of_its_subtasks(seed):
    """While the job is FAILING, one subtask has failed and has no ratios, and the others have."""
    scenario = f"""
    seed: {seed}
    cluster: {{caches: true}}
    jobs:
      orders:
        parallelism: 2
        vertices: [{{name: "Source: source", backpressure: 80%}}, map]
        lifecycle: [{{RUNNING: 31s}}, {{FAILING: {{duration: 40s, exception: {{class: java.io.IOException}}}}}}, FAILED]
    """
    with scenario_harness(scenario) as harness:
        vertex = harness.job().graph.vertices[0]
        for time_ms in range(2_000, 60_001, 2_000):
            harness.advance_to(time_ms)
            pressure = harness.get(f"/jobs/{harness.job().id}/vertices/{vertex.id}/backpressure")
            if pressure["status"] == "ok":
                order = ("ok", "low", "high")
                levels = [subtask["backpressureLevel"] for subtask in pressure["subtasks"]]
                assert pressure["backpressureLevel"] == max(levels, key=order.index)
                assert "-" not in str([subtask["idleRatio"] for subtask in pressure["subtasks"]])
