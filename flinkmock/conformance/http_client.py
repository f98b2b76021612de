"""Requests to a live server, with the standard library, over one connection that is kept."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import urlsplit

from flinkmock.errors import ServerUnreachable

SECONDS = 30
JSON_TYPE = "application/json"


@dataclass(frozen=True)
class HttpResponse:
    """`headers`: names in lower case."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def content_type(self) -> str:
        """ "" if there is no such header."""
        return self.headers.get("content-type", "")

    @cached_property
    def body(self) -> Any:
        """The parsed JSON. Raises ValueError when it is none."""
        return json.loads(self.raw)


@dataclass(frozen=True)
class HttpRequest:
    """A request as it is put to the server. `target` begins with a slash; `raw` is the body, None for none."""

    target: str
    method: str = "GET"
    raw: bytes | None = None
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)


class Server(Protocol):
    """Whom a check asks."""

    url: str
    requests: int

    def ask(self, question: HttpRequest) -> HttpResponse:
        """Raises ServerUnreachable."""


class HttpClient:
    """Asks one server; `requests` counts. `headers` go with each request."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        try:
            parts = urlsplit(url if "//" in url else f"//{url}", scheme="http")
            port = parts.port
        except ValueError as error:
            raise ServerUnreachable(f"{url!r} is not the address of a server: {error}.") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServerUnreachable(f"{url!r} is not the address of a server. Write http://host:8081.")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self.requests = 0
        self._headers = {"Accept": JSON_TYPE, **(headers or {})}
        self._base = parts.path.rstrip("/")
        self._connection = kind(parts.hostname, port, timeout=SECONDS)

    def ask(self, question: HttpRequest) -> HttpResponse:
        """Raises ServerUnreachable."""
        self.requests += 1
        try:
            try:
                return self._ask(question)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self._connection.close()  # a kept connection may be closed at any time; a new one tells
                return self._ask(question)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            told = str(error) or type(error).__name__
            raise ServerUnreachable(f"No answer from {self.url}{question.target}: {told}") from error
        except KeyboardInterrupt:
            self._connection.close()  # what it waited for must not be the answer to the next question
            raise

    def close(self) -> None:
        self._connection.close()

    def _ask(self, question: HttpRequest) -> HttpResponse:
        headers = {**self._headers, **question.headers}
        if question.raw is not None:
            headers["Content-Type"] = question.content_type
        self._connection.request(question.method, self._base + question.target, question.raw, headers)
        response = self._connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        return HttpResponse(response.status, told, response.read())


class Reader:
    """Bodies of good answers, for those who only want to know what there is. Lets a server be read like a document."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def json(self, target: str) -> Any:
        """The body of a good answer, {} for any other: what is not told can't be asked for."""
        answer = self._server.ask(HttpRequest(target))
        try:
            return answer.body if answer.status == 200 else {}
        except ValueError:
            return {}
