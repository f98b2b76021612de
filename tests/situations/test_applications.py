"""Applications whose main method throws, or starts no job (2.3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flinkmock import small_jar
from flinkmock.rest.handlers import UploadedFile
from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness
from tests.situations import recorded

THROWS = """
submitted:
  "*": {program: {throws: {class: java.lang.IllegalStateException, message: Intentional failure in main}}}
"""
NOTHING = """submitted: {"*": {program: {executes: false}}}"""


def run(harness: ScenarioHarness, folder: Path) -> dict[str, Any]:
    """Run an application; returns its details and exceptions two seconds later."""
    jar = folder / "a.jar"
    jar.write_bytes(small_jar())
    uploaded = harness.client.json("POST", "/jars/upload", files=[UploadedFile("a.jar", jar)])["filename"]
    application = harness.post(f"/jars/{uploaded.rpartition('/')[2]}/run-application")["applicationid"]
    harness.advance_to(harness.now + 2_000)
    return {
        "": harness.get(f"/applications/{application}"),
        "exceptions": harness.get(f"/applications/{application}/exceptions"),
    }


@pytest.mark.parametrize(("scenario", "kind"), [(THROWS, "mainthrows"), (NOTHING, "noexecute")])
def test_an_application(scenario: str, kind: str, tmp_path: Path) -> None:
    with scenario_harness(scenario, flink="2.3") as harness:
        responses = run(harness, tmp_path)
        real = recorded.body("2.3.0", f"applications: {kind}")
        assert responses[""]["status"] == real["status"]
        assert responses[""]["jobs"] == real["jobs"] == []
        entries = responses["exceptions"]["exceptionHistory"]["entries"]
        expected = recorded.body("2.3.0", f"applications: {kind} exceptions")["exceptionHistory"]["entries"]
        assert [entry["exceptionName"] for entry in entries] == [entry["exceptionName"] for entry in expected]
        for entry, other in zip(entries, expected, strict=True):
            assert recorded.causes(entry["stacktrace"]) == recorded.causes(other["stacktrace"])[:3]
            assert entry["stacktrace"].splitlines()[1] == other["stacktrace"].splitlines()[1]
            assert "StreamTask" not in entry["stacktrace"]


def test_the_number_of_exceptions_is_not_limited(tmp_path: Path) -> None:
    """Real 2.3.0 has no parameter maxExceptions here."""
    with scenario_harness(THROWS, flink="2.3") as harness:
        run(harness, tmp_path)
        (application,) = harness.get("/applications/overview")["applications"]
        path = f"/applications/{application['id']}/exceptions"
        assert harness.get(f"{path}?maxExceptions=0") == harness.get(path)
