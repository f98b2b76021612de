"""Flame graphs: the stack samples of a vertex's subtasks, computed from how busy they are.

A subtask that is busy 30 % of the time processes records in 30 of 100 samples and waits in its mailbox in the others.
The root node and the shape of the tree are those of the recordings (suite job-running).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flinkmock.flink.stack_frames import Frame, busy_stack, idle_stack
from flinkmock.release import Release

SAMPLES = 100
"""rest.flamegraph.num-samples."""

Node = dict[str, "str | int | list[Node]"]


@dataclass(frozen=True, slots=True)
class SubtaskSample:
    """How busy one subtask is; `busy_ratio` is between 0 and 1."""

    busy_ratio: float
    is_source: bool = False


def flame_graph(subtasks: Sequence[SubtaskSample], kind: str, release: Release, samples: int = SAMPLES) -> Node:
    """Return `data` of `/jobs/…/vertices/…/flamegraph`.

    The value of a node is the number of samples that contain it. All kinds are computed from the same samples.

    Args:
        subtasks: The subtasks of the vertex.
        kind: "full", "on_cpu" or "off_cpu" in upper or lower case.
        release: The Flink release.
        samples: The number of samples of each subtask.
    """
    root: Node = {"name": "root", "value": 0, "children": []}
    for subtask in subtasks:
        busy = round(samples * min(1.0, max(0.0, subtask.busy_ratio)))
        if kind.lower() != "off_cpu":
            _add(root, busy_stack(release, subtask.is_source), busy)
        if kind.lower() != "on_cpu":
            _add(root, idle_stack(release), samples - busy)
    return root


def _add(root: Node, stack: Sequence[Frame], count: int) -> None:
    if count == 0:
        return
    node = root
    _count(node, count)
    for frame in stack:
        children = node["children"]
        assert isinstance(children, list)
        child = next((child for child in children if child["name"] == frame.name), None)
        if child is None:
            child = {"name": frame.name, "value": 0, "children": []}
            children.append(child)
        _count(child, count)
        node = child


def _count(node: Node, count: int) -> None:
    value = node["value"]
    assert isinstance(value, int)
    node["value"] = value + count
