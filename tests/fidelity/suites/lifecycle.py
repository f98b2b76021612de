"""Jobs that finish, fail, are cancelled, wait for slots: the states on the way, and everything after the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.fidelity.driver import Body, Driver, met
from tests.fidelity.jobs import (
    TERMINAL,
    cancel,
    learn_taskmanager,
    learn_vertices,
    start_job,
    wait_checkpoints,
    wait_state,
)
from tests.fidelity.suites.gets import JOB_GETS, VERTEX_GETS, get_all

JOB = "/jobs/{job}"
SECONDS_AFTER_THE_END = 1.0


def lifecycle(d: Driver) -> None:
    learn_taskmanager(d)
    start_job(d, "finite", "--name", "oracle finite job", running=False)
    transition(d, "finite")
    after_end(d, "FINISHED")
    failing(d)
    start_job(d, "wordcount", "--name", "oracle word count", name="run to be cancelled")
    wait_checkpoints(d, 1)
    d.step("cancel", "PATCH", JOB, "mode=cancel")
    d.step("right after cancel", "GET", JOB + "/status")
    d.step("cancel while cancelling", "PATCH", JOB)
    transition(d, "cancel")
    after_end(d, "CANCELED")
    legacy_paths(d)
    too_wide(d)


def ended(body: Body) -> bool:
    return body["state"] in TERMINAL


def transition(d: Driver, label: str, timeout: float = 40) -> None:
    """Asks job, list and cluster overview in turn, every 100 ms or so, until a second after the job's end."""
    job_id = d.variables["job"]

    def listed(body: Body) -> str:
        job = next(job for job in body["jobs"] if job["jid"] == job_id)
        return f"{job['state']} " + ",".join(f"{state}={count}" for state, count in job["tasks"].items() if count)

    views: dict[str, tuple[str, Callable[[Body], str]]] = {
        "job": (JOB, lambda b: b["state"] + "|" + ",".join(vertex["status"] for vertex in b["vertices"])),
        "jobs/overview": ("/jobs/overview", listed),
        "overview": ("/overview", lambda b: ",".join(f"{k}={v}" for k, v in b.items() if k.startswith("jobs-"))),
    }
    rows: dict[str, Any] = {
        name: d.entry(f"{label}: {name} timeline", {"method": "GET", "path": path}) | {"timeline": [], "polls": 0}
        for name, (path, _) in views.items()
    }
    start = time.time()
    end = start + timeout
    over = False
    while time.time() < end:
        for name, (path, state) in views.items():
            response, body = d.exchange("GET", d.fill(path))
            rows[name]["polls"] += 1
            rows[name]["response"] = response
            d.note(rows[name], start, response, body, state)
            if name == "job" and not over and met(ended, body):
                over = True
                end = time.time() + SECONDS_AFTER_THE_END
        time.sleep(0.1)
    for row in rows.values():
        d.keep(row, start)


def after_end(d: Driver, label: str) -> None:
    """Every GET on a job that has ended."""
    learn_vertices(d)
    vertex = JOB + "/vertices/{v1}"
    get_all(d, f"{label} job", JOB, JOB_GETS, ended=True)
    get_all(d, f"{label} vertex", vertex, VERTEX_GETS, ended=True)
    d.step(f"{label} vertex metrics get", "GET", vertex + "/metrics", "get=0.numRecordsIn", volatile=True)
    d.step(f"{label} unknown vertex", "GET", JOB + "/vertices/{unknown}")
    history = (d.peek(JOB + "/checkpoints") or {}).get("history")
    d.variables["cp"] = history[0]["id"] if history else 1
    d.step(f"{label} checkpoint details", "GET", JOB + "/checkpoints/details/{cp}")
    d.step(f"{label} checkpoint subtasks", "GET", JOB + "/checkpoints/details/{cp}/subtasks/{v1}")
    d.step(f"{label} cancel", "PATCH", JOB)
    d.step(f"{label} cancel again with mode", "PATCH", JOB, "mode=cancel")
    d.step(f"{label} stop mode", "PATCH", JOB, "mode=stop")
    in_a_minute = int(time.time() * 1000) + 60_000
    d.step(f"{label} heartbeat", "PATCH", JOB + "/clientHeartbeat", json_body={"expiredTimestamp": in_a_minute})
    d.step(f"{label} jobs/overview", "GET", "/jobs/overview")
    d.step(f"{label} overview", "GET", "/overview")


def failing(d: Driver) -> None:
    start_job(d, "failing", "--name", "oracle failing job", running=False, learn=False)
    wait_state(d, d.variables["job"], lambda job: job["state"] == "RESTARTING", timeout=20, interval=0.02)
    d.step("RESTARTING job", "GET", JOB)
    d.step("RESTARTING exceptions", "GET", JOB + "/exceptions")
    d.step("RESTARTING execution-result", "GET", JOB + "/execution-result")
    d.step("RESTARTING status", "GET", JOB + "/status")
    transition(d, "failing")
    after_end(d, "FAILED")
    for number in ("2", "0", "-1", "x"):
        d.step(f"exceptions maxExceptions={number}", "GET", JOB + "/exceptions", f"maxExceptions={number}")
    d.step("exceptions failureLabelFilter", "GET", JOB + "/exceptions", "failureLabelFilter=type:USER")
    d.step("exceptions failureLabelFilter bad", "GET", JOB + "/exceptions", "failureLabelFilter=nocolon")
    get_all(d, "FAILED v1 attempt 2", JOB + "/vertices/{v1}/subtasks/0/attempts/2", ("", "/accumulators"))


def legacy_paths(d: Driver) -> None:
    """The old ways to cancel and stop."""
    start_job(d, "wordcount", "--name", "oracle word count", name="run for the legacy paths")
    d.step("mode=stop", "PATCH", JOB, "mode=stop")
    d.step("mode=nope", "PATCH", JOB, "mode=nope")
    d.step("mode empty", "PATCH", JOB, "mode=")
    d.step("yarn-stop", "GET", JOB + "/yarn-stop")
    d.step("yarn-cancel", "GET", JOB + "/yarn-cancel")
    d.poll("after yarn-cancel", JOB, lambda b: b["state"], ended, timeout=20)
    d.step("DELETE a job", "DELETE", JOB)


def too_wide(d: Driver) -> None:
    """Run a job that needs more slots than the cluster has."""
    start_job(d, "wordcount", "--par", "64", "--name", "too wide", name="run too wide", running=False)
    time.sleep(1.5)
    d.step("waiting for slots: job", "GET", JOB)
    d.step("waiting for slots: jobs/overview", "GET", "/jobs/overview")
    d.step("waiting for slots: overview", "GET", "/overview")
    d.step("waiting for slots: vertex", "GET", JOB + "/vertices/{v1}")
    d.step("waiting for slots: exceptions", "GET", JOB + "/exceptions")
    cancel(d, recorded=True)
    d.step("waiting for slots: canceled job", "GET", JOB)
