"""Rules between the responses of a job: statuses, order of vertices, ends, restarts, rescales.

See docs/flink-behaviour.md#rules-that-hold. `coherence.py` describes the arguments of the checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flinkmock.cluster.errors import AdaptiveSchedulerRequired

Json = Any
_DOMINANT_STATES = ("FAILED", "CANCELING", "CANCELED", "INITIALIZING", "RUNNING")
"""The status of a vertex is the first of these states that any of its tasks is in."""
_COUNTED_CAUSES = ("UPDATE_REQUIREMENT", "NEW_RESOURCE_AVAILABLE")
"""The causes of the rescales that the metric numRescales counts."""
_MAX_LISTED_FAILURES = 16
"""How many failures the exception history has at most: the default of web.exception-history-size."""


def vertex_status(task_counts: dict[str, int]) -> str:
    """Return the status of a vertex (ExecutionJobVertex.getAggregateJobVertexState).

    Args:
        task_counts: How many tasks of the vertex are in each state.
    """
    for state in _DOMINANT_STATES:
        if task_counts.get(state):
            return state
    if task_counts["FINISHED"]:
        return "FINISHED" if task_counts["FINISHED"] == sum(task_counts.values()) else "RUNNING"
    return "CREATED"


def check_statuses_and_order(get: Any, job: Json) -> Iterator[str]:
    """Check the status of vertices, their order, and that `/plan` has the plan of the details.

    The list of vertices starts with the sources. A plan starts with the sinks, except for plans of the adaptive
    scheduler (recognized since 2.3, by `schedulerType`) and, since 2.0, of batch jobs that were submitted as stream
    graphs: these start with the sources.
    """
    plan_starts_with_sources = job.get("schedulerType") == "Adaptive" or "stream-graph" in job
    position_in_list = {vertex["id"]: position for position, vertex in enumerate(job["vertices"])}
    for vertex in job["vertices"]:
        if vertex["status"] != vertex_status(vertex["tasks"]):
            yield f"{vertex['name']} is {vertex['status']} with the tasks {vertex['tasks']}"
    nodes = job["plan"].get("nodes", [])
    position_in_plan = {node["id"]: position for position, node in enumerate(nodes)}
    for node in nodes:
        for edge in node.get("inputs", []):
            source, target = edge["id"], node["id"]
            source_precedes_target = position_in_plan[source] < position_in_plan[target]
            if (
                position_in_list[source] > position_in_list[target]
                or source_precedes_target != plan_starts_with_sources
            ):
                yield f"{source} is an input of {target}: their order in the list of vertices or in the plan is wrong"
    if get(f"/jobs/{job['jid']}/plan")["plan"] != job["plan"]:
        yield "/plan differs from the plan of the details"


def check_ends(vertex: Json, detail: Json, times: Json) -> Iterator[str]:
    """Check that a vertex ends with its last subtask, and that durations of /subtasktimes start at SCHEDULED."""
    last_end = max(entry["end-time"] for entry in detail["subtasks"])
    if vertex["end-time"] not in (-1, last_end):
        yield f"{vertex['name']} ends at {vertex['end-time']}, the last of its subtasks at {last_end}"
    for entry, times_entry in zip(detail["subtasks"], times["subtasks"], strict=True):
        scheduled = times_entry["timestamps"]["SCHEDULED"]
        end = entry["end-time"] if entry["end-time"] > 0 else times["now"]
        if scheduled and times_entry["duration"] != end - scheduled:
            yield f"{vertex['name']} {entry['subtask']}: {times_entry['duration']} ms from {scheduled} to {end}"


def check_restarts(get: Any, job: Json, attempt_numbers: list[int]) -> Iterator[str]:
    """Check that numRestarts is the highest attempt number, and the exception history has a failure for each restart.

    A job that has FAILED has one failure more. Jobs of the adaptive scheduler (recognized since 2.3) are not checked,
    because it also restarts jobs without a failure.

    Args:
        get: Returns the body of the response to a GET of a path.
        job: The job's details.
        attempt_numbers: The current attempt number of each subtask; empty if the job has no vertices.
    """
    if job["state"] not in ("RUNNING", "FAILED") or job.get("schedulerType") == "Adaptive":
        return
    history = get(f"/jobs/{job['jid']}/exceptions").get("exceptionHistory")
    values = [metric["value"] for metric in get(f"/jobs/{job['jid']}/metrics?get=numRestarts")]
    restart_count = max(attempt_numbers, default=0)
    if job["state"] == "RUNNING" and values and int(values[0]) != restart_count:
        yield f"numRestarts is {values[0]}, the highest attempt number is {restart_count}"
    failure_count = restart_count + 1 if job["state"] == "FAILED" else restart_count
    if history and attempt_numbers and len(history["entries"]) != min(failure_count, _MAX_LISTED_FAILURES):
        yield f"{len(history['entries'])} failures in the history after {restart_count} restarts"


def check_rescales(get: Any, job: Json) -> Iterator[str]:
    """Check that numRescales counts the completed rescales that new parallelism bounds or new slots caused."""
    if job["state"] != "RUNNING" or job.get("schedulerType") != "Adaptive":
        return
    try:
        history = get(f"/jobs/{job['jid']}/rescales/history")
    except AdaptiveSchedulerRequired:  # Flink's error if the cluster keeps no history of rescales
        return
    if any(entry["terminalState"] is None for entry in history):
        return
    completed_count = sum(
        entry["terminalState"] == "COMPLETED" for entry in history if entry["triggerCause"] in _COUNTED_CAUSES
    )
    values = [metric["value"] for metric in get(f"/jobs/{job['jid']}/metrics?get=numRescales")]
    if values and int(values[0]) != completed_count:
        yield f"numRescales is {values[0]}, {completed_count} completed rescales in the history"
