"""The simulator decides how long a dry run lasts, and satisfies wait conditions."""

from __future__ import annotations

from collections.abc import Collection

import pytest

import flinkmock.dryrun.simulator as simulator_module
from flinkmock.cluster.job import Job
from flinkmock.dryrun.dry_run import DryRun
from flinkmock.dryrun.response_checks import ResponseChecks
from flinkmock.dryrun.scripted_client import PAUSE_MS
from flinkmock.dryrun.simulator import LINGER_MS, MAX_ITERATIONS, POLL_INTERVAL_MS, SIGNAL_DELAY_MS, Simulator
from flinkmock.dryrun.timeline import EventKind, Timeline
from flinkmock.scenario import load_scenario


def dry_run(text: str, duration_ms: int | None = None, rule_count: int = 0) -> Timeline:
    """Return the timeline of a scenario in YAML. The other arguments are those of `DryRun`."""
    return DryRun(load_scenario(text), duration_ms=duration_ms, rule_count=rule_count).timeline


def states(timeline: Timeline) -> list[tuple[int, str]]:
    """Return the states of the first job, each after the time at which it begins, in ms since the start."""
    return [(interval.begin, interval.state) for interval in timeline.lanes[0].intervals]


def test_a_dry_run_lasts_until_its_job_ends() -> None:
    timeline = dry_run("jobs:\n  orders:\n    lifecycle: [CREATED: 1s, RUNNING: 2h, FINISHED]\n")
    assert states(timeline)[-1] == (7_201_000, "FINISHED")
    assert timeline.end == 7_201_000 + LINGER_MS
    assert timeline.lanes[0].outlook == ""


def test_steps_that_repeat_forever_are_repeated_a_few_times() -> None:
    steps = "[RUNNING: 20s, RESTARTING: 2s]"
    timeline = dry_run(f"jobs:\n  orders:\n    lifecycle:\n      - repeat: forever\n        steps: {steps}\n")
    assert [state for _, state in states(timeline)].count("RESTARTING") == MAX_ITERATIONS
    assert timeline.end == MAX_ITERATIONS * 22_000 + LINGER_MS
    assert timeline.lanes[0].outlook == "repeats RUNNING 20s, RESTARTING 2s"


def test_steps_that_repeat_a_number_of_times_are_all_run() -> None:
    steps = "[RUNNING: 10s, RESTARTING: 2s]"
    text = f"jobs:\n  orders:\n    lifecycle:\n      - repeat: 20\n        steps: {steps}\n      - RUNNING\n"
    assert [state for _, state in states(dry_run(text))].count("RESTARTING") == 20


def test_a_dry_run_ends_even_if_a_job_never_gets_its_slots() -> None:
    timeline = dry_run("jobs:\n  orders: {parallelism: 5, restart: {strategy: fixed-delay, delay: 1s}}\n")
    assert [state for _, state in states(timeline)].count("RESTARTING") >= MAX_ITERATIONS
    assert timeline.end < 360_000
    assert {interval.note for interval in timeline.lanes[0].intervals if interval.state == "RUNNING"} == {
        "no slots: it needs 5"
    }
    assert timeline.lanes[0].outlook == "repeats until slots are available"


def test_polls_and_signals_satisfy_wait_conditions() -> None:
    text = "jobs:\n  orders:\n    lifecycle: [CREATED: 3 polls, RUNNING: signal go, FINISHED]\n"
    timeline = dry_run(text)
    assert states(timeline)[-2:] == [
        (3 * POLL_INTERVAL_MS, "RUNNING"),
        (3 * POLL_INTERVAL_MS + SIGNAL_DELAY_MS, "FINISHED"),
    ]
    assert [(event.at, event.text) for event in timeline.events if event.kind is EventKind.WAIT_CONDITION] == [
        (1_000, "poll"), (2_000, "poll"), (3_000, "poll"), (8_000, "signal go"),
    ]  # fmt: skip


def test_checking_responses_does_not_count_as_polls() -> None:
    """Otherwise the job would leave CREATED before the first poll of the simulator."""
    text = "jobs:\n  orders:\n    lifecycle: [CREATED: 3 polls, RUNNING]\n"
    checks: list[ResponseChecks] = []

    def watch(simulator: Simulator, changed_jobs: Collection[Job]) -> None:
        if not checks:
            checks.append(ResponseChecks(simulator))
        checks[0].check_jobs(changed_jobs)

    timeline = DryRun(load_scenario(text), watch=watch).timeline
    assert checks[0].response_count > 50
    assert states(timeline)[-1] == (3 * POLL_INTERVAL_MS, "RUNNING")


def test_a_dry_run_lasts_until_scheduled_events_and_fault_windows_are_over() -> None:
    text = "cluster: {taskmanagers: {count: 1, events: [{3m: joins}]}}\njobs: {orders: streaming}\n"
    timeline = dry_run(text)
    assert timeline.end == 180_000 + LINGER_MS
    assert [(event.at, event.text) for event in timeline.events] == [(180_000, "TaskManager 1 joins")]
    text = "jobs: {orders: streaming}\nfaults: [{during: 20s..5m, drop: reset}]\n"
    assert dry_run(text).end == 300_000 + LINGER_MS


@pytest.mark.parametrize(
    "period",
    [
        "faults: [{match: GET /jobs, during: 4m..5m, drop: reset}]",
        "jobs: {orders: {extends: streaming, watermarks: {stops-after: 5m}}}",
    ],
)
def test_the_client_starts_after_the_last_scheduled_time_even_if_no_event_follows(period: str) -> None:
    timeline = dry_run(f"{period}\nsubmitted: {{x.jar: batch}}\n", rule_count=1)
    assert [event.at for event in timeline.events] == [timeline.client_begin] == [300_000 + PAUSE_MS]
    assert states(timeline)


def test_periods_of_a_job_begin_when_the_job_was_submitted() -> None:
    text = "jobs:\n  orders:\n    extends: streaming\n    age: 10m\n"
    backpressure = "    vertices: [{name: a, backpressure: [{from: 1m, until: 15m, ratio: 50%}]}]\n"
    assert dry_run(text + backpressure).end == 300_000 + LINGER_MS
    assert dry_run(text + "    watermarks: {stops-after: 15m}\n").end == 300_000 + LINGER_MS


@pytest.mark.parametrize(
    "jobs",
    [
        "{orders: streaming}",
        "{orders: {lifecycle: [{repeat: forever, steps: [RUNNING: 20s, RESTARTING: 2s]}]}}",
        "{orders: {parallelism: 5, restart: {strategy: fixed-delay, delay: 1s}}}",
    ],
    ids=["last state", "loop", "no slots"],
)
def test_a_dry_run_waits_for_a_job_that_the_client_cancels(jobs: str) -> None:
    timeline = dry_run(f"jobs: {jobs}\noperations: {{cancel: 1m}}\n")
    canceled_at = timeline.events[-1].at + 60_000
    assert states(timeline)[-1] == (canceled_at, "CANCELED")
    assert timeline.end == canceled_at + LINGER_MS


@pytest.mark.parametrize(("limit", "duration_ms"), [(5, None), (20, 3_600_000)], ids=["while new", "to its end"])
def test_a_dry_run_ends_after_too_many_state_changes(
    monkeypatch: pytest.MonkeyPatch, limit: int, duration_ms: int | None
) -> None:
    monkeypatch.setattr(simulator_module, "MAX_STATE_CHANGES", limit)
    steps = "[RUNNING: 1s, RESTARTING: 1s]"
    text = f"jobs:\n  orders:\n    lifecycle:\n      - repeat: forever\n        steps: {steps}\n"
    timeline = dry_run(text, duration_ms)
    assert timeline.end == (limit + 1) * 1_000


def test_a_dry_run_lasts_for_its_given_duration() -> None:
    text = "jobs:\n  orders:\n    lifecycle:\n      - repeat: forever\n        steps: [RUNNING: 10s, RESTARTING: 2s]\n"
    timeline = dry_run(text, duration_ms=600_000)
    assert timeline.end == 600_000
    assert [state for _, state in states(timeline)].count("RESTARTING") == 50
    assert dry_run(text, duration_ms=5_000).end == 5_000


def test_the_timeline_begins_with_the_age_of_the_oldest_job() -> None:
    timeline = dry_run("jobs:\n  orders: {extends: batch, age: 1h}\n")
    assert timeline.begin == -3_600_000
    assert timeline.lanes[0].intervals[-1].state == "FINISHED"


def test_the_client_calls_the_operations_that_the_scenario_configures() -> None:
    text = (
        "jobs: {orders: streaming}\n"
        "operations:\n  savepoint: {duration: 2s, fails: [1], exception: {class: java.io.IOException, message: full}}\n"
        "  cancel: 1s\n"
        "submitted: {'orders-2*.jar': batch, '*': streaming}\n"
    )
    timeline = dry_run(text, rule_count=2)
    assert [(event.text, event.outcome) for event in timeline.events] == [
        ("savepoint", "failed: java.io.IOException: full"),
        ("savepoint", "done"),
        ("cancel", ""),
        ("run orders-2.jar", ""),
    ]
    assert timeline.client_begin == timeline.events[0].at
    assert [interval.state for interval in timeline.lanes[0].intervals[-2:]] == ["CANCELLING", "CANCELED"]
    assert timeline.lanes[1].intervals[-1].state == "FINISHED"


def test_the_client_does_nothing_in_a_scenario_without_operations_and_rules() -> None:
    assert dry_run("jobs: {orders: streaming}\n").client_begin is None


@pytest.mark.parametrize("pattern", ["orders-?.jar", "org.example.Orders", "org.example.*", "*"])
def test_the_client_runs_a_jar_that_the_rule_matches(pattern: str) -> None:
    timeline = dry_run(f"submitted:\n  '{pattern}': {{name: orders, parallelism: 2}}\n", rule_count=1)
    assert [lane.name for lane in timeline.lanes] == ["orders"]
