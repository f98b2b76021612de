"""The aiohttp server of connections that aiohttp has taken over.

`server/connection.py` leaves uploads and unusual requests to aiohttp. The first such request imports this module,
because importing aiohttp takes longer than starting a cluster.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError

from flinkmock import limits
from flinkmock.control.api import ControlRequest
from flinkmock.rest.response import NoResponse
from flinkmock.server.aiohttp_response import ExpectationFailed, FlinkResponse, UnsentResponse, response_with_fault
from flinkmock.server.control_server import body_too_large
from flinkmock.server.fault_delivery import FaultDelivery
from flinkmock.server.head_normalizer import headers_of, target_of
from flinkmock.server.request_body import BodyStalled, body_chunks
from flinkmock.server.transports import base_url_of, close_connection, is_closed

if TYPE_CHECKING:
    from flinkmock.rest.request import Request
    from flinkmock.server.control_server import ControlServer
    from flinkmock.server.flink_server import FlinkServer

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_MAX_LINE_BYTES = 64 * 1024
"""The maximum length of a request line or header in aiohttp. Netty's lower limits (`limits.py`) apply first."""
_LOG = logging.getLogger("flinkmock.server.aiohttp")


def _is_server_error(record: logging.LogRecord) -> bool:
    """Return whether a log record is about an error of the server. aiohttp also logs errors of clients."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, (HttpProcessingError, ConnectionError, web.RequestPayloadError))


_LOG.addFilter(_is_server_error)


def create_http_server(current_server: Callable[[], FlinkServer], loop: asyncio.AbstractEventLoop) -> web.Server:
    """Return the aiohttp server. `current_server` returns the FlinkServer that handles the next request."""

    async def respond_to(http_request: web.BaseRequest) -> web.StreamResponse:
        return await respond(current_server(), http_request)

    return web.Server(
        respond_to,
        loop=loop,
        access_log=None,
        auto_decompress=False,  # Flink ignores Content-Encoding
        max_line_size=_MAX_LINE_BYTES,
        max_field_size=_MAX_LINE_BYTES,
        logger=_LOG,
    )


def create_control_http_server(server: ControlServer) -> web.Server:
    """Return the aiohttp server of the control API on a separate port."""

    async def respond_to(http_request: web.BaseRequest) -> web.StreamResponse:
        if (failure := _answer_expectation(http_request)) is not None:
            return failure
        return await _respond_to_control(server, http_request, http_request.raw_path)

    return web.Server(respond_to, access_log=None, logger=_LOG)


async def respond(server: FlinkServer, http_request: web.BaseRequest, prefix: str = "") -> web.StreamResponse:
    """Return the response of a JobManager or the control API to a request whose target begins with `prefix`."""
    if (failure := _answer_expectation(http_request)) is not None:
        return failure
    control = server.control
    if control is None:
        return await _respond(server, http_request, prefix)
    target = server.without_base_path(target_of(http_request).removeprefix(prefix))
    if control.handles(target):
        return await _respond_to_control(control, http_request, target)
    with control.running_request():
        return await _respond(server, http_request, prefix)


def _answer_expectation(http_request: web.BaseRequest) -> ExpectationFailed | None:
    """Send 100 to a client that waits for it before it sends the body; return 417 if it expects anything else."""
    expected = http_request.headers.get("Expect")
    if expected is None or http_request.version < HttpVersion11:
        return None
    if expected.lower() != "100-continue":
        return ExpectationFailed()
    if http_request.transport is not None:
        http_request.transport.write(_CONTINUE)
    return None


async def _respond(server: FlinkServer, http_request: web.BaseRequest, prefix: str) -> web.StreamResponse:
    target = target_of(http_request).removeprefix(prefix)
    request = server.open(http_request.method, target, headers_of(http_request), _base_url(http_request))
    try:
        await _receive_body(http_request, request)
        request.complete()
        response = server.handle(request)
    except (BodyStalled, ConnectionError):  # the client sends no more, or has disconnected
        close_connection(http_request.transport, reset=False)
        return UnsentResponse()
    finally:
        request.close()
    lower_case_names = server.quirks.lower_case_headers
    if request.fault is not None:
        delivery = FaultDelivery(request.fault, server.engine.clock, server.delayed, http_request.transport)
        return await response_with_fault(response, delivery, lower_case_names=lower_case_names)
    if isinstance(response, NoResponse):
        close_connection(http_request.transport, reset=response.resets_connection)
        return UnsentResponse()
    return FlinkResponse(response, lower_case_names=lower_case_names)


async def _receive_body(http_request: web.BaseRequest, request: Request) -> None:
    """Receive the whole body, as Flink does before it looks for a handler. Stop if the request is rejected.

    Raises:
        BodyStalled: The client stops sending the body.
    """
    if request.rejection is None:
        async for chunk in body_chunks(http_request):
            if not request.receive(chunk):
                return


async def _respond_to_control(control: ControlServer, http_request: web.BaseRequest, target: str) -> web.StreamResponse:
    body = bytearray()
    try:
        async for chunk in body_chunks(http_request):
            body += chunk
            if len(body) > limits.CONTROL_BODY:
                return FlinkResponse(body_too_large())
    except (BodyStalled, ConnectionError):
        close_connection(http_request.transport, reset=False)
        return UnsentResponse()
    request = ControlRequest(http_request.method, target, http_request.headers, bytes(body), _base_url(http_request))
    return FlinkResponse(await control.respond(request, lambda: is_closed(http_request.transport)))


def _base_url(http_request: web.BaseRequest) -> str:
    return base_url_of(http_request.transport) or f"http://{http_request.host}"
