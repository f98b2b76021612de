"""Accumulators: what tasks have added up, by the records they have seen.

A value is made for each subtask and merged as Flink merges it, so that a vertex's value is that of its subtasks and a
job's that of its vertices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flinkmock.flink.java_format import java_text

LENGTHS = ((2, 4), (3, 2), (4, 1), (8, 1))
"""A histogram's keys and the part of eight records that falls to each."""


@dataclass(frozen=True, slots=True)
class Accumulator:
    """`value` is a number, a histogram (dict) or a list; `count` how many records it is of, for averages."""

    name: str
    type: str
    value: Any
    count: int

    @property
    def text(self) -> str:
        """The value as Flink prints it: `1418`, `150.5`, `{2=708, 3=355}`, `[100, 200]`."""
        if isinstance(self.value, dict):
            return "{" + ", ".join(f"{key}={value}" for key, value in self.value.items()) + "}"
        if isinstance(self.value, list):
            return "[" + ", ".join(map(str, self.value)) + "]"
        return java_text(self.value)

    def merge(self, other: Accumulator) -> Accumulator:
        mine, theirs = self.value, other.value
        merged: Any
        count = self.count + other.count
        if isinstance(mine, dict):
            merged = {key: mine.get(key, 0) + theirs.get(key, 0) for key in sorted({*mine, *theirs})}
        elif isinstance(mine, list):
            merged = sorted(mine + theirs)
        elif self.type == "AverageAccumulator":
            merged = (mine * self.count + theirs * other.count) / count if count else 0.0
        elif self.type.endswith("Maximum"):
            merged = max(mine, theirs)
        elif self.type.endswith("Minimum"):
            merged = min(mine, theirs)
        else:
            merged = mine + theirs
        return Accumulator(self.name, self.type, merged, count)


def local(types: Mapping[str, str], records: int, given: Mapping[str, Any], subtask: int) -> list[Accumulator]:
    """The accumulators of one subtask that has seen `records`; none before the first, for then none is registered.
    Values that are `given` are those of the whole vertex."""
    if not records:
        return []
    return [
        Accumulator(name, type, _part(type, given[name], subtask) if name in given else _value(type, records), records)
        for name, type in types.items()
    ]


def _part(type: str, whole: Any, subtask: int) -> Any:
    """A subtask's part of a given value: all of it lies with the first one, but for what does not add up."""
    if subtask == 0 or type == "AverageAccumulator" or type.endswith(("Minimum", "Maximum")):
        return whole
    return {} if type == "Histogram" else [] if type == "ListAccumulator" else 0.0 if type.startswith("Double") else 0


def _value(type: str, records: int) -> Any:
    if type == "Histogram":
        return {key: records * eighths // 8 for key, eighths in LENGTHS if records * eighths // 8}
    if type == "ListAccumulator":
        return [100 * n for n in range(1, records // 100 + 1)]
    if type == "AverageAccumulator":
        return (records + 1) / 2
    if type.startswith("Double"):
        return records * 0.5
    return records


def merged(several: Iterable[Iterable[Accumulator]]) -> list[Accumulator]:
    """The accumulators of several subtasks or vertices, by name."""
    found: dict[str, Accumulator] = {}
    for accumulators in several:
        for accumulator in accumulators:
            known = found.get(accumulator.name)
            found[accumulator.name] = known.merge(accumulator) if known else accumulator
    return list(found.values())
