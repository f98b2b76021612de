"""Accepts TLS connections. Like Flink's RedirectingSslHandler, redirects requests without TLS."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any
from weakref import WeakSet

from flinkmock import limits

_HANDSHAKE = b"\x16"
"""The first byte of a TLS connection."""
_RETRY_S = 1.0
"""How long to wait when no connection can be accepted."""
_REQUEST_LINE = re.compile(rb"[A-Za-z]+ ([!-~]+) HTTP/1\.[01]\r?$")


class TlsAcceptor:
    """Accepts connections until `close`.

    Args:
        listening_socket: The socket whose connections are accepted.
        context: The SSL context with the server's certificate.
        create_protocol: Creates the protocol of a connection.
        url: The URL to which requests without TLS are redirected.
    """

    def __init__(
        self,
        listening_socket: socket.socket,
        context: ssl.SSLContext,
        create_protocol: Callable[[], asyncio.Protocol],
        url: str,
    ) -> None:
        self._listening_socket = listening_socket
        self._context = context
        self._create_protocol = create_protocol
        self._url = url
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._transports: WeakSet[asyncio.BaseTransport] = WeakSet()
        self._start(self._accept())

    def close(self) -> None:
        """Refuse new connections, and close those without a complete handshake."""
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(OSError, ValueError):
            self._loop.remove_reader(self._listening_socket)
        self._listening_socket.close()

    def abort(self) -> None:
        """Abort the connections. Closing a TLS connection would wait for its client."""
        for transport in self._transports:
            if isinstance(transport, asyncio.Transport):
                transport.abort()

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in a task that `close` cancels."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        while True:
            try:
                connection, _ = await self._loop.sock_accept(self._listening_socket)
            except OSError as error:
                if self._listening_socket.fileno() < 0:
                    return
                self._loop.call_exception_handler({"message": "no connection can be accepted", "exception": error})
                await asyncio.sleep(_RETRY_S)
                continue
            self._start(self._serve(connection))

    async def _serve(self, connection: socket.socket) -> None:
        """Serve a connection, or redirect a client that does not use TLS."""
        try:
            async with asyncio.timeout(limits.HEAD_TIME):
                first_byte = await self._first_byte(connection)
                if first_byte == _HANDSHAKE:
                    transport, _ = await self._loop.connect_accepted_socket(
                        self._create_protocol, connection, ssl=self._context
                    )
                    self._transports.add(transport)
                elif first_byte:
                    await self._loop.connect_accepted_socket(lambda: _Redirecting(self._url), connection)
                else:
                    connection.close()
        except (OSError, TimeoutError):  # the client has disconnected, or does not trust the certificate
            connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise

    async def _first_byte(self, connection: socket.socket) -> bytes:
        """Return the first byte, without consuming it; b"" if the client has disconnected."""
        connection.setblocking(False)
        while True:
            try:
                return connection.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                readable = self._loop.create_future()
                self._loop.add_reader(connection, _resolve, readable)
                try:
                    await readable
                finally:
                    self._loop.remove_reader(connection)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class _Redirecting(asyncio.Protocol):
    """A protocol that redirects the first request and closes the connection."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._deadline = asyncio.get_running_loop().call_later(limits.HEAD_TIME, transport.abort)

    def connection_lost(self, error: Exception | None) -> None:
        self._deadline.cancel()

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._received += data
        if b"\r\n\r\n" not in self._received and len(self._received) <= limits.HEADERS:
            return
        line = _REQUEST_LINE.match(self._received.partition(b"\n")[0])
        location = self._url + (line[1].decode() if line and line[1].startswith(b"/") else "")
        head = ("HTTP/1.1 301 Moved Permanently", f"location: {location}", "content-length: 0", "connection: close")
        self._transport.write("\r\n".join((*head, "", "")).encode())
        self._transport.close()
