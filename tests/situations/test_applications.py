"""Applications fail as in 2.3 if their main method throws or starts no job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flinkmock import small_jar
from flinkmock.rest.handlers import UploadedFile
from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness
from tests.situations import recorded

MAIN_METHOD_THROWS = """
submitted:
  "*": {program: {throws: {class: java.lang.IllegalStateException, message: Intentional failure in main}}}
"""
STARTS_NO_JOB = """submitted: {"*": {program: {executes: false}}}"""


def run_application(harness: ScenarioHarness, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run an application. Return its details and its exceptions two seconds later."""
    jar = folder / "a.jar"
    jar.write_bytes(small_jar())
    uploaded = harness.client.json("POST", "/jars/upload", files=[UploadedFile("a.jar", jar)])["filename"]
    application = harness.post(f"/jars/{uploaded.rpartition('/')[2]}/run-application")["applicationid"]
    harness.advance_to(harness.now + 2_000)
    path = f"/applications/{application}"
    return harness.get(path), harness.get(f"{path}/exceptions")


@pytest.mark.parametrize(("scenario", "step"), [(MAIN_METHOD_THROWS, "mainthrows"), (STARTS_NO_JOB, "noexecute")])
def test_an_application_fails_with_the_recorded_exceptions(scenario: str, step: str, tmp_path: Path) -> None:
    with scenario_harness(scenario, flink="2.3") as harness:
        details, exceptions = run_application(harness, tmp_path)
        real = recorded.body("2.3.0", f"applications: {step}")
        assert details["status"] == real["status"]
        assert details["jobs"] == real["jobs"] == []
        entries = exceptions["exceptionHistory"]["entries"]
        expected = recorded.body("2.3.0", f"applications: {step} exceptions")["exceptionHistory"]["entries"]
        assert [entry["exceptionName"] for entry in entries] == [entry["exceptionName"] for entry in expected]
        for entry, expected_entry in zip(entries, expected, strict=True):
            trace, expected_trace = entry["stacktrace"], expected_entry["stacktrace"]
            assert recorded.causes(trace) == recorded.causes(expected_trace)[:3]
            assert trace.splitlines()[1] == expected_trace.splitlines()[1], "the innermost frame"
            assert "StreamTask" not in trace


def test_clients_cannot_limit_the_number_of_exceptions(tmp_path: Path) -> None:
    """The operation of 2.3.0 has no parameter maxExceptions."""
    with scenario_harness(MAIN_METHOD_THROWS, flink="2.3") as harness:
        run_application(harness, tmp_path)
        (application,) = harness.get("/applications/overview")["applications"]
        path = f"/applications/{application['id']}/exceptions"
        assert harness.get(f"{path}?maxExceptions=0") == harness.get(path)
