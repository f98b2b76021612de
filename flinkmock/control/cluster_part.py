"""The base class of the parts of a `ClusterControl`: clock, jobs, faults and so on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flinkmock.control.cluster_control import ClusterControl
    from flinkmock.engine import Engine


@dataclass(frozen=True, slots=True)
class ClusterPart:
    """A part of one `ClusterControl`. It looks up the engine each time, because a new scenario replaces the engine."""

    control: ClusterControl

    @property
    def engine(self) -> Engine:
        """The engine of the cluster. Raises NotRunning."""
        return self.control.engine

    def _run_due_events(self) -> int:
        """Run the events that are due; return the cluster time in epoch ms. The caller holds the engine's lock."""
        now = self.engine.clock.now()
        self.engine.cluster.run_due_events(now)
        return now
