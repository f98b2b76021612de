"""Decodes the job that a client submits: a serialized JobGraph (up to 1.20) or StreamGraph (since 2.0).

A JobGraph contains the vertices as they will run. A StreamGraph contains operators, which the JobManager chains to
vertices; here, too, by the rules of StreamingJobGraphGenerator.isChainable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from typing import Any

from flinkmock import limits
from flinkmock.cluster.spec import CheckpointSpec, Input, VertexSpec
from flinkmock.flink.java_serialization.reader import JavaObject, read_object

_NEVER = (1 << 63) - 1
"""Long.MAX_VALUE, the checkpoint interval (ms) of a job without checkpoints."""
_MAX_PARALLELISM = 128
"""The default of a vertex; KeyGroupRangeAssignment's lower bound."""
_STRATEGIES = {
    "ForwardPartitioner": "FORWARD",
    "ForwardForConsecutiveHashPartitioner": "FORWARD",
    "ForwardForUnspecifiedPartitioner": "FORWARD",
    "RebalancePartitioner": "REBALANCE",
    "KeyGroupStreamPartitioner": "HASH",
    "RescalePartitioner": "RESCALE",
    "BroadcastPartitioner": "BROADCAST",
    "GlobalPartitioner": "GLOBAL",
    "ShufflePartitioner": "SHUFFLE",
    "CustomPartitionerWrapper": "CUSTOM",
}
"""The text of StreamPartitioner.toString by class."""
_RETAINED = {"RETAIN_ON_CANCELLATION": "retain", "RETAIN_ON_FAILURE": "delete"}


@dataclass(frozen=True, slots=True)
class SubmittedJob:
    """The job that a plan describes; a field is None or empty where the plan does not contain it.

    `restore_path` is the path to restore from; with `allow_non_restored_state`, state that the job has no operator for
    is left out.
    """

    id: str | None = None
    name: str | None = None
    restore_path: str | None = None
    allow_non_restored_state: bool = False
    type: str = "STREAMING"
    vertices: tuple[VertexSpec, ...] = ()
    checkpoints: CheckpointSpec = field(default_factory=lambda: CheckpointSpec(every=None))
    user_config: Mapping[str, str] = field(default_factory=dict)


def decode_job(plan: Any) -> SubmittedJob:
    """Return the job that the first object of a stream describes; of an unknown class, at most id and name.

    Raises:
        BadStream: an object that is serialized inside of it can't be read.
    """
    fields = plan.fields if isinstance(plan, JavaObject) else {}
    settings = fields.get("savepointRestoreSettings")
    named = SubmittedJob(
        id=abstract_id(fields.get("jobID") or fields.get("jobId")),  # JobGraph, StreamGraph
        name=_text(fields.get("jobName")),
        restore_path=_text(settings.fields.get("restorePath")) if isinstance(settings, JavaObject) else None,
        allow_non_restored_state=settings.fields.get("allowNonRestoredState") is True
        if isinstance(settings, JavaObject)
        else False,
        type=_text(fields.get("jobType")) or "STREAMING",
    )
    try:
        return _with_graph(named, fields)
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError):
        return named


def _with_graph(job: SubmittedJob, fields: Mapping[str, Any]) -> SubmittedJob:
    config = _configuration(fields.get("jobConfiguration"))
    user_config = _texts(config.get("pipeline.global-job-parameters"))
    if "taskVertices" in fields:
        vertices = _vertices(_job_graph(fields["taskVertices"]))
        checkpoints = _settings(fields.get("snapshotSettings"))
        user_config = user_config or _parameters(_inside(fields.get("serializedExecutionConfig")))
    else:
        vertices = _vertices(_stream_graph(fields["userDefinedObjectsHolder"].fields))
        checkpoints = CheckpointSpec(every=_milliseconds(config.get("execution.checkpointing.interval")))
    return replace(job, vertices=vertices, checkpoints=checkpoints, user_config=user_config)


def abstract_id(value: object) -> str | None:
    """Return the digits of an AbstractID: two longs, the lower part first."""
    if not isinstance(value, JavaObject) or not {"lowerPart", "upperPart"} <= value.fields.keys():
        return None
    return "".join(f"{value.fields[part] & (1 << 64) - 1:016x}" for part in ("lowerPart", "upperPart"))


@dataclass(slots=True)
class _Node:
    """A vertex with the keys of its input vertices, each with ship strategy and exchange type."""

    operators: tuple[str, ...]
    parallelism: int
    max_parallelism: int
    group: str
    id: str = ""
    inputs: list[tuple[Any, str, str]] = field(default_factory=list)


def _vertices(nodes: Mapping[Any, _Node]) -> tuple[VertexSpec, ...]:
    """Return the vertices from sources to sinks, as Flink sorts them; those in a cycle come last.

    Raises:
        TypeError: a field has a value of another type.
        ValueError: there are too many vertices.
    """
    _check_count(nodes)
    for node in nodes.values():
        _check_types(node)
    order: list[Any] = []
    waiting = dict(nodes)
    while waiting:
        ready = [key for key, node in waiting.items() if all(edge[0] not in waiting for edge in node.inputs)]
        for key in ready or list(waiting):
            order.append(key)
            del waiting[key]
    place = {key: index for index, key in enumerate(order)}
    return tuple(
        VertexSpec(
            operators=nodes[key].operators,
            parallelism=max(nodes[key].parallelism, 1),
            own_parallelism=True,
            inputs=tuple(Input(place[key_], ship, kind) for key_, ship, kind in node.inputs if place[key_] < index),
            id=node.id,
            slot_sharing_group=node.group,
            max_parallelism=node.max_parallelism if node.max_parallelism > 0 else _MAX_PARALLELISM,
        )
        for index, key in enumerate(order)
        for node in (nodes[key],)
    )


def _check_count(vertices: Sized) -> None:
    if len(vertices) > limits.JAVA_VERTICES:
        raise ValueError("too many vertices")


def _check_types(node: _Node) -> None:
    texts = (*node.operators, node.group, node.id, *(text for edge in node.inputs for text in edge[1:]))
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("not a string")
    if type(node.parallelism) is not int or type(node.max_parallelism) is not int:
        raise TypeError("not an int")


def _job_graph(task_vertices: Any) -> dict[Any, _Node]:
    nodes: dict[Any, _Node] = {}
    groups: dict[str | None, str] = {}
    for vertex in (value.fields for _, value in _pairs(task_vertices)):
        group = vertex.get("slotSharingGroup")
        group_id = abstract_id(group.fields.get("slotSharingGroupId")) if isinstance(group, JavaObject) else None
        node = _Node(
            operators=chained_operators(vertex["name"]),
            parallelism=vertex["parallelism"],
            max_parallelism=vertex.get("maxParallelism", 0),
            group=groups.setdefault(group_id, f"group-{len(groups) + 1}" if groups else "default"),
            id=abstract_id(vertex.get("id")) or "",
        )
        for edge in (one.fields for one in _items(vertex.get("inputs"))):
            data_set = edge["source"].fields
            source = abstract_id(data_set["producer"].fields["id"])
            node.inputs.append(
                (
                    source,
                    edge.get("shipStrategyName") or "FORWARD",
                    (_text(data_set["resultType"]) or "pipelined").lower(),
                )
            )
        nodes[node.id] = node
    return nodes


def _stream_graph(holder: Mapping[str, Any]) -> dict[Any, _Node]:
    tuples = _items(holder["streamNodeToSerializedOperatorFactories"])
    factories = {_plain(pair.fields["f0"]): pair.fields["f1"] for pair in tuples}
    operators = [value.fields for _, value in _pairs(_inside(holder["serializedStreamNodes"]))]
    _check_count(operators)
    strategies = {one["id"]: _chaining_strategy(_inside(factories.get(one["id"]))) for one in operators}
    by_id = {one["id"]: one for one in operators}
    chained: dict[int, list[int]] = {one["id"]: [] for one in operators}
    heads: list[int] = []
    for one in operators:
        edges = [edge.fields for edge in _items(one["inEdges"])]
        if len(edges) == 1 and _chainable(edges[0], by_id, strategies):
            chained[edges[0]["sourceId"]].append(one["id"])
        else:
            heads.append(one["id"])

    def names(operator: int) -> tuple[str, ...]:
        """Return the name of StreamingJobGraphGenerator.createChainedName: `a -> b`, or `a -> (b, c)` at a fork."""
        name, below = by_id[operator]["operatorName"], chained[operator]
        if len(below) == 1:
            return (name, *names(below[0]))
        return (name, f"({', '.join(' -> '.join(names(one)) for one in below)})") if below else (name,)

    def members(operator: int) -> Iterator[int]:
        yield operator
        for one in chained[operator]:
            yield from members(one)

    head_of = {member: head for head in heads for member in members(head)}
    nodes: dict[Any, _Node] = {}
    for head in heads:
        one = by_id[head]
        node = _Node(names(head), one["parallelism"], one["maxParallelism"], one.get("slotSharingGroup") or "default")
        for edge in (edge_object.fields for edge_object in _items(one["inEdges"])):
            kind = "blocking" if edge.get("exchangeMode") == "BATCH" else "pipelined_bounded"
            node.inputs.append((head_of[edge["sourceId"]], _strategy(edge), kind))
        nodes[head] = node
    return nodes


def _chainable(edge: Mapping[str, Any], by_id: Mapping[int, Any], strategies: Mapping[int, str | None]) -> bool:
    source, target = by_id[edge["sourceId"]], by_id[edge["targetId"]]
    above, below = strategies[source["id"]], strategies[target["id"]]
    return (
        _strategy(edge) == "FORWARD"
        and edge.get("exchangeMode") != "BATCH"
        and source["parallelism"] == target["parallelism"]
        and source.get("slotSharingGroup") == target.get("slotSharingGroup")
        and above not in (None, "NEVER")
        and (below == "ALWAYS" or (below == "HEAD_WITH_SOURCES" and not _items(source["inEdges"])))
    )


def _chaining_strategy(factory: Any) -> str | None:
    """Return the chaining strategy of an operator's factory, or of the operator in it (SimpleOperatorFactory)."""
    if not isinstance(factory, JavaObject):
        return None
    strategy = factory.fields.get("chainingStrategy") or _chaining_strategy(factory.fields.get("operator"))
    return _text(strategy)


def _strategy(edge: Mapping[str, Any]) -> str:
    partitioner = edge.get("outputPartitioner")
    name = partitioner.class_name.rpartition(".")[2] if isinstance(partitioner, JavaObject) else ""
    return _STRATEGIES.get(name, "CUSTOM" if name else "FORWARD")


def chained_operators(name: str) -> tuple[str, ...]:
    """Return the operators in a vertex's name; the text in brackets after a fork is one of them."""
    parts, depth = [""], 0
    for piece in name.split(" -> "):
        parts[-1] += (" -> " if parts[-1] else "") + piece
        depth += piece.count("(") - piece.count(")")
        if depth <= 0:
            parts.append("")
    return tuple(part for part in parts if part) or (name,)


def _settings(settings: Any) -> CheckpointSpec:
    """Return the checkpoint settings from JobCheckpointingSettings, whose field names differ between releases."""
    if not isinstance(settings, JavaObject):
        return CheckpointSpec(every=None)
    fields, usual = settings.fields["checkpointCoordinatorConfiguration"].fields, CheckpointSpec()
    every = fields.get("checkpointInterval", _NEVER)
    return CheckpointSpec(
        every=None if every == _NEVER else every,
        timeout=fields.get("checkpointTimeout", usual.timeout),
        min_pause=fields.get("minPauseBetweenCheckpoints", usual.min_pause),
        max_concurrent=fields.get("maxConcurrentCheckpoints", usual.max_concurrent),
        mode="exactly_once" if fields.get("isExactlyOnce", True) else "at_least_once",
        unaligned=fields.get("isUnalignedCheckpointsEnabled", usual.unaligned),
        tolerable_failures=fields.get("tolerableCheckpointFailureNumber", usual.tolerable_failures),
        retained=_RETAINED.get(_text(fields.get("checkpointRetentionPolicy")) or ""),
    )


def _parameters(execution_config: Any) -> dict[str, str]:
    """Return the global job parameters: an object of a user's class, which has them in a map."""
    if not isinstance(execution_config, JavaObject):
        return {}
    parameters = execution_config.fields.get("globalJobParameters")
    values = parameters.fields.values() if isinstance(parameters, JavaObject) else ()
    return next((texts for value in values if (texts := _texts(value))), {})


def _configuration(configuration: Any) -> dict[str, Any]:
    """Return Flink's Configuration as a dict."""
    return dict(_pairs(configuration.fields.get("confData"))) if isinstance(configuration, JavaObject) else {}


def _milliseconds(value: Any) -> int | None:
    """Return a java.time.Duration in ms: its external form is a 1, seconds and nanoseconds. Texts are not read."""
    data = value.more[0] if isinstance(value, JavaObject) and value.more else None
    if not isinstance(data, bytes) or len(data) != 13:
        return None
    return int.from_bytes(data[1:9], "big") * 1000 + int.from_bytes(data[9:], "big") // 1_000_000


def _inside(value: Any) -> Any:
    """Return the object in Flink's SerializedValue."""
    data = value.fields.get("serializedData") if isinstance(value, JavaObject) else None
    return read_object(data) if isinstance(data, bytes) else None


def _items(collection: Any) -> Sequence[Any]:
    """Return the elements of one of Java's lists."""
    if not isinstance(collection, JavaObject):
        return ()
    for wrapped in ("a", "c", "list"):  # Arrays$ArrayList, Collections$Unmodifiable…
        if wrapped in collection.fields:
            inner = collection.fields[wrapped]
            return inner if isinstance(inner, list) else _items(inner)
    return collection.more[1:]  # after the size, which is written first


def _pairs(mapping: Any) -> list[tuple[Any, Any]]:
    """Return the entries of one of Java's maps; keys are plain values."""
    items = list(_items(mapping))
    return [(_plain(key), value) for key, value in zip(items[::2], items[1::2], strict=False)]


def _texts(mapping: Any) -> dict[str, str]:
    """Return the entries of a map if all are texts."""
    return {key: value for key, value in _pairs(mapping) if isinstance(key, str) and isinstance(value, str)}


def _plain(value: Any) -> Any:
    """Return the value of a boxed number."""
    return value.fields["value"] if isinstance(value, JavaObject) and "value" in value.fields else value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
