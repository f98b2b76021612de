"""Reads everything that a server has, as steps of a suite, to compare a cluster with a fake that serves its recording.

    python -m tests.fidelity.compare REAL REPLAY

compares the steps of two servers. Jobs are numbered in the order of their start. The ids of checkpoints and
TaskManagers are read from each server, because those of the fake are different.
"""

from __future__ import annotations

from tests.fidelity.driver import Body, Driver
from tests.fidelity.job_steps import TERMINAL_STATES
from tests.fidelity.recordings import Steps
from tests.fidelity.suites.gets import JOB_GETS, VERTEX_GETS, get_all

CLUSTER_TARGETS = (
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
TASKMANAGER_TAILS = ("", "/metrics", "/metrics?get=Status.JVM.Memory.Heap.Used", "/logs", "/thread-dump")


def read_endpoints(driver: Driver) -> Steps:
    """Read everything; return the steps. Steps of ended jobs whose responses may vary are marked."""
    driver.begin_suite("reads")
    for target in CLUSTER_TARGETS:
        path, _, query = target.partition("?")
        driver.read(path, query or None)
    for number, row in enumerate(_rows(driver.peek("/taskmanagers"), "taskmanagers")):
        driver.variables["tm"] = row["id"]
        get_all(driver, f"task manager {number}", "/taskmanagers/{tm}", TASKMANAGER_TAILS)
    jobs = sorted(_rows(driver.peek("/jobs/overview"), "jobs"), key=lambda row: row["start-time"])
    for number, row in enumerate(jobs):
        _read_job(driver, f"job {number}", row["jid"], has_ended=row["state"] in TERMINAL_STATES)
    return driver.steps


def _read_job(driver: Driver, label: str, job_id: str, *, has_ended: bool) -> None:
    driver.variables["job"] = job_id
    get_all(driver, label, "/jobs/{job}", JOB_GETS, ended=has_ended)
    vertices = _rows(driver.peek("/jobs/{job}"), "vertices")
    for number, vertex in enumerate(vertices):
        driver.variables["vertex"] = vertex["id"]
        get_all(driver, f"{label} vertex {number}", "/jobs/{job}/vertices/{vertex}", VERTEX_GETS, ended=has_ended)
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
