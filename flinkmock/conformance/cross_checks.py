"""What the answers of one server have to do with each other: the same job, task manager and count told in two places.

A live cluster moves on between two requests, and Flink tells graphs out of a cache of 3 s. So a contradiction counts
only when it is still there each time the same two questions are put again, later; and nothing is said of a job whose
state has changed a moment ago.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from flinkmock.conformance.invariants import TERMINAL, InvariantViolation, differs
from flinkmock.conformance.targets import some

AGAIN_MS = 1500, 3500
"""How long to wait before a question is put again: once within and once beyond the life of Flink's cache."""
SETTLED_MS = 4000
"""A job's state can be told differently until the caches are through."""
Json = Any


class Source(Protocol):
    def json(self, target: str) -> Any:
        """The body of a good answer, {} if there is none."""


@dataclass(frozen=True, slots=True)
class CrossCheckViolation:
    """Two answers that can't both be true. `operation_id`, `path`: the one that is judged by the other."""

    operation_id: str
    path: str
    contradiction: InvariantViolation

    @property
    def place(self) -> tuple[str, str, str]:
        return self.operation_id, self.path, self.contradiction.pointer


def clashes(source: Source, wait: Callable[[int], None], most: int) -> list[CrossCheckViolation]:
    """What contradicts what, each time it was asked. `wait(ms)` lets time pass; up to `most` things of a kind are asked
    for, the same ones as `Targets` finds."""
    standing = {clash.place: clash for clash in _picture(source, most)}
    for pause in AGAIN_MS:
        if standing:
            wait(pause)
            again = {clash.place: clash for clash in _picture(source, most)}
            standing = {place: clash for place, clash in again.items() if place in standing}
    return list(standing.values())


def _picture(source: Source, most: int) -> Iterator[CrossCheckViolation]:
    listed = source.json("/jobs/overview")
    ids = source.json("/jobs")
    taskmanagers = source.json("/taskmanagers")
    overview = source.json("/overview")
    yield from _told("getJobIdsWithStatusesOverview", "/jobs", same_jobs, ids, listed)
    yield from _told("getClusterOverview", "/overview", cluster_counts, overview, listed, taskmanagers)
    yield from _told("getDashboardConfiguration", "/config", same_version, source.json("/config"), overview)
    for row in some(_rows(taskmanagers, "taskmanagers"), most):
        path = f"/taskmanagers/{quote(str(row.get('id')), safe='')}"  # as `Targets` spells it: the same question
        yield from _told("getTaskManagerDetails", path, same_taskmanager, source.json(path), row)
    for row in some(_rows(listed, "jobs"), most):
        yield from _job(source, row, most)


def _job(source: Source, row: Json, most: int) -> Iterator[CrossCheckViolation]:
    base = f"/jobs/{row.get('jid')}"
    details = source.json(base)
    if not _settled(row, details):
        return
    yield from _told("getJobDetails", base, same_job, details, row)
    yield from _told("getJobStatusInfo", f"{base}/status", same_status, source.json(f"{base}/status"), row)
    yield from _told("getJobPlan", f"{base}/plan", same_plan, source.json(f"{base}/plan"), details)
    yield from _told("getJobConfig", f"{base}/config", same_name, source.json(f"{base}/config"), row)
    yield from _told(
        "getJobExecutionResult", f"{base}/execution-result", ended, source.json(f"{base}/execution-result"), row
    )
    for vertex in some(_rows(details, "vertices"), most):
        path = f"{base}/vertices/{vertex.get('id')}"
        yield from _told("getJobVertexDetails", path, same_vertex, source.json(path), vertex)
        times = source.json(f"{path}/subtasktimes")
        yield from _told("getSubtasksTimes", f"{path}/subtasktimes", as_many_subtasks, times, vertex)
        homes = source.json(f"{path}/taskmanagers")
        yield from _told("getJobVertexTaskManagers", f"{path}/taskmanagers", homes_of_subtasks, homes, vertex)
    statistics = source.json(f"{base}/checkpoints")
    for entry in some(_rows(statistics, "history"), most)[:4]:
        path = f"{base}/checkpoints/details/{entry.get('id')}"
        yield from _told("getCheckpointStatisticDetails", path, same_checkpoint, source.json(path), entry)


def _settled(row: Json, details: Json) -> bool:
    try:
        latest = max(details["timestamps"].values())
        return bool(details["now"] - max(latest, row["last-modification"]) > SETTLED_MS or row["state"] in TERMINAL)
    except (LookupError, TypeError, AttributeError, ValueError):
        return False


def _told(
    operation_id: str, path: str, rule: Callable[..., Iterator[InvariantViolation]], body: Json, *others: Json
) -> Iterator[CrossCheckViolation]:
    """What a rule finds; a rule that meets bodies of another shape is silent, since their check tells of that."""
    if not body or not all(others):
        return
    try:
        found = list(rule(body, *others))
    except (LookupError, TypeError, ValueError, AttributeError):
        return
    yield from (CrossCheckViolation(operation_id, path, contradiction) for contradiction in found)


def _rows(body: Json, key: str) -> list[Mapping[str, Json]]:
    rows = body.get(key) if isinstance(body, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def same_jobs(ids: Json, listed: Json) -> Iterator[InvariantViolation]:
    told = {row["id"]: row["status"] for row in ids["jobs"]}
    known = {row["jid"]: row["state"] for row in listed["jobs"]}
    yield from differs("/jobs/*/id", sorted(known), sorted(told), "/jobs/overview")
    for job_id in told.keys() & known.keys():
        yield from differs("/jobs/*/status", known[job_id], told[job_id], "/jobs/overview")


def cluster_counts(overview: Json, listed: Json, taskmanagers: Json) -> Iterator[InvariantViolation]:
    states = Counter(job["state"] for job in listed["jobs"])
    rows = taskmanagers["taskmanagers"]
    counted = {
        "taskmanagers": (len(rows), "/taskmanagers"),
        "slots-total": (sum(row["slotsNumber"] for row in rows), "/taskmanagers"),
        "slots-available": (sum(row["freeSlots"] for row in rows), "/taskmanagers"),
        "jobs-running": (sum(count for state, count in states.items() if state not in TERMINAL), "/jobs/overview"),
        "jobs-finished": (states["FINISHED"], "/jobs/overview"),
        "jobs-cancelled": (states["CANCELED"], "/jobs/overview"),
        "jobs-failed": (states["FAILED"], "/jobs/overview"),
    }
    for key, (count, where) in counted.items():
        yield from differs(f"/{key}", count, overview[key], where)


def same_version(config: Json, overview: Json) -> Iterator[InvariantViolation]:
    yield from differs("/flink-version", overview["flink-version"], config["flink-version"], "/overview")
    if overview["flink-commit"] not in config["flink-revision"]:
        yield InvariantViolation(
            "/flink-revision", "/overview", f"{config['flink-revision']} without {overview['flink-commit']}"
        )


def same_taskmanager(details: Json, row: Json) -> Iterator[InvariantViolation]:
    for key in ("path", "dataPort", "jmxPort", "slotsNumber", "freeSlots", "totalResource", "hardware"):
        if key in row and key in details:
            yield from differs(f"/{key}", row[key], details[key], "/taskmanagers")


def same_job(details: Json, row: Json) -> Iterator[InvariantViolation]:
    for key in ("name", "state", "start-time", "end-time"):
        yield from differs(f"/{key}", row[key], details[key], "/jobs/overview")
    tasks: Counter[str] = Counter()
    for vertex in details["vertices"]:
        tasks.update({name.lower(): count for name, count in vertex["tasks"].items()})
    for name, count in row["tasks"].items():
        if name != "total" and name in tasks:
            yield from differs(f"/vertices/*/tasks/{name.upper()}", count, tasks[name], "/jobs/overview")


def same_status(status: Json, row: Json) -> Iterator[InvariantViolation]:
    yield from differs("/status", row["state"], status["status"], "/jobs/overview")


def same_plan(plan: Json, details: Json) -> Iterator[InvariantViolation]:
    yield from differs("/plan", details["plan"], plan["plan"], "/jobs/:jobid")


def same_name(config: Json, row: Json) -> Iterator[InvariantViolation]:
    yield from differs("/name", row["name"], config["name"], "/jobs/overview")


def ended(result: Json, row: Json) -> Iterator[InvariantViolation]:
    expected = "COMPLETED" if row["state"] in TERMINAL else "IN_PROGRESS"
    yield from differs("/status/id", expected, result["status"]["id"], f"the job is {row['state']}")
    if expected == result["status"]["id"] == "COMPLETED":
        told = result["job-execution-result"]
        yield from differs("/job-execution-result/id", row["jid"], told["id"], "/jobs/overview")
        took = row["end-time"] - row["start-time"]
        yield from differs("/job-execution-result/net-runtime", took, told["net-runtime"], "end-time - start-time")


def same_vertex(details: Json, row: Json) -> Iterator[InvariantViolation]:
    for key in ("name", "parallelism", "maxParallelism"):
        if key in row:
            yield from differs(f"/{key}", row[key], details[key], "/jobs/:jobid")
    statuses = Counter(subtask["status"] for subtask in details["subtasks"])
    for name, count in row["tasks"].items():
        yield from differs("/subtasks/*/status", f"{count} {name}", f"{statuses[name]} {name}", "/jobs/:jobid")


def as_many_subtasks(times: Json, row: Json) -> Iterator[InvariantViolation]:
    yield from differs("/subtasks", row["parallelism"], len(times["subtasks"]), "/jobs/:jobid")


def homes_of_subtasks(homes: Json, row: Json) -> Iterator[InvariantViolation]:
    counted: Counter[str] = Counter()
    for home in homes["taskmanagers"]:
        counted.update(home["status-counts"])
    for name, count in row["tasks"].items():
        if name in counted:
            yield from differs(f"/taskmanagers/*/status-counts/{name}", count, counted[name], "/jobs/:jobid")


def same_checkpoint(details: Json, entry: Json) -> Iterator[InvariantViolation]:
    for key in ("id", "is_savepoint", "trigger_timestamp", "num_subtasks"):
        yield from differs(f"/{key}", entry[key], details[key], "/jobs/:jobid/checkpoints")
