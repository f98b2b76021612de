"""How far a scenario is played, and what the player does so that it goes on."""

from __future__ import annotations

import pytest

from flinkmock.dryrun.dry_run import DryRun
from flinkmock.dryrun.simulator import LINGER_MS, POLL_MS, SIGNAL_MS, TURNS
from flinkmock.dryrun.timeline import Kind, Timeline
from flinkmock.scenario import load_scenario


def played(text: str, until: int | None = None, rules: int = 0) -> Timeline:
    return DryRun(load_scenario(text), until=until, rules=rules).timeline


def states(timeline: Timeline, lane: int = 0) -> list[tuple[int, str]]:
    return [(stay.begin, stay.state) for stay in timeline.lanes[lane].stays]


def test_what_ends_is_played_to_its_end_and_looked_at_for_a_while() -> None:
    timeline = played("jobs:\n  orders:\n    lifecycle: [CREATED: 1s, RUNNING: 2h, FINISHED]\n")
    assert states(timeline)[-1] == (7_201_000, "FINISHED")
    assert timeline.end == 7_201_000 + LINGER_MS
    assert timeline.lanes[0].goes_on == ""


def test_a_loop_is_gone_around_so_often() -> None:
    steps = "[RUNNING: 20s, RESTARTING: 2s]"
    timeline = played(f"jobs:\n  orders:\n    lifecycle:\n      - repeat: forever\n        steps: {steps}\n")
    assert [state for _, state in states(timeline)].count("RESTARTING") == TURNS
    assert timeline.end == TURNS * 22_000 + LINGER_MS
    assert timeline.lanes[0].goes_on == "and so on: RUNNING 20s, RESTARTING 2s"


def test_a_counted_repeat_is_played_out() -> None:
    steps = "[RUNNING: 10s, RESTARTING: 2s]"
    text = f"jobs:\n  orders:\n    lifecycle:\n      - repeat: 20\n        steps: {steps}\n      - RUNNING\n"
    assert [state for _, state in states(played(text))].count("RESTARTING") == 20


def test_what_lacks_slots_for_ever_ends_the_play_too() -> None:
    timeline = played("jobs:\n  orders: {parallelism: 5, restart: {strategy: fixed-delay, delay: 1s}}\n")
    assert [state for _, state in states(timeline)].count("RESTARTING") >= TURNS
    assert timeline.end < 60_000
    assert {stay.note for stay in timeline.lanes[0].stays if stay.state == "RUNNING"} == {"no slots: it needs 5"}
    assert timeline.lanes[0].goes_on == "and so on, until there are slots"


def test_polls_are_made_and_signals_given() -> None:
    text = "jobs:\n  orders:\n    lifecycle: [CREATED: 3 polls, RUNNING: signal go, FINISHED]\n"
    timeline = played(text)
    assert states(timeline)[-2:] == [(3 * POLL_MS, "RUNNING"), (3 * POLL_MS + SIGNAL_MS, "FINISHED")]
    assert [(mark.at, mark.text) for mark in timeline.marks if mark.kind is Kind.PROMPT] == [
        (1_000, "read"), (2_000, "read"), (3_000, "read"), (8_000, "signal go"),
    ]  # fmt: skip


def test_reading_for_the_check_is_no_poll() -> None:
    """Or a job would be past `3 polls` before anybody looked."""
    from flinkmock.dryrun.response_checks import ResponseChecks

    text = "jobs:\n  orders:\n    lifecycle: [CREATED: 3 polls, RUNNING]\n"
    asked: list[ResponseChecks] = []

    def watch(player, moved) -> None:  # type: ignore[no-untyped-def]
        if not asked:
            asked.append(ResponseChecks(player))
        asked[0].about(moved)

    timeline = DryRun(load_scenario(text), watch=watch).timeline
    assert asked[0].asked > 50
    assert states(timeline)[-1] == (3 * POLL_MS, "RUNNING")


def test_taskmanagers_and_faults_have_their_time() -> None:
    text = "cluster: {taskmanagers: {count: 1, events: [{3m: joins}]}}\njobs: {orders: streaming}\n"
    timeline = played(text)
    assert timeline.end == 180_000 + LINGER_MS
    assert [(mark.at, mark.text) for mark in timeline.marks] == [(180_000, "task manager 1 joins")]
    text = "jobs: {orders: streaming}\nfaults: [{during: 20s..5m, drop: reset}]\n"
    assert played(text).end == 300_000 + LINGER_MS


def test_until_a_time() -> None:
    text = "jobs:\n  orders:\n    lifecycle:\n      - repeat: forever\n        steps: [RUNNING: 10s, RESTARTING: 2s]\n"
    timeline = played(text, until=600_000)
    assert timeline.end == 600_000
    assert [state for _, state in states(timeline)].count("RESTARTING") == 50
    assert played(text, until=5_000).end == 5_000


def test_a_job_that_is_older_than_the_scenario() -> None:
    timeline = played("jobs:\n  orders: {extends: batch, age: 1h}\n")
    assert timeline.begin == -3_600_000
    assert timeline.lanes[0].stays[-1].state == "FINISHED"


def test_the_client_calls_what_the_scenario_speaks_of() -> None:
    text = (
        "jobs: {orders: streaming}\n"
        "operations:\n  savepoint: {duration: 2s, fails: [1], exception: {class: java.io.IOException, message: full}}\n"
        "  cancel: 1s\n"
        "submitted: {'orders-2*.jar': batch, '*': streaming}\n"
    )
    timeline = played(text, rules=2)
    assert [(mark.text, mark.outcome) for mark in timeline.marks] == [
        ("savepoint", "failed: java.io.IOException: full"),
        ("savepoint", "done"),
        ("cancel", ""),
        ("run orders-2.jar", ""),
    ]
    assert timeline.client_from == timeline.marks[0].at
    assert [stay.state for stay in timeline.lanes[0].stays[-2:]] == ["CANCELLING", "CANCELED"]
    assert timeline.lanes[1].stays[-1].state == "FINISHED"


def test_a_scenario_that_speaks_of_nothing_has_no_client() -> None:
    assert played("jobs: {orders: streaming}\n").client_from is None


@pytest.mark.parametrize("pattern", ["orders-?.jar", "org.example.Orders", "org.example.*", "*"])
def test_a_jar_is_found_for_each_kind_of_rule(pattern: str) -> None:
    timeline = played(f"submitted:\n  '{pattern}': {{name: found, parallelism: 2}}\n", rules=1)
    assert [lane.name for lane in timeline.lanes] == ["found"]
