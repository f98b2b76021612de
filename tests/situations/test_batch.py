"""Batch jobs have no checkpoints, and since 2.0 a graph that grows while they run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scenario.scenario_helpers import scenario_harness
from tests.situations import recorded
from tests.situations.failing_operations import failure_causes, run_failing_operation

JOB = """
jobs:
  orders:
    type: batch
    vertices:
      - {operators: ["Source: Sequence Source", numbers], parallelism: 1}
      - {operators: [square, hundreds], parallelism: 2,
         inputs: [{from: "Source: Sequence Source -> numbers", ship-strategy: HASH}]}
      - {operators: ["Sink: print"], parallelism: 1}
    lifecycle: [RUNNING: 30s, FINISHED]
"""
VERSIONS = recorded.VERSIONS
SAVEPOINT = {"cancel-job": False, "target-directory": "file:///sp"}


@pytest.mark.parametrize("release", recorded.releases())
@pytest.mark.parametrize(
    ("path", "step"),
    [
        ("checkpoints", "batch: job/checkpoints"),
        ("checkpoints/config", "batch: job/checkpoints/config"),
        ("checkpoints/details/1", "batch: checkpoint details"),
        ("checkpoints/details/1/subtasks/{vertex}", "batch: checkpoint subtasks"),
        ("resource-requirements", "batch: job/resource-requirements"),
    ],
)
def test_reads_of_a_batch_job_are_answered_as_recorded(release: str, path: str, step: str) -> None:
    with scenario_harness(JOB, flink=release) as harness:
        harness.advance_to(3_000)
        job = harness.job()
        response = harness.client.send("GET", f"/jobs/{job.id}/{path}".replace("{vertex}", job.graph.vertices[0].id))
        assert response.status == recorded.status(VERSIONS[release], step)
        real, body = recorded.body(VERSIONS[release], step), json.loads(response.body)
        if "errors" in real:
            assert recorded.errors(body) == recorded.errors(real)
        elif path == "checkpoints/config":
            keys = ("mode", "interval", "state_backend")
            assert [body[name] for name in keys] == [real[name] for name in keys]
        else:
            assert body["counts"] == real["counts"]


@pytest.mark.parametrize("release", recorded.releases())
def test_savepoints_stops_and_checkpoints_of_a_batch_job_fail_as_recorded(release: str) -> None:
    version = VERSIONS[release]
    with scenario_harness(JOB, flink=release) as harness:
        harness.advance_to(3_000)
        savepoint = run_failing_operation(harness, "savepoints", SAVEPOINT)
        assert savepoint == failure_causes(recorded.body(version, "batch: poll savepoint"))
        stop = run_failing_operation(harness, "stop", {"drain": False, "targetDirectory": "file:///sp"})
        assert stop == failure_causes(recorded.body(version, "batch: poll stop"))
        if release != "1.12":
            checkpoint = run_failing_operation(harness, "checkpoints", {})
            assert checkpoint == failure_causes(recorded.body(version, "batch: poll checkpoint"))
            harness.advance_to(29_000)  # only the last vertex, which has no output, is running
            savepoint = run_failing_operation(harness, "savepoints", SAVEPOINT)
            assert savepoint[-1] == "java.lang.IllegalStateException: Job JOB is not a streaming job."
        assert harness.state() == "RUNNING"


def nodes_without_ids(stream_graph: dict[str, Any]) -> list[tuple[str, int, bool, list[tuple[str, str]]]]:
    """Return operator, parallelism, whether it has a vertex, and inputs of each node, in the order of names.

    The ids in a recording depend on how many jobs the cluster ran before.
    """
    names = {node["id"]: node["operator"] for node in stream_graph["nodes"]}
    return sorted(
        (
            node["operator"],
            node["parallelism"],
            "job_vertex_id" in node,
            [(names[edge["id"]], edge["ship_strategy"]) for edge in node["inputs"]],
        )
        for node in stream_graph["nodes"]
    )


def test_the_graph_of_a_batch_job_grows_as_recorded() -> None:
    with scenario_harness(JOB, flink="2.3") as harness:
        vertices_and_pending_operators = []
        for time in (100, 3_000, 15_000, 25_000, 31_000):
            harness.advance_to(time)
            details = harness.get(f"/jobs/{harness.job().id}")
            (listed,) = harness.get("/jobs/overview")["jobs"]
            assert listed["pending-operators"] == details["pending-operators"]
            assert listed["tasks"]["total"] == sum(vertex["parallelism"] for vertex in details["vertices"])
            assert [node["id"] for node in details["plan"]["nodes"]] == [vertex["id"] for vertex in details["vertices"]]
            vertices_and_pending_operators.append((len(details["vertices"]), details["pending-operators"]))
            if time in (3_000, 31_000):
                step = "batch: first" if time == 3_000 else "batch: timeline"
                real = recorded.body("2.3.0", step)
                assert list(details) == list(real)
                assert [vertex["name"] for vertex in details["vertices"]] == [
                    vertex["name"] for vertex in real["vertices"]
                ]
                assert details["pending-operators"] == real["pending-operators"]
                assert nodes_without_ids(details["stream-graph"]) == nodes_without_ids(real["stream-graph"])
                assert list(details["stream-graph"]["nodes"][0]) == list(real["stream-graph"]["nodes"][1])
        assert vertices_and_pending_operators == [(1, 3), (1, 3), (2, 1), (3, 0), (3, 0)]


def non_zero(counts: dict[str, int]) -> dict[str, int]:
    return {state: count for state, count in counts.items() if count}


def test_a_canceled_job_keeps_its_pending_operators() -> None:
    with scenario_harness(JOB, flink="2.3") as harness:
        harness.advance_to(3_000)
        harness.client.send("PATCH", f"/jobs/{harness.job().id}")
        harness.advance_to(4_000)
        (listed,) = harness.get("/jobs/overview")["jobs"]
        real = recorded.body("2.3.0", "batch: CANCELED list")["jobs"][0]
        keys = ("state", "pending-operators")
        assert [listed[name] for name in keys] == [real[name] for name in keys] == ["CANCELED", 3]
        assert non_zero(listed["tasks"]) == non_zero(real["tasks"])


def test_a_vertex_that_does_not_exist_yet_is_not_found() -> None:
    with scenario_harness(JOB, flink="2.3") as harness:
        harness.advance_to(3_000)
        last = harness.job().graph.vertices[2].id
        assert harness.client.send("GET", f"/jobs/{harness.job().id}/vertices/{last}").status == 404
        harness.advance_to(25_000)
        assert harness.client.send("GET", f"/jobs/{harness.job().id}/vertices/{last}").status == 200


def test_before_2_0_the_graph_is_complete_from_the_start() -> None:
    with scenario_harness(JOB, flink="1.20") as harness:
        harness.advance_to(3_000)
        details = harness.get(f"/jobs/{harness.job().id}")
        real = recorded.body("1.20.5", "batch: first")
        assert list(details) == list(real)
        assert [vertex["name"] for vertex in details["vertices"]] == [vertex["name"] for vertex in real["vertices"]]
        assert [vertex["status"] for vertex in details["vertices"]] == ["RUNNING", "CREATED", "CREATED"]
