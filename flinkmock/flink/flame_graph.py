"""Flame graphs: the stack samples of a vertex's subtasks, computed from how busy they are.

A subtask that is busy 30 % of the time processes records in 30 of 100 samples and waits for mail in the other 70.
The root node and the shape of the tree are as in the recordings (suite job-running).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from flinkmock.flink.frame import Frame
from flinkmock.flink.stack_frames import busy_stack, idle_stack
from flinkmock.release import Release

SAMPLE_COUNT = 100
"""The default of rest.flamegraph.num-samples."""


class Node(TypedDict):
    """A frame of the sampled stacks, the number of samples that contain it, and the frames that it calls."""

    name: str
    value: int
    children: list[Node]


@dataclass(frozen=True, slots=True)
class SubtaskLoad:
    """How busy one subtask is; `busy_ratio` is between 0 and 1."""

    busy_ratio: float
    is_source: bool = False


def flame_graph(subtasks: Sequence[SubtaskLoad], kind: str, release: Release, sample_count: int = SAMPLE_COUNT) -> Node:
    """Return `data` of `/jobs/…/vertices/…/flamegraph`.

    All kinds are computed from the same samples.

    Args:
        subtasks: The load of each subtask of the vertex.
        kind: "full", "on_cpu" or "off_cpu" in upper or lower case.
        release: The Flink release.
        sample_count: The number of samples of each subtask.
    """
    root: Node = {"name": "root", "value": 0, "children": []}
    for subtask in subtasks:
        busy_count = round(sample_count * min(1.0, max(0.0, subtask.busy_ratio)))
        if kind.lower() != "off_cpu":
            _add_samples(root, busy_stack(release, is_source=subtask.is_source), busy_count)
        if kind.lower() != "on_cpu":
            _add_samples(root, idle_stack(release), sample_count - busy_count)
    return root


def _add_samples(root: Node, stack: Sequence[Frame], count: int) -> None:
    """Add a number of samples of one stack to the tree."""
    if count == 0:
        return
    node = root
    node["value"] += count
    for frame in stack:
        node = _child(node, frame.name)
        node["value"] += count


def _child(node: Node, name: str) -> Node:
    """Return the child with a certain name, which is added to the node if it is missing."""
    for child in node["children"]:
        if child["name"] == name:
            return child
    child = Node(name=name, value=0, children=[])
    node["children"].append(child)
    return child
