"""Listening sockets, and the servers behind them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from flinkmock.errors import FlinkMockError, InvalidArgument, PortTaken
from flinkmock.server.connection import ConnectionFactory
from flinkmock.server.delayed_responses import DelayedResponses
from flinkmock.server.flink_server import FlinkServer
from flinkmock.server.transports import url_of

if TYPE_CHECKING:
    import ssl

    from aiohttp import web

    from flinkmock.engine import Engine
    from flinkmock.journal.middleware import Observer
    from flinkmock.rest.dashboard import Dashboard
    from flinkmock.server.control_server import ControlServer
    from flinkmock.server.tls_acceptor import TlsAcceptor


_BACKLOG = 128
"""The number of connections that may wait to be accepted."""


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0: a free port.

    Raises:
        PortTaken: Another process listens there.
        InvalidArgument: The port is not between 0 and 65535.
        FlinkMockError: The machine has no such address, or the host is not a host name.
    """
    if not 0 <= port <= 65_535:  # getaddrinfo would use it modulo 65536
        raise InvalidArgument(f"{port} is not a port. Use a number from 1 to 65535, or 0 for a free port.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening_socket = socket.socket(family, kind, protocol)
        try:
            listening_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening_socket.bind(address)
            listening_socket.listen(_BACKLOG)
            listening_socket.setblocking(False)
        except BaseException:
            listening_socket.close()
            raise
    except UnicodeError:
        raise FlinkMockError(f"Can't listen on {host}:{port}: {host} is not a host name.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port) from None
        raise FlinkMockError(f"Can't listen on {host}:{port}: {error.strerror}.") from None
    return listening_socket


def ports_of(first_port: int, count: int) -> list[int]:
    """Return the ports of `count` JobManagers: the first port and the following ones; zeros if the first is 0."""
    return [first_port + index if first_port else 0 for index in range(count)]


def bind_each(host: str, ports: Iterable[int]) -> list[socket.socket]:
    """Return a listening socket for each port (0: a free one).

    Raises the same errors as `bind`, after closing the sockets that were opened.
    """
    sockets: list[socket.socket] = []
    try:
        for port in ports:
            sockets.append(bind(host, port))
    except FlinkMockError:
        for listening_socket in sockets:
            listening_socket.close()
        raise
    return sockets


class Listeners:
    """Serves an engine within a running event loop, with one socket for each of its JobManagers.

    Args:
        engine: The engine.
        sockets: The sockets, one for each JobManager. They are closed with the listeners.
        port: The port of the first JobManager. If another engine has more JobManagers, they get the following ports (0:
            free ports).
        observer: Called with each exchange before its response is sent.
        dashboard: Flink's dashboard; None: a page about flinkmock.
        shutdown_timeout: How long the listeners wait for running requests when they close, in seconds, more than 0.
        control: The control API of the cluster; None: it is not served on these sockets.
        on_shut_down: Called when a client has shut the cluster down.
        context: The SSL context with the certificate of the server; None: without TLS.
    """

    def __init__(
        self,
        engine: Engine,
        sockets: Sequence[socket.socket],
        *,
        port: int = 0,
        observer: Observer | None = None,
        dashboard: Dashboard | None = None,
        shutdown_timeout: float = 0.001,
        control: ControlServer | None = None,
        on_shut_down: Callable[[], None] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._context = context
        self.shutdown_requested = asyncio.Event()
        """Set when a client has shut the cluster down."""
        self._port = port
        self._observer = observer
        self._shutdown_timeout = shutdown_timeout
        self._control = control
        self._on_shut_down = on_shut_down
        self._loop = asyncio.get_running_loop()
        self._listeners: list[_Listener] = []
        self._engine = engine
        self._delayed = DelayedResponses(engine)
        self._assign(engine, list(sockets), dashboard)

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs, one for each JobManager."""
        return tuple(listener.url for listener in self._listeners)

    @property
    def remaining_ms(self) -> float | None:
        """The time until the next delayed response is due, in ms; None if no response is delayed."""
        return self._delayed.remaining_ms()

    async def start(self) -> None:
        for listener in self._listeners:
            await listener.start()

    def replace(self, engine: Engine, dashboard: Dashboard | None = None) -> None:
        """Serve another engine at the same address. Can be called from any thread.

        Connections stay open, except those to JobManagers that the new engine lacks. Delayed responses are dropped. If
        a client has shut the cluster down, all connections are closed, and the same ports are opened again.

        Raises:
            PortTaken: The engine has more JobManagers, or the cluster was shut down, and another process listens on the
                port of a JobManager.
            InvalidArgument: The engine has more JobManagers, and the port of one would be above 65535.
        """
        count = len(engine.cluster.leadership.jobmanagers)
        ports = [listener.port for listener in self._listeners]
        ports += ports_of(self._port, count)[len(ports) :]
        started_count = 0 if self.shutdown_requested.is_set() else min(len(self._listeners), count)
        new_sockets = bind_each(self._listeners[0].host, ports[started_count:count])
        abandoned, self._delayed = self._delayed, DelayedResponses(engine)
        surplus_listeners = self._listeners[started_count:]
        del self._listeners[started_count:]
        self.shutdown_requested.clear()
        self._engine = engine
        self._assign(engine, new_sockets, dashboard)
        abandoned.abandon()
        for listener in self._listeners[started_count:]:
            asyncio.run_coroutine_threadsafe(listener.start(), self._loop)
        for listener in surplus_listeners:
            asyncio.run_coroutine_threadsafe(listener.stop_and_close(), self._loop)

    async def stop_accepting(self) -> None:
        """Refuse new connections, and close those without a running request."""
        for listener in self._listeners:
            await listener.stop_accepting(already_refuses=self.shutdown_requested.is_set())

    async def close(self) -> None:
        """Refuse new connections and close all open ones."""
        await self.stop_accepting()
        await self._delayed.close()
        for listener in self._listeners:
            await listener.close()

    def _assign(self, engine: Engine, new_sockets: list[socket.socket], dashboard: Dashboard | None) -> None:
        """Make the listeners, and new ones on `new_sockets`, serve the engine."""
        for index in range(len(self._listeners) + len(new_sockets)):
            server = FlinkServer(
                engine,
                observer=self._observer,
                on_shut_down=partial(self._shut_down, engine),
                dashboard=dashboard,
                jobmanager=index,
                delayed=self._delayed,
                control=self._control,
            )
            if index < len(self._listeners):
                self._listeners[index].set_server(server)
            else:
                self._listeners.append(
                    _Listener(server, new_sockets.pop(0), self._shutdown_timeout, self._loop, self._context)
                )
        if self._control is not None:
            self._control.urls = self.urls

    def _shut_down(self, engine: Engine) -> None:
        if engine is not self._engine:  # a request that began before `replace` has ended
            return
        for listener in self._listeners:
            listener.refuse()
        self.shutdown_requested.set()
        if self._on_shut_down is not None:
            self._on_shut_down()


class _Listener:
    """Serves one JobManager on a socket."""

    def __init__(
        self,
        server: FlinkServer,
        listening_socket: socket.socket,
        shutdown_timeout: float,
        loop: asyncio.AbstractEventLoop,
        context: ssl.SSLContext | None,
    ) -> None:
        self.origin = url_of(listening_socket, "https" if context is not None else "http")
        self._context = context
        self.host: str
        self.port: int
        self.host, self.port = listening_socket.getsockname()[:2]
        self._socket = listening_socket
        self._shutdown_timeout = shutdown_timeout
        self._acceptor: asyncio.Server | TlsAcceptor | None = None
        """Accepts connections; None before the start, and after `refuse`."""
        self._tls_acceptor: TlsAcceptor | None = None
        self._loop = loop  # because another thread may replace the engine
        self._aiohttp_server: web.Server | None = None
        self._connection_factory = ConnectionFactory(
            server, self._create_aiohttp_protocol, self._aiohttp_connection_count
        )

    @property
    def url(self) -> str:
        """The URL of the JobManager for clients, including the base path of the ingress."""
        return self.origin + self._connection_factory.server.engine.ingress.base_path

    def set_server(self, server: FlinkServer) -> None:
        """Pass new requests to a server. A request that has begun stays with the previous server."""
        self._connection_factory.set_server(server)

    def _create_aiohttp_protocol(self) -> asyncio.Protocol:
        """Return the protocol for a connection that aiohttp takes over."""
        if self._aiohttp_server is None:
            from flinkmock.server.aiohttp_server import create_http_server

            self._aiohttp_server = create_http_server(lambda: self._connection_factory.server, self._loop)
        return self._aiohttp_server()

    def _aiohttp_connection_count(self) -> int:
        """Return the number of open connections that aiohttp has taken over."""
        return len(self._aiohttp_server.connections) if self._aiohttp_server is not None else 0

    async def start(self) -> None:
        if self._context is not None:
            from flinkmock.server.tls_acceptor import TlsAcceptor

            self._tls_acceptor = TlsAcceptor(self._socket, self._context, self._connection_factory, self.origin)
            self._acceptor = self._tls_acceptor
            return
        self._acceptor = await asyncio.get_running_loop().create_server(self._connection_factory, sock=self._socket)

    async def stop_accepting(self, *, already_refuses: bool) -> None:
        """Refuse new connections, unless they are refused already; close open ones without a running request."""
        if not already_refuses and self._acceptor is not None:
            # When a server is closed, asyncio (up to 3.11) forgets a connection that it is accepting, which is then
            # neither served nor closed. Therefore stop accepting first, and let the protocol of such a connection be
            # created.
            with contextlib.suppress(NotImplementedError):
                asyncio.get_running_loop().remove_reader(self._socket)
            await asyncio.sleep(0)
            self.refuse()
        self._connection_factory.close()

    async def close(self) -> None:
        """Close all connections. One with a running request stays open until its response is sent or the timeout ends.

        Call `stop_accepting` first, which closes the connections without a running request.
        """
        await self._connection_factory.finish(self._shutdown_timeout)
        if self._aiohttp_server is not None:
            self._aiohttp_server.pre_shutdown()
            await self._aiohttp_server.shutdown(self._shutdown_timeout)
        if self._tls_acceptor is not None:
            self._tls_acceptor.abort()

    async def stop_and_close(self) -> None:
        """Refuse new connections and close all open ones."""
        await self.stop_accepting(already_refuses=False)
        await self.close()

    def refuse(self) -> None:
        """Refuse new connections."""
        acceptor, self._acceptor = self._acceptor, None
        if acceptor is not None:
            acceptor.close()
