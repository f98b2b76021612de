"""Templates of responses, with gaps for the values that move with the clock.

A response depends on the state of the cluster and on the time. A template gives the response to one request until the
state changes, or until a time at which the response would have another form (`flinkmock/moment.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flinkmock.moment import MARK, PART_OF_MARK, Trace


class Template:
    """The body of a response with gaps for times. It is valid until `until`, and until the state changes.

    Args:
        pieces: The pieces of the body between the gaps.
        shifts: The `Moment.shift` of each gap.
        until: When it becomes invalid, in epoch ms.
        changes: The value of `StateLock.changes` when it was made.
    """

    __slots__ = ("_buffer", "_first", "_gaps", "_separator", "_size", "changes", "hits", "until")

    def __init__(self, pieces: list[bytes], shifts: Sequence[int], until: int, changes: int) -> None:
        self.until = until
        self.changes = changes
        self.hits = 0
        """The number of requests that it has answered."""
        self._size = sum(map(len, pieces))
        self._first = pieces[0]
        gaps: dict[int, list[int]] = {}
        for number, shift in enumerate(shifts):
            gaps.setdefault(shift, []).append(2 * number + 1)
        self._gaps = tuple(gaps.items())
        self._separator = b""
        """The value of all gaps, if they have the same one."""
        if len(gaps) == 1:
            self._buffer = pieces
        else:
            self._buffer = [b""] * (2 * len(pieces) - 1)
            self._buffer[::2] = pieces

    def message(self, start: bytes, now: int) -> tuple[bytes, int]:
        """Return the complete response at a time, and the length of its body in bytes.

        Args:
            start: The status line, and all headers except `content-length`.
            now: The time in epoch ms.
        """
        size = self._fill(now)
        buffer = self._buffer
        buffer[0] = b"%bcontent-length: %d\r\n\r\n%b" % (start, size, self._first)
        return self._separator.join(buffer), size

    def body(self, now: int) -> bytes:
        """Return the body at a time (epoch ms)."""
        self._fill(now)
        self._buffer[0] = self._first
        return self._separator.join(self._buffer)

    def _fill(self, now: int) -> int:
        """Fill in the values at a time (epoch ms); return the length of the body in bytes."""
        gaps, buffer, size = self._gaps, self._buffer, self._size
        self.hits += 1
        if len(gaps) == 1:
            ((shift, positions),) = gaps
            self._separator = value = b"%d" % (now + shift)
            return size + len(positions) * len(value)
        for shift, positions in gaps:
            value = b"%d" % (now + shift)
            size += len(positions) * len(value)
            for position in positions:
                buffer[position] = value
        return size


def traced(make: Callable[[Any], str], now: int, changes: int) -> Template | None:
    """Make the template of a response; None if the response can't have one that stays valid.

    Args:
        make: Returns the JSON text for a traced time.
        now: The time in epoch ms.
        changes: The value of `StateLock.changes`.
    """
    trace = Trace(now)
    try:
        body = make(trace.moment()).encode("utf-8", errors="replace")
        if trace.until <= now + 1 or b"\\u00" in body:
            return None
        parts = MARK.split(body)
        if any(map(PART_OF_MARK.search, parts[::2])):
            return None  # the marks come from other texts
        return Template(parts[::2], [int(shift) for shift in parts[1::2]], trace.until, changes)
    except Exception:  # the handler uses the time in another way, or raises an error: there is no template
        return None
