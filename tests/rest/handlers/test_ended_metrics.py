"""Metrics of jobs and subtasks that have ended, as polled on 2.3.0 and 1.20.5 every two seconds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenario.scenario_helpers import Stage, played

JOB = """
cluster: {caches: true}
jobs:
  orders: {vertices: ["Source: source", map], checkpoints: none}
"""
COUNTING = """
cluster: {caches: true, age: 7s}
jobs:
  orders: {vertices: [{name: "Source: source", accumulators: {seen: IntCounter}}, map]}
"""
RATIOS = {"0.idleTimeMsPerSecond", "0.backPressuredTimeMsPerSecond", "0.busyTimeMsPerSecond"}


def metrics(stage: Stage, tail: str = "") -> dict[str, Any]:
    job = stage.job()
    path = f"/jobs/{job.id}/vertices/{job.graph.vertices[0].id}" if tail == "vertex" else f"/jobs/{job.id}"
    names = ",".join(metric["id"] for metric in stage.get(f"{path}/metrics"))
    return {metric["id"]: metric["value"] for metric in stage.get(f"{path}/metrics?get={names}")} if names else {}


def polled(stage: Stage, until: int) -> None:
    for at in range(2_000, until + 1, 2_000):
        stage.to(at)
        metrics(stage)


def cancel(stage: Stage) -> None:
    stage.client.send("PATCH", f"/jobs/{stage.job().id}")


@pytest.mark.parametrize(("flink", "forgotten"), [("2.3", RATIOS), ("1.18", RATIOS), ("1.17", set())])
def test_the_last_metrics_are_kept_without_the_ratios(flink, forgotten):
    with played(JOB, flink=flink) as stage:
        polled(stage, 16_000)
        of_job, of_vertex = metrics(stage), metrics(stage, "vertex")
        assert of_job
        assert of_vertex.keys() >= RATIOS
        cancel(stage)
        stage.to(20_000)  # from the cache: all is as before
        assert (metrics(stage), metrics(stage, "vertex")) == (of_job, of_vertex)
        stage.to(40_000)
        metrics(stage)
        stage.to(45_000)
        assert metrics(stage) == of_job
        assert metrics(stage, "vertex") == {name: of_vertex[name] for name in of_vertex if name not in forgotten}
        vertex = stage.job().graph.vertices[0]
        pressure = stage.get(f"/jobs/{stage.job().id}/vertices/{vertex.id}/backpressure")
        assert (pressure["status"], len(pressure["subtasks"])) == ("ok", vertex.parallelism)
        if forgotten:
            ratios = [pressure["subtasks"][0][name] for name in ("ratio", "idleRatio", "busyRatio")]
            assert ratios == [0.0, 0.0, 0.0]


def test_metrics_that_nobody_asked_for_are_not_kept():
    with played(JOB) as stage:
        stage.to(16_000)
        cancel(stage)
        stage.to(20_000)
        metrics(stage)
        stage.to(25_000)
        assert (metrics(stage), metrics(stage, "vertex")) == ({}, {})


def test_accumulators_come_with_the_heartbeats_of_the_job_master():
    """Real: none at 2, 4, 6 and 8 s, at 10 s those of then, however long the TaskManager has been there."""
    with played(COUNTING) as stage:

        def seen() -> list[str]:
            accumulators = stage.get(f"/jobs/{stage.job().id}/accumulators")["user-task-accumulators"]
            return [metric["value"] for metric in accumulators]

        stage.to(9_000)
        assert seen() == []
        stage.to(13_500)
        first = seen()
        assert 900 < int(first[0]) <= 1000
        stage.to(19_000)
        assert seen() == first
        stage.to(24_000)
        assert int(seen()[0]) > 1_900


def test_the_ratios_of_splits_are_removed_as_well():
    """Real 2.3.0: `Source__Sequence_Source.split.1.watermark.idleTimeMsPerSecond` of a source that has finished."""
    source = '{operators: ["Source: a"], splits: [1], finishes-after: 10s}'
    text = f"cluster: {{caches: true}}\njobs: {{orders: {{vertices: [{source}, {{name: b, inputs: []}}]}}}}"
    with played(text, flink="2.3") as stage:
        polled(stage, 8_000)
        of_split = "0.Source__a.split.1.watermark."
        before = {name.removeprefix(of_split) for name in metrics(stage, "vertex") if name.startswith(of_split)}
        for at in (20_000, 30_000, 35_000):
            stage.to(at)
            metrics(stage, "vertex")
        after = {name.removeprefix(of_split) for name in metrics(stage, "vertex") if name.startswith(of_split)}
        assert before - after == {"idleTimeMsPerSecond"}
