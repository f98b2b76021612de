"""Jobs with finished vertices: batch jobs, and a streaming job with a bounded source."""

from __future__ import annotations

import time

from tests.fidelity.driver import Body, Driver
from tests.fidelity.job_steps import cancel, set_taskmanager_variable, set_vertex_variables, start_job, wait_for_job
from tests.fidelity.situations.common_steps import JOB, read_job, trigger_operations

METRICS_DELAY_S = 13
"""Longer than the 10 s between two fetches of metrics, so that the next request starts a new fetch."""


def describe_graph(job: Body) -> str:
    """Describe the graph of a batch job, which grows: number of vertices, pending operators, and states of vertices."""
    states = ",".join(vertex["status"] for vertex in job["vertices"])
    return f"{len(job['vertices'])} {job.get('pending-operators')} {states}"


def batch_job(driver: Driver) -> None:
    """Run a batch job until it is FINISHED, and another one that is cancelled."""
    set_taskmanager_variable(driver)
    start_job(
        driver,
        "finite",
        "--batch",
        "true",
        "--count",
        "900",
        "--name",
        "batch",
        name="batch: run",
        wait=False,
    )
    wait_for_job(driver, driver.variables["job"], lambda job: job["tasks"]["running"] > 0)
    time.sleep(1)
    set_vertex_variables(driver)
    driver.step("batch: first", "GET", JOB)
    trigger_operations(driver, "batch")
    read_job(driver, "batch", "v0")
    driver.poll("batch: timeline", JOB, describe_graph, lambda body: body["state"] == "FINISHED", timeout=40)
    driver.step("batch: list after the end", "GET", "/jobs/overview")
    set_vertex_variables(driver)
    read_job(driver, "batch FINISHED", "v0")
    start_job(
        driver,
        "finite",
        "--batch",
        "true",
        "--count",
        "100",
        "--name",
        "batch",
        name="batch: run again",
        wait=False,
    )
    wait_for_job(driver, driver.variables["job"], lambda job: job["tasks"]["running"] > 0)
    time.sleep(0.5)
    cancel(driver)
    driver.step("batch: CANCELED", "GET", JOB)
    driver.step("batch: CANCELED list", "GET", "/jobs/overview")


def partly_finished_job(driver: Driver) -> None:
    """Run a streaming job with one vertex, "once", that finishes."""
    start_job(driver, "partlyfinished", name="partly: run")
    wait_for_job(driver, driver.variables["job"], lambda job: job["tasks"]["finished"] == 1)
    time.sleep(METRICS_DELAY_S)
    set_vertex_variables(driver)
    body = driver.peek(JOB)
    driver.variables["once"] = next(vertex["id"] for vertex in body["vertices"] if vertex["name"].endswith("once"))
    for tail in ("/metrics", "/backpressure"):  # the first request of each makes the cluster collect the values
        driver.peek(f"{JOB}/vertices/{{once}}{tail}")
    time.sleep(1)
    read_job(driver, "partly", "once")
    history = driver.peek(JOB + "/checkpoints")["history"]
    driver.variables["cp"] = next(checkpoint["id"] for checkpoint in history if checkpoint["status"] != "IN_PROGRESS")
    driver.step("partly: newest checkpoint", "GET", JOB + "/checkpoints/details/{cp}")
    driver.step("partly: newest checkpoint of once", "GET", JOB + "/checkpoints/details/{cp}/subtasks/{once}")
    set_taskmanager_variable(driver)
    driver.step("partly: taskmanager", "GET", "/taskmanagers/{tm}")
    # runningTime is the time in RUNNING, which goes on after "once" has finished (1.12 has no such metric);
    # numRunningTasks is not a metric of Flink, so no response contains it
    driver.step("partly: accumulated", "GET", JOB + "/metrics", "get=runningTime,numRunningTasks")
    trigger_operations(driver, "partly")
