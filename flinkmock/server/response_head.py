"""Formats the status line of a response, and the headers that Flink sends.

See docs/flink-behaviour.md#response-headers.
"""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus

from flinkmock.rest.response import Response

_CAPITALIZED_NAMES = {
    "content-type": "Content-Type",
    "access-control-allow-origin": "Access-Control-Allow-Origin",
    "connection": "Connection",
    "date": "Date",
    "expires": "Expires",
    "cache-control": "Cache-Control",
    "last-modified": "Last-Modified",
}
"""The spelling of header names in releases before 1.17, except for `content-length` (Netty's HttpHeaders.Names)."""
_REASONS = {413: "Request Entity Too Large"}
"""Netty's reason phrases that newer versions of Python have changed."""


def reason_of(status: int) -> str:
    """Return the reason phrase of a status; "" if it has none."""
    try:
        return _REASONS.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return ""


def has_no_body(status: int) -> bool:
    """Return whether responses of this status have no body, and therefore no `content-length`."""
    return status in (204, 304) or 100 <= status < 200


def head_of(response: Response, *, keep_alive: bool, lower_case_names: bool) -> bytes:
    """Return the status line, the headers in Flink's order, and the empty line after them.

    Args:
        response: The response.
        keep_alive: Whether the connection stays open.
        lower_case_names: Whether the release spells the names of headers in lower case.

    Raises:
        ValueError: The value of a header contains a line break.
    """
    if response.headers:
        return _head_with_headers(response, keep_alive=keep_alive, lower_case_names=lower_case_names)
    start = _cached_head_start(
        response.status, response.content_type, response.has_cors_header, keep_alive, lower_case_names
    )
    if has_no_body(response.status):
        return start + b"\r\n"
    return b"%bcontent-length: %d\r\n\r\n" % (start, len(response.body))


def head_start(status: int, content_type: str, *, allow_origin: str, keep_alive: bool, lower_case_names: bool) -> bytes:
    """Return the status line and all headers except the last one, `content-length`."""
    return _head_lines(status, _common_headers(content_type, allow_origin, keep_alive=keep_alive), lower_case_names)


@lru_cache(maxsize=256)
def _cached_head_start(
    status: int, content_type: str | None, has_cors_header: bool, keep_alive: bool, lower_case_names: bool
) -> bytes:
    """Return the status line and the headers that don't depend on the body."""
    headers = _common_headers(content_type, "*" if has_cors_header else None, keep_alive=keep_alive)
    return _head_lines(status, headers, lower_case_names)


def _common_headers(content_type: str | None, allow_origin: str | None, *, keep_alive: bool) -> dict[str, str | None]:
    """Return the headers that most responses have, in Flink's order; None: the header is left out."""
    return {
        "content-type": content_type,
        "access-control-allow-origin": allow_origin,
        "connection": "keep-alive" if keep_alive else None,
    }


def _head_with_headers(response: Response, *, keep_alive: bool, lower_case_names: bool) -> bytes:
    headers = _common_headers(response.content_type, "*" if response.has_cors_header else None, keep_alive=keep_alive)
    for name, value in response.headers.items():
        if "\r" in value or "\n" in value:
            raise ValueError(f"a header can't have a line break in it: {value!r}")
        headers[name.lower() if name.lower() in headers else name] = value
    headers["content-length"] = None if has_no_body(response.status) else str(len(response.body))
    return _head_lines(response.status, headers, lower_case_names) + b"\r\n"


def _head_lines(status: int, headers: dict[str, str | None], lower_case_names: bool) -> bytes:
    lines = [f"HTTP/1.1 {status} {reason_of(status)}\r\n"]
    lines += [
        f"{name if lower_case_names else _CAPITALIZED_NAMES.get(name, name)}: {value}\r\n"
        for name, value in headers.items()
        if value is not None
    ]
    return "".join(lines).encode("utf-8", "surrogateescape")
