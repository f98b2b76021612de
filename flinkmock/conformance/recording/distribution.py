"""Lists of durations or sizes of checkpoints that a scenario takes in turn, with the recorded distribution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import gcd
from typing import Any

MAX_VALUES = 100
"""The maximum number of values in a scenario."""
_STRIDE = 0.618
"""How far apart neighbours of a sorted list are in the shuffled list, as a share of its length."""
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}


def in_turn(
    measured: Mapping[int, int], last: int, summary: Mapping[str, Any], text: Callable[[int], str]
) -> str | list[str]:
    """Return the values that the checkpoints of a job take in turn.

    Args:
        measured: The values by checkpoint id; not empty.
        last: The id of the last checkpoint.
        summary: Flink's statistics of all completed checkpoints: `min`, `max`, `avg`, quantiles; {} if unknown.
        text: Formats a value.
    """
    values = _values_of_all(measured, last, summary) if last <= MAX_VALUES else _values_by_quantile(measured, summary)
    texts = [text(max(0, value)) for value in values]
    return texts[0] if len(set(texts)) == 1 else texts


def _values_of_all(measured: Mapping[int, int], last: int, summary: Mapping[str, Any]) -> list[int]:
    """Return the value of each checkpoint.

    The first checkpoints that were not measured get the maximum and the minimum of the summary, unless a measured
    checkpoint has it. The others get values of measured checkpoints, and the last one the value that makes the mean
    right.
    """
    unmeasured = [id for id in range(1, last + 1) if id not in measured]
    ascending = sorted(measured.values())
    fill_values = (
        _shuffled(
            [ascending[(2 * index + 1) * len(ascending) // (2 * len(unmeasured))] for index in range(len(unmeasured))]
        )
        if unmeasured
        else []
    )
    values = {**dict(zip(unmeasured, fill_values, strict=True)), **measured}
    if unmeasured and summary.get("avg"):
        minimum, maximum = summary["min"], summary["max"]
        values |= zip(unmeasured, (extreme for extreme in (maximum, minimum) if extreme not in ascending), strict=False)
        remainder = summary["avg"] * last - sum(values.values()) + values[unmeasured[-1]]
        values[unmeasured[-1]] = min(max(remainder, minimum), maximum)
    return [values[id] for id in range(1, last + 1)]


def _values_by_quantile(measured: Mapping[int, int], summary: Mapping[str, Any]) -> list[int]:
    """Return MAX_VALUES values with the quantiles of the summary or, without it, of the measured checkpoints."""
    ascending = sorted(measured.values())
    anchors = _anchors(summary) or [
        (index / max(1, len(ascending) - 1), duration) for index, duration in enumerate(ascending)
    ]
    return _shuffled([_value_at(anchors, index / (MAX_VALUES - 1)) for index in range(MAX_VALUES)])


def _anchors(summary: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Return pairs (share of the values, greatest value in this share), ascending; [] without quantiles."""
    quantiles = [
        (share, summary[key]) for key, share in _QUANTILES.items() if isinstance(summary.get(key), int | float)
    ]
    if not quantiles:
        return []
    ends = (0.0, summary["min"]), (1.0, summary["max"])
    return [ends[0], *quantiles, ends[1]]


def _value_at(anchors: Sequence[tuple[float, float]], share: float) -> int:
    """Interpolate between anchors."""
    for (low, minimum), (high, maximum) in pairwise(anchors):
        if share <= high:
            return round(minimum + (maximum - minimum) * ((share - low) / (high - low) if high > low else 0))
    return round(anchors[-1][1])


def _shuffled(ascending: Sequence[int]) -> list[int]:
    """Return the values in another order, which is the same in each run."""
    count = len(ascending)
    stride = next(step for step in range(max(1, round(count * _STRIDE)), 2 * count + 2) if gcd(step, count) == 1)
    return [ascending[index * stride % count] for index in range(count)]
