"""Creates the vertices of a StreamGraph (since 2.0), as the JobManager does."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from flinkmock.cluster.chain_names import chained_name
from flinkmock.cluster.collect_sink import CollectSink
from flinkmock.cluster.graph import UNDECIDED
from flinkmock.cluster.stream_operator import OperatorInput, StreamOperator
from flinkmock.cluster.submission.chaining import Chain, ChainBuilder, ChainingRules
from flinkmock.cluster.submission.java_values import Options, elements, non_empty_text, unboxed
from flinkmock.cluster.submission.node_hashes import NodeHashes
from flinkmock.cluster.submission.plan_vertices import PlanInput, PlanVertex
from flinkmock.cluster.submission.stream_nodes import (
    CONVERTED_PARTITIONERS,
    FORWARD_PARTITIONER,
    StreamEdge,
    StreamNode,
    read_stream_nodes,
)


class StreamGraphVertices:
    """Chains the operators of a StreamGraph into vertices.

    A dynamic graph belongs to a batch job. Its vertices are created when their inputs have finished
    (AdaptiveGraphManager); operators without a parallelism get one then.

    Args:
        fields: The fields of the StreamGraph.
        options: The configuration of the StreamGraph.
        source_parallelism: The parallelism of sources whose parallelism the scheduler of batch jobs decides.
    """

    def __init__(self, fields: Mapping[str, Any], options: Options, source_parallelism: int) -> None:
        self._nodes = read_stream_nodes(fields["userDefinedObjectsHolder"].fields)
        self._fields = fields
        self._is_dynamic = fields.get("dynamic") is True
        self._source_parallelism = source_parallelism
        self._rules = ChainingRules(
            self._nodes,
            is_enabled=(
                options.boolean("pipeline.operator-chaining.enabled", "pipeline.operator-chaining") is not False
            ),
            mixes_max_parallelism=(
                options.boolean("pipeline.operator-chaining.chain-operators-with-different-max-parallelism")
                is not False
            ),
        )
        self._hashes = NodeHashes(self._rules)
        self._head_of: dict[int, int] = {}
        """Id of an operator -> id of the first operator in its vertex; {} before `build` is called."""

    def build(self) -> dict[int, PlanVertex]:
        """Return the vertices by the ids of their first operators."""
        sources = [unboxed(id) for id in elements(self._fields["sources"])]
        if self._is_dynamic:
            self._reset_parallelism()
            chains = self._chains_by_stage(sources)
        else:
            self._hashes.add_breadth_first(sources)
            builder = ChainBuilder(self._rules, lambda _: None, all_at_once=True)
            builder.start_at(sources)
            chains = builder.chains
        return self._vertices(chains)

    def operators(self, vertex_indexes: Mapping[int, int]) -> tuple[StreamOperator, ...]:
        """Return the operators. Call `build` first.

        Args:
            vertex_indexes: Id of the first operator in a vertex -> index of the vertex.
        """
        return tuple(
            StreamOperator(
                id=node.id,
                name=node.name,
                description=node.description,
                parallelism=node.parallelism,
                vertex=vertex_indexes[self._head_of[node.id]],
                inputs=tuple(
                    OperatorInput(
                        edge.source,
                        "FORWARD" if edge.partitioner == FORWARD_PARTITIONER else edge.ship_strategy,
                        edge.exchange_mode,
                    )
                    for edge in node.inputs
                ),
            )
            for node in self._nodes.values()
        )

    # -- batch

    def _reset_parallelism(self) -> None:
        """Reset parallelisms that the program does not set, after making partitioners within a chain FORWARD.

        Operators connected by FORWARD share a parallelism.
        """
        for node in self._nodes.values():
            for edge in node.outputs:
                if edge.partitioner in CONVERTED_PARTITIONERS and self._rules.is_chained(edge):
                    edge.partitioner = FORWARD_PARTITIONER
        for node in self._nodes.values():
            if not node.parallelism_is_set and self._fields.get("autoParallelismEnabled", True):
                node.parallelism = UNDECIDED
        for group in self._forward_groups():
            parallelism = max(node.parallelism for node in group)
            max_parallelisms = [node.max_parallelism for node in group if node.max_parallelism > 0]
            for node in group:
                node.parallelism = parallelism
                node.max_parallelism = min(max_parallelisms, default=node.max_parallelism)

    def _forward_groups(self) -> Iterable[list[StreamNode]]:
        """Return the groups of operators that are connected by FORWARD."""
        edges = [
            edge for node in self._nodes.values() for edge in node.inputs if edge.partitioner == FORWARD_PARTITIONER
        ]
        groups = connected_groups(self._nodes, edges)
        return [[self._nodes[id] for id in group] for group in groups if len(group) > 1]

    def _chains_by_stage(self, sources: Iterable[int]) -> dict[int, Chain]:
        """Build the chains from the sources on, each when all operators that it reads from are in chains."""
        builder = ChainBuilder(self._rules, self._hashes.add, all_at_once=False)
        ready: Iterable[int] = sources
        while ready:
            builder.start_at(ready)
            chained_ids = {id for chain in builder.chains.values() for id in (*chain.nodes, *chain.sources)}
            targets = {edge.target for chain in builder.chains.values() for edge in chain.outputs}
            ready = [
                id
                for id in sorted(targets - chained_ids)
                if all(edge.source in chained_ids for edge in self._nodes[id].inputs)
            ]
        return builder.chains

    # -- vertices

    def _vertices(self, chains: Mapping[int, Chain]) -> dict[int, PlanVertex]:
        """Return a vertex for each chain, by the id of its head."""
        head_of = {id: chain.head for chain in chains.values() for id in chain.nodes}
        self._head_of = head_of | {id: chain.head for chain in chains.values() for id in chain.sources}
        groups = self._slot_sharing_groups(chains, head_of)
        vertices = {head: self._vertex(chain, groups[head]) for head, chain in chains.items()}
        for chain in chains.values():
            for edge in chain.outputs:
                target = head_of[edge.target]
                vertices[chain.head].consumers.append(target)
                vertices[target].inputs.append(PlanInput(chain.head, edge.ship_strategy, self._exchange(edge)))
        return vertices

    def _vertex(self, chain: Chain, group: str) -> PlanVertex:
        head = self._nodes[chain.head]
        default = self._source_parallelism if not head.inputs or chain.sources else 1
        return PlanVertex(
            operators=self._operator_names(chain, chain.head),
            parallelism=head.parallelism if head.parallelism > 0 else default,
            max_parallelism=head.max_parallelism,
            slot_sharing_group=group,
            id=self._hashes.hex(chain.head),
            description=self._description(chain),
            operator_count=len(chain.nodes) + len(chain.sources),
            collect_sinks=tuple(self._collect_sinks(chain)),
        )

    def _collect_sinks(self, chain: Chain) -> Iterable[CollectSink]:
        for id in chain.nodes:
            sink = self._nodes[id].collect_sink
            if sink is not None:
                yield dataclasses.replace(sink, operator_id=self._hashes.hex(id))

    def _chained_targets(self, chain: Chain, id: int) -> list[int]:
        """Return the ids of the operators in a chain that read from the operator `id` of the chain."""
        return [edge.target for edge in self._nodes[id].outputs if edge.target in chain.nodes]

    def _operator_names(self, chain: Chain, id: int) -> tuple[str, ...]:
        """Return the names of the operators of a chain, from an operator on."""
        sources = [self._nodes[source].name for source in chain.sources]
        name = self._with_sources(chain, id, self._nodes[id].name, sources)
        return chained_name(name, [self._operator_names(chain, target) for target in self._chained_targets(chain, id)])

    def _with_sources(self, chain: Chain, id: int, text: str, sources: list[str]) -> str:
        """Return `text`, the name or description of an operator; at the head of a chain, add the chained sources."""
        return f"{text} [{', '.join(sources)}]" if sources and id == chain.head else text

    def _description(self, chain: Chain) -> str:
        if self._fields.get("descriptionMode") == "CASCADING":
            return self._cascading_description(chain, chain.head)
        return "".join(f"{line}\n" for line in self._tree_lines(chain, chain.head))

    def _operator_description(self, chain: Chain, id: int) -> str:
        sources = [self._nodes[source].description for source in chain.sources]
        return self._with_sources(chain, id, self._nodes[id].description, sources)

    def _cascading_description(self, chain: Chain, id: int) -> str:
        """Return a description in one line: `a -> b`, or `a -> (b , c)` at a fork (buildCascadingDescription)."""
        description = self._operator_description(chain, id)
        branches = [self._cascading_description(chain, target) for target in self._chained_targets(chain, id)]
        if not branches:
            return description
        if len(branches) == 1:
            return f"{description} -> {branches[0]}"
        return f"{description} -> ({' , '.join(branches)})"

    def _tree_lines(self, chain: Chain, id: int, first_prefix: str = "", prefix: str = "") -> Iterable[str]:
        """Yield the lines of a description as a tree (buildTreeDescription).

        Args:
            chain: The chain.
            id: The operator at the root of the tree.
            first_prefix: The text before the operator.
            prefix: The text before the operators below it.
        """
        yield first_prefix + self._operator_description(chain, id)
        targets = self._chained_targets(chain, id)
        for target in targets:
            branch, indent = ("+- ", "   ") if target == targets[-1] else (":- ", ":  ")
            yield from self._tree_lines(chain, target, prefix + branch, prefix + indent)

    def _exchange(self, edge: StreamEdge) -> str:
        """Return the result type of an edge (determineUndefinedResultPartitionType)."""
        mode = edge.exchange_mode
        if mode == "UNDEFINED":
            if self._nodes[edge.source].holds_output:
                return "blocking"
            mode = non_empty_text(self._fields.get("globalExchangeMode")) or "ALL_EDGES_PIPELINED"
        is_pipelined = {
            "PIPELINED": True,
            "BATCH": False,
            "ALL_EDGES_PIPELINED": True,
            "ALL_EDGES_BLOCKING": False,
            "FORWARD_EDGES_PIPELINED": edge.is_forward,
            "POINTWISE_EDGES_PIPELINED": edge.is_forward or edge.ship_strategy == "RESCALE",
        }
        if mode in is_pipelined:
            return "pipelined_bounded" if is_pipelined[mode] else "blocking"
        return mode.removeprefix("ALL_EDGES_").lower()  # HYBRID_FULL, HYBRID_SELECTIVE, PIPELINED_APPROXIMATE

    def _slot_sharing_groups(self, chains: Mapping[int, Chain], head_of: Mapping[int, int]) -> dict[int, str]:
        """Return the slot sharing group of each vertex, by the id of its head.

        If the vertices without a group do not share the default group, each pipelined region is a group.
        """
        groups = {head: self._nodes[head].slot_sharing_group for head in chains}
        if self._fields.get("allVerticesInSameSlotSharingGroupByDefault", True):
            return groups
        edges_between_heads = [
            dataclasses.replace(edge, source=head_of[edge.source], target=head_of[edge.target])
            for chain in chains.values()
            for edge in chain.outputs
            if self._exchange(edge) != "blocking"
        ]
        for number, region in enumerate(connected_groups(chains, edges_between_heads), 1):
            groups |= {head: f"region-{number}" for head in region if groups[head] == "default"}
        return groups


def connected_groups(ids: Iterable[int], edges: Iterable[StreamEdge]) -> list[list[int]]:
    """Return the groups of ids that are connected by edges."""
    group_of = {member: [member] for member in ids}
    for edge in edges:
        source_group, target_group = group_of[edge.source], group_of[edge.target]
        if source_group is not target_group:
            source_group += target_group
            group_of |= dict.fromkeys(target_group, source_group)
    return list({id(group): group for group in group_of.values()}.values())  # each group once; `id` is the builtin
