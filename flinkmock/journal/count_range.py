"""Ranges of counts, as expectations write them: `3`, `once`, `never`, `2 times`, `1..10 times`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flinkmock.errors import InvalidArgument

_FORM = re.compile(r"(?P<low>\d{1,9})(?P<dots>\.\.)?(?P<high>\d{1,9})?(?: times?)?")
_COUNT_BY_WORD = {"never": 0, "once": 1, "twice": 2}


@dataclass(frozen=True, slots=True)
class CountRange:
    """A range of counts from `low` to `high`, both inclusive; without limit if `high` is None."""

    low: int = 1
    high: int | None = None

    @classmethod
    def parse(cls, value: int | str | CountRange) -> CountRange:
        """Parse a count or a range of counts; return a `CountRange` unchanged.

        Raises:
            InvalidArgument: The value is neither a count nor a range of counts.
        """
        if isinstance(value, CountRange):
            return value
        if isinstance(value, bool) or not isinstance(value, int | str) or (isinstance(value, int) and value < 0):
            raise InvalidArgument(_invalid_message(value))
        if isinstance(value, int) or value in _COUNT_BY_WORD:
            number = value if isinstance(value, int) else _COUNT_BY_WORD[value]
            return cls(number, number)
        match = _FORM.fullmatch(value)
        if match is None or (match["high"] and not match["dots"]):
            raise InvalidArgument(_invalid_message(value))
        low = int(match["low"])
        if not match["dots"]:
            return cls(low, low)
        high = int(match["high"]) if match["high"] else None
        if high is not None and high < low:
            raise InvalidArgument(f'"{value}" is a descending range. Write {high}..{low} times.')
        return cls(low, high)

    def __contains__(self, count: int) -> bool:
        return self.low <= count and (self.high is None or count <= self.high)

    def __str__(self) -> str:
        if self.high is None:
            return f"at least {format_count(self.low)}" if self.low else "any number of times"
        return format_count(self.low) if self.low == self.high else f"{self.low} to {self.high} times"


AT_LEAST_ONCE = CountRange()
NEVER = CountRange(0, 0)


def format_count(count: int) -> str:
    """Format a count: "never", "once", "2 times"."""
    return {0: "never", 1: "once"}.get(count, f"{count} times")


def _invalid_message(value: object) -> str:
    return f'"{value}" is not a count. Write once, never, 2 times, 1..10 times or 1.. times.'
