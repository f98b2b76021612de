"""The state of a cluster at a certain time, to be restored later.

The mutable parts of a cluster refer to each other (jobs, slots, events, results, wait conditions). Therefore the state
is stored as a whole, as bytes, from which each restore creates new objects. Immutable values are not copied: the bytes
refer to them by number.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flinkmock.cluster.failures import Failure
from flinkmock.cluster.flat_lifecycle import FlatLifecycle
from flinkmock.cluster.graph import JobGraph, Vertex
from flinkmock.cluster.spec import JobSpec
from flinkmock.cluster.submission.jars import Jar, JarFiles
from flinkmock.flink.configuration import Configuration
from flinkmock.flink.java_exception import JavaException
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster

_SHARED_TYPES = frozenset((
    Configuration,
    Failure,
    Jar,
    JarFiles,
    JobGraph,
    JobSpec,
    Release,
    FlatLifecycle,
    NamedRandom,
    JavaException,
    Vertex,
))  # fmt: skip
"""The types that are not copied: immutable ones, and `JarFiles`, which keeps the files that a snapshot needs."""


@dataclass(frozen=True, slots=True)
class ClusterSnapshot:
    """The state of a cluster.

    Attributes:
        cluster: The cluster of which the snapshot was taken.
        state: The attributes of the cluster, pickled.
        shared: The values that `state` refers to, by their number.
    """

    cluster: Cluster
    state: bytes
    shared: tuple[object, ...]

    @classmethod
    def of(cls, cluster: Cluster) -> ClusterSnapshot:
        """Take a snapshot. The files of the cluster's jars are kept from now on, even if the jars are deleted."""
        cluster.jars.pin()
        file = io.BytesIO()
        writer = _Writer(file, cluster)
        writer.dump(vars(cluster))
        return cls(cluster, file.getvalue(), tuple(writer.shared))

    def restore(self) -> None:
        """Restore the cluster. Jobs and other parts that callers hold no longer belong to it."""
        jars = self.cluster.jars
        state = _Reader(io.BytesIO(self.state), self.shared).load()
        vars(self.cluster).update(state)  # updated in place, because the server reads some attributes without the lock
        jars.delete_files_not_in(self.cluster.jars)


class _Writer(pickle.Pickler):
    def __init__(self, file: io.BytesIO, cluster: Cluster) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.shared: list[object] = [cluster, cluster.spec]
        self._numbers = {id(cluster): 0, id(cluster.spec): 1}
        """`id()` of a shared value -> its index in `shared`."""

    def persistent_id(self, value: Any) -> int | None:
        """Return the number of a shared value; None for a value that is copied."""
        if type(value) not in _SHARED_TYPES:
            return self._numbers.get(id(value))
        number = self._numbers.setdefault(id(value), len(self.shared))
        if number == len(self.shared):
            self.shared.append(value)
        return number


class _Reader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, shared: tuple[object, ...]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, number: int) -> object:
        return self._shared[number]
