"""The values in a flame graph add up, and its frames are the recorded ones."""

from collections.abc import Iterator
from typing import Any

import pytest

from flinkmock.flink.flame_graph import SubtaskLoad, flame_graph
from flinkmock.release import Release

FLINK_2_3 = Release("2.3", "2.3.0", "", "")
MINORS = ["1.13", "1.14", "1.15", "1.16", "1.17", "1.18", "1.19", "1.20", "2.0", "2.1", "2.2", "2.3"]
SUBTASKS = [SubtaskLoad(0.02), SubtaskLoad(0.0)]


def nodes(root: Any) -> Iterator[Any]:
    """Yield a node and all nodes below it."""
    yield root
    for child in root["children"]:
        yield from nodes(child)


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("kind", ["full", "on_cpu", "off_cpu"])
def test_each_sample_ends_in_one_node(kind: str, minor: str) -> None:
    graph = flame_graph(
        [SubtaskLoad(0.3, is_source=True), SubtaskLoad(0.7), SubtaskLoad(1.0)], kind, Release(minor, minor, "", "")
    )
    for node in nodes(graph):
        assert list(node) == ["name", "value", "children"]
        assert node["value"] >= sum(child["value"] for child in node["children"])  # samples can also end in the node
        assert node["value"] > 0
    ended_samples = sum(node["value"] - sum(child["value"] for child in node["children"]) for node in nodes(graph))
    assert ended_samples == graph["value"], "each sample ends in one node"


def test_each_subtask_has_100_samples() -> None:
    """The recorded vertex has two subtasks, one of which is 2 % busy (2.3.0, suite job-running)."""
    values = {kind: flame_graph(SUBTASKS, kind, FLINK_2_3)["value"] for kind in ("full", "on_cpu", "off_cpu")}
    assert values == {"full": 200, "on_cpu": 2, "off_cpu": 198}


def test_kinds_are_case_insensitive() -> None:
    assert flame_graph(SUBTASKS, "ON_CPU", FLINK_2_3) == flame_graph(SUBTASKS, "on_cpu", FLINK_2_3)


def test_the_frames_are_the_recorded_ones() -> None:
    names = [node["name"] for node in nodes(flame_graph(SUBTASKS, "off_cpu", FLINK_2_3))]
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
    busy_names = [node["name"] for node in nodes(flame_graph(SUBTASKS, "on_cpu", FLINK_2_3))]
    assert busy_names[-1] == "org.apache.flink.streaming.runtime.io.StreamOneInputProcessor.processInput:65"


def test_each_release_has_its_line_numbers() -> None:
    old = [node["name"] for node in nodes(flame_graph(SUBTASKS, "full", Release("1.16", "1.16.3", "", "")))]
    assert "org.apache.flink.runtime.taskmanager.Task.run:550" in old


def test_a_graph_without_samples_is_an_empty_root() -> None:
    """The graph of kind `on_cpu` of an idle vertex is recorded with 1.17.2."""
    assert flame_graph([SubtaskLoad(0.0)], "on_cpu", FLINK_2_3) == {"name": "root", "value": 0, "children": []}
