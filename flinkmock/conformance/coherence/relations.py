"""Relations between values: each holds or fails.

The functions yield relations. They yield none for values that are missing or, where numbers are compared, are not
numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations, pairwise
from typing import Any

from flinkmock.conformance.coherence.values import LOWEST_TIME_MS, Value, ValueLocation, is_number, shortened


@dataclass(slots=True)
class Relation:
    """A relation between values.

    Attributes:
        holds: Whether it holds.
        values: The values that take part, computed ones included.
        exact: Whether it almost certainly fails when any of the values is changed. That is true of an equation; an
            inequality may hold by chance.
        text: Why it fails, with the values; "" if it holds.
    """

    holds: bool
    values: tuple[Value, ...]
    exact: bool
    text: str

    @property
    def leaves(self) -> tuple[Value, ...]:
        """The values of responses that take part."""
        return tuple(leaf for value in self.values for leaf in value.leaves)

    @property
    def locations(self) -> frozenset[ValueLocation]:
        """The locations of these values. A value that takes part twice has one location."""
        return frozenset(leaf.location for leaf in self.leaves)


Relations = Iterator[Relation]
_ROUNDING_SHARE = 1e-3
"""The share of a value up to which a tolerance counts as rounding."""


def _all_exist(*values: Value) -> bool:
    return all(value.exists for value in values)


def _described(value: Value) -> str:
    return f"{shortened(repr(value.raw), 80)} ({value.where() or value})"


def equal(*values: Value) -> Relations:
    """Relate each pair of the values that exist: they are equal. An integer equals a float of the same value."""
    existing = [value for value in values if value.exists]
    for one, other in combinations(existing, 2):
        holds = one.raw == other.raw
        yield Relation(holds, (one, other), True, "" if holds else f"{_described(one)} is not {_described(other)}")


def close(one: Value, other: Value, tolerance: float) -> Relations:
    """Relate two numbers: they differ by at most `tolerance`."""
    if is_number(one.raw) and is_number(other.raw):
        holds = abs(one.raw - other.raw) <= tolerance
        is_rounding = tolerance <= _ROUNDING_SHARE * abs(one.raw) and abs(one.raw) < LOWEST_TIME_MS
        text = "" if holds else f"{_described(one)} is not about {_described(other)}"
        yield Relation(holds, (one, other), tolerance <= 1 or is_rounding, text)


def ascending(*values: Value, slack: float = 0) -> Relations:
    """Relate each number to the next one: it is at most the next one plus `slack`. Other values are left out."""
    numbers = [value for value in values if is_number(value.raw)]
    for low, high in pairwise(numbers):
        holds = low.raw <= high.raw + slack
        yield Relation(holds, (low, high), False, "" if holds else f"{_described(low)} is more than {_described(high)}")


def one_of(value: Value, raw_values: Any, reason: str, *others: Value) -> Relations:
    """Relate a value to others, which require it to be one of `raw_values`; `reason` explains this in reports."""
    if _all_exist(value, *others):
        holds = value.raw in raw_values
        text = (
            ""
            if holds
            else f"{_described(value)} is not {' or '.join(map(str, raw_values))}, {reason}{_value_list(others)}"
        )
        yield Relation(holds, (value, *others), False, text)


def require(condition: bool, text: str, *values: Value, exact: bool = False) -> Relations:
    """Relate values by any condition.

    Args:
        condition: Whether the relation holds.
        text: Why it fails, for reports.
        values: The values that take part. If one is missing, there is no relation.
        exact: Whether the relation almost certainly fails when any of the values is changed.
    """
    if _all_exist(*values):
        yield Relation(bool(condition), values, exact, "" if condition else f"{text}{_value_list(values)}")


def is_listed(value: Value, raw_values: Any, reason: str, *suspects: Value) -> Relations:
    """Relate a value to a list that contains it.

    Args:
        value: The value.
        raw_values: The raw values in the list.
        reason: Why the relation fails, for reports.
        suspects: The list, or values in it that may be wrong if it lacks the value.
    """
    if value.exists:
        holds = value.raw in raw_values
        text = "" if holds else f"{_described(value)}: {reason}{_value_list(suspects)}"
        yield Relation(holds, (value,) if holds else (value, *suspects), True, text)


def well_spelled(value: Value, flink_names: tuple[str, ...]) -> Relations:
    """Relate a name to Flink's names: it is one of them or unlike all of them. Programs may add names of their own."""
    if isinstance(value.raw, str) and value.raw not in flink_names:
        similar = [name for name in flink_names if SequenceMatcher(None, name, value.raw).ratio() > 0.9]
        yield from require(not similar, f"nearly {', '.join(similar)}", value)


def unique(entries: Value, *keys: str | int) -> Relations:
    """Relate the entries of a list: each has a different value at the path `keys`."""
    first_values: dict[Any, Value] = {}
    for entry in entries:
        value = entry
        for key in keys:
            value = value[key]
        if isinstance(value.raw, (str, int)):
            first = first_values.setdefault(value.raw, value)
            if first is value:
                yield Relation(True, (value,), False, "")
            else:
                yield Relation(False, (value, first), False, f"{_described(value)} twice")


def counting_up(entries: Value, key: str) -> Relations:
    """Relate the entries of a list: the values under a key are 0, 1, 2, …"""
    for index, entry in enumerate(entries):
        if entry[key].exists:
            holds = entry[key].raw == index
            yield Relation(holds, (entry[key],), True, "" if holds else f"{_described(entry[key])} at index {index}")


def descending_entries(entries: Value, key: str, *, strictly: bool = False) -> Relations:
    """Relate the entries of a list: the numbers under a key decrease, or stay the same if not `strictly`."""
    numbers = [entry[key] for entry in entries if is_number(entry[key].raw)]
    for number, next_number in pairwise(numbers):
        holds = number.raw > next_number.raw or (not strictly and number.raw == next_number.raw)
        text = "" if holds else f"{_described(number)} is listed before {_described(next_number)}"
        yield Relation(holds, (number, next_number), False, text)


def _value_list(values: tuple[Value, ...]) -> str:
    listed = ", ".join(_described(value) for value in values[:4])
    return f": {listed}" if listed else ""


def same_fields(one: Value, other: Value, *, without: tuple[str, ...] = ()) -> Relations:
    """Relate two objects: fields that both have are equal, also in inner objects and lists.

    Args:
        one, other: The objects.
        without: Keys of fields that may differ, at any level.
    """
    if isinstance(one.raw, dict) and isinstance(other.raw, dict):
        for key in one.raw:
            if key in other.raw and key not in without:
                yield from same_fields(one[key], other[key], without=without)
    elif isinstance(one.raw, list) and isinstance(other.raw, list) and len(one.raw) == len(other.raw):
        for left, right in zip(one, other, strict=True):
            yield from same_fields(left, right, without=without)
    else:
        yield from equal(one, other)
