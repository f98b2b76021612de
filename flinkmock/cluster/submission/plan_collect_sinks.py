"""Finds the sinks of `collect()` in a submitted plan, and adds the rows that they return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flinkmock.cluster.collect_sink import CollectSink
from flinkmock.cluster.spec import VertexSpec
from flinkmock.cluster.submission.java_values import is_a, non_empty_text
from flinkmock.flink.java_serialization.reader import JavaObject
from flinkmock.flink.row_values import BadValue
from flinkmock.flink.type_serializers import serialize

DEFAULT_BATCH_BYTES = 2 << 20
"""The default of the option collect-sink.batch-size.max."""


def read_collect_sink(operator: Any) -> CollectSink | None:
    """Return the sink of a CollectSinkOperator; None for any other operator."""
    if not is_a(operator, "CollectSinkOperator"):
        return None
    function = operator.fields.get("userFunction")
    if not isinstance(function, JavaObject):
        return None
    fields = function.fields
    batch_bytes = fields.get("maxBytesPerBatch")
    return CollectSink(
        non_empty_text(fields.get("accumulatorName")) or "",
        fields.get("serializer"),
        batch_bytes=batch_bytes if isinstance(batch_bytes, int) else DEFAULT_BATCH_BYTES,
    )


def with_rows(vertex: VertexSpec, rows: Sequence[Any]) -> VertexSpec:
    """Return a vertex whose sinks of `collect()` contain these rows in serialized form.

    Raises:
        BadValue: A row does not have the type that a sink collects.
    """
    if not vertex.collect_sinks:
        return vertex
    return replace(vertex, collect_sinks=tuple(_serialized(sink, rows) for sink in vertex.collect_sinks))


def _serialized(sink: CollectSink, rows: Sequence[Any]) -> CollectSink:
    serialized = []
    for number, row in enumerate(rows, 1):
        try:
            serialized.append(serialize(sink.serializer, row))
        except BadValue as error:
            raise BadValue(f"row {number} of results: {error}") from None
    return replace(sink, rows=tuple(serialized), serializer=None)
