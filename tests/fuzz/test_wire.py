"""Nearly valid HTTP: the server responds or closes the connection, logs no error, and serves the next client."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flinkmock import FlinkMock
from tests.fuzz.byte_edits import REGRESSION_INPUT_FOLDER, edited
from tests.hypothesis_profile import examples
from tests.timeouts import TEST_TIMEOUT_S

REQUESTS = [
    b"GET /jobs/overview HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /jars/x/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /jars/x/run HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nT: x\r\n\r\n",
    b"POST /jars/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 80\r\n"
    b'\r\n--b\r\nContent-Disposition: form-data; name="f"; filename="a.jar"\r\n\r\nabc\r\n--b--\r\n ',
    b"GET /overview HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n",
    b"GET /__flinkmock__/v1/clock HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /jobs HTTP/1.1\r\nHost: x\r\n\r\n",
    b"BREW / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]


@pytest.fixture(scope="module")
def mock() -> Iterator[FlinkMock]:
    with FlinkMock({"jobs": {"orders": "streaming"}}, clock="virtual") as mock:
        yield mock


def send_and_check_server(mock: FlinkMock, pieces: list[bytes]) -> None:
    """Send bytes, read until the server closes the connection, and check that the server answers the next client."""
    address = mock.host, mock.port
    with socket.create_connection(address, timeout=TEST_TIMEOUT_S) as connection, contextlib.suppress(ConnectionError):
        for piece in pieces:
            connection.sendall(piece)
        with contextlib.suppress(OSError):  # the server has closed the connection
            connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass
    client = http.client.HTTPConnection(mock.host, mock.port, timeout=TEST_TIMEOUT_S)
    with contextlib.closing(client):
        client.request("GET", "/jobs")
        assert client.getresponse().status == 200


@pytest.mark.parametrize("file", sorted(REGRESSION_INPUT_FOLDER.glob("wire-*")), ids=lambda file: file.name)
def test_the_server_survives_a_regression_input(mock: FlinkMock, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    send_and_check_server(mock, [file.read_bytes()])
    assert caplog.messages == []


def test_the_server_survives_edited_http(mock: FlinkMock, caplog: pytest.LogCaptureFixture) -> None:
    @examples(20)
    @given(edited(REQUESTS), st.lists(st.integers(1, 40), max_size=3))
    def send_in_pieces(data: bytes, sizes: list[int]) -> None:
        pieces, start = [], 0
        for size in sizes:
            pieces.append(data[start : start + size])
            start += size
        send_and_check_server(mock, [*pieces, data[start:]])

    send_in_pieces()
    assert caplog.messages == []
