"""The faults of a cluster, as tests control them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flinkmock.control.cluster_part import ClusterPart

if TYPE_CHECKING:
    from flinkmock.faults import Fault


@dataclass(frozen=True, slots=True)
class ClusterFaults(ClusterPart):
    """The faults between clients and the cluster.

    If several faults could apply to a request, the first one does. Iteration yields `Fault` objects in this order.
    """

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.engine.faults)

    def __len__(self) -> int:
        return len(self.engine.faults)

    def add(self, *faults: Fault | Mapping[str, object], first: bool = False) -> list[Fault]:
        """Add faults, and return them as `Fault` objects.

        Args:
            faults: Mappings with the keys of a scenario's `faults`, such as
                `{"match": "POST /jobs/:jobid/savepoints", "times": 1, "delay": "5s"}`, or `Fault` objects.
            first: Whether they take precedence over the current faults.

        Raises:
            ScenarioError: A mapping is invalid; the message names the key.
        """
        from flinkmock.faults import Fault
        from flinkmock.scenario.load import load_faults

        mappings = [fault for fault in faults if not isinstance(fault, Fault)]
        loaded_faults = iter(load_faults({"faults": mappings}, self.engine.contract.release.minor).faults)
        added = [fault if isinstance(fault, Fault) else next(loaded_faults) for fault in faults]
        self.engine.faults.add(*added, first=first)
        return added

    def remove(self, name: str) -> None:
        """Remove the faults with this name. Raises NotFound, which lists the names."""
        self.engine.faults.remove(name)

    def clear(self) -> None:
        """Remove all faults."""
        self.engine.faults.clear()

    def hits(self, name: str) -> int:
        """Return the number of hits of all faults with this name. Raises NotFound.

        A fault without a name gets one that describes it, such as "GET /jobs: delay: 5s".
        """
        return self.engine.faults.hits(name)
