"""Applies a fault to the connection: delays, throttles, truncates or drops the response."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from flinkmock.faults import Drop
from flinkmock.rest.response import NoResponse, Response
from flinkmock.server.delayed_responses import NEVER, DelayedResponses
from flinkmock.server.transports import close_connection

if TYPE_CHECKING:
    from flinkmock.cluster.clock import Clock
    from flinkmock.faults.selection import FaultHit

_MAX_PIECES = 50
"""The maximum number of pieces in which a throttled body is sent."""
_PIECES_PER_SECOND = 10


class FaultDelivery:
    """Sends the response to one request with the effects of the fault `hit`.

    Create this object immediately after the fault is chosen, before anything is awaited. If a snapshot is restored
    later, which sets the clock back, the response is never sent.
    """

    def __init__(
        self, hit: FaultHit, clock: Clock, delayed: DelayedResponses, transport: asyncio.Transport | None
    ) -> None:
        self._hit = hit
        self._clock = clock
        self._delayed = delayed
        self._transport = transport
        self._generation = clock.generation
        self._delay_begins_at = clock.now()

    def begin_delay(self) -> None:
        """Begin the delay now, not when this object was created, for a server that takes time to respond."""
        self._delay_begins_at = self._clock.now()

    async def delay(self) -> None:
        """Wait for the delay of the fault. Reset the connection if the response must not be sent."""
        drop = self._hit.fault.drop
        due_at = NEVER if drop is not None and drop.hangs else self._delay_begins_at + self._hit.delay
        if not await self._delayed.wait_until(due_at, self._is_obsolete):
            close_connection(self._transport, reset=True)

    async def response_after_delay(self, response: Response | NoResponse) -> Response | None:
        """Wait for the delay; return the response if it is to be sent. None: the connection has been closed."""
        await self.delay()
        drop, transport = self._hit.fault.drop, self._transport
        if transport is None or transport.is_closing():
            return None
        if isinstance(response, NoResponse) or drop in (Drop.RESET, Drop.AFTER_PROCESSING, Drop.CLOSE):
            close_connection(transport, reset=drop in (Drop.RESET, Drop.AFTER_PROCESSING))
            return None
        if drop is Drop.TRUNCATE and not response.body:
            close_connection(transport, reset=False)
            return None
        return response

    async def write(self, head: bytes, body: bytes) -> None:
        """Write a response: at once, throttled, or without the second half of its body.

        Raises:
            ConnectionResetError: The client has disconnected, the delay has ended without a response
                (`DelayedResponses.wait_until`), or the fault has closed the connection.
        """
        bytes_per_second = self._hit.fault.throttle
        is_cut = self._hit.fault.drop is Drop.TRUNCATE and bool(body)
        if not body or not (bytes_per_second or is_cut):
            self._open_transport().write(head + body)
            return
        self._open_transport().write(head)
        if is_cut:
            body = body[: max(len(body) // 2, 1)]
        if bytes_per_second:
            await self._write_throttled(body, bytes_per_second)
        else:
            self._open_transport().write(body)
        if is_cut:
            close_connection(self._transport, reset=False)
            raise ConnectionResetError("a fault has closed the connection")

    async def _write_throttled(self, body: bytes, bytes_per_second: int) -> None:
        """Write a body in pieces. Raises ConnectionResetError if the rest can't be sent."""
        piece_size = max(bytes_per_second // _PIECES_PER_SECOND, -(-len(body) // _MAX_PIECES), 1)
        started_at = self._clock.now()
        for start in range(0, len(body), piece_size):
            piece = body[start : start + piece_size]
            due_at = started_at + 1000 * (start + len(piece)) / bytes_per_second
            if not await self._delayed.wait_until(due_at, self._is_obsolete):
                raise ConnectionResetError("the rest of the response is not sent")
            self._open_transport().write(piece)

    def _open_transport(self) -> asyncio.Transport:
        """Return the transport. Raises ConnectionResetError if the client has disconnected."""
        transport = self._transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has closed the connection")
        return transport

    def _is_obsolete(self) -> bool:
        """Return whether nobody awaits the response: the client has disconnected, or the clock was set back."""
        transport = self._transport
        return transport is None or transport.is_closing() or self._generation != self._clock.generation
