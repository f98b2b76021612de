"""Lists of durations or sizes through which the checkpoints of a scenario cycle, with the recorded distribution."""

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


def cyclic_values(
    measured: Mapping[int, int], last_id: int, summary: Mapping[str, Any], format_value: Callable[[int], str]
) -> str | list[str]:
    """Return the values through which the checkpoints of a job cycle.

    Args:
        measured: The values by checkpoint id; not empty.
        last_id: The id of the last checkpoint; ids count from 1.
        summary: Flink's statistics of all completed checkpoints: `min`, `max`, `avg`, quantiles; {} if unknown.
        format_value: Formats a value for the scenario.

    Returns:
        One text if all values are equal; otherwise a list of at most `MAX_VALUES` texts.
    """
    if last_id <= MAX_VALUES:
        values = _values_of_all(measured, last_id, summary)
    else:
        values = _values_by_quantile(measured, summary)
    texts = [format_value(max(0, value)) for value in values]
    return texts[0] if len(set(texts)) == 1 else texts


def _values_of_all(measured: Mapping[int, int], last_id: int, summary: Mapping[str, Any]) -> list[int]:
    """Return the value of each checkpoint.

    The first checkpoints that were not measured get the maximum and the minimum of the summary, unless a measured
    checkpoint has that value. The others get values of measured checkpoints, except for the last, which gets the value
    that makes the mean right.
    """
    unmeasured = [checkpoint_id for checkpoint_id in range(1, last_id + 1) if checkpoint_id not in measured]
    ascending = sorted(measured.values())
    values = dict(measured)
    if unmeasured:
        count = len(unmeasured)
        # the values in the middle of `count` equal parts of the measured values
        typical = [ascending[(2 * index + 1) * len(ascending) // (2 * count)] for index in range(count)]
        values |= zip(unmeasured, _shuffled(typical), strict=True)
    if unmeasured and summary.get("avg"):
        minimum, maximum = summary["min"], summary["max"]
        values |= zip(unmeasured, (extreme for extreme in (maximum, minimum) if extreme not in ascending), strict=False)
        remainder = summary["avg"] * last_id - sum(values.values()) + values[unmeasured[-1]]
        values[unmeasured[-1]] = min(max(remainder, minimum), maximum)
    return [values[checkpoint_id] for checkpoint_id in range(1, last_id + 1)]


def _values_by_quantile(measured: Mapping[int, int], summary: Mapping[str, Any]) -> list[int]:
    """Return MAX_VALUES values with the quantiles of the summary or, without it, of the measured checkpoints."""
    ascending = sorted(measured.values())
    anchors = _anchors(summary) or [
        (index / max(1, len(ascending) - 1), value) for index, value in enumerate(ascending)
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
    """Return the value below which a share of the values lies, interpolated between anchors."""
    for (low, minimum), (high, maximum) in pairwise(anchors):
        if share <= high:
            return round(minimum + (maximum - minimum) * ((share - low) / (high - low) if high > low else 0))
    return round(anchors[-1][1])


def _shuffled(ascending: Sequence[int]) -> list[int]:
    """Return the values in an order that mixes small and large values, the same order in each run."""
    count = len(ascending)
    stride = next(step for step in range(max(1, round(count * _STRIDE)), 2 * count + 2) if gcd(step, count) == 1)
    return [ascending[index * stride % count] for index in range(count)]
