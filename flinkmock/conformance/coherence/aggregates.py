"""Invariants of the aggregated figures of a vertex: minimum, maximum, average, sum and percentiles of its subtasks."""

from __future__ import annotations

from collections.abc import Sequence

from flinkmock.conformance.coherence.registry import CACHE_REFRESH_MS, within
from flinkmock.conformance.coherence.relations import Relations, ascending, close, require
from flinkmock.conformance.coherence.values import Value, is_number

_SOURCE = "flink-behaviour.md#subtasks"


@within(
    "getJobVertexDetails",
    text="The aggregated metrics and status durations of a vertex summarize those of its subtasks.",
    source=_SOURCE,
    since="1.14",
)
def vertex_aggregates(body: Value) -> Relations:
    yield from _aggregates(body["aggregated"], list(body["subtasks"]))


def _aggregates(aggregated: Value, subtasks: Sequence[Value]) -> Relations:
    for name, statistics in aggregated["metrics"].items():
        yield from statistics_of(statistics, [subtask["metrics"][name] for subtask in subtasks])
    for state, statistics in aggregated["status-duration"].items():
        parts = [subtask["status-duration"][state] for subtask in subtasks if subtask["status-duration"][state].exists]
        yield from statistics_of(statistics, parts, duration_tolerance(subtasks, state))


def duration_tolerance(subtasks: Sequence[Value], state: str) -> float:
    """Return the tolerance for durations of a state, in ms: Flink caches them while subtasks are in this state."""
    return (
        CACHE_REFRESH_MS
        if any(subtask["status"].raw == state and subtask["end-time"].raw == -1 for subtask in subtasks)
        else 0
    )


def statistics_of(statistics: Value, parts: Sequence[Value], tolerance: float = 0) -> Relations:
    """Relate statistics (min, avg, max, sum, percentiles) to the numbers that they summarize.

    Integers in the statistics may be truncated.

    Args:
        statistics: The statistics by their names.
        parts: The numbers.
        tolerance: How far each number may be off.
    """
    numbers = [part.raw for part in parts]
    if not parts or not all(is_number(number) for number in numbers):
        return
    expected = {
        "min": min(numbers),
        "max": max(numbers),
        "sum": sum(numbers),
        "avg": sum(numbers) / len(numbers),
        "median": percentile(numbers, 50),
        "p25": percentile(numbers, 25),
        "p75": percentile(numbers, 75),
        "p95": percentile(numbers, 95),
    }
    for name, value in statistics.items():
        if name in expected and is_number(value.raw):
            expected_value = expected[name]
            rounding = 1e-6 * max(1, abs(expected_value))
            slack = max(rounding, tolerance * (len(parts) if name == "sum" else 1))
            is_close = abs(value.raw - expected_value) <= slack
            is_truncated = isinstance(value.raw, int) and value.raw in (
                int(expected_value),
                int(expected_value + rounding),
            )
            text = f"the {name} of {len(parts)} numbers is {expected_value}"
            yield from require(is_close or is_truncated, text, value, *parts, exact=True)


def percentile(numbers: Sequence[float], percent: float) -> float:
    """Return a percentile as the class `Percentile` of Apache Commons Math estimates it."""
    ordered = sorted(numbers)
    position = percent * (len(ordered) + 1) / 100
    if position < 1:
        return ordered[0]
    if position >= len(ordered):
        return ordered[-1]
    below = int(position)
    return ordered[below - 1] + (position - below) * (ordered[below] - ordered[below - 1])


@within(
    "getJobVertexDetails",
    "getJobVertexTaskManagers",
    text="Aggregated figures are in order: min <= p25 <= median <= p75 <= p95 <= max, and min <= avg <= max.",
    source="flink-behaviour.md#json-conventions",
)
def aggregates_in_order(body: Value) -> Relations:
    owners = [body, *body["taskmanagers"]]
    for owner in owners:
        for group in ("metrics", "status-duration"):
            for _, statistics in owner["aggregated"][group].items():
                yield from ascending(*(statistics[key] for key in ("min", "p25", "median", "p75", "p95", "max")))
                yield from ascending(statistics["min"], statistics["avg"], statistics["max"])


@within(
    "getJobVertexDetails",
    "getJobVertexTaskManagers",
    text="Aggregated figures summarize one number of each subtask.",
    source="flink-behaviour.md#json-conventions",
)
def aggregates_of_subtasks(body: Value) -> Relations:
    owners = [(body, body["parallelism"].raw)]
    for taskmanager in body["taskmanagers"]:
        owners.append((taskmanager, sum(number.raw for _, number in taskmanager["status-counts"].items())))
    for owner, subtask_count in owners:
        for group in ("metrics", "status-duration"):
            for _, statistics in owner["aggregated"][group].items():
                yield from _figures_in_range(statistics, subtask_count)


def _figures_in_range(statistics: Value, number_count: int) -> Relations:
    """Relate the aggregated figures of some numbers to each other; the average is truncated."""
    low, high, whole, mean = (statistics[key] for key in ("min", "max", "sum", "avg"))
    if not all(is_number(value.raw) for value in (low, high, whole, mean)) or not number_count:
        return
    if mean.raw > 100:
        ratio = whole.raw / mean.raw
        is_count = abs(ratio - round(ratio)) <= round(ratio) / mean.raw + 1e-6 and round(ratio) >= number_count
        yield from require(is_count, f"sum / avg is not a count of at least {number_count}", whole, mean, exact=True)
    if abs(whole.raw - number_count * mean.raw) > number_count:
        return  # the figures include other attempts, or one of the two is wrong
    slack = 1e-6 * abs(whole.raw)
    if number_count == 1:
        for key in ("min", "median", "p25", "p75", "p95", "max"):
            yield from close(statistics[key], whole, slack)
    else:
        yield from ascending(low * (number_count - 1) + high, whole, high * (number_count - 1) + low, slack=slack)
