"""Invariants between the responses of one cluster at one moment. They hold on real clusters.

They are read from responses only, not from the model, while the clock stands still.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from flinkmock.cluster.errors import CheckpointingDisabled, JobInitializing
from flinkmock.rest.in_process import InProcessClient
from tests import coherent_checkpoints, coherent_jobs

TERMINAL = frozenset({"FINISHED", "FAILED", "CANCELED"})
TASKS_END = TERMINAL
ALIVE = frozenset({"DEPLOYING", "INITIALIZING", "RUNNING"})
HOLDING_A_SLOT = ALIVE | {"CANCELING"}
TASK_STATES_OF: dict[str, frozenset[str]] = {
    "CREATED": frozenset({"CREATED"}),
    "RUNNING": frozenset({"CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING", "FINISHED"}),
    "FINISHED": frozenset({"FINISHED"}),
    "FAILING": frozenset({"CANCELING", "CANCELED", "FAILED", "FINISHED"}),
    "FAILED": frozenset({"CANCELED", "FAILED", "FINISHED"}),
    "CANCELLING": frozenset({"CANCELING", "CANCELED", "FAILED", "FINISHED"}),
    "CANCELED": frozenset({"CANCELED", "FAILED", "FINISHED"}),
    "RESTARTING": frozenset({"CANCELING", "CANCELED", "FAILED", "FINISHED"}),
}
"""Job state -> the states that its tasks may be in."""
Json = Any


def incoherences(client: InProcessClient) -> list[str]:
    """Return the contradictions between responses; empty if there are none."""
    return list(_incoherences(client))


def _incoherences(client: InProcessClient) -> Iterator[str]:
    def get(target: str) -> Json:
        return client.json("GET", target)

    rows = get("/jobs/overview")["jobs"]
    yield from cluster_counts(get("/overview"), rows, get("/jobs")["jobs"], get("/taskmanagers")["taskmanagers"])
    holding: Counter[str] = Counter()
    for row in rows:
        job = get(f"/jobs/{row['jid']}")
        subject = f"job {job['name']} ({job['state']})"
        if job["state"] == "CREATED" and not any(any(vertex["tasks"].values()) for vertex in job["vertices"]):
            continue  # the adaptive scheduler waits for slots, and shows a graph without executions
        violations = [*job_times_and_counts(row, job), *vertices(job), *coherent_jobs.statuses_and_order(get, job)]
        attempts: list[int] = []
        for vertex in job["vertices"]:
            detail = get(f"/jobs/{job['jid']}/vertices/{vertex['id']}")
            times = get(f"/jobs/{job['jid']}/vertices/{vertex['id']}/subtasktimes")
            violations += subtasks(job, vertex, detail, times)
            violations += coherent_jobs.ends(job, vertex, detail, times)
            attempts += [subtask["attempt"] for subtask in detail["subtasks"]]
        violations += coherent_jobs.restarts(get, job, attempts)
        violations += coherent_jobs.rescales(get, job)
        violations += result(row, get(f"/jobs/{job['jid']}/execution-result"))
        try:
            response = get(f"/jobs/{job['jid']}/checkpoints")
            violations += [*checkpoints(response), *coherent_checkpoints.sums(get, job["jid"], response)]
            violations += [*coherent_checkpoints.retention(response), *coherent_checkpoints.restored(response)]
            violations += coherent_checkpoints.metrics(get, job, response)
        except JobInitializing:
            if job["vertices"] or job["state"] in TERMINAL:
                violations.append("checkpoints say that it is INITIALIZING")
        except CheckpointingDisabled:
            if job["vertices"] and job["job-type"] != "BATCH":
                violations.append("a streaming job has no checkpoints")
        holding[job["jid"]] = slots_held(job)
        yield from (f"{subject}: {text}" for text in violations)
    yield from slots(get, holding)


def cluster_counts(overview: Json, listed: Json, ids: Json, taskmanagers: Json) -> Iterator[str]:
    states = Counter(job["state"] for job in listed)
    if sorted((job["jid"], job["state"]) for job in listed) != sorted((job["id"], job["status"]) for job in ids):
        yield f"/jobs and /jobs/overview differ: {ids} {listed}"
    counted = {
        "taskmanagers": len(taskmanagers),
        "slots-total": sum(tm["slotsNumber"] for tm in taskmanagers),
        "slots-available": sum(tm["freeSlots"] for tm in taskmanagers),
        "jobs-running": sum(count for state, count in states.items() if state not in TERMINAL),
        "jobs-finished": states["FINISHED"],
        "jobs-cancelled": states["CANCELED"],
        "jobs-failed": states["FAILED"],
    }
    for key, count in counted.items():
        if overview[key] != count:
            yield f"/overview: {key} is {overview[key]}, counted {count}"


def job_times_and_counts(row: Json, job: Json) -> Iterator[str]:
    """Compare the list with the details, and the times of the details with each other."""
    for key in ("name", "state", "start-time", "end-time", "duration"):
        if row[key] != job[key]:
            yield f"{key} is {row[key]} in the list and {job[key]} in the details"
    stamps = {state: time for state, time in job["timestamps"].items() if time}
    now, state = job["now"], job["state"]
    ended = state in TERMINAL
    end = stamps.get(state) if ended else -1
    if job["start-time"] != stamps.get("INITIALIZING"):
        yield f"start-time {job['start-time']} is not the time of INITIALIZING: {stamps}"
    if job["end-time"] != end or (ended and row["last-modification"] != end):
        yield f"end-time {job['end-time']}, last-modification {row['last-modification']}, timestamps {stamps}"
    if job["duration"] != (end if ended else now) - job["start-time"]:
        yield f"duration {job['duration']}"
    if any(time > now for time in [*stamps.values(), row["last-modification"]]):
        yield f"a time of the future: {stamps} at {now}"
    if max(stamps, key=stamps.__getitem__) != state and stamps[state] != max(stamps.values()):
        yield f"the latest timestamp is not that of {state}: {stamps}"
    tasks: Counter[str] = Counter()
    for vertex in job["vertices"]:
        tasks.update({name.lower(): count for name, count in vertex["tasks"].items() if count})
    counts = {name: count for name, count in row["tasks"].items() if count and name != "total"}
    if counts != dict(tasks) or row["tasks"]["total"] != sum(tasks.values()):
        yield f"tasks in the list {row['tasks']}, in the details {tasks}"
    statuses = Counter(vertex["status"] for vertex in job["vertices"])
    if {name: count for name, count in job["status-counts"].items() if count} != dict(statuses):
        yield f"status-counts {job['status-counts']} of vertices {statuses}"


def vertices(job: Json) -> Iterator[str]:
    """Check that vertices agree with the state of the job, and finished ones with their inputs."""
    by_id = {vertex["id"]: vertex for vertex in job["vertices"]}
    for vertex in job["vertices"]:
        states = {state for state, count in vertex["tasks"].items() if count}
        if not states <= TASK_STATES_OF[job["state"]]:
            yield f"tasks of {vertex['name']} are {states}"
        if vertex["status"] in ("SCHEDULED", "DEPLOYING"):
            yield f"no vertex is ever {vertex['status']}"
        if sum(vertex["tasks"].values()) != vertex["parallelism"]:
            yield f"{vertex['parallelism']} subtasks of {vertex['name']}, but {vertex['tasks']}"
        start, end, duration = vertex["start-time"], vertex["end-time"], vertex["duration"]
        if (start == -1) != (duration == -1):
            yield f"{vertex['name']} starts {start} and lasts {duration}"
        elif start != -1 and duration != (job["now"] if end == -1 else end) - start:
            yield f"{vertex['name']}: {start} .. {end} is not {duration}"
    nodes = job["plan"].get("nodes", [])  # before 2.1 the plan is {} when there is no graph
    if {node["id"] for node in nodes} != set(by_id):
        yield "the plan has other vertices"
        return
    for node in nodes:
        inputs = [by_id[edge["id"]]["metrics"] for edge in node.get("inputs", [])]
        metrics = by_id[node["id"]]["metrics"]
        if job["state"] == "FINISHED" and inputs and not job["timestamps"]["RESTARTING"]:
            written = sum(metric["write-records"] for metric in inputs)
            if metrics["read-records"] != written:
                yield f"{node['id']} read {metrics['read-records']} records of {written} written"


def subtasks(job: Json, vertex: Json, detail: Json, times: Json) -> Iterator[str]:
    name = vertex["name"]
    rows = detail["subtasks"]
    if Counter(row["status"] for row in rows) != Counter({k: v for k, v in vertex["tasks"].items() if v}):
        yield f"subtasks of {name} against {vertex['tasks']}"
    if [row["subtask"] for row in rows] != list(range(vertex["parallelism"])):
        yield f"subtasks of {name} are {[row['subtask'] for row in rows]}"
    starts = [row["start-time"] for row in rows if row["start-time"] > 0]
    if starts and min(starts) != vertex["start-time"]:
        yield f"{name} starts {vertex['start-time']}, its subtasks {starts}"
    for row, timed in zip(rows, times["subtasks"], strict=True):
        stamps = timed["timestamps"]
        entered = sorted((time, state) for state, time in stamps.items() if time)
        if any(time > job["now"] for time, _ in entered):
            yield f"{name} {row['subtask']}: a time of the future: {entered}"
        if stamps[row["status"]] == 0 and row["status"] != "CREATED":
            yield f"{name} {row['subtask']} is {row['status']} without a timestamp: {entered}"
        if row["start-time"] not in (stamps["DEPLOYING"], -1) or (row["start-time"] == -1 and stamps["DEPLOYING"]):
            yield f"{name} {row['subtask']} starts {row['start-time']}: {entered}"
        ended = row["status"] in TASKS_END
        if ended and row["end-time"] != stamps[row["status"]]:
            yield f"{name} {row['subtask']} ends {row['end-time']}: {entered}"
        if row["status"] in HOLDING_A_SLOT and "(unassigned)" in row["taskmanager-id"]:
            yield f"{name} {row['subtask']} runs on no TaskManager"


def slots_held(job: Json) -> int:
    """Return the number of slots of deployed tasks: the sum of the widest vertex of each slot sharing group."""
    groups: dict[str, int] = {}
    for vertex in job["vertices"]:
        alive = sum(count for state, count in vertex["tasks"].items() if state in HOLDING_A_SLOT)
        group = vertex.get("slotSharingGroupId", "")
        groups[group] = max(groups.get(group, 0), alive)
    return sum(groups.values())


def slots(get: Any, holding: Counter[str]) -> Iterator[str]:
    """Check that the slots of TaskManagers agree with the tasks of jobs."""
    major, minor = get("/config")["flink-version"].split(".")[:2]
    if (int(major), int(minor)) < (1, 18):  # it does not list which job holds a slot
        return
    taken: Counter[str] = Counter()
    for row in get("/taskmanagers")["taskmanagers"]:
        detail = get(f"/taskmanagers/{row['id']}")
        allocated = Counter(slot["jobId"] for slot in detail["allocatedSlots"])
        taken.update(allocated)
        if sum(allocated.values()) + row["freeSlots"] != row["slotsNumber"]:
            yield f"task manager {row['id']}: {allocated} and {row['freeSlots']} free of {row['slotsNumber']}"
    for job_id, count in holding.items():
        if taken[job_id] < count:
            yield f"job {job_id} holds {taken[job_id]} slots and its tasks run in {count}"


def result(row: Json, response: Json) -> Iterator[str]:
    ended = row["state"] in TERMINAL
    if (response["status"]["id"] == "COMPLETED") != ended:
        yield f"execution-result is {response['status']['id']}"
    if ended:
        reported = response["job-execution-result"]
        expected = {"FINISHED": "SUCCEEDED"}.get(row["state"], row["state"])
        if reported["application-status"] != expected or reported["net-runtime"] != row["end-time"] - row["start-time"]:
            yield f"execution-result {reported['application-status']}, {reported['net-runtime']} ms of {row}"
        if ("failure-cause" in reported) != (row["state"] in ("FAILED", "CANCELED")) and row["state"] != "CANCELED":
            yield f"failure-cause: {'failure-cause' in reported}"


def checkpoints(response: Json) -> Iterator[str]:
    counts, latest, history = response["counts"], response["latest"], response["history"]
    if counts["total"] != counts["completed"] + counts["failed"] + counts["in_progress"]:
        yield f"checkpoint counts {counts}"
    if len(history) > 10 or len(history) > counts["total"]:
        yield f"{len(history)} checkpoints in the history, {counts}"
    ids = [entry["id"] for entry in history]
    if ids != sorted(set(ids), reverse=True):
        yield f"checkpoint ids {ids}"
    if sum(entry["status"] == "IN_PROGRESS" for entry in history) != min(counts["in_progress"], len(history)):
        yield f"in progress: {counts} and {[entry['status'] for entry in history]}"
    for kind, is_savepoint in (("completed", False), ("savepoint", True)):
        listed = [
            entry["id"] for entry in history if entry["status"] == "COMPLETED" and entry["is_savepoint"] is is_savepoint
        ]
        newest = latest[kind]["id"] if latest[kind] else None
        if listed and newest != listed[0]:
            yield f"latest.{kind} is {newest} of {listed}"
    for entry in history:
        if entry["status"] != "FAILED" and entry["num_acknowledged_subtasks"] > entry["num_subtasks"]:
            yield f"checkpoint {entry['id']}: too many acknowledged"
        duration = entry["latest_ack_timestamp"] - entry["trigger_timestamp"]
        if entry["status"] == "COMPLETED" and entry["end_to_end_duration"] != duration:
            yield f"checkpoint {entry['id']} took {duration}, end_to_end_duration is {entry['end_to_end_duration']}"


def backwards(before: dict[str, Json], after: dict[str, Json]) -> list[str]:
    """Return the times that went backwards between two reads of the same jobs (id -> details of /jobs/:jobid)."""
    violations = []
    for job_id, old in before.items():
        new = after.get(job_id)
        if new is None:
            violations.append(f"job {job_id} is missing")
            continue
        if new["start-time"] != old["start-time"] or new["now"] < old["now"]:
            violations.append(f"job {job_id}: start-time or now went back")
        violations += [
            f"job {job_id}: the time of {state} went from {time} to {new['timestamps'][state]}"
            for state, time in old["timestamps"].items()
            if new["timestamps"][state] < time
        ]
        if old["state"] in TERMINAL and new["state"] != old["state"]:
            violations.append(f"job {job_id} was {old['state']} and is {new['state']}")
    return violations
