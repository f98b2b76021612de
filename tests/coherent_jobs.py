"""Invariants between the responses of a job: statuses, order, restarts, failures.

See docs/flink-behaviour.md#rules-that-hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flinkmock.cluster.errors import AdaptiveSchedulerRequired

Json = Any
_DOMINANT_STATES = ("FAILED", "CANCELING", "CANCELED", "INITIALIZING", "RUNNING")
_CAUSED_BY_CHANGES = ("UPDATE_REQUIREMENT", "NEW_RESOURCE_AVAILABLE")
_KEPT_FAILURES = 16
"""web.exception-history-size."""


def status_of(tasks: dict[str, int]) -> str:
    """Return the status of a vertex by the states of its tasks (ExecutionJobVertex.getAggregateJobVertexState)."""
    for state in _DOMINANT_STATES:
        if tasks.get(state):
            return state
    if tasks["FINISHED"]:
        return "FINISHED" if tasks["FINISHED"] == sum(tasks.values()) else "RUNNING"
    return "CREATED"


def statuses_and_order(get: Any, job: Json) -> Iterator[str]:
    """Check the status of vertices, their order, and that `/plan` has the plan of the details.

    Vertices are listed from the sources on, in a plan of the default scheduler from the sinks on. The graph of a batch
    job grows since 2.0, beginning with its sources.
    """
    sources_first = job.get("schedulerType") == "Adaptive" or "stream-graph" in job
    position = {vertex["id"]: number for number, vertex in enumerate(job["vertices"])}
    for vertex in job["vertices"]:
        if vertex["status"] != status_of(vertex["tasks"]):
            yield f"{vertex['name']} is {vertex['status']} with the tasks {vertex['tasks']}"
    nodes = job["plan"].get("nodes", [])
    in_plan = {node["id"]: number for number, node in enumerate(nodes)}
    for node in nodes:
        for edge in node.get("inputs", []):
            if (
                position[edge["id"]] > position[node["id"]]
                or (in_plan[edge["id"]] < in_plan[node["id"]]) != sources_first
            ):
                yield f"{edge['id']} is an input of {node['id']} and on the wrong side of it"
    if get(f"/jobs/{job['jid']}/plan")["plan"] != job["plan"]:
        yield "/plan differs from the plan of the details"


def ends(job: Json, vertex: Json, detail: Json, times: Json) -> Iterator[str]:
    """Check that a vertex ends with its last subtask, and that durations of /subtasktimes begin at SCHEDULED."""
    last = max(row["end-time"] for row in detail["subtasks"])
    if vertex["end-time"] not in (-1, last):
        yield f"{vertex['name']} ends {vertex['end-time']}, the last of its subtasks {last}"
    for row, timed in zip(detail["subtasks"], times["subtasks"], strict=True):
        scheduled = timed["timestamps"]["SCHEDULED"]
        end = row["end-time"] if row["end-time"] > 0 else times["now"]
        if scheduled and timed["duration"] != end - scheduled:
            yield f"{vertex['name']} {row['subtask']}: {timed['duration']} ms since {scheduled} until {end}"


def restarts(get: Any, job: Json, attempts: list[int]) -> Iterator[str]:
    """Check that numRestarts is the highest attempt, and that each restart is in the exception history.

    Jobs of the adaptive scheduler are not checked, because it also restarts jobs without a failure.
    """
    if job["state"] not in ("RUNNING", "FAILED") or job.get("schedulerType") == "Adaptive":
        return
    history = get(f"/jobs/{job['jid']}/exceptions").get("exceptionHistory")
    values = [metric["value"] for metric in get(f"/jobs/{job['jid']}/metrics?get=numRestarts")]
    count = max(attempts, default=0)
    if job["state"] == "RUNNING" and values and int(values[0]) != count:
        yield f"numRestarts is {values[0]}, the highest attempt {count}"
    expected = count + (job["state"] == "FAILED")
    if history and attempts and len(history["entries"]) != min(expected, _KEPT_FAILURES):
        yield f"{len(history['entries'])} failures in the history after {count} restarts"


def rescales(get: Any, job: Json) -> Iterator[str]:
    """Check that numRescales counts the completed rescales that bounds or slots caused."""
    if job["state"] != "RUNNING" or job.get("schedulerType") != "Adaptive":
        return
    try:
        history = get(f"/jobs/{job['jid']}/rescales/history")
    except AdaptiveSchedulerRequired:  # no history is kept
        return
    if any(entry["terminalState"] is None for entry in history):
        return
    changes = [entry for entry in history if entry["triggerCause"] in _CAUSED_BY_CHANGES]
    completed = sum(entry["terminalState"] == "COMPLETED" for entry in changes)
    values = [metric["value"] for metric in get(f"/jobs/{job['jid']}/metrics?get=numRescales")]
    if values and int(values[0]) != completed:
        yield f"numRescales is {values[0]}, {completed} rescales in the history"
