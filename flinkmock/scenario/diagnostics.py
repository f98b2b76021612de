"""Mistakes of a scenario, collected so that all of them are reported at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from flinkmock.errors import Diagnostic, ScenarioError

MAX_LISTED_MISTAKES = 50
"""The maximum number of mistakes that an error lists."""
MAX_EXCERPT_CHARACTERS = 120
"""The maximum number of characters of a line that a message shows."""


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A position in a scenario: a line and column of a file, or the path to a value of a mapping.

    Attributes:
        file: The name of the file.
        line: The line, from 1; 0 if it is unknown.
        column: The column, from 1; 0 if it is unknown.
        line_text: The text of the line.
        path: The keys and indices from the root of a mapping to the value.
    """

    file: str
    line: int = 0
    column: int = 0
    line_text: str = ""
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
        """Add a message, unless the location has one.

        A mistake in a template is found again in each job that extends the template.
        """
        self._messages.setdefault(location, message)

    def fail(self, location: SourceLocation, message: str) -> NoReturn:
        """Add a message after which reading can't continue, and raise ScenarioError."""
        self.add(location, message)
        self.raise_if_any()
        raise AssertionError("raise_if_any has raised")

    @property
    def has_messages(self) -> bool:
        """Whether there are messages."""
        return bool(self._messages)

    def raise_if_any(self) -> None:
        """Raise ScenarioError if there are messages."""
        if self._messages:
            locations = sorted(self._messages, key=SourceLocation.sort_key)
            mistakes, diagnostics = [], []
            for location in locations[:MAX_LISTED_MISTAKES]:
                message, path = self._messages[location], dotted_path(location.path)
                mistakes.append(_format(location, message))
                diagnostics.append(Diagnostic(message, location.file, location.line, location.column, path))
            if len(locations) > MAX_LISTED_MISTAKES:
                mistakes.append(f"… and {len(locations) - MAX_LISTED_MISTAKES} more.")
            raise ScenarioError(mistakes, diagnostics)


def _format(location: SourceLocation, message: str) -> str:
    begins_with_path = not location.line and location.path and message.startswith(dotted_path(location.path))
    head = f"{location.file if begins_with_path else location}: {message}"
    if not location.line_text.strip():
        return head
    line_number = f"  {location.line}"
    line, caret_position = _excerpt(location.line_text, location.column - 1)
    # keeps tabs, so that the caret is in the same column
    indent = "".join("\t" if c == "\t" else " " for c in line[:caret_position])
    return f"{head}\n{line_number} | {line}\n{' ' * len(line_number)} | {indent}^"


def _excerpt(line: str, position: int) -> tuple[str, int]:
    """Return a line, or the part of a long line around a position, and the position in what is returned."""
    size = MAX_EXCERPT_CHARACTERS
    if len(line) <= size:
        return line, position
    start = max(0, min(position - size // 2, len(line) - size))
    before = "…" if start else ""
    after = "…" if start + size < len(line) else ""
    return f"{before}{line[start : start + size]}{after}", position - start + len(before)
