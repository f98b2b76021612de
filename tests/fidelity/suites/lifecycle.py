"""Jobs that finish, fail, are cancelled or wait for slots: their states, and all reads after their end."""

from __future__ import annotations

import time

from tests.fidelity.driver import Body, Driver, is_met
from tests.fidelity.job_steps import (
    cancel,
    has_ended,
    job_describer,
    set_taskmanager_variable,
    set_vertex_variables,
    start_job,
    wait_for_checkpoints,
    wait_for_job,
)
from tests.fidelity.suites.gets import JOB_GETS, VERTEX_GETS, get_all
from tests.fidelity.timelines import PolledPath, Timelines

JOB = "/jobs/{job}"
POLLING_AFTER_END_S = 1.0


def lifecycle(driver: Driver) -> None:
    set_taskmanager_variable(driver)
    start_job(driver, "finite", "--name", "oracle finite job", wait=False)
    poll_until_end(driver, "finite")
    read_ended_job(driver, "FINISHED")
    run_failing_job(driver)
    start_job(driver, "wordcount", "--name", "oracle word count", name="run to be cancelled")
    wait_for_checkpoints(driver, 1)
    driver.step("cancel", "PATCH", JOB, "mode=cancel")
    driver.step("right after cancel", "GET", JOB + "/status")
    driver.step("cancel while cancelling", "PATCH", JOB)
    poll_until_end(driver, "cancel")
    read_ended_job(driver, "CANCELED")
    use_legacy_paths(driver)
    run_job_without_slots(driver)


def poll_until_end(driver: Driver, label: str, timeout: float = 40) -> None:
    """Poll the job, the list of jobs and the cluster overview until a second after the job has ended."""
    polled_paths = {
        "job": PolledPath(
            JOB, lambda body: body["state"] + "|" + ",".join(vertex["status"] for vertex in body["vertices"])
        ),
        "jobs/overview": PolledPath("/jobs/overview", job_describer(driver)),
        "overview": PolledPath("/overview", describe_job_counts),
    }
    start = time.time()
    timelines = Timelines(driver, label, polled_paths, start)
    end = start + timeout
    job_has_ended = False
    while time.time() < end:
        bodies = timelines.poll()
        if not job_has_ended and is_met(has_ended, bodies["job"]):
            job_has_ended = True
            end = time.time() + POLLING_AFTER_END_S
        time.sleep(0.1)
    timelines.record()


def describe_job_counts(overview: Body) -> str:
    return ",".join(f"{key}={value}" for key, value in overview.items() if key.startswith("jobs-"))


def read_ended_job(driver: Driver, label: str) -> None:
    """Send all reads of a job that has ended, and requests to cancel the job and to keep it alive."""
    set_vertex_variables(driver)
    vertex = JOB + "/vertices/{v1}"
    get_all(driver, f"{label} job", JOB, JOB_GETS, job_has_ended=True)
    get_all(driver, f"{label} vertex", vertex, VERTEX_GETS, job_has_ended=True)
    driver.step(f"{label} vertex metrics get", "GET", vertex + "/metrics", "get=0.numRecordsIn", volatile=True)
    driver.step(f"{label} unknown vertex", "GET", JOB + "/vertices/{unknown}")
    history = (driver.peek(JOB + "/checkpoints") or {}).get("history")
    driver.variables["cp"] = history[0]["id"] if history else 1
    driver.step(f"{label} checkpoint details", "GET", JOB + "/checkpoints/details/{cp}")
    driver.step(f"{label} checkpoint subtasks", "GET", JOB + "/checkpoints/details/{cp}/subtasks/{v1}")
    driver.step(f"{label} cancel", "PATCH", JOB)
    driver.step(f"{label} cancel again with mode", "PATCH", JOB, "mode=cancel")
    driver.step(f"{label} stop mode", "PATCH", JOB, "mode=stop")
    expiration_ms = int(time.time() * 1000) + 60_000
    driver.step(f"{label} heartbeat", "PATCH", JOB + "/clientHeartbeat", json_body={"expiredTimestamp": expiration_ms})
    driver.step(f"{label} jobs/overview", "GET", "/jobs/overview")
    driver.step(f"{label} overview", "GET", "/overview")


def run_failing_job(driver: Driver) -> None:
    start_job(driver, "failing", "--name", "oracle failing job", wait=False, set_variables=False)
    wait_for_job(driver, driver.variables["job"], lambda job: job["state"] == "RESTARTING", timeout=20, interval=0.02)
    driver.step("RESTARTING job", "GET", JOB)
    driver.step("RESTARTING exceptions", "GET", JOB + "/exceptions")
    driver.step("RESTARTING execution-result", "GET", JOB + "/execution-result")
    driver.step("RESTARTING status", "GET", JOB + "/status")
    poll_until_end(driver, "failing")
    read_ended_job(driver, "FAILED")
    for number in ("2", "0", "-1", "x"):
        driver.step(f"exceptions maxExceptions={number}", "GET", JOB + "/exceptions", f"maxExceptions={number}")
    driver.step("exceptions failureLabelFilter", "GET", JOB + "/exceptions", "failureLabelFilter=type:USER")
    driver.step("exceptions failureLabelFilter bad", "GET", JOB + "/exceptions", "failureLabelFilter=nocolon")
    get_all(driver, "FAILED v1 attempt 2", JOB + "/vertices/{v1}/subtasks/0/attempts/2", ("", "/accumulators"))


def use_legacy_paths(driver: Driver) -> None:
    """Send the cancel and stop requests of old releases of Flink."""
    start_job(driver, "wordcount", "--name", "oracle word count", name="run for the legacy paths")
    driver.step("mode=stop", "PATCH", JOB, "mode=stop")
    driver.step("mode=nope", "PATCH", JOB, "mode=nope")
    driver.step("mode empty", "PATCH", JOB, "mode=")
    driver.step("yarn-stop", "GET", JOB + "/yarn-stop")
    driver.step("yarn-cancel", "GET", JOB + "/yarn-cancel")
    driver.poll("after yarn-cancel", JOB, lambda body: body["state"], has_ended, timeout=20)
    driver.step("DELETE a job", "DELETE", JOB)


def run_job_without_slots(driver: Driver) -> None:
    """Run a job that needs more slots than the cluster has."""
    start_job(driver, "wordcount", "--par", "64", "--name", "too wide", name="run too wide", wait=False)
    time.sleep(1.5)
    driver.step("waiting for slots: job", "GET", JOB)
    driver.step("waiting for slots: jobs/overview", "GET", "/jobs/overview")
    driver.step("waiting for slots: overview", "GET", "/overview")
    driver.step("waiting for slots: vertex", "GET", JOB + "/vertices/{v1}")
    driver.step("waiting for slots: exceptions", "GET", JOB + "/exceptions")
    cancel(driver, recorded=True)
    driver.step("waiting for slots: canceled job", "GET", JOB)
