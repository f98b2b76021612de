"""The job graph as the cluster runs it: vertices with their ids, edges and levels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from flinkmock.cluster.spec import Input, JobSpec, VertexSpec
from flinkmock.named_random import NamedRandom

UNDECIDED = -1
"""The parallelism of a vertex while the scheduler has not decided it (ExecutionConfig.PARALLELISM_DEFAULT)."""


@dataclass(frozen=True)
class Vertex:
    """A vertex of the graph. `index` is its position in topological order, which is the order of most responses."""

    index: int
    id: str
    spec: VertexSpec
    level: int
    """The number of edges on the longest path from a source."""
    stage: int
    """The highest number of blocking edges on a path from a source. Vertices of one stage run at the same time; stages
    run one after the other."""
    has_consumers: bool

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def parallelism(self) -> int:
        return self.spec.parallelism

    @property
    def without_parallelism(self) -> Vertex:
        """The vertex as it is before the scheduler has decided its parallelism."""
        return replace(self, spec=replace(self.spec, parallelism=UNDECIDED))

    @property
    def operator_count(self) -> int:
        return len(self.spec.operators) if self.spec.operator_count is None else self.spec.operator_count

    @property
    def inputs(self) -> tuple[Input, ...]:
        return self.spec.inputs

    @property
    def is_source(self) -> bool:
        return not self.spec.inputs

    def has_name(self, name: str) -> bool:
        """Return whether `name` identifies the vertex: as its name or id, or as the name of one of its operators."""
        return name in (self.name, self.id, *self.spec.operators)


class JobGraph:
    """The vertices of one job.

    A vertex without an id in the spec gets a hash of its index and operators. The hash is the same for every run of the
    job, like Flink's ids, which are hashes too.
    """

    def __init__(self, spec: JobSpec) -> None:
        vertices: list[Vertex] = []
        consumed_indexes = {edge.source for vertex in spec.vertices for edge in vertex.inputs}
        for index, vertex_spec in enumerate(spec.vertices):
            sources = [(vertices[edge.source], edge) for edge in vertex_spec.inputs]
            vertices.append(
                Vertex(
                    index,
                    vertex_spec.id or NamedRandom(0).hex(32, "vertex", index, *vertex_spec.operators),
                    vertex_spec,
                    level=max((source.level + 1 for source, _ in sources), default=0),
                    stage=max((source.stage + int(edge.is_blocking) for source, edge in sources), default=0),
                    has_consumers=index in consumed_indexes,
                )
            )
        self.vertices = tuple(vertices)
        self.plan_order = spec.plan_order
        """The indexes of the vertices in the order of plans; (): derived from the edges."""

    @cached_property
    def by_id(self) -> dict[str, Vertex]:
        return {vertex.id: vertex for vertex in self.vertices}

    @cached_property
    def stage_count(self) -> int:
        return 1 + max((vertex.stage for vertex in self.vertices), default=0)

    @cached_property
    def vertices_decided_late(self) -> tuple[Vertex, ...]:
        """The vertices whose parallelism the scheduler decides when they can start."""
        return tuple(vertex for vertex in self.vertices if vertex.spec.parallelism_is_decided_late)

    @cached_property
    def has_bounded_source(self) -> bool:
        """Whether a source finishes before the job does."""
        return any(vertex.spec.finishes_after is not None for vertex in self.vertices)

    @cached_property
    def indexes_with_blocking_output(self) -> frozenset[int]:
        """The indexes of the vertices with a blocking output, which is read only when it is complete."""
        return frozenset(edge.source for vertex in self.vertices for edge in vertex.inputs if edge.is_blocking)

    @cached_property
    def subtask_count(self) -> int:
        return sum(vertex.parallelism for vertex in self.vertices)

    @cached_property
    def slot_count_by_group(self) -> dict[str, int]:
        """Slot sharing group -> number of slots that it needs."""
        return _slot_count_by_group(self.vertices)

    @cached_property
    def needed_slot_count(self) -> int:
        """The number of slots that the largest stage needs, because stages run one after the other."""
        return max((sum(slot_counts.values()) for slot_counts in self._slot_counts_by_stage.values()), default=0)

    @cached_property
    def _slot_counts_by_stage(self) -> dict[int, dict[str, int]]:
        """Stage -> slot sharing group -> number of slots that the group needs in this stage."""
        stages = dict.fromkeys(vertex.stage for vertex in self.vertices)
        return {
            stage: _slot_count_by_group(vertex for vertex in self.vertices if vertex.stage == stage) for stage in stages
        }

    @cached_property
    def _first_slots(self) -> dict[tuple[int, str], int]:
        """(stage, slot sharing group) -> index of the group's first slot in that stage."""
        first_slots = {}
        for stage, slot_count_by_group in self._slot_counts_by_stage.items():
            index = 0
            for group, slot_count in slot_count_by_group.items():
                first_slots[stage, group] = index
                index += slot_count
        return first_slots

    def slot_of(self, vertex: Vertex, subtask: int) -> int:
        """Return the index of a subtask's slot. In a stage, subtasks of one group with equal indexes share a slot."""
        return self._first_slots[vertex.stage, vertex.spec.slot_sharing_group] + subtask

    def input_channel_count(self, vertex: Vertex) -> int:
        """Return the number of subtasks that send records to one subtask of a vertex."""
        return sum(_channel_count(edge, self.vertices[edge.source]) for edge in vertex.inputs)

    def output_channel_count(self, vertex: Vertex) -> int:
        """Return the number of subtasks to which one subtask of a vertex sends records."""
        return sum(
            _channel_count(edge, consumer)
            for consumer in self.vertices
            for edge in consumer.inputs
            if edge.source == vertex.index
        )


def _slot_count_by_group(vertices: Iterable[Vertex]) -> dict[str, int]:
    """Return the number of slots that each slot sharing group needs: the highest parallelism of its vertices."""
    slot_counts: dict[str, int] = {}
    for vertex in vertices:
        group = vertex.spec.slot_sharing_group
        slot_counts[group] = max(slot_counts.get(group, 0), vertex.parallelism)
    return slot_counts


def _channel_count(edge: Input, other_end: Vertex) -> int:
    """Return the number of channels that one subtask has to the vertex at the other end of an edge."""
    return 1 if edge.ship_strategy == "FORWARD" else other_end.parallelism
