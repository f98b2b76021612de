"""The responses of a scenario never contradict each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.coherence import contradictions_over_time, incoherences
from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness
from tests.scenario.test_determinism import RICH

SCENARIOS = Path(__file__).parents[2] / "scenarios"
WAITING = """
jobs:
  orders:
    lifecycle:
      - INITIALIZING: signal initialized
      - CREATED: signal created
      - RUNNING: signal fail
      - RESTARTING: signal restarted
      - RUNNING: signal fail
      - FAILING: signal failed
      - FAILED
  batch: {extends: batch, lifecycle: [{RUNNING: signal fail}, FINISHED]}
  canceled: streaming
operations: {cancel: signal failed}
"""
"""A scenario that waits only for signals, because polls would change the cluster while its responses are compared."""
SIGNALS = ("initialized", "created", "fail", "restarted", "fail", "failed")
WITHOUT_LEADER_CHANGE = RICH.replace("{48s: {crashes: 0}}", "")
"""RICH without its leader change, after which jobs start again and their values go backwards."""
ADAPTIVE = """
cluster:
  taskmanagers: {count: 1, events: [{20s: joins}, {50s: lost}, {55s: joins}]}
  slots: 2
  config: {jobmanager.scheduler: adaptive, jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling: 3 s}
jobs:
  orders: {parallelism: 4, checkpoints: {every: 2s}}
  returns: {type: batch, parallelism: 1}
"""


def job_details(harness: ScenarioHarness) -> dict[str, object]:
    """Return the details of all jobs by id."""
    return {job["jid"]: harness.get(f"/jobs/{job['jid']}") for job in harness.get("/jobs/overview")["jobs"]}


@pytest.mark.parametrize("release", ["2.3", "1.20", "1.12"])
def test_responses_are_coherent_while_each_step_waits_for_a_signal(release: str) -> None:
    with scenario_harness(WAITING, flink=release) as harness:
        for signal in SIGNALS:
            assert incoherences(harness.client) == []
            harness.advance_to(harness.now + 5_000)
            assert incoherences(harness.client) == []
            harness.engine.signal(signal)
            assert incoherences(harness.client) == []
            if signal == "created":
                harness.client.json("PATCH", f"/jobs/{harness.job('canceled').id}?mode=cancel")
        harness.advance_to(harness.now + 5_000)
        assert incoherences(harness.client) == []
        assert {job.state for job in harness.engine.cluster.jobs.values()} == {"FAILED", "FINISHED", "CANCELED"}


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(WITHOUT_LEADER_CHANGE, id="without-leader-change"),
        pytest.param(ADAPTIVE, id="adaptive"),
        *(
            pytest.param(SCENARIOS / f"{name}.yaml", id=name)
            for name in ("lost-taskmanager", "no-free-slots", "rescale", "back-pressure", "checkpoint-storm")
        ),
    ],
)
def test_responses_are_coherent_as_time_advances(source: str | Path) -> None:
    with scenario_harness(source) as harness:
        before = job_details(harness)
        for time in range(0, 66_000, 1_370):
            harness.advance_to(time)
            assert incoherences(harness.client) == []
            after = job_details(harness)
            assert contradictions_over_time(before, after) == []
            before = after
