"""Reads everything that a server has, as steps of a suite.

test_record_real.py compares the steps of a real cluster with those of a fake that serves its recording. Jobs are
numbered in the order of their start. The ids of checkpoints and TaskManagers are read from each server, because those
of the fake are different.
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
TASKMANAGER_PATH_SUFFIXES = ("", "/metrics", "/metrics?get=Status.JVM.Memory.Heap.Used", "/logs", "/thread-dump")


def read_endpoints(driver: Driver) -> Steps:
    """Read everything; return the steps. Those of ended jobs are marked if their responses may vary."""
    driver.begin_suite("reads")
    for target in CLUSTER_TARGETS:
        path, _, query = target.partition("?")
        driver.read(path, query or None)
    for number, taskmanager in enumerate(_entries(driver.peek("/taskmanagers"), "taskmanagers")):
        driver.variables["tm"] = taskmanager["id"]
        get_all(driver, f"task manager {number}", "/taskmanagers/{tm}", TASKMANAGER_PATH_SUFFIXES)
    jobs = sorted(_entries(driver.peek("/jobs/overview"), "jobs"), key=lambda job: job["start-time"])
    for number, job in enumerate(jobs):
        _read_job(driver, f"job {number}", job["jid"], has_ended=job["state"] in TERMINAL_STATES)
    return driver.steps


def _read_job(driver: Driver, label: str, job_id: str, *, has_ended: bool) -> None:
    """Read a job, its vertices, and its newest completed and failed checkpoints."""
    driver.variables["job"] = job_id
    get_all(driver, label, "/jobs/{job}", JOB_GETS, job_has_ended=has_ended)
    vertices = _entries(driver.peek("/jobs/{job}"), "vertices")
    for number, vertex in enumerate(vertices):
        driver.variables["vertex"] = vertex["id"]
        get_all(
            driver, f"{label} vertex {number}", "/jobs/{job}/vertices/{vertex}", VERTEX_GETS, job_has_ended=has_ended
        )
    history = _entries(driver.peek("/jobs/{job}/checkpoints"), "history")
    for status in ("COMPLETED", "FAILED"):
        for checkpoint in [entry for entry in history if entry["status"] == status and not entry["is_savepoint"]][:1]:
            driver.variables["checkpoint"] = checkpoint["id"]
            driver.step(f"{label} newest {status} checkpoint", "GET", "/jobs/{job}/checkpoints/details/{checkpoint}")
            for number, vertex in enumerate(vertices):
                driver.variables["vertex"] = vertex["id"]
                driver.step(
                    f"{label} newest {status} checkpoint of vertex {number}",
                    "GET",
                    "/jobs/{job}/checkpoints/details/{checkpoint}/subtasks/{vertex}",
                )


def _entries(body: Body, key: str) -> list[dict[str, Body]]:
    """Return the list at a key of a response; [] if the body has none."""
    entries = body.get(key) if isinstance(body, dict) else None
    return entries if isinstance(entries, list) else []
