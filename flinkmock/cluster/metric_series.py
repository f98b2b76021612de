"""Metric series: values over time, as a scenario defines them for a metric.

`age_ms` is the time in ms since the job was submitted. `running_ms` is how long the task has been RUNNING, in ms; only
counters depend on it.
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
    """One value at all times."""

    value: Value

    def at(self, age_ms: int, running_ms: int) -> Value:
        return self.value


@dataclass(frozen=True, slots=True)
class Counter:
    """A number that grows from `start` by `per_second` while the task runs."""

    per_second: float
    start: float = 0

    def at(self, age_ms: int, running_ms: int) -> Value:
        return math.floor(self.start + self.per_second * running_ms / 1000)


@dataclass(frozen=True, slots=True)
class Sine:
    """A number that oscillates between `low` and `high` in `every` ms. It starts in the middle and rises."""

    low: float
    high: float
    every: int

    def at(self, age_ms: int, running_ms: int) -> Value:
        middle, amplitude = (self.low + self.high) / 2, (self.high - self.low) / 2
        return round(middle + amplitude * math.sin(2 * math.pi * (age_ms % self.every) / self.every), 3)


@dataclass(frozen=True, slots=True)
class Spike:
    """A number that is `peak` in the last `duration` ms of every `every` ms, otherwise `base`."""

    base: float
    peak: float
    every: int
    duration: int

    def at(self, age_ms: int, running_ms: int) -> Value:
        return self.peak if age_ms % self.every >= self.every - self.duration else self.base


@dataclass(frozen=True, slots=True)
class Series:
    """Values in order, each for `every` ms. After the last one, the series `repeats`, or the last value stays."""

    values: tuple[Value, ...]
    every: int
    repeats: bool = False

    def at(self, age_ms: int, running_ms: int) -> Value:
        index = age_ms // self.every
        index = index % len(self.values) if self.repeats else min(index, len(self.values) - 1)
        return self.values[index]


MetricSeries = Constant | Counter | Sine | Spike | Series


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric that the scenario defines.

    Attributes:
        series: The values.
        subtasks: The indexes of the subtasks that have it; None: all.
        since: When the metric begins to exist, in ms since the job was submitted.
    """

    series: MetricSeries
    subtasks: frozenset[int] | None = None
    since: int = 0


@dataclass(frozen=True, slots=True)
class Backpressure:
    """The `ratio` of time, from 0 to 1, in which a task is back-pressured between `since` and `until`.

    Both are in ms since the job was submitted; None: until the end of the job.
    """

    ratio: float
    since: int = 0
    until: int | None = None

    def applies_at(self, age_ms: int) -> bool:
        return self.since <= age_ms and (self.until is None or age_ms < self.until)


def backpressure_at(periods: tuple[Backpressure, ...], age_ms: int) -> float:
    """Return the ratio of time in which a task is back-pressured: the highest one if several periods apply, or 0."""
    return max((period.ratio for period in periods if period.applies_at(age_ms)), default=0.0)


def backpressured_time_ms(periods: tuple[Backpressure, ...], since: int, until: int) -> int:
    """Return how long a task was back-pressured from `since` to `until`, both in ms since the job was submitted."""
    bounds = {since, until}
    for period in periods:
        bounds |= {bound for bound in (period.since, period.until) if bound is not None and since < bound < until}
    return round(sum(backpressure_at(periods, start) * (end - start) for start, end in pairwise(sorted(bounds))))


def evaluate_metrics(
    metrics: Mapping[str, MetricSpec], age_ms: int, running_ms: int, subtask: int | None = None
) -> dict[str, str]:
    """Return the values of a job's or a subtask's metrics by name, as Java prints them."""
    return {
        name: java_text(metric.series.at(age_ms, running_ms))
        for name, metric in metrics.items()
        if metric.since <= age_ms and (metric.subtasks is None or subtask in metric.subtasks)
    }
