"""Reads the operators of a serialized StreamGraph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flinkmock.cluster.collect_sink import CollectSink
from flinkmock.cluster.submission.collect_sinks import collect_sink
from flinkmock.cluster.submission.java_values import deserialized, is_a, items, pairs, plain, simple_name, text
from flinkmock.cluster.submission.plan_vertices import check_count
from flinkmock.flink.java_serialization.reader import JavaObject

_STRATEGIES = {
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
"""Class -> ship strategy between vertices (StreamPartitioner.toString, tryConvertPartitionerForDynamicGraph)."""
_YIELDING = frozenset({
    "AsyncBatchWaitOperatorFactory",
    "AsyncWaitOperatorFactory",
    "ContinuousFileReaderOperatorFactory",
    "SinkWriterOperatorFactory",
    "StreamingDeltaJoinOperatorFactory",
    "TableKeyedAsyncWaitOperatorFactory",
})  # fmt: skip
"""Flink's classes that implement YieldingOperatorFactory. A serialized object does not contain its interfaces."""
CONVERTED = frozenset({"ForwardForConsecutiveHashPartitioner", "ForwardForUnspecifiedPartitioner"})
"""Partitioners of batch jobs that become a ForwardPartitioner within a chain, and another one between vertices."""


@dataclass(slots=True)
class StreamEdge:
    """An edge between operators. `input_number` is the number of the target's input; 0 if the target has only one."""

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
    """An operator. `parallelism` and `max_parallelism` are -1 if the program sets none.

    Attributes:
        uid: The uid that the program sets; None if it sets none.
        chaining: The ChainingStrategy of its factory; None: it has no factory, so that it is not chained.
        is_source: Whether it is a source by FLIP-27.
        is_legacy_source: Whether it is a SourceFunction.
        is_yielding: Whether it uses the mailbox, which is not possible in a chain with a legacy source.
        holds_output: Whether it emits nothing until its input ends.
    """

    id: int
    name: str
    description: str
    parallelism: int
    parallelism_is_set: bool
    max_parallelism: int
    group: str
    uid: str | None
    chaining: str | None
    is_source: bool
    is_legacy_source: bool
    is_yielding: bool
    holds_output: bool
    collect: CollectSink | None
    inputs: list[StreamEdge] = field(default_factory=list)
    outputs: list[StreamEdge] = field(default_factory=list)


def read_stream_nodes(holder: Mapping[str, Any]) -> dict[int, StreamNode]:
    """Return the operators by id, given the fields of the UserDefinedObjectsHolder of a StreamGraph."""
    tuples = items(holder["streamNodeToSerializedOperatorFactories"])
    factories = {plain(pair.fields["f0"]): pair.fields["f1"] for pair in tuples}
    objects = [value.fields for _, value in pairs(deserialized(holder["serializedStreamNodes"]))]
    check_count(objects)
    nodes = {fields["id"]: _node(fields, deserialized(factories.get(fields["id"]))) for fields in objects}
    edges: dict[int, StreamEdge] = {}  # both ends of an edge share it

    def edge(read: JavaObject) -> StreamEdge:
        return edges.setdefault(id(read), _edge(read.fields))

    for fields in objects:
        node = nodes[fields["id"]]
        node.inputs = [edge(item) for item in items(fields["inEdges"])]
        node.outputs = [edge(item) for item in items(fields["outEdges"])]
    return nodes


def _node(fields: Mapping[str, Any], factory: Any) -> StreamNode:
    operator = factory.fields.get("operator") if isinstance(factory, JavaObject) else None
    attribute = fields.get("attribute")
    name = text(fields["operatorName"]) or ""
    return StreamNode(
        id=fields["id"],
        name=name,
        description=text(fields.get("operatorDescription")) or name,
        parallelism=fields["parallelism"],
        parallelism_is_set=fields.get("parallelismConfigured", True),
        max_parallelism=fields["maxParallelism"],
        group=fields.get("slotSharingGroup") or "default",
        uid=text(fields.get("transformationUID")),
        chaining=_chaining_strategy(factory),
        is_source=is_a(factory, "SourceOperatorFactory"),
        is_legacy_source=is_a(operator, "StreamSource"),
        is_yielding=any(is_a(factory, name) for name in _YIELDING),
        holds_output=isinstance(attribute, JavaObject) and attribute.fields.get("isNoOutputUntilEndOfInput") is True,
        collect=collect_sink(operator),
    )


def _chaining_strategy(factory: Any) -> str | None:
    """Return the chaining strategy of a factory, or of the operator in it (SimpleOperatorFactory)."""
    if not isinstance(factory, JavaObject):
        return None
    strategy = factory.fields.get("chainingStrategy") or _chaining_strategy(factory.fields.get("operator"))
    return text(strategy)


def _edge(fields: Mapping[str, Any]) -> StreamEdge:
    partitioner = fields.get("outputPartitioner")
    return StreamEdge(
        source=fields["sourceId"],
        target=fields["targetId"],
        partitioner=simple_name(partitioner) or "ForwardPartitioner",
        ship_strategy=_ship_strategy(partitioner),
        exchange_mode=text(fields.get("exchangeMode")) or "UNDEFINED",
        input_number=fields.get("typeNumber", 0),
    )


def _ship_strategy(partitioner: Any) -> str:
    name = simple_name(partitioner)
    if name == "ForwardForConsecutiveHashPartitioner":
        return _ship_strategy(partitioner.fields.get("hashPartitioner"))
    if name == "BinaryHashPartitioner":
        fields = [name for name in items(partitioner.fields.get("hashFieldNames")) if isinstance(name, str)]
        return f"HASH[{', '.join(fields)}]"
    return _STRATEGIES.get(name, "CUSTOM" if name else "FORWARD")
