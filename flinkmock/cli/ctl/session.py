"""One run of `flinkmock ctl`: its client, its arguments and its output."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flinkmock.errors import FlinkMockError, unreadable_message
from flinkmock.tables import columns
from flinkmock.units import format_duration

if TYPE_CHECKING:
    from flinkmock.control.client import ControlClient


class Session:
    """One run of a command.

    Attributes:
        client: The client of the control API.
        args: The arguments of the command line.
        as_json: Whether JSON is printed.
    """

    def __init__(self, client: ControlClient, args: argparse.Namespace, *, as_json: bool) -> None:
        self.client = client
        self.args = args
        self.as_json = as_json
        self._started_at: int | None = None

    def show(self, response: Any, text: str) -> None:
        """Print the response of the control API with --json; otherwise print `text`, unless it is empty."""
        if self.as_json:
            print(json.dumps(response, indent=2, ensure_ascii=False))
        elif text:
            print(text)

    def show_rows(
        self, response: Any, column_names: Sequence[str], rows: Sequence[Sequence[str]], empty_message: str
    ) -> None:
        """Print the response of the control API as JSON or as a table; without rows, print `empty_message`."""
        self.show(response, columns([[name.upper() for name in column_names], *rows]) if rows else empty_message)

    def show_clock(self, clock: dict[str, Any]) -> None:
        """Print the time, the mode and the next event."""
        self._started_at = clock["started-at"]
        next_event_at = clock["next-event-at"]
        parts = [date_and_time(clock["now"]), self.since_start(clock["now"]), f"clock {clock['mode']}"]
        parts.append("no next event" if next_event_at is None else f"next event at {self.since_start(next_event_at)}")
        self.show(clock, "  ".join(parts))

    def since_start(self, at: int) -> str:
        """Return the time from the start of the scenario until `at` (epoch ms): "+2m30s"."""
        if self._started_at is None:
            self._started_at = self.client.request("GET", "clock")["started-at"]
        text = format_duration(at - self._started_at)
        return text if text.startswith("-") else f"+{text}"

    @staticmethod
    def text_of(file: str) -> str:
        """Return the content of a file, or of standard input for "-". Raises FlinkMockError."""
        try:
            return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
        except (OSError, ValueError) as error:
            raise FlinkMockError(unreadable_message(file, error)) from None


def date_and_time(at: int) -> str:
    """Format ms since the epoch in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
