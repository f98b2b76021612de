"""A stop that leaves a savepoint and a failed job: a task throws while the job stops, after its savepoint."""

from __future__ import annotations

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
DELAY = "{strategy: fixed-delay, delay: 1s}"


def stopped(harness: ScenarioHarness) -> tuple[list[str], str]:
    """Stop the job; return the exceptions of the operation and the path of the savepoint."""
    harness.advance_to(5_000)
    status_path = harness.trigger_stop()
    assert harness.get(status_path)["status"]["id"] == "IN_PROGRESS"
    harness.advance_to(6_500)
    failure = harness.get(status_path)["operation"]["failure-cause"]
    path = next(checkpoint["external_path"] for checkpoint in history(harness) if checkpoint["is_savepoint"])
    return recorded.causes(failure["stack-trace"].replace(path, "PATH")), path


def history(harness: ScenarioHarness) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = harness.get(f"/jobs/{harness.job().id}/checkpoints")["history"]
    return rows


def real_failure(version: str, label: str) -> list[str]:
    body = recorded.body(version, f"failing stop {label}: poll stop")
    path = next(
        checkpoint["external_path"]
        for checkpoint in recorded.body(version, f"failing stop {label}: checkpoints")["history"]
        if checkpoint["is_savepoint"]
    )
    return recorded.causes(body["operation"]["failure-cause"]["stack-trace"].replace(path, "PATH"))


@pytest.mark.parametrize("release", recorded.releases("1.12"))
@pytest.mark.parametrize(("label", "restart"), [("none", "none"), ("restarts", DELAY)])
def test_the_job_fails_with_any_restart_strategy(release: str, label: str, restart: str) -> None:
    version = recorded.RELEASES[release]
    with scenario_harness(SCENARIO.replace("{restart}", restart), flink=release) as harness:
        causes, path = stopped(harness)
        assert causes == real_failure(version, label)
        job = f"/jobs/{harness.job().id}"
        real = recorded.body(version, f"failing stop {label}: job")
        details = harness.get(job)
        assert details["state"] == real["state"] == "FAILED"
        assert [vertex["status"] for vertex in details["vertices"]] == [vertex["status"] for vertex in real["vertices"]]
        entered = lambda body: {state for state, at in body["timestamps"].items() if at}  # noqa: E731
        assert entered(details) == entered(real)
        entries = harness.get(f"{job}/exceptions")["exceptionHistory"]["entries"]
        expected = recorded.body(version, f"failing stop {label}: exceptions")["exceptionHistory"]["entries"]
        summary = lambda entry: (  # noqa: E731
            entry["exceptionName"],
            entry["stacktrace"].splitlines()[0],
            "taskName" in entry,
            [other["exceptionName"] for other in entry["concurrentExceptions"]],
        )
        assert [summary(entry) for entry in entries] == [summary(entry) for entry in expected]
        again = harness.post("/savepoint-disposal", {"savepoint-path": path})["request-id"]
        harness.advance_to(8_000)
        assert "failure-cause" not in (harness.get(f"/savepoint-disposal/{again}")["operation"] or {})


def test_before_1_15_the_job_recovers() -> None:
    with scenario_harness(SCENARIO.replace("{restart}", DELAY), flink="1.12") as harness:
        causes, _ = stopped(harness)
        assert causes == real_failure("1.12.5", "restarts")
        assert harness.state() == recorded.body("1.12.5", "failing stop restarts: job")["state"] == "RUNNING"
        restored = harness.get(f"/jobs/{harness.job().id}/checkpoints")["latest"]["restored"]
        assert restored["is_savepoint"]
        root_exception = harness.get(f"/jobs/{harness.job().id}/exceptions")["root-exception"]
        real = recorded.body("1.12.5", "failing stop restarts: exceptions")["root-exception"]
        assert recorded.causes(root_exception) == recorded.causes(real)


def test_a_taskmanager_that_is_lost_after_the_savepoint() -> None:
    text = """
cluster: {taskmanagers: {count: 2, events: [{5s700ms: {lost: 0}}]}}
jobs:
  orders: {restart: {strategy: fixed-delay, delay: 1s}, operations: {stop-with-savepoint: 1s}}
"""
    with scenario_harness(text, flink="2.3") as harness:
        causes, _ = stopped(harness)
        assert "StopWithSavepointStoppingException" in causes[0]
        assert harness.state() == "FAILED"
