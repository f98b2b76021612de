"""Samples of one metric, and the metric series that a scenario gets from them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from flinkmock.conformance.recording.formatting import parse_value
from flinkmock.units import format_duration

MAX_POINTS = 60
"""The maximum number of samples of a metric. When there are more, every second one is dropped."""
Value = int | float | str


class Samples:
    """Samples of one metric, as (epoch ms, value) at equal distances."""

    def __init__(self) -> None:
        self.points: list[tuple[int, Value]] = []
        self._every = 1
        self._count = 0

    def add(self, at: int, text: str) -> None:
        """Add a value as Flink prints it, with its time in epoch ms."""
        if self._count % self._every == 0:
            self.points.append((at, parse_value(text)))
        self._count += 1
        if len(self.points) > MAX_POINTS:
            self.points = self.points[::2]
            self._every *= 2

    @property
    def values(self) -> list[Value]:
        """The values, oldest first."""
        return [value for _, value in self.points]


def metric_series(subtasks: Sequence[Samples], age: int) -> Any:
    """Return the metric series of a scenario.

    Args:
        subtasks: The samples of each subtask; the series is their mean.
        age: How long the job or vertex has run, in ms. The initial value of a counter depends on it.

    Returns:
        The metric series; None if there are no samples.
    """
    first = subtasks[0]
    merged = _merged(subtasks)
    if not merged:
        return None
    if all(value == merged[0] for value in merged):
        return merged[0]
    times = [at for at, _ in first.points[: len(merged)]]
    elapsed = times[-1] - times[0]
    if elapsed > 0 and all(isinstance(value, int) for value in merged) and _increases(merged):
        rate = (merged[-1] - merged[0]) * 1000 / elapsed
        return {"rate": round(rate, 3), "initial": max(0, round(merged[-1] - rate * age / 1000))}
    every = max(1, round(elapsed / max(1, len(merged) - 1)))
    # values after the end of the recording are unknown, so the series repeats
    return {"series": merged, "every": format_duration(every), "repeat": True}


def _increases(values: Sequence[Any]) -> bool:
    return all(before <= after for before, after in pairwise(values))


def _merged(subtasks: Sequence[Samples]) -> list[Any]:
    if len(subtasks) == 1:
        return list(subtasks[0].values)
    return [_mean(row) for row in zip(*(samples.values for samples in subtasks), strict=False)]


def _mean(row: tuple[Value, ...]) -> Value:
    numbers = [value for value in row if not isinstance(value, str)]
    if len(numbers) < len(row):
        return row[0]
    mean = sum(numbers) / len(numbers)
    return round(mean) if all(isinstance(value, int) for value in numbers) else round(mean, 3)
