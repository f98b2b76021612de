"""What is wrong with a scenario, collected so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from flinkmock.errors import ScenarioError

MAX_MISTAKES = 50
"""More are not told: whoever has so many reads no further."""


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """Where something is written: `line` and `column` count from 1; 0 means that only the `path` is known."""

    file: str
    line: int = 0
    column: int = 0
    source: str = ""
    """The whole line."""
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        if self.line:
            return f"{self.file}:{self.line}:{self.column}"
        return f"{self.file}: {dotted(self.path)}" if self.path else self.file

    def order(self) -> tuple[str, int, int, str]:
        return self.file, self.line, self.column, dotted(self.path)


def dotted(path: Iterable[str | int]) -> str:
    """jobs.orders.lifecycle[2]"""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


class Diagnostics:
    """Gathers mistakes, one for each place; `stop` and `check` raise them as one ScenarioError."""

    def __init__(self) -> None:
        self._found: dict[SourceLocation, str] = {}

    def add(self, place: SourceLocation, text: str) -> None:
        """The first mistake of a place is told: a template's is found again in each job that is made from it."""
        self._found.setdefault(place, text)

    def stop(self, place: SourceLocation, text: str) -> NoReturn:
        """Adds the last mistake: nothing more can be found out."""
        self.add(place, text)
        self.check()
        raise AssertionError("a mistake was added")

    def check(self) -> None:
        """Raises ScenarioError if there are mistakes."""
        if self._found:
            found = sorted(self._found, key=SourceLocation.order)
            told = [_shown(place, self._found[place]) for place in found[:MAX_MISTAKES]]
            if len(found) > MAX_MISTAKES:
                told.append(f"… and {len(found) - MAX_MISTAKES} more.")
            raise ScenarioError(told)


def _shown(place: SourceLocation, text: str) -> str:
    head = f"{place}: {text}"
    if not place.source.strip():
        return head
    number = f"  {place.line}"
    # tabs stay tabs under the line, so that the caret stands where the eye expects it
    indent = "".join("\t" if c == "\t" else " " for c in place.source[: place.column - 1])
    return f"{head}\n{number} | {place.source}\n{' ' * len(number)} | {indent}^"
