"""Heads of requests that are too long, malformed or of HTTP 1.0, or that a parser might read repeatedly."""

from __future__ import annotations

import socket

import pytest

from flinkmock import limits
from tests.server.conftest import Client
from tests.timeouts import TEST_TIMEOUT_S

OVERVIEW_BODY = b'{"operation":"getClusterOverview"}'


@pytest.mark.parametrize("size", [limits.HEADERS + 1, 100_000, 1_000_000, 20_000_000])
def test_a_request_with_a_long_header_is_answered(client: Client, size: int) -> None:
    """Netty stops parsing the headers, and Flink answers the request (observed on 2.3.0)."""
    with socket.create_connection(client.address, timeout=TEST_TIMEOUT_S) as connection:
        try:
            connection.sendall(b"GET /overview HTTP/1.1\r\nHost: x\r\nX: " + b"y" * size + b"\r\n\r\n")
            received = connection.recv(65_536)
        except ConnectionError:
            raise AssertionError("the connection was closed without a response") from None
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert received.endswith(OVERVIEW_BODY)


def test_requests_after_a_head_that_is_too_long_are_ignored(client: Client) -> None:
    with socket.create_connection(client.address, timeout=TEST_TIMEOUT_S) as connection:
        connection.sendall(b"GET /overview HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 10_000)
        assert connection.recv(65_536).endswith(OVERVIEW_BODY)
        connection.sendall(b"y\r\n\r\nGET /overview HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_header_lines_without_a_colon_are_ignored(client: Client) -> None:
    lines = b"".join(b"\x80" * 1_900 + b"\r\n" for _ in range(4))
    for _ in range(20):
        reply = client.send_bytes(b"GET /overview HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n" + lines + b"\r\n")
        assert reply.status == 200


def test_a_request_line_without_an_end_is_a_bad_request(client: Client) -> None:
    reply = client.send_bytes(b"GET /" + b"y" * limits.REQUEST_LINE)
    assert (reply.status, reply.errors) == (404, ["Unable to load requested file /bad-request."])


@pytest.mark.parametrize("length", [b"9" * 30, b"9" * 5_000])
def test_a_content_length_that_is_not_a_long_is_ignored(client: Client, length: bytes) -> None:
    reply = client.send_bytes(b"GET /overview HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\n\r\n")
    assert (reply.status, reply.body) == (200, OVERVIEW_BODY)


def test_a_chunk_size_that_is_not_an_int_ends_the_body(client: Client) -> None:
    data = b"GET /overview HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 100 + b"\r\n"
    assert client.send_bytes(data).body == OVERVIEW_BODY


def test_http_1_0_is_answered(client: Client) -> None:
    with socket.create_connection(client.address, timeout=TEST_TIMEOUT_S) as connection:
        connection.sendall(b"GET /overview HTTP/1.0\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")
