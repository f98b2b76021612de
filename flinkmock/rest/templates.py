"""Responses with gaps for the fields that move with the clock.

What a request gets depends on the state of the cluster and on the time. A template is the response to one request as
long as neither a change of the state nor a time comes that makes another one of it (`flinkmock/moment.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flinkmock.moment import MARK, PART_OF_MARK, Trace


class Template:
    """The body of a response, from `until` (epoch ms) and from the next change of the state on no longer valid.

    Args:
        pieces: The body, without the moments between its pieces.
        shifts: `Moment.shift` of each moment.
        until: Epoch ms.
        changes: `StateLock.changes` when it was made.
    """

    __slots__ = ("_buffer", "_first", "_gaps", "_size", "changes", "hits", "until")

    def __init__(self, pieces: list[bytes], shifts: Sequence[int], until: int, changes: int) -> None:
        self.until = until
        self.changes = changes
        self.hits = 0
        """How many requests it has answered."""
        self._size = sum(map(len, pieces))
        self._first = pieces[0]
        gaps: dict[int, list[int]] = {}
        for number, shift in enumerate(shifts):
            gaps.setdefault(shift, []).append(2 * number + 1)
        self._gaps = tuple(gaps.items())
        if len(gaps) == 1:
            self._buffer = pieces
        else:
            self._buffer = [b""] * (2 * len(pieces) - 1)
            self._buffer[::2] = pieces

    def message(self, start: bytes, now: int) -> tuple[bytes, int]:
        """The whole response at a time, and the length of its body.

        Args:
            start: The status line, and all headers but `content-length`.
            now: Epoch ms.
        """
        gaps, buffer = self._gaps, self._buffer
        self.hits += 1
        if len(gaps) == 1:
            ((shift, places),) = gaps
            value = b"%d" % (now + shift)
            size = self._size + len(places) * len(value)
            buffer[0] = b"%bcontent-length: %d\r\n\r\n%b" % (start, size, self._first)
            return value.join(buffer), size
        size = self._size
        for shift, places in gaps:
            value = b"%d" % (now + shift)
            size += len(places) * len(value)
            for place in places:
                buffer[place] = value
        buffer[0] = b"%bcontent-length: %d\r\n\r\n%b" % (start, size, self._first)
        return b"".join(buffer), size


def traced(make: Callable[[Any], str], now: int, changes: int) -> Template | None:
    """Make the template of a response; None if there can't be one that lasts.

    Args:
        make: Gives the JSON text for a time that is traced.
        now: Epoch ms.
        changes: `StateLock.changes`.
    """
    trace = Trace(now)
    try:
        body = make(trace.moment()).encode("utf-8", errors="replace")
        if trace.until <= now + 1 or b"\\u00" in body:
            return None
        parts = MARK.split(body)
        if any(map(PART_OF_MARK.search, parts[::2])):
            return None  # characters of somebody else
        return Template(parts[::2], [int(shift) for shift in parts[1::2]], trace.until, changes)
    except Exception:  # it uses the time in another way, or is an error: the request is answered the long way
        return None
