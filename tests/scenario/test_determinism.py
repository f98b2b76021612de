"""The same file and seed give the same bytes: in another process, with other time steps,
with other jobs, with other clock modes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flinkmock.cluster.clock import Clock
from tests.scenario.scenario_helpers import ScenarioHarness, scenario_harness

ROOT = Path(__file__).parents[2]
RICH = """
seed: 11
cluster:
  taskmanagers: {count: 4, events: [{25s: lost}, {40s: joins}]}
  jobmanagers: {count: 2, events: [{48s: {crashes: 0}}]}
exceptions: {oom: {class: java.lang.OutOfMemoryError, message: Java heap space}}
jobs:
  orders:
    parallelism: 2
    vertices:
      - "Source: orders"
      - {name: window, skew: [3, 1], backpressure: {ratio: 60%, from: 5s, until: 9s}}
      - "Sink: a"
    metrics: {load: {sine: [0, 100], every: 13s}}
    lifecycle:
      - CREATED: 300ms..900ms
      - repeat: forever
        steps:
          - RUNNING: 4s..9s
          - RESTARTING: {duration: 200ms..2s, exception: oom}
    checkpoints: {every: 1s, duration: 100ms..1500ms, size: 1MB..9MB, fails: 20%}
    restore-duration: 100ms..900ms
  nightly: {extends: batch, age: 5s}
operations: {savepoint: 1s..3s, cancel: 100ms..900ms}
"""
"""Random durations and failures, a lost TaskManager, and a leader change."""
JOB_TARGET_SUFFIXES = (
    "",
    "/exceptions",
    "/checkpoints",
    "/config",
    "/plan",
    "/accumulators",
    "/metrics?get=load,uptime",
)
with_few_examples = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def responses_about(harness: ScenarioHarness, name: str = "orders") -> list[object]:
    """Return responses about one job and its vertices; some about a batch job are errors."""
    job = harness.job(name)
    bodies: list[object] = [
        json.loads(harness.client.send("GET", f"/jobs/{job.id}{suffix}").body) for suffix in JOB_TARGET_SUFFIXES
    ]
    for vertex in job.graph.vertices:
        vertex_path = f"/jobs/{job.id}/vertices/{vertex.id}"
        bodies += [
            json.loads(harness.client.send("GET", f"{vertex_path}{suffix}").body)
            for suffix in ("", "/subtasktimes", "/backpressure", "/metrics?get=0.numRecordsIn")
        ]
    return bodies


def digest(harness: ScenarioHarness) -> str:
    """Return a digest of responses about all jobs and the cluster."""
    job_responses = [responses_about(harness, job.name) for job in harness.engine.cluster.jobs.values()]
    cluster_responses = [
        harness.get(target) for target in ("/overview", "/jobs/overview", "/taskmanagers", "/jobmanager/metrics")
    ]
    thread_dumps = [
        harness.get(f"/taskmanagers/{taskmanager['id']}/thread-dump")
        for taskmanager in harness.get("/taskmanagers")["taskmanagers"]
    ]
    return sha256(repr([job_responses, cluster_responses, thread_dumps]).encode()).hexdigest()


def response_digests() -> str:
    """Return the digests of responses within a minute, one per line."""
    digests = []
    with scenario_harness(RICH) as harness:
        for time in range(0, 60_000, 7_500):
            harness.advance_to(time)
            if time == 15_000:
                harness.trigger_savepoint()
            digests.append(digest(harness))
    return "\n".join(digests)


def test_another_process_gives_the_same_responses() -> None:
    code = "from tests.scenario.test_determinism import response_digests; print(response_digests())"
    environment = {**os.environ, "PYTHONHASHSEED": "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"}
    command = [sys.executable, "-c", code]
    completed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert completed.stdout.strip() == response_digests()  # with another hash seed


def test_another_seed_gives_another_timeline() -> None:
    with scenario_harness(RICH) as harness, scenario_harness(RICH.replace("seed: 11", "seed: 12")) as other:
        harness.advance_to(30_000)
        other.advance_to(30_000)
        assert harness.timeline() != other.timeline()


@with_few_examples
@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=6))
def test_many_small_advances_give_the_same_responses_as_a_large_one(steps: list[int]) -> None:
    with scenario_harness(RICH) as in_steps, scenario_harness(RICH) as at_once:
        for step in steps:
            in_steps.engine.advance(step)
        at_once.engine.advance(sum(steps))
        assert digest(in_steps) == digest(at_once)


@pytest.mark.parametrize(
    "replacement",
    [
        ("  nightly:", "  added: {parallelism: 3}\n  nightly:"),
        ("jobs:\n", "jobs:\n  added: restarting\n"),
        ("{extends: batch, age: 5s}", "{extends: streaming}"),
        ("exceptions: {oom:", "exceptions: {other: {class: a.B}, oom:"),
    ],
    ids=["job-added-after", "job-added-before", "other-job-changed", "exception-added"],
)
def test_an_unrelated_edit_changes_no_other_job(replacement: tuple[str, str]) -> None:
    """Only the slots of a job may differ, because another job may take them first."""
    with scenario_harness(RICH) as original, scenario_harness(RICH.replace(*replacement)) as edited:
        for time in (0, 10_000, 24_000):
            bodies = []
            for harness in (original, edited):
                harness.advance_to(time)
                bodies.append(without_locations(responses_about(harness)))
            assert bodies[0] == bodies[1]
            assert original.timeline() == edited.timeline()


LOCATION_KEYS = {"host", "endpoint", "location", "taskmanager-id", "taskManagerId"}
"""The keys whose values depend on the slots of a job."""


def without_locations(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_locations(field) for key, field in value.items() if key not in LOCATION_KEYS}
    return [without_locations(element) for element in value] if isinstance(value, list) else value


def test_all_clocks_reach_the_same_states_at_the_same_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test advances the wall clock, so that real clocks can be compared to the millisecond."""
    wall_ms = [1_700_000_000_000]
    monkeypatch.setattr("flinkmock.engine.wall_ms", lambda: wall_ms[0])
    timelines = {clock: timeline_under(clock, wall_ms) for clock in ("virtual", "real", "10x", "250ms per request")}
    expected = timelines["virtual"]
    assert len(expected) > 8
    for clock, timeline in timelines.items():
        assert timeline == expected, clock


def timeline_under(clock: str, wall_ms: list[int]) -> list[tuple[int, str]]:
    """Return the states of the first 30 s, with a request every 250 ms of cluster time.

    Args:
        clock: The clock mode.
        wall_ms: The time of the wall clock, in a list so that the function can advance it.
    """
    with scenario_harness(RICH, clock=clock) as harness:
        job_id = harness.job().id
        while harness.now < 30_000:
            if clock == "virtual":
                harness.engine.advance(250)
            else:
                wall_ms[0] += {"real": 250, "10x": 25}.get(clock, 0)
            harness.get(f"/jobs/{job_id}/config")
        return harness.timeline()


def test_a_virtual_clock_does_not_use_the_wall_clock() -> None:
    def fail() -> int:
        raise AssertionError("the wall clock is used")

    clock = Clock("virtual", fail, 0)
    assert (clock.on_request(), clock.advance("1s"), clock.advance_to(5_000)) == (0, 1_000, 1_000)
    clock.rewind(500)
    clock.set_mode("virtual")
    assert clock.now() == 500
