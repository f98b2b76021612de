"""Invariants of the results of jobs, and of their restarts."""

from __future__ import annotations

from base64 import b64decode

from flinkmock.conformance.coherence.jobs import TERMINAL, entries_of_job, entry_with, was_canceled_without_tasks
from flinkmock.conformance.coherence.registry import METRICS_REFRESH_MS, between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    close,
    equal,
    one_of,
    require,
)
from flinkmock.conformance.coherence.schedulers import has_default_scheduler
from flinkmock.conformance.coherence.values import MISSING, Value, constant, highest
from flinkmock.conformance.coherence.view import View

_RULES = "flink-behaviour.md#rules-that-hold"
JAVA_OBJECT_PREFIX = b"\xac\xed\x00\x05"
"""How a serialized Java object begins (`ObjectStreamConstants`)."""


@between("job", text="execution-result is COMPLETED if and only if the job has ended.", source=_RULES)
def job_result_status(view: View, job_id: str) -> Relations:
    status = view.body("getJobExecutionResult", jobid=job_id)["status"]["id"]
    for entry in entries_of_job(view, job_id):
        if entry["state"].exists and status.exists:
            has_ended = entry["state"].raw in TERMINAL
            text = "they disagree on whether the job has ended"
            yield from require((status.raw == "COMPLETED") == has_ended, text, status, entry["state"], exact=True)


@between(
    "job",
    text="The execution result has the state and the duration of the job, a failure if the job FAILED, and none if it "
    "FINISHED.",
    source="flink-behaviour.md#execution-result",
)
def job_result(view: View, job_id: str) -> Relations:
    result = view.body("getJobExecutionResult", jobid=job_id)["job-execution-result"]
    entry = entry_with(view.body("getJobsOverview")["jobs"], "jid", job_id)
    if not entry["state"].is_in(TERMINAL) or not result.raw:
        return
    expected = "SUCCEEDED" if entry["state"].raw == "FINISHED" else entry["state"].raw
    status = result["application-status"]
    yield from require(status.raw == expected, f"the job is {entry['state'].raw}", status, entry["state"], exact=True)
    if was_canceled_without_tasks(entry):
        yield from equal(result["net-runtime"], constant(0, "no runtime"))
    else:
        yield from equal(result["net-runtime"], entry["duration"], entry["end-time"] - entry["start-time"])
    if entry["state"].raw == "FINISHED":
        yield from require(not result["failure-cause"].raw, "a job that FINISHED has a failure", result, entry["state"])
    if entry["state"].raw == "FAILED":
        yield from require(
            bool(result["failure-cause"].raw), "a job that FAILED has no failure", result, entry["state"]
        )


@within(
    "getJobExecutionResult",
    text="There is an execution result if and only if the status is COMPLETED. net-runtime is end-time - start-time, "
    "or 0 if end-time is 0; the failure fits application-status, and has a stack trace and a serialized exception of "
    "its class.",
    source=_RULES,
)
def result_is_coherent(body: Value) -> Relations:
    result = body["job-execution-result"]
    if not result.exists or not result.raw:
        if body["status"]["id"].exists:
            text = "COMPLETED without a result"
            yield from require(body["status"]["id"].raw != "COMPLETED", text, body["status"]["id"], exact=True)
        return
    yield from one_of(body["status"]["id"], ["COMPLETED"], "there is a result", result["id"])
    if result["end-time"].raw == 0:  # the job was CANCELED before it had tasks
        yield from equal(result["net-runtime"], constant(0, "no runtime"))
    else:
        yield from equal(result["net-runtime"], result["end-time"] - result["start-time"])
    status, cause = result["application-status"], result["failure-cause"]
    if cause.raw:
        yield from one_of(status, ["FAILED", "CANCELED", "UNKNOWN"], "there is a failure", cause["class"])
        name, trace = cause["class"], cause["stack-trace"]
        if isinstance(name.raw, str) and isinstance(trace.raw, str):
            yield from require(trace.raw.startswith(name.raw), "the stack trace is of another class", name, trace)
            serialized = cause["serialized-throwable"]
            if isinstance(serialized.raw, str):
                content = decoded(serialized.raw)
                yield from require(content.startswith(JAVA_OBJECT_PREFIX), "not a Java object", serialized, exact=True)
                has_class = name.raw.encode() in content
                yield from require(has_class, "the serialized exception is of another class", serialized, name)
    elif status.exists:
        yield from require(status.raw != "FAILED", "FAILED without a failure", status)


def decoded(text: str) -> bytes:
    """Return the bytes of a text in base64; no bytes if it is not base64."""
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


@between(
    "job",
    text="The failure in the result of a FAILED job is the newest exception in its history.",
    source="flink-behaviour.md#exceptions",
)
def job_failure(view: View, job_id: str) -> Relations:
    cause = view.body("getJobExecutionResult", jobid=job_id)["job-execution-result"]["failure-cause"]
    details = view.body("getJobDetails", jobid=job_id)
    exceptions = view.body("getJobExceptions", jobid=job_id)
    newest = exceptions["exceptionHistory"]["entries"][0]
    if details["state"].raw == "FAILED" and newest.raw and cause.raw:
        yield from equal(cause["class"], newest["exceptionName"])
        yield from equal(cause["stack-trace"], newest["stacktrace"])


@between(
    "job",
    text="numRestarts of a running job is the highest attempt number of its subtasks.",
    source=_RULES,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def job_restarts(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    if details["state"].raw != "RUNNING" or not has_default_scheduler(view, job_id):
        return
    attempts = []
    for vertex in details["vertices"]:
        subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=str(vertex["id"].raw))["subtasks"]
        attempts += [subtask["attempt"] for subtask in subtasks]
        if not subtasks.raw:
            return
    restarts = view.metrics("getJobMetrics", jobid=job_id).get("numRestarts", Value(MISSING))
    yield from equal(restarts, highest(attempts, "the highest attempt"))


@between(
    "job",
    text="uptime and runningTime of a running job that has never restarted are about the time since it became "
    "RUNNING; the times of other states are 0.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def job_uptime(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    metrics = view.metrics("getJobMetrics", jobid=job_id)
    running_since = details["timestamps"]["RUNNING"]
    if details["state"].raw == "RUNNING" and not details["timestamps"]["RESTARTING"].raw and "uptime" in metrics:
        uptime = metrics["uptime"]
        yield from close(uptime, details["now"] - running_since, 60_000)
        if "runningTime" in metrics:
            yield from close(uptime, metrics["runningTime"], 5_000)
        for name in ("restartingTime", "downtime", "failingTime", "cancellingTime", "createdTime", "initializingTime"):
            if name in metrics:
                yield from require(metrics[name].raw <= 0, "the job runs and never failed", metrics[name], exact=True)
