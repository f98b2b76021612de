"""Faults that change the cluster, stale responses, and the requests to which a fault applies."""

from __future__ import annotations

import json

import httpx
import pytest

from flinkmock import FlinkMock, ScenarioError
from flinkmock.faults import Drop, Fault
from flinkmock.jar import small_jar
from tests.server.raw_connection import GET_JOBS, RawConnection, first_job_id, send_raw

# -- faults of the cluster


def test_a_stale_response_is_an_earlier_response() -> None:
    scenario = {"jobs": {"orders": {"lifecycle": [{"CREATED": "2s"}, {"RUNNING": "10s"}, "FINISHED"]}}}
    with FlinkMock(scenario, clock="virtual") as mock:
        job_path = f"/jobs/{first_job_id(mock)}"
        mock.advance("4s")
        earlier_body = httpx.get(mock.url + job_path).content
        mock.advance("8s")
        assert httpx.get(mock.url + job_path).json()["state"] == "FINISHED"
        mock.faults.add({"match": "GET /jobs/*", "serve-stale": "8s"})
        with RawConnection(mock.url) as connection:
            connection.send("GET", job_path)
            assert connection.response_body() == earlier_body
        mock.advance("10s")
        assert httpx.get(mock.url + job_path).json()["state"] == "FINISHED"
        assert httpx.get(mock.url + "/overview").json()["jobs-finished"] == 1


def test_stale_lists_lack_later_jobs_and_jars() -> None:
    with FlinkMock({}, clock="virtual") as mock:
        mock.advance("10s")
        file = ("a.jar", small_jar(), "application/x-java-archive")
        upload_response = httpx.post(mock.url + "/jars/upload", files={"jarfile": file})
        jar_id = upload_response.json()["filename"].rpartition("/")[2]
        httpx.post(f"{mock.url}/jars/{jar_id}/run")
        mock.faults.add({"serve-stale": "5s"})
        bodies = {path: httpx.get(mock.url + path).json() for path in ("/jobs", "/jars", "/overview")}
        assert bodies["/jobs"] == {"jobs": []}
        assert bodies["/jars"]["files"] == []
        assert bodies["/overview"]["slots-available"] == bodies["/overview"]["slots-total"] == 4
        assert httpx.post(f"{mock.url}/jars/{jar_id}/run").status_code == 200  # only responses to GET are stale
        mock.advance("1m")
        assert len(httpx.get(mock.url + "/jobs").json()["jobs"]) == 2


def test_a_leader_failover_loses_the_trigger_id_of_a_savepoint() -> None:
    scenario = {"jobs": {"orders": {"checkpoints": {"every": "2s"}}}}
    with FlinkMock(scenario, clock="virtual") as mock:
        mock.advance("11s")
        mock.faults.add({"match": "triggerSavepoint", "times": 1, "leader-failover": "3s"})
        path = f"/jobs/{first_job_id(mock)}/savepoints"
        with RawConnection(mock.url) as connection:
            connection.send("POST", path, b'{"target-directory":"/sp"}')
            trigger_id = json.loads(connection.response_body())["request-id"]
        assert send_raw(mock, "GET", f"{path}/{trigger_id}") == (b"", "reset")
        mock.advance("5s")
        response = httpx.get(f"{mock.url}{path}/{trigger_id}")
        assert response.status_code == 404
        assert f"There is no savepoint operation with triggerId={trigger_id}" in response.json()["errors"][0]
        checkpoints = httpx.get(f"{mock.url}/jobs/{first_job_id(mock)}/checkpoints").json()
        assert checkpoints["latest"]["restored"]["is_savepoint"] is False
        assert mock.job("orders").state == "RUNNING"
        assert httpx.post(mock.url + path, json={"target-directory": "/sp"}).status_code == 202


def test_a_killed_taskmanager_is_removed_and_its_job_restarts() -> None:
    scenario = {"cluster": {"taskmanagers": 2, "slots": 1}, "jobs": {"orders": {"parallelism": 2}}}
    with FlinkMock(scenario, clock="virtual") as mock:
        mock.advance("5s")
        first, second = mock.taskmanagers
        mock.faults.add({"match": "GET /jobs/:jobid", "times": 1, "kill-taskmanager": "first"},
                        {"match": "GET /overview", "times": 1, "kill-taskmanager": 1})  # fmt: skip
        with RawConnection(mock.url) as connection:
            connection.send("GET", f"/jobs/{first_job_id(mock)}")
            assert json.loads(connection.response_body())["state"] == "RUNNING"
            connection.send("GET", f"/jobs/{first_job_id(mock)}")
            assert json.loads(connection.response_body())["state"] == "RESTARTING"
        assert list(mock.taskmanagers) == [second]
        assert httpx.get(mock.url + "/overview").json()["taskmanagers"] == 1
        assert list(mock.taskmanagers) == []
        assert first in mock.job("orders").job.failures[-1].exception.message


# -- the requests to which a fault applies


@pytest.mark.parametrize(
    ("match", "failing_paths"),
    [
        ("GET /jobs/*", {"/jobs", "/jobs/overview", "/v1/jobs/overview"}),
        ("* /overview", {"/overview"}),
        ("* /*", {"/jobs", "/jobs/overview", "/v1/jobs/overview", "/overview"}),
        ("getJobsOverview", {"/jobs/overview", "/v1/jobs/overview"}),
        ("POST /*", set()),
    ],
)
def test_a_fault_applies_to_the_requests_that_match(match: str, failing_paths: set[str]) -> None:
    with FlinkMock({"faults": [{"match": match, "reply": "internal-error"}]}) as mock:
        paths = ("/jobs", "/jobs/overview", "/v1/jobs/overview", "/overview")
        assert {path for path in paths if httpx.get(mock.url + path).status_code == 500} == failing_paths


def test_faults_can_be_added_as_mappings_or_as_objects_and_cleared() -> None:
    with FlinkMock({}) as mock:
        mock.faults.add({"match": "GET /jobs", "reply": "not-found"}, Fault("gone", GET_JOBS, drop=Drop.RESET))
        assert httpx.get(mock.url + "/jobs").status_code == 404
        assert mock.faults.hits("GET /jobs: reply: not-found") == 1
        mock.faults.add({"name": "now", "reply": {"status": 418}}, first=True)
        assert httpx.get(mock.url + "/jobs").status_code == 418
        mock.faults.clear()
        assert len(mock.faults) == 0


def test_no_fault_is_added_if_one_has_a_mistake() -> None:
    with FlinkMock({}) as mock:
        with pytest.raises(ScenarioError) as raised:
            mock.faults.add({"match": "GET /jobs", "reply": "not-found"}, {"match": "GET /jobz", "delay": 3})
        assert raised.value.mistakes == ("<scenario>: faults[1].delay: 3 has no unit. Write 3s or 3ms.",)
        assert len(mock.faults) == 0
