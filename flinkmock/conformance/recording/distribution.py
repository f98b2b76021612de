"""Durations and sizes of checkpoints as a scenario gives them in turn, so that their distribution stays the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import gcd
from typing import Any

MAX_VALUES = 100
"""How many values a scenario gets at most."""
_STRIDE = 0.618
"""How far apart, as a share of all values, neighbours in a sorted list end up: large and small ones alternate."""
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}


def in_turn(
    measured: Mapping[int, int], last: int, summary: Mapping[str, Any], text: Callable[[int], str]
) -> str | list[str]:
    """Return the values that the checkpoints of a job take in turn.

    Args:
        measured: Id of a checkpoint -> its value; not empty.
        last: The id of the last one.
        summary: Flink's statistics over all completed ones: `min`, `max`, `avg`, quantiles. {} if unknown.
        text: Formats a value.
    """
    values = _of_each(measured, last, summary) if last <= MAX_VALUES else _of_many(measured, summary)
    texts = [text(max(0, value)) for value in values]
    return texts[0] if len(set(texts)) == 1 else texts


def _of_each(measured: Mapping[int, int], last: int, summary: Mapping[str, Any]) -> list[int]:
    """Return the value of each checkpoint.

    Those that nobody saw get the extremes that are missing, then values as the others have. The last one of them gets
    what is missing from the mean.
    """
    unseen = [id for id in range(1, last + 1) if id not in measured]
    ascending = sorted(measured.values())
    fill = (
        _shuffled([ascending[(2 * index + 1) * len(ascending) // (2 * len(unseen))] for index in range(len(unseen))])
        if unseen
        else []
    )
    values = {**dict(zip(unseen, fill, strict=True)), **measured}
    if unseen and summary.get("avg"):
        least, most = summary["min"], summary["max"]
        values |= zip(unseen, (extreme for extreme in (most, least) if extreme not in ascending), strict=False)
        rest = summary["avg"] * last - sum(values.values()) + values[unseen[-1]]
        values[unseen[-1]] = min(max(rest, least), most)
    return [values[id] for id in range(1, last + 1)]


def _of_many(measured: Mapping[int, int], summary: Mapping[str, Any]) -> list[int]:
    """Return MAX_VALUES values with the quantiles of all checkpoints, or of the measured ones."""
    ascending = sorted(measured.values())
    anchors = _anchors(summary) or [
        (index / max(1, len(ascending) - 1), duration) for index, duration in enumerate(ascending)
    ]
    return _shuffled([_at(anchors, index / (MAX_VALUES - 1)) for index in range(MAX_VALUES)])


def _anchors(summary: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Return (share of the values, greatest of them), ascending; [] if the release has no quantiles."""
    quantiles = [
        (share, summary[key]) for key, share in _QUANTILES.items() if isinstance(summary.get(key), int | float)
    ]
    if not quantiles:
        return []
    ends = (0.0, summary["min"]), (1.0, summary["max"])
    return [ends[0], *quantiles, ends[1]]


def _at(anchors: Sequence[tuple[float, float]], share: float) -> int:
    for (low, least), (high, most) in pairwise(anchors):
        if share <= high:
            return round(least + (most - least) * ((share - low) / (high - low) if high > low else 0))
    return round(anchors[-1][1])


def _shuffled(ascending: Sequence[int]) -> list[int]:
    """Return the values in another order, the same one in each run."""
    count = len(ascending)
    stride = next(step for step in range(max(1, round(count * _STRIDE)), 2 * count + 2) if gcd(step, count) == 1)
    return [ascending[index * stride % count] for index in range(count)]
