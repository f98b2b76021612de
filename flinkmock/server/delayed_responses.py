"""Responses that wait until the cluster's clock shows a certain time.

How long that takes on the wall clock depends on the clock mode:

| clock          | a response delayed by 2 s                                                                |
|----------------|------------------------------------------------------------------------------------------|
| real, scaled   | waits 2 s of cluster time                                                                |
| a step         | waits until other requests have moved the clock that far. When all running requests      |
|                | wait, no request is left to move the clock: it jumps to the first of these times         |
| virtual        | waits until the clock is advanced. If that does not happen for 30 s of the wall clock,   |
|                | the connection is cut and a warning is logged, so that a test does not hang              |

A disconnect of the client or a shutdown of the server ends the wait immediately. When a snapshot is restored, requests
that arrived before get no response.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flinkmock.cluster.clock import ClockMode
from flinkmock.monotonic import monotonic

if TYPE_CHECKING:
    from flinkmock.faults.target import FaultTarget

_LOG = logging.getLogger("flinkmock.server")
UNBOUNDED = math.inf
VIRTUAL_CLOCK_TIMEOUT_S = 30.0
"""Seconds of the wall clock for which a virtual clock may stand while responses wait for it."""
_TICK_S, _MIN_TICK_S, _HANGING_TICK_S = 0.005, 0.001, 0.02
"""Seconds of the wall clock between two checks of the cluster's clock: usually; shortly before the next response is
due, or while a step clock is about to move; while all responses wait without bound."""
_DISCONNECT_CHECK_TICKS = 20
"""Ticks between two checks for clients that have disconnected."""


@dataclass(order=True, slots=True)
class _Pending:
    due_at: float
    order: int
    done: asyncio.Future[bool] = field(compare=False)
    is_gone: Callable[[], bool] = field(compare=False)

    def finish(self, *, is_due: bool) -> None:
        if not self.done.done():
            self.done.set_result(is_due)


class DelayedResponses:
    """The delayed responses of the servers of one cluster. Use it only inside their event loop."""

    def __init__(self, cluster: FaultTarget) -> None:
        self._cluster = cluster
        self._pending: list[_Pending] = []
        self._order = itertools.count()
        self._running_requests = 0
        self._ticker: asyncio.Task[None] | None = None
        self._closed = False

    @contextmanager
    def request(self) -> Iterator[None]:
        """Surrounds the work on a request, whether or not its response is delayed."""
        self._running_requests += 1
        try:
            yield
        finally:
            self._running_requests -= 1

    async def until(self, due_at: float, is_gone: Callable[[], bool]) -> bool:
        """Waits until the clock shows `due_at` (epoch ms).

        Args:
            is_gone: Whether the response is no longer wanted. It is called now and then, and immediately after the
                clock was turned back.

        Returns:
            False if the response must not be sent.
        """
        if self._closed or is_gone():
            return False
        if due_at <= self._cluster.clock.now():
            return True
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._pending, _Pending(due_at, next(self._order), done, is_gone))
        if self._ticker is None:
            self._ticker = asyncio.create_task(self._tick())
        return await done

    async def close(self) -> None:
        """Ends all waits."""
        self._closed = True
        self._drop(lambda pending: True)
        if self._ticker is not None:
            self._ticker.cancel()

    def abandon(self) -> None:
        """Ends all waits within a tick, because another engine is served. Can be called from any thread."""
        self._closed = True

    def _drop(self, condition: Callable[[_Pending], bool]) -> None:
        dropped = [pending for pending in self._pending if condition(pending)]
        if not dropped:
            return
        self._pending = [pending for pending in self._pending if not condition(pending)]
        heapq.heapify(self._pending)
        for pending in dropped:
            pending.finish(is_due=False)

    async def _tick(self) -> None:
        clock = self._cluster.clock
        try:
            last_time, moved_at = clock.now(), monotonic()
            generation = -1  # so that the first tick checks for disconnects, too
            for tick in itertools.count(1):
                if self._closed:
                    self._drop(lambda pending: True)
                    return
                now = clock.now()
                while self._pending and self._pending[0].due_at <= now:
                    heapq.heappop(self._pending).finish(is_due=True)
                if now != last_time:
                    last_time, moved_at = now, monotonic()
                if tick % _DISCONNECT_CHECK_TICKS == 0 or generation != clock.generation:
                    generation = clock.generation
                    self._drop(lambda pending: pending.is_gone() or pending.done.done())
                if not self._pending:
                    return
                first = self._pending[0].due_at
                if clock.mode is ClockMode.VIRTUAL and monotonic() - moved_at > VIRTUAL_CLOCK_TIMEOUT_S:
                    self._give_up()
                elif clock.mode is ClockMode.STEP and tick > 1 and self._all_wait() and first < UNBOUNDED:
                    self._cluster.advance(math.ceil(first) - now)
                    continue
                await asyncio.sleep(self._pause_s(first - now))
        finally:
            self._ticker = None

    def _all_wait(self) -> bool:
        """Whether all running requests wait, so that none of them moves the clock."""
        return self._running_requests <= len(self._pending)

    def _pause_s(self, remaining_ms: float) -> float:
        """Seconds until the next tick, if the next response is due in so many ms of cluster time."""
        clock = self._cluster.clock
        if remaining_ms == UNBOUNDED:
            return _HANGING_TICK_S
        if clock.follows_wall:
            return min(max(remaining_ms / clock.factor / 1000, _MIN_TICK_S), _TICK_S)
        return _TICK_S if clock.mode is ClockMode.VIRTUAL else _MIN_TICK_S

    def _give_up(self) -> None:
        count = sum(pending.due_at < UNBOUNDED for pending in self._pending)
        if count:
            _LOG.warning(
                "%d responses wait for a virtual clock that has not moved for %g s; their connections are cut. "
                "Advance the clock, or choose another clock.",
                count,
                VIRTUAL_CLOCK_TIMEOUT_S,
            )
        self._drop(lambda pending: pending.due_at < UNBOUNDED)
