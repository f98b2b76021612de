"""How a number goes over time: what a scenario says of a metric, worked out for any moment.

Times are milliseconds since the job was submitted; a counter also looks at how long its holder has been running.
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
    """Grows by `per_second`, from `start`, while its holder runs."""

    per_second: float
    start: float = 0

    def at(self, time: int, running: int) -> Value:
        return math.floor(self.start + self.per_second * running / 1000)


@dataclass(frozen=True, slots=True)
class Sine:
    """Swings between `low` and `high`, up and down once `every` ms; it begins in the middle, on its way up."""

    low: float
    high: float
    every: int

    def at(self, time: int, running: int) -> Value:
        middle, swing = (self.low + self.high) / 2, (self.high - self.low) / 2
        return round(middle + swing * math.sin(2 * math.pi * (time % self.every) / self.every), 3)


@dataclass(frozen=True, slots=True)
class Spike:
    """`base`, but `peak` for `duration` ms at the end of `every` ms."""

    base: float
    peak: float
    every: int
    duration: int

    def at(self, time: int, running: int) -> Value:
        return self.peak if time % self.every >= self.every - self.duration else self.base


@dataclass(frozen=True, slots=True)
class Series:
    """One value after the other, each for `every` ms; the last one stays, or the first comes again."""

    values: tuple[Value, ...]
    every: int
    repeat: bool = False

    def at(self, time: int, running: int) -> Value:
        place = time // self.every
        return self.values[place % len(self.values) if self.repeat else min(place, len(self.values) - 1)]


MetricSeries = Constant | Counter | Sine | Spike | Series


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric that the scenario gives. Of a vertex's, `subtasks` tells which of them have it; None: all."""

    series: MetricSeries
    subtasks: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Backpressure:
    """How much of its time a task is held up by those behind it: `ratio` from 0 to 1, from `since` to `until` (ms since
    the job was submitted; None: to its end)."""

    ratio: float
    since: int = 0
    until: int | None = None


def backpressure_at(pressures: tuple[Backpressure, ...], time: int) -> float:
    """The ratio at a moment: the highest of those that hold then."""
    return max((p.ratio for p in pressures if p.since <= time and (p.until is None or time < p.until)), default=0.0)


def backpressured_time_ms(pressures: tuple[Backpressure, ...], since: int, until: int) -> int:
    """How many ms of a span a task was held up, all in all."""
    edges = {since, until}
    for p in pressures:
        edges |= {edge for edge in (p.since, p.until) if edge is not None and since < edge < until}
    return round(sum(backpressure_at(pressures, here) * (there - here) for here, there in pairwise(sorted(edges))))


def told(metrics: Mapping[str, MetricSpec], time: int, running: int, subtask: int | None = None) -> dict[str, str]:
    """Names and values, as Java prints them, of the given metrics that a job, or this subtask, has."""
    return {
        name: java_text(metric.series.at(time, running))
        for name, metric in metrics.items()
        if metric.subtasks is None or subtask in metric.subtasks
    }
