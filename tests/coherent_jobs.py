"""How a job's answers hang together: statuses, order, restarts, failures.

See docs/flink-behaviour.md#rules-that-hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = Any
_FIRST = ("FAILED", "CANCELING", "CANCELED", "INITIALIZING", "RUNNING")
_KEPT_FAILURES = 16
"""web.exception-history-size."""


def status_of(tasks: dict[str, int]) -> str:
    """A vertex' status by the states of its tasks (ExecutionJobVertex.getAggregateJobVertexState)."""
    for state in _FIRST:
        if tasks.get(state):
            return state
    if tasks["FINISHED"]:
        return "FINISHED" if tasks["FINISHED"] == sum(tasks.values()) else "RUNNING"
    return "CREATED"


def statuses_and_order(get: Any, job: Json) -> Iterator[str]:
    """Sources come first among the vertices; in the plan of the adaptive scheduler, too, in others last (recorded).

    The plan alone is that of the details.
    """
    sources_first = job.get("schedulerType") == "Adaptive"
    place = {vertex["id"]: number for number, vertex in enumerate(job["vertices"])}
    for vertex in job["vertices"]:
        if vertex["status"] != status_of(vertex["tasks"]):
            yield f"{vertex['name']} is {vertex['status']} with the tasks {vertex['tasks']}"
    nodes = job["plan"].get("nodes", [])
    in_plan = {node["id"]: number for number, node in enumerate(nodes)}
    for node in nodes:
        for edge in node.get("inputs", []):
            if place[edge["id"]] > place[node["id"]] or (in_plan[edge["id"]] < in_plan[node["id"]]) != sources_first:
                yield f"{edge['id']} is an input of {node['id']} and on the wrong side of it"
    if get(f"/jobs/{job['jid']}/plan")["plan"] != job["plan"]:
        yield "/plan is another one"


def ends(job: Json, vertex: Json, detail: Json, times: Json) -> Iterator[str]:
    """A vertex ends with the last of its subtasks; in /subtasktimes they last from SCHEDULED on."""
    last = max(row["end-time"] for row in detail["subtasks"])
    if vertex["end-time"] not in (-1, last):
        yield f"{vertex['name']} ends {vertex['end-time']}, the last of its subtasks {last}"
    for row, timed in zip(detail["subtasks"], times["subtasks"], strict=True):
        scheduled = timed["timestamps"]["SCHEDULED"]
        end = row["end-time"] if row["end-time"] > 0 else times["now"]
        if scheduled and timed["duration"] != end - scheduled:
            yield f"{vertex['name']} {row['subtask']}: {timed['duration']} ms since {scheduled} until {end}"


def restarts(get: Any, job: Json, attempts: list[int]) -> Iterator[str]:
    """Of a running job: numRestarts is the highest attempt, and each has its entry in the exception history.

    The adaptive scheduler restarts jobs without a failure, too.
    """
    if job["state"] not in ("RUNNING", "FAILED") or job.get("schedulerType") == "Adaptive":
        return
    history = get(f"/jobs/{job['jid']}/exceptions").get("exceptionHistory")
    told = [metric["value"] for metric in get(f"/jobs/{job['jid']}/metrics?get=numRestarts")]
    count = max(attempts, default=0)
    if job["state"] == "RUNNING" and told and int(told[0]) != count:
        yield f"numRestarts is {told[0]}, the highest attempt {count}"
    expected = count + (job["state"] == "FAILED")
    if history and attempts and len(history["entries"]) != min(expected, _KEPT_FAILURES):
        yield f"{len(history['entries'])} failures in the history after {count} restarts"
