"""Values over time, as a scenario defines them for a metric.

Times are ms since the job was submitted; counters depend on how long their task has been running.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from flinkmock.flink.java_format import java_text

Value = int | float | str


@dataclass(frozen=True, slots=True)
class Constant:
    value: Value

    def at(self, time: int, running: int) -> Value:
        return self.value


@dataclass(frozen=True, slots=True)
class Counter:
    """Grows by `per_second`, from `start`, while the task runs."""

    per_second: float
    start: float = 0

    def at(self, time: int, running: int) -> Value:
        return math.floor(self.start + self.per_second * running / 1000)


@dataclass(frozen=True, slots=True)
class Sine:
    """Oscillates between `low` and `high` with a period of `every` ms. It starts in the middle and rises."""

    low: float
    high: float
    every: int

    def at(self, time: int, running: int) -> Value:
        middle, swing = (self.low + self.high) / 2, (self.high - self.low) / 2
        return round(middle + swing * math.sin(2 * math.pi * (time % self.every) / self.every), 3)


@dataclass(frozen=True, slots=True)
class Spike:
    """`base`, except for `peak` in the last `duration` ms of every `every` ms."""

    base: float
    peak: float
    every: int
    duration: int

    def at(self, time: int, running: int) -> Value:
        return self.peak if time % self.every >= self.every - self.duration else self.base


@dataclass(frozen=True, slots=True)
class Series:
    """The values in order, each for `every` ms. Then the last one stays, or all of them `repeat`."""

    values: tuple[Value, ...]
    every: int
    repeat: bool = False

    def at(self, time: int, running: int) -> Value:
        index = time // self.every
        return self.values[index % len(self.values) if self.repeat else min(index, len(self.values) - 1)]


MetricSeries = Constant | Counter | Sine | Spike | Series


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric that the scenario defines.

    Attributes:
        series: Its values.
        subtasks: The subtasks of a vertex that have it; None: all.
        since: It does not exist before; ms since the job was submitted.
    """

    series: MetricSeries
    subtasks: frozenset[int] | None = None
    since: int = 0


@dataclass(frozen=True, slots=True)
class Backpressure:
    """The `ratio` of time, from 0 to 1, in which a task is back-pressured from `since` until `until`.

    Both are ms since the job was submitted; None: until its end.
    """

    ratio: float
    since: int = 0
    until: int | None = None


def backpressure_at(pressures: tuple[Backpressure, ...], time: int) -> float:
    """Return the ratio at `time`: the highest one that applies."""
    return max((p.ratio for p in pressures if p.since <= time and (p.until is None or time < p.until)), default=0.0)


def backpressured_time_ms(pressures: tuple[Backpressure, ...], since: int, until: int) -> int:
    """Return how many ms of a time span a task was back-pressured."""
    bounds = {since, until}
    for p in pressures:
        bounds |= {bound for bound in (p.since, p.until) if bound is not None and since < bound < until}
    return round(sum(backpressure_at(pressures, start) * (end - start) for start, end in pairwise(sorted(bounds))))


def evaluate_metrics(
    metrics: Mapping[str, MetricSpec], time: int, running: int, subtask: int | None = None
) -> dict[str, str]:
    """Return name -> value as Java prints it, of the metrics that a job, or this subtask, has."""
    return {
        name: java_text(metric.series.at(time, running))
        for name, metric in metrics.items()
        if metric.since <= time and (metric.subtasks is None or subtask in metric.subtasks)
    }
