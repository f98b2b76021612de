"""Savepoints, checkpoints on demand, disposal, stop with savepoint, and what becomes of a job started from one."""

from __future__ import annotations

import time
from typing import Any

from tests.fidelity.driver import UNKNOWN_ID, Body, Driver
from tests.fidelity.job_steps import (
    TERMINAL,
    all_tasks_run,
    cancel,
    has_ended,
    poll_operation,
    start_job,
    trigger,
    wait_checkpoints,
    wait_state,
)

JOB = "/jobs/{job}"
UNKNOWN_JOB = "/jobs/{unknown}"
BAD_JOB = "/jobs/nohex"
DISPOSAL = "/savepoint-disposal"
STATUS = JOB + "/savepoints/{trigger}"
HERE = "file://{scratch}/sp"
UNWRITABLE = "file:///proc/no/such"
BROKEN = {"body": b"{", "headers": {"Content-Type": "application/json"}}


def savepoints(driver: Driver) -> None:
    start_job(driver, "wordcount", "--name", "oracle word count")
    wait_checkpoints(driver, 1)
    first_savepoint(driver)
    savepoint_bodies(driver)
    full_bodies(driver)
    driver.step("unknown trigger id", "GET", JOB + "/savepoints/{unknown}")
    driver.step("bad trigger id", "GET", JOB + "/savepoints/nohex")
    driver.step("GET on the collection", "GET", JOB + "/savepoints")
    checkpoints_on_demand(driver)
    disposal(driver)
    statistics(driver)
    stop(driver)
    stopped = location(driver)
    after_the_end(driver)
    restored(driver, stopped)
    cancel_with_savepoint(driver)
    slow_snapshots(driver)
    stops_that_may_fail(driver)


def operation(
    driver: Driver,
    name: str,
    path: str,
    json_body: Any = None,
    *,
    polled: str | None = None,
    status: str = STATUS,
    always: bool = False,
) -> None:
    """Trigger an operation and, if Flink accepts the request, poll it until it is completed.

    `polled` is the name of the second step ("poll …"). With `always`, the status is requested once even if Flink
    refuses the request, as 1.12 does if a field is missing.
    """
    is_accepted = trigger(driver, name, "POST", path, json_body=json_body)
    if is_accepted or always:
        poll_operation(driver, f"poll {polled or name}", status, timeout=30 if is_accepted else 0)


def refused(driver: Driver, name: str, path: str, **request: Any) -> None:
    """Triggers an operation that Flink refuses. If Flink accepts it, its end is not awaited."""
    trigger(driver, name, "POST", path, **request)


def location(driver: Driver) -> str:
    """Where the last savepoint went; not from /checkpoints, which is cached."""
    return ((driver.peek(STATUS) or {}).get("operation") or {}).get("location") or "file:///none"


def first_savepoint(driver: Driver) -> None:
    body = {"target-directory": HERE, "cancel-job": False}
    operation(driver, "trigger with target-directory", JOB + "/savepoints", body, polled="savepoint", always=True)
    driver.variables["savepoint"] = location(driver)
    driver.step("savepoint status again", "GET", STATUS)
    driver.step("savepoint status under another job", "GET", UNKNOWN_JOB + "/savepoints/{trigger}")
    driver.step("savepoint status as checkpoint", "GET", JOB + "/checkpoints/{trigger}")
    driver.step("checkpoints after savepoint", "GET", JOB + "/checkpoints")


def savepoint_bodies(driver: Driver) -> None:
    def savepoint(name: str, body: Any = None, polled: str = "", status: str = STATUS, always: bool = False) -> None:
        where = JOB + "/savepoints"
        operation(driver, f"trigger {name}", where, body, polled=polled or name, status=status, always=always)

    def no_savepoint(name: str, **request: Any) -> None:
        refused(driver, f"trigger {name}", JOB + "/savepoints", **request)

    savepoint("with empty object (default directory)", {}, polled="default directory", always=True)
    savepoint("without body")
    savepoint("CANONICAL", {"formatType": "CANONICAL"}, always=True)
    savepoint("NATIVE", {"formatType": "NATIVE"}, always=True)
    no_savepoint("formatType bad", json_body={"formatType": "NOPE"})
    no_savepoint("formatType lower case", json_body={"formatType": "native"})
    own_id = "a" * 32
    own_status = f"{JOB}/savepoints/{own_id}"
    savepoint("with triggerId", {"triggerId": own_id}, "given triggerId", own_status, always=True)
    no_savepoint("with the same triggerId", json_body={"triggerId": own_id})
    no_savepoint("with bad triggerId", json_body={"triggerId": "xyz"})
    no_savepoint("unknown field", json_body={"nope": True})
    no_savepoint("cancel-job as text", json_body={"cancel-job": "maybe"})
    no_savepoint("target-directory as number", json_body={"target-directory": 5})
    savepoint("target-directory null", {"target-directory": None, "cancel-job": None})
    no_savepoint("broken json", **BROKEN)
    savepoint("unwritable directory", {"target-directory": UNWRITABLE})
    savepoint("bad scheme", {"target-directory": "nosuch://x/y"})
    unknown = UNKNOWN_JOB + "/savepoints"
    operation(driver, "trigger unknown job", unknown, {}, polled="unknown job", status=unknown + "/{trigger}")
    refused(driver, "trigger bad job id", BAD_JOB + "/savepoints", json_body={})


def full_bodies(driver: Driver) -> None:
    """The same with every field that 1.12 insists on."""
    for name, job, body in (
        ("default directory", JOB, {}),
        ("an unwritable directory", JOB, {"target-directory": UNWRITABLE}),
        ("a bad scheme", JOB, {"target-directory": "nosuch://x/y"}),
        ("an unknown job", UNKNOWN_JOB, {"target-directory": HERE}),
        ("an unknown field", JOB, {"nope": 1}),
    ):
        body = {"cancel-job": False, **body}
        operation(driver, f"full body, {name}", job + "/savepoints", body, status=job + "/savepoints/{trigger}")


def checkpoints_on_demand(driver: Driver) -> None:
    def checkpoint(label: str, body: Any, job: str = JOB) -> None:
        operation(driver, f"checkpoint {label}", job + "/checkpoints", body, status=job + "/checkpoints/{trigger}")

    checkpoint("default", {})
    for kind in ("FULL", "INCREMENTAL", "CONFIGURED"):
        checkpoint(kind, {"checkpointType": kind})
    refused(driver, "checkpoint bad type", JOB + "/checkpoints", json_body={"checkpointType": "NOPE"})
    refused(driver, "checkpoint without body", JOB + "/checkpoints")
    refused(driver, "checkpoint with triggerId", JOB + "/checkpoints", json_body={"triggerId": "c" * 32})
    checkpoint("unknown job", {}, UNKNOWN_JOB)
    driver.step("checkpoint unknown trigger", "GET", JOB + "/checkpoints/{unknown}")
    driver.step("checkpoint bad trigger", "GET", JOB + "/checkpoints/nohex")


def disposal(driver: Driver) -> None:
    def dispose(name: str, body: Any) -> None:
        operation(driver, name, DISPOSAL, body, status=DISPOSAL + "/{trigger}")

    dispose("dispose", {"savepoint-path": "{savepoint}"})
    dispose("dispose again", {"savepoint-path": "{savepoint}"})
    dispose("dispose no such path", {"savepoint-path": "file:///no/such/savepoint"})
    dispose("dispose without path", {})
    refused(driver, "dispose without body", DISPOSAL)
    refused(driver, "dispose unknown field", DISPOSAL, json_body={"savepoint-path": "x", "nope": 1})
    driver.step("dispose unknown trigger", "GET", DISPOSAL + "/{unknown}")
    driver.step("dispose bad trigger", "GET", DISPOSAL + "/nohex")


def history(checkpoints: Body) -> list[Any]:
    return checkpoints.get("history", []) if isinstance(checkpoints, dict) else []


def statistics(driver: Driver) -> None:
    """They know it all, 3 s later at most: they are cached."""
    time.sleep(3.5)
    known = history(driver.step("checkpoints with savepoints and failures", "GET", JOB + "/checkpoints"))
    good = [c["id"] for c in known if c["is_savepoint"] and c["status"] == "COMPLETED"]
    failed = [c["id"] for c in known if c["status"] == "FAILED"]
    for kind, ids in (("savepoint", good), ("failed", failed)):
        driver.variables["cp"] = ids[0] if ids else 1
        driver.step(f"details of a {kind} checkpoint", "GET", JOB + "/checkpoints/details/{cp}")
        driver.step(f"subtasks of a {kind} checkpoint", "GET", JOB + "/checkpoints/details/{cp}/subtasks/{v1}")


def stop(driver: Driver) -> None:
    """Errors first, then for real."""
    status = UNKNOWN_JOB + "/savepoints/{trigger}"
    operation(driver, "stop unknown job", UNKNOWN_JOB + "/stop", {"drain": False}, status=status)
    refused(driver, "stop drain as text", JOB + "/stop", json_body={"drain": "maybe"})
    refused(driver, "stop bad job id", BAD_JOB + "/stop", json_body={})
    refused(driver, "stop broken json", JOB + "/stop", **BROKEN)
    operation(driver, "stop", JOB + "/stop", {"targetDirectory": HERE, "drain": False})
    poll_end(driver, "job after stop")
    driver.step("exceptions after stop", "GET", JOB + "/exceptions")
    driver.step("checkpoints after stop", "GET", JOB + "/checkpoints")
    driver.step("stop status after the end", "GET", STATUS)


def poll_end(driver: Driver, name: str) -> None:
    driver.poll(name, JOB, lambda body: body["state"], lambda body: body["state"] in TERMINAL, timeout=20)


def after_the_end(driver: Driver) -> None:
    operation(driver, "savepoint of a finished job", JOB + "/savepoints", {})
    operation(driver, "savepoint of a finished job, full body", JOB + "/savepoints", {"cancel-job": False})
    operation(driver, "stop a finished job, full body", JOB + "/stop", {"drain": False, "targetDirectory": HERE})
    operation(driver, "stop a finished job", JOB + "/stop", {})
    operation(driver, "checkpoint of a finished job", JOB + "/checkpoints", {}, status=JOB + "/checkpoints/{trigger}")


def restored(driver: Driver, savepoint: str) -> None:
    """A job that starts from the savepoint of the one before, and is drained."""
    driver.variables["savepoint"] = savepoint
    body = {"savepointPath": "{savepoint}", "programArgsList": ["--name", "restored"]}
    driver.step("run from savepoint", "POST", "/jars/{jar_wordcount}/run", json_body=body)
    jobs = (driver.peek("/jobs/overview") or {}).get("jobs", [])
    driver.variables["job"] = next((job["jid"] for job in jobs if job["name"] == "restored"), UNKNOWN_ID)
    wait_state(driver, driver.variables["job"], all_tasks_run)
    wait_checkpoints(driver, 1)
    driver.step("checkpoints of the restored job", "GET", JOB + "/checkpoints")
    operation(driver, "stop with drain", JOB + "/stop", {"drain": True, "targetDirectory": HERE})
    poll_end(driver, "job after drain")


def cancel_with_savepoint(driver: Driver) -> None:
    start_job(driver, "wordcount", "--name", "to be cancelled", name="run for cancel-with-savepoint")
    wait_checkpoints(driver, 1)
    operation(driver, "cancel with savepoint", JOB + "/savepoints", {"cancel-job": True, "target-directory": HERE})
    poll_end(driver, "job after cancel with savepoint")


def slow_snapshots(driver: Driver) -> None:
    """A job whose snapshots take 3 s: operations and checkpoints in progress."""
    arguments = ("--name", "slow snapshots", "--slow", "3000", "--interval", "600000")
    start_job(driver, "wordcount", *arguments, name="run with slow snapshots", learn=False)
    time.sleep(1)
    body: dict[str, Any] = {"cancel-job": False, "target-directory": HERE}
    trigger(driver, "slow: trigger savepoint", "POST", JOB + "/savepoints", json_body=body)
    driver.step("slow: savepoint in progress", "GET", STATUS)
    time.sleep(0.7)
    known = history(driver.step("slow: checkpoints in progress", "GET", JOB + "/checkpoints"))
    driver.variables["cp"] = known[0]["id"] if known else 1
    driver.step("slow: details in progress", "GET", JOB + "/checkpoints/details/{cp}")
    driver.step("slow: subtasks in progress", "GET", JOB + "/checkpoints/details/{cp}/subtasks/{v1}")
    driver.step("slow: subtasks done within one in progress", "GET", JOB + "/checkpoints/details/{cp}/subtasks/{v0}")
    poll_operation(driver, "slow: poll savepoint", STATUS)
    body = {"drain": False, "targetDirectory": HERE}
    trigger(driver, "slow: trigger stop", "POST", JOB + "/stop", json_body=body)
    driver.step("slow: stop in progress", "GET", STATUS)
    driver.step("slow: jobs/overview while stopping", "GET", "/jobs/overview")
    driver.step("slow: cancel while stopping", "PATCH", JOB)
    poll_operation(driver, "slow: poll the stop which was cancelled", STATUS, timeout=15)
    wait_state(driver, driver.variables["job"], has_ended, timeout=15)
    driver.step("slow: jobs/overview at the end", "GET", "/jobs/overview")


def stops_that_may_fail(driver: Driver) -> None:
    """Bodies that stop the job or do not, depending on how strictly the release reads JSON; and a stop that fails."""
    unwritable = "an unwritable directory"
    for name, body in (
        ("unknown field", {"nope": 1}),
        ("the savepoint field name", {"target-directory": HERE}),
        ("no body", None),
        (unwritable, {"targetDirectory": UNWRITABLE, "drain": False}),
    ):
        start_job(driver, "wordcount", "--name", "to be stopped", name=f"run for stop with {name}")
        operation(driver, f"stop with {name}", JOB + "/stop", body)
        time.sleep(1)
        driver.step(f"jobs/overview after stop with {name}", "GET", "/jobs/overview")
        if name == unwritable:
            wait_state(driver, driver.variables["job"], lambda job: job["state"] == "RUNNING", timeout=5)
            driver.step(f"exceptions after stop with {name}", "GET", JOB + "/exceptions")
        cancel(driver)
