"""A listening socket, and the application behind it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from flinkmock.errors import FlinkMockError, InvalidArgument, PortTaken
from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.server.app import Observer, create_app
from flinkmock.server.dashboard import Dashboard
from flinkmock.server.delayed_responses import DelayedResponses
from flinkmock.server.first_request import FirstRequestProtocolFactory

if TYPE_CHECKING:
    from flinkmock.engine import Engine

_MAX_LINE = 64 * 1024
"""Bytes of a request line or header that aiohttp reads: more than Netty, so that we give Netty's answer."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; `port` 0 takes a free one.

    Raises:
        PortTaken: somebody else listens there.
        InvalidArgument: the port is not between 0 and 65535.
        FlinkMockError: there is no such address here.
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
    """`count` listening sockets, of which some are `bound` already: the first at `port`, the others at the ports that
    follow it (0: all at free ones). Raises as `bind`, and then leaves none of them open."""
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
    """Serve an engine inside a running event loop: each of its JobManagers on a socket. `patience` (seconds, more than
    0) is how long requests under way are waited for when they close."""

    def __init__(
        self,
        engine: Engine,
        listening: Sequence[socket.socket],
        *,
        observer: Observer | None = None,
        dashboard: Dashboard | None = None,
        patience: float = 0.001,
    ) -> None:
        self.urls = tuple(map(url_of, listening))
        self.gone = asyncio.Event()
        """Set when a client has shut the cluster down."""
        create = partial(
            create_app,
            engine,
            observer=observer,
            on_shut_down=self._shut_down,
            dashboard=dashboard,
            holding=DelayedResponses(engine),
        )
        behaviour = ReleaseQuirks.of(engine.contract.release)
        self._all = [
            _Listener(create(jobmanager=number), each, behaviour, patience) for number, each in enumerate(listening)
        ]

    async def start(self) -> None:
        for listener in self._all:
            await listener.start()

    async def close(self) -> None:
        """Ends all connections."""
        for listener in self._all:
            await listener.close(gone=self.gone.is_set())

    def _shut_down(self) -> None:
        for listener in self._all:
            listener.refuse()
        self.gone.set()


class _Listener:
    """Serves an application on a socket."""

    def __init__(
        self, app: web.Application, listening: socket.socket, behaviour: ReleaseQuirks, patience: float
    ) -> None:
        self._socket = listening
        self._behaviour = behaviour
        self._runner = web.AppRunner(
            app,
            access_log=None,
            auto_decompress=False,  # Flink does not look at Content-Encoding
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_LINE,
            shutdown_timeout=patience,  # to aiohttp, 0 is for ever
        )

    async def start(self) -> None:
        await self._runner.setup()
        assert self._runner.server is not None
        self._doors = FirstRequestProtocolFactory(self._runner.server, self._behaviour)
        self._server = await asyncio.get_running_loop().create_server(self._doors, sock=self._socket)

    async def close(self, *, gone: bool) -> None:
        """Ends all connections. `gone`: none are accepted any more."""
        if not gone:
            # asyncio (up to 3.11) forgets a connection whose acceptance it has begun when its server is closed: it
            # would neither be served nor closed. So stop accepting first, and let what was begun come to its door.
            with contextlib.suppress(NotImplementedError):
                asyncio.get_running_loop().remove_reader(self._socket)
            await asyncio.sleep(0)
            self._server.close()
        self._doors.close()
        await self._runner.cleanup()

    def refuse(self) -> None:
        """From here on connections are refused."""
        self._server.close()
