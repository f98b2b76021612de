"""The stream graph of a batch job (since 2.0), with all operators, even those that belong to no vertex yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.job import Job
from flinkmock.cluster.stream_operator import StreamOperator
from flinkmock.flink.java_format import hash_order

_EXCHANGE = "UNDEFINED"


def stream_graph_payload(job: Job, time: int) -> dict[str, Any]:
    """Return `stream-graph` as JsonPlanGenerator.generateStreamGraphJson does (recorded: situations: batch: first).

    Nodes are in the order of a Java hash map with their ids as keys.
    """
    present = {vertex.index for vertex in job.vertices_at(time)}
    operators = job.spec.stream_operators
    nodes = {
        node["id"]: node
        for node in (_nodes_of_plan(operators, job, present) if operators else _nodes(job.graph, present))
    }
    return {"nodes": [nodes[id] for id in hash_order(nodes, int)]}


def _nodes_of_plan(operators: Sequence[StreamOperator], job: Job, present: set[int]) -> Iterator[dict[str, Any]]:
    """Yield the operators of a submitted plan."""
    for operator in operators:
        vertex = job.graph.vertices[operator.vertex]
        is_present = operator.vertex in present
        yield {
            "id": str(operator.id),
            "parallelism": vertex.parallelism if is_present else operator.parallelism,
            "operator": operator.name,
            "description": operator.description,
            **({"job_vertex_id": vertex.id} if is_present else {}),
            "inputs": [
                {"num": number, "id": str(source), "ship_strategy": strategy, "exchange": exchange}
                for number, (source, strategy, exchange) in enumerate(operator.inputs)
            ],
        }


def _nodes(graph: JobGraph, present: set[int]) -> Iterator[dict[str, Any]]:
    """Yield the operators. Ids count transformations: one for each operator, and for each input that is not FORWARD."""
    next_id = 1
    last: dict[int, str] = {}
    for vertex in graph.vertices:
        for position, operator in enumerate(vertex.spec.operators):
            edges = [(last[edge.source], edge.ship_strategy) for edge in vertex.inputs] if position == 0 else []
            if position > 0:
                edges = [(last[vertex.index], "FORWARD")]
            next_id += sum(strategy != "FORWARD" for _, strategy in edges)
            last[vertex.index] = str(next_id)
            next_id += 1
            yield {
                "id": last[vertex.index],
                "parallelism": vertex.parallelism,
                "operator": operator,
                "description": operator,
                **({"job_vertex_id": vertex.id} if vertex.index in present else {}),
                "inputs": [
                    {"num": number, "id": source, "ship_strategy": strategy, "exchange": _EXCHANGE}
                    for number, (source, strategy) in enumerate(edges)
                ],
            }
