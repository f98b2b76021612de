"""A response as an aiohttp response, with the headers that Flink sends and no others.

See docs/flink-behaviour.md#response-headers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.rest.response import Response

_EMPTY = Response(0, b"", content_type=None, cors=False)
_OLD_NAMES = {
    "content-type": "Content-Type",
    "access-control-allow-origin": "Access-Control-Allow-Origin",
    "connection": "Connection",
    "date": "Date",
    "expires": "Expires",
    "cache-control": "Cache-Control",
    "last-modified": "Last-Modified",
}
"""As Netty's HttpHeaders.Names has them; `content-length` was lower case even then."""
_REASONS = {413: "Request Entity Too Large"}
"""Where Python's newer releases have other words."""


class FlinkResponse(web.Response):
    """An `Answer` on its way out."""

    def __init__(self, answer: Response) -> None:
        super().__init__(status=answer.status, reason=_REASONS.get(answer.status), body=answer.body)
        self.answer = answer
        if answer.close:
            self.force_close()


def headers_of_flink(behaviour: ReleaseQuirks) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """A hook for `on_response_prepare`: replaces what aiohttp has put there (Date, Server, its own spelling)."""
    names = {} if behaviour.lower_case_headers else _OLD_NAMES

    async def replace(request: web.Request, response: web.StreamResponse) -> None:
        answer = _EMPTY
        if isinstance(response, FlinkResponse):
            answer = response.answer
        elif isinstance(response, web.Response):  # aiohttp's own, for `Expect: nonsense`: Netty's has no body
            response.body = None
            response.force_close()
        length = response.headers.get("Content-Length")
        wanted = {
            "content-type": answer.content_type,
            "access-control-allow-origin": "*" if answer.cors else None,
            "connection": "keep-alive" if response.keep_alive else None,
            **answer.headers,
            "content-length": length if isinstance(response, FlinkResponse) else "0",
        }
        response.headers.clear()
        for name, value in wanted.items():
            if value is not None:
                response.headers[names.get(name, name)] = value

    return replace
