"""Ended jobs are forgotten: jobstore.expiration-time and jobstore.max-capacity."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scenario.scenario_helpers import Stage, played
from tests.situations import recorded

JOB = "jobs: {orders: {lifecycle: [RUNNING: 1s, FINISHED]}}"
OPTIONS = "cluster: {config: {jobstore.expiration-time: 20}}\n"
RELEASES = recorded.RELEASES


def send(stage: Stage, method: str, path: str) -> tuple[int, Any]:
    response = stage.client.send(method, path)
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
def test_what_is_left(release: str, method: str, path: str, step: str) -> None:
    with played(OPTIONS + JOB, flink=release) as stage:
        job = stage.job()
        path = path.replace("{job}", job.id).replace("{vertex}", job.graph.vertices[0].id)
        stage.to(20_900)
        assert [job["state"] for job in stage.get("/jobs/overview")["jobs"]] == ["FINISHED"]
        stage.to(21_200)
        status, body = send(stage, method, path)
        real = recorded.body(RELEASES[release], step)
        assert status == recorded.status(RELEASES[release], step)
        if "errors" in real and "Unable to load" not in real["errors"][0]:
            assert recorded.errors(body) == recorded.errors(real)
        elif "errors" not in real:
            assert body == real
        assert stage.get("/overview")["jobs-finished"] == 1
        assert recorded.body(RELEASES[release], "forgotten: overview")["jobs-finished"] == 1


def test_by_default_after_an_hour() -> None:
    with played(JOB) as stage:
        stage.to(3_600_000)
        assert len(stage.get("/jobs/overview")["jobs"]) == 1
        stage.to(3_602_000)
        assert stage.get("/jobs/overview")["jobs"] == []


def test_the_oldest_of_too_many_is_forgotten() -> None:
    text = "cluster: {config: {jobstore.max-capacity: 2}}\njobs:\n" + "".join(
        f"  job{n}: {{lifecycle: [RUNNING: {n}s, FINISHED]}}\n" for n in (1, 2, 3)
    )
    with played(text) as stage:
        stage.to(2_500)
        assert len(stage.get("/jobs/overview")["jobs"]) == 3
        stage.to(4_000)
        assert sorted(job["name"] for job in stage.get("/jobs/overview")["jobs"]) == ["job2", "job3"]


def test_a_cached_graph_is_served_for_the_refresh_interval() -> None:
    with played(OPTIONS + JOB, flink="2.3") as stage:
        stage.engine.cluster.leadership.jobmanagers[0].caches.enabled = True
        path = f"/jobs/{stage.job().id}"
        stage.to(20_500)
        assert send(stage, "GET", path)[0] == 200
        stage.to(22_000)
        assert send(stage, "GET", path)[0] == 200
        assert send(stage, "GET", f"{path}/execution-result")[0] == 404
        stage.to(24_000)
        assert send(stage, "GET", path)[0] == 404


def test_running_jobs_stay() -> None:
    with played(OPTIONS + "jobs: {orders: streaming}") as stage:
        stage.to(10_000_000)
        assert [job["state"] for job in stage.get("/jobs/overview")["jobs"]] == ["RUNNING"]
