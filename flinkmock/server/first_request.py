"""The first request of each connection, read as Netty reads it.

aiohttp's parser rejects some requests that Netty accepts, with its own responses, before any handler runs.
`FirstRequestProtocol` looks at the head of the first request. A head that both read alike, which is what client
libraries send, goes to aiohttp as it is; any other is normalized, or answered here. Then the connection belongs to
aiohttp, and later requests on it that aiohttp rejects get aiohttp's responses.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus

from flinkmock.flink import messages
from flinkmock.rest.api import MAX_REQUEST_LINE
from flinkmock.rest.error_responses import plain
from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.rest.request_target import BadEscape, Target
from flinkmock.rest.response import Response
from flinkmock.server.head_normalizer import is_normal, normalized

_MAX_HEAD = 256 * 1024
"""Bytes of request line and headers that are read."""
_REQUEST_LINE = re.compile(rb"(\S+)[ \t]+(\S+)[ \t]+(HTTP/\d\.\d)[ \t]*\r", re.IGNORECASE)
_METHODS = frozenset(b"GET HEAD POST PUT PATCH DELETE OPTIONS TRACE".split())
_BODY = re.compile(rb"^(content-length|transfer-encoding)[ \t]*:", re.IGNORECASE | re.MULTILINE)


class FirstRequestProtocolFactory:
    """Makes a protocol for each connection. `inner` makes the protocol that reads the rest of it: aiohttp's."""

    def __init__(self, inner: Callable[[], asyncio.Protocol], quirks: ReleaseQuirks) -> None:
        self.inner = inner
        self.quirks = quirks
        self.pending: set[FirstRequestProtocol] = set()
        """Connections whose first request has not been read yet."""
        self.closed = False

    def __call__(self) -> FirstRequestProtocol:
        return FirstRequestProtocol(self)

    def close(self) -> None:
        """Ends the pending connections, and those that still come."""
        self.closed = True
        for protocol in tuple(self.pending):
            protocol.abort()


class FirstRequestProtocol(asyncio.Protocol):
    def __init__(self, factory: FirstRequestProtocolFactory) -> None:
        self._factory = factory
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._factory.pending.add(self)
        if self._factory.closed:
            self.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._factory.pending.discard(self)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if not self._received and is_normal(data):
            self._hand_over(data)
            return
        self._received += data
        del self._received[: len(self._received) - len(self._received.lstrip(b" \t\r\n"))]  # Netty skips these
        line_end = self._received.find(b"\n")
        line = _REQUEST_LINE.fullmatch(self._received[:line_end]) if line_end >= 0 else None
        head_end = self._received.find(b"\r\n\r\n")
        if (line_end >= 0 and line is None) or (head_end < 0 and len(self._received) > _MAX_HEAD):
            self._bad_request()
        if line is None or head_end < 0:
            return
        method, target, version = line.groups()
        if method not in _METHODS and line_end > MAX_REQUEST_LINE:
            self._bad_request()
            return
        headers = bytes(self._received[line_end + 1 : head_end + 2])
        rest = bytes(self._received[head_end + 4 :])
        if method in _METHODS:
            self._hand_over(normalized(method, target, version, headers, rest))
            return
        self._not_found(target, keep_alive=not _BODY.search(headers))
        self._received = bytearray()
        if rest and not _BODY.search(headers):
            self.data_received(rest)

    def _hand_over(self, data: bytes) -> None:
        """Leaves the connection to aiohttp. `data` has been received."""
        assert self._transport is not None
        self._factory.pending.discard(self)
        inner = self._factory.inner()
        self._transport.set_protocol(inner)
        inner.connection_made(self._transport)
        inner.data_received(data)

    def _not_found(self, target: bytes, *, keep_alive: bool) -> None:
        """Responds to a method that aiohttp doesn't read, and that no release has an operation for."""
        raw = target.decode("latin-1")
        try:
            Target.parse(raw)
        except BadEscape as error:
            self._write(plain(500, messages.pipeline_error(str(error))), keep_alive=False)
            return
        text = messages.not_found(raw) if self._factory.quirks.not_found_names_path else messages.NOT_FOUND
        self._write(plain(404, text), keep_alive=keep_alive)

    def _bad_request(self) -> None:
        self._write(plain(404, messages.unable_to_load(messages.BAD_REQUEST_PATH), cors=False), keep_alive=False)

    def _write(self, response: Response, *, keep_alive: bool) -> None:
        assert self._transport is not None
        lines = [
            f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
            f"content-type: {response.content_type}",
            *(["access-control-allow-origin: *"] if response.cors else []),
            *(["connection: keep-alive"] if keep_alive else []),
            f"content-length: {len(response.body)}",
        ]
        self._transport.write("\r\n".join([*lines, "", ""]).encode("latin-1") + response.body)
        if not keep_alive:
            self._transport.close()
