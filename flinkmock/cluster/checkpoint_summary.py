"""Statistics of a job's checkpoints.

Each request adds only the checkpoints that have completed since the previous request.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flinkmock.named_random import CyclicValues, UniformRange

if TYPE_CHECKING:
    from flinkmock.cluster.checkpoint import Checkpoint

WINDOW_SIZE = 10_000
"""The number of values from which the percentiles of the summary are computed."""
_BULK_THRESHOLD = 100
"""The number of new checkpoints above which summarizing all of them at once is faster."""


@dataclass(frozen=True, slots=True)
class SummaryStatistics:
    """Minimum, maximum and mean of all values, and the values in the window in ascending order."""

    minimum: int
    maximum: int
    average: int
    window: Sequence[int]


@dataclass(slots=True)
class Aggregate:
    """Statistics of values that are not kept individually."""

    count: int = 0
    sum: int = 0
    minimum: int = 0
    maximum: int = 0

    def add(self, *, minimum: int, maximum: int, sum: int, count: int) -> None:
        """Add the statistics of `count` values."""
        self.minimum = min(self.minimum, minimum) if self.count else minimum
        self.maximum = max(self.maximum, maximum) if self.count else maximum
        self.sum += sum
        self.count += count

    def add_value(self, value: int) -> None:
        self.add(minimum=value, maximum=value, sum=value, count=1)


@dataclass(slots=True)
class EarlierCheckpoints:
    """Statistics of ended checkpoints that are not kept individually.

    Attributes:
        completed_count: The number of completed checkpoints.
        failed_count: The number of failed checkpoints.
        sizes: Statistics of the sizes of the completed checkpoints, in bytes.
        durations: Statistics of the durations of the completed checkpoints, in ms.
        last_savepoint: The savepoint that was completed last.
        last_failed: The checkpoint that failed last.
    """

    completed_count: int = 0
    failed_count: int = 0
    sizes: Aggregate = field(default_factory=Aggregate)
    durations: Aggregate = field(default_factory=Aggregate)
    last_savepoint: Checkpoint | None = None
    last_failed: Checkpoint | None = None

    def add(self, checkpoint: Checkpoint) -> None:
        """Add a checkpoint that has ended."""
        if checkpoint.failure is not None:
            self.failed_count += 1
            self.last_failed = checkpoint
            return
        self.completed_count += 1
        size, duration = checkpoint.size, checkpoint.ends_at - checkpoint.triggered_at
        self.sizes.add_value(size)
        self.durations.add_value(duration)
        if checkpoint.is_savepoint:
            self.last_savepoint = checkpoint

    def add_many(self, count: int, size: UniformRange | CyclicValues, duration: UniformRange | CyclicValues) -> None:
        """Add completed checkpoints whose sizes and durations are drawn from a range, or cycle through a list.

        `count` is assumed to be so high that every value occurs: the minimum, maximum and mean are those of the range
        or of the list.
        """
        self.completed_count += count
        for aggregate, values, lowest in ((self.sizes, size, 0), (self.durations, duration, 1)):
            low, high = max(values.low, lowest), max(values.high or 0, lowest)
            total = count * (low + high) // 2
            if isinstance(values, CyclicValues):
                total = count * sum(max(value, lowest) for value in values.values) // len(values.values)
            aggregate.add(minimum=low, maximum=high, sum=total, count=count)


class RunningSummary:
    """The statistics of the sizes or durations of completed checkpoints.

    Each call of `statistics` adds the checkpoints that have completed since the previous call.

    Args:
        value_of: Returns the value of a checkpoint.
    """

    __slots__ = ("_count", "_maximum", "_minimum", "_total", "_value_of", "_window")

    def __init__(self, value_of: Callable[[Checkpoint], int]) -> None:
        self._value_of = value_of
        self.reset()

    def reset(self) -> None:
        """Start again, because the list has changed in the part that was summarized."""
        self._count = self._total = self._minimum = self._maximum = 0
        self._window: list[int] = []

    def statistics(self, completed: Sequence[Checkpoint], count: int, earlier: Aggregate) -> SummaryStatistics | None:
        """Return the statistics of completed checkpoints; None if there are none.

        Args:
            completed: The checkpoints that are kept, in order of completion.
            count: The number of `completed` to include, from the first one on.
            earlier: The statistics of those that are not kept.
        """
        if count < self._count:
            self.reset()
        if count - self._count > _BULK_THRESHOLD:
            self._summarize(completed, count)
        for index in range(self._count, count):
            self._add(completed, index)
        if not count and not earlier.count:
            return None
        average = (self._total + earlier.sum) // (count + earlier.count)
        if not earlier.count:
            return SummaryStatistics(self._minimum, self._maximum, average, self._window)
        if not count:
            return SummaryStatistics(earlier.minimum, earlier.maximum, average, (average,))  # percentiles are the mean
        minimum, maximum = min(self._minimum, earlier.minimum), max(self._maximum, earlier.maximum)
        return SummaryStatistics(minimum, maximum, average, self._window)

    def _summarize(self, completed: Sequence[Checkpoint], count: int) -> None:
        values = [self._value_of(checkpoint) for checkpoint in completed[:count]]
        self._count, self._total, self._minimum, self._maximum = count, sum(values), min(values), max(values)
        self._window = sorted(values[-WINDOW_SIZE:])

    def _add(self, completed: Sequence[Checkpoint], index: int) -> None:
        value = self._value_of(completed[index])
        self._minimum = min(self._minimum, value) if index else value
        self._maximum = max(self._maximum, value) if index else value
        self._total += value
        insort(self._window, value)
        if index >= WINDOW_SIZE:
            oldest_in_window = self._value_of(completed[index - WINDOW_SIZE])
            del self._window[bisect_left(self._window, oldest_in_window)]
        self._count = index + 1


def size_of(checkpoint: Checkpoint) -> int:
    return checkpoint.size


def duration_of(checkpoint: Checkpoint) -> int:
    return checkpoint.ends_at - checkpoint.triggered_at


def summary_statistics(values: list[int]) -> SummaryStatistics | None:
    """Return the statistics of `values`, which are in chronological order; None if there are none."""
    if not values:
        return None
    return SummaryStatistics(min(values), max(values), sum(values) // len(values), sorted(values[-WINDOW_SIZE:]))


def percentile(ascending: Sequence[int], p: float) -> float:
    """Return the percentile `p` (0 to 1) of sorted values.

    It is estimated with the type LEGACY of commons-math's Percentile, as in Flink's DescriptiveStatisticsHistogram.
    """
    count = len(ascending)
    position = p * (count + 1)
    if count == 1 or position < 1:
        return float(ascending[0])
    if position >= count:
        return float(ascending[-1])
    lower, upper = ascending[int(position) - 1], ascending[int(position)]
    return lower + (position - int(position)) * (upper - lower)
