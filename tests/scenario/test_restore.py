"""Restoring from savepoints: vertex ids, skipped state, claimed savepoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flinkmock.cluster.errors import ProgramError
from flinkmock.jar import small_jar
from flinkmock.rest.handlers import UploadedFile
from tests.scenario.scenario_helpers import Stage, played

OLD, NEW = "a" * 32, "b" * 32
JOBS = f"""
jobs:
  orders:
    vertices: [{{name: "Source: orders", id: {OLD}}}, {{name: "Sink: print"}}]
submitted:
  "same.jar": {{vertices: [{{name: "Source: renamed", id: {OLD}}}, "Sink: print"], checkpoints: {{every: 5s}}}}
  "other.jar": {{vertices: [{{name: "Source: orders", id: {NEW}}}, "Sink: print"]}}
  "without.jar": {{vertices: ["Source: all new"]}}
"""
MISFIT = (
    f"Cannot map checkpoint/savepoint state for operator {OLD} to the new program, because the operator is not "
    "available in the new program."
)


def run(stage: Stage, folder: Path, name: str, savepoint: str, query: str = "", **body: Any) -> str:
    """The state of the job a minute later."""
    copy = folder / f"{name}.copy"
    copy.write_bytes(small_jar())
    jar = stage.client.json("POST", "/jars/upload", files=[UploadedFile(name, copy)])["filename"].rpartition("/")[2]
    job_id = stage.post(f"/jars/{jar}/run{query}", {"savepointPath": savepoint, **body})["jobid"]
    stage.to(stage.now + 60_000)
    return str(stage.get(f"/jobs/{job_id}")["state"])


def saved(stage: Stage) -> str:
    stage.to(5_000)
    status = stage.savepoint()
    stage.to(10_000)
    return stage.outcome(status)


@pytest.mark.parametrize("name", ["same.jar", "without.jar"])
def test_ids_that_match_or_are_not_set(tmp_path: Path, name: str) -> None:
    with played(JOBS) as stage:
        assert run(stage, tmp_path, name, saved(stage)) == "RUNNING"


@pytest.mark.parametrize("flink", ["1.12", "1.20", "2.3"])
def test_state_of_a_removed_vertex(tmp_path: Path, flink: str) -> None:
    with played(JOBS, flink=flink) as stage:
        savepoint = saved(stage)
        with pytest.raises(ProgramError):
            run(stage, tmp_path, "other.jar", savepoint)
        failed = next(job for job in stage.engine.cluster.jobs.values() if job.state == "FAILED")
        (entry,) = failed.failures
        assert f"Failed to rollback to checkpoint/savepoint {savepoint}. {MISFIT}" in str(entry.exception.chain()[-1])


def test_it_can_be_skipped(tmp_path: Path) -> None:
    with played(JOBS) as stage:
        savepoint = saved(stage)
        assert run(stage, tmp_path, "other.jar", savepoint, allowNonRestoredState=True) == "RUNNING"
        assert run(stage, tmp_path, "other.jar", savepoint, "?allowNonRestoredState=true") == "RUNNING"
        options = {"execution.state-recovery.ignore-unclaimed-state": "true"}
        assert run(stage, tmp_path, "other.jar", savepoint, flinkConfiguration=options) == "RUNNING"


def test_a_claimed_savepoint_is_deleted_after_the_first_checkpoint(tmp_path: Path) -> None:
    with played(JOBS) as stage:
        savepoint = saved(stage)
        assert run(stage, tmp_path, "same.jar", savepoint, claimMode="NO_CLAIM") == "RUNNING"
        assert run(stage, tmp_path, "same.jar", savepoint, claimMode="CLAIM") == "RUNNING"
        with pytest.raises(ProgramError):
            run(stage, tmp_path, "same.jar", savepoint)
        trigger = stage.post("/savepoint-disposal", {"savepoint-path": savepoint})["request-id"]
        stage.to(stage.now + 1_000)
        assert stage.outcome(f"/savepoint-disposal/{trigger}").startswith("Caused by: java.io.FileNotFoundException")
