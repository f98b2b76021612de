"""Traces the use of the current time while a response is computed.

A handler that gets a `Moment` as the current time takes the same branches as with a number. The trace notes the
comparisons that decide branches, and therefore knows until when later requests take the same branches. Values that move
with the time, such as `now` and durations, are moments too. In the text of the response, each of them is a mark, which
is replaced by the number when the response is sent. Floor division and modulo return a number and note when it changes.
Any other use of a moment, such as multiplication, raises TypeError; the response can then not be reused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

FOREVER = 1 << 62
"""A time (epoch ms) that is later than all others."""

_BEGIN, _END = "\x81", "\x8d"
"""Control codes without a meaning, which no text contains and JSON does not escape. (With characters beyond Latin-1,
strings would take twice the memory.)"""
MARK = re.compile(f"{_BEGIN}(-?[0-9]+){_END}".encode())
"""Matches a moment in an encoded text. The group is `Moment.shift`."""
PART_OF_MARK = re.compile(f"{_BEGIN}|{_END}".encode())


def fixed_text(text: str) -> str:
    """Return a text unchanged if it contains no moment, for callers that parse or measure it.

    Raises:
        TypeError: It contains a moment.
    """
    if _BEGIN in text:
        raise TypeError("the text of a moment changes as time passes")
    return text


def plain_time(now: int) -> int:
    """Return a time as a number, to be stored. If the time is traced, the caller also calls `note_change_at`."""
    return now.trace.now + now.shift if isinstance(now, Moment) else now


def note_change_at(now: int, time: int) -> None:
    """If `now` is traced, note that the response may differ from `time` on (epoch ms)."""
    if isinstance(now, Moment):
        now.trace.note_change_at(time)


class Trace:
    """Collects the comparisons with the time on which a response depends.

    Attributes:
        now: The time for which the response is computed, in epoch ms.
        until: The first time at which the response may differ, in epoch ms.
    """

    __slots__ = ("now", "until")

    def __init__(self, now: int) -> None:
        self.now = now
        self.until = FOREVER

    def moment(self) -> Any:
        """Return the current time for a handler."""
        return Moment(self, 0)

    def note_change_at(self, time: int) -> None:
        """Note that the response may differ from `time` on (epoch ms), if that is in the future."""
        if self.now < time < self.until:
            self.until = time


class Fragment:
    """A part of traced responses that is reused until its own trace ends.

    Attributes:
        payload: The payload of the part, with moments; None after it was written.
        version: A value that changes when the part becomes invalid.
        until: The first time at which the part may differ, in epoch ms.
        text: The JSON text, after it was written.
    """

    __slots__ = ("payload", "text", "until", "version")

    def __init__(self, payload: Any, version: object, until: int) -> None:
        self.payload = payload
        self.version = version
        self.until = until
        self.text: str | None = None


class Moment:
    """A time or a duration that grows as time passes: `trace.now + shift`."""

    __slots__ = ("shift", "trace")

    def __init__(self, trace: Trace, shift: int) -> None:
        self.trace = trace
        self.shift = shift

    def fragment(self, earlier: Fragment | None, version: object, make_payload: Callable[[Any], Any]) -> Fragment:
        """Return a part of the response: `earlier` if it is still valid, otherwise a new one.

        Args:
            earlier: The part of an earlier response; None if there is none.
            version: A value that changes when the part changes for another reason than the time.
            make_payload: Returns the payload for a time.
        """
        trace = self.trace
        if earlier is not None and earlier.version == version and earlier.until > trace.now:
            fragment = earlier
        else:
            fragment_trace = Trace(trace.now)
            payload = make_payload(Moment(fragment_trace, self.shift))
            fragment = Fragment(payload, version, fragment_trace.until)
        trace.note_change_at(fragment.until)
        return fragment

    def __format__(self, spec: str) -> str:
        if spec not in ("", "d"):
            raise TypeError(f"a moment has no format {spec}")
        return f"{_BEGIN}{self.shift}{_END}"

    def __str__(self) -> str:
        raise TypeError("the text of a moment changes as time passes")

    __repr__ = __str__

    def __add__(self, other: int) -> Moment:
        return Moment(self.trace, self.shift + other) if type(other) is int else NotImplemented

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        if type(other) is int:
            return Moment(self.trace, self.shift - other)
        return self.shift - other.shift if type(other) is Moment else NotImplemented

    def __floordiv__(self, other: int) -> int:
        quotient = (self.trace.now + self.shift) // other
        self.trace.note_change_at((quotient + 1) * other - self.shift)
        return quotient

    def __mod__(self, other: int) -> int:
        self.trace.note_change_at(self.trace.now + 1)
        return (self.trace.now + self.shift) % other

    def _reaches_at(self, other: Any) -> int | None:
        """Return the time of the trace at which this moment reaches `other`; None if `other` is not a number."""
        if type(other) is Moment:
            return self.trace.now + other.shift - self.shift
        if isinstance(other, float):
            raise TypeError("a moment is not compared with a float")
        return other - self.shift if isinstance(other, int) else None

    def __lt__(self, other: Any) -> bool:
        reached_at = self._reaches_at(other)
        if reached_at is None:
            return NotImplemented
        if type(other) is not Moment:
            self.trace.note_change_at(reached_at)
        return self.trace.now < reached_at

    def __ge__(self, other: Any) -> bool:
        is_less = self.__lt__(other)
        return is_less if is_less is NotImplemented else not is_less

    def __le__(self, other: Any) -> bool:
        reached_at = self._reaches_at(other)
        if reached_at is None:
            return NotImplemented
        if type(other) is not Moment:
            self.trace.note_change_at(reached_at + 1)
        return self.trace.now <= reached_at

    def __gt__(self, other: Any) -> bool:
        is_less_or_equal = self.__le__(other)
        return is_less_or_equal if is_less_or_equal is NotImplemented else not is_less_or_equal

    def __eq__(self, other: object) -> bool:
        reached_at = self._reaches_at(other)
        if reached_at is None:
            return NotImplemented
        if type(other) is not Moment:
            self.trace.note_change_at(reached_at)
            self.trace.note_change_at(reached_at + 1)
        return self.trace.now == reached_at

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return self != 0
