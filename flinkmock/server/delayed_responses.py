"""Delays responses until the cluster's clock shows a certain time.

The delay by the wall clock depends on the clock mode:

| clock             | a response delayed by 2 s                                                             |
|-------------------|---------------------------------------------------------------------------------------|
| real, step        | waits 2 s, so that the read timeout of a client can expire                            |
| scaled            | waits 2 s of cluster time                                                             |
| virtual           | waits until the clock is advanced. If that does not happen for 30 s of the wall       |
|                   | clock, the connection is closed and a warning is logged, so that a test does not hang |

Advancing the clock shortens the delay in all modes. The delay is measured by the machine's monotonic clock, not by
`time.time`, which tests may freeze.

A disconnect of the client or a shutdown of the server ends the delay early. When a snapshot is restored, the responses
that are delayed at that time are dropped.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flinkmock.monotonic import monotonic
from flinkmock.tables import counted

if TYPE_CHECKING:
    from flinkmock.faults.fault_target import FaultTarget

_LOG = logging.getLogger("flinkmock.server")
NEVER = math.inf
"""The due time of a response that is never sent, although its connection stays open."""
VIRTUAL_CLOCK_TIMEOUT_S = 30.0
"""How long a virtual clock may stand still while responses wait for it, in wall-clock seconds."""
_TICK_S, _MIN_TICK_S, _HANGING_TICK_S = 0.005, 0.001, 0.02
"""The time between two checks of the clock, by the wall clock: usually; shortly before a response is due; and while all
responses wait for `NEVER`."""
_DISCONNECT_CHECK_TICKS = 20
"""The number of checks of the clock between two checks for disconnected clients."""


@dataclass(order=True, slots=True)
class _Pending:
    """A delayed response.

    Attributes:
        due_elapsed_ms: The value of `DelayedResponses._elapsed_ms` at which the response is due.
        number: Orders responses that are due at the same time.
        due_at: The cluster time at which the response is due (epoch ms).
        done: Its result is whether the response is to be sent.
        is_obsolete: See `DelayedResponses.wait_until`.
    """

    due_elapsed_ms: float
    number: int
    due_at: float = field(compare=False)
    done: asyncio.Future[bool] = field(compare=False)
    is_obsolete: Callable[[], bool] = field(compare=False)

    def finish(self, *, is_to_be_sent: bool) -> None:
        if not self.done.done():
            self.done.set_result(is_to_be_sent)


class DelayedResponses:
    """The delayed responses of the servers of one cluster. It is used only within their event loop."""

    def __init__(self, cluster: FaultTarget) -> None:
        self._cluster = cluster
        self._pending: list[_Pending] = []
        self._numbers = itertools.count()
        self._ticker: asyncio.Task[None] | None = None
        self._closed = False
        self._elapsed_ms = 0.0
        """The cluster time that has elapsed since the creation, in ms. Unlike the clock, it never goes back."""
        self._measured_at = monotonic()
        self._advanced_ms = cluster.clock.advanced_ms

    async def wait_until(self, due_at: float, is_obsolete: Callable[[], bool]) -> bool:
        """Wait until the clock shows `due_at` (epoch ms).

        Args:
            due_at: The cluster time.
            is_obsolete: Returns whether nobody awaits the response, such as after a disconnect. It is called from time
                to time, and soon after the clock is set back.

        Returns:
            Whether the response is to be sent.
        """
        if self._closed or is_obsolete():
            return False
        if due_at <= self._cluster.clock.now():
            return True
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        due_elapsed_ms = self._measure() + due_at - self._cluster.clock.now()
        heapq.heappush(self._pending, _Pending(due_elapsed_ms, next(self._numbers), due_at, done, is_obsolete))
        if self._ticker is None:
            self._ticker = asyncio.create_task(self._tick())
        return await done

    async def close(self) -> None:
        """End all delays."""
        self._closed = True
        self._cancel(lambda pending: True)
        if self._ticker is not None:
            self._ticker.cancel()

    def abandon(self) -> None:
        """End all delays within a tick, because another engine is served. Can be called from any thread."""
        self._closed = True

    def _cancel(self, condition: Callable[[_Pending], bool]) -> None:
        """End the delays that meet a condition; their responses are not sent."""
        cancelled = [pending for pending in self._pending if condition(pending)]
        if not cancelled:
            return
        self._pending = [pending for pending in self._pending if not condition(pending)]
        heapq.heapify(self._pending)
        for pending in cancelled:
            pending.finish(is_to_be_sent=False)

    def remaining_ms(self) -> float | None:
        """Return the time until the next response is due, in ms; None if no response is delayed."""
        return self._pending[0].due_elapsed_ms - self._measure() if self._pending else None

    def _measure(self) -> float:
        """Update and return `_elapsed_ms`."""
        clock, now = self._cluster.clock, monotonic()
        self._elapsed_ms += (now - self._measured_at) * 1000 * clock.speed + clock.advanced_ms - self._advanced_ms
        self._measured_at, self._advanced_ms = now, clock.advanced_ms
        return self._elapsed_ms

    async def _tick(self) -> None:
        """Finish the responses that become due, until no response is delayed."""
        clock = self._cluster.clock
        try:
            previous_elapsed_ms, clock_moved_at = self._measure(), monotonic()
            generation = -1  # so that the first tick also checks for disconnects
            for tick in itertools.count(1):
                if self._closed:
                    self._cancel(lambda pending: True)
                    return
                elapsed_ms = self._measure()
                while self._pending and self._pending[0].due_elapsed_ms <= elapsed_ms:
                    pending = heapq.heappop(self._pending)
                    self._cluster.advance_to(math.ceil(pending.due_at))
                    pending.finish(is_to_be_sent=True)
                if elapsed_ms != previous_elapsed_ms:
                    previous_elapsed_ms, clock_moved_at = elapsed_ms, monotonic()
                if tick % _DISCONNECT_CHECK_TICKS == 0 or generation != clock.generation:
                    generation = clock.generation
                    self._cancel(lambda pending: pending.is_obsolete() or pending.done.done())
                if not self._pending:
                    return
                if monotonic() - clock_moved_at > VIRTUAL_CLOCK_TIMEOUT_S:
                    self._give_up()
                await asyncio.sleep(self._pause_s())
        finally:
            self._ticker = None

    def _pause_s(self) -> float:
        """Return the seconds until the next tick."""
        if not self._pending:
            return 0.0
        remaining_ms, speed = self._pending[0].due_elapsed_ms - self._elapsed_ms, self._cluster.clock.speed
        if remaining_ms == NEVER:
            return _HANGING_TICK_S
        return min(max(remaining_ms / speed / 1000, _MIN_TICK_S), _TICK_S) if speed else _TICK_S

    def _give_up(self) -> None:
        """End the delays for which a virtual clock would have to be advanced, and warn."""
        count = sum(pending.due_elapsed_ms < NEVER for pending in self._pending)
        if count:
            _LOG.warning(
                "Cut %s whose response waits for a virtual clock that has not moved for %g s. "
                "Advance the clock, or choose another clock.",
                counted(count, "connection"),
                VIRTUAL_CLOCK_TIMEOUT_S,
            )
        self._cancel(lambda pending: pending.due_elapsed_ms < NEVER)
