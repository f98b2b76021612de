"""Responses are as recorded for INITIALIZING jobs, and for CREATED jobs of the adaptive scheduler that need slots."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.fidelity.shape import compare_bodies
from tests.releases import USUAL_RELEASES
from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness
from tests.situations import recorded
from tests.situations.failing_operations import failure_causes, run_failing_operation

JOB_PROPERTIES = """
    user-config: {name: held}
    checkpoints: {every: 2s}
    vertices:
      - {operators: ["Source: Sequence Source", "Timestamps/Watermarks", numbers], parallelism: 1,
         id: cbc357ccb763df2852fee8c4fc7d55f2}
      - {name: tokenize, parallelism: 64}
      - {operators: [count, every-500th], parallelism: 64}
      - {name: "Sink: print", parallelism: 1}
"""
INITIALIZING = f"jobs:\n  orders:{JOB_PROPERTIES}    lifecycle: [INITIALIZING: 1h, CREATED: 1s, RUNNING]\n"
CREATED = f"cluster: {{taskmanagers: 0, config: {{jobmanager.scheduler: adaptive}}}}\njobs:\n  orders:{JOB_PROPERTIES}"
VERSIONS = recorded.VERSIONS
STATES_AND_RELEASES = [
    pytest.param(state, release, marks=() if release in USUAL_RELEASES else pytest.mark.slow)
    for state in ("initializing", "created")
    for release in VERSIONS
    if (state, release) != ("created", "1.12")  # 1.12 has no adaptive scheduler
]
READS = [
    "job", "job/accumulators", "job/checkpoints", "job/checkpoints/config", "job/config", "job/exceptions",
    "job/execution-result", "job/plan", "job/status", "checkpoint details", "vertex", "vertex/accumulators",
    "vertex/backpressure", "vertex/flamegraph", "vertex/metrics", "vertex/subtasks/0", "vertex/subtasks/0/attempts/0",
    "vertex/subtasks/accumulators", "vertex/subtasks/metrics", "vertex/subtasktimes", "vertex/taskmanagers",
    "vertex/watermarks",
]  # fmt: skip
SAVEPOINT = {"cancel-job": False, "target-directory": "file:///sp"}
VERTEX = "cbc357ccb763df2852fee8c4fc7d55f2"


def scenario_of(state: str) -> str:
    return INITIALIZING if state == "initializing" else CREATED


def send(harness: ScenarioHarness, read: str) -> tuple[int, Any]:
    """Send one of READS, which have the names of the recorded steps. Return the status and the body."""
    job = f"/jobs/{harness.job().id}"
    path = read.replace("checkpoint details", "job/checkpoints/details/1")
    path = re.sub("^vertex", f"{job}/vertices/{VERTEX}", re.sub("^job", job, path))
    response = harness.client.send("GET", path)
    return response.status, json.loads(response.body)


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(("state", "release"), STATES_AND_RELEASES)
def test_reads_before_a_job_runs_are_as_recorded(state: str, release: str, read: str) -> None:
    version = VERSIONS[release]
    step = f"{state}: {read}"
    with scenario_harness(scenario_of(state), flink=release) as harness:
        harness.advance_to(2_000)
        status, body = send(harness, read)
        assert status == recorded.status(version, step)
        real = recorded.body(version, step)
        if "errors" in real:
            if "Unable to load" not in real["errors"][0]:  # the message for an unknown path contains the path
                assert recorded.errors(body) == recorded.errors(real)
            return
        assert list(compare_bodies(real, body)) == []
        if read == "job/config":
            assert body["execution-config"] == real["execution-config"]
        if read == "job":
            if body["vertices"]:
                assert vertex_names(body) == vertex_names(real)
            assert entered_states(body) == entered_states(real)
            assert (body["status-counts"], body["plan"]) == (real["status-counts"], real["plan"])


def vertex_names(details: dict[str, Any]) -> list[str]:
    return [vertex["name"] for vertex in details["vertices"]]


def entered_states(details: dict[str, Any]) -> set[str]:
    return {state for state, time in details["timestamps"].items() if time}


@pytest.mark.parametrize(("state", "release"), STATES_AND_RELEASES)
def test_async_operations_before_a_job_runs_fail_as_recorded(state: str, release: str) -> None:
    version = VERSIONS[release]
    with scenario_harness(scenario_of(state), flink=release) as harness:
        harness.advance_to(2_000)
        savepoint = run_failing_operation(harness, "savepoints", SAVEPOINT)
        assert savepoint == failure_causes(recorded.body(version, f"{state}: poll savepoint"))
        stop = run_failing_operation(harness, "stop", {"drain": False, "targetDirectory": "file:///sp"})
        assert stop == failure_causes(recorded.body(version, f"{state}: poll stop"))
        if release != "1.12":
            checkpoint = run_failing_operation(harness, "checkpoints", {})
            assert checkpoint == failure_causes(recorded.body(version, f"{state}: poll checkpoint"))


@pytest.mark.parametrize("release", recorded.releases("1.17", "1.12"))
def test_the_resource_requirements_of_an_initializing_job_are_an_error(release: str) -> None:
    with scenario_harness(INITIALIZING, flink=release) as harness:
        harness.advance_to(2_000)
        status, body = send(harness, "job/resource-requirements")
        real = recorded.body(VERSIONS[release], "initializing: job/resource-requirements")
        assert (status, recorded.errors(body)) == (500, recorded.errors(real))


@pytest.mark.parametrize(("state", "release"), STATES_AND_RELEASES)
def test_the_list_of_jobs_is_as_recorded(state: str, release: str) -> None:
    with scenario_harness(scenario_of(state), flink=release) as harness:
        harness.advance_to(2_000)
        (listed,) = harness.get("/jobs/overview")["jobs"]
        recorded_jobs = recorded.body(VERSIONS[release], f"{state}: jobs/overview")["jobs"]
        real = next(job for job in recorded_jobs if job["state"] == state.upper())
        assert list(listed) == list(real)
        keys = ("state", "last-modification", "tasks", "end-time")
        assert [listed[name] for name in keys] == [real[name] for name in keys]


@pytest.mark.parametrize("release", recorded.releases("1.12", "1.20", "2.3"))
def test_a_job_that_is_canceled_before_it_has_tasks_has_the_recorded_times(release: str) -> None:
    """In 1.20 and 2.3, the recorded details were cached before the cancellation."""
    real = recorded.body(VERSIONS[release], "created: CANCELED job")
    with scenario_harness(CREATED, flink=release) as harness:
        harness.advance_to(2_000)
        job_path = f"/jobs/{harness.job().id}"
        harness.client.send("PATCH", job_path)
        harness.advance_to(10_000)
        details = harness.get(job_path)
        for body in (details, real):
            assert body["duration"] == body["now"] - body["start-time"]
        assert (details["state"], details["end-time"]) == (real["state"], real["end-time"]) == ("CANCELED", 0)
        assert entered_states(details) == entered_states(real)
        assert list(compare_bodies(real, details)) == []


@pytest.mark.parametrize("scenario", [INITIALIZING, CREATED])
def test_a_job_that_is_canceled_before_it_has_tasks_has_the_end_time_0(scenario: str) -> None:
    """See JobDetails.createDetailsForJob and JobResult.createFrom."""
    with scenario_harness(scenario, flink="2.3") as harness:
        harness.advance_to(2_000)
        harness.client.send("PATCH", f"/jobs/{harness.job().id}")
        harness.advance_to(10_000)
        (listed,) = harness.get("/jobs/overview")["jobs"]
        times = [listed[key] for key in ("state", "end-time", "last-modification", "duration")]
        assert times == ["CANCELED", 0, 0, -listed["start-time"]]
        result = harness.get(f"/jobs/{harness.job().id}/execution-result")["job-execution-result"]
        assert (result["application-status"], result["net-runtime"], result["end-time"]) == ("CANCELED", 0, 0)


def test_the_plan_has_no_nodes_until_the_job_runs() -> None:
    text = CREATED.replace("taskmanagers: 0", "slots: 64, taskmanagers: {count: 0, events: [{5s: joins}]}")
    with scenario_harness(text) as harness:
        path = f"/jobs/{harness.job().id}"
        harness.advance_to(2_000)
        assert harness.get(path)["plan"]["nodes"] == []
        harness.advance_to(20_000)
        assert (harness.state(), len(harness.get(path)["plan"]["nodes"])) == ("RUNNING", 4)


def test_an_initializing_job_has_the_recorded_metrics_and_a_created_job_has_none() -> None:
    with scenario_harness(INITIALIZING, flink="2.3") as harness:
        harness.advance_to(2_000)
        ids = {metric["id"] for metric in harness.get(f"/jobs/{harness.job().id}/metrics")}
        assert ids == {metric["id"] for metric in recorded.body("2.3.0", "initializing: job/metrics")}
    with scenario_harness(CREATED, flink="2.3") as harness:
        harness.advance_to(2_000)
        assert harness.get(f"/jobs/{harness.job().id}/metrics") == []
