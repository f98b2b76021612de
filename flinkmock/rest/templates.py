"""Templates of responses, with gaps for the values that change with the clock.

A response depends on the state of the cluster and on the time. A template gives the response to one request until the
state changes, or until a time at which the response would have another form (`flinkmock/moment.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flinkmock.moment import MARK, PART_OF_MARK, Trace

_GAP = b"\0"
"""Stands for a gap. JSON texts don't contain this character, because JSON escapes it."""


class Template:
    """The body of a response, with gaps for values that change with the clock. It is valid until the state changes.

    Args:
        pieces: The pieces of the body between the gaps.
        shifts: The `Moment.shift` of each gap.
        until: The time at which the template becomes invalid even if the state does not change, in epoch ms.
        change_count: The value of `StateLock.change_count` when the template was made.
    """

    __slots__ = ("_first", "_gaps", "_pieces", "_size", "change_count", "hit_count", "until")

    def __init__(self, pieces: list[bytes], shifts: Sequence[int], until: int, change_count: int) -> None:
        self.until = until
        self.change_count = change_count
        self.hit_count = 0
        """The number of requests that the template has answered."""
        self._size = sum(map(len, pieces))
        self._first = pieces[0]
        self._pieces = [b""] * (2 * len(pieces) - 1)
        self._pieces[::2] = pieces
        gaps: dict[int, list[int]] = {}
        for index, shift in enumerate(shifts):
            gaps.setdefault(shift, []).append(2 * index + 1)
        self._gaps = tuple(gaps.items())
        """(shift, indexes in `_pieces`) of the gaps."""

    def response_and_size(self, start: bytes, now: int) -> tuple[bytes, int]:
        """Return the complete response at a time, and the length of its body in bytes.

        Args:
            start: The status line, and all headers except `content-length`.
            now: The time in epoch ms.
        """
        self.hit_count += 1
        size = self._set_values(now)
        return self._filled(b"%bcontent-length: %d\r\n\r\n" % (start, size)), size

    def body(self, now: int) -> bytes:
        """Return the body at a time (epoch ms)."""
        self.hit_count += 1
        self._set_values(now)
        return self._filled(b"")

    def _set_values(self, now: int) -> int:
        """Set the values at a time (epoch ms); return the length of the body in bytes."""
        pieces, size = self._pieces, self._size
        for shift, positions in self._gaps:
            value = b"%d" % (now + shift)
            size += len(positions) * len(value)
            for position in positions:
                pieces[position] = value
        return size

    def _filled(self, head: bytes) -> bytes:
        """Return the head and the body with the values."""
        self._pieces[0] = head + self._first
        return b"".join(self._pieces)


class OneValueTemplate(Template):
    """A template whose gaps all have the same value: one text, in which gaps are replaced.

    For a list of many jobs, this takes half as long as joining pieces.
    """

    __slots__ = ("_count", "_head", "_shift", "_text", "_value")

    def __init__(self, pieces: list[bytes], shift: int, until: int, change_count: int) -> None:
        super().__init__([b""], (), until, change_count)
        self._size = sum(map(len, pieces))
        self._count = len(pieces) - 1
        self._shift = shift
        self._value = b""
        self._head = b""
        self._text = _GAP.join(pieces)
        """The head of the last response (`_head`) and the body, with a `_GAP` in place of each value."""

    def _set_values(self, now: int) -> int:
        self._value = b"%d" % (now + self._shift)
        return self._size + self._count * len(self._value)

    def _filled(self, head: bytes) -> bytes:
        if head != self._head:
            self._text = head + self._text[len(self._head) :]
            self._head = head
        return self._text.replace(_GAP, self._value)


def make_template(make_text: Callable[[Any], str], now: int, change_count: int) -> Template | None:
    """Make the template of a response; None if it would be valid for only one time, or can't be made.

    Args:
        make_text: Returns the JSON text for a time, which is a `Moment`.
        now: The time in epoch ms.
        change_count: The value of `StateLock.change_count`.
    """
    trace = Trace(now)
    try:
        body = make_text(trace.moment()).encode("utf-8", errors="replace")
        if trace.until <= now + 1 or b"\\u00" in body:
            return None
        parts = MARK.split(body)
        if any(map(PART_OF_MARK.search, parts[::2])):
            return None  # a text of the response contains the characters of marks
        pieces, shifts = parts[::2], [int(shift) for shift in parts[1::2]]
        if len(set(shifts)) == 1:
            return OneValueTemplate(pieces, shifts[0], trace.until, change_count)
        return Template(pieces, shifts, trace.until, change_count)
    except Exception:  # the handler uses the time in another way, or raises an error: there is no template
        return None
