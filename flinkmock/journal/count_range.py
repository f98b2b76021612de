"""How often: `3`, `once`, `never`, `2 times`, `1..10 times`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flinkmock.errors import InvalidArgument

_FORM = re.compile(r"(\d{1,9})(\.\.)?(\d{1,9})?(?: times?)?")
_WORDS = {"never": 0, "once": 1, "twice": 2}


@dataclass(frozen=True, slots=True)
class CountRange:
    """From `low` to `high`, both included; `high` None is without end."""

    low: int = 1
    high: int | None = None

    @classmethod
    def read(cls, text: int | str | CountRange) -> CountRange:
        """Raises InvalidArgument for what says no number of times."""
        if isinstance(text, CountRange):
            return text
        if isinstance(text, bool) or not isinstance(text, int | str) or (isinstance(text, int) and text < 0):
            raise InvalidArgument(_refusal(text))
        if isinstance(text, int) or text in _WORDS:
            number = text if isinstance(text, int) else _WORDS[text]
            return cls(number, number)
        form = _FORM.fullmatch(text)
        if form is None or (form[3] and not form[2]):
            raise InvalidArgument(_refusal(text))
        low = int(form[1])
        if not form[2]:
            return cls(low, low)
        high = int(form[3]) if form[3] else None
        if high is not None and high < low:
            raise InvalidArgument(f'"{text}" is a descending range. Write {high}..{low} times.')
        return cls(low, high)

    def __contains__(self, count: int) -> bool:
        return self.low <= count and (self.high is None or count <= self.high)

    def __str__(self) -> str:
        if self.high is None:
            return f"at least {said(self.low)}"
        return said(self.low) if self.low == self.high else f"{self.low} to {self.high} times"


AT_LEAST_ONCE = CountRange()
NEVER = CountRange(0, 0)


def said(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")


def _refusal(text: object) -> str:
    return f'"{text}" is not a count. Write once, never, 2 times, 1..10 times or 1.. times.'
