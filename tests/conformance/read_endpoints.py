"""Everything that can be read on a server, played as steps, so that a cluster and the replay of its recording compare.

    python -m tests.fidelity.compare REAL REPLAY

compares the steps of two servers. Jobs are numbered in the order of their start. The ids of checkpoints and task
managers are read from each server, because a replay has other ones.
"""

from __future__ import annotations

from tests.fidelity.driver import Body, Driver
from tests.fidelity.job_steps import TERMINAL
from tests.fidelity.recordings import Steps
from tests.fidelity.suites.gets import JOB_GETS, VERTEX_GETS, get_all

OF_CLUSTER = (
    "/overview",
    "/config",
    "/jobs",
    "/jobs/overview",
    "/jobs/metrics",
    "/applications/overview",
    "/jobmanager/config",
    "/jobmanager/environment",
    "/jobmanager/logs",
    "/jobmanager/metrics",
    "/jobmanager/metrics?get=Status.JVM.Memory.Heap.Used,numRegisteredTaskManagers,numRunningJobs",
    "/jobmanager/thread-dump",
    "/taskmanagers",
    "/taskmanagers/metrics",
    "/taskmanagers/metrics?get=Status.JVM.Memory.Heap.Used",
    "/datasets",
)
OF_TASK_MANAGER = ("", "/metrics", "/metrics?get=Status.JVM.Memory.Heap.Used", "/logs", "/thread-dump")


def read_endpoints(driver: Driver) -> Steps:
    """The steps, ended jobs' volatile ones marked."""
    driver.begin_suite("reads")
    for target in OF_CLUSTER:
        path, _, query = target.partition("?")
        driver.read(path, query or None)
    for number, row in enumerate(_rows(driver.peek("/taskmanagers"), "taskmanagers")):
        driver.variables["tm"] = row["id"]
        get_all(driver, f"task manager {number}", "/taskmanagers/{tm}", OF_TASK_MANAGER)
    jobs = sorted(_rows(driver.peek("/jobs/overview"), "jobs"), key=lambda row: row["start-time"])
    for number, row in enumerate(jobs):
        _job(driver, f"job {number}", row["jid"], row["state"] in TERMINAL)
    return driver.steps


def _job(driver: Driver, label: str, job_id: str, ended: bool) -> None:
    driver.variables["job"] = job_id
    get_all(driver, label, "/jobs/{job}", JOB_GETS, ended=ended)
    vertices = _rows(driver.peek("/jobs/{job}"), "vertices")
    for number, vertex in enumerate(vertices):
        driver.variables["vertex"] = vertex["id"]
        get_all(driver, f"{label} vertex {number}", "/jobs/{job}/vertices/{vertex}", VERTEX_GETS, ended=ended)
    history = _rows(driver.peek("/jobs/{job}/checkpoints"), "history")
    for status in ("COMPLETED", "FAILED"):
        for checkpoint in [row for row in history if row["status"] == status and not row["is_savepoint"]][:1]:
            driver.variables["checkpoint"] = checkpoint["id"]
            driver.step(f"{label} newest {status} checkpoint", "GET", "/jobs/{job}/checkpoints/details/{checkpoint}")
            for number, vertex in enumerate(vertices):
                driver.variables["vertex"] = vertex["id"]
                driver.step(
                    f"{label} newest {status} checkpoint of vertex {number}",
                    "GET",
                    "/jobs/{job}/checkpoints/details/{checkpoint}/subtasks/{vertex}",
                )


def _rows(body: Body, key: str) -> list[dict[str, Body]]:
    rows = body.get(key) if isinstance(body, dict) else None
    return rows if isinstance(rows, list) else []
