"""The response to a client, before a transport writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

JSON = "application/json; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response.

    Attributes:
        status: The status.
        body: The bytes of the body.
        content_type: The value of the header `content-type`; None: there is no such header.
        has_cors_header: Whether the header `access-control-allow-origin` is sent: `*`, unless `headers` have another
            value.
        closes_connection: Whether the connection is closed after the response.
        headers: Further headers.
    """

    status: int
    body: bytes
    content_type: str | None = JSON
    has_cors_header: bool = True
    closes_connection: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def is_error_status(status: int) -> bool:
    """Return whether a response with this status is an error response.

    308 is one: Flink sends it with `{"errors":[...]}` if a job is to be stopped by the removed `mode=stop`
    (docs/flink-behaviour.md#cancelling).
    """
    return status >= 400 or status == 308


EXPECTATION_FAILED = Response(417, b"", content_type=None, has_cors_header=False, closes_connection=True)
"""Netty's response to an unknown `Expect` header."""


@dataclass(frozen=True, slots=True)
class NoResponse:
    """The connection is closed without a response: with a TCP reset if `resets_connection` is set."""

    resets_connection: bool = True


def error_response(status: int, *texts: str, has_cors_header: bool = True, closes_connection: bool = False) -> Response:
    """Return an error response with Flink's ErrorResponseBody, `{"errors":[...]}`."""
    text = json.dumps({"errors": texts}, ensure_ascii=False, separators=(",", ":"))
    # Java's getBytes writes a question mark for an unpaired surrogate
    return Response(
        status,
        text.encode("utf-8", errors="replace"),
        has_cors_header=has_cors_header,
        closes_connection=closes_connection,
    )
