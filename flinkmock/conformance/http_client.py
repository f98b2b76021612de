"""An HTTP client, based on that of the standard library, with one persistent connection to a live server."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from flinkmock.errors import ServerUnreachable
from flinkmock.server_url import split_server_url

TIMEOUT_S = 30
"""How long each socket operation may take (connect, send, receive), in seconds."""
JSON_TYPE = "application/json"
Json = Any
"""A parsed JSON value."""


@dataclass(frozen=True)
class HttpRequest:
    """A request.

    Attributes:
        target: The path and the query; begins with a slash.
        method: The HTTP method.
        raw_body: The bytes of the body; None if there is no body.
        content_type: The value of `Content-Type` if there is a body.
        headers: More headers. They take precedence over those of the client.
    """

    target: str
    method: str = "GET"
    raw_body: bytes | None = None
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HttpResponse:
    """A response. The names in `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    raw_body: bytes

    @property
    def content_type(self) -> str:
        """The value of `Content-Type`; "" if there is no such header."""
        return self.headers.get("content-type", "")

    @cached_property
    def body(self) -> Json:
        """The parsed JSON. Raises ValueError if the body is not JSON."""
        return json.loads(self.raw_body)


class JsonReader(Protocol):
    """Reads JSON with GET requests from a live server, a fake cluster without a server, or a recording."""

    def json(self, target: str) -> Json:
        """Return the body of a response with status 200; {} for any other response, or if the body is not JSON."""


class Client(Protocol):
    """Sends requests to the server at `url`; `request_count` is how many were sent."""

    url: str
    request_count: int

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and return the response. Raises ServerUnreachable."""


class HttpClient:
    """Sends requests to one server.

    Args:
        url: The URL of the server; "http://" may be omitted.
        headers: The headers for every request.
        context: The SSL context for TLS; None: the default one.

    Attributes:
        request_count: How many requests were sent, without retries.

    Raises:
        ServerUnreachable: `url` is not an HTTP URL.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str] | None = None, context: ssl.SSLContext | None = None
    ) -> None:
        try:
            parts = split_server_url(url)
        except ValueError as error:
            raise ServerUnreachable(f"{url!r} is not an HTTP URL: {error}.") from None
        host, port = parts.hostname or "", parts.port
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self.request_count = 0
        self._headers = {"Accept": JSON_TYPE, **(headers or {})}
        self._base = parts.path.rstrip("/")
        self._connection = (
            http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        )

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and return the response. Raises ServerUnreachable."""
        self.request_count += 1
        try:
            try:
                return self._send(request)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self._connection.close()  # a server may close a persistent connection at any time, so retry once
                return self._send(request)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            reason = str(error) or type(error).__name__
            raise ServerUnreachable(f"No response from {self.url}{request.target}: {reason}") from error
        except KeyboardInterrupt:
            self._connection.close()  # a late response must not answer the next request
            raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _send(self, request: HttpRequest) -> HttpResponse:
        headers = {**self._headers, **request.headers}
        if request.raw_body is not None:
            headers["Content-Type"] = request.content_type
        self._connection.request(request.method, self._base + request.target, request.raw_body, headers)
        response = self._connection.getresponse()
        response_headers = {name.lower(): value for name, value in response.getheaders()}
        return HttpResponse(response.status, response_headers, response.read())


class ClientReader:
    """A JsonReader that sends its requests through a client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def json(self, target: str) -> Json:
        """Return the body of a response with status 200; {} for any other response, or if the body is not JSON.

        Raises ServerUnreachable.
        """
        response = self._client.send(HttpRequest(target))
        try:
            return response.body if response.status == 200 else {}
        except ValueError:
            return {}
