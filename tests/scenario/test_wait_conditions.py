"""Steps and operations wait for conditions such as `3 polls` and `signal go`, last forever, or expire.

Checkpoints can fail at random.
"""

from __future__ import annotations

import pytest

from flinkmock.cluster.errors import TriggerNotFound
from flinkmock.cluster.spec import Polls, Signal, Step
from flinkmock.errors import NotFound
from flinkmock.named_random import UNBOUNDED
from flinkmock.scenario import load_scenario
from tests.scenario.scenario_helpers import scenario_harness

POLLED = """
jobs:
  orders:
    lifecycle:
      - CREATED: 2 polls
      - RUNNING: 3 polls
      - FINISHED
  other: streaming
"""


def test_wait_conditions_are_read() -> None:
    scenario = load_scenario(
        "operations: {savepoint: 1 poll, cancel: signal let-go}\n"
        "jobs: {orders: {lifecycle: [{CREATED: 3 polls}, {RUNNING: signal done}, FINISHED]}}\n"
    )
    assert (scenario.cluster_operations["savepoint"].duration, scenario.cluster_operations["cancel"].duration) == (
        Polls(1),
        Signal("let-go"),
    )
    assert scenario.jobs[0].lifecycle[:2] == (Step("CREATED", Polls(3)), Step("RUNNING", Signal("done")))


def test_the_last_poll_shows_the_next_state() -> None:
    with scenario_harness(POLLED) as harness:
        assert [harness.state() for _ in range(6)] == ["CREATED", *["RUNNING"] * 3, "FINISHED", "FINISHED"]


def test_polls_are_counted_per_job_regardless_of_time() -> None:
    with scenario_harness(POLLED) as harness:
        harness.advance_to(3_600_000)
        assert harness.timeline()[-1][1] == "CREATED"
        for _ in range(9):
            harness.get(f"/jobs/{harness.job('other').id}")
        assert harness.timeline()[-1][1] == "CREATED"


def test_lists_and_other_reads_of_a_job_count_as_polls() -> None:
    with scenario_harness(POLLED) as harness:
        job_id = harness.job().id
        for target in ("/jobs/overview", "/jobs", f"/jobs/{job_id}/exceptions", f"/jobs/{job_id}/status"):
            harness.get(target)
        assert [state for _, state in harness.timeline()] == ["INITIALIZING", "CREATED", "RUNNING"]
        harness.get("/overview")
        assert harness.timeline()[-1][1] == "RUNNING"
        harness.get(f"/jobs/{job_id}/config")
        assert harness.timeline()[-1][1] == "FINISHED"


def test_a_request_for_the_status_of_a_savepoint_is_a_poll() -> None:
    with scenario_harness("jobs: {orders: streaming}\noperations: {savepoint: 3 polls}\n") as harness:
        harness.advance_to(1_000)
        first_status_path, second_status_path = harness.trigger_savepoint(), harness.trigger_savepoint()
        assert [harness.outcome(first_status_path) for _ in range(2)] == ["IN_PROGRESS"] * 2
        assert harness.get(f"/jobs/{harness.job().id}/checkpoints")["counts"]["in_progress"] == 2
        harness.advance_to(60_000)
        location = harness.outcome(first_status_path)
        assert location.startswith("file:/flink/savepoints/savepoint-")
        assert harness.outcome(second_status_path) == "IN_PROGRESS"
        latest = harness.get(f"/jobs/{harness.job().id}/checkpoints")["latest"]["savepoint"]
        assert (latest["external_path"], latest["end_to_end_duration"]) == (location, 59_000)


def test_a_stop_that_waits_for_polls_finishes_the_job() -> None:
    with scenario_harness("jobs: {orders: streaming}\noperations: {stop-with-savepoint: 2 polls}\n") as harness:
        harness.advance_to(1_000)
        status_path = harness.trigger_stop()
        assert (harness.outcome(status_path), harness.state()) == ("IN_PROGRESS", "RUNNING")
        assert (harness.outcome(status_path)[:5], harness.state()) == ("file:", "FINISHED")


def test_the_last_poll_shows_a_failure() -> None:
    with scenario_harness(
        "jobs: {orders: streaming}\noperations: {savepoint: {duration: 2 polls, fails: [1]}}\n"
    ) as harness:
        harness.advance_to(1_000)
        status_path = harness.trigger_savepoint()
        assert harness.outcome(status_path) == "IN_PROGRESS"
        assert harness.outcome(status_path).endswith("CheckpointException: Checkpoint expired before completing.")
        # the other failed checkpoint was rejected before all tasks ran
        assert harness.get(f"/jobs/{harness.job().id}/checkpoints")["counts"]["failed"] == 2


def test_an_unfinished_savepoint_expires_after_the_checkpoint_timeout() -> None:
    text = "jobs: {orders: {checkpoints: {every: 10m, timeout: 30s}}}\noperations: {savepoint: DURATION}\n"
    for duration in ("5 polls", "signal go", "forever"):
        with scenario_harness(text.replace("DURATION", duration)) as harness:
            harness.advance_to(1_000)
            status_path = harness.trigger_savepoint()
            harness.advance_to(30_999)
            assert harness.outcome(status_path) == "IN_PROGRESS"
            harness.advance_to(31_000)
            assert harness.outcome(status_path).endswith("Checkpoint expired before completing.")
            assert harness.state() == "RUNNING"


def test_a_cancellation_ends_savepoints_that_wait() -> None:
    with scenario_harness("jobs: {orders: streaming}\noperations: {savepoint: 2 polls}\n") as harness:
        harness.advance_to(1_000)
        status_path = harness.trigger_savepoint()
        harness.client.json("PATCH", f"/jobs/{harness.job().id}")
        assert harness.outcome(status_path).endswith("Checkpoint Coordinator is suspending.")
        harness.advance_to(5_000)
        assert harness.outcome(status_path).endswith("Checkpoint Coordinator is suspending.")


def test_a_disposal_can_wait_for_polls_and_fail() -> None:
    operations = "operations: {dispose-savepoint: {duration: 2 polls, fails: [2]}}\n"
    with scenario_harness("cluster: {savepoints: [file:/old/savepoint-1]}\n" + operations) as harness:
        for fails in (False, True):
            trigger_id = harness.post("/savepoint-disposal", {"savepoint-path": "file:/old/savepoint-1"})["request-id"]
            assert harness.get(f"/savepoint-disposal/{trigger_id}")["status"]["id"] == "IN_PROGRESS"
            response = harness.get(f"/savepoint-disposal/{trigger_id}")
            assert response["status"]["id"] == "COMPLETED"
            assert ("failure-cause" in response["operation"]) == fails


def test_a_signal_satisfies_all_wait_conditions_with_its_name() -> None:
    text = """
    operations: {savepoint: signal saved, cancel: signal gone}
    jobs:
      orders: {lifecycle: [{CREATED: signal go}, {RUNNING: forever}]}
      returns: {lifecycle: [{CREATED: signal go}, {RUNNING: forever}]}
    """
    with scenario_harness(text) as harness:
        harness.advance_to(9_000)
        assert harness.state() == harness.state("returns") == "CREATED"
        harness.engine.signal("go")
        assert harness.timeline()[-1] == harness.timeline("returns")[-1] == (9_000, "RUNNING")
        harness.advance_to(10_000)
        status_path = harness.trigger_savepoint()
        harness.advance_to(70_000)
        assert harness.outcome(status_path) == "IN_PROGRESS"
        harness.engine.signal("saved")
        assert harness.outcome(status_path).startswith("file:")
        harness.client.json("PATCH", f"/jobs/{harness.job().id}")
        harness.advance_to(90_000)
        details = harness.get(f"/jobs/{harness.job().id}")
        assert (details["state"], details["status-counts"]["CANCELING"]) == ("CANCELLING", 3)
        harness.engine.signal("gone")
        details = harness.get(f"/jobs/{harness.job().id}")
        assert (details["state"], details["status-counts"]["CANCELED"]) == ("CANCELED", 3)


def test_an_early_signal_satisfies_the_next_wait_condition() -> None:
    text = "jobs: {orders: {lifecycle: [{repeat: forever, steps: [{RUNNING: signal go}, {RESTARTING: 1s}]}]}}\n"
    with scenario_harness(text) as harness:
        harness.engine.signal("go")
        assert harness.timeline()[-1] == (0, "RESTARTING")
        harness.engine.signal("go")
        harness.advance_to(60_000)
        assert harness.timeline()[-3:] == [(1_000, "RUNNING"), (1_000, "RESTARTING"), (2_000, "RUNNING")]


def test_an_unknown_signal_is_an_error() -> None:
    with scenario_harness(POLLED) as harness, pytest.raises(NotFound, match=r'signal "go"\. There are none\.'):
        harness.engine.signal("go")


def test_a_failure_ends_a_wait_condition() -> None:
    text = "jobs: {orders: {lifecycle: [{RUNNING: 3 polls}, FINISHED], restart: {strategy: fixed-delay, delay: 1s}}}\n"
    with scenario_harness(text) as harness:
        harness.advance_to(1_000)
        assert [harness.state(), harness.state()] == ["RUNNING"] * 2
        harness.engine.cluster.state_machines.fail(harness.job(), harness.engine.clock.now())
        assert harness.state() == "RESTARTING"
        harness.advance_to(3_000)
        assert [harness.state() for _ in range(3)] == ["RUNNING", "RUNNING", "FINISHED"]


def test_results_expire_after_result_ttl() -> None:
    with scenario_harness("jobs: {orders: streaming}\noperations: {savepoint: 1s, result-ttl: 90s}\n") as harness:
        harness.advance_to(1_000)
        status_path = harness.trigger_savepoint()
        harness.advance_to(91_999)
        assert harness.outcome(status_path).startswith("file:")
        harness.advance_to(92_000)
        with pytest.raises(TriggerNotFound):
            harness.outcome(status_path)


def test_the_seed_decides_which_checkpoints_fail() -> None:
    text = "seed: SEED\njobs: {orders: {checkpoints: {every: 1s, fails: 30%}}}\n"
    outcomes = []
    for seed in (1, 1, 2):
        with scenario_harness(text.replace("SEED", str(seed))) as harness:
            harness.advance_to(1_000_000)
            statistics = harness.get(f"/jobs/{harness.job().id}/checkpoints")
            outcomes.append(
                (statistics["counts"]["failed"], [checkpoint["status"] for checkpoint in statistics["history"]])
            )
    assert outcomes[0] == outcomes[1] != outcomes[2]
    assert all(240 < failed_count < 360 for failed_count, _ in outcomes)


def test_an_operation_that_lasts_forever_never_completes() -> None:
    assert load_scenario("operations: {cancel: forever}\n").cluster_operations["cancel"].duration == UNBOUNDED
    with scenario_harness("jobs: {orders: streaming}\noperations: {cancel: forever}\n") as harness:
        harness.advance_to(1_000)
        harness.client.json("PATCH", f"/jobs/{harness.job().id}")
        harness.advance_to(10**9)
        details = harness.get(f"/jobs/{harness.job().id}")
        assert (details["state"], details["status-counts"]["CANCELING"]) == ("CANCELLING", 3)
