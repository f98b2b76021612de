"""Listening sockets, and the servers behind them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from flinkmock.errors import FlinkMockError, InvalidArgument, PortTaken
from flinkmock.server.app import FlinkServer
from flinkmock.server.connection import ConnectionFactory
from flinkmock.server.delayed_responses import DelayedResponses

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.journal.middleware import Observer
    from flinkmock.rest.dashboard import Dashboard

_MAX_LINE = 64 * 1024
"""Bytes of a request line or header that aiohttp reads: more than Netty, so that the response is Netty's."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; `port` 0 takes a free one.

    Raises:
        PortTaken: Another process listens there.
        InvalidArgument: The port is not between 0 and 65535.
        FlinkMockError: The machine has no such address.
    """
    if not 0 <= port <= 65_535:  # getaddrinfo takes it modulo 65536
        raise InvalidArgument(f"{port} is not a port. Use a number from 1 to 65535, or 0 for a free port.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(128)
            listening.setblocking(False)
        except BaseException:
            listening.close()
            raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port) from None
        raise FlinkMockError(f"Can't listen on {host}:{port}: {error.strerror}.") from None
    return listening


def bind_each(host: str, port: int, count: int, bound: Sequence[socket.socket] = ()) -> list[socket.socket]:
    """`count` listening sockets: the first at `port`, the others at the ports that follow it (0: all at free ones).

    `bound` are the first of them that are bound already. Raises as `bind`, and then leaves none of them open.
    """
    sockets = list(bound[:count])
    for surplus in bound[count:]:
        surplus.close()
    try:
        for number in range(len(sockets), count):
            sockets.append(bind(host, port and port + number))
    except FlinkMockError:
        for each in sockets:
            each.close()
        raise
    return sockets


def url_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Listeners:
    """Serves an engine inside a running event loop: each of its JobManagers on one socket.

    Args:
        observer: Called with each exchange before its response is sent.
        shutdown_timeout: Seconds, more than 0, to wait for running requests when the listeners close.
    """

    def __init__(
        self,
        engine: Engine,
        sockets: Sequence[socket.socket],
        *,
        observer: Observer | None = None,
        dashboard: Dashboard | None = None,
        shutdown_timeout: float = 0.001,
    ) -> None:
        self.urls = tuple(map(url_of, sockets))
        self.shutdown_requested = asyncio.Event()
        """Set when a client has shut the cluster down."""
        self._delayed = DelayedResponses(engine)
        self._listeners: list[_Listener] = []
        for number, listening in enumerate(sockets):
            server = FlinkServer(
                engine,
                observer=observer,
                on_shut_down=self._shut_down,
                dashboard=dashboard,
                jobmanager=number,
                delayed=self._delayed,
            )
            self._listeners.append(_Listener(server, listening, shutdown_timeout))

    async def start(self) -> None:
        for listener in self._listeners:
            await listener.start()

    async def close(self) -> None:
        """Ends all connections."""
        for listener in self._listeners:
            await listener.stop_accepting(refusing=self.shutdown_requested.is_set())
        await self._delayed.close()
        for listener in self._listeners:
            await listener.close()

    def _shut_down(self) -> None:
        for listener in self._listeners:
            listener.refuse()
        self.shutdown_requested.set()


class _Listener:
    """Serves one JobManager on a socket."""

    def __init__(self, server: FlinkServer, listening: socket.socket, shutdown_timeout: float) -> None:
        self._socket = listening
        self._timeout = shutdown_timeout
        self._http = web.Server(
            server.respond,
            access_log=None,
            auto_decompress=False,  # Flink does not look at Content-Encoding
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_LINE,
        )
        self._connections = ConnectionFactory(server, self._http)

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(self._connections, sock=self._socket)

    async def stop_accepting(self, *, refusing: bool) -> None:
        """Ends connections without a request. `refusing`: new ones are refused already."""
        if not refusing:
            # asyncio (up to 3.11) forgets a connection whose acceptance it has begun when its server is closed: it
            # would neither be served nor closed. So stop accepting first, and let the protocol of such a connection
            # be made.
            with contextlib.suppress(NotImplementedError):
                asyncio.get_running_loop().remove_reader(self._socket)
            await asyncio.sleep(0)
            self._server.close()
        self._connections.close()

    async def close(self) -> None:
        """Ends all connections, after the timeout also those with a running request."""
        self._http.pre_shutdown()
        await self._http.shutdown(self._timeout)

    def refuse(self) -> None:
        """Refuses connections from here on."""
        self._server.close()
