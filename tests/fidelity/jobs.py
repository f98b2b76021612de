"""What suites do with jobs: upload, start, read ids, wait, cancel."""

from __future__ import annotations

from typing import Any

from tests.fidelity.driver import SHAPE_ERRORS, UNKNOWN_ID, Body, Driver
from tests.fidelity.multipart import jar_part

TERMINAL = ("FINISHED", "FAILED", "CANCELED", "SUSPENDED")


def jar_bytes(d: Driver, kind: str) -> bytes:
    return (d.jars / f"{kind}.jar").read_bytes()


def upload(d: Driver, kind: str, variable: str | None = None, name: str | None = None) -> None:
    """Record the upload of a jar. The variable {jar_KIND} gets its id."""
    response = d.step(
        name or f"upload {kind}.jar", "POST", "/jars/upload", parts=[jar_part(f"{kind}.jar", jar_bytes(d, kind))]
    )
    if isinstance(response, dict) and "filename" in response:
        d.variables[variable or f"jar_{kind}"] = response["filename"].rsplit("/", 1)[-1]


def start_job(
    d: Driver,
    kind: str,
    *args: str,
    variable: str = "job",
    name: str | None = None,
    running: bool = True,
    learn: bool = True,
) -> str | None:
    """Run a job and return its id. With `running`, wait until all its tasks run; with `learn`, set its variables."""
    if f"jar_{kind}" not in d.variables:
        upload(d, kind)
    body = {"programArgsList": list(args)} if args else {}
    response = d.step(name or f"run {kind}", "POST", f"/jars/{{jar_{kind}}}/run", json_body=body)
    job_id = response.get("jobid") if isinstance(response, dict) else None
    d.variables[variable] = job_id or UNKNOWN_ID
    if job_id and running:
        wait_state(d, job_id, all_tasks_run)
    if learn:
        learn_vertices(d, variable)
    return job_id


def all_tasks_run(job: dict[str, Any]) -> bool:
    return bool(job["state"] == "RUNNING" and job["tasks"]["running"] == job["tasks"]["total"] > 0)


def has_ended(job: dict[str, Any]) -> bool:
    return job["state"] in TERMINAL


def wait_state(d: Driver, job_id: str, until: Any, timeout: float = 30, interval: float = 0.05) -> Body:
    """Wait for a job by the list of jobs, because Flink caches /jobs/:jobid for web.refresh-interval (3 s)."""
    return d.wait("/jobs/overview", lambda b: any(until(j) for j in b["jobs"] if j["jid"] == job_id), timeout, interval)


def wait_checkpoints(d: Driver, count: int) -> None:
    d.wait("/jobs/{job}/checkpoints", lambda b: b["counts"]["completed"] >= count, timeout=20)


def learn_vertices(d: Driver, variable: str = "job", prefix: str = "") -> None:
    """Set the variables {v0}, {v1} …, {source}, {vertex} (the third vertex) and {sink}."""
    body = d.peek(f"/jobs/{{{variable}}}") or {}
    ids = [vertex["id"] for vertex in body.get("vertices", [])] or [UNKNOWN_ID]
    for i, vertex_id in enumerate(ids):
        d.variables[f"{prefix}v{i}"] = vertex_id
    d.variables[f"{prefix}source"], d.variables[f"{prefix}sink"] = ids[0], ids[-1]
    d.variables[f"{prefix}vertex"] = ids[min(2, len(ids) - 1)]


def vertex_variables(d: Driver) -> list[str]:
    return [f"v{i}" for i in range(6) if f"v{i}" in d.variables]


def learn_taskmanager(d: Driver) -> None:
    """Set the variable {tm}: the TaskManager with the fewest free slots, which runs tasks if any does."""
    known = (d.peek("/taskmanagers") or {}).get("taskmanagers") or [{"id": "none", "freeSlots": 0}]
    d.variables["tm"] = min(known, key=lambda tm: tm["freeSlots"])["id"]


def cancel(d: Driver, variable: str = "job", *, recorded: bool = False) -> None:
    if recorded:
        d.step(f"cancel {{{variable}}}", "PATCH", f"/jobs/{{{variable}}}")
    else:
        d.send("PATCH", d.fill(f"/jobs/{{{variable}}}"))
    wait_state(d, d.variables[variable], has_ended, timeout=20)


def settle(d: Driver) -> None:
    """Cancel all jobs that still run, so that the next suite has free slots."""
    for job in (d.peek("/jobs/overview") or {}).get("jobs", []):
        if not has_ended(job):
            d.send("PATCH", f"/jobs/{job['jid']}")
    d.wait("/jobs/overview", lambda b: all(has_ended(job) for job in b["jobs"]), timeout=20)
    d.wait("/overview", lambda b: b["slots-available"] == b["slots-total"], timeout=20)


def trigger(d: Driver, name: str | None, method: str, path: str, **request: Any) -> bool:
    """Trigger an async operation; the variable {trigger} gets its id. Return whether the response is a success."""
    response = d.step(name, method, path, **request)
    try:
        d.variables["trigger"] = response["request-id"]
    except SHAPE_ERRORS:
        d.variables["trigger"] = UNKNOWN_ID
    return bool(d.last["status"] // 100 == 2)


def poll_operation(d: Driver, name: str, path: str, timeout: float = 30) -> Body:
    """Poll an async operation until it is COMPLETED. The recorded state has the keys of its result."""
    return d.poll(name, path, operation_state, operation_completed, timeout, interval=0.02)


def operation_state(body: Body) -> str:
    status: str = body["status"]["id"]
    return status if status != "COMPLETED" else "COMPLETED:" + ",".join(body.get("operation") or ["-"])


def operation_completed(body: Body) -> bool:
    return bool(body["status"]["id"] == "COMPLETED")
