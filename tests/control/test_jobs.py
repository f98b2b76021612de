"""Jobs, processes and signals over HTTP."""

from __future__ import annotations

import threading

import httpx

from flinkmock import FlinkMock
from tests.control.client import Control


def test_a_job_is_found_by_name_and_by_id(flink: FlinkMock, control: Control) -> None:
    control.post("clock/advance", {"by": "10s"})
    [job] = control.get("jobs")["jobs"]
    assert job == control.get("jobs/orders") == control.get(f"jobs/{job['id'].upper()}")
    assert (job["id"], job["state"], job["restarts"]) == (flink.job("orders").id, "RUNNING", 0)
    checkpoints = flink.job("orders").checkpoints
    assert (job["completed-checkpoints"], job["latest-checkpoint"]["path"]) == (len(checkpoints), checkpoints[-1].path)
    message = control.error("GET", "jobs/order", 404)
    assert message.startswith('There is no job with the name or id "order". Did you mean "orders"? Jobs: orders (')


def test_a_job_is_submitted_from_a_template(flink: FlinkMock, control: Control) -> None:
    job = control.post("jobs", {"name": "report", "template": "batch", "parallelism": 2}, status=201)
    assert job["name"] == "report" and {vertex["parallelism"] for vertex in job["vertices"]} == {2}
    assert control.post("jobs", {"name": "other"}, status=201)["name"] == "other"
    assert 'Did you mean "batch"?' in control.error("POST", "jobs", 422, json={"name": "x", "template": "batsh"})
    message = control.error("POST", "jobs", 422, json={"name": "x", "paralelism": 1})
    assert 'unknown key "paralelism"' in message and 'Did you mean "parallelism"?' in message
    assert "age" in control.error("POST", "jobs", 400, json={"name": "x", "age": "5m"})
    assert 'has no field "name"' in control.error("POST", "jobs", 400, json={"template": "batch"})
    message = control.error("POST", "jobs", 409, json={"name": "x", "id": job["id"]})
    assert message == f"A job with the id {job['id']} already exists."


def test_templates_of_the_scenario_can_be_used() -> None:
    scenario = {"templates": {"slow": {"lifecycle": [{"RUNNING": "forever"}]}}, "clock": "virtual"}
    with FlinkMock(scenario) as flink:
        control = Control(flink.control_url)
        control.post("jobs", {"name": "orders", "template": "slow"}, status=201)
        control.post("clock/run-until", {"job": "orders", "state": "RUNNING"})


def test_a_submission_fails_if_the_scenario_says_so() -> None:
    with FlinkMock({"operations": {"submit": {"fails": [1]}}}) as flink:
        control = Control(flink.control_url)
        assert "Failed to submit job" in control.error("POST", "jobs", 409, json={"name": "orders"})
        control.post("jobs", {"name": "orders"}, status=201)


def test_a_job_fails_with_an_exception(flink: FlinkMock, control: Control) -> None:
    control.post("clock/run-until", {"job": "orders", "state": "RUNNING"})
    control.post("clock/advance", {"by": "1s"})
    cause = {"class": "java.io.IOException", "message": "disk full"}
    exception = {"class": "java.lang.IllegalStateException", "message": "no", "cause": cause}
    assert control.post("jobs/orders/fail", {"exception": exception})["state"] == "RESTARTING"
    exceptions = httpx.get(f"{flink.url}/jobs/{flink.job('orders').id}/exceptions").json()
    assert "IllegalStateException: no" in str(exceptions) and "java.io.IOException: disk full" in str(exceptions)
    assert "has no vertex" in control.error("POST", "jobs/orders/fail", 404, json={"vertex": "nothing"})
    message = control.error("POST", "jobs/orders/fail", 400, json={"exception": {"clas": "X"}})
    assert 'Unknown field "clas". Did you mean "class"?' in message


def test_a_job_is_restarted_finished_and_cancelled(control: Control) -> None:
    control.post("clock/run-until", {"job": "orders", "state": "RUNNING"})
    assert control.post("jobs/orders/restart")["state"] == "RESTARTING"
    assert "Only a RUNNING job" in control.error("POST", "jobs/orders/restart", 409)
    assert control.post("jobs/orders/finish")["state"] == "FINISHED"
    for action in ("finish", "cancel", "fail"):
        control.error("POST", f"jobs/orders/{action}", 409)
    control.post("jobs", {"name": "orders"}, status=201)
    assert control.post("jobs/orders/cancel")["state"] == "CANCELLING"


def test_waiting_for_a_state_does_not_advance_the_clock(flink: FlinkMock, control: Control) -> None:
    time_before = flink.clock.now()
    message = control.error("POST", "jobs/late/wait", 409, json={"state": "RUNNING", "timeout": "50ms"})
    assert message.startswith("late was not RUNNING within 0.05 s: orders is ")
    timer = threading.Timer(0.1, lambda: flink.jobs.submit("late") and flink.advance("1s"))
    timer.start()
    assert control.post("jobs/late/wait", {"state": "RUNNING", "timeout": "1m"})["name"] == "late"
    timer.join()
    assert flink.clock.now() == time_before + 1_000
    assert flink.jobs.wait_for("late", "RUNNING").name == "late"


def test_taskmanagers_join_and_are_lost(flink: FlinkMock, control: Control) -> None:
    first_id, second_id = [taskmanager["id"] for taskmanager in control.get("taskmanagers")["taskmanagers"]]
    third_id = control.post("taskmanagers/join", status=201)["id"]
    assert control.post("taskmanagers/lose", {"id": second_id}) == {"id": second_id}
    assert control.post("taskmanagers/lose") == {"id": first_id}
    assert list(flink.taskmanagers) == [third_id]
    assert second_id in control.error("POST", "taskmanagers/lose", 404, json={"id": second_id})


def test_the_leader_crashes_and_is_elected_again(control: Control) -> None:
    assert control.get("leader") == {"leader": 0, "jobmanagers": [{"number": 0, "down": False}]}
    assert control.post("leader/crash", {"for": "10s"})["leader"] is None
    control.post("clock/advance", {"by": "10s"})
    assert control.get("leader")["leader"] == 0


def test_steps_that_wait_for_a_signal_end_when_the_signal_is_sent(control: Control) -> None:
    assert control.get("signals") == {"signals": [{"name": "go", "awaited": False}]}
    control.post("clock/advance", {"by": "1m"})
    assert control.get("signals") == {"signals": [{"name": "go", "awaited": True}]}
    control.post("signals/go", status=204)
    assert control.get("jobs/orders")["state"] == "FINISHED"
    assert "Known: go." in control.error("POST", "signals/g%20o", 404)


def test_a_job_that_a_test_submits_can_wait_for_a_signal(flink: FlinkMock) -> None:
    job = flink.jobs.submit("report", definition={"lifecycle": [{"RUNNING": "signal publish"}, "FINISHED"]})
    flink.advance("1m")
    assert flink.signals == {"go": True, "publish": True}
    flink.signal("publish")
    assert job.state == "FINISHED"
