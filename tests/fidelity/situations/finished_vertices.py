"""Jobs with finished vertices: batch jobs, and a streaming job with a bounded source."""

from __future__ import annotations

import time

from tests.fidelity.driver import Body, Driver
from tests.fidelity.jobs import cancel, learn_taskmanager, learn_vertices, start_job, wait_state
from tests.fidelity.situations.views import JOB, operations, reads


def graph(job: Body) -> str:
    """Describe the graph of a batch job, which grows: its vertices, pending operators, and the states of vertices."""
    states = ",".join(vertex["status"] for vertex in job["vertices"])
    return f"{len(job['vertices'])} {job.get('pending-operators')} {states}"


def batch(d: Driver) -> None:
    learn_taskmanager(d)
    start_job(d, "finite", "--batch", "true", "--count", "900", "--name", "batch", name="batch: run", running=False)
    wait_state(d, d.variables["job"], lambda job: job["tasks"]["running"] > 0)
    time.sleep(1)
    learn_vertices(d)
    d.step("batch: first", "GET", JOB)
    operations(d, "batch")
    reads(d, "batch", "v0")
    d.poll("batch: timeline", JOB, graph, lambda b: b["state"] == "FINISHED", timeout=40)
    d.step("batch: list after the end", "GET", "/jobs/overview")
    learn_vertices(d)
    reads(d, "batch FINISHED", "v0")
    start_job(
        d, "finite", "--batch", "true", "--count", "100", "--name", "batch", name="batch: run again", running=False
    )
    wait_state(d, d.variables["job"], lambda job: job["tasks"]["running"] > 0)
    time.sleep(0.5)
    cancel(d)
    d.step("batch: CANCELED", "GET", JOB)
    d.step("batch: CANCELED list", "GET", "/jobs/overview")


def partly(d: Driver) -> None:
    start_job(d, "partlyfinished", name="partly: run")
    wait_state(d, d.variables["job"], lambda job: job["tasks"]["finished"] == 1)
    time.sleep(13)
    learn_vertices(d)
    body = d.peek(JOB)
    d.variables["once"] = next(v["id"] for v in body["vertices"] if v["name"].endswith("once"))
    d.peek(f"{JOB}/vertices/{{once}}/metrics")
    d.peek(f"{JOB}/vertices/{{once}}/backpressure")
    time.sleep(1)
    reads(d, "partly", "once")
    newest = d.peek(JOB + "/checkpoints")["history"]
    d.variables["cp"] = next(c["id"] for c in newest if c["status"] != "IN_PROGRESS")
    d.step("partly: newest checkpoint", "GET", JOB + "/checkpoints/details/{cp}")
    d.step("partly: newest checkpoint of once", "GET", JOB + "/checkpoints/details/{cp}/subtasks/{once}")
    learn_taskmanager(d)
    d.step("partly: taskmanager", "GET", "/taskmanagers/{tm}")
    d.step("partly: accumulated", "GET", JOB + "/metrics", "get=runningTime,numRunningTasks")
    operations(d, "partly")
