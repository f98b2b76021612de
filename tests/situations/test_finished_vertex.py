"""A job has a bounded and an unbounded source: the vertex of the bounded source is FINISHED while the job runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flinkmock import ScenarioError
from flinkmock.scenario import load_scenario
from tests.fidelity.shape import compare_bodies
from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness
from tests.situations import recorded
from tests.situations.failing_operations import failure_causes, run_failing_operation

JOB = """
jobs:
  orders:
    checkpoints: {every: 2s}
    vertices:
      - {operators: ["Source: Sequence Source", once], parallelism: 1, finishes-after: 4s}
      - {operators: ["Source: Sequence Source", always], parallelism: 1, inputs: []}
      - {operators: [both, Filter], parallelism: 2,
         inputs: ["Source: Sequence Source -> once", "Source: Sequence Source -> always"]}
      - {operators: ["Sink: print"], parallelism: 1}
"""
VERSIONS = recorded.VERSIONS


def path_of_finished_vertex(harness: ScenarioHarness) -> str:
    return f"/jobs/{harness.job().id}/vertices/{harness.job().graph.vertices[0].id}"


@pytest.mark.parametrize("release", recorded.releases())
def test_the_job_and_its_tasks_have_the_recorded_states(release: str) -> None:
    with scenario_harness(JOB, flink=release) as harness:
        harness.advance_to(20_000)
        details = harness.get(f"/jobs/{harness.job().id}")
        real = recorded.body(VERSIONS[release], "partly: job")
        assert (details["state"], details["status-counts"]) == (real["state"], real["status-counts"])
        assert [vertex["status"] for vertex in details["vertices"]] == [vertex["status"] for vertex in real["vertices"]]
        assert details["vertices"][0]["end-time"] > 0
        (listed,) = harness.get("/jobs/overview")["jobs"]
        recorded_jobs = recorded.body(VERSIONS[release], "partly: jobs/overview")["jobs"]
        (real_listed,) = [job for job in recorded_jobs if job["state"] == "RUNNING"]
        assert listed["tasks"] == real_listed["tasks"]


@pytest.mark.parametrize("release", recorded.releases())
@pytest.mark.parametrize(
    "suffix",
    ["/metrics", "/subtasks/metrics", "/subtasks/0/metrics", "/watermarks", "/flamegraph", "/flamegraph?type=on_cpu",
     "/backpressure"],
)  # fmt: skip
def test_reads_of_the_finished_vertex_are_as_recorded(release: str, suffix: str) -> None:
    """Only 1.17.2 is recorded with metrics, because only there a client had requested them while the vertex ran."""
    with scenario_harness("cluster: {caches: true}\n" + JOB, flink=release) as harness:
        if release == "1.17":
            harness.advance_to(2_000)
            harness.client.send("GET", path_of_finished_vertex(harness) + "/metrics")
        harness.advance_to(15_000)
        harness.client.send("GET", path_of_finished_vertex(harness) + suffix)
        harness.advance_to(22_000)
        response = harness.client.send("GET", path_of_finished_vertex(harness) + suffix)
        step = f"partly: vertex{suffix}"
        assert response.status == recorded.status(VERSIONS[release], step)
        real = recorded.body(VERSIONS[release], step)
        body = json.loads(response.body)
        if isinstance(real, list):
            assert {metric["id"] for metric in body} == {metric["id"] for metric in real}
        elif "errors" not in real:
            assert list(compare_bodies(real, body)) == []
        elif response.status == 500:
            assert recorded.errors(body) == recorded.errors(real)


@pytest.mark.parametrize("release", ["2.3", "1.20"])
def test_checkpoints_continue_without_the_finished_tasks(release: str) -> None:
    with scenario_harness(JOB, flink=release) as harness:
        harness.advance_to(20_000)
        base = f"/jobs/{harness.job().id}"
        newest = harness.get(f"{base}/checkpoints")["latest"]["completed"]
        assert newest["trigger_timestamp"] - harness.start_time > 15_000
        vertex_id = harness.job().graph.vertices[0].id
        checkpoint = harness.get(f"{base}/checkpoints/details/{newest['id']}")
        real = recorded.body(VERSIONS[release], "partly: newest checkpoint")
        keys = ("num_subtasks", "num_acknowledged_subtasks")
        assert [checkpoint[name] for name in keys] == [real[name] for name in keys]
        first_recorded_vertex = next(iter(real["tasks"]))
        assert task_statistics(checkpoint, vertex_id) == task_statistics(real, first_recorded_vertex)
        task = harness.get(f"{base}/checkpoints/details/{newest['id']}/subtasks/{vertex_id}")
        real = recorded.body(VERSIONS[release], "partly: newest checkpoint of once")
        assert task["summary"] == real["summary"]
        for subtask in (*task["subtasks"], *real["subtasks"]):
            subtask.pop("ack_timestamp")
        assert task["subtasks"] == real["subtasks"]


def task_statistics(checkpoint: dict[str, Any], vertex_id: str) -> list[int]:
    task = checkpoint["tasks"][vertex_id]
    return [
        task["state_size"],
        task["end_to_end_duration"],
        task["latest_ack_timestamp"] - checkpoint["trigger_timestamp"],
        task["num_acknowledged_subtasks"],
    ]


def test_before_1_15_checkpoints_fail_after_a_task_has_finished() -> None:
    with scenario_harness(JOB, flink="1.12") as harness:
        harness.advance_to(20_000)
        base = f"/jobs/{harness.job().id}"
        counts = harness.get(f"{base}/checkpoints")["counts"]
        real = recorded.body("1.12.5", "partly: job/checkpoints")["counts"]
        assert (counts["total"] - counts["failed"], real["total"] - real["failed"]) == (2, 2)
        savepoint = {"target-directory": "file:///sp", "cancel-job": False}
        causes = run_failing_operation(harness, "savepoints", savepoint)
        assert causes == failure_causes(recorded.body("1.12.5", "partly: poll savepoint"))
        causes = run_failing_operation(harness, "stop", {"targetDirectory": "file:///sp", "drain": False})
        assert causes == failure_causes(recorded.body("1.12.5", "partly: poll stop"))


def test_savepoints_and_stops_succeed_after_a_vertex_has_finished() -> None:
    with scenario_harness(JOB) as harness:
        harness.advance_to(20_000)
        status_path = harness.trigger_savepoint()
        harness.advance_to(harness.now + 500)
        assert harness.outcome(status_path).startswith("file:")
        status_path = harness.trigger_stop()
        harness.advance_to(harness.now + 500)
        assert harness.outcome(status_path).startswith("file:")
        assert harness.state() == "FINISHED"


def test_after_a_restart_the_finished_vertex_finishes_immediately() -> None:
    with scenario_harness(JOB) as harness:
        harness.advance_to(20_000)
        harness.engine.cluster.state_machines.restart(harness.job(), harness.engine.clock.now())
        harness.advance_to(25_000)
        states = [vertex["status"] for vertex in harness.get(f"/jobs/{harness.job().id}")["vertices"]]
        assert states == ["FINISHED", "RUNNING", "RUNNING", "RUNNING"]


def test_a_vertex_whose_inputs_have_finished_finishes() -> None:
    text = """
jobs:
  orders:
    vertices:
      - {name: "Source: a", finishes-after: 4s}
      - {name: b}
      - {name: "Source: c", inputs: []}
      - {name: d, inputs: ["b", "Source: c"]}
"""
    with scenario_harness(text) as harness:
        harness.advance_to(10_000)
        states = [vertex["status"] for vertex in harness.get(f"/jobs/{harness.job().id}")["vertices"]]
        assert states == ["FINISHED", "FINISHED", "RUNNING", "RUNNING"]


@pytest.mark.parametrize(
    ("vertices", "message"),
    [
        (
            '[{name: "Source: a", finishes-after: 4s}, b]',
            "all sources of jobs.o finish, and so does the job. Write lifecycle: [RUNNING: 20s, FINISHED].",
        ),
        (
            '["Source: a", {name: b, finishes-after: 4s}]',
            '"b" in jobs.o finishes when its inputs have finished. Give finishes-after to a source.',
        ),
    ],
)
def test_finishes_after_is_rejected_unless_another_source_continues(vertices: str, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load_scenario(f"jobs: {{o: {{vertices: {vertices}}}}}")
    assert message in str(error.value)
