"""Invariants of exceptions: order, classes, tasks, and the restarts that they cause."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flinkmock.conformance.coherence.cluster import integer_option, options
from flinkmock.conformance.coherence.jobs import TERMINAL
from flinkmock.conformance.coherence.registry import METRICS_REFRESH_MS, against_request, between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    ascending,
    descending_entries,
    equal,
    require,
    same_fields,
)
from flinkmock.conformance.coherence.schedulers import has_default_scheduler
from flinkmock.conformance.coherence.taskmanager_ids import id_with_same_suffix_is_equal
from flinkmock.conformance.coherence.values import Value, computed, constant, highest
from flinkmock.conformance.coherence.view import View

_SOURCE = "flink-behaviour.md#exceptions"
_TASK = re.compile(r"(?P<name>.*) \((?P<number>\d+)/(?P<parallelism>\d+)\)(?: - execution #(?P<attempt>\d+))?")
"""How Flink names a subtask: "Map (2/4) - execution #1"."""
_IDENTITY = ("timestamp", "exceptionName", "stacktrace", "taskName", "jobId")
"""The fields that identify an exception. Two exceptions differ in at least one of these fields."""
_DEFAULT_HISTORY_SIZE = 16
"""The default of web.exception-history-size."""
_SLACK_MS = 1_000
"""By how many ms the times of one event may differ between responses."""
_DEFAULT_LIMIT = 20
"""The maximum number of exceptions in a response if the request has no maxExceptions."""


def _all_entries(body: Value) -> Iterator[Value]:
    """Yield the exceptions of the history and their concurrent exceptions."""
    for entry in body["exceptionHistory"]["entries"]:
        yield entry
        yield from entry["concurrentExceptions"]


@within("getJobExceptions", text="The newest exception comes first.", source=_SOURCE)
def exceptions_newest_first(body: Value) -> Relations:
    yield from descending_entries(body["exceptionHistory"]["entries"], "timestamp")


@within(
    "getJobExceptions",
    "getApplicationExceptions",
    text="No exception is listed twice.",
    source=_SOURCE,
)
def exceptions_are_listed_once(body: Value) -> Relations:
    entries = body["exceptionHistory"]["entries"]
    previous: set[tuple[object, ...]] = set()
    for entry in entries:
        identity = tuple(entry[field].raw for field in _IDENTITY)
        yield from require(identity not in previous, "an exception twice", entries, entry["timestamp"])
        previous.add(identity)


@within(
    "getJobExceptions",
    "getApplicationExceptions",
    text="A stack trace begins with the name of its exception; the time of an exception is positive.",
    source=_SOURCE,
)
def exception_classes(body: Value) -> Relations:
    for entry in _all_entries(body):
        name, trace = entry["exceptionName"], entry["stacktrace"]
        if isinstance(name.raw, str) and isinstance(trace.raw, str):
            yield from require(trace.raw.startswith(name.raw), "a trace of another exception", name, trace, exact=True)
        elif trace.exists and trace.raw:
            yield from require(False, "a trace without a name", name, trace)
        yield from ascending(constant(1, "1"), entry["timestamp"])


@within(
    "getJobExceptions",
    text="An exception that names a task also names the TaskManager and the endpoint, which location repeats.",
    source=_SOURCE,
    since="1.13",
)
def exception_locations(body: Value) -> Relations:
    for entry in _all_entries(body):
        if entry["taskName"].exists and entry["taskName"].raw:
            for key in ("endpoint", "location", "taskManagerId"):
                if entry[key].exists:
                    yield from require(
                        entry[key].raw is not None, f"a task without {key}", entry[key], entry["taskName"]
                    )
            if entry["location"].exists and entry["endpoint"].exists:
                yield from equal(entry["location"], entry["endpoint"])


@within(
    "getJobExceptions",
    text="root-exception is the newest exception of the history, and timestamp is about its time.",
    source=_SOURCE,
    since="1.19",
    until="1.20",
)
def root_exception(body: Value) -> Relations:
    newest = body["exceptionHistory"]["entries"][0]
    root = body["root-exception"]
    if newest.raw and isinstance(root.raw, str) and isinstance(newest["stacktrace"].raw, str):
        yield from equal(root, newest["stacktrace"])
        is_close = abs(body["timestamp"].raw - newest["timestamp"].raw) <= 10_000  # 107 ms apart in a real cluster
        text = "not the time of the newest exception"
        yield from require(is_close, text, body["timestamp"], newest["timestamp"])
    if root.exists and body["timestamp"].exists:
        yield from require(
            (root.raw is None) == (body["timestamp"].raw in (None, -1)),
            "only one of root-exception and timestamp has a value",
            root,
            body["timestamp"],
        )


@against_request(
    "getJobExceptions",
    text="There are at most maxExceptions exceptions; exactly as many if truncated is true.",
    source=_SOURCE,
)
def exceptions_are_limited(body: Value) -> Relations:
    requested = body.response.query.get("maxExceptions")
    limit = int(requested[0]) if requested and requested[0].isdecimal() else _DEFAULT_LIMIT
    entries = body["exceptionHistory"]["entries"]
    if isinstance(entries.raw, list):
        length = computed(len(entries.raw), f"length of {entries}", entries)
        yield from ascending(length, constant(limit, "the limit"))
        truncated = body["exceptionHistory"]["truncated"]
        if truncated.raw is True:
            yield from require(len(entries.raw) == limit, "truncated below the limit", truncated, entries, exact=True)


@between("job", text="A list with maxExceptions is the beginning of the whole list.", source=_SOURCE)
def limited_exceptions(view: View, job_id: str) -> Relations:
    whole = view.body("getJobExceptions", jobid=job_id)
    entries = whole["exceptionHistory"]["entries"]
    for body in view.bodies_with_query("getJobExceptions", jobid=job_id):
        requested = body.response.query.get("maxExceptions")
        part = body["exceptionHistory"]["entries"]
        if requested and requested[0].isdecimal() and entries.exists and part.exists:
            expected = min(int(requested[0]), len(entries.raw))
            yield from require(len(part.raw) == expected, f"{expected} are expected", part, entries, exact=True)
            for one, other in zip(part, entries, strict=False):
                yield from same_fields(one, other)
            truncated = body["exceptionHistory"]["truncated"]
            if whole["exceptionHistory"]["truncated"].raw is False:
                is_longer = len(entries.raw) > int(requested[0])
                text = f"the whole list is {'longer' if is_longer else 'not longer'}"
                yield from require(truncated.raw == is_longer, text, truncated, entries, exact=True)
        yield from equal(body["root-exception"], whole["root-exception"])
        yield from equal(body["timestamp"], whole["timestamp"])


@between(
    "job",
    text="Exceptions happened while the job existed. A job that failed or restarted has one; a job that FINISHED "
    "without a restart has none.",
    source=_SOURCE,
)
def exceptions_of_job(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    body = view.body("getJobExceptions", jobid=job_id)
    end = details["now"] if details["end-time"].raw == -1 else details["end-time"] + _SLACK_MS
    for entry in (*_all_entries(body), *body["all-exceptions"]):
        if entry["timestamp"].exists and details["start-time"].exists:
            yield from ascending(details["start-time"], entry["timestamp"], slack=_SLACK_MS)
            yield from ascending(entry["timestamp"], end)
    if details["state"].raw == "FAILED":
        newest = body["exceptionHistory"]["entries"][0]
        if body["exceptionHistory"].exists:
            text = "a job FAILED without an exception"
            yield from require(newest.exists, text, body["exceptionHistory"], details["state"], exact=True)
        failing = details["timestamps"]["FAILING"]
        if failing.raw and newest.exists:
            yield from ascending(failing, newest["timestamp"], slack=_SLACK_MS)
        root = body["root-exception"]
        if root.exists:
            yield from require(bool(root.raw), "a job FAILED without an exception", root, details["state"], exact=True)
    if details["state"].raw == "FINISHED" and not details["timestamps"]["RESTARTING"].raw:
        entries = body["exceptionHistory"]["entries"]
        yield from require(not entries.raw, "a job that never restarted has exceptions", entries, details["state"])
    if (
        details["timestamps"]["RESTARTING"].raw
        and body["exceptionHistory"].exists
        and has_default_scheduler(view, job_id)
    ):
        entries = body["exceptionHistory"]["entries"]
        text = "a job restarted without an exception"
        yield from require(bool(entries.raw), text, entries, details["timestamps"]["RESTARTING"])


@between("job", text="An exception names a task of the job, and the endpoint of its TaskManager.", source=_SOURCE)
def exceptions_of_tasks(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    body = view.body("getJobExceptions", jobid=job_id)
    vertices_by_name = {vertex["name"].raw: vertex for vertex in details["vertices"]}
    taskmanagers = {taskmanager["id"].raw: taskmanager for taskmanager in view.body("getTaskManagers")["taskmanagers"]}
    for entry in (*_all_entries(body), *body["all-exceptions"]):
        task = entry["taskName"] if entry["taskName"].exists else entry["task"]
        if isinstance(task.raw, str) and (match := _TASK.fullmatch(task.raw)) and vertices_by_name:
            vertex = vertices_by_name.get(match["name"])
            if vertex is None:
                is_shortened = any(str(name).startswith(match["name"][:20]) for name in vertices_by_name)
                yield from require(is_shortened, "no vertex has this name", task, details["vertices"], exact=True)
            else:
                exists = 1 <= int(match["number"]) <= int(match["parallelism"])
                yield from require(exists, "no such subtask", task, exact=True)
                if has_default_scheduler(view, job_id):
                    holds = int(match["parallelism"]) == vertex["parallelism"].raw
                    yield from require(holds, "another parallelism", task, vertex["parallelism"], exact=True)
        yield from id_with_same_suffix_is_equal(entry["taskManagerId"], view.body("getTaskManagers")["taskmanagers"])
        taskmanager = taskmanagers.get(entry["taskManagerId"].raw)
        address = entry["endpoint"] if entry["endpoint"].exists else entry["location"]
        if taskmanager is not None and isinstance(address.raw, str):
            holds = address.raw.rpartition(":")[2] == str(taskmanager["dataPort"].raw)
            yield from require(
                holds, "another endpoint", address, entry["taskManagerId"], taskmanager["dataPort"], exact=True
            )


@between(
    "job",
    text="An exception in all-exceptions has the time at which its task FAILED, and the endpoint of the task.",
    source=_SOURCE,
    until="1.20",
)
def failures_of_subtasks(view: View, job_id: str) -> Relations:
    vertices = view.body("getJobDetails", jobid=job_id)["vertices"]
    vertex_ids_by_name = {str(vertex["name"].raw): str(vertex["id"].raw) for vertex in vertices}
    if len(vertex_ids_by_name) != len(vertices.raw or ()):
        return  # two vertices have the same name
    for body in (
        view.body("getJobExceptions", jobid=job_id),
        *view.bodies_with_query("getJobExceptions", jobid=job_id),
    ):
        for entry in body["all-exceptions"]:
            match = _TASK.fullmatch(str(entry["task"].raw))
            if match is None or match["name"] not in vertex_ids_by_name:
                continue
            index = int(match["number"]) - 1
            vertex_ids = {"jobid": job_id, "vertexid": vertex_ids_by_name[match["name"]]}
            times = view.body("getSubtasksTimes", **vertex_ids)["subtasks"][index]["timestamps"]
            subtask = view.body("getJobVertexDetails", **vertex_ids)["subtasks"][index]
            if times["FAILED"].raw:
                yield from equal(entry["timestamp"], times["FAILED"])
                address = subtask["endpoint"] if subtask["endpoint"].exists else subtask["host"]
                if ":" in str(address.raw):
                    yield from equal(entry["location"], address)
                    yield from equal(entry["endpoint"], address)


@between(
    "job",
    text="The history has an exception for each restart of a job, and one for its failure; at most "
    "web.exception-history-size.",
    source="flink-behaviour.md#rules-that-hold",
    since="1.13",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def restarts_have_exceptions(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    configured = options(view)
    if not has_default_scheduler(view, job_id) or not details["state"].is_in(("RUNNING", "FAILED")) or not configured:
        return
    attempts = []
    for vertex in details["vertices"]:
        subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=str(vertex["id"].raw))["subtasks"]
        attempts += [subtask["attempt"] for subtask in subtasks]
        if not subtasks.raw:
            return
    entries = view.body("getJobExceptions", jobid=job_id)["exceptionHistory"]["entries"]
    highest_attempt = highest(attempts, "the highest attempt")
    if attempts and entries.exists and isinstance(highest_attempt.raw, int):
        failure_count = highest_attempt.raw + (1 if details["state"].raw == "FAILED" else 0)
        history_size = integer_option(configured, _DEFAULT_HISTORY_SIZE, "web.exception-history-size")
        expected = min(failure_count, history_size, _DEFAULT_LIMIT)
        text = f"{expected} exceptions are expected after {highest_attempt.raw} restarts"
        yield from require(len(entries.raw) >= expected, text, entries, *attempts)
        newest = entries[0]["taskName"]
        if isinstance(newest.raw, str) and (match := re.search(r"execution #(\d+)$", newest.raw)):
            yield from require(
                int(match[1]) <= highest_attempt.raw, "an attempt that does not exist", newest, *attempts
            )


@between(
    "application",
    text="The exceptions of an application are those of its jobs. A FAILED application has one if a job has ended.",
    source="flink-behaviour.md#applications",
    since="2.3",
)
def exceptions_of_application(view: View, application_id: str) -> Relations:
    application = view.body("getApplicationDetails", applicationid=application_id)
    body = view.body("getApplicationExceptions", applicationid=application_id)
    job_ids = [job["jid"].raw for job in application["jobs"]]
    for entry in body["exceptionHistory"]["entries"]:
        if job_ids and entry["jobId"].raw is not None:
            yield from require(entry["jobId"].raw in job_ids, "no job of the application", entry["jobId"], exact=True)
            result = view.body("getJobExecutionResult", jobid=str(entry["jobId"].raw))["job-execution-result"]
            cause = result["failure-cause"]
            if result["end-time"].raw and entry["timestamp"].raw:
                yield from ascending(result["end-time"], entry["timestamp"], slack=50)
            yield from equal(entry["exceptionName"], cause["class"])
            yield from equal(entry["stacktrace"], cause["stack-trace"])
        if application["start-time"].exists:
            yield from ascending(application["start-time"], entry["timestamp"], slack=_SLACK_MS)
            if application["end-time"].raw != -1:
                yield from ascending(entry["timestamp"], application["end-time"] + 5000)
    has_failed = application["status"].raw == "FAILED"
    a_job_has_ended = any(job["state"].raw in TERMINAL for job in application["jobs"])
    if has_failed and a_job_has_ended and body["exceptionHistory"].exists:
        entries = body["exceptionHistory"]["entries"]
        yield from require(
            bool(entries.raw), "the application FAILED without an exception", entries, application["status"]
        )
