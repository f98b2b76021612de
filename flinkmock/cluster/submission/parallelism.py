"""The parallelism with which a jar is run or planned."""

from __future__ import annotations

import dataclasses
from itertools import groupby

from flinkmock.cluster.spec import Input, JobSpec, VertexSpec


def with_parallelism(spec: JobSpec, parallelism: int) -> JobSpec:
    """Return the job with this parallelism for all vertices and operators whose parallelism the program does not set.

    A vertex is split where its operators then have different parallelism, because Flink does not chain such operators
    (StreamingJobGraphGenerator.areOperatorsChainable). With a negative parallelism, vertices run with 1, but plans and
    the configuration of the job show the negative number (observed with -1 on 2.3.0 and 1.12.5).
    """
    vertices: list[VertexSpec] = []
    index_of_last_part: list[int] = []
    for vertex in spec.vertices:
        inputs = tuple(dataclasses.replace(edge, source=index_of_last_part[edge.source]) for edge in vertex.inputs)
        for part in _parts(vertex, parallelism):
            vertices.append(dataclasses.replace(part, inputs=inputs))
            inputs = (Input(len(vertices) - 1, "REBALANCE"),)  # of the next part
        index_of_last_part.append(len(vertices) - 1)
    return dataclasses.replace(spec, vertices=tuple(vertices), parallelism=parallelism)


def _parts(vertex: VertexSpec, parallelism: int) -> list[VertexSpec]:
    """Split a vertex between operators of different parallelism.

    The first part keeps the id; the last part keeps accumulators and selectivity.
    """
    if not vertex.has_own_parallelism:
        return [_with_request_parallelism(vertex, parallelism)]
    if not vertex.operators_with_request_parallelism or parallelism == vertex.parallelism:
        return [vertex]
    parts = []
    for takes_parallelism, operators in groupby(
        vertex.operators, vertex.operators_with_request_parallelism.__contains__
    ):
        part = dataclasses.replace(vertex, operators=tuple(operators))
        parts.append(_with_request_parallelism(part, parallelism) if takes_parallelism else part)
    parts[1:] = [dataclasses.replace(part, id="") for part in parts[1:]]
    parts[:-1] = [
        dataclasses.replace(part, accumulators={}, accumulator_values={}, selectivity=1.0) for part in parts[:-1]
    ]
    return parts


def _with_request_parallelism(vertex: VertexSpec, parallelism: int) -> VertexSpec:
    planned = -1 if parallelism < 0 else None
    return dataclasses.replace(vertex, parallelism=max(parallelism, 1), planned_parallelism=planned)
