"""Reads of a running job and of a second job that runs beside it, and writes that do not end the job."""

from __future__ import annotations

import time

from tests.fidelity.driver import Driver
from tests.fidelity.job_steps import (
    cancel,
    set_taskmanager_variable,
    set_vertex_variables,
    start_job,
    vertex_variables,
    wait_for_checkpoints,
)
from tests.fidelity.suites.gets import JOB_GETS, VERTEX_GETS, get_all

JOB = "/jobs/{job}"
VERTEX = JOB + "/vertices/{vertex}"


def job_running(driver: Driver) -> None:
    start_job(driver, "wordcount", "--name", "oracle word count", "--note", "seen in user-config")
    set_taskmanager_variable(driver)
    # wait until the JobManager has fetched metrics, which it does at most every 10 s
    wait_for_checkpoints(driver, 2)
    driver.wait(JOB + "/vertices/{vertex}/metrics", lambda body: len(body) > 20, timeout=30, interval=0.5)
    driver.read("/overview")
    driver.read("/jobs")
    driver.read("/jobs/overview")
    get_all(driver, "job", JOB, JOB_GETS)
    driver.read(JOB + "/jobmanager/log")
    driver.read(JOB + "/yarn-cancel-not-a-path")
    read_job_metrics(driver)
    read_vertices(driver)
    read_checkpoints(driver)
    read_accumulators(driver)
    send_writes(driver)
    read_processes_and_applications(driver)
    read_second_job(driver)
    cancel(driver)


def read_job_metrics(driver: Driver) -> None:
    driver.read(JOB + "/metrics", "get=uptime,numRestarts,lastCheckpointDuration")
    driver.read(JOB + "/metrics", "get=numberOfCompletedCheckpoints,lastCheckpointExternalPath,runningTime")
    driver.read(JOB + "/metrics", "get=no.such.metric")
    driver.read("/jobs/metrics")
    driver.read("/jobs/metrics", "get=numberOfCompletedCheckpoints")
    driver.read("/jobs/metrics", "get=numberOfCompletedCheckpoints&agg=max,sum")
    driver.read("/jobs/metrics", "get=numberOfCompletedCheckpoints&jobs={job}")
    driver.read("/jobs/metrics", "get=numberOfCompletedCheckpoints&jobs={unknown}")
    driver.read("/jobs/metrics", "get=numberOfCompletedCheckpoints&jobs=nohex")
    driver.read("/jobs/metrics", "get=no.such.metric")
    driver.read("/jobs/metrics", "agg=max")


def read_vertices(driver: Driver) -> None:
    for vertex in vertex_variables(driver):
        get_all(driver, vertex, f"{JOB}/vertices/{{{vertex}}}", VERTEX_GETS)
    # Flink begins to sample the threads at the first request, and returns the result some seconds later
    driver.poll(
        "backpressure becomes ok",
        VERTEX + "/backpressure",
        lambda body: body["status"],
        lambda body: body["status"] == "ok",
        timeout=15,
    )
    driver.poll(
        "flamegraph becomes available",
        VERTEX + "/flamegraph",
        lambda body: "empty" if not body.get("data") else "data",
        lambda body: bool(body.get("data")),
        timeout=20,
    )
    for flamegraph_type in ("full", "on_cpu", "off_cpu", "ON_CPU", "nope"):
        driver.read(VERTEX + "/flamegraph", f"type={flamegraph_type}")
    driver.read(VERTEX + "/flamegraph", "subtaskindex=0")
    driver.read(VERTEX + "/flamegraph", "subtaskindex=99")
    driver.read(VERTEX + "/flamegraph", "subtaskindex=x")
    driver.read(VERTEX + "/metrics", "get=0.numRecordsIn,0.numRecordsOut,0.busyTimeMsPerSecond,1.numRecordsIn")
    driver.read(VERTEX + "/metrics", "get=0.no.such")
    driver.read(VERTEX + "/subtasks/metrics", "get=numRecordsIn")
    driver.read(VERTEX + "/subtasks/metrics", "get=numRecordsIn,numRecordsOut&agg=sum,avg")
    driver.read(VERTEX + "/subtasks/metrics", "get=numRecordsIn&agg=min,max,sum,avg")
    driver.read(VERTEX + "/subtasks/metrics", "get=numRecordsIn&agg=max,skew")
    for subtasks in ("0", "0-1", "0,1", "1-5", "7", "x", "1-0", ""):
        query = f"get=numRecordsIn&agg=sum&subtasks={subtasks}"
        driver.step(f"subtasks range '{subtasks}'", "GET", VERTEX + "/subtasks/metrics", query)
    driver.read(VERTEX + "/subtasks/0/metrics", "get=numRecordsIn,buffers.inPoolUsage")
    driver.read(VERTEX + "/subtasks/0/metrics", "get=no.such")
    driver.read(VERTEX + "/subtasks/1")
    driver.read(VERTEX + "/subtasks/99")
    driver.read(VERTEX + "/subtasks/-1")
    driver.read(VERTEX + "/subtasks/x")
    driver.read(VERTEX + "/subtasks/99/metrics")
    driver.read(VERTEX + "/subtasks/0/attempts/1")
    driver.read(VERTEX + "/subtasks/0/attempts/-1")
    driver.read(VERTEX + "/subtasks/0/attempts/x")
    driver.read(VERTEX + "/subtasks/0/attempts/1/accumulators")
    driver.read(VERTEX + "/subtasks/0/attempts")
    driver.read(VERTEX + "/subtasks")
    driver.read(JOB + "/vertices")
    get_all(driver, "unknown vertex", JOB + "/vertices/{unknown}", VERTEX_GETS)
    driver.step("vertex bad id", "GET", JOB + "/vertices/nohex")
    driver.read(JOB + "/vertices/{source}/jm-operator-metrics", "get=no.such")


def read_checkpoints(driver: Driver) -> None:
    history = (driver.peek(JOB + "/checkpoints") or {}).get("history", [])
    completed_ids = [checkpoint["id"] for checkpoint in history if checkpoint["status"] == "COMPLETED"]
    driver.variables["cp"] = completed_ids[0] if completed_ids else 1
    driver.read(JOB + "/checkpoints/details/{cp}")
    for vertex in vertex_variables(driver):
        driver.read(f"{JOB}/checkpoints/details/{{cp}}/subtasks/{{{vertex}}}")
    driver.read(JOB + "/checkpoints/details/999999")
    driver.read(JOB + "/checkpoints/details/x")
    driver.read(JOB + "/checkpoints/details/-1")
    driver.read(JOB + "/checkpoints/details/999999/subtasks/{vertex}")
    driver.read(JOB + "/checkpoints/details/{cp}/subtasks/{unknown}")
    driver.read(JOB + "/checkpoints/details/{cp}/subtasks/nohex")
    driver.read(JOB + "/checkpoints/{unknown}")


def read_accumulators(driver: Driver) -> None:
    """Wait for accumulators, which the TaskManagers send with their heartbeats every 10 s, and read them."""
    driver.poll(
        "accumulators appear",
        VERTEX + "/accumulators",
        lambda body: str(bool(body["user-accumulators"])),
        lambda body: bool(body["user-accumulators"]),
        timeout=25,
        interval=0.5,
    )
    for tail in ("/subtasks/accumulators", "/subtasks/0/attempts/0/accumulators"):
        driver.step(f"vertex{tail} filled", "GET", VERTEX + tail)
    driver.step("job/accumulators filled", "GET", JOB + "/accumulators", "includeSerializedValue=true")


def send_writes(driver: Driver) -> None:
    """Send client heartbeats and coordination requests."""
    driver.step(
        None, "PATCH", JOB + "/clientHeartbeat", json_body={"expiredTimestamp": int(time.time() * 1000) + 3_600_000}
    )
    driver.step("clientHeartbeat without field", "PATCH", JOB + "/clientHeartbeat", json_body={})
    driver.step("clientHeartbeat without body", "PATCH", JOB + "/clientHeartbeat")
    driver.step(
        "clientHeartbeat unknown job", "PATCH", "/jobs/{unknown}/clientHeartbeat", json_body={"expiredTimestamp": 1}
    )
    driver.step(
        "coordinator request",
        "POST",
        JOB + "/coordinators/{source}",
        json_body={"serializedCoordinationRequest": "AAAA"},
    )


def read_processes_and_applications(driver: Driver) -> None:
    driver.read("/taskmanagers/{tm}")
    driver.read("/taskmanagers/{tm}/metrics")
    driver.read("/taskmanagers/{tm}/stdout", text_limit=300)
    driver.read("/jobmanager/metrics", "get=numRunningJobs,taskSlotsAvailable,taskSlotsTotal")
    driver.read("/applications/overview")
    driver.read("/applications/{job}")
    driver.read("/applications/{job}/exceptions")
    driver.read("/applications/{job}/jobmanager/config")


def read_second_job(driver: Driver) -> None:
    """Read a job that has a vertex with two inputs, and sources with different parallelisms."""
    start_job(driver, "twosources", variable="job2")
    set_vertex_variables(driver, "job2", "w")
    driver.read("/jobs/{job2}")
    driver.read("/jobs/{job2}/plan")
    driver.read("/jobs/{job2}/vertices/{wv0}")
    driver.read("/jobs/{job2}/config")
    driver.read("/jobs/{job2}/vertices/{vertex}")
    driver.read("/jobs/overview")
    driver.read("/jobs/metrics", "get=numberOfCompletedCheckpoints&jobs={job},{job2}")
    cancel(driver, "job2")
