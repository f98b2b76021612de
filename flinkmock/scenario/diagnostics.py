"""Mistakes of a scenario, collected so that all of them are reported at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from flinkmock.errors import Diagnostic, ScenarioError

MAX_REPORTED = 50
"""The maximum number of mistakes that an error lists."""
MAX_LINE = 120
"""The maximum number of characters of a line that a message shows."""


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A position in a scenario: a line and column of a file, or the path to a value of a mapping.

    Attributes:
        file: The name of the file.
        line: The line, from 1; 0 if only the path is known.
        column: The column, from 1.
        source: The text of the line.
        path: The keys and indices from the root of a mapping to the value.
    """

    file: str
    line: int = 0
    column: int = 0
    source: str = ""
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        if self.line:
            return f"{self.file}:{self.line}:{self.column}"
        return f"{self.file}: {dotted_path(self.path)}" if self.path else self.file

    def sort_key(self) -> tuple[str, int, int, str]:
        return self.file, self.line, self.column, dotted_path(self.path)


def dotted_path(path: Iterable[str | int]) -> str:
    """Format a path: `jobs.orders.lifecycle[2]`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


class Diagnostics:
    """Collects messages, one per source location, and raises them as one ScenarioError."""

    def __init__(self) -> None:
        self._messages: dict[SourceLocation, str] = {}

    def add(self, location: SourceLocation, message: str) -> None:
        """Add a message. Only the first one of a location is kept, since all jobs with a template have its mistakes."""
        self._messages.setdefault(location, message)

    def fail(self, location: SourceLocation, message: str) -> NoReturn:
        """Add a message after which reading can't continue, and raise ScenarioError."""
        self.add(location, message)
        self.raise_if_any()
        raise AssertionError("a message was added")

    @property
    def has_messages(self) -> bool:
        """Whether there are messages."""
        return bool(self._messages)

    def raise_if_any(self) -> None:
        """Raise ScenarioError if there are messages."""
        if self._messages:
            locations = sorted(self._messages, key=SourceLocation.sort_key)
            lines, diagnostics = [], []
            for location in locations[:MAX_REPORTED]:
                message, path = self._messages[location], dotted_path(location.path)
                lines.append(_format(location, message))
                diagnostics.append(Diagnostic(message, location.file, location.line, location.column, path))
            if len(locations) > MAX_REPORTED:
                lines.append(f"… and {len(locations) - MAX_REPORTED} more.")
            raise ScenarioError(lines, diagnostics)


def _format(location: SourceLocation, message: str) -> str:
    names_path = not location.line and location.path and message.startswith(dotted_path(location.path))
    head = f"{location.file if names_path else location}: {message}"  # without repeating the path
    if not location.source.strip():
        return head
    line_number = f"  {location.line}"
    line, caret_position = _excerpt(location.source, location.column - 1)
    # keeps tabs, so that the caret is in the same column
    indent = "".join("\t" if c == "\t" else " " for c in line[:caret_position])
    return f"{head}\n{line_number} | {line}\n{' ' * len(line_number)} | {indent}^"


def _excerpt(line: str, position: int) -> tuple[str, int]:
    """Return a line, or the part of a long one around a position, and the position in it."""
    if len(line) <= MAX_LINE:
        return line, position
    start = max(0, min(position - MAX_LINE // 2, len(line) - MAX_LINE))
    before = "…" if start else ""
    after = "…" if start + MAX_LINE < len(line) else ""
    return f"{before}{line[start : start + MAX_LINE]}{after}", position - start + len(before)
