"""A job that has ended and then expires in the job store."""

from __future__ import annotations

import time

from tests.fidelity.driver import Driver
from tests.fidelity.job_steps import has_ended, start_job, wait_state
from tests.fidelity.situations.common_steps import JOB, listed

KEPT_S = 20
OPTIONS = (f"jobstore.expiration-time: {KEPT_S}",)


def forgotten(driver: Driver) -> None:
    start_job(driver, "finite", "--count", "20", "--name", "soon gone", name="forgotten: run", running=False)
    wait_state(driver, driver.variables["job"], has_ended)
    ended = time.time()
    job = driver.variables["job"]
    views = {
        "jobs/overview": ("/jobs/overview", listed(driver)),
        "jobs": ("/jobs", lambda body: next((j["status"] for j in body["jobs"] if j["id"] == job), "gone")),
        "job": (JOB, lambda body: body["state"]),
        "status": (JOB + "/status", lambda body: body["status"]),
        "execution-result": (JOB + "/execution-result", lambda body: body["status"]["id"]),
        "checkpoints": (JOB + "/checkpoints", lambda body: "there"),
        "exceptions": (JOB + "/exceptions", lambda body: "there"),
        "overview": ("/overview", lambda body: f"finished={body['jobs-finished']}"),
        "applications/overview": (
            "/applications/overview",
            lambda body: ",".join(a["id"] for a in body["applications"]).replace(job, "there"),
        ),
        "application": ("/applications/{job}", lambda body: body["status"]),
    }
    rows = {
        name: driver.entry(f"forgotten: {name} timeline", {"method": "GET", "path": path})
        | {"timeline": [], "polls": 0}
        for name, (path, _) in views.items()
    }
    while time.time() < ended + KEPT_S * 3.5:
        for name, (path, state) in views.items():
            response, body = driver.exchange("GET", driver.fill(path))
            rows[name]["polls"] += 1
            rows[name]["response"] = response
            driver.note(rows[name], ended, response, body, state)
        time.sleep(0.2)
    for row in rows.values():
        driver.keep(row, ended)
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
        driver.step(f"forgotten: job{path}", "GET", JOB + path)
    driver.step("forgotten: cancel", "PATCH", JOB)
    driver.step("forgotten: cancel application", "POST", "/applications/{job}/cancel")
    driver.step("forgotten: application", "GET", "/applications/{job}")
    driver.step("forgotten: overview", "GET", "/overview")
