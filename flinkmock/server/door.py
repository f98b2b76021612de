"""What stands between a socket and aiohttp: the first request line of a connection, as Netty takes it.

aiohttp's parser refuses some requests that Netty reads, and tells so in its own words before any code of ours runs.
The door looks at the head of the first request, mends what it can, answers what Flink would answer, and leaves the
connection to aiohttp for good. Later requests of the same connection get aiohttp's own words; no client sends such
things there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from flinkmock.server import messages
from flinkmock.server.answer import Answer
from flinkmock.server.behaviour import Behaviour
from flinkmock.server.errors import plain

_MAX_HEAD = 256 * 1024
_REQUEST_LINE = re.compile(rb"([^\s]+)[ \t]+([^\s]+)[ \t]+(HTTP/\d\.\d)", re.IGNORECASE)
_METHODS = frozenset(b"GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT".split())


class Door(asyncio.Protocol):
    """`inner` makes the protocol that aiohttp answers with; `doors` lists the doors that somebody stands in."""

    def __init__(self, inner: Callable[[], asyncio.Protocol], behaviour: Behaviour, doors: set[Door]) -> None:
        self._inner = inner
        self._behaviour = behaviour
        self._doors = doors
        self._head = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._doors.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._doors.discard(self)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._head += data
        start = len(self._head) - len(self._head.lstrip(b" \t\r\n"))  # Netty skips these
        end = self._head.find(b"\n", start)
        if end < 0:
            if len(self._head) > _MAX_HEAD:
                self._refuse(_bad_request())
            return
        line = _REQUEST_LINE.fullmatch(bytes(self._head[start : end + 1]).removesuffix(b"\r\n"))
        if line is None:
            self._refuse(_bad_request())
            return
        method, target, version = line.groups()
        if method not in _METHODS:
            self._refuse(self._not_found(target))
            return
        head_end = self._head.find(b"\r\n\r\n", end - 1)
        if head_end < 0:
            if len(self._head) > _MAX_HEAD:
                self._refuse(_bad_request())
            return
        headers = bytes(self._head[end + 1 : head_end + 2])
        body = self._head[head_end + 4 :]
        if not re.search(rb"^host:", headers, re.IGNORECASE | re.MULTILINE):
            headers = b"Host: localhost\r\n" + headers
        self._hand_over(b"%s %s %s\r\n%s\r\n%s" % (method, target, version.upper(), headers, body))

    def _hand_over(self, data: bytes) -> None:
        assert self._transport is not None
        self._doors.discard(self)
        inner = self._inner()
        self._transport.set_protocol(inner)
        inner.connection_made(self._transport)
        inner.data_received(data)

    def _not_found(self, target: bytes) -> Answer:
        raw = target.decode("latin-1")
        return plain(404, messages.not_found(raw) if self._behaviour.not_found_tells_path else messages.NOT_FOUND)

    def _refuse(self, answer: Answer) -> None:
        assert self._transport is not None
        cors = "access-control-allow-origin: *\r\n" if answer.cors else ""
        head = (
            f"HTTP/1.1 404 Not Found\r\ncontent-type: {answer.content_type}\r\n{cors}"
            f"content-length: {len(answer.body)}\r\n\r\n"
        )
        self._transport.write(head.encode("latin-1") + answer.body)
        self._transport.close()


def _bad_request() -> Answer:
    return plain(404, messages.unable_to_load(messages.BAD_REQUEST_PATH), cors=False)
