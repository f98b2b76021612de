"""The values of one metric while it was watched, and the course that a scenario gives it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from flinkmock.conformance.recording.formatting import number
from flinkmock.units import format_duration

POINTS = 60
"""So many values of a metric are kept; when there are more, every second one is forgotten."""
Value = int | float | str


class Samples:
    """(epoch ms, value), evenly thinned out."""

    def __init__(self) -> None:
        self.points: list[tuple[int, Value]] = []
        self._every = 1
        self._seen = 0

    def add(self, at: int, text: str) -> None:
        """`text`: the value as Flink prints it."""
        if self._seen % self._every == 0:
            self.points.append((at, number(text)))
        self._seen += 1
        if len(self.points) > POINTS:
            self.points = self.points[::2]
            self._every *= 2

    @property
    def values(self) -> list[Value]:
        return [value for _, value in self.points]


def course(several: Sequence[Samples], age: int) -> Any:
    """A scenario's course of a metric that these subtasks have, in between if they differ; None if nothing was seen.
    `age`: for how long its holder has run (ms), which is what a counter goes by."""
    first = several[0]
    merged = _merged(several)
    if not merged:
        return None
    if all(value == merged[0] for value in merged):
        return merged[0]
    times = [at for at, _ in first.points[: len(merged)]]
    took = times[-1] - times[0]
    if took > 0 and all(isinstance(value, int) for value in merged) and _grows(merged):
        rate = (merged[-1] - merged[0]) * 1000 / took
        return {"rate": round(rate, 3), "from": max(0, round(merged[-1] - rate * age / 1000))}
    every = max(1, round(took / max(1, len(merged) - 1)))
    # it goes on as it was seen: what comes after the recording is not known
    return {"series": merged, "every": format_duration(every), "repeat": True}


def _grows(values: Sequence[Any]) -> bool:
    return all(before <= after for before, after in pairwise(values))


def _merged(several: Sequence[Samples]) -> list[Any]:
    if len(several) == 1:
        return list(several[0].values)
    return [_mean(row) for row in zip(*(samples.values for samples in several), strict=False)]


def _mean(row: tuple[Value, ...]) -> Value:
    numbers = [value for value in row if not isinstance(value, str)]
    if len(numbers) < len(row):
        return row[0]
    mean = sum(numbers) / len(numbers)
    return round(mean) if all(isinstance(value, int) for value in numbers) else round(mean, 3)
