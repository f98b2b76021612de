"""What a cluster is at a moment, kept so that it can be that again.

All that changes in a cluster hangs together (jobs, slots, agenda, results, waits), so it is kept as a whole: as bytes,
from which it is made anew each time. What never changes is shared between all of them.
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

_SHARED = frozenset((
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
"""Values that nobody changes, as the scenario, and the files of jars, which take care of themselves."""


@dataclass(frozen=True, slots=True)
class ClusterSnapshot:
    """The state of `cluster` as bytes, and the values in it that are shared, by their numbers there."""

    cluster: Cluster
    state: bytes
    shared: tuple[object, ...]

    @classmethod
    def of(cls, cluster: Cluster) -> ClusterSnapshot:
        """The files of its jars stay from now on, even if the jars are deleted."""
        cluster.jars.pin()
        file = io.BytesIO()
        writer = _Writer(file, cluster)
        writer.dump(vars(cluster))
        return cls(cluster, file.getvalue(), tuple(writer.shared))

    def restore(self) -> None:
        """Makes the cluster what it was; whoever has a job of it at hand, or another part, has what is no more."""
        jars = self.cluster.jars
        state = _Reader(io.BytesIO(self.state), self.shared).load()
        vars(self.cluster).update(state)  # at no moment without an attribute: the server reads some without the lock
        jars.give_way(self.cluster.jars)


class _Writer(pickle.Pickler):
    def __init__(self, file: io.BytesIO, cluster: Cluster) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.shared: list[object] = [cluster, cluster.spec]
        self._numbers = {id(cluster): 0, id(cluster.spec): 1}

    def persistent_id(self, value: Any) -> int | None:
        if type(value) not in _SHARED:
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
