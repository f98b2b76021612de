"""What stands between a socket and aiohttp: the first request of a connection, as Netty takes it.

aiohttp's parser refuses some requests that Netty reads, and tells so in its own words before any code of ours runs.
The door looks at the head of the first request, answers what aiohttp would not let through, mends what it can and
then leaves the connection to aiohttp for good. Later requests of that connection get aiohttp's own words.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus

from flinkmock.flink import messages
from flinkmock.rest.error_responses import plain
from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.rest.request_target import BadEscape, Target
from flinkmock.rest.response import Response
from flinkmock.server.head_normalizer import mended

MAX_REQUEST_LINE = 4096
"""Bytes; Netty's HttpServerCodec."""
_MAX_HEAD = 256 * 1024
"""Bytes of request line and headers; more than any test needs."""
_REQUEST_LINE = re.compile(rb"(\S+)[ \t]+(\S+)[ \t]+(HTTP/\d\.\d)[ \t]*\r", re.IGNORECASE)
_METHODS = frozenset(b"GET HEAD POST PUT PATCH DELETE OPTIONS TRACE".split())
_BODY = re.compile(rb"^(content-length|transfer-encoding)[ \t]*:", re.IGNORECASE | re.MULTILINE)


class FirstRequestProtocolFactory:
    """Makes a door for each connection. `inner` makes the protocol with which aiohttp answers."""

    def __init__(self, inner: Callable[[], asyncio.Protocol], behaviour: ReleaseQuirks) -> None:
        self.inner = inner
        self.behaviour = behaviour
        self.occupied: set[FirstRequestProtocol] = set()
        """Where somebody stands who has not been let in yet."""
        self.closed = False

    def __call__(self) -> FirstRequestProtocol:
        return FirstRequestProtocol(self)

    def close(self) -> None:
        """Sends everybody away, and whoever may still come."""
        self.closed = True
        for door in tuple(self.occupied):
            door.abort()


class FirstRequestProtocol(asyncio.Protocol):
    def __init__(self, doors: FirstRequestProtocolFactory) -> None:
        self._doors = doors
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._doors.occupied.add(self)
        if self._doors.closed:
            self.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._doors.occupied.discard(self)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
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
            self._hand_over(mended(method, target, version, headers, rest))
            return
        self._not_found(target, keep=not _BODY.search(headers))
        self._received = bytearray()
        if rest and not _BODY.search(headers):
            self.data_received(rest)

    def _hand_over(self, data: bytes) -> None:
        assert self._transport is not None
        self._doors.occupied.discard(self)
        inner = self._doors.inner()
        self._transport.set_protocol(inner)
        inner.connection_made(self._transport)
        inner.data_received(data)

    def _not_found(self, target: bytes, *, keep: bool) -> None:
        """A method that aiohttp would not take, and no release has a handler for. `keep`: no body follows."""
        raw = target.decode("latin-1")
        try:
            Target.parse(raw)
        except BadEscape as error:
            self._write(plain(500, messages.pipeline_error(str(error))), keep=False)
            return
        text = messages.not_found(raw) if self._doors.behaviour.not_found_tells_path else messages.NOT_FOUND
        self._write(plain(404, text), keep=keep)

    def _bad_request(self) -> None:
        self._write(plain(404, messages.unable_to_load(messages.BAD_REQUEST_PATH), cors=False), keep=False)

    def _write(self, answer: Response, *, keep: bool) -> None:
        assert self._transport is not None
        lines = [
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
            f"content-type: {answer.content_type}",
            *(["access-control-allow-origin: *"] if answer.cors else []),
            *(["connection: keep-alive"] if keep else []),
            f"content-length: {len(answer.body)}",
        ]
        self._transport.write("\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body)
        if not keep:
            self._transport.close()
