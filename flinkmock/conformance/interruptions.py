"""Waits while a server has no leader, or is down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flinkmock.conformance.http_client import Client, HttpRequest
from flinkmock.conformance.report import Report
from flinkmock.conformance.response_check import lacks_leader
from flinkmock.errors import ServerUnreachable

MAX_INTERRUPTIONS_IN_A_ROW = 3
"""A check gives up after this many interruptions without a complete step in between."""
POLL_INTERVAL_MS = 1_000
LEADER_TIMEOUT_MS = 30_000
"""How long a check waits for a leader, in ms, unless it watches the server for longer."""


class LeaderMissing(Exception):
    """The server responds that it has no leader; raised and caught within a check."""


class Interruptions:
    """Waits until a server has a leader again, and notes what happened in the report.

    Args:
        client: The client that sends the requests.
        report: The report that gets the notes.
        now: Returns the time in ms.
        wait: Waits for a number of milliseconds.
    """

    def __init__(self, client: Client, report: Report, now: Callable[[], float], wait: Callable[[int], None]) -> None:
        self._client = client
        self._report = report
        self._now = now
        self._wait = wait
        self._interruptions_in_a_row = 0

    @property
    def are_too_many(self) -> bool:
        """Whether there were so many interruptions in a row that the check gives up."""
        return self._interruptions_in_a_row >= MAX_INTERRUPTIONS_IN_A_ROW

    def note_complete_step(self) -> None:
        """Count interruptions in a row from 0 again."""
        self._interruptions_in_a_row = 0

    def wait_for_leader(self, event: str, until: float) -> bool:
        """Wait until the server responds and has a leader.

        Args:
            event: What happened, for the note: "the server did not respond".
            until: When to give up, in ms of `now`; at least `LEADER_TIMEOUT_MS` from now.

        Returns:
            Whether the server has a leader.
        """
        self._interruptions_in_a_row += 1
        started_at, utc_time = self._now(), datetime.now(UTC)
        until = max(until, started_at + LEADER_TIMEOUT_MS)
        while not (has_leader := self._has_leader()) and self._now() < until:
            self._wait(POLL_INTERVAL_MS)
        seconds = (self._now() - started_at) / 1000
        ending = "Earlier responses were dropped." if has_leader else "It is not back."
        self._report.notes.append(f"{utc_time:%H:%M:%S} UTC: {event} for {seconds:.0f} s. {ending}")
        return has_leader

    def _has_leader(self) -> bool:
        try:
            return not lacks_leader(self._client.send(HttpRequest("/config")))
        except ServerUnreachable:
            return False
