"""What suites do with jobs: upload, start, read ids, wait, cancel."""

from __future__ import annotations

from typing import Any

from tests.fidelity.driver import SHAPE_ERRORS, UNKNOWN_ID, Body, Driver
from tests.fidelity.multipart import jar_part

TERMINAL = ("FINISHED", "FAILED", "CANCELED", "SUSPENDED")


def jar_bytes(driver: Driver, kind: str) -> bytes:
    return (driver.jars / f"{kind}.jar").read_bytes()


def upload(driver: Driver, kind: str, variable: str | None = None, name: str | None = None) -> None:
    """Record the upload of a jar. The variable {jar_KIND} gets its id."""
    response = driver.step(
        name or f"upload {kind}.jar", "POST", "/jars/upload", parts=[jar_part(f"{kind}.jar", jar_bytes(driver, kind))]
    )
    if isinstance(response, dict) and "filename" in response:
        driver.variables[variable or f"jar_{kind}"] = response["filename"].rsplit("/", 1)[-1]


def start_job(
    driver: Driver,
    kind: str,
    *args: str,
    variable: str = "job",
    name: str | None = None,
    running: bool = True,
    learn: bool = True,
) -> str | None:
    """Run a job and return its id. With `running`, wait until all its tasks run; with `learn`, set its variables."""
    if f"jar_{kind}" not in driver.variables:
        upload(driver, kind)
    body = {"programArgsList": list(args)} if args else {}
    response = driver.step(name or f"run {kind}", "POST", f"/jars/{{jar_{kind}}}/run", json_body=body)
    job_id = response.get("jobid") if isinstance(response, dict) else None
    driver.variables[variable] = job_id or UNKNOWN_ID
    if job_id and running:
        wait_state(driver, job_id, all_tasks_run)
    if learn:
        learn_vertices(driver, variable)
    return job_id


def all_tasks_run(job: dict[str, Any]) -> bool:
    return bool(job["state"] == "RUNNING" and job["tasks"]["running"] == job["tasks"]["total"] > 0)


def has_ended(job: dict[str, Any]) -> bool:
    return job["state"] in TERMINAL


def wait_state(driver: Driver, job_id: str, until: Any, timeout: float = 30, interval: float = 0.05) -> Body:
    """Wait for a job by the list of jobs, because Flink caches /jobs/:jobid for web.refresh-interval (3 s)."""
    return driver.wait(
        "/jobs/overview", lambda body: any(until(j) for j in body["jobs"] if j["jid"] == job_id), timeout, interval
    )


def wait_checkpoints(driver: Driver, count: int) -> None:
    driver.wait("/jobs/{job}/checkpoints", lambda body: body["counts"]["completed"] >= count, timeout=20)


def learn_vertices(driver: Driver, variable: str = "job", prefix: str = "") -> None:
    """Set the variables {v0}, {v1} …, {source}, {vertex} (the third vertex) and {sink}."""
    body = driver.peek(f"/jobs/{{{variable}}}") or {}
    ids = [vertex["id"] for vertex in body.get("vertices", [])] or [UNKNOWN_ID]
    for i, vertex_id in enumerate(ids):
        driver.variables[f"{prefix}v{i}"] = vertex_id
    driver.variables[f"{prefix}source"], driver.variables[f"{prefix}sink"] = ids[0], ids[-1]
    driver.variables[f"{prefix}vertex"] = ids[min(2, len(ids) - 1)]


def vertex_variables(driver: Driver) -> list[str]:
    return [f"v{i}" for i in range(6) if f"v{i}" in driver.variables]


def learn_taskmanager(driver: Driver) -> None:
    """Set the variable {tm}: the TaskManager with the fewest free slots, which runs tasks if any does."""
    known = (driver.peek("/taskmanagers") or {}).get("taskmanagers") or [{"id": "none", "freeSlots": 0}]
    driver.variables["tm"] = min(known, key=lambda tm: tm["freeSlots"])["id"]


def cancel(driver: Driver, variable: str = "job", *, recorded: bool = False) -> None:
    if recorded:
        driver.step(f"cancel {{{variable}}}", "PATCH", f"/jobs/{{{variable}}}")
    else:
        driver.send("PATCH", driver.fill(f"/jobs/{{{variable}}}"))
    wait_state(driver, driver.variables[variable], has_ended, timeout=20)


def settle(driver: Driver) -> None:
    """Cancel all jobs that still run, so that the next suite has free slots."""
    for job in (driver.peek("/jobs/overview") or {}).get("jobs", []):
        if not has_ended(job):
            driver.send("PATCH", f"/jobs/{job['jid']}")
    driver.wait("/jobs/overview", lambda body: all(has_ended(job) for job in body["jobs"]), timeout=20)
    driver.wait("/overview", lambda body: body["slots-available"] == body["slots-total"], timeout=20)


def trigger(driver: Driver, name: str | None, method: str, path: str, **request: Any) -> bool:
    """Trigger an async operation; the variable {trigger} gets its id. Return whether the response is a success."""
    response = driver.step(name, method, path, **request)
    try:
        driver.variables["trigger"] = response["request-id"]
    except SHAPE_ERRORS:
        driver.variables["trigger"] = UNKNOWN_ID
    return bool(driver.last["status"] // 100 == 2)


def poll_operation(driver: Driver, name: str, path: str, timeout: float = 30) -> Body:
    """Poll an async operation until it is COMPLETED. The recorded state has the keys of its result."""
    return driver.poll(name, path, operation_state, operation_completed, timeout, interval=0.02)


def operation_state(body: Body) -> str:
    status: str = body["status"]["id"]
    return status if status != "COMPLETED" else "COMPLETED:" + ",".join(body.get("operation") or ["-"])


def operation_completed(body: Body) -> bool:
    return bool(body["status"]["id"] == "COMPLETED")
