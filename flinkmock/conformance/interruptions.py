"""Outlasts the time in which a server has no leader, or is down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flinkmock.conformance.http_client import Client, HttpRequest
from flinkmock.conformance.report import Report
from flinkmock.conformance.response_check import lacks_leader
from flinkmock.errors import FlinkMockError, ServerUnreachable

MOST_IN_A_ROW = 3
"""After so many interruptions without a complete pass in between, the next one counts as the server's fault."""
POLL_MS = 1_000
PATIENCE_MS = 30_000
"""How long a check waits for a leader, if it does not watch the server for longer."""


class NoLeader(FlinkMockError):
    """The server responds that it has no leader."""


class Interruptions:
    """Waits until a server has a leader again, and notes what happened in the report.

    Args:
        client: The client that sends the requests.
        report: The report that gets the notes.
        now: The time in ms.
        wait: Waits for a number of milliseconds.
    """

    def __init__(self, client: Client, report: Report, now: Callable[[], float], wait: Callable[[int], None]) -> None:
        self._client = client
        self._report = report
        self._now = now
        self._wait = wait
        self._in_a_row = 0

    @property
    def are_too_many(self) -> bool:
        """Whether the server is interrupted so often that no pass becomes complete."""
        return self._in_a_row >= MOST_IN_A_ROW

    def end(self) -> None:
        """Count a pass without interruption."""
        self._in_a_row = 0

    def outlast(self, what: str, until: float) -> bool:
        """Wait until the server responds and has a leader.

        Args:
            what: What happened, for the note.
            until: When to give up, in ms; at least `PATIENCE_MS` from now.

        Returns:
            Whether it has one.
        """
        self._in_a_row += 1
        begun, since = self._now(), datetime.now(UTC)
        until = max(until, begun + PATIENCE_MS)
        while not (back := self._has_leader()) and self._now() < until:
            self._wait(POLL_MS)
        seconds = (self._now() - begun) / 1000
        ending = "Earlier responses were dropped." if back else "It is not back."
        self._report.notes.append(f"{since:%H:%M:%S} UTC: {what} for {seconds:.0f} s. {ending}")
        return back

    def _has_leader(self) -> bool:
        try:
            return not lacks_leader(self._client.send(HttpRequest("/config")))
        except ServerUnreachable:
            return False
