"""The vertices of a submitted plan, in the order in which the JobManager lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flinkmock import limits
from flinkmock.cluster.collect_sink import CollectSink
from flinkmock.cluster.spec import Input, VertexSpec

_LOWEST_MAX_PARALLELISM, _HIGHEST_MAX_PARALLELISM = 128, 32_768


class PlanInput(NamedTuple):
    """An edge of a plan. `source` is the key of the vertex that sends."""

    source: Any
    ship_strategy: str
    exchange: str


@dataclass(slots=True)
class PlanVertex:
    """A vertex of a plan.

    Attributes:
        operators: The names of the operators.
        parallelism: The parallelism with which the vertex runs; below 1 if it is decided late.
        max_parallelism: The maximum parallelism; if it is 0 or less, it is derived from the parallelism.
        description: The description in plans, with line feeds (JobVertex.operatorPrettyName); None: the name.
        parallelism_is_decided_late: Whether the scheduler decides its parallelism when its inputs have finished.
        operator_count: The number of operators; None: that of `operators`.
        inputs: The edges that lead to the vertex.
        consumers: The keys of the vertices that read its results, in the order of the results.
    """

    operators: tuple[str, ...]
    parallelism: int
    max_parallelism: int
    slot_sharing_group: str
    id: str = ""
    description: str | None = None
    parallelism_is_decided_late: bool = False
    operator_count: int | None = None
    collect_sinks: tuple[CollectSink, ...] = ()
    inputs: list[PlanInput] = field(default_factory=list)
    consumers: list[Any] = field(default_factory=list)


def sorted_from_sources(vertices: Mapping[Any, PlanVertex]) -> list[Any]:
    """Return the keys of the vertices from sources to sinks.

    The order is that of JobGraph.getVerticesSortedTopologicallyFromSources: depth first, each vertex after its inputs.
    Vertices in a cycle come last.
    """
    order = [key for key, vertex in vertices.items() if not vertex.inputs]
    remaining = dict.fromkeys(key for key in vertices if key not in order)

    def add_ready_consumers(start: Any) -> None:
        for key in vertices[start].consumers:
            if key not in remaining:
                continue
            sources = {edge.source for edge in vertices[key].inputs}
            if remaining.keys().isdisjoint(sources - {start}):
                order.append(key)
                del remaining[key]
                add_ready_consumers(key)

    position = 0
    while remaining and position < len(order):  # `order` grows while it is read
        add_ready_consumers(order[position])
        position += 1
    return [*order, *remaining]


def vertex_specs(vertices: Mapping[Any, PlanVertex]) -> tuple[tuple[VertexSpec, ...], tuple[int, ...]]:
    """Return the vertices, sorted from the sources, and their indexes in the order of `vertices`.

    Raises:
        TypeError: A field has a value of the wrong type.
        ValueError: There are too many vertices.
    """
    check_vertex_count(vertices)
    for vertex in vertices.values():
        _check_types(vertex)
    order = sorted_from_sources(vertices)
    index_of = {key: index for index, key in enumerate(order)}
    specs = tuple(_spec(vertices[key], index_of, index_of[key]) for key in order)
    return specs, tuple(index_of[key] for key in vertices)


def check_vertex_count(vertices: Sized) -> None:
    """Raise ValueError if there are too many vertices or operators."""
    if len(vertices) > limits.JAVA_VERTICES:
        raise ValueError("too many vertices")


def _check_types(vertex: PlanVertex) -> None:
    strings = [*vertex.operators, vertex.slot_sharing_group, vertex.id]
    for edge in vertex.inputs:
        strings += [edge.ship_strategy, edge.exchange]
    if not all(isinstance(string, str) for string in strings):
        raise TypeError("not a string")
    if type(vertex.parallelism) is not int or type(vertex.max_parallelism) is not int:
        raise TypeError("not an int")


def _spec(vertex: PlanVertex, index_of: Mapping[Any, int], own_index: int) -> VertexSpec:
    parallelism = max(vertex.parallelism, 1)
    return VertexSpec(
        operators=vertex.operators,
        parallelism=parallelism,
        has_own_parallelism=True,
        inputs=tuple(
            Input(index_of[edge.source], edge.ship_strategy, edge.exchange)
            for edge in vertex.inputs
            if index_of[edge.source] < own_index  # drops the edges that close a cycle
        ),
        id=vertex.id,
        slot_sharing_group=vertex.slot_sharing_group,
        max_parallelism=vertex.max_parallelism if vertex.max_parallelism > 0 else default_max_parallelism(parallelism),
        description=vertex.description,
        parallelism_is_decided_late=vertex.parallelism_is_decided_late,
        operator_count=vertex.operator_count,
        collect_sinks=vertex.collect_sinks,
    )


def default_max_parallelism(parallelism: int) -> int:
    """Return 1.5 times the parallelism, rounded up to a power of two (KeyGroupRangeAssignment)."""
    rounded = 1 << (parallelism + parallelism // 2 - 1).bit_length()
    return min(max(rounded, _LOWEST_MAX_PARALLELISM), _HIGHEST_MAX_PARALLELISM)
