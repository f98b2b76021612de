"""A job that has ended and then expires in the job store."""

from __future__ import annotations

import time

from tests.fidelity.driver import Driver
from tests.fidelity.jobs import has_ended, start_job, wait_state
from tests.fidelity.situations.views import JOB, listed

KEPT_S = 20
OPTIONS = (f"jobstore.expiration-time: {KEPT_S}",)


def forgotten(d: Driver) -> None:
    start_job(d, "finite", "--count", "20", "--name", "soon gone", name="forgotten: run", running=False)
    wait_state(d, d.variables["job"], has_ended)
    ended = time.time()
    job = d.variables["job"]
    views = {
        "jobs/overview": ("/jobs/overview", listed(d)),
        "jobs": ("/jobs", lambda b: next((j["status"] for j in b["jobs"] if j["id"] == job), "gone")),
        "job": (JOB, lambda b: b["state"]),
        "status": (JOB + "/status", lambda b: b["status"]),
        "execution-result": (JOB + "/execution-result", lambda b: b["status"]["id"]),
        "checkpoints": (JOB + "/checkpoints", lambda b: "there"),
        "exceptions": (JOB + "/exceptions", lambda b: "there"),
        "overview": ("/overview", lambda b: f"finished={b['jobs-finished']}"),
        "applications/overview": (
            "/applications/overview",
            lambda b: ",".join(a["id"] for a in b["applications"]).replace(job, "there"),
        ),
        "application": ("/applications/{job}", lambda b: b["status"]),
    }
    rows = {
        name: d.entry(f"forgotten: {name} timeline", {"method": "GET", "path": path}) | {"timeline": [], "polls": 0}
        for name, (path, _) in views.items()
    }
    while time.time() < ended + KEPT_S * 3.5:
        for name, (path, state) in views.items():
            response, body = d.exchange("GET", d.fill(path))
            rows[name]["polls"] += 1
            rows[name]["response"] = response
            d.note(rows[name], ended, response, body, state)
        time.sleep(0.2)
    for row in rows.values():
        d.keep(row, ended)
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
        d.step(f"forgotten: job{path}", "GET", JOB + path)
    d.step("forgotten: cancel", "PATCH", JOB)
    d.step("forgotten: cancel application", "POST", "/applications/{job}/cancel")
    d.step("forgotten: application", "GET", "/applications/{job}")
    d.step("forgotten: overview", "GET", "/overview")
