"""Cancellations, submissions and uploads fail as a scenario says."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from flinkmock.cluster.errors import CancellationFailed, ProgramError, UncaughtJavaException
from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.handlers import UploadedFile
from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness

SCENARIO = """
exceptions:
  rejected: {class: org.apache.flink.util.FlinkException, message: not now}
jobs:
  orders: {operations: {cancel: {duration: 1s, fails: [1]}}}
  returns: {operations: {cancel: {fails: [1], exception: rejected}}}
submitted:
  "*": {name: submitted, operations: {submit: {fails: [2], exception: rejected}}}
operations:
  upload: {fails: [1]}
"""


def upload(harness: ScenarioHarness, folder: Path) -> str:
    """Upload a small jar; return its id."""
    file = folder / "copy.bin"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nMain-Class: org.example.Orders\n")
    response: Any = harness.client.json("POST", "/jars/upload", files=[UploadedFile("orders.jar", file)])
    return str(response["filename"]).rpartition("/")[2]


def test_a_cancellation_that_times_out_leaves_the_job_running_and_the_next_one_succeeds() -> None:
    with scenario_harness(SCENARIO) as harness:
        harness.advance_to(1_000)
        target = f"/jobs/{harness.job().id}"
        with pytest.raises(CancellationFailed) as error:
            harness.client.json("PATCH", target)
        assert error.value.exception == JavaException("java.util.concurrent.TimeoutException")
        assert harness.state() == "RUNNING"
        harness.client.json("PATCH", target)
        harness.client.json("PATCH", target)  # a request during the cancellation changes nothing
        harness.advance_to(2_000)
        assert harness.timeline()[-2:] == [(1_000, "CANCELLING"), (2_000, "CANCELED")]


def test_cancellations_are_counted_per_job() -> None:
    with scenario_harness(SCENARIO) as harness:
        harness.advance_to(1_000)
        for name in ("orders", "returns"):
            with pytest.raises(CancellationFailed):
                harness.client.json("PATCH", f"/jobs/{harness.job(name).id}")


def test_uploads_and_submissions_fail_as_configured(tmp_path: Path) -> None:
    with scenario_harness(SCENARIO) as harness:
        with pytest.raises(UncaughtJavaException) as error:
            upload(harness, tmp_path)
        assert str(error.value.exception) == "java.io.IOException: No space left on device"
        assert harness.get("/jars")["files"] == []
        jar_id = upload(harness, tmp_path)
        harness.post(f"/jars/{jar_id}/run")
        with pytest.raises(ProgramError) as program_error:
            harness.post(f"/jars/{jar_id}/run")
        assert program_error.value.exception.chain()[-1].message == "not now"
        assert [job.name for job in harness.engine.cluster.jobs.values()].count("submitted") == 1
        harness.post(f"/jars/{jar_id}/run")
        assert [job.name for job in harness.engine.cluster.jobs.values()].count("submitted") == 2
