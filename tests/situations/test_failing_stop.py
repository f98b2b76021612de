"""A task throws while its job stops, after the savepoint: the savepoint remains and, since 1.15, the job fails."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness
from tests.situations import recorded

SCENARIO = """
jobs:
  orders:
    vertices: ["Source: Sequence Source -> numbers", "commit -> Filter -> Sink: print"]
    restart: {restart}
    operations:
      stop-with-savepoint:
        fails: [1]
        leaves-savepoint: true
        exception: {class: java.lang.IllegalStateException, message: Cannot commit., vertex: commit}
"""
FIXED_DELAY = "{strategy: fixed-delay, delay: 1s}"


def stop(harness: ScenarioHarness) -> tuple[list[str], str]:
    """Stop the job. Return the exceptions of the stop, with PATH in place of the savepoint's path, and this path."""
    harness.advance_to(5_000)
    status_path = harness.trigger_stop()
    assert harness.get(status_path)["status"]["id"] == "IN_PROGRESS"
    harness.advance_to(6_500)
    failure = harness.get(status_path)["operation"]["failure-cause"]
    path = savepoint_path(harness.get(f"/jobs/{harness.job().id}/checkpoints"))
    return recorded.causes(failure["stack-trace"].replace(path, "PATH")), path


def savepoint_path(checkpoints: dict[str, Any]) -> str:
    """Return the path of the newest savepoint in the response of /jobs/:jobid/checkpoints."""
    return next(entry["external_path"] for entry in checkpoints["history"] if entry["is_savepoint"])


def recorded_causes(version: str, label: str) -> list[str]:
    body = recorded.body(version, f"failing stop {label}: poll stop")
    path = savepoint_path(recorded.body(version, f"failing stop {label}: checkpoints"))
    return recorded.causes(body["operation"]["failure-cause"]["stack-trace"].replace(path, "PATH"))


def entered_states(details: dict[str, Any]) -> set[str]:
    return {state for state, time in details["timestamps"].items() if time}


def comparable_values(entry: dict[str, Any]) -> tuple[object, ...]:
    """Return the values of an entry of the exception history that should equal the recorded ones."""
    concurrent = [exception["exceptionName"] for exception in entry["concurrentExceptions"]]
    return entry["exceptionName"], entry["stacktrace"].splitlines()[0], "taskName" in entry, concurrent


@pytest.mark.parametrize("release", recorded.releases("1.12"))
@pytest.mark.parametrize(
    ("label", "restart"),
    [("none", "none"), ("restarts", FIXED_DELAY), ("restarts", "{strategy: fixed-delay, delay: 0s}")],
)
def test_the_job_fails_with_any_restart_strategy(release: str, label: str, restart: str) -> None:
    version = recorded.VERSIONS[release]
    with scenario_harness(SCENARIO.replace("{restart}", restart), flink=release) as harness:
        causes, path = stop(harness)
        assert causes == recorded_causes(version, label)
        job = f"/jobs/{harness.job().id}"
        real = recorded.body(version, f"failing stop {label}: job")
        details = harness.get(job)
        assert details["state"] == real["state"] == "FAILED"
        assert [vertex["status"] for vertex in details["vertices"]] == [vertex["status"] for vertex in real["vertices"]]
        assert entered_states(details) == entered_states(real)
        entries = harness.get(f"{job}/exceptions")["exceptionHistory"]["entries"]
        expected = recorded.body(version, f"failing stop {label}: exceptions")["exceptionHistory"]["entries"]
        assert list(map(comparable_values, entries)) == list(map(comparable_values, expected))
        trigger_id = harness.post("/savepoint-disposal", {"savepoint-path": path})["request-id"]
        harness.advance_to(8_000)
        assert "failure-cause" not in (harness.get(f"/savepoint-disposal/{trigger_id}")["operation"] or {})


def test_before_1_15_the_job_restarts_from_the_savepoint() -> None:
    with scenario_harness(SCENARIO.replace("{restart}", FIXED_DELAY), flink="1.12") as harness:
        causes, _ = stop(harness)
        assert causes == recorded_causes("1.12.5", "restarts")
        assert harness.state() == recorded.body("1.12.5", "failing stop restarts: job")["state"] == "RUNNING"
        restored = harness.get(f"/jobs/{harness.job().id}/checkpoints")["latest"]["restored"]
        assert restored["is_savepoint"]
        root_exception = harness.get(f"/jobs/{harness.job().id}/exceptions")["root-exception"]
        real = recorded.body("1.12.5", "failing stop restarts: exceptions")["root-exception"]
        assert recorded.causes(root_exception) == recorded.causes(real)


def test_the_job_also_fails_if_a_taskmanager_is_lost_after_the_savepoint() -> None:
    text = """
cluster: {taskmanagers: {count: 2, events: [{5s700ms: {lost: 0}}]}}
jobs:
  orders: {restart: {strategy: fixed-delay, delay: 1s}, operations: {stop-with-savepoint: 1s}}
"""
    with scenario_harness(text, flink="2.3") as harness:
        causes, _ = stop(harness)
        assert "StopWithSavepointStoppingException" in causes[0]
        assert harness.state() == "FAILED"
