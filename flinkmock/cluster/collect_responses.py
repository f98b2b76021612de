"""The rows that clients fetch with `collect()`, as CollectSinkFunction and its coordinator return them.

While the sink runs, a client requests rows from the sink's coordinator, from an offset on. When the job has finished,
an accumulator of the sink contains all rows. `version` identifies an attempt of the sink.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from flinkmock.cluster.collect_sink import CollectSink
from flinkmock.cluster.execution import Execution
from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.job import Job
from flinkmock.cluster.states import TaskState
from flinkmock.flink.type_serializers import string_bytes
from flinkmock.named_random import NamedRandom

NO_OFFSET = -1
"""The lastCheckpointedOffset of a sink that is not running."""


@dataclass(frozen=True, slots=True)
class CollectResponse:
    """A CollectCoordinationResponse. `rows` are serialized."""

    version: str
    last_checkpointed_offset: int
    rows: tuple[bytes, ...] = ()


def find_collect_sink(job: Job, operator_id: str) -> tuple[Vertex, CollectSink] | None:
    """Return the vertex and the sink for the operator id of a sink; None if the job has no such sink."""
    for vertex in job.graph.vertices:
        for sink in vertex.spec.collect_sinks:
            if sink.operator_id == operator_id:
                return vertex, sink
    return None


def collect_response(
    job: Job, vertex: Vertex, sink: CollectSink, version: str, offset: int, time: int, random: NamedRandom
) -> CollectResponse:
    """Return the response of the sink's coordinator.

    Args:
        job: The job.
        vertex: The vertex of the sink, which has one subtask.
        sink: The sink.
        version: The version in the request; "" in the first request.
        offset: The number of the first row that the client requests.
        time: Epoch ms.
        random: The random draws of the cluster, from which the version comes.
    """
    executions = job.executions_at(time)
    execution = executions[vertex.index][0] if executions and executions[vertex.index] else None
    if execution is None or execution.state_at(time) != TaskState.RUNNING:
        return CollectResponse(version, NO_OFFSET)
    current_version = _version(job, sink, execution, random)
    running_since = execution.entered_at(TaskState.RUNNING, time) or time
    has_checkpoint = any(
        checkpoint.triggered_at >= running_since for checkpoint in job.checkpoints.completed_checkpoints_at(time)
    )
    checkpointed_offset = len(sink.rows) if has_checkpoint else 0
    if version != current_version:
        return CollectResponse(current_version, checkpointed_offset)
    return CollectResponse(current_version, checkpointed_offset, _batch(sink, offset))


def _batch(sink: CollectSink, offset: int) -> tuple[bytes, ...]:
    """Return the rows from an offset on that fit in one response."""
    rows: list[bytes] = []
    size = 0
    for row in sink.rows[max(offset, 0) :]:
        if rows and sink.batch_bytes and size + len(row) > sink.batch_bytes:
            break
        rows.append(row)
        size += len(row)
    return tuple(rows)


def _version(job: Job, sink: CollectSink, execution: Execution, random: NamedRandom) -> str:
    return random.uuid("collect", job.id, sink.operator_id, execution.attempt)


def final_results(job: Job, sink: CollectSink, execution: Execution, random: NamedRandom) -> bytes:
    """Return the only element in the accumulator of a finished sink (serializeAccumulatorResult).

    It consists of the length of what follows, the offset 0, the version, the checkpointed offset 0, the number of rows,
    and the rows, each after its length.
    """
    version = string_bytes(_version(job, sink, execution, random))
    result = struct.pack(">q", 0) + version + struct.pack(">qi", 0, len(sink.rows))
    result += b"".join(struct.pack(">i", len(row)) + row for row in sink.rows)
    return struct.pack(">i", len(result)) + result
