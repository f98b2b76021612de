"""Checks one response beyond its schema: counts add up, ids are unique and equal to the requested ones.

All rules held in every response of real clusters, in steady state and while jobs started and ended
(docs/flink-behaviour.md#rules-that-hold).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flinkmock.conformance.http_client import Json
from flinkmock.contract.operation_traits import traits_of

TERMINAL = frozenset({"FINISHED", "FAILED", "CANCELED"})


@dataclass(frozen=True, slots=True)
class InvariantViolation:
    """Two values that contradict each other.

    Attributes:
        pointer: JSON pointer of the wrong value, with `*` for each item.
        expected: what it must agree with, without values.
        found: both values.
    """

    pointer: str
    expected: str
    found: str


Violations = Iterator[InvariantViolation]
Rule = Callable[[Json, dict[str, str]], Violations]
"""(body, values of the path parameters) -> violations."""


def invariant_violations(operation_id: str, body: Json, parameters: dict[str, str]) -> list[InvariantViolation]:
    """Applies all rules to a success response; `parameters` are the values of the path parameters."""
    violations: list[InvariantViolation] = []
    for rule in (*RULES.get(operation_id, ()), echoed(operation_id)):
        try:
            violations += rule(body, parameters)
        except (LookupError, TypeError, ValueError, AttributeError):
            continue  # the body doesn't have the shape that the rule needs; the schema check reports that
    return list(dict.fromkeys(violations))


def differs(pointer: str, expected: Json, found: Json, source: str) -> Violations:
    """Yields a violation if the values differ; `source` says where `expected` comes from."""
    if expected != found:
        yield InvariantViolation(pointer, source, f"{found} instead of {expected}")


def echoed(operation_id: str) -> Rule:
    def rule(body: Json, parameters: dict[str, str]) -> Violations:
        for parameter, key in traits_of(operation_id).echoes.items():
            if key in body:
                yield from differs(f"/{key}", parameters[parameter], str(body[key]), "requested")

    return rule


def unique(rows: str, key: str) -> Rule:
    def rule(body: Json, _: dict[str, str]) -> Violations:
        for value, times in Counter(row[key] for row in body[rows]).items():
            if times > 1:
                yield InvariantViolation(f"/{rows}/*/{key}", "unique", f"{times} times {value}")

    return rule


def listed_jobs(body: Json, _: dict[str, str]) -> Violations:
    for job in body["jobs"]:
        tasks = job["tasks"]
        counted = sum(count for name, count in tasks.items() if name != "total")
        yield from differs("/jobs/*/tasks/total", counted, tasks["total"], "sum of the states")
        if job["state"] in TERMINAL:
            yield from differs(
                "/jobs/*/duration", job["end-time"] - job["start-time"], job["duration"], "end-time - start-time"
            )
        else:
            yield from differs("/jobs/*/end-time", -1, job["end-time"], f"the job is {job['state']}")


def job_details(body: Json, _: dict[str, str]) -> Violations:
    state, stamps, now = body["state"], body["timestamps"], body["now"]
    end = stamps[state] if state in TERMINAL else -1
    yield from differs("/start-time", stamps["INITIALIZING"], body["start-time"], "timestamps.INITIALIZING")
    yield from differs("/end-time", end, body["end-time"], f"the job is {state}")
    until = now if end == -1 else end
    yield from differs("/duration", until - body["start-time"], body["duration"], "from start-time on")
    statuses = Counter(vertex["status"] for vertex in body["vertices"])
    for name, count in body["status-counts"].items():
        yield from differs(f"/status-counts/{name}", statuses[name], count, "vertices with that status")
    for vertex in body["vertices"]:
        yield from vertex_row(vertex, now)
    yield from plan_of(body)


def vertex_row(vertex: Json, now: int) -> Violations:
    pointer = "/vertices/*"
    tasks = sum(vertex["tasks"].values())
    yield from differs(f"{pointer}/parallelism", tasks, vertex["parallelism"], "sum of tasks")
    start, end = vertex["start-time"], vertex["end-time"]
    duration = -1 if start == -1 else (now if end == -1 else end) - start
    yield from differs(f"{pointer}/duration", duration, vertex["duration"], "from start-time on")
    if vertex["status"] in ("SCHEDULED", "DEPLOYING"):
        yield InvariantViolation(f"{pointer}/status", "not a state of single tasks", vertex["status"])


def plan_of(body: Json) -> Violations:
    plan = body["plan"]
    if "nodes" not in plan:
        return
    rows = {vertex["id"]: vertex for vertex in body["vertices"]}
    nodes = {node["id"] for node in plan["nodes"]}
    if set(rows) != nodes:
        yield InvariantViolation("/plan/nodes/*/id", "the vertices", f"{sorted(nodes)} instead of {sorted(rows)}")
    for node in plan["nodes"]:
        parallelism = rows[node["id"]]["parallelism"]
        if node["parallelism"] > 0:  # the adaptive batch scheduler has not decided yet
            yield from differs("/plan/nodes/*/parallelism", parallelism, node["parallelism"], "its vertex")


def vertex_details(body: Json, _: dict[str, str]) -> Violations:
    rows = [row["subtask"] for row in body["subtasks"]]
    if rows != list(range(len(rows))):
        yield InvariantViolation("/subtasks/*/subtask", "each once, in order", str(rows))
    yield from differs("/parallelism", len(rows), body["parallelism"], "subtasks")


def subtask_indices(body: Json, _: dict[str, str]) -> Violations:
    rows = [row["subtask"] for row in body["subtasks"]]
    if rows != list(range(len(rows))):
        yield InvariantViolation("/subtasks/*/subtask", "each once, in order", str(rows))


def checkpoints(body: Json, _: dict[str, str]) -> Violations:
    counts, latest, history = body["counts"], body["latest"], body["history"]
    counted = counts["completed"] + counts["failed"] + counts["in_progress"]
    yield from differs("/counts/total", counted, counts["total"], "completed + failed + in_progress")
    ids = [entry["id"] for entry in history]
    if ids != sorted(set(ids), reverse=True):
        yield InvariantViolation("/history/*/id", "each once, the newest first", str(ids))
    for kind, is_savepoint in (("completed", False), ("savepoint", True)):
        completed = [e["id"] for e in history if e["status"] == "COMPLETED" and e["is_savepoint"] is is_savepoint]
        if completed:
            yield from differs(f"/latest/{kind}/id", completed[0], latest[kind]["id"], "newest in the history")
    for entry in history:
        yield from checkpoint_sums("/history/*", entry)
    for entry in filter(None, (latest["completed"], latest["savepoint"])):
        yield from checkpoint_sums("/latest/*", entry)
    for name, summary in body["summary"].items():
        yield from ordered_statistics(f"/summary/{name}", summary)


def checkpoint_sums(pointer: str, entry: Json) -> Violations:
    if entry["status"] == "COMPLETED":
        duration = entry["latest_ack_timestamp"] - entry["trigger_timestamp"]
        yield from differs(
            f"{pointer}/end_to_end_duration", duration, entry["end_to_end_duration"], "latest_ack - trigger"
        )
        yield from differs(
            f"{pointer}/num_acknowledged_subtasks",
            entry["num_subtasks"],
            entry["num_acknowledged_subtasks"],
            "COMPLETED",
        )


def checkpoint_details(body: Json, _: dict[str, str]) -> Violations:
    yield from checkpoint_sums("", body)
    tasks = body["tasks"].values()
    if tasks and body["status"] == "COMPLETED":
        for key in ("state_size", "num_subtasks", "num_acknowledged_subtasks"):
            yield from differs(f"/{key}", sum(task[key] for task in tasks), body[key], "sum of tasks")


def task_checkpoint(body: Json, _: dict[str, str]) -> Violations:
    if body["status"] != "COMPLETED":
        return  # Flink drops the subtasks of failed checkpoints
    completed = [row for row in body["subtasks"] if row["status"] == "completed"]
    yield from differs(
        "/num_acknowledged_subtasks", len(completed), body["num_acknowledged_subtasks"], "completed subtasks"
    )
    yield from differs(
        "/state_size", sum(row["state_size"] for row in completed), body["state_size"], "sum of subtasks"
    )
    yield from differs("/num_subtasks", len(body["subtasks"]), body["num_subtasks"], "subtasks")


def ordered_statistics(pointer: str, statistics: Json) -> Violations:
    """min <= avg <= max, with a tolerance for the rounding of a mean of equal numbers; each of them can be "NaN"."""
    low, mean, high = (statistics[key] for key in ("min", "avg", "max"))
    if not all(isinstance(each, (int, float)) for each in (low, mean, high)):
        return
    slack = 1e-9 * max(abs(low), abs(high))
    if not low - slack <= mean <= high + slack:
        yield InvariantViolation(f"{pointer}/avg", "min <= avg <= max", str(statistics))


def aggregated(body: Json, _: dict[str, str]) -> Violations:
    for metric in body:
        if {"min", "avg", "max"} <= metric.keys():
            yield from ordered_statistics("/*", metric)


def taskmanagers(body: Json, _: dict[str, str]) -> Violations:
    for row in body["taskmanagers"]:
        yield from free_slots("/taskmanagers/*", row)


def taskmanager(body: Json, _: dict[str, str]) -> Violations:
    yield from free_slots("", body)
    if body.get("allocatedSlots"):  # always empty up to 1.17, whose slot manager does not track them
        free = body["slotsNumber"] - len(body["allocatedSlots"])
        yield from differs("/freeSlots", free, body["freeSlots"], "slotsNumber - allocatedSlots")


def free_slots(pointer: str, row: Json) -> Violations:
    if not 0 <= row["freeSlots"] <= row["slotsNumber"]:
        yield InvariantViolation(
            f"{pointer}/freeSlots", "0 to slotsNumber", f"{row['freeSlots']} of {row['slotsNumber']}"
        )


def cluster(body: Json, _: dict[str, str]) -> Violations:
    if not 0 <= body["slots-available"] <= body["slots-total"]:
        yield InvariantViolation(
            "/slots-available", "0 to slots-total", f"{body['slots-available']} of {body['slots-total']}"
        )


RULES: dict[str, tuple[Rule, ...]] = {
    "getClusterOverview": (cluster,),
    "getJobIdsWithStatusesOverview": (unique("jobs", "id"),),
    "getJobsOverview": (unique("jobs", "jid"), listed_jobs),
    "getJobDetails": (unique("vertices", "id"), job_details),
    "getJobVertexDetails": (vertex_details,),
    "getSubtasksTimes": (subtask_indices,),
    "getCheckpointingStatistics": (checkpoints,),
    "getCheckpointStatisticDetails": (checkpoint_details,),
    "getTaskCheckpointStatistics": (task_checkpoint,),
    "getTaskManagers": (unique("taskmanagers", "id"), taskmanagers),
    "getTaskManagerDetails": (taskmanager,),
    "getAggregatedTaskManagerMetrics": (aggregated,),
    "getAggregatedJobMetrics": (aggregated,),
    "getAggregatedSubtaskMetrics": (aggregated,),
}
