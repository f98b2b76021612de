"""Invariants of jobs: their states, times and names, in the details and in lists of jobs."""

from __future__ import annotations

from collections.abc import Iterator

from flinkmock.conformance.coherence.registry import between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    ascending,
    descending_entries,
    equal,
    require,
    unique,
)
from flinkmock.conformance.coherence.values import MISSING, Value, constant, count, highest, total
from flinkmock.conformance.coherence.view import View

TERMINAL = frozenset({"FINISHED", "FAILED", "CANCELED"})
"""The globally terminal states of a job (a SUSPENDED job has no end), and the terminal states of a task."""
ALIVE_STATES = frozenset({"DEPLOYING", "INITIALIZING", "RUNNING"})
"""The states of a task that is deployed and has not ended."""
_RULES = "flink-behaviour.md#rules-that-hold"
_LATER_STATES = {
    "CANCELLING": ("CANCELLING", "CANCELED", "FAILING", "FAILED", "SUSPENDED"),
    "FAILING": ("FAILING", "FAILED", "CANCELLING", "CANCELED", "SUSPENDED"),
    "SUSPENDED": ("SUSPENDED",),
}
"""State that a job has entered -> the states that it may be in from then on."""


def entries_of_job(view: View, job_id: str) -> Iterator[Value]:
    """Yield the entries about a job in the lists of jobs: /jobs/overview, and those of applications."""
    yield entry_with(view.body("getJobsOverview")["jobs"], "jid", job_id)
    for application in view.subjects("application"):
        yield entry_with(view.body("getApplicationDetails", applicationid=application[0])["jobs"], "jid", job_id)


def entry_with(entries: Value, key: str, raw: object) -> Value:
    """Return the first entry of a list that has a value under a key; a missing value if there is none."""
    return next((entry for entry in entries if entry[key].raw == raw), Value(MISSING))


def was_canceled_without_tasks(job: Value) -> bool:
    """Return whether a job was CANCELED before it had tasks (situations: created: CANCELED job).

    Its end-time is 0. Its duration grows in its details, and is negative in lists.

    Args:
        job: The details of the job, or its entry in a list.
    """
    return bool(job["state"].raw == "CANCELED" and job["end-time"].raw == 0)


@within("getJobDetails", text="The start-time of a job is the time at which it became INITIALIZING.", source=_RULES)
def job_start_time(job: Value) -> Relations:
    yield from equal(job["start-time"], job["timestamps"]["INITIALIZING"])


@within(
    "getJobDetails",
    text="The end-time of a job is the timestamp of its globally terminal state; until then, and for a SUSPENDED job, "
    "it is -1.",
    source=_RULES,
)
def job_end_time(job: Value) -> Relations:
    if job["state"].is_in(TERMINAL):
        yield from equal(job["end-time"], job["timestamps"][job["state"].raw])
    else:
        text = "a job that has not ended has an end-time"
        yield from require(job["end-time"].raw == -1, text, job["end-time"], job["state"], exact=True)


@within("getJobDetails", text="The duration of a job is end-time - start-time, or now - start-time.", source=_RULES)
def job_duration(job: Value) -> Relations:
    end = job["now"] if job["end-time"].raw == -1 or was_canceled_without_tasks(job) else job["end-time"]
    yield from equal(job["duration"], end - job["start-time"])


@within("getJobDetails", text="No timestamp of a job is later than now.", source=_RULES)
def job_times_are_past(job: Value) -> Relations:
    for _, time in job["timestamps"].items():
        yield from ascending(time, job["now"])
    yield from ascending(job["start-time"], job["now"])
    yield from ascending(job["end-time"], job["now"])


@within(
    "getJobDetails",
    text="The latest timestamp of a job is that of its state. Those of CREATED, CANCELLING and CANCELED may be 0 if "
    "the job never had tasks.",
    source=_RULES,
)
def job_state_is_latest(job: Value) -> Relations:
    entered_at = job["timestamps"][str(job["state"].raw)]
    # a job without tasks (situations: created: job, created: CANCELED job); the default scheduler has tasks at once
    may_be_zero = (
        job["state"].is_in(("CREATED", "CANCELLING", "CANCELED"))
        and job["schedulerType"].raw != "Default"
        and not any(time.raw for state, time in job["timestamps"].items() if state != "INITIALIZING")
    )
    if job["state"].exists and entered_at.exists and not may_be_zero:
        yield from require(entered_at.raw > 0, "the state has no time", entered_at, job["state"])
    if entered_at.exists and entered_at.raw:
        for state, time in job["timestamps"].items():
            if time.raw:
                holds = state == job["state"].raw or time.raw <= entered_at.raw
                text = "the job is in a state that it entered earlier"
                yield from require(holds, text, time, entered_at, job["state"])


@within(
    "getJobDetails",
    text="A job enters its states in lifecycle order.",
    source="flink-behaviour.md#job-states",
)
def job_states_in_order(job: Value) -> Relations:
    times = job["timestamps"]
    for earlier, later in (
        ("INITIALIZING", "CREATED"),
        ("INITIALIZING", "FAILED"),
        ("CREATED", "RUNNING"),
        ("CREATED", "FINISHED"),
        ("CREATED", "CANCELED"),
        ("RUNNING", "FINISHED"),
        ("FAILING", "FAILED"),
        ("CANCELLING", "CANCELED"),
    ):
        if times[earlier].raw and times[later].raw:
            yield from ascending(times[earlier], times[later])
    for _, time in times.items():
        if time.raw:
            yield from ascending(times["INITIALIZING"], time)
    if times["RUNNING"].raw and times["CREATED"].exists:
        yield from require(times["CREATED"].raw > 0, "RUNNING without CREATED", times["CREATED"], times["RUNNING"])
    for state in ("RESTARTING", "FINISHED"):  # a CREATED job can become FAILING
        if times[state].raw and times["RUNNING"].exists:
            yield from require(times["RUNNING"].raw > 0, f"{state} without RUNNING", times["RUNNING"], times[state])
    for state, later_states in _LATER_STATES.items():
        if times[state].raw and job["state"].exists:
            text = f"a job that was {state} does not become {job['state'].raw}"
            yield from require(job["state"].raw in later_states, text, times[state], job["state"])


@within(
    "getJobDetails",
    text="A job has at most one terminal state, and stays in it.",
    source="flink-behaviour.md#job-states",
)
def job_has_one_terminal_state(job: Value) -> Relations:
    for state in sorted(TERMINAL):
        time = job["timestamps"][state]
        if job["state"].exists and time.exists and state != job["state"].raw:
            yield from require(time.raw == 0, f"the job has entered {state} and isn't in it", time, job["state"])


@within(
    "getJobDetails", text="status-counts counts the vertices by their status.", source="flink-behaviour.md#job-details"
)
def job_status_counts(job: Value) -> Relations:
    statuses = [vertex["status"] for vertex in job["vertices"]]
    for status, counted in job["status-counts"].items():
        yield from equal(counted, count(statuses, [status], f"vertices with status {status}"))


@within(
    "getJobDetails",
    text="No job is stoppable: that flag has had no meaning since 1.9.",
    source="flink-behaviour.md#job-details",
)
def job_is_not_stoppable(job: Value) -> Relations:
    if job["isStoppable"].exists:
        yield from require(job["isStoppable"].raw is False, "a job is stoppable", job["isStoppable"], exact=True)


def aggregate_status(task_counts: dict[str, int]) -> str:
    """Return the status of a vertex (`ExecutionJobVertex`) from the number of its tasks in each state."""
    for state in ("FAILED", "CANCELING", "CANCELED", "INITIALIZING", "RUNNING"):
        if task_counts.get(state):
            return state
    if task_counts.get("FINISHED"):
        return "FINISHED" if task_counts["FINISHED"] == sum(task_counts.values()) else "RUNNING"
    return "CREATED"


ALLOWED_TASK_STATES: dict[str, frozenset[str]] = {
    "CREATED": frozenset({"CREATED"}),
    "FINISHED": frozenset({"FINISHED"}),
    "FAILED": frozenset({"CANCELED", "FAILED", "FINISHED"}),
    "CANCELED": frozenset({"CANCELED", "FAILED", "FINISHED"}),
}
"""Job state -> the states that its tasks may be in. The tasks of a job in any other state may be in all states."""


@within(
    "getJobsOverview",
    "getJobIdsWithStatusesOverview",
    text="Each job is listed once.",
    source="flink-behaviour.md#job-lists",
)
def jobs_are_listed_once(body: Value) -> Relations:
    yield from unique(body["jobs"], "jid" if body["jobs"][0]["jid"].exists else "id")


@within("getJobsOverview", text="The newest job comes first.", source="flink-behaviour.md#job-lists", since="2.3")
def jobs_newest_first(body: Value) -> Relations:
    yield from descending_entries(body["jobs"], "start-time")


@within(
    "getJobsOverview",
    "getApplicationDetails",
    text="The tasks of a listed job add up to their total.",
    source="flink-behaviour.md#job-lists",
)
def listed_tasks_add_up(body: Value) -> Relations:
    for job in body["jobs"]:
        parts = [number for state, number in job["tasks"].items() if state != "total"]
        yield from equal(job["tasks"]["total"], total(parts, "sum of the states"))


@within(
    "getJobsOverview",
    "getApplicationDetails",
    text="A listed job that has ended was last modified at its end; its duration is end-time - start-time. Its "
    "end-time is 0 if it was CANCELED before it had tasks. Any other job has the end-time -1, and last-modification is "
    "between its start and now.",
    source=_RULES,
)
def listed_times(body: Value) -> Relations:
    for job in body["jobs"]:
        if job["state"].is_in(TERMINAL):
            yield from equal(job["duration"], job["end-time"] - job["start-time"])
            yield from equal(job["end-time"], job["last-modification"])
        elif job["state"].exists:
            yield from require(
                job["end-time"].raw == -1, "the job has not ended", job["end-time"], job["state"], exact=True
            )
            modified = job["last-modification"]
            if modified.raw:  # 0 while INITIALIZING
                yield from ascending(job["start-time"], modified, job["start-time"] + job["duration"])
        if not was_canceled_without_tasks(job):  # as end-time is 0, the duration is negative
            yield from ascending(constant(0, "0"), job["duration"])


@within(
    "getJobsOverview",
    "getApplicationDetails",
    text="All tasks of a listed job that has ended have ended; those of a CREATED job are CREATED.",
    source="flink-behaviour.md#job-states",
)
def listed_tasks_have_ended(body: Value) -> Relations:
    for job in body["jobs"]:
        allowed = ALLOWED_TASK_STATES.get(str(job["state"].raw))
        for state, number in job["tasks"].items():
            if allowed is not None and number.raw and state != "total":
                yield from require(state.upper() in allowed, f"tasks are {state}", job["state"], number)


@between("job", text="All responses agree on the state of a job.", source=_RULES)
def job_state(view: View, job_id: str) -> Relations:
    listed = entry_with(view.body("getJobIdsWithStatusesOverview")["jobs"], "id", job_id)
    yield from equal(
        listed["status"],
        *(entry["state"] for entry in entries_of_job(view, job_id)),
        view.body("getJobStatusInfo", jobid=job_id)["status"],
        view.body("getJobDetails", jobid=job_id)["state"],
    )


@between("job", text="All responses agree on the name of a job.", source="flink-behaviour.md#job-details")
def job_name(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    yield from equal(
        *(entry["name"] for entry in entries_of_job(view, job_id)),
        details["name"],
        view.body("getJobConfig", jobid=job_id)["name"],
        _plan_field(view.body("getJobPlan", jobid=job_id)["plan"], "name"),
        view.body("getJobExecutionResult", jobid=job_id)["job-execution-result"]["name"],
    )


def _plan_field(plan: Value, key: str) -> Value:
    """Return a field of a plan; a missing value if the plan has no nodes."""
    return plan[key] if plan["nodes"].raw else Value(MISSING)


@between("job", text="All responses agree on the id of a job.", source="flink-behaviour.md#job-details")
def job_id(view: View, job_id: str) -> Relations:
    yield from equal(
        view.body("getJobDetails", jobid=job_id)["jid"],
        view.body("getJobConfig", jobid=job_id)["jid"],
        _plan_field(view.body("getJobPlan", jobid=job_id)["plan"], "jid"),
        view.body("getJobExecutionResult", jobid=job_id)["job-execution-result"]["id"],
    )


@between("job", text="All responses agree on when a job started and ended, and on its duration.", source=_RULES)
def job_times(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    result = view.body("getJobExecutionResult", jobid=job_id)["job-execution-result"]
    for key in ("start-time", "end-time"):
        yield from equal(*(entry[key] for entry in entries_of_job(view, job_id)), details[key], result[key])
    if details["end-time"].raw != -1 and not was_canceled_without_tasks(details):
        yield from equal(*(entry["duration"] for entry in entries_of_job(view, job_id)), details["duration"])


@between(
    "job",
    text="All responses agree on the type, the scheduler and the pending operators of a job.",
    source="flink-behaviour.md#job-lists",
)
def job_type(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    entries = list(entries_of_job(view, job_id))
    plan_type = _plan_field(view.body("getJobPlan", jobid=job_id)["plan"], "type")
    yield from equal(*(entry["jobType"] for entry in entries), details["job-type"], plan_type)
    yield from equal(*(entry["schedulerType"] for entry in entries), details["schedulerType"])
    yield from equal(*(entry["pending-operators"] for entry in entries), details["pending-operators"])


@between(
    "job",
    text="The lists of jobs count the tasks of a job's vertices by their states.",
    source="flink-behaviour.md#job-lists",
)
def job_tasks(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    entries = list(entries_of_job(view, job_id))
    for state, _ in entries[0]["tasks"].items():
        parts = [vertex["tasks"][state.upper()] for vertex in details["vertices"]]
        count_in_vertices = total(parts, f"sum of the vertices' {state}") if parts else Value(MISSING)
        if state == "total":
            parts = [vertex["parallelism"] for vertex in details["vertices"]]
            # a job that is CREATED, or has ended in this state, may have a graph without executions
            may_lack_tasks = details["state"].is_in(("CREATED", "CANCELED", "FAILED"))
            tasks = [number for vertex in details["vertices"] for _, number in vertex["tasks"].items()]
            has_tasks = not may_lack_tasks or any(number.raw for number in tasks)
            count_in_vertices = total(parts, "sum of parallelisms") if parts and has_tasks else Value(MISSING)
        yield from equal(*(entry["tasks"][state] for entry in entries), count_in_vertices)


@between(
    "job",
    text="last-modification is the latest time at which a task entered its state, or the end of the job, whichever is "
    "later.",
    source=_RULES,
)
def job_last_modification(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    entries = list(entries_of_job(view, job_id))
    modified = [entry["last-modification"] for entry in entries]
    entered_at = []
    for vertex in details["vertices"]:
        ids = {"jobid": job_id, "vertexid": str(vertex["id"].raw)}
        statuses = view.body("getJobVertexDetails", **ids)["subtasks"]
        times = view.body("getSubtasksTimes", **ids)["subtasks"]
        if not statuses.raw or not times.raw or len(statuses.raw) != len(times.raw):
            yield from equal(*modified)  # not all vertices were read
            return
        entered_at += [
            times_of_subtask["timestamps"][str(subtask["status"].raw)]
            for subtask, times_of_subtask in zip(statuses, times, strict=True)
        ]
    if details["end-time"].raw != -1:
        entered_at.append(details["end-time"])
    yield from equal(*modified, highest(entered_at, "the latest time of a task's state"))
