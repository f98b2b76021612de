"""Plans of jobs, as in `/jobs/:jobid`, `/jobs/:jobid/plan` and the plan of a jar (JsonPlanGenerator)."""

from __future__ import annotations

from collections.abc import Sequence
from html.entities import codepoint2name
from typing import Any

from flinkmock.cluster.graph import JobGraph, Vertex
from flinkmock.cluster.spec import VertexSpec
from flinkmock.release import Release


def plan_payload(
    job_id: str, name: str, job_type: str, graph: JobGraph, release: Release, vertices: Sequence[Vertex] | None = None
) -> dict[str, Any]:
    """Return the payload of a plan.

    Args:
        job_id: The id of the job.
        name: The name of the job.
        job_type: "STREAMING" or "BATCH".
        graph: The graph of the job.
        release: The served release.
        vertices: The vertices in the order of the plan; None: in the order in which Flink builds the graph.
    """
    if vertices is None:
        vertices = topological_plan_order(graph)
    return {
        "jid": job_id,
        "name": name,
        "type": job_type,
        "nodes": [_node(graph, vertex, release) for vertex in vertices],
    }


def topological_plan_order(graph: JobGraph) -> list[Vertex]:
    """Return the vertices in the order of StreamingJobGraphGenerator: from source to source, consumers first.

    A submitted graph keeps the order of its plan.
    """
    if graph.plan_order:
        return [graph.vertices[index] for index in graph.plan_order]
    consumers: dict[int, list[int]] = {}
    for vertex in graph.vertices:
        for edge in vertex.inputs:
            consumers.setdefault(edge.source, []).append(vertex.index)
    order: dict[int, Vertex] = {}
    # (index of a vertex, whether its consumers were added)
    pending = [(vertex.index, False) for vertex in reversed(graph.vertices) if vertex.is_source]
    while pending:
        index, consumers_added = pending.pop()
        if consumers_added:
            order.setdefault(index, graph.vertices[index])
        elif index not in order:
            pending.append((index, True))
            pending.extend((consumer, False) for consumer in reversed(consumers.get(index, [])))
    return list(order.values())


def _node(graph: JobGraph, vertex: Vertex, release: Release) -> dict[str, Any]:
    planned_parallelism = vertex.spec.planned_parallelism
    payload: dict[str, Any] = {
        "id": vertex.id,
        "parallelism": vertex.parallelism if planned_parallelism is None else planned_parallelism,
        "operator": "",
        "operator_strategy": "",
        "description": description(vertex.spec, release),
        "optimizer_properties": {},
    }
    if not vertex.is_source:
        payload["inputs"] = [
            {
                "num": number,
                "id": graph.vertices[edge.source].id,
                "ship_strategy": edge.ship_strategy,
                "exchange": edge.exchange,
            }
            for number, edge in enumerate(vertex.inputs)
        ]
    return payload


def description(vertex: VertexSpec, release: Release) -> str:
    """Return the description of a vertex as HTML: since 1.15 a tree (`pipeline.vertex-description-mode`)."""
    operators = vertex.operators
    if vertex.description is not None:
        return _html(vertex.description, release).replace("\n", "<br/>").replace("\\", "&#92;")
    if not release.since("1.15"):
        return _html(" -> ".join(operators), release)
    lines = [f"{'   ' * (depth - 1)}+- {name}" if depth else name for depth, name in enumerate(operators)]
    return "".join(f"{_html(line, release)}<br/>" for line in lines)


_ENTITIES = {code: f"&{name};" for code, name in codepoint2name.items()}
"""The 252 entities of HTML 4, without the apostrophe: those of Commons Text, which Flink uses since 1.13."""
_NOT_A_SUBSET = 0x2284
_ENTITIES_OF_1_12 = {code: entity for code, entity in _ENTITIES.items() if code != _NOT_A_SUBSET}
"""The entities of Commons Lang, which lack ⊄."""


def _html(text: str, release: Release) -> str:
    """Escape a text as StringEscapeUtils.escapeHtml4 does."""
    return text.translate(_ENTITIES if release.since("1.13") else _ENTITIES_OF_1_12)
