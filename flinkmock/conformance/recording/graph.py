"""A job's graph as the vertices of a scenario, with what was seen to flow through it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from statistics import fmean
from typing import Any

from flinkmock.conformance.recording.anonymize import Scrubber
from flinkmock.conformance.recording.formatting import number
from flinkmock.conformance.recording.observations import JobNotes, VertexNotes
from flinkmock.conformance.recording.samples import course

Json = Any
SHIPS = frozenset({"FORWARD", "REBALANCE", "HASH", "RESCALE", "BROADCAST", "SHUFFLE", "GLOBAL", "CUSTOM"})
EXCHANGES = frozenset({"blocking", "blocking_persistent", "pipelined", "pipelined_approximate"})
"""Those told, of streaming jobs: the usual one is left out."""
UNEVEN = 1.5
"""From so many times the records on, one subtask has more than another one."""
NEARLY = 0.1
HEARTBEAT_MS = 10_000
"""Accumulators come with heartbeats, records with metrics: the two are not of the same moment."""
HELD_UP = 0.1
"""Flink calls less than that no back pressure."""
ACCUMULATORS = re.compile(r"(Int|Long|Double)(Counter|Minimum|Maximum)|Histogram|ListAccumulator|AverageAccumulator")
"""The types that a scenario knows; a program's own are left out."""


def labels(details: Json, scrubber: Scrubber) -> dict[str, str]:
    """Vertex id -> what the file calls it: its name, with a number if another one has the same."""
    told: dict[str, str] = {}
    for vertex in details["vertices"]:
        name, count = scrubber.vertex(vertex["name"]), 1
        label = name
        while label in told.values():
            count += 1
            label = f"{name} #{count}"
        told[vertex["id"]] = label
    return told


def vertices(job: JobNotes, known: Mapping[str, str], scrubber: Scrubber) -> list[dict[str, Any]]:
    """The vertices of /jobs/:jobid in its order; `known`: vertex id -> what the file calls it."""
    details = job.details
    nodes = {node["id"]: node for node in details.get("plan", {}).get("nodes", ())}
    inputs = {each: nodes.get(each, {}).get("inputs", ()) for each in known}
    read = {edge["id"] for edges in inputs.values() for edge in edges}
    groups = list(dict.fromkeys(vertex.get("slotSharingGroupId", "") for vertex in details["vertices"]))
    told = []
    for vertex in details["vertices"]:
        name, edges = known[vertex["id"]], [edge for edge in inputs[vertex["id"]] if edge["id"] in known]
        entry: dict[str, Any] = {"name": name}
        if name != (shown := scrubber.vertex(vertex["name"])):
            entry["operators"] = shown.split(" -> ")
        if not scrubber.on:  # an id is a hash of what the program calls the vertex
            entry["id"] = vertex["id"]
        entry["parallelism"] = max(1, vertex["parallelism"])
        if vertex.get("maxParallelism", 0) > 0:
            entry["max-parallelism"] = vertex["maxParallelism"]
        if groups.index(vertex.get("slotSharingGroupId", "")):  # Flink tells only which vertices share one
            entry["slot-sharing-group"] = f"group-{groups.index(vertex['slotSharingGroupId']) + 1}"
        entry["inputs"] = [_input(edge, known[edge["id"]]) for edge in edges]
        entry |= _flow(vertex, job, reads=bool(edges), is_read=vertex["id"] in read)
        told.append(entry | _seen(job.vertex(vertex["id"]), vertex, ran_ms(vertex, job), scrubber))
    return told


def _input(edge: Json, name: str) -> dict[str, Any]:
    told = {"from": name}
    if edge.get("ship_strategy") in SHIPS:
        told["ship-strategy"] = edge["ship_strategy"]
    if edge.get("exchange") in EXCHANGES:
        told["exchange"] = edge["exchange"]
    return told


def _flow(vertex: Json, job: JobNotes, *, reads: bool, is_read: bool) -> dict[str, Any]:
    """Records per second of a source, records out for each one in, bytes for each record."""
    metrics = vertex["metrics"]
    read, written, size = metrics["read-records"], metrics["write-records"], metrics["write-bytes"]
    told: dict[str, Any] = {}
    if reads and read and is_read:
        told["selectivity"] = float(f"{written / read:.3g}")
    elif not reads and metrics["write-records-complete"] and (ran := ran_ms(vertex, job)):
        told["rate"] = float(f"{written * 1000 / ran:.3g}")
    if written and size:
        told["record-size"] = f"{max(1, round(size / written))}B"
    return told


def ran_ms(vertex: Json, job: JobNotes) -> int:
    """For how long the vertex has been running since its last start, as far as can be told (ms)."""
    since = max(job.details["timestamps"].get("RUNNING", 0), vertex["start-time"])
    until = vertex["end-time"] if vertex["end-time"] > 0 else job.details["now"]
    return max(0, until - since) if vertex["start-time"] > 0 else 0


def _seen(notes: VertexNotes, vertex: Json, ran: int, scrubber: Scrubber) -> dict[str, Any]:
    """What was found out of the vertex beside its job's details; `ran`: for how long it has been running (ms)."""
    told: dict[str, Any] = {}
    records = [row["metrics"]["read-records"] or row["metrics"]["write-records"] for row in _subtasks(notes)]
    if len(records) > 1 and max(records) > UNEVEN * max(1, min(records)):
        told["skew"] = [round(100 * each / max(records)) for each in records]
    if notes.pressures and (held := fmean(notes.pressures)) >= HELD_UP:
        told["backpressure"] = f"{min(100, round(held * 100))}%"
    if accumulators := {
        scrubber.accumulator(row["name"]): _accumulator(row, vertex, ran)
        for row in notes.accumulators
        if ACCUMULATORS.fullmatch(row["type"])
    }:
        told["accumulators"] = accumulators
    width = max(1, vertex["parallelism"])
    metrics = {}
    for name, by_subtask in notes.metrics.items():
        found = course([by_subtask[subtask] for subtask in sorted(by_subtask)], vertex["duration"])
        if found is not None and len(by_subtask) < width:
            found = found if isinstance(found, dict) else {"value": found}
            found["subtasks"] = sorted(by_subtask)
        if found is not None:
            metrics[name] = found
    return told | ({"metrics": metrics} if metrics and not scrubber.on else {})


def _subtasks(notes: VertexNotes) -> list[Json]:
    rows = notes.details.get("subtasks", [])
    return [row for row in rows if row.get("metrics", {}).get("read-records-complete")]


def _accumulator(accumulator: Json, vertex: Json, ran: int) -> Any:
    """Type and value; of a running vertex the type alone if the value is the number of its records, and so grows."""
    told = {"type": accumulator["type"], **_value(accumulator)}
    records = vertex["metrics"]["read-records"] or vertex["metrics"]["write-records"]
    counts = accumulator["type"] in ("IntCounter", "LongCounter") and vertex["end-time"] <= 0
    nearly = records * max(NEARLY, HEARTBEAT_MS / max(ran, HEARTBEAT_MS))
    if "value" not in told or (counts and records and abs(told["value"] - records) <= nearly):
        return accumulator["type"]
    return told


def _value(accumulator: Json) -> dict[str, Any]:
    """{"value": …} of an accumulator, if its text is one that a scenario can give."""
    text, kind = accumulator["value"], accumulator["type"]
    if kind == "Histogram" and re.fullmatch(r"\{(-?\d+=\d+(, )?)+\}", text):
        return {"value": {int(key): int(count) for key, count in re.findall(r"(-?\d+)=(\d+)", text)}}
    if kind == "ListAccumulator" and re.fullmatch(r"\[(-?\d+(, )?)+\]", text):
        return {"value": json.loads(text)}
    value = number(text)
    if isinstance(value, int) or (isinstance(value, float) and kind.startswith(("Double", "Average"))):
        return {"value": value}
    return {}
