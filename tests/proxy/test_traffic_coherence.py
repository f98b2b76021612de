"""The proxy reports values that contradict each other, in one response, between responses and over time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from functools import partial
from typing import Any

from flinkmock.conformance.coherence import Culprit, Invariants, success_response
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.contract import Contract
from flinkmock.proxy.traffic_coherence import TrafficCoherence

CONTRACT = Contract.load("2.3")


def make_response(target: str, body: Any, at_ms: float) -> SuccessResponse:
    operation = CONTRACT.match("GET", target)
    assert operation is not None
    return success_response(operation, target, body, at_ms, at_ms + 1)


def make_overview(running: int = 0, free: int = 4) -> dict[str, Any]:
    counts = {
        "taskmanagers": 1,
        "slots-total": 4,
        "slots-available": free,
        "jobs-running": running,
        "jobs-finished": 0,
    }
    return counts | {"jobs-cancelled": 0, "jobs-failed": 0, "flink-version": "2.3.0", "flink-commit": "c0f8d1a"}


NOW = 1_767_225_600_000
OTHER_VERSION = make_overview() | {"flink-version": "2.2.0"}


def make_coherence() -> TrafficCoherence:
    return TrafficCoherence(Invariants((2, 3)))


def as_text(culprits: Iterable[Culprit]) -> list[str]:
    return [
        f"{culprit.value.response.path} {culprit.value.pointer} {culprit.violations[0].invariant.id}"
        for culprit in culprits
    ]


def add_all(coherence: TrafficCoherence, *responses: SuccessResponse) -> list[str]:
    """Add responses; return the culprits that are reported."""
    return [text for response in responses for text in as_text(coherence.add(response))]


def test_a_contradiction_within_a_response_is_reported_at_once() -> None:
    assert add_all(make_coherence(), make_response("/overview", make_overview(free=5), 0)) == [
        "/overview /slots-available available-slots",
    ]


def test_a_contradiction_over_time_is_reported_after_10_seconds() -> None:
    coherence = make_coherence()
    add = partial(add_all, coherence)
    assert add(make_response("/jobs/metrics", [], 0), make_response("/overview", make_overview(), 1)) == []
    assert add(make_response("/overview", OTHER_VERSION, 10), make_response("/overview", OTHER_VERSION, 9_000)) == []
    expected = ["/overview /flink-version version-is-unchanged"]
    assert add(make_response("/overview", OTHER_VERSION, 12_000)) == expected


def test_contradictions_that_are_held_back_are_reported_at_the_end() -> None:
    coherence = make_coherence()
    responses = make_response("/overview", make_overview(), 1), make_response("/overview", OTHER_VERSION, 10)
    assert add_all(coherence, *responses) == []
    assert as_text(coherence.end()) == ["/overview /flink-version version-is-unchanged"]
    assert as_text(coherence.end()) == []


def test_two_operations_are_enough_to_show_a_new_leader() -> None:
    events: list[str] = []
    coherence = TrafficCoherence(Invariants((2, 3)), lambda: events.append("new leader"))
    running = {"jobs": [{"id": "a" * 32, "status": "RUNNING"}]}
    assert add_all(coherence, make_response("/overview", make_overview(), 1), make_response("/jobs", running, 2)) == []
    assert add_all(coherence, make_response("/jobs", {"jobs": []}, 10)) == []
    assert events == []
    assert add_all(coherence, make_response("/overview", OTHER_VERSION, 11)) == []
    assert events == ["new leader"]
    assert add_all(coherence, make_response("/overview", OTHER_VERSION, 20_000)) == as_text(coherence.end()) == []


def test_responses_to_requests_before_a_reset_are_ignored() -> None:
    coherence = make_coherence()
    coherence.reset(10)
    responses = make_response("/overview", make_overview(), 9), make_response("/overview", OTHER_VERSION, 10)
    assert add_all(coherence, *responses) == []
    assert as_text(coherence.end()) == []


def make_subtask_times(now: int, at_ms: float) -> SuccessResponse:
    target = f"/jobs/{'a' * 32}/vertices/{'b' * 32}/subtasktimes"
    return make_response(target, {"id": "b" * 32, "name": "map", "now": now, "subtasks": []}, at_ms)


def make_vertices(now: int, at_ms: float) -> SuccessResponse:
    target = f"/jobs/{'a' * 32}/vertices/{'b' * 32}"
    return make_response(target, {"id": "b" * 32, "name": "map", "now": now, "subtasks": []}, at_ms)


def make_back_pressure(vertex_id: str, fetched_at: int, at_ms: float) -> SuccessResponse:
    target = f"/jobs/{'a' * 32}/vertices/{vertex_id}/backpressure"
    return make_response(target, {"status": "ok", "end-timestamp": fetched_at, "subtasks": []}, at_ms)


def add_until_reported(*responses: SuccessResponse) -> list[str]:
    """Add responses, then others until violations are no longer held back; return the culprits that are reported."""
    others = [make_response("/jobs/metrics", [], at_ms) for at_ms in range(10_000, 40_000, 5_000)]
    return add_all(make_coherence(), *responses, *others)


def test_a_time_of_the_server_that_decreases_between_operations_is_reported_once() -> None:
    vertex = f"/jobs/{'a' * 32}/vertices/{'b' * 32}"
    later = make_vertices(NOW - 3_000, 2_000)
    assert add_until_reported(make_subtask_times(NOW, 0), later) == [
        f"{vertex}/subtasktimes /now server-time-never-decreases",
    ]
    assert add_until_reported(make_subtask_times(NOW, 0), make_vertices(NOW + 2_000, 2_000)) == []


def test_a_time_of_the_server_that_decreases_in_concurrent_requests_is_not_reported() -> None:
    overlapping = dataclasses.replace(make_vertices(NOW - 3_000, 2_000), sent_at=0)
    assert add_until_reported(make_subtask_times(NOW, 0), overlapping) == []


def test_a_time_of_an_event_after_the_next_time_of_the_server_is_reported() -> None:
    back_pressure = make_back_pressure("b" * 32, NOW + 60_000, 0)
    assert add_until_reported(back_pressure, make_vertices(NOW, 2_000)) == [
        f"{back_pressure.path} /end-timestamp times-are-before-the-next-clock",
    ]


def test_fetches_of_metrics_in_the_wrong_order_are_reported() -> None:
    earlier, later = make_back_pressure("b" * 32, NOW, 0), make_back_pressure("c" * 32, NOW - 10_000, 2_000)
    assert add_until_reported(earlier, later) == [f"{later.path} /end-timestamp metric-fetches-are-in-order"]


def test_a_time_of_the_server_that_decreases_with_a_new_leader_is_not_reported() -> None:
    coherence = make_coherence()
    running = {"jobs": [{"id": "a" * 32, "status": "RUNNING"}]}
    responses = make_response("/overview", make_overview(), 0), make_response("/jobs", running, 2)
    assert add_all(coherence, *responses, make_subtask_times(NOW, 4), make_vertices(NOW - 3_000, 2_000)) == []
    new_leader = make_response("/jobs", {"jobs": []}, 3_000), make_response("/overview", OTHER_VERSION, 3_100)
    assert add_all(coherence, *new_leader, make_response("/overview", OTHER_VERSION, 20_000)) == []
    assert as_text(coherence.end()) == []


def test_a_clock_that_is_set_forward_is_not_reported() -> None:
    """A machine's clock may be set, and the clock of a fake may be advanced."""
    responses = [
        make_subtask_times(NOW, 0),
        make_vertices(NOW + 10, 10),
        make_back_pressure("b" * 32, NOW, 20),
        *(make_response(f"/jobs/{job * 32}", {"jid": job * 32, "now": NOW + 20}, 20) for job in "cdef"),
        make_response(f"/jobs/{'9' * 32}", {"jid": "9" * 32, "now": NOW + 3_600_000}, 2_000),
    ]
    assert add_until_reported(*responses) == []


def test_a_lasting_contradiction_between_responses_is_reported() -> None:
    coherence, jobs = make_coherence(), {"jobs": []}
    times = range(0, 20_000, 2_000)
    reported = [
        (at, text)
        for at in times
        for text in add_all(
            coherence,
            make_response("/overview", make_overview(running=1), at),
            make_response("/jobs/overview", jobs, at + 500),
        )
    ]
    assert reported[0][1] == "/overview /jobs-running overview-counts-jobs"
    assert 5_000 <= reported[0][0] <= 10_000


def test_a_short_contradiction_between_responses_is_not_reported() -> None:
    coherence = make_coherence()
    for at in range(0, 20_000, 2_000):
        running = 1 if at < 4_000 else 0
        responses = (
            make_response("/overview", make_overview(running=running), at),
            make_response("/jobs/overview", {"jobs": []}, at + 9),
        )
        assert add_all(coherence, *responses) == []


def test_a_repeated_race_is_not_reported() -> None:
    """In a real cluster, each change is in some responses a moment before it is in others."""
    coherence = make_coherence()
    for at in range(0, 120_000, 2_000):
        running = 1 if at % 20_000 == 0 else 0
        responses = (
            make_response("/overview", make_overview(running=running), at),
            make_response("/jobs/overview", {"jobs": []}, at + 9),
        )
        assert add_all(coherence, *responses) == []
