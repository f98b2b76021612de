"""Vertices, their subtasks, and the attempts of subtasks."""

from __future__ import annotations

from typing import Any

from flinkmock.cluster.execution import STARTING, Execution, vertex_status
from flinkmock.cluster.states import TASK_STATES, TERMINAL_TASK_STATES, TaskState
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers.io_metrics import IoMetrics
from flinkmock.rest.handlers.jobs import time_span_payload
from flinkmock.rest.handlers.lookup import execution_of, location_payload, vertex_and_time


@handles("getJobVertexDetails")
def details(call: RestCall) -> Payload:
    job, vertex, time = vertex_and_time(call)
    row = job.executions_at(time)[vertex.index]
    io = IoMetrics(call, job, time)
    return {
        "id": vertex.id,
        "name": vertex.name,
        "parallelism": vertex.parallelism,
        "maxParallelism": vertex.spec.max_parallelism,
        "now": call.now,
        "subtasks": [attempt_payload(execution, io, time, call.now) for execution in row],
        "aggregated": io.aggregated(row),
    }


def attempt_payload(execution: Execution, io: IoMetrics, time: int, now: int) -> dict[str, Any]:
    """Return one execution (SubtaskExecutionAttemptDetailsInfo)."""
    start, end = execution.started_at(time), execution.ended_at(time)
    durations = io.status_duration(execution)
    return {
        "subtask": execution.subtask,
        "status": execution.state_at(time),
        "attempt": execution.attempt,
        **location_payload(execution, time),
        "start-time": -1 if start is None else start,
        "end-time": -1 if end is None else end,
        "duration": -1 if start is None else (now if end is None else end) - start,
        "metrics": io.payload([execution]),
        "status-duration": {state: durations.get(state, -1) for state in STARTING},
        "start_time": -1 if start is None else start,
    }


@handles("getSubtaskCurrentAttemptDetails", "getSubtaskExecutionAttemptDetails")
def attempt(call: RestCall) -> Payload:
    job, execution, time = execution_of(call)
    return attempt_payload(execution, IoMetrics(call, job, time), time, call.now)


@handles("getSubtasksTimes")
def times(call: RestCall) -> Payload:
    job, vertex, time = vertex_and_time(call)
    return {
        "id": vertex.id,
        "name": vertex.name,
        "now": call.now,
        "subtasks": [_times(execution, time, call.now) for execution in job.executions_at(time)[vertex.index]],
    }


def _times(execution: Execution, time: int, now: int) -> dict[str, Any]:
    """Return the times of a subtask, whose duration counts from SCHEDULED. See docs/flink-behaviour.md#subtasks."""
    timestamps = execution.timestamps_at(time)
    state = execution.state_at(time)
    end = timestamps[state] if state in TERMINAL_TASK_STATES else now
    location = location_payload(execution, time)
    return {
        "subtask": execution.subtask,
        "host": location["host"],
        "endpoint": location["endpoint"],
        "duration": end - timestamps[TaskState.SCHEDULED] if TaskState.SCHEDULED in timestamps else -1,
        "timestamps": {name: timestamps.get(name, 0) for name in TASK_STATES},
    }


@handles("getJobVertexTaskManagers")
def taskmanagers(call: RestCall) -> Payload:
    job, vertex, time = vertex_and_time(call)
    io = IoMetrics(call, job, time)
    groups: dict[tuple[str, str], list[Execution]] = {}
    for execution in job.executions_at(time)[vertex.index]:
        location = location_payload(execution, time)
        groups.setdefault((location["endpoint"], location["taskmanager-id"]), []).append(execution)
    return {
        "id": vertex.id,
        "name": vertex.name,
        "now": call.now,
        "taskmanagers": [_group(location, executions, io, time, call.now) for location, executions in groups.items()],
    }


def _group(
    location: tuple[str, str], executions: list[Execution], io: IoMetrics, time: int, now: int
) -> dict[str, Any]:
    """Return the subtasks of a vertex on one TaskManager. Subtasks that are not deployed form another group.

    `location` is the endpoint and the id of the TaskManager.
    """
    endpoint, taskmanager_id = location
    states = [execution.state_at(time) for execution in executions]
    return {
        "host": endpoint,
        "endpoint": endpoint,
        "status": vertex_status(states),
        **time_span_payload(executions, time, now),
        "metrics": io.payload(executions),
        "status-counts": {state: states.count(state) for state in TASK_STATES},
        "taskmanager-id": taskmanager_id,
        "aggregated": io.aggregated(executions),
    }
