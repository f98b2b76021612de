"""The clusters that the control API creates, each on a free port."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flinkmock.control.access import Access
from flinkmock.control.api import ControlApi
from flinkmock.control.rejection import RequestRejected
from flinkmock.errors import NotFound, PortTaken, did_you_mean
from flinkmock.monotonic import monotonic
from flinkmock.server.tls_options import enables_tls

if TYPE_CHECKING:
    from flinkmock.control.cluster_control import ClusterControl
    from flinkmock.engine import Engine
    from flinkmock.server.control_server import ControlServer
    from flinkmock.server.listener import Listeners
    from flinkmock.server.tls import Tls

MAX_CLUSTERS = 1_000
_BUSY_CHECK_INTERVAL_S = 1.0
"""The time between checks of a cluster that has a running request when its idle timeout expires."""
_SHUTDOWN_TIMEOUT_S = 1.0
"""How long a cluster waits for its running requests when it is deleted, in wall-clock seconds."""


@dataclass(slots=True)
class _HostedCluster:
    """A cluster that `POST /clusters` created; implements `HostedCluster` of `control/host.py`."""

    id: str
    control: ClusterControl
    idle_timeout: float | None
    server: ControlServer
    listeners: Listeners
    tls: Tls | None

    @property
    def urls(self) -> Sequence[str]:
        return self.listeners.urls

    @property
    def expires_at(self) -> float:
        """The time, by `monotonic`, at which the cluster is deleted unless it is used; infinity: never."""
        return float("inf") if self.idle_timeout is None else self.server.last_used_at + self.idle_timeout


class HostedClusters:
    """The clusters that were created and not deleted. They are used only within one event loop.

    Args:
        host: The address on which the clusters listen.
        access: The rules for access to their control APIs.
        ports: The ports that the clusters may use; None: any free port.
    """

    def __init__(self, host: str, access: Access, ports: range | None = None) -> None:
        self._host = host
        self._access = access
        self._ports = ports
        self._clusters: dict[str, _HostedCluster] = {}
        self._created_count = 0
        self._closing_tasks: set[asyncio.Task[None]] = set()
        self._idle_timer: asyncio.TimerHandle | None = None

    async def create(self, control: ClusterControl, idle_timeout: float | None) -> _HostedCluster:
        """Serve a cluster on a free port.

        Args:
            control: The cluster.
            idle_timeout: The wall-clock seconds without a request after which the cluster is deleted; None: never.

        Raises:
            RequestRejected: There are too many clusters, or too few of `ports` are free.
            FlinkMockError: The scenario is invalid, or the machine can't listen on `host`.
        """
        from flinkmock.server.control_server import ControlServer
        from flinkmock.server.listener import Listeners

        if len(self._clusters) >= MAX_CLUSTERS:
            raise RequestRejected(409, "TooManyClusters", f"There are {MAX_CLUSTERS} clusters. Delete one first.")
        engine = control.open_engine()
        try:
            tls = _tls_of(engine, self._host)
            sockets = self._bind(len(engine.cluster.leadership.jobmanagers))
        except BaseException:
            control.close_engine()
            raise
        self._created_count += 1
        server = ControlServer(ControlApi(control, self._access), self)
        cluster_id = f"c{self._created_count}"
        listeners = Listeners(
            engine,
            sockets,
            control=server,
            shutdown_timeout=_SHUTDOWN_TIMEOUT_S,
            on_shut_down=lambda: self._delete(cluster_id),
            context=tls.server_context if tls is not None else None,
        )
        control.serve_new_engine = listeners.replace
        cluster = _HostedCluster(cluster_id, control, idle_timeout, server, listeners, tls)
        self._clusters[cluster_id] = cluster
        await listeners.start()
        self._set_idle_timer(cluster.expires_at)
        return cluster

    def _bind(self, count: int) -> list[socket.socket]:
        """Return `count` listening sockets. Raises RequestRejected, FlinkMockError."""
        from flinkmock.server.listener import bind, bind_each, ports_of

        if self._ports is None:
            return bind_each(self._host, ports_of(0, count))
        sockets: list[socket.socket] = []
        for port in self._ports:
            if len(sockets) == count:
                break
            with contextlib.suppress(PortTaken):
                sockets.append(bind(self._host, port))
        if len(sockets) < count:
            for listening_socket in sockets:
                listening_socket.close()
            first, last = self._ports[0], self._ports[-1]
            raise RequestRejected(
                409, "TooManyClusters", f"The ports {first} to {last} are taken. Delete a cluster first."
            )
        return sockets

    async def delete(self, cluster_id: str) -> None:
        """Delete a cluster. When this returns, clients can no longer connect. Raises NotFound."""
        self.get(cluster_id)
        await self._clusters[cluster_id].listeners.stop_accepting()
        self._delete(cluster_id)

    async def close_all(self) -> None:
        """Delete all clusters, and wait until their connections are closed."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        for cluster_id in list(self._clusters):
            await self.delete(cluster_id)
        await asyncio.gather(*self._closing_tasks)

    def get(self, cluster_id: str) -> _HostedCluster:
        """Return a cluster by its id. Raises NotFound."""
        if cluster_id not in self._clusters:
            hint = did_you_mean(cluster_id, list(self._clusters)[:20])
            raise NotFound(f'There is no cluster "{cluster_id}". It may have been deleted.{hint}')
        return self._clusters[cluster_id]

    def __iter__(self) -> Iterator[_HostedCluster]:
        return iter(list(self._clusters.values()))

    def __len__(self) -> int:
        return len(self._clusters)

    def _delete(self, cluster_id: str) -> None:
        """Remove a cluster, and close it in a task: it may itself have received the request that deletes it."""
        cluster = self._clusters.pop(cluster_id, None)
        if cluster is not None:
            task = asyncio.get_running_loop().create_task(_close_cluster(cluster))
            self._closing_tasks.add(task)
            task.add_done_callback(self._closing_tasks.discard)

    def _set_idle_timer(self, at: float) -> None:
        """Schedule a check for idle clusters at a time by `monotonic`, unless an earlier check is scheduled."""
        if at == float("inf"):
            return
        loop = asyncio.get_running_loop()
        loop_time = loop.time() + max(at - monotonic(), 0)
        timer = self._idle_timer
        if timer is not None and not timer.cancelled() and timer.when() <= loop_time:
            return
        if timer is not None:
            timer.cancel()
        self._idle_timer = loop.call_at(loop_time, self._delete_idle_clusters)

    def _delete_idle_clusters(self) -> None:
        self._idle_timer = None
        now = monotonic()
        for cluster in self:
            if cluster.expires_at <= now and not cluster.server.is_busy:
                self._delete(cluster.id)
        check_times = [
            cluster.expires_at if cluster.expires_at > now else now + _BUSY_CHECK_INTERVAL_S for cluster in self
        ]
        self._set_idle_timer(min(check_times, default=float("inf")))


async def _close_cluster(cluster: _HostedCluster) -> None:
    await cluster.listeners.close()
    cluster.control.close_engine()
    if cluster.tls is not None:
        cluster.tls.close()


def _tls_of(engine: Engine, host: str) -> Tls | None:
    """Return the certificates if Flink's options enable TLS; None if they don't. Raises FlinkMockError."""
    if not enables_tls(engine):
        return None
    from flinkmock.server.tls import tls_of

    return tls_of(engine, host, None)
