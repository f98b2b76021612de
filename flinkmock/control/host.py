"""The interface of the server that the control API runs in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from flinkmock.control.cluster_control import ClusterControl

T = TypeVar("T")


class HostedCluster(Protocol):
    """A cluster that `POST /clusters` created."""

    id: str
    control: ClusterControl
    idle_timeout: float | None
    """Seconds of the wall clock without a request after which the cluster ends."""

    @property
    def urls(self) -> Sequence[str]:
        """One for each JobManager."""


class HostedClusters(Protocol):
    """The clusters that `POST /clusters` created and have not ended."""

    async def open(self, control: ClusterControl, idle_timeout: float | None) -> HostedCluster:
        """Serve a cluster at a free port. Raises TooManyClusters, FlinkMockError."""

    async def close(self, cluster_id: str) -> None:
        """End a cluster. Raises NotFound."""

    def get(self, cluster_id: str) -> HostedCluster:
        """Raises NotFound."""

    def __iter__(self) -> Iterator[HostedCluster]: ...

    def __len__(self) -> int: ...


class ControlHost(Protocol):
    """The server of one cluster."""

    @property
    def urls(self) -> Sequence[str]:
        """The addresses of the cluster, one for each JobManager."""

    @property
    def clusters(self) -> HostedClusters: ...

    def reachable(self, url: str) -> str:
        """Return the URL with a host that the client can use: that of the request if the server listens on all
        addresses."""

    async def wait_for(self, condition: Callable[[], T | None], timeout: float) -> T | None:
        """Return what `condition` returns, as soon as that is not None; None after `timeout` seconds of the wall
        clock."""

    async def pause(self) -> None:
        """Let other requests run."""
