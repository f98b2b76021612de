"""The stream graph of a batch job (since 2.0), with all operators, even those that belong to no vertex yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.job import Job
from flinkmock.cluster.stream_operator import StreamOperator
from flinkmock.flink.java_format import hash_order

_EXCHANGE = "UNDEFINED"
"""The exchange mode of all inputs in a stream graph that was not submitted."""


def stream_graph_payload(job: Job, time: int) -> dict[str, Any]:
    """Return `stream-graph` as JsonPlanGenerator.generateStreamGraphJson does (recorded: situations: batch: first).

    Nodes are in the order of a Java hash map with their ids as keys.
    """
    created_indexes = {vertex.index for vertex in job.vertices_at(time)}
    if job.spec.stream_operators:
        nodes = _nodes_of_plan(job.spec.stream_operators, job, created_indexes)
    else:
        nodes = _nodes_of_graph(job.graph, created_indexes)
    node_by_id = {node["id"]: node for node in nodes}
    return {"nodes": [node_by_id[node_id] for node_id in hash_order(node_by_id, int)]}


def _nodes_of_plan(
    operators: Sequence[StreamOperator], job: Job, created_indexes: set[int]
) -> Iterator[dict[str, Any]]:
    """Yield the operators of a submitted plan."""
    for operator in operators:
        vertex = job.graph.vertices[operator.vertex]
        is_created = operator.vertex in created_indexes
        yield {
            "id": str(operator.id),
            "parallelism": vertex.parallelism if is_created else operator.parallelism,
            "operator": operator.name,
            "description": operator.description,
            **({"job_vertex_id": vertex.id} if is_created else {}),
            "inputs": [
                {"num": number, "id": str(source), "ship_strategy": strategy, "exchange": exchange}
                for number, (source, strategy, exchange) in enumerate(operator.inputs)
            ],
        }


def _nodes_of_graph(graph: JobGraph, created_indexes: set[int]) -> Iterator[dict[str, Any]]:
    """Yield the operators. Ids count transformations: operators, and inputs that are not FORWARD."""
    next_id = 1
    last_operator_ids: dict[int, str] = {}  # by the index of the vertex
    for vertex in graph.vertices:
        for position, operator in enumerate(vertex.spec.operators):
            if position == 0:
                inputs = [(last_operator_ids[edge.source], edge.ship_strategy) for edge in vertex.inputs]
            else:
                inputs = [(last_operator_ids[vertex.index], "FORWARD")]
            next_id += sum(strategy != "FORWARD" for _, strategy in inputs)
            last_operator_ids[vertex.index] = str(next_id)
            next_id += 1
            yield {
                "id": last_operator_ids[vertex.index],
                "parallelism": vertex.parallelism,
                "operator": operator,
                "description": operator,
                **({"job_vertex_id": vertex.id} if vertex.index in created_indexes else {}),
                "inputs": [
                    {"num": number, "id": source, "ship_strategy": strategy, "exchange": _EXCHANGE}
                    for number, (source, strategy) in enumerate(inputs)
                ],
            }
