"""Answers of a live cluster that passed by a while ago, for faults that give stale ones."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable

from flinkmock.contract import Operation
from flinkmock.faults import Fault
from flinkmock.rest.response import Response

MOST_BYTES = 64 * 1024 * 1024
"""Of bodies; the targets that were asked longest ago are forgotten first."""


class ResponseHistory:
    """Keeps what some of the `faults` may ask for, and nothing else. Moments are epoch ms."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._faults = [fault for fault in faults if fault.serve_stale]
        self._longest = max((fault.serve_stale or 0 for fault in self._faults), default=0)
        self._kept: OrderedDict[str, deque[tuple[int, Response]]] = OrderedDict()
        self._bytes = 0

    def matters(self, method: str, path: str, operation: Operation | None) -> bool:
        """Whether answers to such requests may be asked for later."""
        return any(fault.matches(method, path, operation) for fault in self._faults)

    def keep(self, target: str, now: int, answer: Response) -> None:
        answers = self._kept.setdefault(target, deque())
        self._kept.move_to_end(target)
        answers.append((now, answer))
        self._bytes += len(answer.body)
        while len(answers) > 1 and answers[1][0] <= now - self._longest:
            self._forget(answers)  # the next one is old enough for all
        while self._bytes > MOST_BYTES:
            oldest = next(iter(self._kept))
            self._forget(self._kept[oldest])
            if not self._kept[oldest]:
                del self._kept[oldest]

    def before(self, target: str, moment: int) -> Response | None:
        """The last answer that came at `moment` or earlier; None: none did, or it has been forgotten."""
        found = [answer for came, answer in self._kept.get(target, ()) if came <= moment]
        return found[-1] if found else None

    def _forget(self, answers: deque[tuple[int, Response]]) -> None:
        self._bytes -= len(answers.popleft()[1].body)
