"""Steps of several suites: upload a jar, start a job, read ids, wait, cancel, trigger and poll an async operation."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.fidelity.driver import SHAPE_ERRORS, UNKNOWN_ID, Body, Driver
from tests.fidelity.multipart import jar_part

TERMINAL_STATES = ("FINISHED", "FAILED", "CANCELED", "SUSPENDED")


def jar_bytes(driver: Driver, jar: str) -> bytes:
    return (driver.jar_folder / f"{jar}.jar").read_bytes()


def upload(driver: Driver, jar: str, variable: str | None = None, name: str | None = None) -> None:
    """Upload JAR.jar, and set the variable {jar_JAR}, or `variable`, to its id. `name` is the name of the step."""
    response = driver.step(
        name or f"upload {jar}.jar", "POST", "/jars/upload", parts=[jar_part(f"{jar}.jar", jar_bytes(driver, jar))]
    )
    if isinstance(response, dict) and "filename" in response:
        driver.variables[variable or f"jar_{jar}"] = response["filename"].rsplit("/", 1)[-1]


def start_job(
    driver: Driver,
    jar: str,
    *args: str,
    variable: str = "job",
    name: str | None = None,
    wait: bool = True,
    set_variables: bool = True,
) -> str | None:
    """Run a jar and return the id of its job; None if the job was not started.

    Args:
        driver: The driver that sends the requests.
        jar: The name of the jar, without `.jar`. It is uploaded unless the suite has already uploaded it.
        args: The arguments of the program.
        variable: The variable that gets the id of the job.
        name: The name of the step.
        wait: Whether to wait until all tasks are running.
        set_variables: Whether to set the variables of the vertices.
    """
    if f"jar_{jar}" not in driver.variables:
        upload(driver, jar)
    body = {"programArgsList": list(args)} if args else {}
    response = driver.step(name or f"run {jar}", "POST", f"/jars/{{jar_{jar}}}/run", json_body=body)
    job_id = response.get("jobid") if isinstance(response, dict) else None
    driver.variables[variable] = job_id or UNKNOWN_ID
    if job_id and wait:
        wait_for_job(driver, job_id, are_all_tasks_running)
    if set_variables:
        set_vertex_variables(driver, variable)
    return job_id


def are_all_tasks_running(job: dict[str, Any]) -> bool:
    return bool(job["state"] == "RUNNING" and job["tasks"]["running"] == job["tasks"]["total"] > 0)


def has_ended(job: dict[str, Any]) -> bool:
    return job["state"] in TERMINAL_STATES


def job_meets(job_id: str, condition: Callable[[dict[str, Any]], bool]) -> Callable[[Body], bool]:
    """Return a function that checks whether a job in a body of `/jobs/overview` meets a condition."""
    return lambda body: any(condition(job) for job in body["jobs"] if job["jid"] == job_id)


def job_describer(driver: Driver) -> Callable[[Body], str]:
    """Return a function that describes the job {job} and its tasks in a body of `/jobs/overview`."""

    def describe_job(body: Body) -> str:
        job = next((job for job in body["jobs"] if job["jid"] == driver.variables["job"]), None)
        if job is None:
            return "gone"
        return f"{job['state']} " + ",".join(f"{name}={count}" for name, count in job["tasks"].items() if count)

    return describe_job


def wait_for_job(
    driver: Driver,
    job_id: str,
    until: Callable[[dict[str, Any]], bool],
    timeout: float = 30,
    interval: float = 0.05,
) -> Body:
    """Poll the list of jobs until a job meets a condition. /jobs/:jobid would be up to 3 s old: Flink caches it."""
    return driver.wait("/jobs/overview", job_meets(job_id, until), timeout, interval)


def wait_for_checkpoints(driver: Driver, count: int) -> None:
    driver.wait("/jobs/{job}/checkpoints", lambda body: body["counts"]["completed"] >= count, timeout=20)


def set_vertex_variables(driver: Driver, variable: str = "job", prefix: str = "") -> None:
    """Set variables to the ids of vertices.

    {v0}, {v1} … are all vertices in order, {source} is the first, {vertex} the third (the last if there are fewer), and
    {sink} the last.

    Args:
        driver: The driver that sends the requests.
        variable: The variable with the id of the job.
        prefix: The beginning of the names of the variables that are set.
    """
    body = driver.peek(f"/jobs/{{{variable}}}") or {}
    ids = [vertex["id"] for vertex in body.get("vertices", [])] or [UNKNOWN_ID]
    for index, vertex_id in enumerate(ids):
        driver.variables[f"{prefix}v{index}"] = vertex_id
    driver.variables[f"{prefix}source"], driver.variables[f"{prefix}sink"] = ids[0], ids[-1]
    driver.variables[f"{prefix}vertex"] = ids[min(2, len(ids) - 1)]


def vertex_variables(driver: Driver) -> list[str]:
    """Return the names of the variables that `set_vertex_variables` has set for all vertices of a job: v0, v1 …"""
    return [name for name in driver.variables if re.fullmatch(r"v\d+", name)]


def set_taskmanager_variable(driver: Driver) -> None:
    """Set the variable {tm} to the id of the TaskManager with the fewest free slots, where tasks run, if any do."""
    taskmanagers = (driver.peek("/taskmanagers") or {}).get("taskmanagers") or [{"id": "none", "freeSlots": 0}]
    driver.variables["tm"] = min(taskmanagers, key=lambda taskmanager: taskmanager["freeSlots"])["id"]


def cancel(driver: Driver, variable: str = "job", *, recorded: bool = False) -> None:
    """Cancel a job and wait until it has ended. With `recorded`, the request is a step of the recording."""
    if recorded:
        driver.step(f"cancel {{{variable}}}", "PATCH", f"/jobs/{{{variable}}}")
    else:
        driver.send("PATCH", driver.fill(f"/jobs/{{{variable}}}"))
    wait_for_job(driver, driver.variables[variable], has_ended, timeout=20)


def cancel_all_jobs(driver: Driver) -> None:
    """Cancel all jobs that have not ended, and wait for their end, so that the next suite has free slots."""
    for job in (driver.peek("/jobs/overview") or {}).get("jobs", []):
        if not has_ended(job):
            driver.send("PATCH", f"/jobs/{job['jid']}")
    driver.wait("/jobs/overview", lambda body: all(has_ended(job) for job in body["jobs"]), timeout=20)
    driver.wait("/overview", lambda body: body["slots-available"] == body["slots-total"], timeout=20)


def trigger(driver: Driver, name: str | None, method: str, path: str, **request: Any) -> bool:
    """Trigger an async operation; set the variable {trigger} to its id. Return whether Flink accepted the request."""
    response = driver.step(name, method, path, **request)
    try:
        driver.variables["trigger"] = response["request-id"]
    except SHAPE_ERRORS:
        driver.variables["trigger"] = UNKNOWN_ID
    return bool(driver.last_response["status"] // 100 == 2)


def poll_operation(driver: Driver, name: str, path: str, timeout: float = 30) -> Body:
    """Poll an async operation until it is COMPLETED."""
    return driver.poll(name, path, describe_operation, is_operation_completed, timeout, interval=0.02)


def describe_operation(body: Body) -> str:
    """Return the state of an async operation and, once it is COMPLETED, the keys of its result."""
    status: str = body["status"]["id"]
    return status if status != "COMPLETED" else "COMPLETED:" + ",".join(body.get("operation") or ["-"])


def is_operation_completed(body: Body) -> bool:
    return bool(body["status"]["id"] == "COMPLETED")
