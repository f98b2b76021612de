"""Fixtures that run a server with a fake engine, and a client that sends requests unchanged."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from flinkmock.server import ServerThread
from tests.server.fake_engine import FakeEngine
from tests.timeouts import TEST_TIMEOUT_S


@dataclass
class RawResponse:
    """A response as it was received."""

    status: int
    headers: list[tuple[str, str]]
    """Names have the case in which they were sent."""
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def errors(self) -> list[str]:
        body = json.loads(self.body)
        assert list(body) == ["errors"]
        return body["errors"]


class Client:
    """Sends requests without correcting them, even if they are malformed.

    Args:
        url: The URL of the server.
        engine: The engine of the server, for tests that read its calls or set its handler.
    """

    def __init__(self, url: str, engine: FakeEngine | None = None) -> None:
        self.engine: Any = engine
        parts = urlsplit(url)
        self.address = (parts.hostname, parts.port)

    def send(self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None) -> RawResponse:
        """Send a request, with `Content-Length` if it has a body and no `Transfer-Encoding`; return the response."""
        connection = http.client.HTTPConnection(*self.address, timeout=TEST_TIMEOUT_S)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None and "Transfer-Encoding" not in (headers or {}):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return RawResponse(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def send_bytes(self, data: bytes) -> RawResponse:
        """Send bytes without changes, and return the response."""
        with socket.create_connection(self.address, timeout=TEST_TIMEOUT_S) as connection:
            connection.sendall(data)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return RawResponse(response.status, response.getheaders(), response.read())


@pytest.fixture
def serve() -> Iterator[Callable[..., Client]]:
    """A function that serves a fake engine and returns a client. Its arguments are those of `FakeEngine`."""
    threads = []

    def start(**engine_options: Any) -> Client:
        engine = FakeEngine(**engine_options)
        thread = ServerThread(engine)
        threads.append(thread)
        thread.start()
        return Client(thread.url, engine)

    yield start
    for thread in threads:
        thread.close()


@pytest.fixture
def client(serve: Callable[..., Client]) -> Client:
    return serve()
