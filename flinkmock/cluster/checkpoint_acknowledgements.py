"""The acknowledgements of checkpoints by subtasks: their times, and the sizes of the stored state."""

from __future__ import annotations

from itertools import chain

from flinkmock.cluster.checkpoint import Checkpoint, SubtaskAcknowledgement
from flinkmock.cluster.graph import JobGraph, Vertex
from flinkmock.named_random import NamedRandom

_SOURCE_ACK_MS = 25
"""The time after which sources have acknowledged. The other vertices take the rest of the duration."""


def acknowledgements(
    checkpoint: Checkpoint, graph: JobGraph, job_id: str, random: NamedRandom, time: int
) -> list[list[SubtaskAcknowledgement]]:
    """Return the acknowledgements of a checkpoint as of `time` (epoch ms), vertex by vertex.

    Those that have not arrived are pending. The last one completes the checkpoint; then the sizes add up to that of the
    checkpoint.
    """
    vertices = graph.vertices
    weights = [0.0 if vertex.index in checkpoint.finished_vertices else state_weight(vertex) for vertex in vertices]
    total_weight = sum(weights)
    bytes_left = checkpoint.size
    acknowledgements_by_vertex: list[list[SubtaskAcknowledgement]] = []
    for vertex, delays in zip(vertices, _delays(checkpoint, graph, job_id, random), strict=True):
        vertex_size = int(checkpoint.size * weights[vertex.index] / total_weight) if total_weight else 0
        vertex_acknowledgements = []
        for subtask, delay in enumerate(delays):
            size = vertex_size // vertex.parallelism + (subtask < vertex_size % vertex.parallelism)
            bytes_left -= size
            at = checkpoint.triggered_at + delay
            if at <= time and _arrives(checkpoint, at):
                vertex_acknowledgements.append(SubtaskAcknowledgement(subtask, at, size))
            else:
                vertex_acknowledgements.append(SubtaskAcknowledgement(subtask, None, 0))
        acknowledgements_by_vertex.append(vertex_acknowledgements)
    if acknowledgements_by_vertex and bytes_left:
        _add_remainder(acknowledgements_by_vertex[weights.index(max(weights))], bytes_left)
    return acknowledgements_by_vertex


def _arrives(checkpoint: Checkpoint, at: int) -> bool:
    """Return whether an acknowledgement that is due at `at` (epoch ms) arrives in time.

    The last acknowledgement arrives when the checkpoint completes; none arrives when the checkpoint fails, or later.
    """
    if not checkpoint.reached_tasks:
        return False
    return at <= checkpoint.ends_at if checkpoint.failure is None else at < checkpoint.ends_at


def _delays(checkpoint: Checkpoint, graph: JobGraph, job_id: str, random: NamedRandom) -> list[list[int]]:
    """Return the delay of each subtask's acknowledgement after the trigger, in ms, vertex by vertex.

    Sources acknowledge first. The slowest of the other subtasks, or of all if there are only sources, takes the whole
    duration of the checkpoint.
    """
    vertices = graph.vertices
    draws = [
        [random.number("ack", job_id, checkpoint.id, vertex.index, subtask) for subtask in range(vertex.parallelism)]
        for vertex in vertices
    ]
    downstream_draws = [
        draw
        for vertex in vertices
        if not vertex.is_source and vertex.index not in checkpoint.finished_vertices
        for draw in draws[vertex.index]
    ]
    highest_draw = max(downstream_draws or chain.from_iterable(draws), default=1.0)
    source_ms = min(checkpoint.duration, _SOURCE_ACK_MS)

    def delay(vertex: Vertex, draw: float) -> int:
        if vertex.index in checkpoint.finished_vertices:
            return 0
        if vertex.is_source and downstream_draws:
            return round(source_ms * (0.5 + 0.5 * draw))
        return round(source_ms + (checkpoint.duration - source_ms) * (0.6 + 0.4 * draw / highest_draw))

    return [[delay(vertex, draw) for draw in draws[vertex.index]] for vertex in vertices]


def _add_remainder(acknowledgements: list[SubtaskAcknowledgement], remainder: int) -> None:
    """Add the remainder of the integer divisions to the first subtask of the vertex with the most state."""
    first = acknowledgements[0]
    if first.at is not None:
        acknowledgements[0] = SubtaskAcknowledgement(first.subtask, first.at, first.size + remainder)


def state_weight(vertex: Vertex) -> float:
    """Return the relative size of a vertex's state: small for the offsets of a source, large behind a HASH edge."""
    if vertex.is_source:
        return 1.0
    return 8.0 if any(edge.ship_strategy == "HASH" for edge in vertex.inputs) else 0.0
