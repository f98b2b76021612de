"""Unusual savepoint directories and paths (empty, relative, read-only, remote …) have the recorded results."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flinkmock import small_jar
from flinkmock.errors import ScenarioError
from flinkmock.flink.paths import WORKING_DIRECTORY
from flinkmock.rest.handlers import UploadedFile
from tests.scenario.scenario_helpers import scenario_harness
from tests.situations import recorded

VERSIONS = recorded.VERSIONS
LABELS_OF_FOLDERS = ("blank", "relative", "relative with scheme")
RELEASES_WITH_FOLDERS = ("2.0", "1.17")
"""The releases whose recorded clusters had savepoints at the paths of the steps with LABELS_OF_FOLDERS."""
SCENARIO = """
cluster: {file-systems: [], savepoints: ["file:/opt/flink/work/scratch/sp/savepoint-1"]}
jobs: {orders: {checkpoints: {every: 1h}}}
"""
SCRATCH = "/opt/flink/work/scratch"
"""The folder in which the recorded clusters wrote savepoints."""
RECORDED_WORKING_DIRECTORY = "/opt/flink/work/tmp"
CUT_MARK = re.compile(r" ?\[cut \d+ characters\]$")
"""The end of a text that the recorder has cut."""
LABELS_THAT_NEED_FILES = ("file", "under a file")
"""The labels of steps for which the recorded cluster had a file at the path. The fake can't know of this file."""


def outcome(status: dict[str, Any], working_directory: str) -> list[str]:
    """Return the location of the savepoint, or the exceptions.

    In the location, SCRATCH, CWD and SAVEPOINT replace the scratch folder, the working directory and the random name.
    """
    [result] = status["operation"].values()
    if isinstance(result, str):
        location = result.replace(SCRATCH, "SCRATCH").replace(working_directory, "CWD")
        return [re.sub(r"savepoint-[0-9a-f]{6}-[0-9a-f]{12}", "SAVEPOINT", location)]
    return recorded.causes(result["stack-trace"])


def lines_begin_as_recorded(lines: list[str], recorded_lines: list[str]) -> bool:
    """Return whether each line begins with the recorded line, which may be cut. The names of jobs may differ."""
    job_name = re.compile("job '[^']*'")
    return bool(lines and recorded_lines) and all(
        job_name.sub("job", line).startswith(job_name.sub("job", CUT_MARK.sub("", recorded_line)))
        for line, recorded_line in zip(lines, recorded_lines, strict=False)
    )


def sent_path(version: str, step: str, key: str) -> str:
    """Return the path in the body of a recorded request, with SCRATCH in place of the recorder's variable."""
    return str(recorded.request(version, step)["body"][key]).replace("{scratch}", SCRATCH)


class DirectorySteps(NamedTuple):
    """The recorded steps for one directory.

    Attributes:
        trigger: The name of the step that triggers a savepoint or a stop with the directory.
        poll: The name of the step that polls the result.
        operation: "savepoints" or "stop": how the path of the trigger ends.
    """

    trigger: str
    poll: str
    operation: str


def directory_steps(version: str) -> Iterator[DirectorySteps]:
    for step in recorded.step_names(version):
        group, _, label = step.partition(": ")
        if group == "paths" and label.startswith("savepoint "):
            yield DirectorySteps(step, f"paths: poll {label}", "savepoints")
        if group == "directories" and f"directories: poll {label}" in recorded.step_names(version):
            operation = "stop" if label.startswith("stop ") else "savepoints"
            yield DirectorySteps(step, f"directories: poll {label}", operation)


@pytest.mark.parametrize("release", recorded.releases())
def test_each_recorded_directory_has_the_recorded_result(release: str) -> None:
    version = VERSIONS[release]
    directory_count = 0
    with scenario_harness(SCENARIO, flink=release) as harness:
        harness.advance_to(5_000)
        job = f"/jobs/{harness.job().id}"
        for step, poll, operation in directory_steps(version):
            label = step.partition(": ")[2]
            if label.removeprefix("stop ") in LABELS_THAT_NEED_FILES or label == "stop relative":
                continue
            key = "targetDirectory" if operation == "stop" else "target-directory"
            flag = "drain" if operation == "stop" else "cancel-job"
            body = {key: sent_path(version, step, key), flag: False}
            trigger = harness.post(f"{job}/{operation}", body)
            harness.advance_to(harness.now + 1_000)
            status = harness.get(f"{job}/savepoints/{trigger['request-id']}")
            folder, recorded_folder = WORKING_DIRECTORY, RECORDED_WORKING_DIRECTORY
            if "parent" in step:  # a directory beside the working directory
                folder, recorded_folder = folder.rpartition("/")[0], recorded_folder.rpartition("/")[0]
            assert lines_begin_as_recorded(
                outcome(status, folder), outcome(recorded.body(version, poll), recorded_folder)
            ), step
            assert harness.state() == "RUNNING"
            directory_count += 1
    assert directory_count >= 47


@pytest.mark.parametrize("release", recorded.releases())
def test_a_stop_with_a_relative_directory_succeeds_as_recorded(release: str) -> None:
    with scenario_harness(SCENARIO, flink=release) as harness:
        harness.advance_to(5_000)
        job = f"/jobs/{harness.job().id}"
        trigger = harness.post(f"{job}/stop", {"targetDirectory": "relative/dir", "drain": False})
        harness.advance_to(harness.now + 1_000)
        result = outcome(harness.get(f"{job}/savepoints/{trigger['request-id']}"), WORKING_DIRECTORY)
        real = recorded.body(VERSIONS[release], "directories: poll stop relative")
        assert result == outcome(real, RECORDED_WORKING_DIRECTORY) == ["file:CWD/relative/dir/SAVEPOINT"]
        assert harness.state() == "FINISHED"


def test_failed_savepoints_count_as_failed_checkpoints_since_1_13() -> None:
    for release, count in (("2.3", 2), ("1.12", 0)):
        with scenario_harness(SCENARIO, flink=release) as harness:
            harness.advance_to(5_000)
            job = f"/jobs/{harness.job().id}"
            failed_before = harness.get(f"{job}/checkpoints")["counts"]["failed"]
            for directory in ("", "nosuch://x/y"):
                harness.post(f"{job}/savepoints", {"target-directory": directory, "cancel-job": False})
            harness.advance_to(10_000)
            assert harness.get(f"{job}/checkpoints")["counts"]["failed"] - failed_before == count


def test_a_directory_below_a_file_cannot_be_created() -> None:
    """The recorded step is "directories: poll under a file"."""
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
def test_each_recorded_path_without_a_savepoint_has_the_recorded_errors(release: str, tmp_path: Path) -> None:
    version = VERSIONS[release]
    jar_file = tmp_path / "wordcount.jar"
    jar_file.write_bytes(small_jar())
    with scenario_harness(SCENARIO, flink=release) as harness:
        harness.advance_to(5_000)
        uploaded = harness.client.json("POST", "/jars/upload", files=[UploadedFile("wordcount.jar", jar_file)])
        jar = uploaded["filename"].rpartition("/")[2]
        for step in recorded.step_names(version):
            if not step.startswith("paths: run "):
                continue
            if release in RELEASES_WITH_FOLDERS and step.removeprefix("paths: run ") in LABELS_OF_FOLDERS:
                continue
            path = sent_path(version, step, "savepointPath")
            response = harness.client.send("POST", f"/jars/{jar}/run", {"savepointPath": path})
            assert response.status == recorded.status(version, step), step
            if response.status != 200:
                errors, real = recorded.errors(json.loads(response.body)), recorded.errors(recorded.body(version, step))
                assert lines_begin_as_recorded(errors, real), step
            label = step.removeprefix("paths: run ")
            trigger = harness.post("/savepoint-disposal", {"savepoint-path": path})["request-id"]
            harness.advance_to(harness.now + 1_000)
            disposal = harness.get(f"/savepoint-disposal/{trigger}")
            real = outcome(recorded.body(version, f"paths: poll dispose {label}"), "")
            assert lines_begin_as_recorded(outcome(disposal, ""), real), step


def test_only_schemes_with_a_file_system_can_have_savepoints() -> None:
    with scenario_harness("cluster: {file-systems: [s3]}\njobs: {orders: streaming}") as harness:
        harness.advance_to(5_000)
        job = f"/jobs/{harness.job().id}/savepoints"
        results = []
        for directory in ("s3://bucket/sp", "hdfs://n/sp"):
            trigger = harness.post(job, {"target-directory": directory, "cancel-job": False})["request-id"]
            harness.advance_to(harness.now + 1_000)
            results.append(next(iter(harness.get(f"{job}/{trigger}")["operation"])))
        assert results == ["location", "failure-cause"]


def test_an_invalid_path_of_a_savepoint_in_a_scenario_is_rejected() -> None:
    with pytest.raises(ScenarioError, match=r"Relative path in absolute URI: file:x\."):
        scenario_harness('cluster: {savepoints: ["file:x"]}').__enter__()
