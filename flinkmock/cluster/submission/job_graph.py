"""Reads the vertices of a JobGraph, which clients send up to 1.20, and may send later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from flinkmock.cluster.collect_sink import CollectSink
from flinkmock.cluster.submission.collect_sinks import collect_sink
from flinkmock.cluster.submission.java_values import Options, abstract_id, deserialized, items, pairs, plain, text
from flinkmock.cluster.submission.plan_vertices import PlanVertex, chained_operators
from flinkmock.flink.java_serialization.reader import BadStream, JavaObject, read_object

_COORDINATOR = "CollectSinkOperatorCoordinator$Provider"


def job_graph_vertices(fields: Mapping[str, Any], default_parallelism: int) -> dict[str, PlanVertex]:
    """Return the vertices by id, in the order of the graph.

    Args:
        fields: The fields of the JobGraph.
        default_parallelism: The parallelism of sources whose parallelism the scheduler of batch jobs decides.
    """
    vertices: dict[str, PlanVertex] = {}
    groups: dict[str | None, str] = {}
    for vertex in (value.fields for _, value in pairs(fields["taskVertices"])):
        group = vertex.get("slotSharingGroup")
        group_id = abstract_id(group.fields.get("slotSharingGroupId")) if isinstance(group, JavaObject) else None
        edges = [edge.fields for edge in items(vertex.get("inputs"))]
        parallelism = vertex["parallelism"]
        plan_vertex = PlanVertex(
            operators=chained_operators(vertex["name"]),
            parallelism=parallelism if parallelism > 0 or edges else default_parallelism,
            max_parallelism=vertex.get("maxParallelism", 0),
            group=groups.setdefault(group_id, f"group-{len(groups) + 1}" if groups else "default"),
            id=abstract_id(vertex.get("id")) or "",
            description=text(vertex.get("operatorPrettyName")),
            parallelism_is_decided_late=parallelism < 0 and bool(edges),
            operator_count=len(items(vertex.get("operatorIDs"))) or None,
            collect_sinks=tuple(_collect_sinks(vertex)),
            consumers=list(_consumers(vertex)),
        )
        for edge in edges:
            data_set = edge["source"].fields
            source = abstract_id(data_set["producer"].fields["id"])
            ship_strategy = edge.get("shipStrategyName") or "FORWARD"
            plan_vertex.inputs.append((source, ship_strategy, (text(data_set["resultType"]) or "pipelined").lower()))
        vertices[plan_vertex.id] = plan_vertex
    return vertices


def _consumers(vertex: Mapping[str, Any]) -> Iterable[str | None]:
    """Yield the ids of the vertices that read the results, which are a list in 1.x and a map since 2.0."""
    results = vertex.get("results")
    for data_set in items(results):
        if isinstance(data_set, JavaObject) and "consumers" in data_set.fields:
            for edge in items(data_set.fields["consumers"]):
                yield abstract_id(edge.fields["target"].fields["id"])


def _collect_sinks(vertex: Mapping[str, Any]) -> Iterable[CollectSink]:
    """Yield the sinks of `collect()`. The vertex's configuration has their factories, its coordinators their ids."""
    providers = [deserialized(serialized) for serialized in items(vertex.get("operatorCoordinators"))]
    ids = [
        abstract_id(provider.fields["operatorId"])
        for provider in providers
        if isinstance(provider, JavaObject) and provider.class_name.endswith(_COORDINATOR)
    ]
    if not ids:
        return
    sinks = [sink for factory in _factories(vertex["configuration"]) if (sink := collect_sink(factory))]
    for id, sink in zip(ids, sinks, strict=False):
        yield replace(sink, operator_id=id or "")


def _factories(configuration: Any) -> Iterable[Any]:
    """Yield the operators of a StreamConfig and of the configurations chained to it."""
    options = Options(configuration)
    for key in ("serializedUDF", "serializedUdf"):
        factory = _object(options.value(key))
        if isinstance(factory, JavaObject):
            yield factory.fields.get("operator")
    chained = _object(options.value("chainedTaskConfig_"))
    for _, config in pairs(chained):
        yield from _factories(config.fields.get("config"))


def _object(data: Any) -> Any:
    try:
        return read_object(data) if isinstance(plain(data), bytes) else None
    except BadStream:  # an object of a class with its own format
        return None
