"""Flame graphs: values that add up, frames of the recordings."""

from collections.abc import Iterator
from typing import Any

import pytest

from flinkmock.flink.flame_graph import SubtaskSample, flame_graph
from flinkmock.release import Release

NEW = Release("2.3", "2.3.0", "", "")
MINORS = ["1.13", "1.14", "1.15", "1.16", "1.17", "1.18", "1.19", "1.20", "2.0", "2.1", "2.2", "2.3"]
VERTEX = [SubtaskSample(0.02), SubtaskSample(0.0)]


def nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in node["children"]:
        yield from nodes(child)


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("kind", ["full", "on_cpu", "off_cpu"])
def test_children_add_up(kind: str, minor: str) -> None:
    graph = flame_graph(
        [SubtaskSample(0.3, True), SubtaskSample(0.7), SubtaskSample(1.0)], kind, Release(minor, minor, "", "")
    )
    for node in nodes(graph):
        assert list(node) == ["name", "value", "children"]
        assert node["value"] >= sum(child["value"] for child in node["children"]), "samples may end in a node"
        assert node["value"] > 0
    leaves = sum(node["value"] - sum(child["value"] for child in node["children"]) for node in nodes(graph))
    assert leaves == graph["value"], "each sample ends somewhere"


def test_values_of_the_recording() -> None:
    """A vertex of two subtasks, 2 % busy: 200 samples, 2 at work, 198 in the mailbox (2.3.0, suite job-running)."""
    values = {kind: flame_graph(VERTEX, kind, NEW)["value"] for kind in ("full", "ON_CPU", "off_cpu")}
    assert values == {"full": 200, "ON_CPU": 2, "off_cpu": 198}


def test_frames_of_the_recording() -> None:
    names = [node["name"] for node in nodes(flame_graph(VERTEX, "off_cpu", NEW))]
    assert names[:13] == [
        "root",
        "java.lang.Thread.run:840",
        "org.apache.flink.runtime.taskmanager.Task.run:579",
        "org.apache.flink.runtime.taskmanager.Task.doRun:774",
        "org.apache.flink.runtime.taskmanager.Task.restoreAndInvoke:969",
        "org.apache.flink.runtime.taskmanager.Task.runWithSystemExitMonitoring:987",
        "org.apache.flink.runtime.taskmanager.Task$$Lambda$0/0x0.run:-1",
        "org.apache.flink.streaming.runtime.tasks.StreamTask.invoke:959",
        "org.apache.flink.streaming.runtime.tasks.StreamTask.runMailboxLoop:1022",
        "org.apache.flink.streaming.runtime.tasks.mailbox.MailboxProcessor.runMailboxLoop:229",
        "org.apache.flink.streaming.runtime.tasks.mailbox.MailboxProcessor.processMail:369",
        "org.apache.flink.streaming.runtime.tasks.mailbox.MailboxProcessor.processMailsWhenDefaultActionUnavailable:380",
        "org.apache.flink.streaming.runtime.tasks.mailbox.TaskMailboxImpl.take:161",
    ]
    at_work = [node["name"] for node in nodes(flame_graph(VERTEX, "on_cpu", NEW))]
    assert at_work[-1] == "org.apache.flink.streaming.runtime.io.StreamOneInputProcessor.processInput:65"


def test_releases_have_their_own_lines() -> None:
    old = [node["name"] for node in nodes(flame_graph(VERTEX, "full", Release("1.16", "1.16.3", "", "")))]
    assert "org.apache.flink.runtime.taskmanager.Task.run:550" in old


def test_nothing_sampled_is_an_empty_root() -> None:
    """Recorded on 2.3.0: the graph `on_cpu` of an idle vertex."""
    assert flame_graph([SubtaskSample(0.0)], "on_cpu", NEW) == {"name": "root", "value": 0, "children": []}
