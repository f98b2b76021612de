"""Lifecycles, operations and expectations of complete scenarios, to the millisecond.

Further examples are built-in scenarios (test_built_in_scenarios.py, test_faults.py).
"""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from flinkmock import FlinkMock, UnmetExpectation
from flinkmock.cluster.spec import DEFAULT_CLUSTER_OPERATIONS
from flinkmock.jar import small_jar
from flinkmock.named_random import UniformRange
from tests.scenario.scenario_helpers import scenario_harness

SCENARIOS = Path(__file__).parents[2] / "scenarios"
RESTARTING = """
exceptions: {oom: {class: java.lang.OutOfMemoryError, message: Java heap space}}
jobs:
  orders:
    lifecycle:
      - CREATED: 500ms
      - repeat: 2
        steps:
          - RUNNING: 20s
          - RESTARTING: {duration: 5s, exception: oom}
      - RUNNING: 5s
      - FAILING: 1s
      - FAILED
"""
WITH_OPERATIONS = """
exceptions:
  checkpoint-expired:
    class: org.apache.flink.runtime.checkpoint.CheckpointException
    message: Checkpoint expired before completing.
jobs:
  orders: streaming
  returns: {extends: streaming, operations: {savepoint: 7s}}
operations:
  savepoint: 3s
  stop-with-savepoint:
    duration: 3s
    fails: [1]
    exception: checkpoint-expired
  cancel: 500ms
"""
WITH_EXPECTATIONS = f"""
extends: {SCENARIOS / "rolling-upgrade.yaml"}
clock: virtual
expect:
  - POST /jobs/:jobid/stop: 2 times
  - GET /jobs/:jobid/savepoints/:triggerid: 1..10 times
  - POST /jars/upload: once
  - POST /jars/:jarid/run: {{times: 1, body: {{savepointPath: "file:/*/savepoint-*"}}}}
  - unmatched: 0
"""


def test_a_scenario_without_jobs_is_a_working_cluster() -> None:
    with FlinkMock({"clock": "virtual"}) as mock, httpx.Client(base_url=mock.url) as client:
        overview = client.get("/overview").json()
        assert (overview["taskmanagers"], overview["slots-total"], overview["jobs-running"]) == (1, 4, 0)
        uploaded = client.post("/jars/upload", files={"jarfile": ("orders.jar", small_jar())}).json()
        job_id = client.post(f"/jars/{Path(uploaded['filename']).name}/run", json={}).json()["jobid"]
        mock.advance("1s")
        assert client.get(f"/jobs/{job_id}").json()["state"] == "RUNNING"
        trigger_id = client.post(f"/jobs/{job_id}/savepoints", json={}).json()["request-id"]
        duration = DEFAULT_CLUSTER_OPERATIONS["savepoint"].duration
        assert isinstance(duration, UniformRange)
        mock.advance(f"{duration.high}ms")
        savepoint = client.get(f"/jobs/{job_id}/savepoints/{trigger_id}").json()
        assert savepoint["operation"]["location"].startswith("file:/flink/savepoints/savepoint-")
        client.patch(f"/jobs/{job_id}")
        mock.advance("1s")
        assert client.get(f"/jobs/{job_id}").json()["state"] == "CANCELED"


def test_a_savepoint_needs_a_directory_in_the_request_or_the_configuration() -> None:
    text = "clock: virtual\ncluster: {config: {state.savepoints.dir: null}}\njobs: {orders: streaming}\n"
    with FlinkMock(text) as mock:
        mock.advance("1s")
        response = httpx.post(f"{mock.url}/jobs/{mock.job('orders').id}/savepoints", json={})
        assert response.status_code == 400
        assert "state.savepoints.dir" in response.text or "savepoint-dir" in response.text


def test_a_lifecycle_takes_exactly_its_durations() -> None:
    with scenario_harness(RESTARTING) as harness:
        harness.advance_to(100_000)
        assert harness.timeline() == [
            (0, "INITIALIZING"), (0, "CREATED"), (500, "RUNNING"), (20_500, "RESTARTING"), (25_500, "RUNNING"),
            (45_500, "RESTARTING"), (50_500, "RUNNING"), (55_500, "FAILING"), (56_500, "FAILED"),
        ]  # fmt: skip
        entries = harness.get(f"/jobs/{harness.job().id}/exceptions")["exceptionHistory"]["entries"]
        assert [entry["exceptionName"] for entry in entries[1:]] == ["java.lang.OutOfMemoryError"] * 2


def test_a_cancellation_interrupts_the_lifecycle() -> None:
    with scenario_harness(WITH_OPERATIONS) as harness:
        harness.advance_to(5_000)
        harness.client.json("PATCH", f"/jobs/{harness.job().id}?mode=cancel")
        harness.advance_to(60_000)
        assert harness.timeline()[-2:] == [(5_000, "CANCELLING"), (5_500, "CANCELED")]


def test_a_job_keeps_running_and_takes_checkpoints_after_a_failed_stop() -> None:
    with scenario_harness(WITH_OPERATIONS) as harness:
        harness.advance_to(5_000)
        first_status_path = harness.trigger_stop()
        harness.advance_to(7_999)
        assert harness.outcome(first_status_path) == "IN_PROGRESS"
        harness.advance_to(8_000)
        assert harness.outcome(first_status_path).endswith("CheckpointException: Checkpoint expired before completing.")
        completed_count_before = harness.get(f"/jobs/{harness.job().id}/checkpoints")["counts"]["completed"]
        harness.advance_to(30_000)
        assert harness.state() == "RUNNING"
        assert harness.get(f"/jobs/{harness.job().id}/checkpoints")["counts"]["completed"] - completed_count_before == 2
        second_status_path = harness.trigger_stop()
        harness.advance_to(33_000)
        assert harness.outcome(second_status_path).startswith("file:")
        assert harness.timeline()[-1][1] == "FINISHED"


def test_the_operations_of_a_job_override_those_of_the_scenario() -> None:
    with scenario_harness(WITH_OPERATIONS) as harness:
        harness.advance_to(5_000)
        status_paths = harness.trigger_savepoint("orders"), harness.trigger_savepoint("returns")
        for time, are_completed in ((7_999, (False, False)), (8_000, (True, False)), (11_999, (True, False)),
                               (12_000, (True, True))):  # fmt: skip
            harness.advance_to(time)
            assert (
                tuple(harness.outcome(status_path).startswith("file:") for status_path in status_paths) == are_completed
            )


def test_a_savepoint_and_a_stop_of_a_restarting_job_fail() -> None:
    with scenario_harness(RESTARTING) as harness:
        harness.advance_to(21_000)
        for status_path in (harness.trigger_savepoint(), harness.trigger_stop()):
            harness.advance_to(harness.now + 500)
            assert harness.outcome(status_path).endswith("Not all required tasks are currently running.")
        assert harness.timeline()[-1] == (20_500, "RESTARTING")


def upgrade(mock: FlinkMock, *, with_savepoint: bool) -> None:
    """Upgrade a job like a deployer that stops it twice, because the first stop fails."""
    with httpx.Client(base_url=mock.url) as client:
        mock.advance("5s")
        job_id = mock.job("orders").id
        for _ in range(2):
            trigger_id = client.post(f"/jobs/{job_id}/stop", json={}).json()["request-id"]
            mock.advance("3s")
            stop_result = client.get(f"/jobs/{job_id}/savepoints/{trigger_id}").json()["operation"]
        uploaded = client.post("/jars/upload", files={"jarfile": ("orders-2.1.jar", small_jar())}).json()
        body = {"savepointPath": stop_result["location"]} if with_savepoint else {}
        assert client.post(f"/jars/{Path(uploaded['filename']).name}/run", json=body).status_code == 200
        mock.advance("10s")
        assert mock.job("orders").restored_from == body.get("savepointPath")


def test_an_upgrade_meets_its_expectations() -> None:
    with FlinkMock(WITH_EXPECTATIONS) as mock:
        upgrade(mock, with_savepoint=True)


def test_an_upgrade_without_the_savepoint_does_not_meet_its_expectations() -> None:
    with (
        pytest.raises(UnmetExpectation, match=r"POST /jars/:jarid/run .*savepointPath"),
        FlinkMock(WITH_EXPECTATIONS) as mock,
    ):
        upgrade(mock, with_savepoint=False)
