"""Rules that the responses of fake and real clusters follow at any time.

The checks read responses, not the model, while the clock stands still. Each check yields the violations that it finds,
as text. `job_coherence.py` and `checkpoint_coherence.py` have further checks.

The arguments of the checks are bodies of responses, and `get`, a function that returns the body of a GET request:

- `entry`: the entry of a job in `/jobs/overview`
- `job`: the details of a job, `/jobs/:jobid`
- `vertex`: an entry of the job's list of vertices
- `detail`: `/jobs/:jobid/vertices/:vertexid`
- `times`: `/jobs/:jobid/vertices/:vertexid/subtasktimes`
- `checkpoints`: `/jobs/:jobid/checkpoints`
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from flinkmock.cluster.errors import CheckpointingDisabled, JobInitializing
from flinkmock.rest.in_process import InProcessClient
from tests import checkpoint_coherence, job_coherence

TERMINAL_STATES = frozenset({"FINISHED", "FAILED", "CANCELED"})
"""The states in which jobs and tasks have ended, without SUSPENDED."""
STATES_WITH_SLOT = frozenset({"DEPLOYING", "INITIALIZING", "RUNNING", "CANCELING"})
"""The states in which a task occupies a slot."""
TASK_STATES_BY_JOB_STATE: dict[str, frozenset[str]] = {
    "CREATED": frozenset({"CREATED"}),
    "RUNNING": frozenset({"CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING", "FINISHED"}),
    "FINISHED": frozenset({"FINISHED"}),
    "FAILING": frozenset({"CANCELING", "CANCELED", "FAILED", "FINISHED"}),
    "FAILED": frozenset({"CANCELED", "FAILED", "FINISHED"}),
    "CANCELLING": frozenset({"CANCELING", "CANCELED", "FAILED", "FINISHED"}),
    "CANCELED": frozenset({"CANCELED", "FAILED", "FINISHED"}),
    "RESTARTING": frozenset({"CANCELING", "CANCELED", "FAILED", "FINISHED"}),
}
"""The states in which the tasks of a job may be, by the state of the job.

A job that is INITIALIZING shows no tasks. No job of the tests that use these checks is RECONCILING or SUSPENDED.
"""
MAX_LISTED_CHECKPOINTS = 10
"""How many checkpoints a history has at most: the default of web.checkpoints.history."""
Json = Any


def incoherences(client: InProcessClient) -> list[str]:
    """Return the violations that all checks of the current responses find; empty if there are none."""
    return list(_incoherences(client))


def _incoherences(client: InProcessClient) -> Iterator[str]:
    def get(target: str) -> Json:
        return client.json("GET", target)

    entries = get("/jobs/overview")["jobs"]
    taskmanagers = get("/taskmanagers")["taskmanagers"]
    yield from check_cluster_counts(get("/overview"), entries, get("/jobs")["jobs"], taskmanagers)
    occupied_slot_counts: Counter[str] = Counter()
    for entry in entries:
        job = get(f"/jobs/{entry['jid']}")
        subject = f"job {job['name']} ({job['state']})"
        if job["state"] == "CREATED" and not any(any(vertex["tasks"].values()) for vertex in job["vertices"]):
            continue  # the adaptive scheduler waits for slots, and shows a graph without executions
        violations = [
            *check_job_entry(entry, job),
            *check_vertices(job),
            *job_coherence.check_statuses_and_order(get, job),
        ]
        attempt_numbers: list[int] = []
        for vertex in job["vertices"]:
            detail = get(f"/jobs/{job['jid']}/vertices/{vertex['id']}")
            times = get(f"/jobs/{job['jid']}/vertices/{vertex['id']}/subtasktimes")
            violations += check_subtasks(job, vertex, detail, times)
            violations += job_coherence.check_ends(vertex, detail, times)
            attempt_numbers += [subtask["attempt"] for subtask in detail["subtasks"]]
        violations += job_coherence.check_restarts(get, job, attempt_numbers)
        violations += job_coherence.check_rescales(get, job)
        violations += check_execution_result(entry, get(f"/jobs/{job['jid']}/execution-result"))
        try:
            checkpoints = get(f"/jobs/{job['jid']}/checkpoints")
            violations += check_checkpoints(checkpoints)
            violations += checkpoint_coherence.check_sums(get, job["jid"], checkpoints)
            violations += checkpoint_coherence.check_discarding_and_summary(checkpoints)
            violations += checkpoint_coherence.check_restores(checkpoints)
            violations += checkpoint_coherence.check_metrics(get, job, checkpoints)
        except JobInitializing:
            if job["vertices"] or job["state"] in TERMINAL_STATES:
                violations.append("/checkpoints reports that the job is INITIALIZING")
        except CheckpointingDisabled:
            if job["vertices"] and job["job-type"] != "BATCH":
                violations.append("a streaming job has no checkpoints")
        occupied_slot_counts[job["jid"]] = slot_count(job)
        yield from (f"{subject}: {text}" for text in violations)
    yield from check_slots(get, occupied_slot_counts)


def check_cluster_counts(
    overview: Json, overview_entries: Json, job_entries: Json, taskmanagers: Json
) -> Iterator[str]:
    """Compare the counts of `/overview` with `/jobs/overview`, `/jobs` and `/taskmanagers`."""
    states = Counter(entry["state"] for entry in overview_entries)
    if sorted((entry["jid"], entry["state"]) for entry in overview_entries) != sorted(
        (entry["id"], entry["status"]) for entry in job_entries
    ):
        yield f"/jobs and /jobs/overview differ: {job_entries} {overview_entries}"
    counts = {
        "taskmanagers": len(taskmanagers),
        "slots-total": sum(taskmanager["slotsNumber"] for taskmanager in taskmanagers),
        "slots-available": sum(taskmanager["freeSlots"] for taskmanager in taskmanagers),
        "jobs-running": sum(count for state, count in states.items() if state not in TERMINAL_STATES),
        "jobs-finished": states["FINISHED"],
        "jobs-cancelled": states["CANCELED"],
        "jobs-failed": states["FAILED"],
    }
    for key, count in counts.items():
        if overview[key] != count:
            yield f"/overview: {key} is {overview[key]}, the lists have {count}"


def check_job_entry(entry: Json, job: Json) -> Iterator[str]:
    """Compare a job's entry in `/jobs/overview` with its details, and the times and counts in the details."""
    was_canceled_without_tasks = job["state"] == "CANCELED" and job["end-time"] == 0
    for key in ("name", "state", "start-time", "end-time", "duration"):
        if was_canceled_without_tasks and key == "duration":
            continue  # negative in the list
        if entry[key] != job[key]:
            yield f"{key} is {entry[key]} in the list and {job[key]} in the details"
    timestamps = {state: time for state, time in job["timestamps"].items() if time}
    now, state = job["now"], job["state"]
    has_ended = state in TERMINAL_STATES
    end = job["timestamps"][state] if has_ended else -1
    if job["start-time"] != timestamps.get("INITIALIZING"):
        yield f"start-time {job['start-time']} is not the time of INITIALIZING: {timestamps}"
    if job["end-time"] != end or (has_ended and entry["last-modification"] != end):
        yield f"end-time {job['end-time']}, last-modification {entry['last-modification']}, timestamps {timestamps}"
    if job["duration"] != (end if end > 0 else now) - job["start-time"]:
        yield f"duration {job['duration']}"
    if any(time > now for time in [*timestamps.values(), entry["last-modification"]]):
        yield f"a time in the future: {timestamps} at {now}"
    # a job without tasks shows 0 as the time of these states
    may_lack_time = state in ("CREATED", "CANCELLING", "CANCELED") and not entry["tasks"]["total"]
    if timestamps.get(state) != max(timestamps.values()) and not (may_lack_time and state not in timestamps):
        yield f"the latest timestamp is not that of {state}: {timestamps}"
    tasks: Counter[str] = Counter()
    for vertex in job["vertices"]:
        tasks.update({name.lower(): count for name, count in vertex["tasks"].items() if count})
    counts = {name: count for name, count in entry["tasks"].items() if count and name != "total"}
    if counts != dict(tasks) or entry["tasks"]["total"] != sum(tasks.values()):
        yield f"tasks in the list {entry['tasks']}, in the details {tasks}"
    statuses = Counter(vertex["status"] for vertex in job["vertices"])
    if {name: count for name, count in job["status-counts"].items() if count} != dict(statuses):
        yield f"status-counts {job['status-counts']} of vertices {statuses}"


def check_vertices(job: Json) -> Iterator[str]:
    """Check the tasks, counts and times of vertices, and that the plan has the same vertices.

    In a job that has finished without a restart, each vertex has read as many records as its inputs have written.
    """
    by_id = {vertex["id"]: vertex for vertex in job["vertices"]}
    for vertex in job["vertices"]:
        states = {state for state, count in vertex["tasks"].items() if count}
        if not states <= TASK_STATES_BY_JOB_STATE[job["state"]]:
            yield f"tasks of {vertex['name']} are {states}"
        if vertex["status"] in ("SCHEDULED", "DEPLOYING"):
            yield f"{vertex['name']} is {vertex['status']}, which only tasks can be"
        if sum(vertex["tasks"].values()) != vertex["parallelism"]:
            yield f"{vertex['parallelism']} subtasks of {vertex['name']}, but {vertex['tasks']}"
        start, end, duration = vertex["start-time"], vertex["end-time"], vertex["duration"]
        if (start == -1) != (duration == -1):
            yield f"{vertex['name']} starts at {start} and lasts {duration}"
        elif start != -1 and duration != (job["now"] if end == -1 else end) - start:
            yield f"{vertex['name']}: the duration from {start} to {end} is not {duration}"
    nodes = job["plan"].get("nodes", [])  # until 2.0 the plan is {} if there is no graph
    if {node["id"] for node in nodes} != set(by_id):
        yield "the plan has other vertices"
        return
    for node in nodes:
        input_metrics = [by_id[edge["id"]]["metrics"] for edge in node.get("inputs", [])]
        metrics = by_id[node["id"]]["metrics"]
        if job["state"] == "FINISHED" and input_metrics and not job["timestamps"]["RESTARTING"]:
            written_count = sum(input_["write-records"] for input_ in input_metrics)
            if metrics["read-records"] != written_count:
                yield f"{node['id']} read {metrics['read-records']} records of {written_count} written"


def check_subtasks(job: Json, vertex: Json, detail: Json, times: Json) -> Iterator[str]:
    """Compare the subtasks of a vertex in `detail` and `times` with each other and with the details of the job."""
    name = vertex["name"]
    entries = detail["subtasks"]
    task_counts = {state: count for state, count in vertex["tasks"].items() if count}
    if Counter(entry["status"] for entry in entries) != task_counts:
        yield f"the subtasks of {name} are not {task_counts}"
    if [entry["subtask"] for entry in entries] != list(range(vertex["parallelism"])):
        yield f"subtasks of {name} are {[entry['subtask'] for entry in entries]}"
    starts = [entry["start-time"] for entry in entries if entry["start-time"] > 0]
    if starts and min(starts) != vertex["start-time"]:
        yield f"{name} starts at {vertex['start-time']}, its subtasks at {starts}"
    for entry, times_entry in zip(entries, times["subtasks"], strict=True):
        subtask_name, status = f"{name} {entry['subtask']}", entry["status"]
        timestamps = times_entry["timestamps"]
        history = sorted((time, state) for state, time in timestamps.items() if time)
        if any(time > job["now"] for time, _ in history):
            yield f"{subtask_name}: a time in the future: {history}"
        if timestamps[status] == 0 and status != "CREATED":
            yield f"{subtask_name} is {status} without a timestamp: {history}"
        if entry["start-time"] != (timestamps["DEPLOYING"] or -1):
            yield f"{subtask_name} starts at {entry['start-time']}: {history}"
        if status in TERMINAL_STATES and entry["end-time"] != timestamps[status]:
            yield f"{subtask_name} ends at {entry['end-time']}: {history}"
        if status in STATES_WITH_SLOT and "(unassigned)" in entry["taskmanager-id"]:
            yield f"{subtask_name} is {status} on no TaskManager"


def slot_count(job: Json) -> int:
    """Return how many slots the tasks of a job occupy.

    A slot holds at most one task of each vertex, so a slot sharing group occupies as many slots as its vertex with the
    most tasks.
    """
    counts_by_group: dict[str, int] = {}
    for vertex in job["vertices"]:
        count = sum(count for state, count in vertex["tasks"].items() if state in STATES_WITH_SLOT)
        group = vertex.get("slotSharingGroupId", "")
        counts_by_group[group] = max(counts_by_group.get(group, 0), count)
    return sum(counts_by_group.values())


def check_slots(get: Any, occupied_slot_counts: Counter[str]) -> Iterator[str]:
    """Check that each slot of a TaskManager is allocated or free, and that each job has enough allocated slots.

    `occupied_slot_counts` says how many slots the tasks of each job occupy, by job id.
    """
    major, minor = get("/config")["flink-version"].split(".")[:2]
    if (int(major), int(minor)) < (1, 18):  # these releases have no `allocatedSlots`
        return
    allocated_slot_counts: Counter[str] = Counter()
    for entry in get("/taskmanagers")["taskmanagers"]:
        detail = get(f"/taskmanagers/{entry['id']}")
        counts = Counter(slot["jobId"] for slot in detail["allocatedSlots"])
        allocated_slot_counts.update(counts)
        if sum(counts.values()) + entry["freeSlots"] != entry["slotsNumber"]:
            yield f"TaskManager {entry['id']}: {counts} and {entry['freeSlots']} free of {entry['slotsNumber']}"
    for job_id, count in occupied_slot_counts.items():
        if allocated_slot_counts[job_id] < count:
            yield f"job {job_id} has {allocated_slot_counts[job_id]} slots, its tasks occupy {count}"


def check_execution_result(entry: Json, response: Json) -> Iterator[str]:
    """Compare `/execution-result` with the entry of the job in `/jobs/overview`."""
    state = entry["state"]
    has_ended = state in TERMINAL_STATES
    if (response["status"]["id"] == "COMPLETED") != has_ended:
        yield f"execution-result is {response['status']['id']}"
    if has_ended:
        result = response["job-execution-result"]
        expected = "SUCCEEDED" if state == "FINISHED" else state
        net_runtime = max(entry["end-time"] - entry["start-time"], 0)  # end-time is 0 if the job had no tasks
        if result["application-status"] != expected or result["net-runtime"] != net_runtime:
            yield f"execution-result {result['application-status']}, {result['net-runtime']} ms of {entry}"
        # a canceled job may have failed before
        if state != "CANCELED" and ("failure-cause" in result) != (state == "FAILED"):
            yield f"failure-cause: {'failure-cause' in result}"


def check_checkpoints(checkpoints: Json) -> Iterator[str]:
    """Check counts, latest checkpoints and history of `/checkpoints`."""
    counts, latest, history = checkpoints["counts"], checkpoints["latest"], checkpoints["history"]
    if counts["total"] != counts["completed"] + counts["failed"] + counts["in_progress"]:
        yield f"checkpoint counts {counts}"
    if len(history) > MAX_LISTED_CHECKPOINTS or len(history) > counts["total"]:
        yield f"{len(history)} checkpoints in the history, {counts}"
    ids = [entry["id"] for entry in history]
    if ids != sorted(set(ids), reverse=True):
        yield f"checkpoint ids {ids}"
    if sum(entry["status"] == "IN_PROGRESS" for entry in history) != min(counts["in_progress"], len(history)):
        yield f"in progress: {counts} and {[entry['status'] for entry in history]}"
    for kind, is_savepoint in (("completed", False), ("savepoint", True)):
        completed_ids = [
            entry["id"] for entry in history if entry["status"] == "COMPLETED" and entry["is_savepoint"] is is_savepoint
        ]
        latest_id = latest[kind]["id"] if latest[kind] else None
        if completed_ids and latest_id != completed_ids[0]:
            yield f"latest.{kind} is {latest_id} of {completed_ids}"
    for entry in history:
        if entry["status"] != "FAILED" and entry["num_acknowledged_subtasks"] > entry["num_subtasks"]:
            yield f"checkpoint {entry['id']}: more subtasks have acknowledged than there are"
        duration = entry["latest_ack_timestamp"] - entry["trigger_timestamp"]
        if entry["status"] == "COMPLETED" and entry["end_to_end_duration"] != duration:
            yield f"checkpoint {entry['id']} took {duration}, end_to_end_duration is {entry['end_to_end_duration']}"


def contradictions_over_time(before: dict[str, Json], after: dict[str, Json]) -> list[str]:
    """Compare two reads of the same jobs: return times that went back, terminal states that changed, and missing jobs.

    Args:
        before: The details of `/jobs/:jobid` at an earlier time, by job id.
        after: The details at a later time, by job id.
    """
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
        if old["state"] in TERMINAL_STATES and new["state"] != old["state"]:
            violations.append(f"job {job_id} was {old['state']} and is {new['state']}")
    return violations
