"""GET, with the standard library, over one connection that is kept."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from flinkmock.errors import FlinkMockError

SECONDS = 30


class Unreachable(FlinkMockError):
    """Nothing at that address speaks HTTP, or it stopped to."""


@dataclass(frozen=True)
class Answer:
    """`content_type` is "" if there is no such header."""

    status: int
    content_type: str
    raw: bytes

    @cached_property
    def body(self) -> Any:
        """The parsed JSON. Raises ValueError when it is none."""
        return json.loads(self.raw)


class Fetcher:
    """Asks one server; `requests` counts. Raises Unreachable."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url if "//" in url else f"//{url}", scheme="http")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Unreachable(f"{url!r} is not the address of a server. Write http://host:8081.")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self.requests = 0
        self._base = parts.path.rstrip("/")
        self._connection = kind(parts.hostname, parts.port, timeout=SECONDS)

    def get(self, target: str) -> Answer:
        self.requests += 1
        try:
            try:
                return self._ask(target)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self._connection.close()  # a kept connection may be closed at any time; a new one tells
                return self._ask(target)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Unreachable(f"No answer from {self.url}{target}: {str(error) or type(error).__name__}") from error

    def json(self, target: str) -> Any:
        """The body of a good answer, {} for any other: what is not told can't be asked for."""
        answer = self.get(target)
        try:
            return answer.body if answer.status == 200 else {}
        except ValueError:
            return {}

    def close(self) -> None:
        self._connection.close()

    def _ask(self, target: str) -> Answer:
        self._connection.request("GET", self._base + target, headers={"Accept": "application/json"})
        response = self._connection.getresponse()
        return Answer(response.status, response.getheader("content-type") or "", response.read())
