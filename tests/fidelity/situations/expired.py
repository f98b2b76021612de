"""A job that has ended and then expires in the job store."""

from __future__ import annotations

import time

from tests.fidelity.driver import Body, Driver
from tests.fidelity.job_steps import has_ended, job_describer, start_job, wait_for_job
from tests.fidelity.situations.common_steps import JOB
from tests.fidelity.timelines import PolledPath, Timelines

EXPIRATION_TIME_S = 20
POLLING_TIME_S = 70
OPTIONS = (f"jobstore.expiration-time: {EXPIRATION_TIME_S}",)


def expired_job(driver: Driver) -> None:
    """Run a job that ends, and poll all responses that show it until the cluster has forgotten it."""
    start_job(driver, "finite", "--count", "20", "--name", "soon gone", name="forgotten: run", wait=False)
    job_id = driver.variables["job"]
    wait_for_job(driver, job_id, has_ended)
    end_of_job = time.time()

    def job_status(body: Body) -> str:
        return next((job["status"] for job in body["jobs"] if job["id"] == job_id), "gone")

    def application_ids(body: Body) -> str:  # the application of a job that /jars/:jarid/run starts has the job's id
        return ",".join(application["id"] for application in body["applications"]).replace(job_id, "there")

    polled_paths = {
        "jobs/overview": PolledPath("/jobs/overview", job_describer(driver)),
        "jobs": PolledPath("/jobs", job_status),
        "job": PolledPath(JOB, lambda body: body["state"]),
        "status": PolledPath(JOB + "/status", lambda body: body["status"]),
        "execution-result": PolledPath(JOB + "/execution-result", lambda body: body["status"]["id"]),
        "checkpoints": PolledPath(JOB + "/checkpoints", lambda body: "there"),
        "exceptions": PolledPath(JOB + "/exceptions", lambda body: "there"),
        "overview": PolledPath("/overview", lambda body: f"finished={body['jobs-finished']}"),
        "applications/overview": PolledPath("/applications/overview", application_ids),
        "application": PolledPath("/applications/{job}", lambda body: body["status"]),
    }
    timelines = Timelines(driver, "forgotten", polled_paths, end_of_job)
    while time.time() < end_of_job + POLLING_TIME_S:
        timelines.poll()
        time.sleep(0.2)
    timelines.record()
    for path in (
        "",
        "/config",
        "/plan",
        "/metrics",
        "/accumulators",
        "/vertices/{v0}",
        "/vertices/{v0}/metrics",
        "/checkpoints/config",
    ):
        driver.step(f"forgotten: job{path}", "GET", JOB + path)
    driver.step("forgotten: cancel", "PATCH", JOB)
    driver.step("forgotten: cancel application", "POST", "/applications/{job}/cancel")
    driver.step("forgotten: application", "GET", "/applications/{job}")
    driver.step("forgotten: overview", "GET", "/overview")
