"""Turns the recorded graph of a job into vertices of a scenario, with record flow, accumulators and metrics."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from statistics import fmean
from typing import Any

from flinkmock.cluster.chain_names import chained_operators
from flinkmock.conformance.http_client import Json
from flinkmock.conformance.recording.anonymize import Anonymizer
from flinkmock.conformance.recording.formatting import format_share, parse_value
from flinkmock.conformance.recording.observations import JobObservations, Ratios, VertexObservations
from flinkmock.conformance.recording.samples import metric_series

SHIP_STRATEGIES = frozenset({"FORWARD", "REBALANCE", "HASH", "RESCALE", "BROADCAST", "SHUFFLE", "GLOBAL", "CUSTOM"})
EXCHANGES = frozenset({"blocking", "blocking_persistent", "pipelined", "pipelined_approximate"})
"""The exchanges that are recorded; `pipelined_bounded`, the default of streaming jobs, is omitted."""
SKEW_RATIO = 1.5
"""A vertex is recorded as skewed if one subtask has more than this many times the records of another."""
COUNTER_TOLERANCE = 0.1
"""How much an accumulator that counts records may differ from the number of records, as a share of this number."""
HEARTBEAT_MS = 10_000
"""The interval of heartbeats, which report accumulators. Metrics report records at other times."""
_ACCUMULATED_TIMES = "accumulated-busy-time", "accumulated-backpressured-time", "accumulated-idle-time"
SUPPORTED_ACCUMULATORS = re.compile(
    r"(Int|Long|Double)(Counter|Minimum|Maximum)|Histogram|ListAccumulator|AverageAccumulator"
)
"""The types that a scenario supports; a program's own types are omitted."""


def labels(details: Json, anonymizer: Anonymizer) -> dict[str, str]:
    """Return labels for the scenario by vertex id: the names, with a number if two vertices have the same name."""
    result: dict[str, str] = {}
    for vertex in details["vertices"]:
        name, count = anonymizer.vertex(vertex["name"]), 1
        label = name
        while label in result.values():
            count += 1
            label = f"{name} #{count}"
        result[vertex["id"]] = label
    return result


def vertices(job: JobObservations, labels_by_id: Mapping[str, str], anonymizer: Anonymizer) -> list[dict[str, Any]]:
    """Return the vertices of a job in the order of /jobs/:jobid; `labels` makes `labels_by_id`."""
    details = job.details
    nodes = {node["id"]: node for node in details.get("plan", {}).get("nodes", ())}
    inputs = {vertex_id: nodes.get(vertex_id, {}).get("inputs", ()) for vertex_id in labels_by_id}
    ids_with_readers = {edge["id"] for edges in inputs.values() for edge in edges}
    groups = list(dict.fromkeys(vertex.get("slotSharingGroupId", "") for vertex in details["vertices"]))
    entries = []
    for vertex in details["vertices"]:
        label = labels_by_id[vertex["id"]]
        edges = [edge for edge in inputs[vertex["id"]] if edge["id"] in labels_by_id]
        entry: dict[str, Any] = {"name": label}
        operators = anonymizer.vertex(vertex["name"])
        if label != operators:
            entry["operators"] = list(chained_operators(operators))
        if not anonymizer.enabled:  # an id is a hash of a name in the program
            entry["id"] = vertex["id"]
        entry["parallelism"] = max(1, vertex["parallelism"])
        if vertex.get("maxParallelism", 0) > 0:
            entry["max-parallelism"] = vertex["maxParallelism"]
        if groups.index(vertex.get("slotSharingGroupId", "")):  # Flink shows only which vertices share a group
            entry["slot-sharing-group"] = f"group-{groups.index(vertex['slotSharingGroupId']) + 1}"
        entry["inputs"] = [_input(edge, labels_by_id[edge["id"]]) for edge in edges]
        entry |= _flow(vertex, job, has_inputs=bool(edges), has_readers=vertex["id"] in ids_with_readers)
        entries.append(entry | _measured(job.vertex(vertex["id"]), vertex, running_ms(vertex, job), anonymizer))
    return entries


def _input(edge: Json, label: str) -> dict[str, Any]:
    entry = {"from": label}
    if edge.get("ship_strategy") in SHIP_STRATEGIES:
        entry["ship-strategy"] = edge["ship_strategy"]
    if edge.get("exchange") in EXCHANGES:
        entry["exchange"] = edge["exchange"]
    return entry


def _flow(vertex: Json, job: JobObservations, *, has_inputs: bool, has_readers: bool) -> dict[str, Any]:
    """Return the rate of a source (records per second) or the selectivity of another vertex, and the record size."""
    metrics = vertex["metrics"]
    read_count, written_count = metrics["read-records"], metrics["write-records"]
    written_bytes = metrics["write-bytes"]
    entry: dict[str, Any] = {}
    if has_inputs and read_count and has_readers:
        entry["selectivity"] = float(f"{written_count / read_count:.3g}")
    elif not has_inputs and metrics["write-records-complete"] and (ran_ms := running_ms(vertex, job)):
        entry["rate"] = float(f"{written_count * 1000 / ran_ms:.3g}")
    if written_count and written_bytes:
        entry["record-size"] = f"{max(1, round(written_bytes / written_count))}B"
    return entry


def running_ms(vertex: Json, job: JobObservations) -> int:
    """Return how long a vertex has been running since its last start, in ms; 0 if it has not started."""
    started_at = max(job.details["timestamps"].get("RUNNING", 0), vertex["start-time"])
    ended_at = vertex["end-time"] if vertex["end-time"] > 0 else job.details["now"]
    return max(0, ended_at - started_at) if vertex["start-time"] > 0 else 0


def _measured(observations: VertexObservations, vertex: Json, ran_ms: int, anonymizer: Anonymizer) -> dict[str, Any]:
    """Return skew, back pressure, accumulators and metrics of a vertex that has been running for `ran_ms`."""
    entry: dict[str, Any] = {}
    subtask_metrics = [subtask["metrics"] for subtask in _complete_subtasks(observations)]
    record_counts = [metrics["read-records"] or metrics["write-records"] for metrics in subtask_metrics]
    if len(record_counts) > 1 and max(record_counts) > SKEW_RATIO * max(1, min(record_counts)):
        entry["skew"] = [round(100 * record_count / max(record_counts)) for record_count in record_counts]
    by_subtask = ratios_by_subtask(observations)
    if by_subtask:
        backpressure = format_share(fmean(ratios.backpressure for ratios in by_subtask.values()))
        if backpressure != "0%":
            entry["backpressure"] = backpressure
        busy = [format_share(by_subtask[subtask].busy) for subtask in sorted(by_subtask)]
        entry["busy"] = busy[0] if len(set(busy)) == 1 else busy
    accumulators = {
        anonymizer.accumulator(accumulator["name"]): _accumulator(accumulator, vertex, ran_ms)
        for accumulator in observations.accumulators
        if SUPPORTED_ACCUMULATORS.fullmatch(accumulator["type"])
    }
    if accumulators:
        entry["accumulators"] = accumulators
    parallelism = max(1, vertex["parallelism"])
    series_by_metric = {}
    for name, samples in observations.metrics.items():
        series = metric_series([samples[subtask] for subtask in sorted(samples)], vertex["duration"])
        if series is not None and len(samples) < parallelism:
            series = series if isinstance(series, dict) else {"value": series}
            series["subtasks"] = sorted(samples)
        if series is not None:
            series_by_metric[name] = series
    if series_by_metric and not anonymizer.enabled:
        entry["metrics"] = series_by_metric
    return entry


def ratios_by_subtask(observations: VertexObservations) -> dict[int, Ratios]:
    """Return the ratios of each subtask during the polls; if there are none, the ratios since the start.

    The result is empty for Flink 1.12 and for legacy sources, which don't show how busy subtasks are.
    """
    polled = {subtask: ratios for subtask, ratios in observations.ratios.items() if ratios.poll_count}
    if polled:
        return polled
    since_start = {}
    for subtask in _complete_subtasks(observations):
        times = [subtask["metrics"].get(key) for key in _ACCUMULATED_TIMES]
        if all(isinstance(time, int | float) for time in times) and sum(times) > 0:
            since_start[subtask["subtask"]] = Ratios(1, times[0] / sum(times), times[1] / sum(times))
    return since_start


def _complete_subtasks(observations: VertexObservations) -> list[Json]:
    """Return the subtasks whose metrics have arrived."""
    subtasks = observations.details.get("subtasks", [])
    return [subtask for subtask in subtasks if subtask.get("metrics", {}).get("read-records-complete")]


def _accumulator(accumulator: Json, vertex: Json, ran_ms: int) -> Any:
    """Return the type and value of an accumulator; only the type if it grows because it counts records."""
    entry = {"type": accumulator["type"], **_value(accumulator)}
    record_count = vertex["metrics"]["read-records"] or vertex["metrics"]["write-records"]
    is_counter = accumulator["type"] in ("IntCounter", "LongCounter") and vertex["end-time"] <= 0
    tolerance = record_count * max(COUNTER_TOLERANCE, HEARTBEAT_MS / max(ran_ms, HEARTBEAT_MS))
    if "value" not in entry or (is_counter and record_count and abs(entry["value"] - record_count) <= tolerance):
        return accumulator["type"]
    return entry


def grows(accumulator: Json, vertex: Json, job: JobObservations) -> bool:
    """Return whether an accumulator grows in the scenario, as it did in the cluster, instead of keeping its value."""
    return isinstance(_accumulator(accumulator, vertex, running_ms(vertex, job)), str)


def _value(accumulator: Json) -> dict[str, Any]:
    """Return {"value": …} for an accumulator; {} if a scenario can't have such a value."""
    text, kind = accumulator["value"], accumulator["type"]
    if kind == "Histogram" and re.fullmatch(r"\{(-?\d+=\d+(, )?)+\}", text):
        return {"value": {int(key): int(count) for key, count in re.findall(r"(-?\d+)=(\d+)", text)}}
    if kind == "ListAccumulator" and re.fullmatch(r"\[(-?\d+(, )?)+\]", text):
        return {"value": json.loads(text)}
    value = parse_value(text)
    if isinstance(value, int) or (isinstance(value, float) and kind.startswith(("Double", "Average"))):
        return {"value": value}
    return {}
