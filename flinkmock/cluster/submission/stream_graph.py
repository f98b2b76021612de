"""Creates the vertices of a StreamGraph (since 2.0), as the JobManager does."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from flinkmock.cluster.collect_sink import CollectSink
from flinkmock.cluster.stream_operator import StreamOperator
from flinkmock.cluster.submission.chaining import Chain, ChainBuilder, ChainingRules
from flinkmock.cluster.submission.java_values import Options, items, plain, text
from flinkmock.cluster.submission.node_hashes import NodeHashes
from flinkmock.cluster.submission.plan_vertices import PlanVertex, chained_name
from flinkmock.cluster.submission.stream_nodes import CONVERTED, StreamEdge, StreamNode, read_stream_nodes

_UNDECIDED = -1


def stream_graph_vertices(
    fields: Mapping[str, Any], options: Options, source_parallelism: int
) -> tuple[dict[int, PlanVertex], tuple[StreamOperator, ...]]:
    """Return the vertices of a StreamGraph by the ids of their first operators, and the operators.

    `vertex` of an operator is the id of the first operator in its vertex.

    Args:
        fields: The fields of the StreamGraph.
        options: The configuration of the StreamGraph.
        source_parallelism: The parallelism of sources whose parallelism the scheduler of batch jobs decides.
    """
    nodes = read_stream_nodes(fields["userDefinedObjectsHolder"].fields)
    builder = StreamGraphVertices(nodes, fields, options, source_parallelism)
    return builder.build(), builder.operators()


class StreamGraphVertices:
    """Builds the vertices of a StreamGraph.

    A dynamic graph belongs to a batch job. Its vertices are created when their inputs have finished
    (AdaptiveGraphManager); operators without a parallelism get one then.
    """

    def __init__(
        self, nodes: Mapping[int, StreamNode], fields: Mapping[str, Any], options: Options, source_parallelism: int
    ) -> None:
        self._nodes = nodes
        self._fields = fields
        self._dynamic = fields.get("dynamic") is True
        self._source_parallelism = source_parallelism
        self._rules = ChainingRules(
            nodes,
            options.boolean("pipeline.operator-chaining.enabled", "pipeline.operator-chaining") is not False,
            options.boolean("pipeline.operator-chaining.chain-operators-with-different-max-parallelism") is not False,
        )
        self._hashes = NodeHashes(self._rules)
        self._head_of: dict[int, int] = {}

    def build(self) -> dict[int, PlanVertex]:
        """Return the vertices by the ids of their first operators."""
        sources = [plain(id) for id in items(self._fields["sources"])]
        if self._dynamic:
            self._reset_parallelism()
            chains = self._chains_by_stage(sources)
        else:
            self._hashes.add_breadth_first(sources)
            builder = ChainBuilder(self._rules, lambda _: None, all_at_once=True)
            builder.start_at(sources)
            chains = builder.chains
        return self._vertices(chains)

    def operators(self) -> tuple[StreamOperator, ...]:
        """Return the operators of the vertices. Call `build` before."""
        return tuple(
            StreamOperator(
                node.id,
                node.name,
                node.description,
                node.parallelism,
                self._head_of[node.id],
                tuple((edge.source, self._shown_strategy(edge), edge.exchange_mode) for edge in node.inputs),
            )
            for node in self._nodes.values()
        )

    def _shown_strategy(self, edge: StreamEdge) -> str:
        return "FORWARD" if edge.partitioner == "ForwardPartitioner" else edge.ship_strategy

    # -- batch

    def _reset_parallelism(self) -> None:
        """Reset parallelisms that the program does not set. Operators connected by FORWARD share a parallelism."""
        for node in self._nodes.values():
            for edge in node.outputs:
                if edge.partitioner in CONVERTED and self._rules.is_chained(edge):
                    edge.partitioner = "ForwardPartitioner"
        for node in self._nodes.values():
            if not node.parallelism_is_set and self._fields.get("autoParallelismEnabled", True):
                node.parallelism = _UNDECIDED
        for group in self._forward_groups():
            parallelism = max(node.parallelism for node in group)
            limits = [node.max_parallelism for node in group if node.max_parallelism > 0]
            for node in group:
                node.parallelism = parallelism
                node.max_parallelism = min(limits, default=node.max_parallelism)

    def _forward_groups(self) -> Iterable[list[StreamNode]]:
        edges = [
            edge for node in self._nodes.values() for edge in node.inputs if edge.partitioner == "ForwardPartitioner"
        ]
        groups = connected(self._nodes, edges)
        return [[self._nodes[id] for id in group] for group in groups if len(group) > 1]

    def _chains_by_stage(self, sources: Iterable[int]) -> dict[int, Chain]:
        builder = ChainBuilder(self._rules, self._hashes.add, all_at_once=False)
        ready: Iterable[int] = sources
        while ready:
            builder.start_at(ready)
            built = {id for chain in builder.chains.values() for id in (*chain.nodes, *chain.sources)}
            targets = sorted({edge.target for chain in builder.chains.values() for edge in chain.outputs})
            ready = [
                id for id in targets if id not in built and all(edge.source in built for edge in self._nodes[id].inputs)
            ]
        return builder.chains

    # -- vertices

    def _vertices(self, chains: Mapping[int, Chain]) -> dict[int, PlanVertex]:
        head_of = {id: chain.head for chain in chains.values() for id in chain.nodes}
        self._head_of = head_of | {id: chain.head for chain in chains.values() for id in chain.sources}
        groups = self._slot_sharing_groups(chains, head_of)
        vertices = {head: self._vertex(chain, groups[head]) for head, chain in chains.items()}
        for chain in chains.values():
            for edge in chain.outputs:
                target = head_of[edge.target]
                vertices[chain.head].consumers.append(target)
                vertices[target].inputs.append((chain.head, edge.ship_strategy, self._exchange(edge)))
        return vertices

    def _vertex(self, chain: Chain, group: str) -> PlanVertex:
        head = self._nodes[chain.head]
        default = self._source_parallelism if not head.inputs or chain.sources else 1
        return PlanVertex(
            operators=self._names(chain, chain.head),
            parallelism=head.parallelism if head.parallelism > 0 else default,
            max_parallelism=head.max_parallelism,
            group=group,
            id=self._hashes.hex(chain.head),
            description=self._description(chain),
            operator_count=len(chain.nodes) + len(chain.sources),
            collect_sinks=tuple(
                self._collect_sink(id, collect) for id in chain.nodes if (collect := self._nodes[id].collect)
            ),
        )

    def _collect_sink(self, id: int, sink: CollectSink) -> CollectSink:
        return dataclasses.replace(sink, operator_id=self._hashes.hex(id))

    def _chained(self, chain: Chain, id: int) -> list[int]:
        return [edge.target for edge in self._nodes[id].outputs if edge.target in chain.nodes]

    def _names(self, chain: Chain, id: int) -> tuple[str, ...]:
        name = self._with_sources(
            chain, id, self._nodes[id].name, [self._nodes[source].name for source in chain.sources]
        )
        return chained_name(name, [self._names(chain, target) for target in self._chained(chain, id)])

    def _with_sources(self, chain: Chain, id: int, name: str, sources: list[str]) -> str:
        return f"{name} [{', '.join(sources)}]" if sources and id == chain.head else name

    def _description(self, chain: Chain) -> str:
        if self._fields.get("descriptionMode") == "CASCADING":
            return self._cascade(chain, chain.head)
        return "".join(f"{line}\n" for line in self._tree(chain, chain.head, "", ""))

    def _text(self, chain: Chain, id: int) -> str:
        sources = [self._nodes[source].description for source in chain.sources]
        return self._with_sources(chain, id, self._nodes[id].description, sources)

    def _cascade(self, chain: Chain, id: int) -> str:
        below = [self._cascade(chain, target) for target in self._chained(chain, id)]
        if not below:
            return self._text(chain, id)
        return f"{self._text(chain, id)} -> {below[0] if len(below) == 1 else '(' + ' , '.join(below) + ')'}"

    def _tree(self, chain: Chain, id: int, first_prefix: str, prefix: str) -> Iterable[str]:
        """Yield the lines of a description as a tree (buildTreeDescription)."""
        yield first_prefix + self._text(chain, id)
        below = self._chained(chain, id)
        for target in below:
            last = target == below[-1]
            yield from self._tree(
                chain, target, prefix + ("+- " if last else ":- "), prefix + ("   " if last else ":  ")
            )

    def _exchange(self, edge: StreamEdge) -> str:
        """Return the result type of an edge (determineUndefinedResultPartitionType)."""
        mode = edge.exchange_mode
        if mode == "UNDEFINED":
            if self._nodes[edge.source].holds_output:
                return "blocking"
            mode = text(self._fields.get("globalExchangeMode")) or "ALL_EDGES_PIPELINED"
        pipelined = {
            "PIPELINED": True,
            "BATCH": False,
            "ALL_EDGES_PIPELINED": True,
            "ALL_EDGES_BLOCKING": False,
            "FORWARD_EDGES_PIPELINED": edge.is_forward,
            "POINTWISE_EDGES_PIPELINED": edge.is_forward or edge.ship_strategy == "RESCALE",
        }
        if mode in pipelined:
            return "pipelined_bounded" if pipelined[mode] else "blocking"
        return mode.removeprefix("ALL_EDGES_").lower()  # HYBRID_FULL, HYBRID_SELECTIVE, PIPELINED_APPROXIMATE

    def _slot_sharing_groups(self, chains: Mapping[int, Chain], head_of: Mapping[int, int]) -> dict[int, str]:
        """Return the slot sharing group of each vertex. Without a common default, each pipelined region is one."""
        groups = {head: self._nodes[head].group for head in chains}
        if self._fields.get("allVerticesInSameSlotSharingGroupByDefault", True):
            return groups
        edges = [e for chain in chains.values() for e in chain.outputs if self._exchange(e) != "blocking"]
        between = [dataclasses.replace(e, source=head_of[e.source], target=head_of[e.target]) for e in edges]
        for number, region in enumerate(connected(chains, between), 1):
            groups |= {head: f"region-{number}" for head in region if groups[head] == "default"}
        return groups


def connected(ids: Iterable[int], edges: Iterable[StreamEdge]) -> list[list[int]]:
    """Return the groups of ids that are connected by edges."""
    group_of = {id: [id] for id in ids}
    for edge in edges:
        one, other = group_of[edge.source], group_of[edge.target]
        if one is not other:
            one += other
            group_of |= dict.fromkeys(other, one)
    return list({id(group): group for group in group_of.values()}.values())
