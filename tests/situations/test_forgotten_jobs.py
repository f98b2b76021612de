"""Ended jobs are forgotten after jobstore.expiration-time, or if there are more than jobstore.max-capacity."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness
from tests.situations import recorded

# The steps named `timeline` are polls; their recorded response is the last one. Since 2.3, the application of a job has
# the same id; earlier releases have no applications.
ENDING_JOB = "jobs: {orders: {lifecycle: [RUNNING: 1s, FINISHED]}}"
EXPIRATION_20_S = "cluster: {config: {jobstore.expiration-time: 20}}\n"
VERSIONS = recorded.VERSIONS


def send(harness: ScenarioHarness, method: str, path: str) -> tuple[int, Any]:
    response = harness.client.send(method, path)
    return response.status, json.loads(response.body)


@pytest.mark.parametrize("release", recorded.releases())
@pytest.mark.parametrize(
    ("method", "path", "step"),
    [
        ("GET", "/jobs/overview", "forgotten: jobs/overview timeline"),
        ("GET", "/jobs", "forgotten: jobs timeline"),
        ("GET", "/jobs/{job}", "forgotten: job"),
        ("GET", "/jobs/{job}/config", "forgotten: job/config"),
        ("GET", "/jobs/{job}/plan", "forgotten: job/plan"),
        ("GET", "/jobs/{job}/accumulators", "forgotten: job/accumulators"),
        ("GET", "/jobs/{job}/vertices/{vertex}", "forgotten: job/vertices/{v0}"),
        ("GET", "/jobs/{job}/vertices/{vertex}/metrics", "forgotten: job/vertices/{v0}/metrics"),
        ("GET", "/jobs/{job}/checkpoints", "forgotten: checkpoints timeline"),
        ("GET", "/jobs/{job}/checkpoints/config", "forgotten: job/checkpoints/config"),
        ("GET", "/jobs/{job}/exceptions", "forgotten: exceptions timeline"),
        ("GET", "/jobs/{job}/status", "forgotten: status timeline"),
        ("GET", "/jobs/{job}/execution-result", "forgotten: execution-result timeline"),
        ("PATCH", "/jobs/{job}", "forgotten: cancel"),
        ("GET", "/applications/overview", "forgotten: applications/overview timeline"),
        ("GET", "/applications/{job}", "forgotten: application"),
        ("POST", "/applications/{job}/cancel", "forgotten: cancel application"),
    ],
)
def test_responses_about_an_expired_job_are_as_recorded(release: str, method: str, path: str, step: str) -> None:
    with scenario_harness(EXPIRATION_20_S + ENDING_JOB, flink=release) as harness:
        job = harness.job()
        path = path.replace("{job}", job.id).replace("{vertex}", job.graph.vertices[0].id)
        harness.advance_to(20_900)
        assert [job["state"] for job in harness.get("/jobs/overview")["jobs"]] == ["FINISHED"]
        harness.advance_to(21_200)
        status, body = send(harness, method, path)
        real = recorded.body(VERSIONS[release], step)
        assert status == recorded.status(VERSIONS[release], step)
        if "errors" not in real:
            assert body == real
        elif "Unable to load" not in real["errors"][0]:  # which contains the path with the recorded id
            assert recorded.errors(body) == recorded.errors(real)
        assert harness.get("/overview")["jobs-finished"] == 1
        assert recorded.body(VERSIONS[release], "forgotten: overview")["jobs-finished"] == 1


def test_by_default_jobs_expire_after_an_hour() -> None:
    with scenario_harness(ENDING_JOB) as harness:
        harness.advance_to(3_600_000)
        assert len(harness.get("/jobs/overview")["jobs"]) == 1
        harness.advance_to(3_602_000)
        assert harness.get("/jobs/overview")["jobs"] == []


def test_the_oldest_ended_job_is_forgotten_if_there_are_too_many() -> None:
    text = "cluster: {config: {jobstore.max-capacity: 2}}\njobs:\n" + "".join(
        f"  job{seconds}: {{lifecycle: [RUNNING: {seconds}s, FINISHED]}}\n" for seconds in (1, 2, 3)
    )
    with scenario_harness(text) as harness:
        harness.advance_to(2_500)
        assert len(harness.get("/jobs/overview")["jobs"]) == 3
        harness.advance_to(4_000)
        assert sorted(job["name"] for job in harness.get("/jobs/overview")["jobs"]) == ["job2", "job3"]


def test_an_expired_job_stays_cached_for_the_refresh_interval() -> None:
    with scenario_harness(EXPIRATION_20_S + ENDING_JOB, flink="2.3") as harness:
        harness.engine.cluster.leadership.jobmanagers[0].caches.enabled = True
        path = f"/jobs/{harness.job().id}"
        harness.advance_to(20_500)
        assert send(harness, "GET", path)[0] == 200
        harness.advance_to(22_000)
        assert send(harness, "GET", path)[0] == 200
        assert send(harness, "GET", f"{path}/execution-result")[0] == 404
        harness.advance_to(24_000)
        assert send(harness, "GET", path)[0] == 404


def test_running_jobs_do_not_expire() -> None:
    with scenario_harness(EXPIRATION_20_S + "jobs: {orders: streaming}") as harness:
        harness.advance_to(10_000_000)
        assert [job["state"] for job in harness.get("/jobs/overview")["jobs"]] == ["RUNNING"]
