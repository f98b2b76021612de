"""A cluster with faults, and a connection that shows the bytes that it receives."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from flinkmock import FlinkMock
from flinkmock.contract.pattern import Pattern
from flinkmock.faults import Fault, FaultTrigger
from tests.timeouts import TEST_TIMEOUT_S

GET_JOBS = FaultTrigger((Pattern.parse("GET /jobs"),))
FIRST_SAVEPOINT = FaultTrigger((Pattern.parse("POST /jobs/:jobid/savepoints"),), times=1)


@contextmanager
def faulty_cluster(*faults: Fault, **options: Any) -> Iterator[FlinkMock]:
    """Serve a cluster with a job and faults; `options` are those of FlinkMock."""
    with FlinkMock({"jobs": {"orders": "streaming"}}, **options) as mock:
        mock.faults.add(*faults)
        yield mock


class RawConnection:
    """A connection that sends and receives bytes without an HTTP client."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=TEST_TIMEOUT_S)

    def send(self, method: str, target: str, body: bytes = b"") -> None:
        """Send a request, with `Content-Length` if it has a body."""
        length_header = b"Content-Length: %d\r\n" % len(body) if body else b""
        self.socket.sendall(
            f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n".encode() + length_header + b"\r\n" + body
        )

    def read(self) -> tuple[bytes, str]:
        """Return all received bytes, and how the connection ended: "closed", "reset" or "timeout"."""
        received = b""
        try:
            while data := self.socket.recv(65536):
                received += data
        except ConnectionResetError:
            return received, "reset"
        except TimeoutError:
            return received, "timeout"
        return received, "closed"

    def response_head(self) -> bytes:
        """Return the status line and the headers of one response."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            assert byte, f"the connection is closed after {head!r}"
            head += byte
        return head

    def response_body(self) -> bytes:
        """Return the body of one complete response."""
        head = self.response_head()
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = b""
        while len(body) < length:
            body += self.socket.recv(length - len(body))
        return body

    def __enter__(self) -> RawConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def send_raw(mock: FlinkMock, method: str = "GET", target: str = "/jobs", body: bytes = b"") -> tuple[bytes, str]:
    """Send a request on a new connection; return what `RawConnection.read` returns."""
    with RawConnection(mock.url) as connection:
        connection.send(method, target, body)
        return connection.read()


def put_after_continue(url: str, target: str, body: bytes, authorization: str = "") -> str:
    """Send the body of a PUT request after 100 has been received; return the status line of the response."""
    with RawConnection(url) as connection:
        connection.socket.sendall(
            f"PUT {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n"
            f"Authorization: {authorization}\r\n\r\n".encode()
        )
        assert connection.response_head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.socket.sendall(body)
        return connection.response_head().decode().partition("\r\n")[0]


def first_job_id(mock: FlinkMock) -> str:
    """Return the id of the first job."""
    return next(iter(mock.cluster.jobs))


def savepoint_after_a_minute(mock: FlinkMock) -> str | None:
    """Advance the clock by a minute; return the path of the latest savepoint of the job."""
    mock.advance("1m")
    latest = httpx.get(f"{mock.url}/jobs/{first_job_id(mock)}/checkpoints").json()["latest"]["savepoint"]
    return latest and latest["external_path"]
