"""Invariants of the vertices in the details of a job."""

from __future__ import annotations

from collections import Counter

from flinkmock.conformance.coherence.jobs import ALIVE_STATES, ALLOWED_TASK_STATES, TERMINAL
from flinkmock.conformance.coherence.registry import within
from flinkmock.conformance.coherence.relations import (
    Relations,
    ascending,
    equal,
    require,
    unique,
)
from flinkmock.conformance.coherence.status_and_duration import duration_of_vertex, status_of_tasks
from flinkmock.conformance.coherence.values import Value, computed, constant, is_number, total

_RULES = "flink-behaviour.md#rules-that-hold"


@within("getJobDetails", text="The ids of a job's vertices are unique.", source="flink-behaviour.md#job-details")
def vertex_ids_are_unique(job: Value) -> Relations:
    yield from unique(job["vertices"], "id")


@within(
    "getJobDetails",
    text="A vertex has no tasks yet, or as many as its parallelism.",
    source="flink-behaviour.md#job-details",
)
def vertex_tasks_are_its_subtasks(job: Value) -> Relations:
    for vertex in job["vertices"]:
        tasks = total([number for _, number in vertex["tasks"].items()], "sum of tasks")
        if tasks.raw:  # a job that waits for slots has a graph without executions
            yield from equal(vertex["parallelism"], tasks)


@within(
    "getJobDetails",
    text="The status of a vertex follows from the states of its tasks.",
    source="flink-behaviour.md#vertex-status",
)
def vertex_status_of_tasks(job: Value) -> Relations:
    for vertex in job["vertices"]:
        yield from status_of_tasks(vertex, vertex["tasks"])


@within(
    "getJobDetails",
    text="The duration of a vertex is end-time - start-time, or now - start-time, and -1 before it starts.",
    source=_RULES,
)
def vertex_duration(job: Value) -> Relations:
    for vertex in job["vertices"]:
        yield from duration_of_vertex(vertex, job["now"])


@within(
    "getJobDetails",
    text="A vertex that has started has an end-time if and only if all its tasks have ended.",
    source=_RULES,
)
def vertex_ends_with_its_tasks(job: Value) -> Relations:
    for vertex in job["vertices"]:
        counts = {state: number.raw for state, number in vertex["tasks"].items()}
        if not counts or not sum(counts.values()):
            continue
        all_ended = all(state in TERMINAL for state, task_count in counts.items() if task_count)
        if all_ended and vertex["start-time"].raw != -1:
            text = "all tasks have ended, the vertex has not"
            yield from require(vertex["end-time"].raw != -1, text, vertex["end-time"], vertex["tasks"])
        elif not all_ended:
            text = "the vertex has ended, some of its tasks have not"
            yield from require(vertex["end-time"].raw == -1, text, vertex["end-time"], vertex["tasks"])


@within(
    "getJobDetails",
    text="A vertex with a task that is DEPLOYING, INITIALIZING, RUNNING or FINISHED has a start-time.",
    source=_RULES,
)
def vertex_has_started(job: Value) -> Relations:
    for vertex in job["vertices"]:
        deployed = [vertex["tasks"][state] for state in (*sorted(ALIVE_STATES), "FINISHED")]
        present = [number for number in deployed if number.raw]
        if present:
            text = "tasks are deployed, the vertex has no start-time"
            yield from require(vertex["start-time"].raw != -1, text, vertex["start-time"], *present)


@within(
    "getJobDetails",
    text="A vertex starts after the start of its job and ends before the end of its job.",
    source=_RULES,
)
def vertex_runs_within_its_job(job: Value) -> Relations:
    for vertex in job["vertices"]:
        start, end = vertex["start-time"], vertex["end-time"]
        if start.raw != -1:
            yield from ascending(job["start-time"], start, *([end] if end.raw != -1 else []), job["now"])
            if job["end-time"].raw != -1:
                yield from ascending(start, job["end-time"])
        if end.raw != -1 and job["end-time"].raw != -1:
            yield from ascending(end, job["end-time"])


@within(
    "getJobDetails",
    text="The parallelism of a vertex is at most its maxParallelism. The maxParallelism of a job is that of a vertex.",
    source="flink-behaviour.md#job-details",
)
def vertex_max_parallelism(job: Value) -> Relations:
    job_maximum = job["maxParallelism"]
    vertex_maxima = [vertex["maxParallelism"] for vertex in job["vertices"] if is_number(vertex["maxParallelism"].raw)]
    if is_number(job_maximum.raw):
        yield from require(job_maximum.raw == -1 or job_maximum.raw >= 1, "neither a parallelism nor -1", job_maximum)
    if is_number(job_maximum.raw) and job_maximum.raw > 0 and vertex_maxima and job["job-type"].raw != "BATCH":
        text = "no vertex has the maximum of its job"
        is_that_of_a_vertex = any(maximum.raw == job_maximum.raw for maximum in vertex_maxima)
        yield from require(is_that_of_a_vertex, text, job_maximum, *vertex_maxima)
    for vertex in job["vertices"]:
        if isinstance(vertex["maxParallelism"].raw, int) and vertex["maxParallelism"].raw > 0:
            yield from ascending(vertex["parallelism"], vertex["maxParallelism"])


@within(
    "getJobDetails",
    text="The tasks of a job are in states that its own state allows.",
    source="flink-behaviour.md#job-states",
)
def vertex_states_fit_the_job(job: Value) -> Relations:
    allowed = ALLOWED_TASK_STATES.get(str(job["state"].raw))
    for vertex in job["vertices"]:
        for state, number in vertex["tasks"].items():
            if allowed is not None and number.raw:
                yield from require(state in allowed, f"the job has tasks that are {state}", job["state"], number)


@within(
    "getJobDetails",
    text="A vertex's counters of records, bytes and times are not negative.",
    source="flink-behaviour.md#json-conventions",
)
def vertex_metrics_are_counts(job: Value) -> Relations:
    for vertex in job["vertices"]:
        for name, value in vertex["metrics"].items():
            if not isinstance(value.raw, bool):
                yield from ascending(constant(0, "0"), computed(value.raw, name, value))


@within(
    "getJobDetails",
    text="The vertices of a job are in topological order: each comes after its inputs.",
    source=_RULES,
)
def vertices_are_sorted(job: Value) -> Relations:
    positions = {vertex["id"].raw: position for position, vertex in enumerate(job["vertices"])}
    for node in job["plan"]["nodes"]:
        for edge in node["inputs"]:
            if edge["id"].raw in positions and node["id"].raw in positions:
                is_sorted = positions[edge["id"].raw] < positions[node["id"].raw]
                yield from require(is_sorted, "a vertex is listed before its input", job["vertices"], edge["id"])


@within(
    "getJobDetails",
    text="If a job FINISHED without a restart, each vertex that is the only reader of its inputs has read the records "
    "that they have written.",
    source=_RULES,
)
def records_arrive(job: Value) -> Relations:
    if job["state"].raw != "FINISHED" or job["timestamps"]["RESTARTING"].raw:
        return
    metrics = {vertex["id"].raw: vertex["metrics"] for vertex in job["vertices"]}
    edges = [edge for node in job["plan"]["nodes"] for edge in node["inputs"]]
    readers = Counter(edge["id"].raw for edge in edges)
    for node in job["plan"]["nodes"]:
        inputs = list(node["inputs"])
        are_read_once = all(
            readers[edge["id"].raw] == 1 and edge["ship_strategy"].raw != "BROADCAST" for edge in inputs
        )
        if not inputs or not are_read_once or node["id"].raw not in metrics:
            continue  # a record for several readers is written once, or several times
        reader = metrics[node["id"].raw]
        writers = [metrics[edge["id"].raw] for edge in inputs if edge["id"].raw in metrics]
        are_complete = all(writer["write-records-complete"].raw is True for writer in writers)
        if are_complete and reader["read-records-complete"].raw:
            written = total([writer["write-records"] for writer in writers], "records written")
            yield from equal(reader["read-records"], written)
