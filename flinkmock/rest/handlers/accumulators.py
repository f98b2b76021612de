"""Accumulators of a job, a vertex, its subtasks and their attempts."""

from __future__ import annotations

from typing import Any

from flinkmock.cluster.accumulators import (
    COLLECT_TYPE,
    LONG_TYPES,
    Accumulator,
    merge_accumulators,
    subtask_accumulators,
)
from flinkmock.cluster.cluster import Cluster
from flinkmock.cluster.collect_responses import final_results
from flinkmock.cluster.collect_sink import CollectSink
from flinkmock.cluster.execution import Execution
from flinkmock.cluster.job import Job
from flinkmock.cluster.record_flow import RecordFlow
from flinkmock.cluster.states import TaskState
from flinkmock.flink.java_serialization.object_stream import Long
from flinkmock.flink.options import HEARTBEAT_INTERVAL
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers.lookup import execution_of, job_and_time, location_payload, vertex_and_time
from flinkmock.rest.handlers.serialized_exceptions import serialized_accumulator_value


def accumulators_of(cluster: Cluster, job: Job, execution: Execution, time: int) -> list[Accumulator]:
    """Return the accumulators of one execution: the final values or, before its end, those of the last heartbeat.

    The JobMaster requests heartbeats from the TaskManagers at a fixed interval (by default ten seconds), from its start
    on. Without caches, the values are current. See docs/flink-behaviour.md#heartbeats.
    """
    accumulators = _program_accumulators(cluster, job, execution, time)
    if execution.state_at(time) == TaskState.FINISHED:
        sinks = execution.vertex.spec.collect_sinks
        accumulators += [_collected_rows(cluster, job, sink, execution) for sink in sinks]
    return accumulators


def _collected_rows(cluster: Cluster, job: Job, sink: CollectSink, execution: Execution) -> Accumulator:
    """Return the accumulator from which a client reads the rows of a finished job."""
    return Accumulator(sink.accumulator_name, COLLECT_TYPE, [final_results(job, sink, execution, cluster.random)], 1)


def _program_accumulators(cluster: Cluster, job: Job, execution: Execution, time: int) -> list[Accumulator]:
    """Return the accumulators that the program or the scenario defines."""
    if not execution.vertex.spec.accumulators:
        return []
    if execution.ended_at(time) is None and cluster.caches_enabled:
        interval_ms = max(1, cluster.configuration.milliseconds(HEARTBEAT_INTERVAL))
        heartbeat_count = (time - job.submitted_at) // interval_ms
        time = job.submitted_at + heartbeat_count * interval_ms if heartbeat_count > 0 else 0
    io = RecordFlow(job.attempts[execution.attempt], time).io_counters(execution)
    spec = execution.vertex.spec
    records = io.records_out if execution.vertex.is_source else io.records_in
    return subtask_accumulators(spec.accumulators, records, spec.accumulator_values, execution.subtask)


def job_accumulators_at(cluster: Cluster, job: Job, time: int) -> list[Accumulator]:
    """Return the accumulators of all subtasks, merged by name."""
    return merge_accumulators(
        accumulators_of(cluster, job, execution, time) for row in job.executions_at(time) for execution in row
    )


def _payload(accumulators: list[Accumulator]) -> list[dict[str, str]]:
    return [
        {"name": accumulator.name, "type": accumulator.type, "value": accumulator.text} for accumulator in accumulators
    ]


def serialized_accumulators(accumulators: list[Accumulator]) -> dict[str, str]:
    """Return the serialized values in base64, by name. Values of `Long…` types have the class `Long`."""
    values = {}
    for accumulator in accumulators:
        value = accumulator.value
        if accumulator.type in LONG_TYPES:
            value = Long(value)
        elif accumulator.type == "ListAccumulator":
            value = [Long(element) for element in value]
        values[accumulator.name] = serialized_accumulator_value(value)
    return values


@handles("getJobAccumulators")
def job_accumulators(call: RestCall) -> Payload:
    job, time = job_and_time(call)
    accumulators = job_accumulators_at(call.cluster, job, time)
    with_serialized = call.query_value("includeSerializedValue", False)
    return {
        "job-accumulators": [],
        "user-task-accumulators": _payload(accumulators),
        "serialized-user-task-accumulators": serialized_accumulators(accumulators) if with_serialized else {},
    }


@handles("getJobVertexAccumulators")
def vertex_accumulators(call: RestCall) -> Payload:
    job, vertex, time = vertex_and_time(call)
    row = job.executions_at(time)[vertex.index]
    accumulators = merge_accumulators(accumulators_of(call.cluster, job, execution, time) for execution in row)
    return {"id": vertex.id, "user-accumulators": _payload(accumulators)}


@handles("getSubtasksAllAccumulators")
def subtasks_accumulators(call: RestCall) -> Payload:
    job, vertex, time = vertex_and_time(call)
    return {
        "id": vertex.id,
        "parallelism": vertex.parallelism,
        "subtasks": [_subtask(call, job, execution, time) for execution in job.executions_at(time)[vertex.index]],
    }


def _subtask(call: RestCall, job: Job, execution: Execution, time: int) -> dict[str, Any]:
    return {
        "subtask": execution.subtask,
        "attempt": execution.attempt,
        **location_payload(execution, time),
        "user-accumulators": _payload(accumulators_of(call.cluster, job, execution, time)),
    }


@handles("getSubtaskExecutionAttemptAccumulators")
def attempt_accumulators(call: RestCall) -> Payload:
    job, execution, time = execution_of(call)
    return {
        "subtask": execution.subtask,
        "attempt": execution.attempt,
        # Attempt ids are random before 1.13, and GRAPH_VERTEX_SUBTASK_ATTEMPT since then; see
        # docs/flink-behaviour.md#subtasks.
        "id": execution.id if call.cluster.release.since("1.13") else call.cluster.random.hex(32, execution.id),
        "user-accumulators": _payload(accumulators_of(call.cluster, job, execution, time)),
    }
