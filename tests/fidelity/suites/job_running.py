"""A running job in every detail, and another one beside it."""

from __future__ import annotations

import time

from tests.fidelity.driver import Driver
from tests.fidelity.jobs import (
    cancel,
    learn_taskmanager,
    learn_vertices,
    start_job,
    vertex_variables,
    wait_checkpoints,
)
from tests.fidelity.suites.gets import JOB_GETS, VERTEX_GETS, get_all

JOB = "/jobs/{job}"
VERTEX = JOB + "/vertices/{vertex}"


def job_running(d: Driver) -> None:
    start_job(d, "wordcount", "--name", "oracle word count", "--note", "seen in user-config")
    learn_taskmanager(d)
    # two completed checkpoints, and metrics fetched at least once (the fetcher updates every 10 s at most)
    wait_checkpoints(d, 2)
    d.wait(JOB + "/vertices/{vertex}/metrics", lambda b: len(b) > 20, timeout=30, interval=0.5)
    d.read("/overview")
    d.read("/jobs")
    d.read("/jobs/overview")
    get_all(d, "job", JOB, JOB_GETS)
    d.read(JOB + "/jobmanager/log")
    d.read(JOB + "/yarn-cancel-not-a-path")
    job_metrics(d)
    vertices(d)
    checkpoints(d)
    accumulators(d)
    writes(d)
    job_beside(d)
    cancel(d)


def job_metrics(d: Driver) -> None:
    d.read(JOB + "/metrics", "get=uptime,numRestarts,lastCheckpointDuration")
    d.read(JOB + "/metrics", "get=numberOfCompletedCheckpoints,lastCheckpointExternalPath,runningTime")
    d.read(JOB + "/metrics", "get=no.such.metric")
    d.read("/jobs/metrics")
    d.read("/jobs/metrics", "get=numberOfCompletedCheckpoints")
    d.read("/jobs/metrics", "get=numberOfCompletedCheckpoints&agg=max,sum")
    d.read("/jobs/metrics", "get=numberOfCompletedCheckpoints&jobs={job}")
    d.read("/jobs/metrics", "get=numberOfCompletedCheckpoints&jobs={unknown}")
    d.read("/jobs/metrics", "get=numberOfCompletedCheckpoints&jobs=nohex")
    d.read("/jobs/metrics", "get=no.such.metric")
    d.read("/jobs/metrics", "agg=max")


def vertices(d: Driver) -> None:
    for v in vertex_variables(d):
        get_all(d, v, f"{JOB}/vertices/{{{v}}}", VERTEX_GETS)
    # the sampling endpoints answer "not ready" first and the sample some seconds later
    d.poll(
        "backpressure becomes ok",
        VERTEX + "/backpressure",
        lambda b: b["status"],
        lambda b: b["status"] == "ok",
        timeout=15,
    )
    d.poll(
        "flamegraph becomes available",
        VERTEX + "/flamegraph",
        lambda b: "empty" if not b.get("data") else "data",
        lambda b: bool(b.get("data")),
        timeout=20,
    )
    for typ in ("full", "on_cpu", "off_cpu", "ON_CPU", "nope"):
        d.read(VERTEX + "/flamegraph", f"type={typ}")
    d.read(VERTEX + "/flamegraph", "subtaskindex=0")
    d.read(VERTEX + "/flamegraph", "subtaskindex=99")
    d.read(VERTEX + "/flamegraph", "subtaskindex=x")
    d.read(VERTEX + "/metrics", "get=0.numRecordsIn,0.numRecordsOut,0.busyTimeMsPerSecond,1.numRecordsIn")
    d.read(VERTEX + "/metrics", "get=0.no.such")
    d.read(VERTEX + "/subtasks/metrics", "get=numRecordsIn")
    d.read(VERTEX + "/subtasks/metrics", "get=numRecordsIn,numRecordsOut&agg=sum,avg")
    d.read(VERTEX + "/subtasks/metrics", "get=numRecordsIn&agg=min,max,sum,avg")
    d.read(VERTEX + "/subtasks/metrics", "get=numRecordsIn&agg=max,skew")
    for sub in ("0", "0-1", "0,1", "1-5", "7", "x", "1-0", ""):
        d.step(
            f"subtasks range '{sub}'", "GET", VERTEX + "/subtasks/metrics", f"get=numRecordsIn&agg=sum&subtasks={sub}"
        )
    d.read(VERTEX + "/subtasks/0/metrics", "get=numRecordsIn,buffers.inPoolUsage")
    d.read(VERTEX + "/subtasks/0/metrics", "get=no.such")
    d.read(VERTEX + "/subtasks/1")
    d.read(VERTEX + "/subtasks/99")
    d.read(VERTEX + "/subtasks/-1")
    d.read(VERTEX + "/subtasks/x")
    d.read(VERTEX + "/subtasks/99/metrics")
    d.read(VERTEX + "/subtasks/0/attempts/1")
    d.read(VERTEX + "/subtasks/0/attempts/-1")
    d.read(VERTEX + "/subtasks/0/attempts/x")
    d.read(VERTEX + "/subtasks/0/attempts/1/accumulators")
    d.read(VERTEX + "/subtasks/0/attempts")
    d.read(VERTEX + "/subtasks")
    d.read(JOB + "/vertices")
    get_all(d, "unknown vertex", JOB + "/vertices/{unknown}", VERTEX_GETS)
    d.step("vertex bad id", "GET", JOB + "/vertices/nohex")
    d.read(JOB + "/vertices/{source}/jm-operator-metrics", "get=no.such")


def checkpoints(d: Driver) -> None:
    cps = d.peek(JOB + "/checkpoints") or {}
    done = [c for c in cps.get("history", []) if c["status"] == "COMPLETED"]
    d.variables["cp"] = done[0]["id"] if done else 1
    d.read(JOB + "/checkpoints/details/{cp}")
    for v in vertex_variables(d):
        d.read(f"{JOB}/checkpoints/details/{{cp}}/subtasks/{{{v}}}")
    d.read(JOB + "/checkpoints/details/999999")
    d.read(JOB + "/checkpoints/details/x")
    d.read(JOB + "/checkpoints/details/-1")
    d.read(JOB + "/checkpoints/details/999999/subtasks/{vertex}")
    d.read(JOB + "/checkpoints/details/{cp}/subtasks/{unknown}")
    d.read(JOB + "/checkpoints/details/{cp}/subtasks/nohex")
    d.read(JOB + "/checkpoints/{unknown}")


def accumulators(d: Driver) -> None:
    """They travel with the task managers' heartbeats (10 s), so they are empty at first."""
    d.poll(
        "accumulators appear",
        VERTEX + "/accumulators",
        lambda b: str(bool(b["user-accumulators"])),
        lambda b: bool(b["user-accumulators"]),
        timeout=25,
        interval=0.5,
    )
    for tail in ("/subtasks/accumulators", "/subtasks/0/attempts/0/accumulators"):
        d.step(f"vertex{tail} filled", "GET", VERTEX + tail)
    d.step("job/accumulators filled", "GET", JOB + "/accumulators", "includeSerializedValue=true")


def writes(d: Driver) -> None:
    """None of them ends the job."""
    d.step(None, "PATCH", JOB + "/clientHeartbeat", json_body={"expiredTimestamp": int(time.time() * 1000) + 3_600_000})
    d.step("clientHeartbeat without field", "PATCH", JOB + "/clientHeartbeat", json_body={})
    d.step("clientHeartbeat without body", "PATCH", JOB + "/clientHeartbeat")
    d.step("clientHeartbeat unknown job", "PATCH", "/jobs/{unknown}/clientHeartbeat", json_body={"expiredTimestamp": 1})
    d.step(
        "coordinator request",
        "POST",
        JOB + "/coordinators/{source}",
        json_body={"serializedCoordinationRequest": "AAAA"},
    )
    d.read("/taskmanagers/{tm}")
    d.read("/taskmanagers/{tm}/metrics")
    d.read("/taskmanagers/{tm}/stdout", text_limit=300)
    d.read("/jobmanager/metrics", "get=numRunningJobs,taskSlotsAvailable,taskSlotsTotal")
    d.read("/applications/overview")
    d.read("/applications/{job}")
    d.read("/applications/{job}/exceptions")
    d.read("/applications/{job}/jobmanager/config")


def job_beside(d: Driver) -> None:
    """With two inputs, and vertices of different parallelisms."""
    start_job(d, "twosources", variable="job2")
    learn_vertices(d, "job2", "w")
    d.read("/jobs/{job2}")
    d.read("/jobs/{job2}/plan")
    d.read("/jobs/{job2}/vertices/{wv0}")
    d.read("/jobs/{job2}/config")
    d.read("/jobs/{job2}/vertices/{vertex}")
    d.read("/jobs/overview")
    d.read("/jobs/metrics", "get=numberOfCompletedCheckpoints&jobs={job},{job2}")
    cancel(d, "job2")
