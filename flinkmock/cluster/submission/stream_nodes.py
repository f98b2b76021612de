"""Reads the operators of a serialized StreamGraph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flinkmock.cluster.collect_sink import CollectSink
from flinkmock.cluster.submission.java_values import (
    deserialized,
    elements,
    is_a,
    map_entries,
    non_empty_text,
    simple_name,
    unboxed,
)
from flinkmock.cluster.submission.plan_collect_sinks import read_collect_sink
from flinkmock.cluster.submission.plan_vertices import check_vertex_count
from flinkmock.flink.java_serialization.reader import JavaObject

_SHIP_STRATEGIES = {
    "ForwardPartitioner": "FORWARD",
    "ForwardForUnspecifiedPartitioner": "RESCALE",
    "RebalancePartitioner": "REBALANCE",
    "KeyGroupStreamPartitioner": "HASH",
    "RescalePartitioner": "RESCALE",
    "BroadcastPartitioner": "BROADCAST",
    "GlobalPartitioner": "GLOBAL",
    "ShufflePartitioner": "SHUFFLE",
    "CustomPartitionerWrapper": "CUSTOM",
}
"""Class of a partitioner -> ship strategy (StreamPartitioner.toString, tryConvertPartitionerForDynamicGraph)."""
_YIELDING_FACTORIES = frozenset({
    "AsyncBatchWaitOperatorFactory",
    "AsyncWaitOperatorFactory",
    "ContinuousFileReaderOperatorFactory",
    "SinkWriterOperatorFactory",
    "StreamingDeltaJoinOperatorFactory",
    "TableKeyedAsyncWaitOperatorFactory",
})  # fmt: skip
"""Flink's classes that implement YieldingOperatorFactory. A serialized object does not contain its interfaces."""
CONVERTED_PARTITIONERS = frozenset({"ForwardForConsecutiveHashPartitioner", "ForwardForUnspecifiedPartitioner"})
"""Partitioners of batch jobs that become a ForwardPartitioner within a chain, and another one between vertices."""
FORWARD_PARTITIONER = "ForwardPartitioner"


@dataclass(slots=True)
class StreamEdge:
    """An edge between operators, given by their ids.

    Attributes:
        partitioner: The class of the partitioner, without its package.
        ship_strategy: The ship strategy, such as HASH, if the edge is between vertices.
        exchange_mode: Flink's StreamExchangeMode.
        input_number: The number of the target's input; 0 if the target has only one.
    """

    source: int
    target: int
    partitioner: str
    ship_strategy: str
    exchange_mode: str
    input_number: int

    @property
    def is_forward(self) -> bool:
        return self.partitioner.startswith("Forward")


@dataclass(slots=True)
class StreamNode:
    """An operator of a StreamGraph.

    Attributes:
        parallelism: The parallelism; -1 if neither the program nor the configuration sets it.
        parallelism_is_set: Whether the program sets the parallelism.
        max_parallelism: The maximum parallelism; -1 if the program sets none.
        uid: The uid that the program sets; None if it sets none.
        chaining: The ChainingStrategy of its factory; None: it has no factory, so that it is not chained.
        is_source: Whether it is a FLIP-27 source.
        is_legacy_source: Whether it is a SourceFunction.
        is_yielding: Whether it uses the mailbox, which is not possible in a chain with a legacy source.
        holds_output: Whether it emits nothing until its input ends.
        collect_sink: The sink of `collect()`, if it is one.
    """

    id: int
    name: str
    description: str
    parallelism: int
    parallelism_is_set: bool
    max_parallelism: int
    slot_sharing_group: str
    uid: str | None
    chaining: str | None
    is_source: bool
    is_legacy_source: bool
    is_yielding: bool
    holds_output: bool
    collect_sink: CollectSink | None
    inputs: list[StreamEdge] = field(default_factory=list)
    outputs: list[StreamEdge] = field(default_factory=list)


def read_stream_nodes(holder: Mapping[str, Any]) -> dict[int, StreamNode]:
    """Return the operators by id, given the fields of the UserDefinedObjectsHolder of a StreamGraph."""
    tuples = elements(holder["streamNodeToSerializedOperatorFactories"])
    factories = {unboxed(pair.fields["f0"]): pair.fields["f1"] for pair in tuples}  # the fields of a Tuple2
    fields_of_nodes = [value.fields for _, value in map_entries(deserialized(holder["serializedStreamNodes"]))]
    check_vertex_count(fields_of_nodes)
    nodes = {fields["id"]: _node(fields, deserialized(factories.get(fields["id"]))) for fields in fields_of_nodes}
    edges: dict[int, StreamEdge] = {}

    def shared_edge(java_edge: JavaObject) -> StreamEdge:
        """Return the same object for both ends of an edge, because the partitioner may be changed."""
        return edges.setdefault(id(java_edge), _edge(java_edge.fields))

    for fields in fields_of_nodes:
        node = nodes[fields["id"]]
        node.inputs = [shared_edge(java_edge) for java_edge in elements(fields["inEdges"])]
        node.outputs = [shared_edge(java_edge) for java_edge in elements(fields["outEdges"])]
    return nodes


def _node(fields: Mapping[str, Any], factory: Any) -> StreamNode:
    operator = factory.fields.get("operator") if isinstance(factory, JavaObject) else None
    attribute = fields.get("attribute")
    name = non_empty_text(fields["operatorName"]) or ""
    return StreamNode(
        id=fields["id"],
        name=name,
        description=non_empty_text(fields.get("operatorDescription")) or name,
        parallelism=fields["parallelism"],
        parallelism_is_set=fields.get("parallelismConfigured", True),
        max_parallelism=fields["maxParallelism"],
        slot_sharing_group=fields.get("slotSharingGroup") or "default",
        uid=non_empty_text(fields.get("transformationUID")),
        chaining=_chaining_strategy(factory),
        is_source=is_a(factory, "SourceOperatorFactory"),
        is_legacy_source=is_a(operator, "StreamSource"),
        is_yielding=any(is_a(factory, class_name) for class_name in _YIELDING_FACTORIES),
        holds_output=isinstance(attribute, JavaObject) and attribute.fields.get("isNoOutputUntilEndOfInput") is True,
        collect_sink=read_collect_sink(operator),
    )


def _chaining_strategy(factory: Any) -> str | None:
    """Return the chaining strategy of a factory, or of the operator in it (SimpleOperatorFactory)."""
    if not isinstance(factory, JavaObject):
        return None
    strategy = factory.fields.get("chainingStrategy") or _chaining_strategy(factory.fields.get("operator"))
    return non_empty_text(strategy)


def _edge(fields: Mapping[str, Any]) -> StreamEdge:
    partitioner = fields.get("outputPartitioner")
    return StreamEdge(
        source=fields["sourceId"],
        target=fields["targetId"],
        partitioner=simple_name(partitioner) or FORWARD_PARTITIONER,
        ship_strategy=_ship_strategy(partitioner),
        exchange_mode=non_empty_text(fields.get("exchangeMode")) or "UNDEFINED",
        input_number=fields.get("typeNumber", 0),
    )


def _ship_strategy(partitioner: Any) -> str:
    class_name = simple_name(partitioner)
    if class_name == "":
        return "FORWARD"
    if class_name == "ForwardForConsecutiveHashPartitioner":
        return _ship_strategy(partitioner.fields.get("hashPartitioner"))
    if class_name == "BinaryHashPartitioner":
        fields = [field for field in elements(partitioner.fields.get("hashFieldNames")) if isinstance(field, str)]
        return f"HASH[{', '.join(fields)}]"
    return _SHIP_STRATEGIES.get(class_name, "CUSTOM")
