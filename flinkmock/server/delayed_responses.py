"""Answers that are held back until the cluster's clock has come to a moment.

How long that takes on the wall depends on the clock:

| clock          | an answer held back for 2 s                                                              |
|----------------|------------------------------------------------------------------------------------------|
| real, scaled   | waits that long, in the cluster's seconds                                                |
| a step         | waits until other requests have moved the clock so far. When all requests under way are |
|                | held back, nobody is left who could move it: the clock goes on to the first moment       |
| virtual        | waits until somebody advances the clock. When it has stood for 30 s of the wall, the     |
|                | connection is cut and a warning logged: a test that forgot it would hang for ever        |

Whoever leaves, client or server, ends the waiting at once. When a snapshot is restored, answers to what was asked
before are never given.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flinkmock.cluster.clock import ClockMode

if TYPE_CHECKING:
    from flinkmock.faults.target import FaultTarget

_LOG = logging.getLogger("flinkmock.server")
UNBOUNDED = math.inf
PATIENCE = 30.0
"""Seconds of the wall for which a virtual clock may stand while answers wait for it."""
_TICK, _SHORTEST, _IDLE = 0.005, 0.001, 0.02
"""Seconds of the wall between two looks at the clock: usually; when it is about to come or to be moved; when all that
is held hangs for ever."""
_LOOK_AROUND = 20
"""Ticks between two looks at whether clients have gone."""


@dataclass(order=True, slots=True)
class _Held:
    moment: float
    order: int
    over: asyncio.Future[bool] = field(compare=False)
    gone: Callable[[], bool] = field(compare=False)


class DelayedResponses:
    """All that one application holds back. To be used inside its event loop only."""

    def __init__(self, cluster: FaultTarget) -> None:
        self._cluster = cluster
        self._held: list[_Held] = []
        self._order = itertools.count()
        self._under_way = 0
        self._ticking: asyncio.Task[None] | None = None
        self._closed = False

    @contextmanager
    def request(self) -> Iterator[None]:
        """Surrounds what is done for a request, held back or not."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def until(self, moment: float, gone: Callable[[], bool]) -> bool:
        """Waits until the clock shows `moment` (epoch ms). False: there is nobody to be answered any more, as `gone`
        tells, which is asked now and then, and at once when the clock was turned back."""
        if self._closed or gone():
            return False
        if moment <= self._cluster.clock.now():
            return True
        over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        held = _Held(moment, next(self._order), over, gone)
        heapq.heappush(self._held, held)
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick())
        return await over

    async def close(self) -> None:
        """Ends all waiting."""
        self._closed = True
        self._let_go(lambda held: True)
        if self._ticking is not None:
            self._ticking.cancel()

    def abandon(self) -> None:
        """Ends all waiting within a tick: another engine is served now. Can be called from any thread."""
        self._closed = True

    def _let_go(self, whom: Callable[[_Held], bool]) -> None:
        leaving = [held for held in self._held if whom(held)]
        if not leaving:
            return
        self._held = [held for held in self._held if not whom(held)]
        heapq.heapify(self._held)
        for held in leaving:
            _end(held, well=False)

    async def _tick(self) -> None:
        try:
            before, stands_since = self._cluster.clock.now(), time.monotonic()
            era = -1  # the first tick looks around, too
            for tick in itertools.count(1):
                if self._closed:
                    self._let_go(lambda held: True)
                    return
                now = self._cluster.clock.now()
                while self._held and self._held[0].moment <= now:
                    _end(heapq.heappop(self._held), well=True)
                if now != before:
                    before, stands_since = now, time.monotonic()
                if tick % _LOOK_AROUND == 0 or era != self._cluster.clock.generation:
                    era = self._cluster.clock.generation
                    self._let_go(lambda held: held.gone() or held.over.done())
                if not self._held:
                    return
                first = self._held[0].moment
                if self._cluster.clock.mode is ClockMode.VIRTUAL and time.monotonic() - stands_since > PATIENCE:
                    self._give_up()
                elif self._cluster.clock.mode is ClockMode.STEP and tick > 1 and self._all_wait() and first < UNBOUNDED:
                    self._cluster.advance(math.ceil(first) - now)
                    continue
                await asyncio.sleep(self._pause(first - now))
        finally:
            self._ticking = None

    def _all_wait(self) -> bool:
        """Whether nobody is left who could move the clock. Those who wait for ever don't count."""
        return self._under_way <= len(self._held)

    def _pause(self, left: float) -> float:
        """Seconds until the next tick, if there are so many ms left of the cluster's time."""
        clock = self._cluster.clock
        if left == UNBOUNDED:
            return _IDLE
        if clock.follows_wall:
            return min(max(left / clock.factor / 1000, _SHORTEST), _TICK)
        return _TICK if clock.mode is ClockMode.VIRTUAL else _SHORTEST

    def _give_up(self) -> None:
        waiting = sum(held.moment < UNBOUNDED for held in self._held)
        if waiting:
            _LOG.warning(
                "%d answers wait for a virtual clock that nobody has moved for %g s; their connections are cut. "
                "Advance the clock, or choose another one.",
                waiting,
                PATIENCE,
            )
        self._let_go(lambda held: held.moment < UNBOUNDED)


def _end(held: _Held, *, well: bool) -> None:
    if not held.over.done():
        held.over.set_result(well)
