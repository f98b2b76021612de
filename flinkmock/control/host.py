"""The interface of the server in which the control API runs."""

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
    """The time without a request, in wall-clock seconds, after which the cluster is deleted; None: never."""

    @property
    def urls(self) -> Sequence[str]:
        """The URLs of the cluster, one for each JobManager."""


class HostedClusters(Protocol):
    """The clusters that `POST /clusters` created and that are not deleted."""

    async def create(self, control: ClusterControl, idle_timeout: float | None) -> HostedCluster:
        """Serve a cluster on a free port. Raises RequestRejected if there are too many clusters, and FlinkMockError."""

    async def delete(self, cluster_id: str) -> None:
        """Delete a cluster. Raises NotFound."""

    def get(self, cluster_id: str) -> HostedCluster:
        """Return a cluster by its id. Raises NotFound."""

    def __iter__(self) -> Iterator[HostedCluster]: ...

    def __len__(self) -> int: ...


class ControlHost(Protocol):
    """The server of a cluster, as an operation of the control API sees it during one request."""

    @property
    def urls(self) -> Sequence[str]:
        """The URLs of the cluster, one for each JobManager."""

    @property
    def clusters(self) -> HostedClusters: ...

    def reachable_url(self, url: str) -> str:
        """Return a URL of a cluster with a host that the client can reach.

        If the server listens on a wildcard address, the URL gets the host of the client's request.
        """

    async def wait_for(self, condition: Callable[[], T | None], timeout: float) -> T | None:
        """Wait until `condition` returns a value other than None, and return it.

        Returns:
            The value; None after `timeout` wall-clock seconds.
        """

    async def handle_other_requests(self) -> None:
        """Let the server handle other requests during a long operation."""
