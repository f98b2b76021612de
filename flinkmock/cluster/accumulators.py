"""Accumulators: what tasks have added up.

A value is made for each subtask and merged as Flink merges it, so that a vertex's value is that of its subtasks and a
job's that of its vertices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flinkmock.flink.java_format import java_text


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


def subtask_accumulators(
    types: Mapping[str, str], records: int, values: Mapping[str, Any], subtask: int
) -> list[Accumulator]:
    """Return the accumulators of one subtask that has seen so many records.

    Args:
        types: type of each accumulator by its name.
        records: none before the first record: until then no accumulator is registered.
        values: those of the whole vertex by name, as the scenario gives them; all others count the records.
        subtask: its index.
    """
    if not records:
        return []
    accumulators = []
    for name, type in types.items():
        value = _part(type, values[name], subtask) if name in values else _count(type, records)
        accumulators.append(Accumulator(name, type, value, records))
    return accumulators


def _part(type: str, whole: Any, subtask: int) -> Any:
    """Return a subtask's part of a vertex's value: the first subtask has all of it if values of subtasks add up."""
    if subtask == 0 or type == "AverageAccumulator" or type.endswith(("Minimum", "Maximum")):
        return whole
    return _empty(type)


def _count(type: str, records: int) -> Any:
    """Return how many records there were if the accumulator is of integers, else the value of an empty one."""
    return records if _is_integer(type) else _empty(type)


def _empty(type: str) -> Any:
    if type == "Histogram":
        return {}
    if type == "ListAccumulator":
        return []
    return 0 if _is_integer(type) else 0.0


def _is_integer(type: str) -> bool:
    return type.startswith(("Int", "Long"))


def merge_accumulators(groups: Iterable[Iterable[Accumulator]]) -> list[Accumulator]:
    """Return the accumulators of several subtasks or vertices, merged by name."""
    merged: dict[str, Accumulator] = {}
    for accumulators in groups:
        for accumulator in accumulators:
            earlier = merged.get(accumulator.name)
            merged[accumulator.name] = earlier.merge(accumulator) if earlier else accumulator
    return list(merged.values())
