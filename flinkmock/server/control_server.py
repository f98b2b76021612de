"""Serves the control API of a cluster."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from flinkmock import limits
from flinkmock.control.access import WILDCARD_ADDRESSES, Access, host_name
from flinkmock.control.api import PREFIX, ControlApi, ControlRequest
from flinkmock.control.operation import ControlResponse
from flinkmock.control.rejection import RequestRejected
from flinkmock.monotonic import monotonic
from flinkmock.rest.response import Response
from flinkmock.server.hosted_clusters import HostedClusters
from flinkmock.server.transports import url_of

if TYPE_CHECKING:
    from flinkmock.control.cluster_control import ClusterControl

T = TypeVar("T")
_CHECK_INTERVAL_S = 0.02
"""The longest time between two checks of a condition, by the wall clock. Each request causes a check, too."""
_SHUTDOWN_TIMEOUT_S = 0.1
"""How long a control API on a separate port waits for running requests when it is closed, in wall-clock seconds."""


class ControlServer:
    """Serves the control API of one cluster, on the port of its REST API or on a separate port.

    Args:
        api: The control API.
        clusters: The clusters that `POST /clusters` creates.
        on_rest_port: Whether the control API is served on the port of the REST API.

    Attributes:
        is_on_rest_port: The argument `on_rest_port`.
        urls: The URLs of the cluster, one for each JobManager.
        last_used_at: When the last request to the cluster or its control API ended, by `monotonic`. Before the first
            request: when this object was created.
    """

    def __init__(self, api: ControlApi, clusters: HostedClusters, *, on_rest_port: bool = True) -> None:
        self.api = api
        self.is_on_rest_port = on_rest_port
        self.clusters = clusters
        self.urls: Sequence[str] = ()
        self.last_used_at = monotonic()
        self._wakeups: set[asyncio.Event] = set()
        """The events that make running calls of `wait_for` check their conditions."""
        self._running_count = 0

    @property
    def is_busy(self) -> bool:
        """Whether a request to the cluster, or to its control API, is running."""
        return self._running_count > 0

    def handles(self, target: str) -> bool:
        """Return whether a request to the port of the REST API is for the control API or the console."""
        return self.is_on_rest_port and target.startswith(PREFIX) and target[len(PREFIX) :][:1] in ("", "/", "?")

    @contextlib.contextmanager
    def running_request(self) -> Iterator[None]:
        """Count a request to the cluster, or to its control API, as running within this context."""
        self._running_count += 1
        try:
            yield
        finally:
            self._running_count -= 1
            self.after_request()

    def after_request(self) -> None:
        """Make `wait_for` check its conditions after a request, which may have met them."""
        self.last_used_at = monotonic()
        for event in self._wakeups:
            event.set()

    async def respond(self, request: ControlRequest, has_disconnected: Callable[[], bool]) -> Response:
        """Respond to a request to the control API. `has_disconnected` returns whether the client has disconnected."""
        with self.running_request():
            return _as_rest_response(await self.api.respond(request, _Host(self, request, has_disconnected)))

    async def wait_for(
        self, condition: Callable[[], T | None], timeout: float, has_disconnected: Callable[[], bool]
    ) -> T | None:
        """Wait as `ControlHost.wait_for` does, but only until the client disconnects."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        event = asyncio.Event()
        self._wakeups.add(event)
        try:
            while (result := condition()) is None and (remaining_s := deadline - loop.time()) > 0:
                if has_disconnected():
                    return None
                event.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), min(remaining_s, _CHECK_INTERVAL_S))
            return result
        finally:
            self._wakeups.discard(event)


class _Host:
    """The `ControlHost` of one request."""

    __slots__ = ("_has_disconnected", "_host_name", "_server", "clusters", "urls")

    def __init__(self, server: ControlServer, request: ControlRequest, has_disconnected: Callable[[], bool]) -> None:
        self._host_name = host_name(request.headers.get("Host", "")) or "localhost"
        self.urls = tuple(map(self.reachable_url, server.urls or (request.base_url,)))
        self.clusters = server.clusters
        self._server = server
        self._has_disconnected = has_disconnected

    def reachable_url(self, url: str) -> str:
        """See `ControlHost.reachable_url`."""
        parts = urlsplit(url)
        if parts.hostname not in WILDCARD_ADDRESSES:
            return url
        name = f"[{self._host_name}]" if ":" in self._host_name else self._host_name
        return parts._replace(netloc=f"{name}:{parts.port}").geturl()

    async def wait_for(self, condition: Callable[[], T | None], timeout: float) -> T | None:
        return await self._server.wait_for(condition, timeout, self._has_disconnected)

    async def handle_other_requests(self) -> None:
        await asyncio.sleep(0)


def _as_rest_response(response: ControlResponse, *, closes_connection: bool = False) -> Response:
    return Response(
        response.status,
        response.body,
        response.content_type,
        has_cors_header=False,
        closes_connection=closes_connection,
        headers=response.headers,
    )


def body_too_large() -> Response:
    """Return the response to a request to the control API whose body is too large."""
    text = f"The body is larger than {limits.CONTROL_BODY:,} bytes."
    return _as_rest_response(RequestRejected(413, "BodyTooLarge", text).response, closes_connection=True)


@dataclass(frozen=True, slots=True)
class ControlOptions:
    """The options of the control API.

    Attributes:
        port: A separate port (0: a free one); None: the port of the first JobManager.
        token: The control token that clients have to send; None: they need no token.
        cluster_ports: The ports for the clusters that clients create; None: any free ports.
    """

    port: int | None = None
    token: str | None = None
    cluster_ports: range | None = None


def create_control_server(control: ClusterControl, host: str, options: ControlOptions | None = None) -> ControlServer:
    """Create the server of the control API for a cluster that listens on `host`."""
    options = options or ControlOptions()
    access = Access(host, options.token)
    clusters = HostedClusters(host, access, options.cluster_ports)
    return ControlServer(ControlApi(control, access), clusters, on_rest_port=options.port is None)


class ControlListener:
    """Serves only the control API, on a separate socket."""

    def __init__(self, server: ControlServer, listening_socket: socket.socket) -> None:
        self.url = url_of(listening_socket)
        self._server = server
        self._socket = listening_socket

    async def start(self) -> None:
        from flinkmock.server.aiohttp_server import create_control_http_server

        self._aiohttp_server = create_control_http_server(self._server)
        self._acceptor = await asyncio.get_running_loop().create_server(self._aiohttp_server, sock=self._socket)

    async def close(self) -> None:
        """Refuse new connections and close all open ones."""
        self._acceptor.close()
        self._aiohttp_server.pre_shutdown()
        await self._aiohttp_server.shutdown(_SHUTDOWN_TIMEOUT_S)
