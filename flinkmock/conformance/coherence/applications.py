"""Invariants of applications, which exist since 2.3."""

from __future__ import annotations

from flinkmock.conformance.coherence.jobs import TERMINAL, entry_with
from flinkmock.conformance.coherence.registry import between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    ascending,
    close,
    equal,
    is_listed,
    require,
    same_fields,
    unique,
)
from flinkmock.conformance.coherence.values import Value, computed, constant, count
from flinkmock.conformance.coherence.view import View

_SOURCE = "flink-behaviour.md#applications"
_SLACK_MS = 1_000
"""By how many ms times or durations that belong together may differ."""
_SINGLE_JOB_PREFIX = "SingleJobApplication("
"""How the name of an application that a client submits as a job begins."""
_PREDECESSORS = {
    "CREATED": ("CREATED",),
    "RUNNING": ("CREATED", "RUNNING"),
    "FINISHED": ("CREATED", "RUNNING", "FINISHED"),
    "FAILING": ("CREATED", "RUNNING", "FAILING"),
    "FAILED": ("CREATED", "RUNNING", "FAILING", "FAILED"),
    "CANCELING": ("CREATED", "RUNNING", "CANCELING"),
    "CANCELED": ("CREATED", "RUNNING", "CANCELING", "CANCELED"),
}
"""State -> the states that lead to it, and itself (`AbstractApplication.ALLOWED_TRANSITIONS`). An application may be
cancelled before it is RUNNING."""


@within(
    "getApplicationsOverview",
    text="Each application is listed once. It has an end-time if and only if it has ended; then its duration is "
    "end-time - start-time.",
    source=_SOURCE,
)
def applications_are_listed_once(body: Value) -> Relations:
    yield from unique(body["applications"], "id")
    for application in body["applications"]:
        yield from _end_and_duration(application)
        yield from ascending(constant(0, "0"), application["duration"])


def _end_and_duration(application: Value) -> Relations:
    has_ended = application["status"].is_in(TERMINAL)
    if application["status"].exists:
        text = "the end-time doesn't fit the status"
        yield from require(
            (application["end-time"].raw != -1) == has_ended,
            text,
            application["end-time"],
            application["status"],
            exact=True,
        )
    if has_ended and application["end-time"].raw != -1:
        yield from equal(application["duration"], application["end-time"] - application["start-time"])


@within(
    "getApplicationDetails",
    text="An application enters its states in order. Its start-time and end-time are the times of states. It lists "
    "each job once.",
    source=_SOURCE,
)
def application_times(body: Value) -> Relations:
    yield from _end_and_duration(body)
    yield from unique(body["jobs"], "jid")
    times = body["timestamps"]
    for earlier, later in (
        ("CREATED", "RUNNING"),
        ("RUNNING", "FINISHED"),
        ("FAILING", "FAILED"),
        ("CANCELING", "CANCELED"),
        ("CREATED", "FAILED"),
    ):
        if times[earlier].raw and times[later].raw:
            yield from ascending(times[earlier], times[later])
    predecessors = _PREDECESSORS.get(str(body["status"].raw), ())
    for state, time in times.items():
        if time.raw and times["CREATED"].raw:
            yield from ascending(times["CREATED"], time)
        if predecessors and state not in predecessors:
            yield from require(not time.raw, f"{state} does not lead to this status", time, body["status"])
        elif predecessors and state not in ("CREATED", "RUNNING", body["status"].raw):
            yield from require(bool(time.raw), f"not {state} before", time, body["status"])
    if body["status"].is_in(TERMINAL):
        yield from equal(body["end-time"], times[body["status"].raw])
    yield from close(body["start-time"], times["CREATED"], _SLACK_MS)
    entered_at = times[str(body["status"].raw)]
    if entered_at.exists:
        yield from require(entered_at.raw > 0, "the status has no time", entered_at, body["status"])
    for state in sorted(TERMINAL):
        if times[state].exists and state != body["status"].raw:
            yield from require(
                times[state].raw == 0,
                f"there is a time of {state}, which is not the status",
                times[state],
                body["status"],
            )
    for state, time in times.items():
        if entered_at.raw and time.raw:
            yield from require(time.raw <= entered_at.raw, f"{state} came later than the status", time, entered_at)


@between(
    "application",
    text="The details of an application agree with the list of applications.",
    source=_SOURCE,
    since="2.3",
)
def application_entry(view: View, application_id: str) -> Relations:
    entry = entry_with(view.body("getApplicationsOverview")["applications"], "id", application_id)
    details = view.body("getApplicationDetails", applicationid=application_id)
    for key in ("id", "name", "status", "end-time"):
        yield from equal(entry[key], details[key])
    yield from equal(entry["start-time"], details["timestamps"]["CREATED"])
    if details["timestamps"]["RUNNING"].raw:
        yield from equal(details["start-time"], details["timestamps"]["RUNNING"])
    if details["end-time"].raw != -1:
        yield from close(entry["duration"], details["duration"], _SLACK_MS)
    states = [job["state"] for job in details["jobs"]]
    for state, counted in entry["jobs"].items():
        listed = count(states, [state], f"jobs that are {state}")
        if listed.exists and counted.raw > listed.raw:
            listed = computed(listed.raw, str(listed), details["jobs"])  # the list is a suspect: it may lack a job
        yield from equal(counted, listed)
    for state in dict.fromkeys(state.raw for state in states):
        yield from require(
            state in (entry["jobs"].raw or {state}), f"no job is {state}", entry["jobs"], *states, exact=True
        )


@between(
    "application",
    text="The jobs of an application are listed as in /jobs/overview. None starts before the application.",
    source=_SOURCE,
    since="2.3",
)
def application_jobs(view: View, application_id: str) -> Relations:
    details = view.body("getApplicationDetails", applicationid=application_id)
    listed = view.body("getJobsOverview")["jobs"]
    for job in details["jobs"]:
        entry = entry_with(listed, "jid", str(job["jid"].raw))
        if listed.raw:
            yield from require(entry.exists, "no such job", job["jid"], listed, exact=True)
        if entry.exists:
            yield from same_fields(job, entry, without=("duration",))
        if details["start-time"].exists:
            yield from ascending(details["start-time"], job["start-time"], slack=_SLACK_MS)
        if details["name"].exists and details["id"].raw == job["jid"].raw:
            expected = f"{_SINGLE_JOB_PREFIX}{job['name'].raw})"
            is_single = str(details["name"].raw).startswith(_SINGLE_JOB_PREFIX)
            yield from require(
                details["name"].raw == expected or not is_single, "another job", details["name"], job["name"]
            )


@between("job", text="A job names the application that lists it.", source=_SOURCE, since="2.3")
def application_of_job(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    result = view.body("getJobExecutionResult", jobid=job_id)["job-execution-result"]
    if details["application-id"].raw is not None and result["application-id"].raw is not None:
        yield from equal(details["application-id"], result["application-id"])
    listed = view.body("getApplicationsOverview")["applications"]
    if details["application-id"].raw and listed.exists:
        listed_ids = [entry["id"].raw for entry in listed]
        read_ids = {ids[0] for ids in view.subjects("application")}
        unread = [entry["id"] for entry in listed if entry["id"].raw not in read_ids]
        yield from is_listed(details["application-id"], listed_ids, "not listed", *(unread[:3] or [listed]))
    for (application_id,) in view.subjects("application"):
        application = view.body("getApplicationDetails", applicationid=application_id)
        if entry_with(application["jobs"], "jid", job_id).exists:
            if details["application-id"].raw is not None:  # null for a job that could not be initialized
                yield from equal(details["application-id"], application["id"])
            if result["application-id"].raw is not None:
                yield from equal(result["application-id"], application["id"])


@between(
    "application",
    text="All jobs of an application that has ended have ended, too. If it has a single job, both have the same "
    "status.",
    source=_SOURCE,
    since="2.3",
)
def application_status(view: View, application_id: str) -> Relations:
    details = view.body("getApplicationDetails", applicationid=application_id)
    states = [job["state"] for job in details["jobs"]]
    if details["status"].is_in(TERMINAL) and states:
        for state in states:
            yield from require(state.raw in TERMINAL, "a job has not ended", details["status"], state)
        if len(states) == 1:
            yield from equal(details["status"], states[0])


@between(
    "cluster",
    text="If an application has a single job, the list counts it under the state of that job.",
    source=_SOURCE,
    since="2.3",
)
def application_counts_its_job(view: View) -> Relations:
    listed = view.body("getJobsOverview")["jobs"]
    states = {job["jid"].raw: job["state"] for job in listed}
    for application in view.body("getApplicationsOverview")["applications"]:
        if application["id"].raw in states and str(application["name"].raw).startswith(_SINGLE_JOB_PREFIX):
            state = states[application["id"].raw]
            for name, counted in application["jobs"].items():
                yield from require(
                    counted.raw == (name == state.raw), f"its job is {state.raw}", counted, state, exact=True
                )
