"""`/jobs/:jobid/checkpoints/config` shows the state backend, the checkpointing mode and the interval."""

from __future__ import annotations

import pytest

from tests.scenario.scenario_helpers import scenario_harness


@pytest.mark.parametrize(
    ("release", "option", "value", "class_name"),
    [
        ("2.3", "state.backend.type", "rocksdb", "EmbeddedRocksDBStateBackend"),
        ("2.3", "state.backend.type", "forst", "ForStStateBackend"),
        ("1.13", "state.backend", "filesystem", "HashMapStateBackend"),
        ("1.12", "state.backend", "rocksdb", "RocksDBStateBackend"),
        ("1.12", "state.backend", "filesystem", "FsStateBackend"),
        ("1.12", "state.backend", "jobmanager", "MemoryStateBackend"),
    ],
)
def test_the_state_backend_is_the_simple_name_of_its_class(
    release: str, option: str, value: str, class_name: str
) -> None:
    """CheckpointConfigHandler; the classes were renamed in 1.13 (FLIP-142)."""
    scenario = f"cluster: {{config: {{{option}: {value}}}}}\njobs: {{orders: {{checkpoints: {{every: 10s}}}}}}"
    with scenario_harness(scenario, flink=release) as harness:
        harness.advance_to(5_000)
        assert harness.get(f"/jobs/{harness.job().id}/checkpoints/config")["state_backend"] == class_name


@pytest.mark.parametrize("release", ["2.3", "1.16"])
def test_a_streaming_job_without_checkpoints_is_at_least_once(release: str) -> None:
    """Observed on 2.3.0 and 1.16.3."""
    with scenario_harness("jobs: {orders: {checkpoints: none}}", flink=release) as harness:
        harness.advance_to(1_000)
        assert harness.get(f"/jobs/{harness.job().id}/checkpoints/config")["mode"] == "at_least_once"


@pytest.mark.parametrize(("release", "interval"), [("2.3", 10_000), ("2.2", 2_000)])
def test_since_2_3_the_interval_is_at_least_the_minimum_pause(release: str, interval: int) -> None:
    """CheckpointCoordinatorConfiguration of 2.3.0; before, CheckpointCoordinator applies the minimum pause."""
    scenario = "jobs: {orders: {checkpoints: {every: 2s, min-pause: 10s, max-concurrent: 3}}}"
    with scenario_harness(scenario, flink=release) as harness:
        harness.advance_to(1_000)
        config = harness.get(f"/jobs/{harness.job().id}/checkpoints/config")
        assert (config["interval"], config["min_pause"], config["max_concurrent"]) == (interval, 10_000, 3)


PARTLY_FINISHED = """
jobs:
  orders:
    checkpoints: {every: 2s}
    vertices:
      - {name: "Source: first", finishes-after: 10s}
      - {name: "Source: second", inputs: []}
      - {name: sink, inputs: ["Source: first", "Source: second"]}
"""


@pytest.mark.parametrize(
    ("release", "option", "failure"),
    [
        ("1.13", None, "Not all required tasks are currently running."),
        ("1.13", "true", "Not all required tasks are currently running."),  # 1.13 does not have the option
        ("1.14", None, "Some tasks of the job have already finished and"),
        ("1.14", "true", None),
        ("1.15", None, None),
        ("2.3", None, None),
        ("2.3", "false", "Some tasks of the job have already finished and"),
    ],
)
def test_an_option_allows_checkpoints_after_tasks_finish(release: str, option: str | None, failure: str | None) -> None:
    """CheckpointConfigHandler, DefaultCheckpointPlanCalculator (FLIP-147)."""
    key = "execution.checkpointing.checkpoints-after-tasks-finish.enabled"
    config = f"cluster: {{config: {{{key}: {option}}}}}\n" if option else ""
    with scenario_harness(config + PARTLY_FINISHED, flink=release) as harness:
        path = f"/jobs/{harness.job().id}"
        harness.advance_to(20_000)
        if release != "1.13":
            settings = harness.get(f"{path}/checkpoints/config")
            assert settings["checkpoints_after_tasks_finish"] == (failure is None)
        count = harness.get(f"{path}/checkpoints")["counts"]["completed"]
        trigger_id = harness.post(f"{path}/savepoints", {"cancel-job": False})["request-id"]
        harness.advance_to(40_000)
        operation = harness.get(f"{path}/savepoints/{trigger_id}")["operation"]
        assert ("location" in operation) == (failure is None)
        if failure:
            assert failure in operation["failure-cause"]["stack-trace"]
            assert harness.get(f"{path}/checkpoints")["counts"]["completed"] == count
        else:
            assert harness.get(f"{path}/checkpoints")["counts"]["completed"] > count + 5
