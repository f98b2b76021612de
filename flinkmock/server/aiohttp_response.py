"""Converts responses to aiohttp responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from flinkmock.rest.response import EXPECTATION_FAILED, NoResponse, Response
from flinkmock.server.response_head import has_no_body, head_of, reason_of

if TYPE_CHECKING:
    from flinkmock.server.fault_delivery import FaultDelivery

_DRAIN_BYTES = 64 * 1024
"""Sending a body larger than this waits until the client has read most of it."""


class FlinkResponse(web.StreamResponse):
    """A complete response. It writes head and body to the transport at once, without the headers that aiohttp adds.

    `lower_case_names`: whether the release spells header names in lower case.
    """

    def __init__(self, response: Response, *, lower_case_names: bool = True) -> None:
        super().__init__(status=response.status, reason=reason_of(response.status))
        self.response = response
        self._lower_case_names = lower_case_names
        self._request: web.BaseRequest | None = None
        if response.closes_connection:
            self.force_close()

    @property
    def prepared(self) -> bool:
        return self._request is not None

    @property
    def keep_alive(self) -> bool:
        return not self.response.closes_connection and self._request is not None and self._request.keep_alive

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        self._request = request
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the response, unless it has been sent: the proxy sends responses itself, before aiohttp does."""
        if self._eof_sent:
            return
        request = self._request
        assert request is not None
        body = b"" if request.method == "HEAD" or has_no_body(self.status) else self.response.body
        await self._write(request, self.head(), body)
        if len(body) > _DRAIN_BYTES:
            await request.writer.drain()
        self._eof_sent = True

    async def _write(self, request: web.BaseRequest, head: bytes, body: bytes) -> None:
        """Write the response. Raises ConnectionResetError if the client has disconnected."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has closed the connection")
        transport.write(head + body)

    def head(self) -> bytes:
        """Return the status line and the headers."""
        return head_of(self.response, keep_alive=self.keep_alive, lower_case_names=self._lower_case_names)


class _FaultyResponse(FlinkResponse):
    """A response that is sent with the effects of a fault, such as slowly or in part."""

    def __init__(self, response: Response, delivery: FaultDelivery, *, lower_case_names: bool) -> None:
        super().__init__(response, lower_case_names=lower_case_names)
        self._delivery = delivery

    async def _write(self, request: web.BaseRequest, head: bytes, body: bytes) -> None:
        await self._delivery.write(head, body)


class ExpectationFailed(FlinkResponse):
    """Netty's response to an unknown `Expect` header."""

    def __init__(self) -> None:
        super().__init__(EXPECTATION_FAILED)


class UnsentResponse(web.StreamResponse):
    """A response that is never sent, because the connection is already closed."""

    async def prepare(self, request: web.BaseRequest) -> NoReturn:
        raise ConnectionResetError("the connection was closed without a response")


async def response_with_fault(
    response: Response | NoResponse, delivery: FaultDelivery, *, lower_case_names: bool
) -> web.StreamResponse:
    """Wait for the delay of a fault; return a response for aiohttp that is sent with the other effects of the fault."""
    response_to_send = await delivery.response_after_delay(response)
    if response_to_send is None:
        return UnsentResponse()
    return _FaultyResponse(response_to_send, delivery, lower_case_names=lower_case_names)
