"""Accumulators of tasks.

Each subtask has a value. Values are merged as Flink merges them, so that the value of a vertex combines those of its
subtasks, and the value of a job those of its vertices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

from flinkmock.cluster.spec import VertexSpec
from flinkmock.flink.java_format import java_text

COLLECT_TYPE = "SerializedListAccumulator"
"""The type of the accumulator in which the sink of `collect()` keeps its rows."""
LONG_TYPES = frozenset({"LongCounter", "LongMinimum", "LongMaximum"})
_INTEGER_TYPES = LONG_TYPES | {"IntCounter", "IntMinimum", "IntMaximum"}
FLINK_TYPES = _INTEGER_TYPES | {
    "AverageAccumulator", "DoubleCounter", "DoubleMaximum", "DoubleMinimum", "Histogram", "ListAccumulator",
}  # fmt: skip
"""Flink's types whose values are merged. Of any other type, only one subtask has a value."""


@dataclass(frozen=True, slots=True)
class Accumulator:
    """The value of one accumulator.

    Attributes:
        name: The name of the accumulator.
        type: Its Java class without the package.
        value: A number, a histogram (dict) or a list; any value if the program defines the type.
        count: The number of records that contributed, for averages.
    """

    name: str
    type: str
    value: Any
    count: int

    @property
    def text(self) -> str:
        """The value as Flink prints it: `1418`, `150.5`, `{2=708, 3=355}`, `[100, 200]`."""
        return _text(self.value)

    def merge(self, other: Accumulator) -> Accumulator:
        """Return this accumulator merged with that of another subtask or vertex."""
        if self.type not in FLINK_TYPES:  # only one subtask has an accumulator of such a type
            return self
        left, right = self.value, other.value
        count = self.count + other.count
        merged: Any
        if isinstance(left, dict):
            merged = {key: left.get(key, 0) + right.get(key, 0) for key in sorted({*left, *right})}
        elif isinstance(left, list):
            merged = sorted(left + right)  # Flink appends in the order in which tasks report, which is not modelled
        elif self.type == "AverageAccumulator":
            merged = (left * self.count + right * other.count) / count if count else 0.0
        elif self.type.endswith("Maximum"):
            merged = max(left, right)
        elif self.type.endswith("Minimum"):
            merged = min(left, right)
        else:
            merged = left + right
        return Accumulator(self.name, self.type, merged, count)


def subtask_accumulators(
    types: Mapping[str, str], record_count: int, values: Mapping[str, Any], subtask: int
) -> list[Accumulator]:
    """Return the accumulators of one subtask.

    Args:
        types: Name -> type.
        record_count: The number of records that the subtask has processed. If it is 0, there are no accumulators yet.
        values: Name -> value of the vertex, from the scenario. An accumulator without a value counts the records if
            its type is an integer type; otherwise it is empty (0.0, [] or {}).
        subtask: The index of the subtask.
    """
    if not record_count:
        return []
    accumulators = []
    for name, type in types.items():
        if type not in FLINK_TYPES and subtask > 0:
            continue
        if name in values:
            value = _subtask_value(type, values[name], subtask)
        else:
            value = record_count if type in _INTEGER_TYPES else _empty_value(type)
        accumulators.append(Accumulator(name, type, value, record_count))
    return accumulators


def _subtask_value(type: str, vertex_value: Any, subtask: int) -> Any:
    """Return the value of a subtask, chosen so that merging the values of all subtasks gives that of the vertex.

    For types whose values are added or appended, the first subtask has the vertex's value, and all others an empty one.
    """
    if subtask == 0 or type == "AverageAccumulator" or type.endswith(("Minimum", "Maximum")):
        return vertex_value
    return _empty_value(type)


def _empty_value(type: str) -> Any:
    if type == "Histogram":
        return {}
    if type == "ListAccumulator":
        return []
    return 0 if type in _INTEGER_TYPES else 0.0


def _text(value: Any) -> str:
    """Return a value as Java's `toString` prints it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)}={_text(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, bytes):  # Object.toString: the class and a hash code
        return f"[B@{crc32(value):x}"
    if value is None:
        return "null"
    return value if isinstance(value, str) else java_text(value)


def merge_accumulators(groups: Iterable[Iterable[Accumulator]]) -> list[Accumulator]:
    """Return the accumulators of several subtasks or vertices, merged by name."""
    merged: dict[str, Accumulator] = {}
    for accumulators in groups:
        for accumulator in accumulators:
            earlier = merged.get(accumulator.name)
            merged[accumulator.name] = earlier.merge(accumulator) if earlier else accumulator
    return list(merged.values())


def with_accumulators(
    vertices: tuple[VertexSpec, ...], types: Mapping[str, str], values: Mapping[str, Any]
) -> tuple[VertexSpec, ...]:
    """Return the vertices with these accumulators added to the first one."""
    if not types:
        return vertices
    first = vertices[0]
    return (
        replace(
            first,
            accumulators={**types, **first.accumulators},
            accumulator_values={**values, **first.accumulator_values},
        ),
        *vertices[1:],
    )
