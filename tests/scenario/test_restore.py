"""A job restores from a savepoint if its vertices match, a claimed savepoint is deleted, and the log names both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flinkmock.cluster.errors import ProgramError
from flinkmock.jar import small_jar
from flinkmock.rest.handlers import UploadedFile
from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness

SAVED_VERTEX_ID, OTHER_VERTEX_ID = "a" * 32, "b" * 32
SCENARIO = f"""
jobs:
  orders:
    vertices: [{{name: "Source: orders", id: {SAVED_VERTEX_ID}}}, {{name: "Sink: print"}}]
submitted:
  "same-id.jar":
    vertices: [{{name: "Source: renamed", id: {SAVED_VERTEX_ID}}}, "Sink: print"]
    checkpoints: {{every: 5s}}
  "other-id.jar": {{vertices: [{{name: "Source: orders", id: {OTHER_VERTEX_ID}}}, "Sink: print"]}}
  "without-ids.jar": {{vertices: ["Source: all new"]}}
"""
MAPPING_ERROR = (
    f"Cannot map checkpoint/savepoint state for operator {SAVED_VERTEX_ID} to the new program, because the operator is "
    "not available in the new program."
)


def run(
    harness: ScenarioHarness, folder: Path, jar_name: str, savepoint_path: str, query: str = "", **body: Any
) -> str:
    """Run a jar from a savepoint; return the state of the job a minute later."""
    file = folder / jar_name
    file.write_bytes(small_jar())
    response = harness.client.json("POST", "/jars/upload", files=[UploadedFile(jar_name, file)])
    jar_id = response["filename"].rpartition("/")[2]
    job_id = harness.post(f"/jars/{jar_id}/run{query}", {"savepointPath": savepoint_path, **body})["jobid"]
    harness.advance_to(harness.now + 60_000)
    return str(harness.get(f"/jobs/{job_id}")["state"])


def take_savepoint(harness: ScenarioHarness) -> str:
    """Take a savepoint of `orders`; return its path."""
    harness.advance_to(5_000)
    status_path = harness.trigger_savepoint()
    harness.advance_to(10_000)
    return harness.outcome(status_path)


@pytest.mark.parametrize("jar_name", ["same-id.jar", "without-ids.jar"])
def test_a_job_restores_if_vertex_ids_match_or_are_not_set(tmp_path: Path, jar_name: str) -> None:
    with scenario_harness(SCENARIO) as harness:
        assert run(harness, tmp_path, jar_name, take_savepoint(harness)) == "RUNNING"


@pytest.mark.parametrize("release", ["1.12", "1.20", "2.3"])
def test_a_job_fails_if_the_vertex_of_the_state_is_missing(tmp_path: Path, release: str) -> None:
    with scenario_harness(SCENARIO, flink=release) as harness:
        savepoint_path = take_savepoint(harness)
        with pytest.raises(ProgramError):
            run(harness, tmp_path, "other-id.jar", savepoint_path)
        failed = next(job for job in harness.engine.cluster.jobs.values() if job.state == "FAILED")
        (failure,) = failed.failures
        assert f"Failed to rollback to checkpoint/savepoint {savepoint_path}. {MAPPING_ERROR}" in str(
            failure.exception.chain()[-1]
        )


def test_the_state_of_a_missing_vertex_can_be_skipped(tmp_path: Path) -> None:
    with scenario_harness(SCENARIO) as harness:
        savepoint_path = take_savepoint(harness)
        assert run(harness, tmp_path, "other-id.jar", savepoint_path, allowNonRestoredState=True) == "RUNNING"
        assert run(harness, tmp_path, "other-id.jar", savepoint_path, "?allowNonRestoredState=true") == "RUNNING"
        options = {"execution.state-recovery.ignore-unclaimed-state": "true"}
        assert run(harness, tmp_path, "other-id.jar", savepoint_path, flinkConfiguration=options) == "RUNNING"


def test_a_claimed_savepoint_is_deleted_after_the_first_checkpoint(tmp_path: Path) -> None:
    with scenario_harness(SCENARIO) as harness:
        savepoint_path = take_savepoint(harness)
        assert run(harness, tmp_path, "same-id.jar", savepoint_path, claimMode="NO_CLAIM") == "RUNNING"
        assert run(harness, tmp_path, "same-id.jar", savepoint_path, claimMode="CLAIM") == "RUNNING"
        with pytest.raises(ProgramError):
            run(harness, tmp_path, "same-id.jar", savepoint_path)
        trigger_id = harness.post("/savepoint-disposal", {"savepoint-path": savepoint_path})["request-id"]
        harness.advance_to(harness.now + 1_000)
        assert harness.outcome(f"/savepoint-disposal/{trigger_id}").startswith(
            "Caused by: java.io.FileNotFoundException"
        )


def checkpoint_paths(harness: ScenarioHarness) -> list[str]:
    """Return the paths of the completed checkpoints of `orders`, oldest first, without savepoints."""
    completed = harness.job().checkpoints.completed_checkpoints_at(harness.engine.clock.now())
    return [checkpoint.path for checkpoint in completed if not checkpoint.is_savepoint]


@pytest.mark.parametrize("max_retained", [1, 2])
def test_a_job_restores_from_each_retained_checkpoint(tmp_path: Path, max_retained: int) -> None:
    scenario = f"""
cluster: {{config: {{state.checkpoints.num-retained: {max_retained}}}}}
jobs: {{orders: {{checkpoints: {{every: 1s, duration: 10ms, retained: retain}}}}}}
"""
    with scenario_harness(scenario, flink="1.20") as harness:
        savepoint_path = take_savepoint(harness)
        harness.client.send("PATCH", f"/jobs/{harness.job().id}")
        harness.advance_to(11_000)
        older, newer = checkpoint_paths(harness)[-2:]
        assert run(harness, tmp_path, "any.jar", newer) == "RUNNING"
        if max_retained == 2:
            assert run(harness, tmp_path, "any.jar", older) == "RUNNING"
        else:
            with pytest.raises(ProgramError):
                run(harness, tmp_path, "any.jar", older)
        assert run(harness, tmp_path, "any.jar", savepoint_path) == "RUNNING"


def test_the_newest_checkpoint_is_retained_if_a_savepoint_is_newer(tmp_path: Path) -> None:
    scenario = "jobs: {orders: {checkpoints: {every: 4s, duration: 10ms, retained: retain}}}"
    with scenario_harness(scenario) as harness:
        harness.advance_to(5_000)
        status_path = harness.trigger_savepoint()
        harness.advance_to(6_500)
        assert harness.outcome(status_path) != "IN_PROGRESS"
        harness.client.send("PATCH", f"/jobs/{harness.job().id}")
        harness.advance_to(7_000)
        newest = harness.job().checkpoints.completed_checkpoints_at(harness.engine.clock.now())[-1]
        assert newest.is_savepoint
        assert run(harness, tmp_path, "any.jar", checkpoint_paths(harness)[-1]) == "RUNNING"


def test_a_job_does_not_restore_from_a_savepoint_that_was_disposed_of(tmp_path: Path) -> None:
    with scenario_harness("jobs: {orders: {checkpoints: none}}") as harness:
        savepoint_path = take_savepoint(harness)
        harness.post("/savepoint-disposal", {"savepoint-path": savepoint_path})
        harness.advance_to(20_000)
        with pytest.raises(ProgramError):
            run(harness, tmp_path, "any.jar", savepoint_path)


def log_lines(harness: ScenarioHarness, *words: str) -> list[str]:
    """Return the messages in the JobManager's log that contain one of these words."""
    lines = harness.client.send("GET", "/jobmanager/log").body.decode().splitlines()
    return [line.partition(" - ")[2] for line in lines if any(word in line for word in words)]


@pytest.mark.parametrize(("claim_mode", "is_savepoint"), [("NO_CLAIM", True), ("LEGACY", True), ("CLAIM", False)])
def test_the_claim_mode_decides_whether_a_savepoint_was_restored(
    tmp_path: Path, claim_mode: str, is_savepoint: bool
) -> None:
    """Seen on 2.3.0, as is the log."""
    with scenario_harness(SCENARIO) as harness:
        path = take_savepoint(harness)
        run(harness, tmp_path, "same-id.jar", path, claimMode=claim_mode)
        job = list(harness.engine.cluster.jobs.values())[-1]
        restored = harness.get(f"/jobs/{job.id}/checkpoints")["latest"]["restored"]
        assert (restored["is_savepoint"], restored["external_path"]) == (is_savepoint, path)
        name = "Savepoint" if is_savepoint else "Checkpoint"
        number = restored["id"]
        assert log_lines(harness, "Restoring") == [
            f"Restoring job {job.id} from {name} {number} @ 0 for {job.id} located at {path}."
        ]


@pytest.mark.parametrize(
    ("endpoint", "body", "request_name", "savepoint_type"),
    [
        ("savepoints", {}, "savepoint", "name='Savepoint', postCheckpointAction=NONE"),
        ("savepoints", {"cancel-job": True}, "cancel-with-savepoint", "name='Savepoint', postCheckpointAction=NONE"),
        ("stop", {}, "stop-with-savepoint", "name='Suspend Savepoint', postCheckpointAction=SUSPEND"),
        ("stop", {"drain": True}, "stop-with-savepoint", "name='Terminate Savepoint', postCheckpointAction=TERMINATE"),
    ],
)
def test_the_log_names_the_purpose_of_a_savepoint(
    endpoint: str, body: dict[str, Any], request_name: str, savepoint_type: str
) -> None:
    with scenario_harness(SCENARIO) as harness:
        harness.advance_to(5_000)
        job_id = harness.job().id
        harness.post(f"/jobs/{job_id}/{endpoint}", body)
        harness.advance_to(10_000)
        request, savepoint = log_lines(harness, "savepoint for job", "type=SavepointType")
        assert request == f"Triggering {request_name} for job {job_id}."
        assert f"(type=SavepointType{{{savepoint_type}, formatType=CANONICAL}})" in savepoint
