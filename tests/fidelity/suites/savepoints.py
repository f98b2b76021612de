"""Savepoints, checkpoints on demand, disposal, stop with savepoint, and jobs that are restored from a savepoint."""

from __future__ import annotations

import time
from typing import Any

from tests.fidelity.driver import UNKNOWN_ID, Body, Driver
from tests.fidelity.job_steps import (
    are_all_tasks_running,
    cancel,
    has_ended,
    poll_operation,
    start_job,
    trigger,
    wait_for_checkpoints,
    wait_for_job,
)

JOB = "/jobs/{job}"
UNKNOWN_JOB = "/jobs/{unknown}"
BAD_JOB = "/jobs/nohex"
DISPOSAL = "/savepoint-disposal"
SAVEPOINT_STATUS = JOB + "/savepoints/{trigger}"
WRITABLE_DIRECTORY = "file://{scratch}/sp"
UNWRITABLE_DIRECTORY = "file:///proc/no/such"
BROKEN_JSON = {"body": b"{", "headers": {"Content-Type": "application/json"}}


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
    savepoint_path = last_savepoint_path(driver)
    use_ended_job(driver)
    restore_and_drain(driver, savepoint_path)
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
    status_path: str = SAVEPOINT_STATUS,
    poll_if_rejected: bool = False,
) -> None:
    """Trigger an async operation and, if Flink accepts the request, poll the operation until it is completed.

    Args:
        driver: The driver that sends the requests.
        name: The name of the step that triggers the operation.
        path: The template of the path that triggers it.
        json_body: The template of the body.
        poll_name: The name of the second step, without "poll"; `name` by default.
        status_path: The template of the path to poll.
        poll_if_rejected: Whether to poll once even if Flink rejects the request, as 1.12 does if a field is missing.
    """
    is_accepted = trigger(driver, name, "POST", path, json_body=json_body)
    if is_accepted or poll_if_rejected:
        poll_operation(driver, f"poll {poll_name or name}", status_path, timeout=30 if is_accepted else 0)


def trigger_rejected(driver: Driver, name: str, path: str, **request: Any) -> None:
    """Send a request that some or all releases reject. If Flink accepts it, do not wait for the operation to end."""
    trigger(driver, name, "POST", path, **request)


def last_savepoint_path(driver: Driver) -> str:
    """Return the path of the last savepoint. It is read from the status, because Flink caches /checkpoints."""
    return ((driver.peek(SAVEPOINT_STATUS) or {}).get("operation") or {}).get("location") or "file:///none"


def take_first_savepoint(driver: Driver) -> None:
    body = {"target-directory": WRITABLE_DIRECTORY, "cancel-job": False}
    trigger_and_poll(
        driver, "trigger with target-directory", JOB + "/savepoints", body, poll_name="savepoint", poll_if_rejected=True
    )
    driver.variables["savepoint"] = last_savepoint_path(driver)
    driver.step("savepoint status again", "GET", SAVEPOINT_STATUS)
    driver.step("savepoint status under another job", "GET", UNKNOWN_JOB + "/savepoints/{trigger}")
    driver.step("savepoint status as checkpoint", "GET", JOB + "/checkpoints/{trigger}")
    driver.step("checkpoints after savepoint", "GET", JOB + "/checkpoints")


def send_savepoint_bodies(driver: Driver) -> None:
    def take(name: str, body: Any = None, *, poll_name: str = "", **options: Any) -> None:
        trigger_and_poll(driver, f"trigger {name}", JOB + "/savepoints", body, poll_name=poll_name or name, **options)

    def send_rejected(name: str, **request: Any) -> None:
        trigger_rejected(driver, f"trigger {name}", JOB + "/savepoints", **request)

    take("with empty object (default directory)", {}, poll_name="default directory", poll_if_rejected=True)
    take("without body")
    take("CANONICAL", {"formatType": "CANONICAL"}, poll_if_rejected=True)
    take("NATIVE", {"formatType": "NATIVE"}, poll_if_rejected=True)
    send_rejected("formatType bad", json_body={"formatType": "NOPE"})
    send_rejected("formatType lower case", json_body={"formatType": "native"})
    trigger_id = "a" * 32
    status_path = f"{JOB}/savepoints/{trigger_id}"
    take(
        "with triggerId",
        {"triggerId": trigger_id},
        poll_name="given triggerId",
        status_path=status_path,
        poll_if_rejected=True,
    )
    send_rejected("with the same triggerId", json_body={"triggerId": trigger_id})
    send_rejected("with bad triggerId", json_body={"triggerId": "xyz"})
    send_rejected("unknown field", json_body={"nope": True})
    send_rejected("cancel-job as text", json_body={"cancel-job": "maybe"})
    send_rejected("target-directory as number", json_body={"target-directory": 5})
    take("target-directory null", {"target-directory": None, "cancel-job": None})
    send_rejected("broken json", **BROKEN_JSON)
    take("unwritable directory", {"target-directory": UNWRITABLE_DIRECTORY})
    take("bad scheme", {"target-directory": "nosuch://x/y"})
    path = UNKNOWN_JOB + "/savepoints"
    trigger_and_poll(driver, "trigger unknown job", path, {}, poll_name="unknown job", status_path=path + "/{trigger}")
    trigger_rejected(driver, "trigger bad job id", BAD_JOB + "/savepoints", json_body={})


def send_full_bodies(driver: Driver) -> None:
    """Trigger savepoints with the field `cancel-job`, which 1.12 requires."""
    for name, job, body in (
        ("default directory", JOB, {}),
        ("an unwritable directory", JOB, {"target-directory": UNWRITABLE_DIRECTORY}),
        ("a bad scheme", JOB, {"target-directory": "nosuch://x/y"}),
        ("an unknown job", UNKNOWN_JOB, {"target-directory": WRITABLE_DIRECTORY}),
        ("an unknown field", JOB, {"nope": 1}),
    ):
        full_body = {"cancel-job": False, **body}
        trigger_and_poll(
            driver, f"full body, {name}", job + "/savepoints", full_body, status_path=job + "/savepoints/{trigger}"
        )


def take_checkpoints(driver: Driver) -> None:
    def take(label: str, body: Any, job: str = JOB) -> None:
        trigger_and_poll(
            driver, f"checkpoint {label}", job + "/checkpoints", body, status_path=job + "/checkpoints/{trigger}"
        )

    take("default", {})
    for checkpoint_type in ("FULL", "INCREMENTAL", "CONFIGURED"):
        take(checkpoint_type, {"checkpointType": checkpoint_type})
    trigger_rejected(driver, "checkpoint bad type", JOB + "/checkpoints", json_body={"checkpointType": "NOPE"})
    trigger_rejected(driver, "checkpoint without body", JOB + "/checkpoints")
    trigger_rejected(driver, "checkpoint with triggerId", JOB + "/checkpoints", json_body={"triggerId": "c" * 32})
    take("unknown job", {}, UNKNOWN_JOB)
    driver.step("checkpoint unknown trigger", "GET", JOB + "/checkpoints/{unknown}")
    driver.step("checkpoint bad trigger", "GET", JOB + "/checkpoints/nohex")


def dispose_savepoints(driver: Driver) -> None:
    def dispose(name: str, body: Any) -> None:
        trigger_and_poll(driver, name, DISPOSAL, body, status_path=DISPOSAL + "/{trigger}")

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
    completed = [checkpoint for checkpoint in checkpoints if checkpoint["status"] == "COMPLETED"]
    savepoint_ids = [checkpoint["id"] for checkpoint in completed if checkpoint["is_savepoint"]]
    failed_ids = [checkpoint["id"] for checkpoint in checkpoints if checkpoint["status"] == "FAILED"]
    if not (savepoint_ids and failed_ids):
        # If the history has no savepoint or no failed checkpoint, its steps read checkpoint 1. In the recordings it has
        # left the history.
        driver.wait(JOB + "/checkpoints", lambda body: all(checkpoint["id"] != 1 for checkpoint in history(body)))
    for kind, ids in (("savepoint", savepoint_ids), ("failed", failed_ids)):
        driver.variables["cp"] = ids[0] if ids else 1
        driver.step(f"details of a {kind} checkpoint", "GET", JOB + "/checkpoints/details/{cp}")
        driver.step(f"subtasks of a {kind} checkpoint", "GET", JOB + "/checkpoints/details/{cp}/subtasks/{v1}")


def stop_job(driver: Driver) -> None:
    """Send stop requests that fail, and then stop the job with a savepoint."""
    status_path = UNKNOWN_JOB + "/savepoints/{trigger}"
    trigger_and_poll(driver, "stop unknown job", UNKNOWN_JOB + "/stop", {"drain": False}, status_path=status_path)
    trigger_rejected(driver, "stop drain as text", JOB + "/stop", json_body={"drain": "maybe"})
    trigger_rejected(driver, "stop bad job id", BAD_JOB + "/stop", json_body={})
    trigger_rejected(driver, "stop broken json", JOB + "/stop", **BROKEN_JSON)
    trigger_and_poll(driver, "stop", JOB + "/stop", {"targetDirectory": WRITABLE_DIRECTORY, "drain": False})
    poll_end(driver, "job after stop")
    driver.step("exceptions after stop", "GET", JOB + "/exceptions")
    driver.step("checkpoints after stop", "GET", JOB + "/checkpoints")
    driver.step("stop status after the end", "GET", SAVEPOINT_STATUS)


def poll_end(driver: Driver, name: str) -> None:
    driver.poll(name, JOB, lambda body: body["state"], has_ended, timeout=20)


def use_ended_job(driver: Driver) -> None:
    """Trigger operations of a job that has ended."""
    trigger_and_poll(driver, "savepoint of a finished job", JOB + "/savepoints", {})
    trigger_and_poll(driver, "savepoint of a finished job, full body", JOB + "/savepoints", {"cancel-job": False})
    trigger_and_poll(
        driver, "stop a finished job, full body", JOB + "/stop", {"drain": False, "targetDirectory": WRITABLE_DIRECTORY}
    )
    trigger_and_poll(driver, "stop a finished job", JOB + "/stop", {})
    trigger_and_poll(
        driver, "checkpoint of a finished job", JOB + "/checkpoints", {}, status_path=JOB + "/checkpoints/{trigger}"
    )


def restore_and_drain(driver: Driver, savepoint_path: str) -> None:
    """Start a job from a savepoint, and stop it with `drain`."""
    driver.variables["savepoint"] = savepoint_path
    body = {"savepointPath": "{savepoint}", "programArgsList": ["--name", "restored"]}
    driver.step("run from savepoint", "POST", "/jars/{jar_wordcount}/run", json_body=body)
    jobs = (driver.peek("/jobs/overview") or {}).get("jobs", [])
    driver.variables["job"] = next((job["jid"] for job in jobs if job["name"] == "restored"), UNKNOWN_ID)
    wait_for_job(driver, driver.variables["job"], are_all_tasks_running)
    wait_for_checkpoints(driver, 1)
    driver.step("checkpoints of the restored job", "GET", JOB + "/checkpoints")
    trigger_and_poll(driver, "stop with drain", JOB + "/stop", {"drain": True, "targetDirectory": WRITABLE_DIRECTORY})
    poll_end(driver, "job after drain")


def cancel_with_savepoint(driver: Driver) -> None:
    start_job(driver, "wordcount", "--name", "to be cancelled", name="run for cancel-with-savepoint")
    wait_for_checkpoints(driver, 1)
    body = {"cancel-job": True, "target-directory": WRITABLE_DIRECTORY}
    trigger_and_poll(driver, "cancel with savepoint", JOB + "/savepoints", body)
    poll_end(driver, "job after cancel with savepoint")


def read_operations_in_progress(driver: Driver) -> None:
    """Run a job in which one vertex takes 3 s to save its state, and read savepoints and checkpoints in progress."""
    arguments = ("--name", "slow snapshots", "--slow", "3000", "--interval", "600000")
    start_job(driver, "wordcount", *arguments, name="run with slow snapshots", set_variables=False)
    time.sleep(1)
    body: dict[str, Any] = {"cancel-job": False, "target-directory": WRITABLE_DIRECTORY}
    trigger(driver, "slow: trigger savepoint", "POST", JOB + "/savepoints", json_body=body)
    driver.step("slow: savepoint in progress", "GET", SAVEPOINT_STATUS)
    time.sleep(0.7)
    checkpoints = history(driver.step("slow: checkpoints in progress", "GET", JOB + "/checkpoints"))
    driver.variables["cp"] = checkpoints[0]["id"] if checkpoints else 1
    driver.step("slow: details in progress", "GET", JOB + "/checkpoints/details/{cp}")
    driver.step("slow: subtasks in progress", "GET", JOB + "/checkpoints/details/{cp}/subtasks/{v1}")
    driver.step("slow: subtasks done within one in progress", "GET", JOB + "/checkpoints/details/{cp}/subtasks/{v0}")
    poll_operation(driver, "slow: poll savepoint", SAVEPOINT_STATUS)
    body = {"drain": False, "targetDirectory": WRITABLE_DIRECTORY}
    trigger(driver, "slow: trigger stop", "POST", JOB + "/stop", json_body=body)
    driver.step("slow: stop in progress", "GET", SAVEPOINT_STATUS)
    driver.step("slow: jobs/overview while stopping", "GET", "/jobs/overview")
    driver.step("slow: cancel while stopping", "PATCH", JOB)
    poll_operation(driver, "slow: poll the stop which was cancelled", SAVEPOINT_STATUS, timeout=15)
    wait_for_job(driver, driver.variables["job"], has_ended, timeout=15)
    driver.step("slow: jobs/overview at the end", "GET", "/jobs/overview")


def send_stop_bodies(driver: Driver) -> None:
    """Stop jobs with bodies that only some releases accept, and with an unwritable directory."""
    unwritable_label = "an unwritable directory"
    for label, body in (
        ("unknown field", {"nope": 1}),
        ("the savepoint field name", {"target-directory": WRITABLE_DIRECTORY}),
        ("no body", None),
        (unwritable_label, {"targetDirectory": UNWRITABLE_DIRECTORY, "drain": False}),
    ):
        start_job(driver, "wordcount", "--name", "to be stopped", name=f"run for stop with {label}")
        trigger_and_poll(driver, f"stop with {label}", JOB + "/stop", body)
        time.sleep(1)
        driver.step(f"jobs/overview after stop with {label}", "GET", "/jobs/overview")
        if label == unwritable_label:
            wait_for_job(driver, driver.variables["job"], lambda job: job["state"] == "RUNNING", timeout=5)
            driver.step(f"exceptions after stop with {label}", "GET", JOB + "/exceptions")
        cancel(driver)
