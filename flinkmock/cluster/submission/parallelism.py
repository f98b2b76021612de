"""The parallelism with which a jar is run or planned."""

from __future__ import annotations

import dataclasses
from itertools import groupby

from flinkmock.cluster.spec import Input, JobSpec, VertexSpec


def with_parallelism(spec: JobSpec, parallelism: int) -> JobSpec:
    """Return the job with this parallelism for all vertices and operators whose parallelism the program does not set.

    A negative one stays in plans and in the configuration of the job, whose vertices run with 1 (seen: a run with -1 on
    2.3.0 and 1.12.5).

    Only operators of the same parallelism are chained (StreamingJobGraphGenerator.areOperatorsChainable).
    """
    vertices: list[VertexSpec] = []
    last_of: list[int] = []
    for vertex in spec.vertices:
        inputs = tuple(dataclasses.replace(edge, source=last_of[edge.source]) for edge in vertex.inputs)
        for number, part in enumerate(_parts(vertex, parallelism)):
            edges = (Input(len(vertices) - 1, "REBALANCE"),) if number > 0 else inputs
            vertices.append(dataclasses.replace(part, inputs=edges))
        last_of.append(len(vertices) - 1)
    return dataclasses.replace(spec, vertices=tuple(vertices), parallelism=parallelism)


def _parts(vertex: VertexSpec, parallelism: int) -> list[VertexSpec]:
    """Split a vertex between operators of different parallelism; the last part gets accumulators and selectivity."""
    if not vertex.own_parallelism:
        return [_taking(vertex, parallelism)]
    if not vertex.takes_parallelism or parallelism == vertex.parallelism:
        return [vertex]
    groups = [
        (takes, tuple(names)) for takes, names in groupby(vertex.operators, vertex.takes_parallelism.__contains__)
    ]
    parts = []
    for number, (takes, operators) in enumerate(groups):
        part = dataclasses.replace(vertex, operators=operators)
        if takes:
            part = _taking(part, parallelism)
        if number > 0:
            part = dataclasses.replace(part, id="")
        if number < len(groups) - 1:
            part = dataclasses.replace(part, accumulators={}, accumulator_values={}, selectivity=1.0)
        parts.append(part)
    return parts


def _taking(vertex: VertexSpec, parallelism: int) -> VertexSpec:
    planned = -1 if parallelism < 0 else None
    return dataclasses.replace(vertex, parallelism=max(parallelism, 1), planned_parallelism=planned)
