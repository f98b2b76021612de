"""Relations between values: each holds or fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations, pairwise
from typing import Any

from flinkmock.conformance.coherence.values import Value, is_number, shortened


@dataclass(slots=True)
class Relation:
    """A relation between values.

    Attributes:
        holds: Whether it holds.
        values: The values that take part, computed ones included.
        exact: Whether any changed value breaks it, as for an equation. An inequality may still hold.
        text: How it fails, with the values; "" if it holds.
    """

    holds: bool
    values: tuple[Value, ...]
    exact: bool
    text: str

    @property
    def leaves(self) -> tuple[Value, ...]:
        """The values of responses that take part."""
        return tuple(leaf for value in self.values for leaf in value.leaves)


Relations = Iterator[Relation]
_NEARLY = 1e-3
"""The share of a value up to which a tolerance counts as rounding."""
_TIME = 1e12
"""Numbers from here on are times in ms since the epoch."""


def _known(*values: Value) -> bool:
    return all(value.exists for value in values)


def _described(value: Value) -> str:
    return f"{shortened(repr(value.raw), 80)} ({value.where() or value})"


def equal(*values: Value) -> Relations:
    """Relate each pair of the values that exist: they are equal. An integer equals a float of the same value."""
    known = [value for value in values if value.exists]
    for one, other in combinations(known, 2):
        holds = one.raw == other.raw
        yield Relation(holds, (one, other), True, "" if holds else f"{_described(one)} is not {_described(other)}")


def close(one: Value, other: Value, tolerance: float) -> Relations:
    """Relate two numbers, which differ by at most `tolerance`."""
    if is_number(one.raw) and is_number(other.raw):
        near = abs(one.raw - other.raw) <= tolerance
        exact = tolerance <= 1 or (tolerance <= _NEARLY * abs(one.raw) and abs(one.raw) < _TIME)
        yield Relation(near, (one, other), exact, "" if near else f"{_described(one)} is not about {_described(other)}")


def ascending(*values: Value, slack: float = 0) -> Relations:
    """Relate each number to the next one: it is at most the next one plus `slack`. Other values are left out."""
    known = [value for value in values if is_number(value.raw)]
    for low, high in pairwise(known):
        holds = low.raw <= high.raw + slack
        yield Relation(holds, (low, high), False, "" if holds else f"{_described(low)} is more than {_described(high)}")


def one_of(value: Value, raws: Any, reason: str, *others: Value) -> Relations:
    """Relate a value to others, of which it follows that its raw value is one of `raws`; `reason` is for reports."""
    if _known(value, *others):
        holds = value.raw in raws
        text = "" if holds else f"{_described(value)} is not {' or '.join(map(str, raws))}, {reason}{_of(others)}"
        yield Relation(holds, (value, *others), False, text)


def true(condition: bool, text: str, *values: Value, exact: bool = False) -> Relations:
    """Relate values by a condition that was evaluated.

    Args:
        condition: Whether the relation holds.
        text: How it fails, for reports.
        values: The values that take part. If one is missing, there is no relation.
        exact: Whether any changed value breaks it (`Relation.exact`).
    """
    if _known(*values):
        yield Relation(bool(condition), values, exact, "" if condition else f"{text}{_of(values)}")


def is_listed(value: Value, raws: Any, reason: str, *suspects: Value) -> Relations:
    """Relate a value to a list that has it among `raws`; the list and the values in it are suspects if it has not."""
    if value.exists:
        holds = value.raw in raws
        text = "" if holds else f"{_described(value)}: {reason}{_of(suspects)}"
        yield Relation(holds, (value,) if holds else (value, *suspects), True, text)


def well_spelt(value: Value, known: tuple[str, ...]) -> Relations:
    """Relate a name to known ones: it is one of them, or unlike them, since programs may have classes of their own."""
    if isinstance(value.raw, str) and value.raw not in known:
        alike = [name for name in known if SequenceMatcher(None, name, value.raw).ratio() > 0.9]
        yield from true(not alike, f"nearly {', '.join(alike)}", value)


def unique(rows: Value, *keys: str | int) -> Relations:
    """Relate the rows of a list: the values under these keys are different in each."""
    seen: dict[Any, Value] = {}
    for row in rows:
        value = row
        for key in keys:
            value = value[key]
        if isinstance(value.raw, (str, int)):
            first = seen.setdefault(value.raw, value)
            again = first is not value
            text = f"{_described(value)} twice" if again else ""
            yield Relation(not again, (value, first) if again else (value,), False, text)


def counting_up(rows: Value, key: str) -> Relations:
    """Relate the rows of a list: the values under a key are 0, 1, 2, …"""
    for index, row in enumerate(rows):
        if row[key].exists:
            holds = row[key].raw == index
            yield Relation(holds, (row[key],), True, "" if holds else f"{_described(row[key])} at index {index}")


def descending_rows(rows: Value, key: str, *, strictly: bool = False) -> Relations:
    """Relate the rows of a list: the numbers under a key decrease, or do not increase if not `strictly`."""
    listed = [row[key] for row in rows if is_number(row[key].raw)]
    for above, below in pairwise(listed):
        holds = above.raw > below.raw or (not strictly and above.raw == below.raw)
        text = "" if holds else f"{_described(above)} is listed before {_described(below)}"
        yield Relation(holds, (above, below), False, text)


def _of(values: tuple[Value, ...]) -> str:
    listed = ", ".join(_described(value) for value in values[:4])
    return f": {listed}" if listed else ""


def same_fields(one: Value, other: Value, *, without: tuple[str, ...] = ()) -> Relations:
    """Relate two objects: fields that both have are equal, and so are those of inner objects and lists."""
    if isinstance(one.raw, dict) and isinstance(other.raw, dict):
        for key in one.raw:
            if key in other.raw and key not in without:
                yield from same_fields(one[key], other[key], without=without)
    elif isinstance(one.raw, list) and isinstance(other.raw, list) and len(one.raw) == len(other.raw):
        for left, right in zip(one, other, strict=True):
            yield from same_fields(left, right, without=without)
    else:
        yield from equal(one, other)
