"""The proxy reports values that contradict each other, in one response, between responses and over time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flinkmock.conformance.coherence import Culprit, Invariants, success_response
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.contract import Contract
from flinkmock.proxy.passing_coherence import PassingCoherence

CONTRACT = Contract.load("2.3")


def response(target: str, body: Any, at_ms: float) -> SuccessResponse:
    operation = CONTRACT.match("GET", target)
    assert operation is not None
    return success_response(operation, target, body, at_ms, at_ms + 1)


def overview(running: int = 0, free: int = 4) -> dict[str, Any]:
    counts = {
        "taskmanagers": 1,
        "slots-total": 4,
        "slots-available": free,
        "jobs-running": running,
        "jobs-finished": 0,
    }
    return counts | {"jobs-cancelled": 0, "jobs-failed": 0, "flink-version": "2.3.0", "flink-commit": "c0f8d1a"}


def coherence() -> PassingCoherence:
    return PassingCoherence(Invariants((2, 3)))


def found(passing: PassingCoherence, *responses: SuccessResponse) -> list[str]:
    return [text for response in responses for text in named(passing.add(response))]


def test_a_contradiction_within_a_response_is_reported_at_once() -> None:
    assert found(coherence(), response("/overview", overview(free=5), 0)) == [
        "/overview /slots-available available-slots",
    ]


def named(culprits: Iterable[Culprit]) -> list[str]:
    return [
        f"{culprit.value.response.path} {culprit.value.pointer} {culprit.violations[0].invariant.id}"
        for culprit in culprits
    ]


OTHER_VERSION = overview() | {"flink-version": "2.2.0"}


def test_a_contradiction_over_time_is_reported_unless_the_server_was_restarted() -> None:
    passing = coherence()
    assert found(passing, response("/jobs/metrics", [], 0), response("/overview", overview(), 1)) == []
    assert found(passing, response("/overview", OTHER_VERSION, 10), response("/overview", OTHER_VERSION, 9_000)) == []
    expected = ["/overview /flink-version version-stays"]
    assert found(passing, response("/overview", OTHER_VERSION, 12_000)) == expected


def test_the_end_reports_what_was_held() -> None:
    passing = coherence()
    assert found(passing, response("/overview", overview(), 1), response("/overview", OTHER_VERSION, 10)) == []
    assert named(passing.end()) == ["/overview /flink-version version-stays"]
    assert named(passing.end()) == []


def test_two_operations_that_show_a_new_leader() -> None:
    events: list[str] = []
    passing = PassingCoherence(Invariants((2, 3)), lambda: events.append("new leader"))
    running = {"jobs": [{"id": "a" * 32, "status": "RUNNING"}]}
    assert found(passing, response("/overview", overview(), 1), response("/jobs", running, 2)) == []
    assert found(passing, response("/jobs", {"jobs": []}, 10)) == []
    assert events == []
    assert found(passing, response("/overview", OTHER_VERSION, 11)) == []
    assert events == ["new leader"]
    assert found(passing, response("/overview", OTHER_VERSION, 20_000)) == named(passing.end()) == []


def test_responses_to_requests_before_a_reset_are_ignored() -> None:
    passing = coherence()
    passing.reset(10)
    assert found(passing, response("/overview", overview(), 9), response("/overview", OTHER_VERSION, 10)) == []
    assert named(passing.end()) == []


def test_a_contradiction_between_responses_is_reported_when_it_stays() -> None:
    passing, jobs = coherence(), {"jobs": []}
    times = range(0, 20_000, 2_000)
    reported = [
        (at, text)
        for at in times
        for text in found(
            passing, response("/overview", overview(running=1), at), response("/jobs/overview", jobs, at + 500)
        )
    ]
    assert reported[0][1] == "/overview /jobs-running overview-counts-jobs"
    assert 5_000 <= reported[0][0] <= 10_000


def test_a_contradiction_that_passes_is_not_reported() -> None:
    passing = coherence()
    for at in range(0, 20_000, 2_000):
        running = 1 if at < 4_000 else 0
        responses = (
            response("/overview", overview(running=running), at),
            response("/jobs/overview", {"jobs": []}, at + 9),
        )
        assert found(passing, *responses) == []


def test_the_same_race_again_and_again_is_not_reported() -> None:
    """A real cluster: each TaskManager that starts is in /taskmanagers a moment before a client reads it elsewhere."""
    passing = coherence()
    for at in range(0, 120_000, 2_000):
        running = 1 if at % 20_000 == 0 else 0
        responses = (
            response("/overview", overview(running=running), at),
            response("/jobs/overview", {"jobs": []}, at + 9),
        )
        assert found(passing, *responses) == []
