"""Applies a fault to the connection: delays, cuts and slow responses."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from flinkmock.faults import Drop
from flinkmock.rest.response import NoResponse, Response
from flinkmock.server.aiohttp_response import ConnectionEnded, FlinkResponse
from flinkmock.server.delayed_responses import UNBOUNDED, DelayedResponses
from flinkmock.server.transports import end_connection

if TYPE_CHECKING:
    from flinkmock.cluster.clock import Clock
    from flinkmock.faults.decide import FaultHit

_MAX_PIECES = 50
_PIECES_PER_SECOND = 10


class FaultDelivery:
    """Sends the response to one request with the effects of the fault `hit`.

    Create it before anything is awaited after the fault was chosen: if the clock is set back later, because a snapshot
        is restored, the response is never sent.
    """

    def __init__(
        self, hit: FaultHit, clock: Clock, delayed: DelayedResponses, transport: asyncio.Transport | None
    ) -> None:
        self._hit = hit
        self._clock = clock
        self._delayed = delayed
        self._transport = transport
        self._generation = clock.generation

    async def delay(self) -> None:
        """Wait for the delay of the fault. Reset the connection if the response must not be sent."""
        start, drop = self._clock.now(), self._hit.fault.drop
        until = UNBOUNDED if drop is not None and drop.hangs else start + self._hit.delay
        if not await self._delayed.until(until, self._is_gone):
            end_connection(self._transport, reset=True)

    async def response(self, response: Response | NoResponse, *, lower_case: bool) -> web.StreamResponse:
        """Wait for the delay, and return the response for aiohttp."""
        await self.delay()
        fault = self._hit.fault
        ended = True
        match fault.drop:
            case Drop.RESET | Drop.AFTER_PROCESSING:
                end_connection(self._transport, reset=True)
            case Drop.CLOSE:
                end_connection(self._transport, reset=False)
            case Drop.TRUNCATE if isinstance(response, Response) and not response.body:
                end_connection(self._transport, reset=False)
            case _:
                ended = False
        if ended or isinstance(response, NoResponse):
            return ConnectionEnded()
        if fault.drop is Drop.TRUNCATE or fault.throttle:
            whole = fault.drop is not Drop.TRUNCATE
            return _SlowResponse(response, self, fault.throttle, whole=whole, lower_case=lower_case)
        return FlinkResponse(response, lower_case=lower_case)

    def now(self) -> int:
        """Return the cluster time in epoch ms."""
        return self._clock.now()

    async def until(self, moment: float) -> bool:
        """Wait until the clock shows `moment` (epoch ms); return False if the client has disconnected."""
        return await self._delayed.until(moment, self._is_gone)

    def end(self) -> None:
        """Close the connection after the written bytes."""
        end_connection(self._transport, reset=False)

    def _is_gone(self) -> bool:
        """Whether the client has disconnected, or the clock was set back."""
        transport = self._transport
        return transport is None or transport.is_closing() or self._generation != self._clock.generation


class _SlowResponse(FlinkResponse):
    """A response that is throttled to `rate` bytes per second, or that ends in the middle of its body."""

    def __init__(
        self, response: Response, delivery: FaultDelivery, rate: int | None, *, whole: bool, lower_case: bool
    ) -> None:
        super().__init__(response, lower_case=lower_case)
        self._delivery = delivery
        self._rate = rate
        self._whole = whole

    async def write_eof(self, data: bytes = b"") -> None:
        request = self._request
        assert request is not None
        if self._is_empty(request):
            return await super().write_eof(data)
        self._transport(request).write(self.head(request))
        body = self.response.body if self._whole else self.response.body[: max(len(self.response.body) // 2, 1)]
        size = len(body) if self._rate is None else max(self._rate // _PIECES_PER_SECOND, len(body) // _MAX_PIECES, 1)
        begin = self._delivery.now()
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            if self._rate and not await self._delivery.until(begin + 1000 * (start + len(piece)) / self._rate):
                raise ConnectionResetError("the client has closed the connection")
            self._transport(request).write(piece)
        if not self._whole:
            self._delivery.end()
            raise ConnectionResetError("a fault has closed the connection")
