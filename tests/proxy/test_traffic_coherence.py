"""The proxy reports values that contradict each other, in one response, between responses and over time."""

from __future__ import annotations

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
