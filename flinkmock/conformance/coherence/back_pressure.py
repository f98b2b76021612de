"""Invariants of back pressure and watermarks."""

from __future__ import annotations

import re

from flinkmock.conformance.coherence.registry import METRICS_REFRESH_MS, between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    close,
    equal,
    require,
    unique,
)
from flinkmock.conformance.coherence.values import (
    MISSING,
    Value,
    is_number,
    number,
    total,
)
from flinkmock.conformance.coherence.vertices import length_of, vertex_of_job
from flinkmock.conformance.coherence.view import View

_RATIOS = ("ratio", "idleRatio", "busyRatio")
"""The shares of the time for which a subtask is back-pressured, idle and busy."""


def _complete_ratios(subtask: Value) -> list[Value]:
    """Return the three ratios of a subtask; [] if one is not a number, or if the subtask has ended.

    All are 0 once the subtask has ended (`MetricStore`).
    """
    ratios = [subtask[key] for key in _RATIOS if is_number(subtask[key].raw)]
    return ratios if len(ratios) == len(_RATIOS) and any(ratio.raw for ratio in ratios) else []


@within(
    "getJobVertexWatermarks",
    text="Each watermark is that of a subtask and is listed once.",
    source="flink-behaviour.md#metrics",
)
def watermarks_of_subtasks(body: Value) -> Relations:
    yield from unique(body, "id")
    for watermark in body:
        metric_id = str(watermark["id"].raw)
        is_watermark = re.fullmatch(r"[0-9]+\.currentInputWatermark", metric_id) is not None
        yield from require(is_watermark, "not a watermark", watermark["id"], exact=True)
        yield from require(
            not watermark["value"].exists or number(watermark["value"]).exists, "not a number", watermark["value"]
        )


@within(
    "getJobVertexBackPressure",
    text="backpressureLevel and backpressure-level have the same value.",
    source="flink-behaviour.md#back-pressure",
    since="1.13",
)
def backpressure_level_twice(body: Value) -> Relations:
    for entry in (body, *body["subtasks"]):
        yield from equal(entry["backpressureLevel"], entry["backpressure-level"])


@within(
    "getJobVertexBackPressure",
    text="A ratio is a share of the time; the level of back pressure is ok up to 0.1, low up to 0.5, then high. A "
    "vertex has the highest level of its subtasks.",
    source="flink-behaviour.md#back-pressure",
)
def backpressure_level(body: Value) -> Relations:
    levels = ("ok", "low", "high")
    highest_level = 0
    for subtask in body["subtasks"]:
        ratio, level = subtask["ratio"], subtask["backpressure-level"]
        yield from require(not is_number(ratio.raw) or 0 <= ratio.raw <= 1.01, "not a share of the time", ratio)
        if is_number(ratio.raw) and level.exists:
            expected = "ok" if ratio.raw <= 0.1 else "low" if ratio.raw <= 0.5 else "high"
            yield from require(level.raw == expected, f"the level is {expected}", level, ratio, exact=True)
            highest_level = max(highest_level, levels.index(expected))
        for key in _RATIOS:
            if is_number(subtask[key].raw):
                yield from require(-0.01 <= subtask[key].raw <= 1.1, "not a share of the time", subtask[key])
        if ratios := _complete_ratios(subtask):
            sum_of_ratios = total(ratios, "ratio + idleRatio + busyRatio")
            yield from require(sum_of_ratios.raw <= 1.5, "the shares add up to more than 1", *ratios)
    if body["subtasks"].raw and body["backpressure-level"].exists:
        all_ratios = [subtask["ratio"] for subtask in body["subtasks"]]
        expected = levels[highest_level]
        text = f"the highest level is {expected}"
        holds = body["backpressure-level"].raw == expected
        if all(is_number(ratio.raw) for ratio in all_ratios):
            yield from require(holds, text, body["backpressure-level"], *all_ratios, exact=True)


@within(
    "getJobVertexBackPressure",
    text="A subtask is always idle, back-pressured or busy: the three ratios add up to 1.",
    source="flink-behaviour.md#back-pressure",
    since="1.13",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def busy_ratio_completes_the_others(body: Value) -> Relations:
    for subtask in body["subtasks"]:
        if ratios := _complete_ratios(subtask):
            sum_of_ratios = total(ratios, "ratio + idleRatio + busyRatio")
            yield from require(sum_of_ratios.raw >= 0.9, "the shares add up to less than 1", *ratios)


@within(
    "getJobVertexBackPressure",
    text="Subtasks are listed if and only if the status is ok.",
    source="flink-behaviour.md#back-pressure",
)
def backpressure_status(body: Value) -> Relations:
    if body["status"].exists:
        is_listed = body["subtasks"].exists
        text = "the status doesn't fit the list of subtasks"
        yield from require((body["status"].raw == "ok") == is_listed, text, body["status"], body)


@between(
    "vertex",
    text="The ratios of back pressure agree with the metrics that are times in ms per second. A minute after the "
    "start, all running subtasks of a vertex are listed.",
    source="flink-behaviour.md#back-pressure",
    since="1.13",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def backpressure_is_measured(view: View, job_id: str, vertex_id: str) -> Relations:
    ids = {"jobid": job_id, "vertexid": vertex_id}
    vertex_metrics = view.metrics("getJobVertexMetrics", **ids)
    body = view.body("getJobVertexBackPressure", **ids)
    vertex = vertex_of_job(view, job_id, vertex_id)
    parallelism = vertex["parallelism"]
    if body["subtasks"].raw and vertex["duration"].raw > 60_000 and vertex["tasks"]["RUNNING"].raw == parallelism.raw:
        # a minute after the start, the metrics of all subtasks have arrived
        yield from equal(length_of(body["subtasks"]), parallelism)
    for subtask in body["subtasks"]:
        index = str(subtask["subtask"].raw)
        yield from require(
            not is_number(parallelism.raw) or 0 <= subtask["subtask"].raw < parallelism.raw,
            "no such subtask",
            subtask["subtask"],
            parallelism,
        )
        subtask_metrics = view.metrics("getSubtaskMetrics", **ids, subtaskindex=index)
        for key, name in (
            ("ratio", "backPressuredTimeMsPerSecond"),
            ("idleRatio", "idleTimeMsPerSecond"),
            ("busyRatio", "busyTimeMsPerSecond"),
        ):
            for metrics, prefix in ((vertex_metrics, f"{index}."), (subtask_metrics, "")):
                metric = metrics.get(prefix + name, Value(MISSING))
                if is_number(metric.raw) and is_number(subtask[key].raw):
                    yield from close(subtask[key] * 1000, metric, 1)
