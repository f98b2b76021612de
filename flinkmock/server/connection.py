"""The protocol of connections: it answers simple requests, and leaves all others to aiohttp.

Most requests of client libraries have a plain head and a short body: `FlinkConnection` answers them as soon as they
have arrived. If the response may have to wait, because the request is for the control API or a fault applies to it, a
task answers the request. Uploads, long bodies and unusual requests go to aiohttp, which takes over the
connection.

The parser of aiohttp rejects some requests that Netty accepts, before any handler runs. Therefore a head that the two
would read differently is normalized first. After that, aiohttp reads all requests of the connection as they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from flinkmock import limits
from flinkmock.flink import messages
from flinkmock.rest.error_responses import plain_error
from flinkmock.rest.request_target import BadEscape, Target
from flinkmock.rest.response import EXPECTATION_FAILED, NoResponse, Response
from flinkmock.server.fault_delivery import FaultDelivery
from flinkmock.server.head_normalizer import is_normal, normalized_request, with_strict_syntax
from flinkmock.server.request_head import RequestHead, read_head
from flinkmock.server.response_head import has_no_body, head_of
from flinkmock.server.transports import base_url_of, close_connection

if TYPE_CHECKING:
    from flinkmock.server.flink_server import FlinkServer

_MAX_PENDING_BYTES = 256 * 1024
"""The maximum size of further requests that are read while a request is running."""
_LARGE_BYTES = 64 * 1024
"""Responses larger than this are sent without copying them."""
_HEAD_END = b"\r\n\r\n"
_REQUEST_LINE = re.compile(rb"(\S+)[ \t]+(\S+)[ \t]+(HTTP/\d\.\d)[ \t]*\r", re.IGNORECASE)
_AIOHTTP_METHODS = frozenset(b"GET HEAD POST PUT PATCH DELETE OPTIONS TRACE".split())
_EXPECT_HEADER = re.compile(rb"^expect[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_BODY_HEADER = re.compile(rb"^(content-length|transfer-encoding)[ \t]*:", re.IGNORECASE | re.MULTILINE)


class ConnectionFactory:
    """Creates a protocol for each connection, and keeps and closes the connections that aiohttp has not taken over.

    Args:
        server: The server that answers requests.
        create_aiohttp_protocol: Creates the protocol that takes over a connection.
        aiohttp_connection_count: Returns the number of open connections that aiohttp has taken over.
    """

    def __init__(
        self,
        server: FlinkServer,
        create_aiohttp_protocol: Callable[[], asyncio.Protocol],
        aiohttp_connection_count: Callable[[], int] = lambda: 0,
    ) -> None:
        self.server = server
        self.create_aiohttp_protocol = create_aiohttp_protocol
        self._aiohttp_connection_count = aiohttp_connection_count
        self.quirks = server.quirks
        self.open_connections: set[FlinkConnection] = set()
        """The connections that aiohttp has not taken over."""
        self.is_closed = False

    def set_server(self, server: FlinkServer) -> None:
        """Use `server` for all requests after this call."""
        self.server, self.quirks = server, server.quirks

    def is_full(self) -> bool:
        """Return whether there are as many connections as allowed."""
        return len(self.open_connections) + self._aiohttp_connection_count() >= limits.CONNECTIONS

    def __call__(self) -> FlinkConnection:
        return FlinkConnection(self)

    def close(self) -> None:
        """Close `open_connections`, and from now on each new connection immediately.

        A connection with a running request is closed after its response.
        """
        self.is_closed = True
        for connection in tuple(self.open_connections):
            connection.close()

    async def finish(self, timeout: float) -> None:
        """Wait for running requests, at most `timeout` seconds; then abort the connections of unfinished ones."""
        tasks = {connection.task for connection in self.open_connections if connection.task is not None}
        if tasks:
            _, unfinished = await asyncio.wait(tasks, timeout=timeout)
            for task in unfinished:
                task.cancel()


class FlinkConnection(asyncio.Protocol):
    """One connection, until aiohttp takes it over."""

    def __init__(self, factory: ConnectionFactory) -> None:
        self._factory = factory
        self._received = b""
        """The data that is not handled yet: an incomplete request, or requests behind the running one."""
        self._transport: asyncio.Transport | None = None
        self._base_url = ""
        self.task: asyncio.Task[None] | None = None
        """The task that answers a request to the control API, or a request with a fault; None if there is none."""
        self._deadline_timer: asyncio.TimerHandle | None = None
        """The timer that runs while a request is incomplete."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._base_url = base_url_of(transport) or ""
        if self._factory.is_full():
            transport.abort()
            return
        self._factory.open_connections.add(self)
        if self._factory.is_closed:
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._factory.open_connections.discard(self)
        self._cancel_deadline_timer()

    def pause_writing(self) -> None:
        """Read no more requests of a client that reads its responses slowly."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        """Close the connection unless a request is running. Do not wait for a client that reads slowly."""
        if self._transport is not None and self.task is None:
            if self._transport.get_write_buffer_size() or self._received:
                self._transport.abort()
            else:
                self._transport.close()

    def data_received(self, data: bytes) -> None:
        transport = self._transport
        assert transport is not None
        data = self._received + data if self._received else data
        self._received = b""
        while data and not transport.is_closing():
            if self.task is not None:
                self._received = data
                if len(data) > _MAX_PENDING_BYTES:
                    transport.pause_reading()
                return
            head, server = read_head(data), self._factory.server
            if head is None:
                self._leave_to_aiohttp(data)
                return
            request_size = head.size + head.body_size
            if len(data) < request_size:
                self._wait_for_rest(data)
                return
            if self._deadline_timer is not None:
                self._cancel_deadline_timer()
            body, data = data[head.size : request_size], data[request_size:]
            if server.is_for_control(head):
                self._run(self._respond_to_control(server, head, body))
            elif server.may_apply_fault(head):
                self._respond_with_faults(server, head, body)
            else:
                self._send(*server.respond_immediately(head, body, self._base_url))

    def _send(self, response: bytes | None, keep_alive: bool) -> None:
        """Send the bytes of a response. None: close the connection without a response."""
        transport = self._transport
        assert transport is not None
        if response is None:
            close_connection(transport, reset=True)
            return
        # asyncio slices data that the socket does not accept at once; slices of a memoryview are not copies
        transport.write(memoryview(response) if len(response) > _LARGE_BYTES else response)
        if not keep_alive:
            transport.close()

    def _respond_with_faults(self, server: FlinkServer, head: RequestHead, body: bytes) -> None:
        """Answer a request to which a fault may apply. If one applies, a task sends the response."""
        assert self._transport is not None
        response, hit = server.respond_with_faults(head, body, self._base_url)
        if hit is not None:
            delivery = FaultDelivery(hit, server.engine.clock, server.delayed, self._transport)
            self._run(self._deliver(server, head, response, delivery))
        elif isinstance(response, NoResponse):
            close_connection(self._transport, reset=response.resets_connection)
        else:
            self._send(*server.encode_response(head, response))

    def _run(self, answering: Coroutine[Any, Any, bool]) -> None:
        """Answer a request in a task. The coroutine `answering` returns whether the connection stays open."""
        self.task = asyncio.get_running_loop().create_task(self._finish(answering))

    async def _finish(self, answering: Coroutine[Any, Any, bool]) -> None:
        """Wait until a request is answered, then read further requests or close the connection."""
        transport = self._transport
        assert transport is not None
        try:
            keep_alive = await answering
        except BaseException:  # such as CancelledError, when the server is closed
            transport.abort()
            raise
        self.task = None
        if transport.is_closing():
            return
        if self._factory.is_closed or not keep_alive:
            transport.close()
            return
        received, self._received = self._received, b""
        if len(received) > _MAX_PENDING_BYTES:
            transport.resume_reading()
        if received:
            self.data_received(received)

    async def _respond_to_control(self, server: FlinkServer, head: RequestHead, body: bytes) -> bool:
        """Answer a request to the control API; return whether the connection stays open."""
        transport = self._transport
        assert transport is not None
        response, keep_alive = await server.respond_to_control(head, body, self._base_url, transport.is_closing)
        if not transport.is_closing():
            transport.write(response)
        return keep_alive

    async def _deliver(
        self, server: FlinkServer, head: RequestHead, response: Response | NoResponse, delivery: FaultDelivery
    ) -> bool:
        """Send a response with the effects of a fault; return whether the connection stays open."""
        with contextlib.nullcontext() if server.control is None else server.control.running_request():
            response_to_send = await delivery.response_after_delay(response)
            if response_to_send is None:
                return False
            keep_alive = head.keep_alive and not response_to_send.closes_connection
            lower_case_names = server.quirks.lower_case_headers
            response_head = head_of(response_to_send, keep_alive=keep_alive, lower_case_names=lower_case_names)
            body = b"" if has_no_body(response_to_send.status) else response_to_send.body
            try:
                await delivery.write(response_head, body)
            except ConnectionResetError:
                return False
            return keep_alive

    def _wait_for_rest(self, data: bytes) -> None:
        """Keep the data of an incomplete request until the rest arrives, at most `limits.HEAD_TIME` seconds."""
        self._received = data
        if self._deadline_timer is None:
            self._deadline_timer = asyncio.get_running_loop().call_later(limits.HEAD_TIME, self.close)

    def _cancel_deadline_timer(self) -> None:
        timer, self._deadline_timer = self._deadline_timer, None
        if timer is not None:
            timer.cancel()

    def _leave_to_aiohttp(self, data: bytes) -> None:
        """Leave the request at the beginning of `data` to aiohttp, when its head is complete.

        If aiohttp does not accept the request, answer it here.
        """
        assert self._transport is not None
        if is_normal(data):
            self._hand_over(data)
            return
        received = data.lstrip(b" \t\r\n")  # Netty skips these
        if not self._factory.quirks.strict_request_lines:
            received = with_strict_syntax(received)
        line_end = received.find(b"\n")
        request_line = _REQUEST_LINE.fullmatch(received[:line_end]) if line_end >= 0 else None
        head_end = received.find(_HEAD_END)
        is_line_invalid = line_end >= 0 and request_line is None
        is_unfinished_line_too_long = line_end < 0 and len(received) > limits.REQUEST_LINE
        if is_line_invalid or is_unfinished_line_too_long:
            self._respond_bad_request()
            return
        are_unfinished_headers_too_long = head_end < 0 and len(received) - line_end > limits.HEADERS
        if request_line is None or (head_end < 0 and not are_unfinished_headers_too_long):
            self._wait_for_rest(received)
            return
        self._cancel_deadline_timer()
        method, target, version = request_line.groups()
        # the REST API rejects other requests with a line that is too long, so that the journal has them
        if line_end > limits.REQUEST_LINE and (method not in _AIOHTTP_METHODS or are_unfinished_headers_too_long):
            self._respond_bad_request()
            return
        if head_end >= 0:
            headers, after_head = (
                received[line_end + 1 : head_end + len(b"\r\n")],
                received[head_end + len(_HEAD_END) :],
            )
        else:
            headers, after_head = received[line_end + 1 :], b""
        if method in _AIOHTTP_METHODS:
            self._hand_over(
                normalized_request(method, target, version, headers, after_head), is_last=len(headers) > limits.HEADERS
            )
            return
        expected = _EXPECT_HEADER.search(headers)
        if expected and version.upper() == b"HTTP/1.1" and expected[1].lower() != b"100-continue":
            self._respond(EXPECTATION_FAILED, keep_alive=False)
            return
        self._respond_not_found(target, keep_alive=not _BODY_HEADER.search(headers))
        if after_head and not _BODY_HEADER.search(headers):
            self.data_received(after_head)

    def _hand_over(self, data: bytes, *, is_last: bool = False) -> None:
        """Leave the connection to aiohttp.

        Args:
            data: The received bytes.
            is_last: Whether to discard what arrives after `data`, as Netty does after an invalid request.
        """
        assert self._transport is not None
        self._cancel_deadline_timer()
        self._factory.open_connections.discard(self)
        protocol = self._factory.create_aiohttp_protocol()
        self._transport.set_protocol(_DiscardingProtocol(protocol) if is_last else protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(data)

    def _respond_not_found(self, target: bytes, *, keep_alive: bool) -> None:
        """Respond to a request whose method aiohttp doesn't accept, and for which no release has an operation.

        The status is 404, or 500 for a target that can't be decoded.
        """
        raw = target.decode("latin-1")
        try:
            Target.parse(raw)
        except BadEscape as error:
            self._respond(plain_error(500, messages.pipeline_error(str(error))), keep_alive=False)
            return
        text = messages.not_found(raw) if self._factory.quirks.not_found_includes_path else messages.NOT_FOUND
        self._respond(plain_error(404, text), keep_alive=keep_alive)

    def _respond_bad_request(self) -> None:
        """Respond to an invalid request line: with 404, because Netty then gives Flink the target /bad-request."""
        self._respond(
            plain_error(404, messages.unable_to_load(messages.BAD_REQUEST_PATH), has_cors_header=False),
            keep_alive=False,
        )

    def _respond(self, response: Response, *, keep_alive: bool) -> None:
        assert self._transport is not None
        response = self._factory.server.api.with_origin(response)
        lower_case_names = self._factory.quirks.lower_case_headers
        self._transport.write(
            head_of(response, keep_alive=keep_alive, lower_case_names=lower_case_names) + response.body
        )
        if not keep_alive:
            self._transport.close()


class _DiscardingProtocol(asyncio.Protocol):
    """Discards the bytes that arrive on a connection after its last request, which `protocol` answers."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        self._protocol = protocol

    def connection_lost(self, error: Exception | None) -> None:
        self._protocol.connection_lost(error)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()
