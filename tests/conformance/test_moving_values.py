"""A contradiction is found although the numbers around it change with each request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flinkmock.conformance.coherence import CoherenceSession, Invariants, success_response
from flinkmock.conformance.coherence.session import REPEAT_AFTER_MS
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.contract import Contract

CONTRACT = Contract.load("2.3")


def culprits(bodies: Callable[[int], dict[str, Any]]) -> set[tuple[str, str]]:
    """Judge responses that a server gives one after the other: number of the request -> target -> body."""
    now, sent = [0.0], [0]

    def fetch(target: str) -> SuccessResponse:
        sent[0] += 1
        operation = CONTRACT.match("GET", target)
        assert operation is not None
        return success_response(operation, target, bodies(sent[0])[target], now[0], now[0], sent[0])

    session = CoherenceSession(Invariants((2, 3)), fetch, lambda: now[0])
    for target in bodies(0):
        session.add(fetch(target))
    found = session.end_pass()
    for delay in REPEAT_AFTER_MS:
        now[0] += delay
        found += session.request_again()
    return {culprit.value.location for culprit in found}


def test_lists_in_different_orders() -> None:
    def bodies(number: int) -> dict[str, Any]:
        rows = [{"jid": jid * 32, "state": "RUNNING", "duration": 1_000 + number} for jid in "ab"]
        return {
            "/jobs/overview": {"jobs": rows},
            "/jobs": {"jobs": [{"id": jid * 32, "status": "RUNNING"} for jid in "ba"]},
        }

    found = culprits(bodies)
    assert found
    assert found <= {("/jobs", "/jobs"), ("/jobs/overview", "/jobs")}


def test_a_duration_that_does_not_count_on() -> None:
    target = f"/jobs/{'a' * 32}/vertices/{'b' * 32}/subtasks/0"

    def bodies(number: int) -> dict[str, Any]:
        durations = {"DEPLOYING": 10, "INITIALIZING": 20, "RUNNING": 500}
        times = {"start-time": 1, "end-time": -1, "duration": 9_000 + number, "status-duration": durations}
        return {target: {"subtask": 0, "status": "RUNNING", **times}}

    assert (target, "/duration") in culprits(bodies)
