"""What goes back to the client, before aiohttp puts it on the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

JSON = "application/json; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Response:
    """`cors`: with `access-control-allow-origin: *`. `close`: the connection ends after it. `content_type` None: no
    such header."""

    status: int
    body: bytes
    content_type: str | None = JSON
    cors: bool = True
    close: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def error_answer(status: int, *texts: str, cors: bool = True, close: bool = False) -> Response:
    """Flink's ErrorResponseBody: `{"errors":[...]}` and nothing else."""
    text = json.dumps({"errors": texts}, ensure_ascii=False, separators=(",", ":"))
    # Java's getBytes writes a question mark for half a surrogate pair
    return Response(status, text.encode("utf-8", errors="replace"), cors=cors, close=close)
