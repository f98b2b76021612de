"""Samples of one metric, and the metric series that a scenario gets from them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from flinkmock.conformance.recording.formatting import parse_value
from flinkmock.units import format_duration

MAX_POINTS = 60
"""The maximum number of samples of a metric. When there are more, every second sample is dropped."""
Value = int | float | str


class Samples:
    """Samples of one metric, as (epoch ms, value) at equal intervals."""

    def __init__(self) -> None:
        self.points: list[tuple[int, Value]] = []
        self._values_per_point = 1  # one in this many added values is kept
        self._added_count = 0

    def add(self, at: int, text: str) -> None:
        """Add a value as Flink prints it, with its time in epoch ms."""
        if self._added_count % self._values_per_point == 0:
            self.points.append((at, parse_value(text)))
        self._added_count += 1
        if len(self.points) > MAX_POINTS:
            self.points = self.points[::2]
            self._values_per_point *= 2

    @property
    def values(self) -> list[Value]:
        """The values, oldest first."""
        return [value for _, value in self.points]


def metric_series(subtasks: Sequence[Samples], age_ms: int) -> Any:
    """Return the metric series of a scenario.

    Args:
        subtasks: The samples of each subtask; the series is their mean.
        age_ms: How long the job or vertex has run, in ms. The initial value of a counter depends on it.

    Returns:
        The metric series; None if there are no samples.
    """
    values = _means(subtasks)
    if not values:
        return None
    if all(value == values[0] for value in values):
        return values[0]
    times = [at for at, _ in subtasks[0].points[: len(values)]]
    elapsed_ms = times[-1] - times[0]
    if elapsed_ms > 0 and all(isinstance(value, int) for value in values) and _increases(values):
        rate = (values[-1] - values[0]) * 1000 / elapsed_ms
        return {"rate": round(rate, 3), "initial": max(0, round(values[-1] - rate * age_ms / 1000))}
    interval_ms = max(1, round(elapsed_ms / max(1, len(values) - 1)))
    # values after the end of the recording are unknown, so the series repeats
    return {"series": values, "every": format_duration(interval_ms), "repeat": True}


def _increases(values: Sequence[Any]) -> bool:
    return all(before <= after for before, after in pairwise(values))


def _means(subtasks: Sequence[Samples]) -> list[Any]:
    """Return the mean of the subtasks at each time."""
    if len(subtasks) == 1:
        return list(subtasks[0].values)
    return [_mean(values) for values in zip(*(samples.values for samples in subtasks), strict=False)]


def _mean(values: tuple[Value, ...]) -> Value:
    """Return the mean of numbers; the first value if one of the values is a text."""
    numbers = [value for value in values if not isinstance(value, str)]
    if len(numbers) < len(values):
        return values[0]
    mean = sum(numbers) / len(numbers)
    return round(mean) if all(isinstance(value, int) for value in numbers) else round(mean, 3)
