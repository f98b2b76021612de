"""An HTTP client that takes little CPU time: it sends prepared requests, and parses only status and length."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Connection:
    """A connection to a server, which stays open."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = f"{parts.hostname}:{parts.port}"
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def prepare(self, method: str, target: str, body: bytes = b"") -> bytes:
        """Return the bytes of a request."""
        head = f"{method} {target} HTTP/1.1\r\nHost: {self._host}\r\nAccept: */*\r\n"
        if body or method == "POST":
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + b"\r\n" + body

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; return the status and the body of the response."""
        self._socket.sendall(request)
        data = self._receive(b"")
        while (end := data.find(b"\r\n\r\n")) < 0:
            data = self._receive(data)
        head, body = data[:end].lower(), data[end + 4 :]
        status = int(head[9:12])  # after `http/1.1 `
        if b"transfer-encoding: chunked" in head:
            while not body.endswith(b"0\r\n\r\n"):
                body = self._receive(body)
            return status, _unchunked(body)
        start = head.find(b"content-length:")
        if start < 0:
            return status, body
        length = int(head[start + 15 :].split(b"\r\n", 1)[0])
        pieces, missing = [body], length - len(body)
        while missing > 0:
            piece = self._socket.recv(min(missing, 1 << 20))
            if not piece:
                raise ConnectionError("the server closed the connection in the middle of a response")
            pieces.append(piece)
            missing -= len(piece)
        return status, b"".join(pieces)

    def _receive(self, data: bytes) -> bytes:
        """Return the data with the next bytes from the socket appended."""
        piece = self._socket.recv(1 << 18)
        if not piece:
            raise ConnectionError("the server closed the connection")
        return data + piece


def _unchunked(data: bytes) -> bytes:
    """Return the content of a body in chunked encoding."""
    body = b""
    while data:
        size_text, _, data = data.partition(b"\r\n")
        size = int(size_text, 16)
        if size == 0:
            break
        body, data = body + data[:size], data[size + 2 :]
    return body
