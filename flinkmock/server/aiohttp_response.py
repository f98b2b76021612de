"""Responses of this package as aiohttp responses, with the headers that Flink sends and no others.

See docs/flink-behaviour.md#response-headers.
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from flinkmock.rest.response import Response

_OLD_NAMES = {
    "content-type": "Content-Type",
    "access-control-allow-origin": "Access-Control-Allow-Origin",
    "connection": "Connection",
    "date": "Date",
    "expires": "Expires",
    "cache-control": "Cache-Control",
    "last-modified": "Last-Modified",
}
"""As Netty's HttpHeaders.Names spells them; `content-length` was lower case even then."""
_REASONS = {413: "Request Entity Too Large"}
"""Where newer versions of Python have another phrase."""
_DRAIN_BYTES = 64 * 1024
"""A larger body waits until the client has read most of it."""


class FlinkResponse(web.StreamResponse):
    """A whole response. Writes head and body to the transport in one piece, past aiohttp's own headers.

    `lower_case`: whether the release spells the names of headers in lower case.
    """

    def __init__(self, response: Response, *, lower_case: bool = True) -> None:
        super().__init__(status=response.status, reason=_REASONS.get(response.status))
        self.response = response
        self._lower_case = lower_case
        self._request: web.BaseRequest | None = None
        if response.close:
            self.force_close()

    @property
    def prepared(self) -> bool:
        return self._request is not None

    @property
    def keep_alive(self) -> bool:
        return not self.response.close and self._request is not None and self._request.keep_alive

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        self._request = request
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        request = self._request
        assert request is not None
        body = b"" if self._is_empty(request) else self.response.body
        self._transport(request).write(self.head(request) + body)
        if len(body) > _DRAIN_BYTES:
            await request.writer.drain()

    def head(self, request: web.BaseRequest) -> bytes:
        """The status line and the headers, in Flink's order."""
        response = self.response
        fields = {
            "content-type": response.content_type,
            "access-control-allow-origin": "*" if response.cors else None,
            "connection": "keep-alive" if self.keep_alive else None,
        }
        for name in response.headers:
            fields[name.lower() if name.lower() in fields else name] = _checked(response.headers[name])
        fields["content-length"] = None if _has_no_length(response.status) else str(len(response.body))
        version = request.version
        lines = [f"HTTP/{version.major}.{version.minor} {self.status} {self.reason}\r\n"]
        for name, value in fields.items():
            if value is not None:
                lines.append(f"{name if self._lower_case else _OLD_NAMES.get(name, name)}: {value}\r\n")
        lines.append("\r\n")
        return "".join(lines).encode("utf-8", "surrogateescape")

    def _is_empty(self, request: web.BaseRequest) -> bool:
        return request.method == "HEAD" or _has_no_length(self.status)

    @staticmethod
    def _transport(request: web.BaseRequest) -> asyncio.Transport:
        """Raises ConnectionResetError if the client has left."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has closed the connection")
        return transport


class ExpectationFailed(FlinkResponse):
    """What Netty responds to an unknown `Expect` header."""

    def __init__(self) -> None:
        super().__init__(Response(417, b"", content_type=None, cors=False, close=True))


class ConnectionEnded(web.StreamResponse):
    """Stands for a response that is never sent: the connection is closed already."""

    async def prepare(self, request: web.BaseRequest) -> NoReturn:
        raise ConnectionResetError("the connection was closed without a response")


def _has_no_length(status: int) -> bool:
    return status in (204, 304) or 100 <= status < 200


def _checked(value: str) -> str:
    """Raises ValueError for a value that would end its header."""
    if "\r" in value or "\n" in value:
        raise ValueError(f"a header can't have a line break in it: {value!r}")
    return value
