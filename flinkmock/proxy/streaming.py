"""Streams bodies and headers through a proxy."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from functools import lru_cache

import aiohttp
from aiohttp import HttpVersion11, web
from multidict import CIMultiDict, CIMultiDictProxy

from flinkmock.rest.response import Response

CHUNK_BYTES = 64 * 1024
HOP_BY_HOP = frozenset(
    {
        "connection",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that are not forwarded; nor are those that `Connection` names (RFC 9110, section 7.6.1). `Host` is one of
them: an ingress routes by the upstream server's own name."""
EXPECT_CONTINUE = "100-continue"
"""The value of `Expect` that the proxy answers itself. The proxy does not forward this header, and sends the body
immediately: a real Flink sends 100 only after the first bytes of a body."""
STATUSES_WITH_UNREAD_BODY = 413, 417
"""Statuses after which the proxy closes its connection to the server, which may read the rest of the request body as a
new request."""
KEEP_NOTHING = -1
"""The `max_kept_bytes` of a `BodyBuffer` that only counts bytes."""


@dataclass(slots=True)
class BodyBuffer:
    """Counts the bytes of a body (`size`), and keeps the body unless it is longer than `max_kept_bytes`."""

    max_kept_bytes: int
    size: int = 0
    _content: bytearray = field(default_factory=bytearray)

    def add(self, chunk: bytes) -> None:
        """Add a part of the body."""
        self.size += len(chunk)
        if self.size <= self.max_kept_bytes:
            self._content += chunk
        else:
            self._content.clear()

    def discard(self) -> None:
        """Drop the body, because it is incomplete."""
        self.max_kept_bytes = KEEP_NOTHING

    @property
    def content(self) -> bytes | None:
        """The body; None if it was not kept."""
        return bytes(self._content) if self.size <= self.max_kept_bytes else None


class UpstreamResponse(web.StreamResponse):
    """A response with the status and the headers of the upstream server's response; the caller writes the body."""

    # aiohttp then sends the head with the first part of the body, which saves one of three system calls per request
    _send_headers_immediately = False

    def __init__(self, upstream: aiohttp.ClientResponse) -> None:
        super().__init__(
            status=upstream.status, reason=upstream.reason, headers=end_to_end_headers(upstream.raw_headers)
        )
        self._upstream_headers = upstream.headers

    def drop_added_headers(self) -> None:
        """Remove the Server, Date and Content-Type headers that aiohttp added."""
        for name in ("Server", "Date", "Content-Type"):
            if name not in self._upstream_headers:
                self.headers.popall(name, None)


@lru_cache(maxsize=1024)  # a client sends the same headers with each request
def end_to_end_headers(raw_headers: tuple[tuple[bytes, bytes], ...]) -> CIMultiDictProxy[str]:
    """Return the headers that a proxy forwards: with duplicates, and names in their original case."""
    headers = [(name.decode(), value.decode("utf-8", "surrogateescape")) for name, value in raw_headers]
    options = ",".join(value for name, value in headers if name.lower() == "connection").lower().split(",")
    dropped_names = HOP_BY_HOP.union(option.strip() for option in options)
    return CIMultiDictProxy(
        CIMultiDict(
            (name, value)
            for name, value in headers
            if name.lower() not in dropped_names and not (name.lower() == "expect" and value.lower() == EXPECT_CONTINUE)
        )
    )


async def send_continue(request: web.Request) -> None:
    """Send 100 to a client that waits for it before it sends its body; the server decides about other expectations.

    HTTP/1.0 has no such expectation.
    """
    is_expected = request.headers.get("Expect", "").lower() == EXPECT_CONTINUE and request.version >= HttpVersion11
    if is_expected and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def origin_form(target: str) -> str:
    """Return path and query of a target. Clients that are configured to use an HTTP proxy send http://flink/jobs."""
    return target if target.startswith("/") else "/" + target.partition("://")[2].partition("/")[2]


async def forward_body(content: aiohttp.StreamReader, buffer: BodyBuffer) -> AsyncIterator[bytes]:
    """Yield the parts of a body and add them to a buffer."""
    async for chunk in content.iter_chunked(CHUNK_BYTES):
        buffer.add(chunk)
        yield chunk


async def read_body(content: aiohttp.StreamReader, buffer: BodyBuffer) -> None:
    """Read a body into a buffer without forwarding it."""
    async for _ in forward_body(content, buffer):
        pass


async def drop_added_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Remove the headers that aiohttp added to a forwarded response; a hook for `on_response_prepare`."""
    if isinstance(response, UpstreamResponse):
        response.drop_added_headers()


def as_response(upstream_response: aiohttp.ClientResponse, body: bytes) -> Response:
    """Return the server's response as one that faults can change, without Content-Length."""
    headers = end_to_end_headers(upstream_response.raw_headers).copy()
    headers.popall("Content-Length", None)
    content_type = headers.pop("Content-Type", None)
    return Response(upstream_response.status, body, content_type=content_type, has_cors_header=False, headers=headers)


async def microseconds_of(awaitable: Awaitable[None]) -> int:
    """Await an object; return how long that took."""
    started_ns = time.perf_counter_ns()
    await awaitable
    return (time.perf_counter_ns() - started_ns) // 1000


def is_cut_off(error: Exception) -> bool:
    """Return whether the server has sent the head of a response, but not the whole body."""
    return isinstance(error, aiohttp.ClientPayloadError)


def is_disconnected(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
