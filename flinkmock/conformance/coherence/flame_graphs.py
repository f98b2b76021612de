"""Invariants of flame graphs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from flinkmock.conformance.coherence.cluster import options
from flinkmock.conformance.coherence.jobs import TERMINAL
from flinkmock.conformance.coherence.registry import between, within
from flinkmock.conformance.coherence.relations import Relations, ascending, equal, require
from flinkmock.conformance.coherence.values import MISSING, Value, total
from flinkmock.conformance.coherence.vertices import vertex_of_job
from flinkmock.conformance.coherence.view import View

_ENDED, _DISABLED, _WAITING = -1, -2, -3
NO_SAMPLE = (_ENDED, _DISABLED, _WAITING)
"""What a flame graph has in place of the time of a sample (`VertexFlameGraph`)."""
_FRAME = re.compile(r".+\..+:-?\d+")
"""How `VertexFlameGraphFactory` writes a frame: class, method and line."""


@within(
    "getJobVertexFlameGraph",
    text="The samples of a frame include those of the frames that it calls.",
    source="flink-behaviour.md#flame-graphs",
)
def flame_graph_adds_up(body: Value) -> Relations:
    root = body["data"]
    if root["children"].raw:
        yield from equal(root["value"], total([child["value"] for child in root["children"]], "sum of the children"))
    for frame in _frames(root):
        children = list(frame["children"])
        if children:
            yield from ascending(total([child["value"] for child in children], "sum of the children"), frame["value"])


@within(
    "getJobVertexFlameGraph",
    text="A flame graph begins at root; frames are named class.method:line. The children of a frame differ in name.",
    source="flink-behaviour.md#flame-graphs",
)
def flame_graph_names(body: Value) -> Relations:
    root = body["data"]
    if root["name"].exists:
        yield from require(root["name"].raw == "root", "the graph begins elsewhere", root["name"], exact=True)
    for frame in _frames(root):
        names: dict[object, Value] = {}
        for child in frame["children"]:
            is_frame = isinstance(child["name"].raw, str) and _FRAME.fullmatch(child["name"].raw) is not None
            yield from require(is_frame, "not a class, method and line", child["name"])
            first = names.setdefault(child["name"].raw, child["name"])
            if first.pointer != child["name"].pointer:
                yield from require(False, "a frame twice", child["name"], first)


def _frames(root: Value) -> Iterator[Value]:
    pending = [root]
    while pending:
        frame = pending.pop()
        yield frame
        pending += frame["children"]


@between(
    "vertex",
    text="If flame graphs are enabled, none is marked as disabled; those of ended jobs that had tasks are marked as "
    "ended.",
    source="flink-behaviour.md#flame-graphs",
    since="1.13",
)
def flame_graph_time(view: View, job_id: str, vertex_id: str) -> Relations:
    state = view.body("getJobDetails", jobid=job_id)["state"]
    has_tasks = any(number.raw for _, number in vertex_of_job(view, job_id, vertex_id)["tasks"].items())
    bodies = [view.body("getJobVertexFlameGraph", jobid=job_id, vertexid=vertex_id)]
    bodies += view.bodies_with_query("getJobVertexFlameGraph", jobid=job_id, vertexid=vertex_id)
    enabled = options(view).get("rest.flamegraph.enabled", Value(MISSING))
    for body in bodies:
        end = body["endTimestamp"]
        if enabled.raw == "true":
            yield from require(end.raw != _DISABLED, "flame graphs are enabled", end, enabled)
            if state.is_in(TERMINAL) and has_tasks:
                yield from require(end.raw == _ENDED, "the job has ended", end, state)


@between(
    "vertex",
    text="The flame graphs on_cpu and off_cpu of a sample add up to the full one, which is also the default.",
    source="flink-behaviour.md#flame-graphs",
    since="1.13",
)
def flame_graphs_add_up(view: View, job_id: str, vertex_id: str) -> Relations:
    by_type: dict[str, Value] = {}
    for body in view.bodies_with_query("getJobVertexFlameGraph", jobid=job_id, vertexid=vertex_id):
        if set(body.response.query) == {"type"}:
            by_type[body.response.query["type"][0].lower()] = body
    without_query = view.body("getJobVertexFlameGraph", jobid=job_id, vertexid=vertex_id)
    full = by_type.get("full", without_query)
    if not full["data"].exists:
        return
    if "full" in by_type and without_query["endTimestamp"].raw == full["endTimestamp"].raw:
        yield from _same_frames(full["data"], [without_query["data"]])
    parts = [by_type[kind] for kind in ("on_cpu", "off_cpu") if kind in by_type]
    if len(parts) == 2 and all(part["endTimestamp"].raw == full["endTimestamp"].raw for part in parts):
        yield from _same_frames(full["data"], [part["data"] for part in parts])


def _same_frames(whole: Value, parts: Sequence[Value]) -> Relations:
    """Relate a frame to frames of other graphs, which together have the same samples and children."""
    yield from equal(whole["value"], total([part["value"] for part in parts], "samples of the others"))
    children_of_whole = {child["name"].raw: child for child in whole["children"]}
    children_of_parts: dict[Any, list[Value]] = {}
    for part in parts:
        for child in part["children"]:
            children_of_parts.setdefault(child["name"].raw, []).append(child)
    only_in_whole = [child["name"] for name, child in children_of_whole.items() if name not in children_of_parts]
    only_in_parts = [
        child["name"]
        for name, children in children_of_parts.items()
        if name not in children_of_whole
        for child in children
    ]
    for names, suspects in ((only_in_whole, only_in_parts), (only_in_parts, only_in_whole)):
        for name in names:
            yield from require(False, "only one of the graphs has this frame", name, *suspects)
    for name, child in children_of_whole.items():
        if name in children_of_parts:
            yield from _same_frames(child, children_of_parts[name])
