"""A contradiction is found although other numbers change with each request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flinkmock.conformance.coherence import CoherenceSession, Invariants, success_response
from flinkmock.conformance.coherence.session import REPEAT_AFTER_MS
from flinkmock.conformance.coherence.values import SuccessResponse, ValueLocation
from flinkmock.contract import Contract

CONTRACT = Contract.load("2.3")


def culprit_locations(create_bodies: Callable[[int], dict[str, Any]]) -> set[ValueLocation]:
    """Check a server; return the locations of the culprits.

    Args:
        create_bodies: Takes the number of a request; returns the bodies that the server would send then, by target.
    """
    now, request_count = 0.0, 0

    def fetch(target: str) -> SuccessResponse:
        nonlocal request_count
        request_count += 1
        operation = CONTRACT.match("GET", target)
        assert operation is not None
        return success_response(operation, target, create_bodies(request_count)[target], now, now, request_count)

    session = CoherenceSession(Invariants((2, 3)), fetch, lambda: now)
    for target in create_bodies(0):
        session.add(fetch(target))
    culprits = session.end_pass()
    for pause_ms in REPEAT_AFTER_MS:
        now += pause_ms
        culprits += session.request_again()
    return {culprit.value.location for culprit in culprits}


def test_lists_in_different_orders_are_reported_although_durations_grow() -> None:
    def create_bodies(request_number: int) -> dict[str, Any]:
        jobs = [{"jid": jid * 32, "state": "RUNNING", "duration": 1_000 + request_number} for jid in "ab"]
        return {
            "/jobs/overview": {"jobs": jobs},
            "/jobs": {"jobs": [{"id": jid * 32, "status": "RUNNING"} for jid in "ba"]},
        }

    locations = culprit_locations(create_bodies)
    assert locations
    assert locations <= {("/jobs", "/jobs"), ("/jobs/overview", "/jobs")}


def test_a_duration_that_stands_still_is_reported_although_other_durations_grow() -> None:
    target = f"/jobs/{'a' * 32}/vertices/{'b' * 32}/subtasks/0"

    def create_bodies(request_number: int) -> dict[str, Any]:
        durations = {"DEPLOYING": 10, "INITIALIZING": 20, "RUNNING": 500}
        times = {"start-time": 1, "end-time": -1, "duration": 9_000 + request_number, "status-duration": durations}
        return {target: {"subtask": 0, "status": "RUNNING", **times}}

    assert (target, "/duration") in culprit_locations(create_bodies)


def test_no_heartbeat_is_expected_between_passes_if_one_of_them_shows_no_time() -> None:
    """The first pass shows no time because there are no jobs yet."""
    taskmanager = "/taskmanagers/localhost:1-2"
    heartbeat = {"id": "localhost:1-2", "timeSinceLastHeartbeat": 1_700_000_000_000}
    thread_dump = {"threadInfos": []}
    times = {"start-time": 1_700_000_000_000, "end-time": -1, "duration": 5_000}
    job = {"jid": "a" * 32, "state": "RUNNING", **times}
    session = CoherenceSession(Invariants((2, 3)), lambda target: None, lambda: 0.0)
    for number, jobs in enumerate(([], [job]), start=1):
        bodies = {
            "/jobs/overview": {"jobs": jobs},
            taskmanager: heartbeat,
            f"{taskmanager}/thread-dump": thread_dump,
        }
        for target, body in bodies.items():
            operation = CONTRACT.match("GET", target)
            assert operation is not None
            session.add(success_response(operation, target, body, 0.0, 0.0, number))
        assert not session.end_pass()
