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
from flinkmock.conformance.coherence.view import View

_ENDED, _DISABLED = -1, -2
"""What is in place of the time of a sample (`VertexFlameGraph`)."""
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
    text="A flame graph begins at root; its frames are class.method:line, and those that a frame calls differ.",
    source="flink-behaviour.md#flame-graphs",
)
def flame_graph_names(body: Value) -> Relations:
    root = body["data"]
    if root["name"].exists:
        yield from require(root["name"].raw == "root", "it begins elsewhere", root["name"], exact=True)
    for frame in _frames(root):
        names: dict[object, Value] = {}
        for child in frame["children"]:
            form = isinstance(child["name"].raw, str) and _FRAME.fullmatch(child["name"].raw) is not None
            yield from require(form, "no class, method and line", child["name"])
            first = names.setdefault(child["name"].raw, child["name"])
            if first is not child["name"] and first.pointer != child["name"].pointer:
                yield from require(False, "a frame twice", child["name"], first)


def _frames(root: Value) -> Iterator[Value]:
    pending = [root]
    while pending:
        frame = pending.pop()
        yield frame
        pending += frame["children"]


@between(
    "vertex",
    text="There is no flame graph if none is configured, and none of a job that has ended.",
    source="flink-behaviour.md#flame-graphs",
    since="1.13",
)
def flame_graph_time(view: View, job_id: str, vertex_id: str) -> Relations:
    state = view.body("getJobDetails", jobid=job_id)["state"]
    bodies = [view.body("getJobVertexFlameGraph", jobid=job_id, vertexid=vertex_id)]
    bodies += view.with_query("getJobVertexFlameGraph", jobid=job_id, vertexid=vertex_id)
    enabled = options(view).get("rest.flamegraph.enabled", Value(MISSING))
    for body in bodies:
        end = body["endTimestamp"]
        if enabled.raw == "true":
            yield from require(end.raw != _DISABLED, "it is enabled", end, enabled)
            if state.is_in(TERMINAL):
                yield from require(end.raw == _ENDED, "the job has ended", end, state)


@between(
    "vertex",
    text="The flame graphs on_cpu and off_cpu of a sample add up to the full one.",
    source="flink-behaviour.md#flame-graphs",
    since="1.13",
)
def flame_graphs_add_up(view: View, job_id: str, vertex_id: str) -> Relations:
    graphs: dict[str, Value] = {}
    for body in view.with_query("getJobVertexFlameGraph", jobid=job_id, vertexid=vertex_id):
        if set(body.response.query) == {"type"}:
            graphs[body.response.query["type"][0].lower()] = body
    plain = view.body("getJobVertexFlameGraph", jobid=job_id, vertexid=vertex_id)
    full = graphs.get("full", plain)
    if not full["data"].exists:
        return
    for same in (plain, graphs.get("full", plain)):
        if same["endTimestamp"].raw == full["endTimestamp"].raw:
            yield from _same_frames(full["data"], [same["data"]])
    parts = [graphs[kind] for kind in ("on_cpu", "off_cpu") if kind in graphs]
    if len(parts) == 2 and all(part["endTimestamp"].raw == full["endTimestamp"].raw for part in parts):
        yield from _same_frames(full["data"], [part["data"] for part in parts])


def _same_frames(whole: Value, parts: Sequence[Value]) -> Relations:
    """A frame has the samples and the frames of others together."""
    yield from equal(whole["value"], total([part["value"] for part in parts], "samples of the others"))
    own = {child["name"].raw: child for child in whole["children"]}
    others: dict[Any, list[Value]] = {}
    for part in parts:
        for child in part["children"]:
            others.setdefault(child["name"].raw, []).append(child)
    unknown = [child["name"] for name, child in own.items() if name not in others]
    missing = [child["name"] for name, children in others.items() if name not in own for child in children]
    for name in (*unknown, *missing):
        contrary = unknown if name in missing else missing
        yield from require(False, "only one of the graphs has this frame", name, *contrary)
    for name in own.keys() & others.keys():
        yield from _same_frames(own[name], others[name])
