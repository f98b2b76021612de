"""Reads metrics, back pressure and watermarks: values that change over time."""

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
from flinkmock.scenario.quantities import as_bool, as_float, as_int, as_int_set, as_probability, read_duration


def read_metrics(
    node: YamlNode | None, diagnostics: Diagnostics, parallelism: int | None = None
) -> dict[str, MetricSpec]:
    """Read metrics by name. `parallelism` is the parallelism of their vertex; None for the metrics of a job."""
    entries = node.items if node is not None else {}
    return {name: _metric(metric, parallelism, diagnostics) for name, metric in entries.items()}


def _metric(node: YamlNode, parallelism: int | None, diagnostics: Diagnostics) -> MetricSpec:
    subtasks = node.get("subtasks")
    since = read_duration(node.get("from"), 0, diagnostics) if node.items else 0
    if subtasks is None:
        return MetricSpec(_series(node, diagnostics), since=since)
    if parallelism is None:
        message = "the metric of a job has no subtasks. Set it in a vertex."
        diagnostics.add(node.key_location("subtasks"), message)
    for subtask in subtasks.elements:
        if parallelism is not None and as_int(subtask, 0) >= parallelism:
            diagnostics.add(subtask.location, f"this vertex has subtasks 0 to {parallelism - 1}.")
    return MetricSpec(_series(node, diagnostics), as_int_set(subtasks), since)


def _series(node: YamlNode, diagnostics: Diagnostics) -> MetricSeries:
    if not node.items:
        return Constant(_value(node))
    if (value := node.get("value")) is not None:
        return Constant(_value(value))
    if (rate := node.get("rate")) is not None:
        return Counter(as_float(rate, 0), as_float(node.get("initial"), 0))
    every = _every_ms(node, diagnostics)
    if (sine := node.get("sine")) is not None:
        low, high = (as_float(bound, 0) for bound in sine.elements)
        return Sine(low, high, every)
    if (spike := node.get("spike")) is not None:
        duration_node = node.get("duration")
        duration = read_duration(duration_node, 0, diagnostics)
        if duration_node is not None and duration > every:
            diagnostics.add(duration_node.location, "a spike can't last longer than its interval (every).")
        return Spike(_number(node.get("base")), _number(spike), every, duration)
    series = node.get("series")
    values = tuple(_value(value) for value in series.elements) if series is not None else (0,)
    return Series(values, every, repeats=as_bool(node.get("repeat")))


def _every_ms(node: YamlNode, diagnostics: Diagnostics) -> int:
    """Return the key `every` in ms, at least 1."""
    every = node.get("every")
    ms = read_duration(every, 1, diagnostics)
    if every is not None and ms == 0:
        diagnostics.add(every.location, "every must be more than 0. Write 10s.")
    return max(ms, 1)


def _number(node: YamlNode | None) -> float:
    value = _value(node) if node is not None else 0
    return 0 if isinstance(value, str) else value


def _value(node: YamlNode) -> Value:
    """Return the value with its type: 5 is an Integer in Java, 5.0 a Double."""
    return node.value if isinstance(node.value, int | float | str) else ""


def read_backpressure(node: YamlNode | None, diagnostics: Diagnostics) -> tuple[Backpressure, ...]:
    if node is None:
        return ()
    if isinstance(node.value, str):
        return (Backpressure(as_probability(node)),)
    phases = []
    for phase in node.elements or [node]:
        until, ratio = phase.get("until"), phase.get("ratio")
        begin = read_duration(phase.get("from"), 0, diagnostics)
        end = read_duration(until, 0, diagnostics) if until is not None else None
        if until is not None and end is not None and end <= begin:
            diagnostics.add(until.location, "until must be later than from.")
        phases.append(Backpressure(as_probability(ratio) if ratio is not None else 0.0, begin, end))
    return tuple(phases)


def read_watermarks(node: YamlNode | None, diagnostics: Diagnostics) -> Watermarks | None:
    if node is None:
        return None
    if node.value == "none":
        return Watermarks(lag=None)
    is_mapping = isinstance(node.value, dict)
    lag, stops_after = (node.get("lag"), node.get("stops-after")) if is_mapping else (node, None)
    return Watermarks(
        read_duration(lag, 0, diagnostics),
        read_duration(stops_after, 0, diagnostics) if stops_after is not None else None,
    )
