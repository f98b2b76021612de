"""Numbers over time: given metrics, back pressure and watermarks."""

from __future__ import annotations

from flinkmock.cluster.metric_series import (
    Backpressure,
    Constant,
    Counter,
    MetricSeries,
    MetricSpec,
    Series,
    Sine,
    Spike,
    Value,
)
from flinkmock.cluster.spec import Watermarks
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.quantities import chance, decimal, span, whole


def read_metrics(node: YamlNode | None, mistakes: Diagnostics, parallelism: int | None = None) -> dict[str, MetricSpec]:
    """The metrics by name. `parallelism` is that of the vertex they belong to; None: they are the job's."""
    entries = node.items if node is not None else {}
    return {name: _metric(metric, parallelism, mistakes) for name, metric in entries.items()}


def _metric(node: YamlNode, parallelism: int | None, mistakes: Diagnostics) -> MetricSpec:
    listed = node.get("subtasks")
    if listed is None:
        return MetricSpec(_course(node, mistakes))
    if parallelism is None:
        mistakes.add(node.key_place("subtasks"), "a job's metric has no subtasks. Those of a vertex do.")
    for subtask in listed.elements:
        if parallelism is not None and whole(subtask, 0) >= parallelism:
            mistakes.add(subtask.place, f"this vertex has the subtasks 0 to {parallelism - 1}.")
    return MetricSpec(_course(node, mistakes), frozenset(whole(subtask, 0) for subtask in listed.elements))


def _course(node: YamlNode, mistakes: Diagnostics) -> MetricSeries:
    if not node.items:
        return Constant(_value(node))
    if (value := node.get("value")) is not None:
        return Constant(_value(value))
    if (rate := node.get("rate")) is not None:
        return Counter(decimal(rate, 0), decimal(node.get("from"), 0))
    every = _period(node, mistakes)
    if (sine := node.get("sine")) is not None:
        low, high = (decimal(end, 0) for end in sine.elements)
        return Sine(low, high, every)
    if (spike := node.get("spike")) is not None:
        lasts = node.get("duration")
        length = span(lasts, mistakes).low if lasts is not None else 0
        if lasts is not None and length > every:
            mistakes.add(lasts.place, "a spike is over before the next one begins: this is longer than every.")
        base = node.get("base")
        return Spike(_number(base), _number(spike), every, length)
    series, repeat = node.get("series"), node.get("repeat")
    values = tuple(_value(value) for value in series.elements) if series is not None else (0,)
    return Series(values, every, repeat=bool(repeat and repeat.value))


def _period(node: YamlNode, mistakes: Diagnostics) -> int:
    """At least 1 ms: nothing comes back in no time."""
    every = node.get("every")
    length = span(every, mistakes).low if every is not None else 1
    if every is not None and length == 0:
        mistakes.add(every.place, "time has to go by: write 10s.")
    return max(length, 1)


def _number(node: YamlNode | None) -> float:
    value = _value(node) if node is not None else 0
    return 0 if isinstance(value, str) else value


def _value(node: YamlNode) -> Value:
    """As it is written: 5 and 5.0 are two things to Java."""
    return node.value if isinstance(node.value, int | float | str) else ""


def read_pressures(node: YamlNode | None, mistakes: Diagnostics) -> tuple[Backpressure, ...]:
    if node is None:
        return ()
    if isinstance(node.value, str):
        return (Backpressure(chance(node)),)
    found = []
    for each in node.elements or [node]:
        since, until, ratio = each.get("from"), each.get("until"), each.get("ratio")
        begins = span(since, mistakes).low if since is not None else 0
        ends = span(until, mistakes).low if until is not None else None
        if until is not None and ends is not None and ends <= begins:
            mistakes.add(until.place, "this is over before it begins: until comes after from.")
        found.append(Backpressure(chance(ratio) if ratio is not None else 0.0, begins, ends))
    return tuple(found)


def read_watermarks(node: YamlNode | None, mistakes: Diagnostics) -> Watermarks | None:
    if node is None:
        return None
    if node.value == "none":
        return Watermarks(None)
    lag, stops_after = (node.get("lag"), node.get("stops-after")) if isinstance(node.value, dict) else (node, None)
    return Watermarks(
        span(lag, mistakes).low if lag is not None else 0,
        span(stops_after, mistakes).low if stops_after is not None else None,
    )
