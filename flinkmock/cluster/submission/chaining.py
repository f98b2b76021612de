"""Chains the operators of a StreamGraph into vertices, by the rules of StreamingJobGraphGenerator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from flinkmock.cluster.submission.stream_nodes import StreamEdge, StreamNode


@dataclass(frozen=True, slots=True)
class ChainingRules:
    """Decides which operators are chained.

    Args:
        nodes: The operators by id.
        is_enabled: Whether operators are chained at all.
        mixes_max_parallelism: Whether operators with different maximum parallelism are chained.
    """

    nodes: Mapping[int, StreamNode]
    is_enabled: bool = True
    mixes_max_parallelism: bool = True

    def is_chained(self, edge: StreamEdge) -> bool:
        """Return whether both ends of an edge are in one vertex (StreamingJobGraphGenerator.isChainable)."""
        return len(self.nodes[edge.target].inputs) == 1 and self._is_chainable_input(edge)

    def is_chained_source(self, node: StreamNode) -> bool:
        """Return whether a source is part of the vertex that reads from it, as one of several inputs."""
        if not node.is_source or len(node.outputs) != 1:
            return False
        (edge,) = node.outputs
        return self.nodes[edge.target].chaining == "HEAD_WITH_SOURCES" and self._is_chainable_input(edge)

    def _is_chainable_input(self, edge: StreamEdge) -> bool:
        source, target = self.nodes[edge.source], self.nodes[edge.target]
        exchange_allows = edge.is_forward and (
            edge.exchange_mode != "BATCH" or edge.partitioner == "ForwardForConsecutiveHashPartitioner"
        )
        return (
            self.is_enabled
            and source.slot_sharing_group == target.slot_sharing_group
            and self._operators_allow(source, target)
            and exchange_allows
            # several edges that lead to one input are a union, whose inputs are not chained
            and sum(other.input_number == edge.input_number for other in target.inputs) == 1
        )

    def _operators_allow(self, source: StreamNode, target: StreamNode) -> bool:
        """Return whether two operators can be in one chain (StreamingJobGraphGenerator.areOperatorsChainable)."""
        if target.is_yielding and self._head(source).is_legacy_source:
            return False
        target_allows = target.chaining == "ALWAYS" or (target.chaining == "HEAD_WITH_SOURCES" and source.is_source)
        return (
            target_allows
            and source.chaining not in (None, "NEVER")
            and source.parallelism == target.parallelism
            and (self.mixes_max_parallelism or source.max_parallelism == target.max_parallelism)
        )

    def _head(self, node: StreamNode) -> StreamNode:
        """Return the first operator of the chain that contains an operator."""
        for _ in self.nodes:  # a chain can't have more operators
            if len(node.inputs) != 1 or not self.is_chained(node.inputs[0]):
                break
            node = self.nodes[node.inputs[0].source]
        return node


@dataclass(slots=True)
class Chain:
    """The chain of a vertex.

    Attributes:
        head: The id of the first operator.
        sources: The ids of sources that are part of the vertex as its inputs.
        nodes: The ids of the chained operators in reverse order: each comes after those that read from it.
        outputs: The edges that leave the chain, in the order of the vertex's results.
    """

    head: int
    sources: list[int] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    outputs: list[StreamEdge] = field(default_factory=list)


class ChainBuilder:
    """Builds chains as StreamingJobGraphGenerator.createChain does.

    Args:
        rules: The rules for chaining.
        on_visit: Called with the id of each operator when it is visited.
        all_at_once: Whether the chains that read from a chain are built together with that chain.
    """

    def __init__(self, rules: ChainingRules, on_visit: Callable[[int], object], *, all_at_once: bool) -> None:
        self._rules = rules
        self._on_visit = on_visit
        self._all_at_once = all_at_once
        self._started_chains: dict[int, Chain] = {}
        self.chains: dict[int, Chain] = {}
        """The finished chains by the ids of their heads, in the order in which they were finished."""

    def start_at(self, ids: Iterable[int]) -> None:
        """Build the chains that begin with these operators, or have them as chained sources, in the order of heads."""
        heads = []
        for id in ids:
            node = self._rules.nodes[id]
            if self._rules.is_chained_source(node):
                self._on_visit(id)
                heads.append(node.outputs[0].target)
                self._chain(heads[-1]).sources.append(id)
            else:
                heads.append(id)
        for head in sorted(set(heads)):
            self._build(head, self._chain(head))

    def _chain(self, head: int) -> Chain:
        return self._started_chains.setdefault(head, Chain(head))

    def _build(self, id: int, chain: Chain) -> list[StreamEdge]:
        """Add an operator to a chain, with the operators that follow it; return the edges that leave the chain."""
        if chain.head in self.chains:
            return []
        self._on_visit(id)
        leaving_edges: list[StreamEdge] = []
        outputs = self._rules.nodes[id].outputs
        chained_edges = [edge for edge in outputs if self._rules.is_chained(edge)]
        for edge in chained_edges:
            leaving_edges += self._build(edge.target, chain)
        for edge in outputs:
            if edge not in chained_edges:
                leaving_edges.append(edge)
                if self._all_at_once:
                    self._build(edge.target, self._chain(edge.target))
        chain.nodes.append(id)
        if id == chain.head:
            chain.outputs = leaving_edges
            self.chains[id] = chain
        return leaving_edges
