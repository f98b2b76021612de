"""What one answer has to satisfy beyond its schema: counts that add up, ids that are unique and the ones asked for.

Only what held on real clusters in every answer, in steady state and while jobs came and went.
See docs/flink-behaviour.md#rules-that-hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Json = Any
TERMINAL = frozenset({"FINISHED", "FAILED", "CANCELED"})


@dataclass(frozen=True, slots=True)
class InvariantViolation:
    """`pointer`: where it shows, with `*` for each item. `expected`: what it has to agree with, without values."""

    pointer: str
    expected: str
    found: str


Found = Iterator[InvariantViolation]
Rule = Callable[[Json, dict[str, str]], Found]


def contradictions(operation_id: str, body: Json, asked: dict[str, str]) -> list[InvariantViolation]:
    """Of one success answer. `asked`: the values of the path's parameters."""
    found: list[InvariantViolation] = []
    for rule in (*RULES.get(operation_id, ()), echoed(operation_id)):
        try:
            found += rule(body, asked)
        except (LookupError, TypeError, ValueError, AttributeError):
            continue  # not of the shape that the rule is about; the schema's check tells of that
    return list(dict.fromkeys(found))


def differs(pointer: str, expected: Json, found: Json, why: str) -> Found:
    """A contradiction if they are not the same; `why` says where `expected` comes from."""
    if expected != found:
        yield InvariantViolation(pointer, why, f"{found} instead of {expected}")


ECHOES = {
    "getJobDetails": {"jobid": "jid"},
    "getJobConfig": {"jobid": "jid"},
    "getJobVertexDetails": {"vertexid": "id"},
    "getJobVertexTaskManagers": {"vertexid": "id"},
    "getSubtasksTimes": {"vertexid": "id"},
    "getJobVertexAccumulators": {"vertexid": "id"},
    "getSubtasksAllAccumulators": {"vertexid": "id"},
    "getTaskManagerDetails": {"taskmanagerid": "id"},
    "getCheckpointStatisticDetails": {"checkpointid": "id"},
    "getTaskCheckpointStatistics": {"checkpointid": "id"},
    "getSubtaskCurrentAttemptDetails": {"subtaskindex": "subtask"},
    "getSubtaskExecutionAttemptDetails": {"subtaskindex": "subtask", "attempt": "attempt"},
    "getApplicationDetails": {"applicationid": "id"},
}
"""Operation -> path parameter -> the key of the answer that repeats it."""


def echoed(operation_id: str) -> Rule:
    def rule(body: Json, asked: dict[str, str]) -> Found:
        for parameter, key in ECHOES.get(operation_id, {}).items():
            if key in body:
                yield from differs(f"/{key}", asked[parameter], str(body[key]), "asked for")

    return rule


def unique(rows: str, key: str) -> Rule:
    def rule(body: Json, _: dict[str, str]) -> Found:
        for value, times in Counter(row[key] for row in body[rows]).items():
            if times > 1:
                yield InvariantViolation(f"/{rows}/*/{key}", "no two the same", f"{times} times {value}")

    return rule


def listed_jobs(body: Json, _: dict[str, str]) -> Found:
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


def job_details(body: Json, _: dict[str, str]) -> Found:
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


def vertex_row(vertex: Json, now: int) -> Found:
    at = "/vertices/*"
    tasks = sum(vertex["tasks"].values())
    yield from differs(f"{at}/parallelism", tasks, vertex["parallelism"], "sum of tasks")
    start, end = vertex["start-time"], vertex["end-time"]
    lasts = -1 if start == -1 else (now if end == -1 else end) - start
    yield from differs(f"{at}/duration", lasts, vertex["duration"], "from start-time on")
    if vertex["status"] in ("SCHEDULED", "DEPLOYING"):
        yield InvariantViolation(f"{at}/status", "no state of single tasks", vertex["status"])


def plan_of(body: Json) -> Found:
    plan = body["plan"]
    if "nodes" not in plan:
        return
    rows = {vertex["id"]: vertex for vertex in body["vertices"]}
    told = {node["id"] for node in plan["nodes"]}
    if set(rows) != told:
        yield InvariantViolation("/plan/nodes/*/id", "the vertices", f"{sorted(told)} instead of {sorted(rows)}")
    for node in plan["nodes"]:
        wanted = rows[node["id"]]["parallelism"]
        if node["parallelism"] > 0:  # not decided yet by the adaptive batch scheduler
            yield from differs("/plan/nodes/*/parallelism", wanted, node["parallelism"], "its vertex")


def vertex_details(body: Json, _: dict[str, str]) -> Found:
    rows = [row["subtask"] for row in body["subtasks"]]
    if rows != list(range(len(rows))):
        yield InvariantViolation("/subtasks/*/subtask", "each once, in order", str(rows))
    yield from differs("/parallelism", len(rows), body["parallelism"], "subtasks")


def subtask_indices(body: Json, _: dict[str, str]) -> Found:
    rows = [row["subtask"] for row in body["subtasks"]]
    if rows != list(range(len(rows))):
        yield InvariantViolation("/subtasks/*/subtask", "each once, in order", str(rows))


def checkpoints(body: Json, _: dict[str, str]) -> Found:
    counts, latest, history = body["counts"], body["latest"], body["history"]
    counted = counts["completed"] + counts["failed"] + counts["in_progress"]
    yield from differs("/counts/total", counted, counts["total"], "completed + failed + in_progress")
    ids = [entry["id"] for entry in history]
    if ids != sorted(set(ids), reverse=True):
        yield InvariantViolation("/history/*/id", "each once, the newest first", str(ids))
    for kind, is_savepoint in (("completed", False), ("savepoint", True)):
        done = [e["id"] for e in history if e["status"] == "COMPLETED" and e["is_savepoint"] is is_savepoint]
        if done:
            yield from differs(f"/latest/{kind}/id", done[0], latest[kind]["id"], "newest in the history")
    for entry in history:
        yield from entry_adds_up("/history/*", entry)
    for entry in filter(None, (latest["completed"], latest["savepoint"])):
        yield from entry_adds_up("/latest/*", entry)
    for name, summary in body["summary"].items():
        yield from between(f"/summary/{name}", summary)


def entry_adds_up(at: str, entry: Json) -> Found:
    if entry["status"] == "COMPLETED":
        took = entry["latest_ack_timestamp"] - entry["trigger_timestamp"]
        yield from differs(f"{at}/end_to_end_duration", took, entry["end_to_end_duration"], "latest_ack - trigger")
        yield from differs(
            f"{at}/num_acknowledged_subtasks", entry["num_subtasks"], entry["num_acknowledged_subtasks"], "COMPLETED"
        )


def checkpoint_details(body: Json, _: dict[str, str]) -> Found:
    yield from entry_adds_up("", body)
    tasks = body["tasks"].values()
    if tasks and body["status"] == "COMPLETED":
        for key in ("state_size", "num_subtasks", "num_acknowledged_subtasks"):
            yield from differs(f"/{key}", sum(task[key] for task in tasks), body[key], "sum of tasks")


def task_checkpoint(body: Json, _: dict[str, str]) -> Found:
    if body["status"] != "COMPLETED":
        return  # a failed one forgets its subtasks
    done = [row for row in body["subtasks"] if row["status"] == "completed"]
    yield from differs("/num_acknowledged_subtasks", len(done), body["num_acknowledged_subtasks"], "completed subtasks")
    yield from differs("/state_size", sum(row["state_size"] for row in done), body["state_size"], "sum of subtasks")
    yield from differs("/num_subtasks", len(body["subtasks"]), body["num_subtasks"], "subtasks")


def between(at: str, told: Json) -> Found:
    """min <= avg <= max, but for what a mean of equal numbers loses by rounding; any of them can be "NaN"."""
    low, mean, high = (told[key] for key in ("min", "avg", "max"))
    if not all(isinstance(each, (int, float)) for each in (low, mean, high)):
        return
    slack = 1e-9 * max(abs(low), abs(high))
    if not low - slack <= mean <= high + slack:
        yield InvariantViolation(f"{at}/avg", "min <= avg <= max", str(told))


def aggregated(body: Json, _: dict[str, str]) -> Found:
    for metric in body:
        if {"min", "avg", "max"} <= metric.keys():
            yield from between("/*", metric)


def taskmanagers(body: Json, _: dict[str, str]) -> Found:
    for row in body["taskmanagers"]:
        yield from free_slots("/taskmanagers/*", row)


def taskmanager(body: Json, _: dict[str, str]) -> Found:
    yield from free_slots("", body)
    if body.get("allocatedSlots"):  # always empty up to 1.17: its slot manager does not know them
        free = body["slotsNumber"] - len(body["allocatedSlots"])
        yield from differs("/freeSlots", free, body["freeSlots"], "slotsNumber - allocatedSlots")


def free_slots(at: str, row: Json) -> Found:
    if not 0 <= row["freeSlots"] <= row["slotsNumber"]:
        yield InvariantViolation(f"{at}/freeSlots", "0 to slotsNumber", f"{row['freeSlots']} of {row['slotsNumber']}")


def cluster(body: Json, _: dict[str, str]) -> Found:
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
