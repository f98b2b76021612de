"""Clients that send slowly, and too many connections."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket

import pytest

from flinkmock import limits
from flinkmock.server.loop import limit_warnings
from tests.server.conftest import Client
from tests.timeouts import TEST_TIMEOUT_S

OVERVIEW = b"GET /overview HTTP/1.1\r\nHost: x\r\n"
UPLOAD = b"POST /jars/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"


@pytest.mark.parametrize(
    "incomplete_request",
    [
        OVERVIEW,
        b"GET /over",
        b"POST /jars/x/run HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
        UPLOAD + b"Content-Length: 1000\r\n\r\n--b\r\n",
        UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n--b\r\n\r\n",
        b"POST /__flinkmock__/v1/reset HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n",
    ],
)
def test_the_connection_of_an_incomplete_request_is_closed(
    client: Client, incomplete_request: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HEAD_TIME", 0.05)
    monkeypatch.setattr(limits, "BODY_PAUSE", 0.05)
    with socket.create_connection(client.address, timeout=TEST_TIMEOUT_S) as connection:
        connection.sendall(incomplete_request)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""


def test_an_idle_connection_stays_open_after_a_request_that_arrived_in_parts(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HEAD_TIME", 0.05)
    with socket.create_connection(client.address, timeout=TEST_TIMEOUT_S) as connection:
        for data in (OVERVIEW[:20], OVERVIEW[20:] + b"\r\n"):
            connection.sendall(data)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_the_number_of_connections_is_limited(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS", 2)
    first, second, third = (socket.create_connection(client.address, timeout=TEST_TIMEOUT_S) for _ in range(3))
    with first, second, third:
        with contextlib.suppress(ConnectionResetError):
            assert third.recv(1) == b""
        for connection in (first, second):
            connection.sendall(OVERVIEW + b"\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def test_a_lack_of_file_descriptors_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    limit_warnings(loop)
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            error = OSError(errno.EMFILE, "Too many open files")
            loop.call_exception_handler({"message": "socket.accept() out of system resource", "exception": error})
    loop.close()
    assert caplog.messages == ["Connections wait, because none can be accepted: Too many open files."]
