"""The sinks of `collect()` in a plan."""

from __future__ import annotations

from typing import Any

from flinkmock.cluster.spec import CollectSink
from flinkmock.cluster.submission.java_values import is_a, text
from flinkmock.flink.java_serialization.reader import JavaObject


def collect_sink(operator: Any) -> CollectSink | None:
    """Return the sink that an operator is, if it is a CollectSinkOperator."""
    if not is_a(operator, "CollectSinkOperator"):
        return None
    function = operator.fields.get("userFunction")
    if not isinstance(function, JavaObject):
        return None
    return CollectSink(text(function.fields.get("accumulatorName")) or "", function.fields.get("serializer"))
