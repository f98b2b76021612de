"""Reads and async operations that several situations send."""

from __future__ import annotations

from tests.fidelity.driver import Driver
from tests.fidelity.job_steps import poll_operation, trigger
from tests.fidelity.suites.gets import JOB_GETS, VERTEX_GETS, get_all

JOB = "/jobs/{job}"
JOB_CACHE_S = 3.2
"""How long to wait until /jobs/:jobid is up to date: Flink caches it for web.refresh-interval (3 s)."""


def trigger_operations(driver: Driver, label: str) -> None:
    """Trigger a savepoint, a stop and a checkpoint, polling each until it is completed, and set parallelism bounds.

    Releases without the operation for checkpoints are not polled for one.
    """
    body = {"cancel-job": False, "target-directory": "file://{scratch}/sp"}
    trigger(driver, f"{label}: savepoint", "POST", JOB + "/savepoints", json_body=body)
    poll_operation(driver, f"{label}: poll savepoint", JOB + "/savepoints/{trigger}")
    body = {"drain": False, "targetDirectory": "file://{scratch}/sp"}
    trigger(driver, f"{label}: stop", "POST", JOB + "/stop", json_body=body)
    poll_operation(driver, f"{label}: poll stop", JOB + "/savepoints/{trigger}")
    if trigger(driver, f"{label}: checkpoint", "POST", JOB + "/checkpoints", json_body={}):
        poll_operation(driver, f"{label}: poll checkpoint", JOB + "/checkpoints/{trigger}")
    bounds = {"parallelism": {"lowerBound": 1, "upperBound": 1}}
    driver.step(
        f"{label}: put resource-requirements", "PUT", JOB + "/resource-requirements",
        json_body={driver.variables.get("v0", "none"): bounds},
    )  # fmt: skip


def read_job(driver: Driver, label: str, vertex_variable: str | None = None) -> None:
    """Send all reads of the job and, unless `vertex_variable` is None, of the vertex whose id it holds."""
    get_all(driver, f"{label}: job", JOB, JOB_GETS)
    driver.step(f"{label}: checkpoint details", "GET", JOB + "/checkpoints/details/1")
    if vertex_variable:
        driver.step(
            f"{label}: checkpoint subtasks", "GET", f"{JOB}/checkpoints/details/1/subtasks/{{{vertex_variable}}}"
        )
        get_all(driver, f"{label}: vertex", f"{JOB}/vertices/{{{vertex_variable}}}", VERTEX_GETS)
    driver.step(f"{label}: jobs/overview", "GET", "/jobs/overview")
