"""Savepoint directories and paths: empty, relative, unwritable, of other file systems. Each recorded one is tried."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flinkmock import small_jar
from flinkmock.errors import ScenarioError
from flinkmock.flink.paths import WORKING_DIRECTORY
from flinkmock.rest.handlers import UploadedFile
from tests.scenario.scenario_helpers import scenario_harness
from tests.situations import recorded

RELEASES = recorded.RELEASES
FOLDERS = ("blank", "relative", "relative with scheme")
WITH_FOLDERS = ("2.0", "1.17")
"""In these clusters, savepoints had been taken to these folders before jobs were run from them."""
SCENARIO = """
cluster: {file-systems: [], savepoints: ["file:/opt/flink/work/scratch/sp/savepoint-1"]}
jobs: {orders: {checkpoints: {every: 1h}}}
"""
SCRATCH = "/opt/flink/work/scratch"
CUT = re.compile(r" ?\[cut \d+ characters\]$")
"""How a recording ends a text that is too long."""
NEEDS_FILES = ("file", "under a file")
"""The recorded cluster had a file at the path, which the fake can't know."""


def outcome(body: dict[str, Any], cwd: str) -> list[str]:
    """The location without its random part and with the working directory as CWD, or the exceptions."""
    [result] = body["operation"].values()
    if isinstance(result, str):
        return [
            re.sub(
                r"savepoint-[0-9a-f]{6}-[0-9a-f]{12}",
                "SAVEPOINT",
                result.replace(SCRATCH, "SCRATCH").replace(cwd, "CWD"),
            )
        ]
    return recorded.causes(result["stack-trace"])


def agree(faked: list[str], real: list[str]) -> bool:
    """Compare texts of which a recording keeps the beginning; the names of jobs don't matter."""
    name = re.compile("job '[^']*'")
    lines = [
        (name.sub("job", line), name.sub("job", CUT.sub("", text))) for line, text in zip(faked, real, strict=False)
    ]
    return bool(lines) and all(line.startswith(beginning) for line, beginning in lines)


def sent(version: str, step: str, key: str) -> str:
    """The path that was sent in a step; the recorder's folder has the name that it has in responses."""
    return str(recorded.request(version, step)["body"][key]).replace("{scratch}", SCRATCH)


def directories(version: str) -> Iterator[tuple[str, str, str]]:
    """Yield the step, its poll, and the operation of each recorded directory."""
    for step in recorded.names(version):
        group, _, label = step.partition(": ")
        if group == "paths" and label.startswith("savepoint "):
            yield step, f"paths: poll {label}", "savepoints"
        if group == "directories" and f"directories: poll {label}" in recorded.names(version):
            yield step, f"directories: poll {label}", "stop" if label.startswith("stop ") else "savepoints"


@pytest.mark.parametrize("release", recorded.releases())
def test_each_recorded_directory(release: str) -> None:
    version = RELEASES[release]
    tried = 0
    with scenario_harness(SCENARIO, flink=release) as harness:
        harness.advance_to(5_000)
        job = f"/jobs/{harness.job().id}"
        for step, poll, operation in directories(version):
            label = step.partition(": ")[2]
            if label.removeprefix("stop ") in NEEDS_FILES or label == "stop relative":
                continue
            key = "targetDirectory" if operation == "stop" else "target-directory"
            flag = "drain" if operation == "stop" else "cancel-job"
            body = {key: sent(version, step, key), flag: False}
            trigger = harness.post(f"{job}/{operation}", body)
            harness.advance_to(harness.now + 1_000)
            status = harness.get(f"{job}/savepoints/{trigger['request-id']}")
            cwd = "/opt/flink/work/tmp" if "parent" not in step else "/opt/flink/work"
            mine = WORKING_DIRECTORY if "parent" not in step else WORKING_DIRECTORY.rpartition("/")[0]
            assert agree(outcome(status, mine), outcome(recorded.body(version, poll), cwd)), step
            assert harness.state() == "RUNNING"
            tried += 1
    assert tried >= 47


@pytest.mark.parametrize("release", recorded.releases())
def test_a_stop_with_a_relative_directory(release: str) -> None:
    with scenario_harness(SCENARIO, flink=release) as harness:
        harness.advance_to(5_000)
        job = f"/jobs/{harness.job().id}"
        trigger = harness.post(f"{job}/stop", {"targetDirectory": "relative/dir", "drain": False})
        harness.advance_to(harness.now + 1_000)
        result = outcome(harness.get(f"{job}/savepoints/{trigger['request-id']}"), WORKING_DIRECTORY)
        real = recorded.body(RELEASES[release], "directories: poll stop relative")
        assert result == outcome(real, "/opt/flink/work/tmp") == ["file:CWD/relative/dir/SAVEPOINT"]
        assert harness.state() == "FINISHED"


def test_failures_count_as_failed_checkpoints_since_1_13() -> None:
    for release, count in (("2.3", 2), ("1.12", 0)):
        with scenario_harness(SCENARIO, flink=release) as harness:
            harness.advance_to(5_000)
            job = f"/jobs/{harness.job().id}"
            before = harness.get(f"{job}/checkpoints")["counts"]["failed"]
            for directory in ("", "nosuch://x/y"):
                harness.post(f"{job}/savepoints", {"target-directory": directory, "cancel-job": False})
            harness.advance_to(10_000)
            assert harness.get(f"{job}/checkpoints")["counts"]["failed"] - before == count


def test_a_file_is_in_the_way() -> None:
    """As in the recorded step "directories: poll under a file"."""
    with scenario_harness(SCENARIO, flink="2.3") as harness:
        harness.advance_to(5_000)
        job = f"/jobs/{harness.job().id}"
        file = f"{SCRATCH}/sp/savepoint-1/_metadata"
        trigger = harness.post(f"{job}/savepoints", {"target-directory": f"{file}/sub", "cancel-job": False})
        harness.advance_to(6_000)
        result = outcome(harness.get(f"{job}/savepoints/{trigger['request-id']}"), WORKING_DIRECTORY)
        real = recorded.body("2.3.0", "directories: poll under a file")
        assert result == [line.replace(f"{SCRATCH}/afile", file) for line in outcome(real, "")]


@pytest.mark.parametrize("release", recorded.releases())
def test_each_recorded_path_without_a_savepoint(release: str, tmp_path: Path) -> None:
    version = RELEASES[release]
    jar_file = tmp_path / "wordcount.jar"
    jar_file.write_bytes(small_jar())
    with scenario_harness(SCENARIO, flink=release) as harness:
        harness.advance_to(5_000)
        uploaded = harness.client.json("POST", "/jars/upload", files=[UploadedFile("wordcount.jar", jar_file)])
        jar = uploaded["filename"].rpartition("/")[2]
        for step in recorded.names(version):
            if not step.startswith("paths: run "):
                continue
            if release in WITH_FOLDERS and step.removeprefix("paths: run ") in FOLDERS:
                continue
            path = sent(version, step, "savepointPath")
            response = harness.client.send("POST", f"/jars/{jar}/run", {"savepointPath": path})
            assert response.status == recorded.status(version, step), step
            if response.status != 200:
                errors, real = recorded.errors(json.loads(response.body)), recorded.errors(recorded.body(version, step))
                assert agree(errors, real), step
            label = step.removeprefix("paths: run ")
            trigger = harness.post("/savepoint-disposal", {"savepoint-path": path})["request-id"]
            harness.advance_to(harness.now + 1_000)
            disposal = harness.get(f"/savepoint-disposal/{trigger}")
            real = outcome(recorded.body(version, f"paths: poll dispose {label}"), "")
            assert agree(outcome(disposal, ""), real), step


def test_file_systems_of_plugins() -> None:
    with scenario_harness("cluster: {file-systems: [s3]}\njobs: {orders: streaming}") as harness:
        harness.advance_to(5_000)
        job = f"/jobs/{harness.job().id}/savepoints"
        results = []
        for directory in ("s3://bucket/sp", "hdfs://n/sp"):
            trigger = harness.post(job, {"target-directory": directory, "cancel-job": False})["request-id"]
            harness.advance_to(harness.now + 1_000)
            results.append(next(iter(harness.get(f"{job}/{trigger}")["operation"])))
        assert results == ["location", "failure-cause"]


def test_a_savepoint_of_a_scenario_has_a_valid_path() -> None:
    with pytest.raises(ScenarioError, match=r"Relative path in absolute URI: file:x\."):
        scenario_harness('cluster: {savepoints: ["file:x"]}').__enter__()
