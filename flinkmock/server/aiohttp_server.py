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
from flinkmock.server.aiohttp_response import ConnectionEnded, ExpectationFailed, FlinkResponse, response_with_fault
from flinkmock.server.control_server import body_too_large
from flinkmock.server.fault_delivery import FaultDelivery
from flinkmock.server.head_normalizer import target_of
from flinkmock.server.request_body import BodyStalled, body_chunks
from flinkmock.server.transports import base_url_of, end_connection

if TYPE_CHECKING:
    from flinkmock.rest.request import Request
    from flinkmock.server.control_server import ControlServer
    from flinkmock.server.flink_server import FlinkServer

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_MAX_LINE = 64 * 1024
"""The maximum length of a request line or header in aiohttp, in bytes. Netty's is lower and therefore applies."""
_LOG = logging.getLogger("flinkmock.server.aiohttp")


def _is_server_error(record: logging.LogRecord) -> bool:
    """Return whether a log record is about an error of the server. aiohttp also logs errors of clients."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, (HttpProcessingError, ConnectionError, web.RequestPayloadError))


_LOG.addFilter(_is_server_error)


def http_server(server: Callable[[], FlinkServer], loop: asyncio.AbstractEventLoop) -> web.Server:
    """Return the aiohttp server. `server` returns the FlinkServer that handles the next request."""

    async def respond_to(http: web.BaseRequest) -> web.StreamResponse:
        return await respond(server(), http)

    return web.Server(
        respond_to,
        loop=loop,
        access_log=None,
        auto_decompress=False,  # Flink ignores Content-Encoding
        max_line_size=_MAX_LINE,
        max_field_size=_MAX_LINE,
        logger=_LOG,
    )


def control_http_server(server: ControlServer) -> web.Server:
    """Return the aiohttp server of the control API at a separate port."""

    async def respond_to(http: web.BaseRequest) -> web.StreamResponse:
        return await _respond_to_control(server, http, http.raw_path)

    return web.Server(respond_to, access_log=None, logger=_LOG)


async def respond(server: FlinkServer, http: web.BaseRequest, prefix: str = "") -> web.StreamResponse:
    """Return the response of a JobManager to a request whose target begins with `prefix`."""
    control = server.control
    if control is None:
        return await _respond(server, http, prefix)
    target = server.without_base_path(target_of(http).removeprefix(prefix))
    if control.handles(target):
        return await _respond_to_control(control, http, target)
    with control.request():
        return await _respond(server, http, prefix)


async def _respond(server: FlinkServer, http: web.BaseRequest, prefix: str) -> web.StreamResponse:
    if (expected := http.headers.get("Expect")) is not None and http.version >= HttpVersion11:
        if expected.lower() != "100-continue":
            return ExpectationFailed()
        if http.transport is not None:
            http.transport.write(_CONTINUE)
    request = server.open(http.method, target_of(http).removeprefix(prefix), http.headers, _base_url(http))
    try:
        await _receive_body(http, request)
        request.complete()
        response = server.handle(request)
    except (BodyStalled, ConnectionError):  # the client sends no more, or has disconnected
        end_connection(http.transport, reset=False)
        return ConnectionEnded()
    finally:
        request.close()
    lower_case = server.quirks.lower_case_headers
    if request.fault is not None:
        delivery = FaultDelivery(request.fault, server.engine.clock, server.delayed, http.transport)
        return await response_with_fault(response, delivery, lower_case=lower_case)
    if isinstance(response, NoResponse):
        end_connection(http.transport, reset=response.reset)
        return ConnectionEnded()
    return FlinkResponse(response, lower_case=lower_case)


async def _receive_body(http: web.BaseRequest, request: Request) -> None:
    """Receive the whole body, as Flink does before it looks for a handler. Stop if the request is rejected.

    Raises:
        BodyStalled: The client stops sending the body.
    """
    if request.rejection is None:
        async for chunk in body_chunks(http):
            if not request.receive(chunk):
                return


async def _respond_to_control(control: ControlServer, http: web.BaseRequest, target: str) -> web.StreamResponse:
    body = bytearray()
    try:
        async for chunk in body_chunks(http):
            body += chunk
            if len(body) > limits.CONTROL_BODY:
                return FlinkResponse(body_too_large())
    except (BodyStalled, ConnectionError):
        end_connection(http.transport, reset=False)
        return ConnectionEnded()
    request = ControlRequest(http.method, target, http.headers, bytes(body), _base_url(http))
    return FlinkResponse(await control.respond(request, lambda: http.transport is None or http.transport.is_closing()))


def _base_url(http: web.BaseRequest) -> str:
    return base_url_of(http.transport) or f"http://{http.host}"
