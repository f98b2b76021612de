"""Savepoints, checkpoints on demand, disposal, stop with savepoint, and jobs that are restored from a savepoint."""

from __future__ import annotations

import time
from typing import Any

from tests.fidelity.driver import UNKNOWN_ID, Body, Driver
from tests.fidelity.job_steps import (
    TERMINAL,
    are_all_tasks_running,
    cancel,
    has_ended,
    poll_operation,
    start_job,
    trigger,
    wait_for_checkpoints,
    wait_until_job,
)

JOB = "/jobs/{job}"
UNKNOWN_JOB = "/jobs/{unknown}"
BAD_JOB = "/jobs/nohex"
DISPOSAL = "/savepoint-disposal"
STATUS = JOB + "/savepoints/{trigger}"
WRITABLE = "file://{scratch}/sp"
UNWRITABLE = "file:///proc/no/such"
BROKEN = {"body": b"{", "headers": {"Content-Type": "application/json"}}


def savepoints(driver: Driver) -> None:
    start_job(driver, "wordcount", "--name", "oracle word count")
    wait_for_checkpoints(driver, 1)
    take_first_savepoint(driver)
    send_savepoint_bodies(driver)
    send_full_bodies(driver)
    driver.step("unknown trigger id", "GET", JOB + "/savepoints/{unknown}")
    driver.step("bad trigger id", "GET", JOB + "/savepoints/nohex")
    driver.step("GET on the collection", "GET", JOB + "/savepoints")
    take_checkpoints(driver)
    dispose_savepoints(driver)
    read_statistics(driver)
    stop_job(driver)
    path_of_stop = last_savepoint_path(driver)
    use_ended_job(driver)
    restore_and_drain(driver, path_of_stop)
    cancel_with_savepoint(driver)
    read_operations_in_progress(driver)
    send_stop_bodies(driver)


def trigger_and_poll(
    driver: Driver,
    name: str,
    path: str,
    json_body: Any = None,
    *,
    poll_name: str | None = None,
    status: str = STATUS,
    always: bool = False,
) -> None:
    """Trigger an operation and, if Flink accepts the request, poll it until it is completed.

    Args:
        driver: The driver that sends the requests.
        name: The name of the step that triggers the operation.
        path: The template of the path that triggers it.
        json_body: The template of the body.
        poll_name: The name of the second step, without "poll"; `name` by default.
        status: The template of the path to poll.
        always: Whether the status is requested once even if Flink rejects the request, as 1.12 does if a field is
            missing.
    """
    is_accepted = trigger(driver, name, "POST", path, json_body=json_body)
    if is_accepted or always:
        poll_operation(driver, f"poll {poll_name or name}", status, timeout=30 if is_accepted else 0)


def trigger_rejected(driver: Driver, name: str, path: str, **request: Any) -> None:
    """Trigger an operation that Flink rejects. If Flink accepts it, do not wait for its end."""
    trigger(driver, name, "POST", path, **request)


def last_savepoint_path(driver: Driver) -> str:
    """Return the path of the last savepoint, from its status, because /checkpoints is cached."""
    return ((driver.peek(STATUS) or {}).get("operation") or {}).get("location") or "file:///none"


def take_first_savepoint(driver: Driver) -> None:
    body = {"target-directory": WRITABLE, "cancel-job": False}
    trigger_and_poll(
        driver, "trigger with target-directory", JOB + "/savepoints", body, poll_name="savepoint", always=True
    )
    driver.variables["savepoint"] = last_savepoint_path(driver)
    driver.step("savepoint status again", "GET", STATUS)
    driver.step("savepoint status under another job", "GET", UNKNOWN_JOB + "/savepoints/{trigger}")
    driver.step("savepoint status as checkpoint", "GET", JOB + "/checkpoints/{trigger}")
    driver.step("checkpoints after savepoint", "GET", JOB + "/checkpoints")


def send_savepoint_bodies(driver: Driver) -> None:
    def savepoint(name: str, body: Any = None, poll_name: str = "", status: str = STATUS, always: bool = False) -> None:
        path = JOB + "/savepoints"
        trigger_and_poll(
            driver, f"trigger {name}", path, body, poll_name=poll_name or name, status=status, always=always
        )

    def no_savepoint(name: str, **request: Any) -> None:
        trigger_rejected(driver, f"trigger {name}", JOB + "/savepoints", **request)

    savepoint("with empty object (default directory)", {}, poll_name="default directory", always=True)
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
    trigger_and_poll(driver, "trigger unknown job", unknown, {}, poll_name="unknown job", status=unknown + "/{trigger}")
    trigger_rejected(driver, "trigger bad job id", BAD_JOB + "/savepoints", json_body={})


def send_full_bodies(driver: Driver) -> None:
    """Trigger savepoints with the field that 1.12 requires."""
    for name, job, body in (
        ("default directory", JOB, {}),
        ("an unwritable directory", JOB, {"target-directory": UNWRITABLE}),
        ("a bad scheme", JOB, {"target-directory": "nosuch://x/y"}),
        ("an unknown job", UNKNOWN_JOB, {"target-directory": WRITABLE}),
        ("an unknown field", JOB, {"nope": 1}),
    ):
        full_body = {"cancel-job": False, **body}
        trigger_and_poll(
            driver, f"full body, {name}", job + "/savepoints", full_body, status=job + "/savepoints/{trigger}"
        )


def take_checkpoints(driver: Driver) -> None:
    def checkpoint(label: str, body: Any, job: str = JOB) -> None:
        trigger_and_poll(
            driver, f"checkpoint {label}", job + "/checkpoints", body, status=job + "/checkpoints/{trigger}"
        )

    checkpoint("default", {})
    for kind in ("FULL", "INCREMENTAL", "CONFIGURED"):
        checkpoint(kind, {"checkpointType": kind})
    trigger_rejected(driver, "checkpoint bad type", JOB + "/checkpoints", json_body={"checkpointType": "NOPE"})
    trigger_rejected(driver, "checkpoint without body", JOB + "/checkpoints")
    trigger_rejected(driver, "checkpoint with triggerId", JOB + "/checkpoints", json_body={"triggerId": "c" * 32})
    checkpoint("unknown job", {}, UNKNOWN_JOB)
    driver.step("checkpoint unknown trigger", "GET", JOB + "/checkpoints/{unknown}")
    driver.step("checkpoint bad trigger", "GET", JOB + "/checkpoints/nohex")


def dispose_savepoints(driver: Driver) -> None:
    def dispose(name: str, body: Any) -> None:
        trigger_and_poll(driver, name, DISPOSAL, body, status=DISPOSAL + "/{trigger}")

    dispose("dispose", {"savepoint-path": "{savepoint}"})
    dispose("dispose again", {"savepoint-path": "{savepoint}"})
    dispose("dispose no such path", {"savepoint-path": "file:///no/such/savepoint"})
    dispose("dispose without path", {})
    trigger_rejected(driver, "dispose without body", DISPOSAL)
    trigger_rejected(driver, "dispose unknown field", DISPOSAL, json_body={"savepoint-path": "x", "nope": 1})
    driver.step("dispose unknown trigger", "GET", DISPOSAL + "/{unknown}")
    driver.step("dispose bad trigger", "GET", DISPOSAL + "/nohex")


def history(checkpoints: Body) -> list[Any]:
    return checkpoints.get("history", []) if isinstance(checkpoints, dict) else []


def read_statistics(driver: Driver) -> None:
    """Read the checkpoint statistics, and the details of a savepoint and of a failed checkpoint."""
    time.sleep(3.5)  # Flink caches the statistics for 3 s
    checkpoints = history(driver.step("checkpoints with savepoints and failures", "GET", JOB + "/checkpoints"))
    savepoint_ids = [row["id"] for row in checkpoints if row["is_savepoint"] and row["status"] == "COMPLETED"]
    failed_ids = [row["id"] for row in checkpoints if row["status"] == "FAILED"]
    if not failed_ids:  # as in 1.12: the steps below read checkpoint 1, which is no longer in the recorded history
        driver.wait(JOB + "/checkpoints", lambda body: all(row["id"] != 1 for row in history(body)))
    for kind, ids in (("savepoint", savepoint_ids), ("failed", failed_ids)):
        driver.variables["cp"] = ids[0] if ids else 1
        driver.step(f"details of a {kind} checkpoint", "GET", JOB + "/checkpoints/details/{cp}")
        driver.step(f"subtasks of a {kind} checkpoint", "GET", JOB + "/checkpoints/details/{cp}/subtasks/{v1}")


def stop_job(driver: Driver) -> None:
    """Send requests to stop that fail, and then stop the job with a savepoint."""
    status = UNKNOWN_JOB + "/savepoints/{trigger}"
    trigger_and_poll(driver, "stop unknown job", UNKNOWN_JOB + "/stop", {"drain": False}, status=status)
    trigger_rejected(driver, "stop drain as text", JOB + "/stop", json_body={"drain": "maybe"})
    trigger_rejected(driver, "stop bad job id", BAD_JOB + "/stop", json_body={})
    trigger_rejected(driver, "stop broken json", JOB + "/stop", **BROKEN)
    trigger_and_poll(driver, "stop", JOB + "/stop", {"targetDirectory": WRITABLE, "drain": False})
    poll_end(driver, "job after stop")
    driver.step("exceptions after stop", "GET", JOB + "/exceptions")
    driver.step("checkpoints after stop", "GET", JOB + "/checkpoints")
    driver.step("stop status after the end", "GET", STATUS)


def poll_end(driver: Driver, name: str) -> None:
    driver.poll(name, JOB, lambda body: body["state"], lambda body: body["state"] in TERMINAL, timeout=20)


def use_ended_job(driver: Driver) -> None:
    """Trigger operations of a job that has ended."""
    trigger_and_poll(driver, "savepoint of a finished job", JOB + "/savepoints", {})
    trigger_and_poll(driver, "savepoint of a finished job, full body", JOB + "/savepoints", {"cancel-job": False})
    trigger_and_poll(
        driver, "stop a finished job, full body", JOB + "/stop", {"drain": False, "targetDirectory": WRITABLE}
    )
    trigger_and_poll(driver, "stop a finished job", JOB + "/stop", {})
    trigger_and_poll(
        driver, "checkpoint of a finished job", JOB + "/checkpoints", {}, status=JOB + "/checkpoints/{trigger}"
    )


def restore_and_drain(driver: Driver, savepoint: str) -> None:
    """Start a job from the savepoint of the stopped one, and drain it."""
    driver.variables["savepoint"] = savepoint
    body = {"savepointPath": "{savepoint}", "programArgsList": ["--name", "restored"]}
    driver.step("run from savepoint", "POST", "/jars/{jar_wordcount}/run", json_body=body)
    jobs = (driver.peek("/jobs/overview") or {}).get("jobs", [])
    driver.variables["job"] = next((job["jid"] for job in jobs if job["name"] == "restored"), UNKNOWN_ID)
    wait_until_job(driver, driver.variables["job"], are_all_tasks_running)
    wait_for_checkpoints(driver, 1)
    driver.step("checkpoints of the restored job", "GET", JOB + "/checkpoints")
    trigger_and_poll(driver, "stop with drain", JOB + "/stop", {"drain": True, "targetDirectory": WRITABLE})
    poll_end(driver, "job after drain")


def cancel_with_savepoint(driver: Driver) -> None:
    start_job(driver, "wordcount", "--name", "to be cancelled", name="run for cancel-with-savepoint")
    wait_for_checkpoints(driver, 1)
    trigger_and_poll(
        driver, "cancel with savepoint", JOB + "/savepoints", {"cancel-job": True, "target-directory": WRITABLE}
    )
    poll_end(driver, "job after cancel with savepoint")


def read_operations_in_progress(driver: Driver) -> None:
    """Run a job whose snapshots take 3 s, and read operations and checkpoints in progress."""
    arguments = ("--name", "slow snapshots", "--slow", "3000", "--interval", "600000")
    start_job(driver, "wordcount", *arguments, name="run with slow snapshots", set_variables=False)
    time.sleep(1)
    body: dict[str, Any] = {"cancel-job": False, "target-directory": WRITABLE}
    trigger(driver, "slow: trigger savepoint", "POST", JOB + "/savepoints", json_body=body)
    driver.step("slow: savepoint in progress", "GET", STATUS)
    time.sleep(0.7)
    checkpoints = history(driver.step("slow: checkpoints in progress", "GET", JOB + "/checkpoints"))
    driver.variables["cp"] = checkpoints[0]["id"] if checkpoints else 1
    driver.step("slow: details in progress", "GET", JOB + "/checkpoints/details/{cp}")
    driver.step("slow: subtasks in progress", "GET", JOB + "/checkpoints/details/{cp}/subtasks/{v1}")
    driver.step("slow: subtasks done within one in progress", "GET", JOB + "/checkpoints/details/{cp}/subtasks/{v0}")
    poll_operation(driver, "slow: poll savepoint", STATUS)
    body = {"drain": False, "targetDirectory": WRITABLE}
    trigger(driver, "slow: trigger stop", "POST", JOB + "/stop", json_body=body)
    driver.step("slow: stop in progress", "GET", STATUS)
    driver.step("slow: jobs/overview while stopping", "GET", "/jobs/overview")
    driver.step("slow: cancel while stopping", "PATCH", JOB)
    poll_operation(driver, "slow: poll the stop which was cancelled", STATUS, timeout=15)
    wait_until_job(driver, driver.variables["job"], has_ended, timeout=15)
    driver.step("slow: jobs/overview at the end", "GET", "/jobs/overview")


def send_stop_bodies(driver: Driver) -> None:
    """Stop jobs with bodies that only some releases accept, and with an unwritable directory."""
    unwritable_message = "an unwritable directory"
    for name, body in (
        ("unknown field", {"nope": 1}),
        ("the savepoint field name", {"target-directory": WRITABLE}),
        ("no body", None),
        (unwritable_message, {"targetDirectory": UNWRITABLE, "drain": False}),
    ):
        start_job(driver, "wordcount", "--name", "to be stopped", name=f"run for stop with {name}")
        trigger_and_poll(driver, f"stop with {name}", JOB + "/stop", body)
        time.sleep(1)
        driver.step(f"jobs/overview after stop with {name}", "GET", "/jobs/overview")
        if name == unwritable_message:
            wait_until_job(driver, driver.variables["job"], lambda job: job["state"] == "RUNNING", timeout=5)
            driver.step(f"exceptions after stop with {name}", "GET", JOB + "/exceptions")
        cancel(driver)
