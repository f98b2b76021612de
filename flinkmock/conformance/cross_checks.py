"""Compares responses of one server with each other: the same job, TaskManager or count in two responses.

A live cluster changes between two requests, and Flink caches job graphs for 3 s. So a violation counts only if it is
still there each time the same requests are repeated, and a job whose state has just changed is not compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from flinkmock.conformance.http_client import Json, JsonReader
from flinkmock.conformance.invariants import TERMINAL, InvariantViolation, differs
from flinkmock.conformance.targets import first_and_last

RETRY_DELAYS_MS = 1500, 3500
"""Before each repetition: the first is within the lifetime of Flink's cache, the second beyond it."""
SETTLED_MS = 4000
"""How long a job's state may differ between responses, until all caches have expired."""

CrossCheckViolation = tuple[str, str, InvariantViolation]
"""(operation id, path, violation) of the response that another one contradicts."""


def cross_check(reader: JsonReader, wait: Callable[[int], None], limit: int) -> list[CrossCheckViolation]:
    """Returns the violations that persist.

    Args:
        reader: of the server.
        wait: waits for a number of milliseconds.
        limit: how many jobs, vertices … are compared: the same ones as `Targets` finds.
    """
    persistent = {_key(each): each for each in _compare_all(reader, limit)}
    for delay in RETRY_DELAYS_MS:
        if persistent:
            wait(delay)
            again = {_key(each): each for each in _compare_all(reader, limit)}
            persistent = {key: each for key, each in again.items() if key in persistent}
    return list(persistent.values())


def _key(each: CrossCheckViolation) -> tuple[str, str, str]:
    operation_id, path, violation = each
    return operation_id, path, violation.pointer


def _compare_all(reader: JsonReader, limit: int) -> Iterator[CrossCheckViolation]:
    jobs_overview = reader.json("/jobs/overview")
    jobs = reader.json("/jobs")
    taskmanagers = reader.json("/taskmanagers")
    overview = reader.json("/overview")
    config = reader.json("/config")
    yield from _compare("getJobIdsWithStatusesOverview", "/jobs", same_jobs, jobs, jobs_overview)
    yield from _compare("getClusterOverview", "/overview", cluster_counts, overview, jobs_overview, taskmanagers)
    yield from _compare("getDashboardConfiguration", "/config", same_version, config, overview)
    for row in first_and_last(_rows(taskmanagers, "taskmanagers"), limit):
        path = f"/taskmanagers/{quote(str(row.get('id')), safe='')}"  # the same target as `Targets` makes
        yield from _compare("getTaskManagerDetails", path, same_taskmanager, reader.json(path), row)
    for row in first_and_last(_rows(jobs_overview, "jobs"), limit):
        yield from _compare_job(reader, row, limit)


def _compare_job(reader: JsonReader, row: Json, limit: int) -> Iterator[CrossCheckViolation]:
    job = f"/jobs/{row.get('jid')}"
    details = reader.json(job)
    if not _settled(row, details):
        return
    yield from _compare("getJobDetails", job, same_job, details, row)
    for operation_id, path, rule, other in (
        ("getJobStatusInfo", f"{job}/status", same_status, row),
        ("getJobPlan", f"{job}/plan", same_plan, details),
        ("getJobConfig", f"{job}/config", same_name, row),
        ("getJobExecutionResult", f"{job}/execution-result", execution_result, row),
    ):
        yield from _compare(operation_id, path, rule, reader.json(path), other)
    for vertex in first_and_last(_rows(details, "vertices"), limit):
        path = f"{job}/vertices/{vertex.get('id')}"
        for operation_id, target, vertex_rule in (
            ("getJobVertexDetails", path, same_vertex),
            ("getSubtasksTimes", f"{path}/subtasktimes", subtask_count),
            ("getJobVertexTaskManagers", f"{path}/taskmanagers", taskmanager_counts),
        ):
            yield from _compare(operation_id, target, vertex_rule, reader.json(target), vertex)
    statistics = reader.json(f"{job}/checkpoints")
    for checkpoint in first_and_last(_rows(statistics, "history"), limit)[:4]:
        path = f"{job}/checkpoints/details/{checkpoint.get('id')}"
        yield from _compare("getCheckpointStatisticDetails", path, same_checkpoint, reader.json(path), checkpoint)


def _settled(row: Json, details: Json) -> bool:
    try:
        latest = max(details["timestamps"].values())
        return bool(details["now"] - max(latest, row["last-modification"]) > SETTLED_MS or row["state"] in TERMINAL)
    except (LookupError, TypeError, AttributeError, ValueError):
        return False


def _compare(
    operation_id: str, path: str, rule: Callable[..., Iterator[InvariantViolation]], body: Json, *others: Json
) -> Iterator[CrossCheckViolation]:
    """Applies a rule. Bodies that don't have the shape that it needs break their schema, which is reported already."""
    if not body or not all(others):
        return
    try:
        violations = list(rule(body, *others))
    except (LookupError, TypeError, ValueError, AttributeError):
        return
    yield from ((operation_id, path, violation) for violation in violations)


def _rows(body: Json, key: str) -> list[Mapping[str, Json]]:
    rows = body.get(key) if isinstance(body, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def same_jobs(jobs: Json, jobs_overview: Json) -> Iterator[InvariantViolation]:
    statuses = {row["id"]: row["status"] for row in jobs["jobs"]}
    states = {row["jid"]: row["state"] for row in jobs_overview["jobs"]}
    yield from differs("/jobs/*/id", sorted(states), sorted(statuses), "/jobs/overview")
    for job_id in statuses.keys() & states.keys():
        yield from differs("/jobs/*/status", states[job_id], statuses[job_id], "/jobs/overview")


def cluster_counts(overview: Json, jobs_overview: Json, taskmanagers: Json) -> Iterator[InvariantViolation]:
    states = Counter(job["state"] for job in jobs_overview["jobs"])
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
    for key, (count, source) in counted.items():
        yield from differs(f"/{key}", count, overview[key], source)


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


def execution_result(result: Json, row: Json) -> Iterator[InvariantViolation]:
    expected = "COMPLETED" if row["state"] in TERMINAL else "IN_PROGRESS"
    yield from differs("/status/id", expected, result["status"]["id"], f"the job is {row['state']}")
    if expected == result["status"]["id"] == "COMPLETED":
        execution = result["job-execution-result"]
        yield from differs("/job-execution-result/id", row["jid"], execution["id"], "/jobs/overview")
        duration = row["end-time"] - row["start-time"]
        yield from differs(
            "/job-execution-result/net-runtime", duration, execution["net-runtime"], "end-time - start-time"
        )


def same_vertex(details: Json, row: Json) -> Iterator[InvariantViolation]:
    for key in ("name", "parallelism", "maxParallelism"):
        if key in row:
            yield from differs(f"/{key}", row[key], details[key], "/jobs/:jobid")
    statuses = Counter(subtask["status"] for subtask in details["subtasks"])
    for name, count in row["tasks"].items():
        yield from differs("/subtasks/*/status", f"{count} {name}", f"{statuses[name]} {name}", "/jobs/:jobid")


def subtask_count(times: Json, row: Json) -> Iterator[InvariantViolation]:
    yield from differs("/subtasks", row["parallelism"], len(times["subtasks"]), "/jobs/:jobid")


def taskmanager_counts(body: Json, row: Json) -> Iterator[InvariantViolation]:
    counted: Counter[str] = Counter()
    for taskmanager in body["taskmanagers"]:
        counted.update(taskmanager["status-counts"])
    for name, count in row["tasks"].items():
        if name in counted:
            yield from differs(f"/taskmanagers/*/status-counts/{name}", count, counted[name], "/jobs/:jobid")


def same_checkpoint(details: Json, entry: Json) -> Iterator[InvariantViolation]:
    for key in ("id", "is_savepoint", "trigger_timestamp", "num_subtasks"):
        yield from differs(f"/{key}", entry[key], details[key], "/jobs/:jobid/checkpoints")
