"""The acknowledgements of checkpoints by subtasks: their times, and the sizes of the stored state."""

from __future__ import annotations

from flinkmock.cluster.checkpoint import Checkpoint, SubtaskAcknowledgement
from flinkmock.cluster.graph import JobGraph, Vertex
from flinkmock.named_random import NamedRandom

_SOURCE_ACK_MS = 25
"""The time after which sources have acknowledged. The other vertices take the rest of the duration."""


def acknowledgements(
    record: Checkpoint, graph: JobGraph, job_id: str, random: NamedRandom, time: int
) -> list[list[SubtaskAcknowledgement]]:
    """Return the acknowledgements of a checkpoint, vertex by vertex.

    The last acknowledgement completes the checkpoint. The sizes add up to that of the checkpoint.
    """
    vertices = graph.vertices
    weights = [0.0 if v.index in record.finished else state_weight(v) for v in vertices]
    heaviest = max(weights, default=0.0)
    bytes_left = record.size
    rows: list[list[SubtaskAcknowledgement]] = []
    for vertex, row in zip(vertices, _delays(record, graph, job_id, random), strict=True):
        vertex_size = int(record.size * weights[vertex.index] / sum(weights)) if sum(weights) else 0
        acks = []
        for subtask, delay in enumerate(row):
            size = vertex_size // vertex.parallelism + (subtask < vertex_size % vertex.parallelism)
            acknowledged_at = record.triggered_at + delay
            is_acknowledged = acknowledged_at <= min(time, record.ends_at) and (
                record.failure is None or acknowledged_at < record.ends_at
            )
            is_acknowledged = is_acknowledged and record.reached_tasks
            acks.append(
                SubtaskAcknowledgement(
                    subtask, acknowledged_at if is_acknowledged else None, size if is_acknowledged else 0
                )
            )
            bytes_left -= size
        rows.append(acks)
    _add_remainder(rows, weights.index(heaviest) if heaviest else 0, bytes_left)
    return rows


def _delays(record: Checkpoint, graph: JobGraph, job_id: str, random: NamedRandom) -> list[list[int]]:
    """Return the delay of each subtask's acknowledgement after the trigger, in ms, vertex by vertex."""
    vertices = graph.vertices
    shares = {
        (v.index, s): random.number("ack", job_id, record.id, v.index, s)
        for v in vertices
        for s in range(v.parallelism)
    }
    downstream = [shares[v, s] for v, s in shares if not vertices[v].is_source and v not in record.finished]
    slowest = max(downstream or shares.values(), default=1.0)
    early = min(record.duration, _SOURCE_ACK_MS)

    def delay(vertex: Vertex, share: float) -> int:
        if vertex.index in record.finished:
            return 0
        if vertex.is_source and downstream:
            return round(early * (0.5 + 0.5 * share))
        return round(early + (record.duration - early) * (0.6 + 0.4 * share / slowest))

    return [[delay(v, shares[v.index, s]) for s in range(v.parallelism)] for v in vertices]


def _add_remainder(rows: list[list[SubtaskAcknowledgement]], vertex: int, remainder: int) -> None:
    """Add the remainder of the integer divisions to the first subtask of the vertex with the most state."""
    if rows and remainder and (first := rows[vertex][0]).at is not None:
        rows[vertex][0] = SubtaskAcknowledgement(first.subtask, first.at, first.size + remainder)


def state_weight(vertex: Vertex) -> float:
    """Return the relative size of a vertex's state: small for the offsets of a source, large behind a HASH edge."""
    if vertex.is_source:
        return 1.0
    return 8.0 if any(edge.ship_strategy == "HASH" for edge in vertex.inputs) else 0.0
