"""Reads the vertices of a JobGraph, which clients up to 1.20 send. Later releases accept it too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from flinkmock.cluster.chain_names import chained_operators
from flinkmock.cluster.collect_sink import CollectSink
from flinkmock.cluster.submission.java_values import (
    Options,
    abstract_id,
    deserialized,
    elements,
    map_entries,
    non_empty_text,
    unboxed,
)
from flinkmock.cluster.submission.plan_collect_sinks import read_collect_sink
from flinkmock.cluster.submission.plan_vertices import PlanInput, PlanVertex
from flinkmock.flink.java_serialization.reader import BadStream, JavaObject, read_object

_COORDINATOR = "CollectSinkOperatorCoordinator$Provider"


def job_graph_vertices(fields: Mapping[str, Any], default_parallelism: int) -> dict[str, PlanVertex]:
    """Return the vertices by id, in the order of the graph.

    Args:
        fields: The fields of the JobGraph.
        default_parallelism: The parallelism of sources whose parallelism the scheduler of batch jobs decides.
    """
    vertices: dict[str, PlanVertex] = {}
    group_names: dict[str | None, str] = {}
    for vertex in (value.fields for _, value in map_entries(fields["taskVertices"])):
        group = vertex.get("slotSharingGroup")
        group_id = abstract_id(group.fields.get("slotSharingGroupId")) if isinstance(group, JavaObject) else None
        new_group_name = f"group-{len(group_names) + 1}" if group_names else "default"
        edges = [edge.fields for edge in elements(vertex.get("inputs"))]
        parallelism = vertex["parallelism"]
        plan_vertex = PlanVertex(
            operators=chained_operators(vertex["name"]),
            parallelism=parallelism if parallelism > 0 or edges else default_parallelism,
            max_parallelism=vertex.get("maxParallelism", 0),
            slot_sharing_group=group_names.setdefault(group_id, new_group_name),
            id=abstract_id(vertex.get("id")) or "",
            description=non_empty_text(vertex.get("operatorPrettyName")),
            parallelism_is_decided_late=parallelism < 0 and bool(edges),
            operator_count=len(elements(vertex.get("operatorIDs"))) or None,
            collect_sinks=tuple(_collect_sinks(vertex)),
            consumers=list(_consumers(vertex)),
        )
        for edge in edges:
            data_set = edge["source"].fields
            plan_vertex.inputs.append(
                PlanInput(
                    source=abstract_id(data_set["producer"].fields["id"]),
                    ship_strategy=edge.get("shipStrategyName") or "FORWARD",
                    exchange=(non_empty_text(data_set["resultType"]) or "pipelined").lower(),
                )
            )
        vertices[plan_vertex.id] = plan_vertex
    return vertices


def _consumers(vertex: Mapping[str, Any]) -> Iterable[str | None]:
    """Yield the ids of the vertices that read the results of a vertex."""
    results = vertex.get("results")  # a list in 1.x, a map of ids to data sets since 2.0
    for data_set in elements(results):
        if isinstance(data_set, JavaObject) and "consumers" in data_set.fields:
            for edge in elements(data_set.fields["consumers"]):
                yield abstract_id(edge.fields["target"].fields["id"])


def _collect_sinks(vertex: Mapping[str, Any]) -> Iterable[CollectSink]:
    """Yield the sinks of `collect()` in a vertex.

    The configuration of the vertex contains the operators, and its coordinators contain their ids, in the same order.
    """
    providers = [deserialized(serialized) for serialized in elements(vertex.get("operatorCoordinators"))]
    ids = [
        abstract_id(provider.fields["operatorId"])
        for provider in providers
        if isinstance(provider, JavaObject) and provider.class_name.endswith(_COORDINATOR)
    ]
    if not ids:
        return
    sinks = [read_collect_sink(operator) for operator in _operators(vertex["configuration"])]
    for operator_id, sink in zip(ids, filter(None, sinks), strict=False):
        yield replace(sink, operator_id=operator_id or "")


def _operators(configuration: Any) -> Iterable[Any]:
    """Yield the operators of a StreamConfig and of the configurations chained to it."""
    options = Options(configuration)
    for key in ("serializedUDF", "serializedUdf"):  # the name depends on the release
        factory = _read_object_or_none(options.value(key))
        if isinstance(factory, JavaObject):
            yield factory.fields.get("operator")
    chained = _read_object_or_none(options.value("chainedTaskConfig_"))
    for _, config in map_entries(chained):
        yield from _operators(config.fields.get("config"))


def _read_object_or_none(data: Any) -> Any:
    try:
        return read_object(data) if isinstance(unboxed(data), bytes) else None
    except BadStream:  # an object of a class with its own format
        return None
