"""Jobs that are INITIALIZING, and jobs of the adaptive scheduler that are CREATED, because they wait for slots."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.fidelity.shape import compare_bodies
from tests.releases import USUAL
from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness
from tests.situations import recorded
from tests.situations.test_batch import operate, outcome

VERTICES = """
    user-config: {name: held}
    checkpoints: {every: 2s}
    vertices:
      - {operators: ["Source: Sequence Source", "Timestamps/Watermarks", numbers], parallelism: 1,
         id: cbc357ccb763df2852fee8c4fc7d55f2}
      - {name: tokenize, parallelism: 64}
      - {operators: [count, every-500th], parallelism: 64}
      - {name: "Sink: print", parallelism: 1}
"""
INITIALIZING = f"jobs:\n  orders:{VERTICES}    lifecycle: [INITIALIZING: 1h, CREATED: 1s, RUNNING]\n"
CREATED = f"cluster: {{taskmanagers: 0, config: {{jobmanager.scheduler: adaptive}}}}\njobs:\n  orders:{VERTICES}"
CASES = {
    ("initializing", "2.3"): "2.3.0",
    ("initializing", "1.20"): "1.20.5",
    ("initializing", "1.12"): "1.12.5",
    ("created", "2.3"): "2.3.0",
    ("created", "1.20"): "1.20.5",
    ("initializing", "2.0"): "2.0.2",
    ("initializing", "1.17"): "1.17.2",
    ("created", "2.0"): "2.0.2",
    ("created", "1.17"): "1.17.2",
}
PARAMETERS = [
    pytest.param(state, release, marks=() if release in USUAL else pytest.mark.slow) for state, release in CASES
]
TAILS = [
    "job", "job/accumulators", "job/checkpoints", "job/checkpoints/config", "job/config", "job/exceptions",
    "job/execution-result", "job/plan", "job/status", "checkpoint details", "vertex", "vertex/accumulators",
    "vertex/backpressure", "vertex/flamegraph", "vertex/metrics", "vertex/subtasks/0", "vertex/subtasks/0/attempts/0",
    "vertex/subtasks/accumulators", "vertex/subtasks/metrics", "vertex/subtasktimes", "vertex/taskmanagers",
    "vertex/watermarks",
]  # fmt: skip
VERTEX = "cbc357ccb763df2852fee8c4fc7d55f2"


def send(harness: ScenarioHarness, tail: str) -> tuple[int, Any]:
    path = f"/jobs/{harness.job().id}"
    tail = tail.replace("checkpoint details", "job/checkpoints/details/1")
    path += tail.removeprefix("job") if tail.startswith("job") else f"/vertices/{VERTEX}{tail.removeprefix('vertex')}"
    response = harness.client.send("GET", path)
    return response.status, json.loads(response.body)


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize(("state", "release"), PARAMETERS)
def test_a_read(state: str, release: str, tail: str) -> None:
    version = CASES[state, release]
    step = f"{state}: {tail}"
    with scenario_harness(INITIALIZING if state == "initializing" else CREATED, flink=release) as harness:
        harness.advance_to(2_000)
        status, body = send(harness, tail)
        assert status == recorded.status(version, step)
        real = recorded.body(version, step)
        if "errors" in real:
            if "Unable to load" not in real["errors"][0]:
                assert recorded.errors(body) == recorded.errors(real)
            return
        assert list(compare_bodies(real, body)) == []
        if tail == "job/config":
            assert body["execution-config"] == real["execution-config"]
        if tail == "job":
            assert body["vertices"] == [] or [vertex["name"] for vertex in body["vertices"]] == [
                vertex["name"] for vertex in real["vertices"]
            ]
            assert {k for k, v in body["timestamps"].items() if v} == {k for k, v in real["timestamps"].items() if v}
            assert (body["status-counts"], body["plan"]) == (real["status-counts"], real["plan"])


@pytest.mark.parametrize(("state", "release"), PARAMETERS)
def test_operations(state: str, release: str) -> None:
    version = CASES[state, release]
    with scenario_harness(INITIALIZING if state == "initializing" else CREATED, flink=release) as harness:
        harness.advance_to(2_000)
        savepoint = operate(harness, "savepoints", {"cancel-job": False, "target-directory": "file:///sp"})
        assert savepoint == outcome(recorded.body(version, f"{state}: poll savepoint"))
        stop = operate(harness, "stop", {"drain": False, "targetDirectory": "file:///sp"})
        assert stop == outcome(recorded.body(version, f"{state}: poll stop"))
        if release != "1.12":
            checkpoint = operate(harness, "checkpoints", {})
            assert checkpoint == outcome(recorded.body(version, f"{state}: poll checkpoint"))


@pytest.mark.parametrize("release", recorded.releases("1.17", "1.12"))
def test_resource_requirements(release: str) -> None:
    with scenario_harness(INITIALIZING, flink=release) as harness:
        harness.advance_to(2_000)
        status, body = send(harness, "job/resource-requirements")
        real = recorded.body(CASES["initializing", release], "initializing: job/resource-requirements")
        assert (status, recorded.errors(body)) == (500, recorded.errors(real))


@pytest.mark.parametrize(("state", "release"), PARAMETERS)
def test_the_list(state: str, release: str) -> None:
    with scenario_harness(INITIALIZING if state == "initializing" else CREATED, flink=release) as harness:
        harness.advance_to(2_000)
        (row,) = harness.get("/jobs/overview")["jobs"]
        listed = recorded.body(CASES[state, release], f"{state}: jobs/overview")["jobs"]
        real = next(job for job in listed if job["state"] == state.upper())
        assert list(row) == list(real)
        names = ("state", "last-modification", "tasks", "end-time")
        assert [row[name] for name in names] == [real[name] for name in names]


def test_the_plan_is_there_when_the_job_runs() -> None:
    text = CREATED.replace("taskmanagers: 0", "slots: 64, taskmanagers: {count: 0, events: [{5s: joins}]}")
    with scenario_harness(text) as harness:
        path = f"/jobs/{harness.job().id}"
        harness.advance_to(2_000)
        assert harness.get(path)["plan"]["nodes"] == []
        harness.advance_to(20_000)
        assert (harness.state(), len(harness.get(path)["plan"]["nodes"])) == ("RUNNING", 4)


def test_metrics_while_initializing() -> None:
    """The statistics of checkpoints are there before anything else."""
    with scenario_harness(INITIALIZING, flink="2.3") as harness:
        harness.advance_to(2_000)
        ids = {metric["id"] for metric in harness.get(f"/jobs/{harness.job().id}/metrics")}
        assert ids == {metric["id"] for metric in recorded.body("2.3.0", "initializing: job/metrics")}
    with scenario_harness(CREATED, flink="2.3") as harness:
        harness.advance_to(2_000)
        assert harness.get(f"/jobs/{harness.job().id}/metrics") == []
        assert re.match("[0-9a-f]{32}", harness.job().id)
