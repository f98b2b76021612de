"""Durations, record counts and split metrics in responses agree with each other."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.fidelity.recordings import RECORDINGS, load
from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness

JOB = """
cluster: {caches: true}
jobs:
  orders:
    parallelism: 3
    vertices:
      - {operators: ["Source: numbers", keep, map], splits: [orders-0, orders-1, orders-2, orders-3]}
      - {operators: [window, "Sink: out"], parallelism: 2, selectivity: 0.5}
"""


def metric_values(harness: ScenarioHarness, vertex_index: int, *names: str) -> list[int]:
    job = harness.job()
    path = f"/jobs/{job.id}/vertices/{job.graph.vertices[vertex_index].id}/metrics?get="
    by_id = {metric["id"]: int(metric["value"]) for metric in harness.get(path + ",".join(map(quote, names)))}
    return [by_id[name] for name in names]


def test_durations_in_one_response_end_at_the_same_time() -> None:
    """In a cached response, the durations of running tasks still grow, also in `aggregated`."""
    with scenario_harness(JOB, flink="2.3") as harness:
        path = f"/jobs/{harness.job().id}/vertices/{harness.job().graph.vertices[0].id}"
        for time_ms in (5_000, 6_500):
            harness.advance_to(time_ms)
            details = harness.get(path)
            for state, summary in details["aggregated"]["status-duration"].items():
                durations = [subtask["status-duration"][state] for subtask in details["subtasks"]]
                assert (summary["min"], summary["max"], summary["sum"]) == (
                    min(durations),
                    max(durations),
                    sum(durations),
                )
            (group,) = harness.get(f"{path}/taskmanagers")["taskmanagers"]
            assert group["aggregated"]["status-duration"] == details["aggregated"]["status-duration"]


def test_an_operator_receives_what_its_predecessor_emits() -> None:
    with scenario_harness(JOB.replace("caches: true", "caches: false"), flink="2.3") as harness:
        harness.advance_to(20_000)
        operators = [f"0.{name}" for name in ("Source__numbers", "keep", "map")]
        received = metric_values(harness, 0, *(f"{name}.numRecordsIn" for name in operators))
        emitted = metric_values(harness, 0, *(f"{name}.numRecordsOut" for name in operators))
        assert received[0] == 0 < emitted[0]
        assert received[1:] == emitted[:-1]
        assert emitted[-1] == metric_values(harness, 0, "0.numRecordsOut")[0]
        task_in, window_in, window_out, sink_in, sink_out = metric_values(
            harness, 1, "0.numRecordsIn", "0.window.numRecordsIn", "0.window.numRecordsOut",
            "0.Sink__out.numRecordsIn", "0.Sink__out.numRecordsOut",
        )  # fmt: skip
        assert task_in == window_in
        assert window_out == sink_in == pytest.approx(window_in / 2, abs=1)
        assert sink_out == 0


def test_a_source_has_metrics_of_its_splits_but_not_in_2_0() -> None:
    with scenario_harness(JOB.replace("caches: true", "caches: false"), flink="2.3") as harness:
        harness.advance_to(20_000)
        job = harness.job()
        names = [metric["id"] for metric in harness.get(f"/jobs/{job.id}/vertices/{job.graph.vertices[0].id}/metrics")]
        split_metrics = {name.partition(".split.")[2] for name in names if ".split." in name}
        recorded = next(
            step for step in load(RECORDINGS / "2.3.0" / "job-running.json.gz") if step["step"] == "v0/metrics"
        )["response"]["body"]
        recorded_names = {metric["id"].partition(".split.1.")[2] for metric in recorded if ".split." in metric["id"]}
        assert split_metrics == {f"orders-{number}.{name}" for number in range(4) for name in recorded_names}
        assert [name for name in names if "orders-3.watermark.currentWatermark" in name] == [
            "0.Source__numbers.split.orders-3.watermark.currentWatermark"
        ]
    with scenario_harness(JOB.replace("caches: true", "caches: false"), flink="2.0") as harness:
        harness.advance_to(20_000)
        job = harness.job()
        names = [metric["id"] for metric in harness.get(f"/jobs/{job.id}/vertices/{job.graph.vertices[0].id}/metrics")]
        assert not any(".split." in name for name in names)
