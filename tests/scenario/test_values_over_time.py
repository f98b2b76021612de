"""Metrics, back pressure, skew, watermarks and accumulators follow the values of the scenario over time."""

from __future__ import annotations

import httpx

from flinkmock import FlinkMock
from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness

SCENARIO = """
exceptions:
  reset: {class: java.io.IOException, message: Connection reset, vertex: window, subtask: 1}
jobs:
  orders:
    age: 1h
    parallelism: 2
    lifecycle: [{RUNNING: forever}]
    watermarks: {lag: 5s, stops-after: 1h30s}
    metrics:
      lag: 5
      label: eu-west
      load: {sine: [0, 100], every: 40s}
      numRestarts: 7
    exception-history:
      - {age: 20m, exception: reset}
      - {age: 45m, exception: {class: java.lang.OutOfMemoryError, message: Java heap space, global: true}}
    vertices:
      - {name: "Source: orders", rate: 1000}
      - name: window
        inputs: [{from: "Source: orders", ship-strategy: HASH}]
        skew: [4, 1]
        backpressure: {ratio: 80%, from: 1h10s, until: 1h20s}
        metrics:
          errors: {rate: 2, initial: 10, subtasks: [1]}
          heap: {spike: 900, base: 10, every: 10s, duration: 2s}
          step: {series: [a, b, c], every: 30m}
          round: {series: [1, 2], every: 1s, repeat: true}
        accumulators:
          words: {type: IntCounter, value: 1418}
          sizes: {type: Histogram, value: {3: 2, 2: 1}}
          records: LongCounter
      - "Sink: out"
"""


def vertex_path(harness: ScenarioHarness, name: str) -> str:
    (vertex_id,) = [vertex.id for vertex in harness.job().graph.vertices if vertex.name == name]
    return f"/jobs/{harness.job().id}/vertices/{vertex_id}"


def metric_value(harness: ScenarioHarness, target: str, name: str) -> str:
    (metric,) = harness.get(f"{target}/metrics?get={name}")
    return str(metric["value"])


def test_metrics_of_a_job_follow_their_series() -> None:
    with scenario_harness(SCENARIO) as harness:
        job_path = f"/jobs/{harness.job().id}"
        assert [metric_value(harness, job_path, name) for name in ("lag", "label", "load", "numRestarts")] == [
            "5",
            "eu-west",
            "50.0",
            "7",
        ]
        harness.advance_to(10_000)
        assert metric_value(harness, job_path, "load") == "100.0"
        harness.advance_to(30_000)
        assert metric_value(harness, job_path, "load") == "0.0"
        assert {"id": "lag"} in harness.get(f"{job_path}/metrics")


def test_metrics_of_subtasks_follow_their_series() -> None:
    with scenario_harness(SCENARIO) as harness:
        window_path = vertex_path(harness, "window")
        harness.advance_to(7_999)
        assert metric_value(harness, f"{window_path}/subtasks/0", "heap") == "10"
        harness.advance_to(8_000)
        assert metric_value(harness, f"{window_path}/subtasks/0", "heap") == "900"
        # the job is 1 h old at the start
        assert metric_value(harness, window_path, "1.errors") == str(
            10 + 2 * (3_608_000 - running_since_ms(harness)) // 1000
        )
        assert harness.get(f"{window_path}/metrics?get=0.errors") == []
        assert (metric_value(harness, window_path, "0.step"), metric_value(harness, window_path, "1.round")) == (
            "c",
            "1",
        )
        harness.advance_to(9_000)
        assert metric_value(harness, window_path, "1.round") == "2"
        (aggregates,) = harness.get(f"{window_path}/subtasks/metrics?get=heap")
        assert (aggregates["min"], aggregates["max"], aggregates["sum"]) == (900.0, 900.0, 1800.0)


def running_since_ms(harness: ScenarioHarness) -> int:
    """Return when subtask 1 of the window started to run, in ms after the submission of the job."""
    job = harness.job()
    since = job.attempts[0].executions()[1][1].entered_at("RUNNING", harness.engine.clock.now())
    assert since is not None
    return since - job.submitted_at


def test_skew_divides_the_records_among_subtasks() -> None:
    with scenario_harness(SCENARIO) as harness:
        harness.advance_to(1_000)
        details = harness.get(vertex_path(harness, "window"))
        read_counts = [subtask["metrics"]["read-records"] for subtask in details["subtasks"]]
        written_count = harness.get(f"/jobs/{harness.job().id}")["vertices"][0]["metrics"]["write-records"]
        assert sum(read_counts) == written_count > 3_000_000
        assert abs(read_counts[0] - 4 * read_counts[1]) <= 4
        busy_times = [subtask["metrics"]["accumulated-busy-time"] for subtask in details["subtasks"]]
        assert abs(busy_times[0] / busy_times[1] - 4) < 0.01


def test_a_vertex_is_back_pressured_for_ten_seconds() -> None:
    with scenario_harness(SCENARIO) as harness:
        levels_and_ratios = []
        for time in (9_999, 10_000, 19_999, 20_000):
            harness.advance_to(time)
            response = harness.get(f"{vertex_path(harness, 'window')}/backpressure")
            subtask = response["subtasks"][0]
            levels_and_ratios.append((response["backpressureLevel"], subtask["ratio"]))
            assert abs(subtask["ratio"] + subtask["idleRatio"] + subtask["busyRatio"] - 1) < 0.01
        assert levels_and_ratios == [("ok", 0.0), ("high", 0.8), ("high", 0.8), ("ok", 0.0)]
        harness.advance_to(30_000)
        metrics = harness.get(f"/jobs/{harness.job().id}")["vertices"][1]["metrics"]
        assert metrics["accumulated-backpressured-time"] == 2 * 8_000  # two subtasks, 80 % of 10 s


def test_metrics_show_back_pressure() -> None:
    with scenario_harness(SCENARIO) as harness:
        harness.advance_to(15_000)
        subtask_path = f"{vertex_path(harness, 'window')}/subtasks/1"
        assert metric_value(harness, subtask_path, "backPressuredTimeMsPerSecond") == "800"
        assert metric_value(harness, subtask_path, "isBackPressured") == "true"
        assert metric_value(harness, subtask_path, "accumulateBackPressuredTimeMs") == "4000"


def test_watermarks_lag_and_stop() -> None:
    with scenario_harness(SCENARIO) as harness:
        watermarks = []
        for time in (10_000, 20_000, 40_000, 50_000):
            harness.advance_to(time)
            watermarks.append(
                {
                    int(watermark["value"]) - harness.start_time
                    for watermark in harness.get(f"{vertex_path(harness, 'window')}/watermarks")
                }
            )
        assert watermarks == [{5_000}, {15_000}, {25_000}, {25_000}]


def test_accumulators_have_the_values_of_the_scenario() -> None:
    with scenario_harness(SCENARIO) as harness:
        harness.advance_to(1_000)
        window_path = vertex_path(harness, "window")
        accumulators = {
            accumulator["name"]: accumulator["value"]
            for accumulator in harness.get(f"{window_path}/accumulators")["user-accumulators"]
        }
        assert (accumulators["words"], accumulators["sizes"]) == ("1418", "{2=1, 3=2}")
        subtasks = harness.get(f"{window_path}/subtasks/accumulators")["subtasks"]
        accumulators_by_subtask = [
            {accumulator["name"]: accumulator["value"] for accumulator in subtask["user-accumulators"]}
            for subtask in subtasks
        ]
        assert [subtask_accumulators["words"] for subtask_accumulators in accumulators_by_subtask] == ["1418", "0"]
        assert sum(int(subtask_accumulators["records"]) for subtask_accumulators in accumulators_by_subtask) == int(
            accumulators["records"]
        )


def test_exceptions_from_before_the_start_are_in_the_history() -> None:
    with scenario_harness(SCENARIO) as harness:
        entries = harness.get(f"/jobs/{harness.job().id}/exceptions")["exceptionHistory"]["entries"]
        assert [(harness.start_time - entry["timestamp"], entry["exceptionName"]) for entry in entries] == [
            (20 * 60_000, "java.io.IOException"),
            (45 * 60_000, "java.lang.OutOfMemoryError"),
        ]
        assert entries[0]["taskName"] == "window (2/2) - execution #0"
        assert "taskName" not in entries[1]


def test_a_job_without_watermarks_has_the_lowest_watermark() -> None:
    text = "jobs: {orders: {watermarks: none, vertices: ['Source: a', Timestamps/Watermarks, b]}}\n"
    with scenario_harness(text) as harness:
        harness.advance_to(5_000)
        assert {watermark["value"] for watermark in harness.get(f"{vertex_path(harness, 'b')}/watermarks")} == {
            str(-(2**63))
        }


def test_a_metric_appears_at_its_start_time() -> None:
    metrics = {"pendingRecords": {"series": [5, 6], "every": "10s", "from": "1m"}, "lag": {"value": 7, "from": "30s"}}
    metrics["errors"] = {"rate": 1, "initial": 100, "from": "1m"}
    vertices = [{"name": "Source: k", "metrics": metrics}]
    with FlinkMock({"jobs": {"orders": {"vertices": vertices}}}, clock="virtual") as flink:
        job = flink.job("orders")
        flink.advance("1s")
        vertex_id = httpx.get(f"{flink.url}/jobs/{job.id}").json()["vertices"][0]["id"]
        url = f"{flink.url}/jobs/{job.id}/vertices/{vertex_id}/subtasks/metrics"

        def metric_sums(name: str) -> list[float]:
            return [metric["sum"] for metric in httpx.get(url, params={"get": name}).json()]

        assert metric_sums("pendingRecords") == metric_sums("lag") == metric_sums("errors") == []
        flink.advance("31s")
        assert (metric_sums("pendingRecords"), metric_sums("lag")) == ([], [7.0])
        flink.advance("30s")
        assert metric_sums("pendingRecords") == [6.0]
        assert 100 < metric_sums("errors")[0] < 200
