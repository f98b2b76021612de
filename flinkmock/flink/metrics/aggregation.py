"""Minimum, maximum, average, sum and skew of a metric over subtasks, jobs or TaskManagers."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

from flinkmock.moment import fixed_text


def _skew(numbers: Sequence[float]) -> float:
    """Return the mean absolute deviation of the numbers, in percent of their mean, at most 100.

    See DoubleAccumulator.DoubleDataSkew.
    """
    mean = sum(numbers) / len(numbers)
    if mean == 0:
        return 0.0
    mean_deviation = sum(abs(number - mean) for number in numbers) / len(numbers)
    return min(mean_deviation / mean * 100, 100.0)


def _minimum(numbers: Sequence[float]) -> float:
    return math.nan if any(map(math.isnan, numbers)) else min(numbers)


def _maximum(numbers: Sequence[float]) -> float:
    return math.nan if any(map(math.isnan, numbers)) else max(numbers)


AGGREGATIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "min": _minimum,
    "max": _maximum,
    "avg": lambda numbers: sum(numbers) / len(numbers),
    "sum": lambda numbers: float(sum(numbers)),
    "skew": _skew,
}
"""The aggregations in the order of Flink's responses. The contract of a release lists those that it has."""


def aggregate(values: Sequence[str], aggregations: Collection[str]) -> dict[str, float] | None:
    """Return the requested aggregations in Flink's order, as floats. They are NaN if a value is "NaN".

    Returns:
        None if there is no value, or a value is not a number.
    """
    try:
        numbers = [float(fixed_text(value)) for value in values]
    except ValueError:
        return None
    if not numbers:
        return None
    return {name: function(numbers) for name, function in AGGREGATIONS.items() if name in aggregations}
