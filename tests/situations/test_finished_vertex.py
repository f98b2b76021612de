"""A bounded source beside an unbounded one: its vertex is FINISHED while the job runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flinkmock import ScenarioError
from flinkmock.scenario import load_scenario
from tests.fidelity.shape import compare_bodies
from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness
from tests.situations import recorded
from tests.situations.test_batch import outcome

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
RELEASES = recorded.RELEASES


def path(harness: ScenarioHarness) -> str:
    return f"/jobs/{harness.job().id}/vertices/{harness.job().graph.vertices[0].id}"


@pytest.mark.parametrize("release", recorded.releases())
def test_the_vertex_has_finished_and_the_job_runs(release: str) -> None:
    with scenario_harness(JOB, flink=release) as harness:
        harness.advance_to(20_000)
        details = harness.get(f"/jobs/{harness.job().id}")
        real = recorded.body(RELEASES[release], "partly: job")
        assert (details["state"], details["status-counts"]) == (real["state"], real["status-counts"])
        assert [vertex["status"] for vertex in details["vertices"]] == [vertex["status"] for vertex in real["vertices"]]
        assert details["vertices"][0]["end-time"] > 0
        (listed,) = harness.get("/jobs/overview")["jobs"]
        (real_listed,) = [
            job
            for job in recorded.body(RELEASES[release], "partly: jobs/overview")["jobs"]
            if job["state"] == "RUNNING"
        ]
        assert listed["tasks"] == real_listed["tasks"]


@pytest.mark.parametrize("release", recorded.releases())
@pytest.mark.parametrize(
    "tail",
    ["/metrics", "/subtasks/metrics", "/subtasks/0/metrics", "/watermarks", "/flamegraph", "/flamegraph?type=on_cpu",
     "/backpressure"],
)  # fmt: skip
def test_reads_of_a_finished_vertex(release: str, tail: str) -> None:
    """In the recordings except that of 1.17.2, no client requested metrics while the vertex ran: none were fetched."""
    with scenario_harness("cluster: {caches: true}\n" + JOB, flink=release) as harness:
        if release == "1.17":
            harness.advance_to(2_000)
            harness.client.send("GET", path(harness) + "/metrics")
        harness.advance_to(15_000)
        harness.client.send("GET", path(harness) + tail)
        harness.advance_to(22_000)
        response = harness.client.send("GET", path(harness) + tail)
        step = f"partly: vertex{tail}"
        assert response.status == recorded.status(RELEASES[release], step)
        real = recorded.body(RELEASES[release], step)
        body = json.loads(response.body)
        if isinstance(real, list):
            assert {metric["id"] for metric in body} == {metric["id"] for metric in real}
        elif "errors" not in real:
            assert list(compare_bodies(real, body)) == []
        elif response.status == 500:
            assert recorded.errors(json.loads(response.body)) == recorded.errors(real)


@pytest.mark.parametrize("release", ["2.3", "1.20"])
def test_checkpoints_go_on_without_its_tasks(release: str) -> None:
    with scenario_harness(JOB, flink=release) as harness:
        harness.advance_to(20_000)
        base = f"/jobs/{harness.job().id}"
        newest = harness.get(f"{base}/checkpoints")["latest"]["completed"]
        assert newest["trigger_timestamp"] - harness.start_time > 15_000
        once = harness.job().graph.vertices[0].id
        checkpoint = harness.get(f"{base}/checkpoints/details/{newest['id']}")
        real = recorded.body(RELEASES[release], "partly: newest checkpoint")
        names = ("num_subtasks", "num_acknowledged_subtasks")
        assert [checkpoint[name] for name in names] == [real[name] for name in names]
        assert shown(checkpoint, once) == shown(real, next(iter(real["tasks"])))
        task = harness.get(f"{base}/checkpoints/details/{newest['id']}/subtasks/{once}")
        real = recorded.body(RELEASES[release], "partly: newest checkpoint of once")
        assert task["summary"] == real["summary"]
        for subtask in (*task["subtasks"], *real["subtasks"]):
            subtask.pop("ack_timestamp")
        assert task["subtasks"] == real["subtasks"]


def shown(checkpoint: dict[str, Any], vertex: str) -> list[int]:
    task = checkpoint["tasks"][vertex]
    return [
        task["state_size"],
        task["end_to_end_duration"],
        task["latest_ack_timestamp"] - checkpoint["trigger_timestamp"],
        task["num_acknowledged_subtasks"],
    ]


def test_before_1_15_there_are_no_checkpoints_any_more() -> None:
    with scenario_harness(JOB, flink="1.12") as harness:
        harness.advance_to(20_000)
        base = f"/jobs/{harness.job().id}"
        counts = harness.get(f"{base}/checkpoints")["counts"]
        real = recorded.body("1.12.5", "partly: job/checkpoints")["counts"]
        assert (counts["total"] - counts["failed"], real["total"] - real["failed"]) == (2, 2)
        for kind, body in {
            "savepoint": {"target-directory": "file:///sp", "cancel-job": False},
            "stop": {"targetDirectory": "file:///sp", "drain": False},
        }.items():
            trigger = harness.post(f"{base}/{'savepoints' if kind == 'savepoint' else kind}", body)["request-id"]
            harness.advance_to(harness.now + 100)
            result = outcome(harness.get(f"{base}/savepoints/{trigger}"))
            assert result == outcome(recorded.body("1.12.5", f"partly: poll {kind}"))


def test_savepoints_and_stops_succeed() -> None:
    with scenario_harness(JOB) as harness:
        harness.advance_to(20_000)
        status_path = harness.trigger_savepoint()
        harness.advance_to(harness.now + 500)
        assert harness.outcome(status_path).startswith("file:")
        status_path = harness.trigger_stop()
        harness.advance_to(harness.now + 500)
        assert harness.outcome(status_path).startswith("file:")
        assert harness.state() == "FINISHED"


def test_after_a_restart_the_vertex_finishes_again_at_once() -> None:
    with scenario_harness(JOB) as harness:
        harness.advance_to(20_000)
        harness.engine.cluster.state_machines.restart(harness.job(), harness.engine.clock.now())
        harness.advance_to(25_000)
        states = [vertex["status"] for vertex in harness.get(f"/jobs/{harness.job().id}")["vertices"]]
        assert states == ["FINISHED", "RUNNING", "RUNNING", "RUNNING"]


def test_a_vertex_with_only_bounded_sources_finishes_too() -> None:
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
            '"b" in jobs.o finishes when its inputs have. Give finishes-after to a source.',
        ),
    ],
)
def test_what_cannot_finish(vertices: str, message: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        load_scenario(f"jobs: {{o: {{vertices: {vertices}}}}}")
    assert message in str(raised.value)
