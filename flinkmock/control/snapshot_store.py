"""The snapshots that clients of the control API have taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flinkmock.control.rejection import RequestRejected
from flinkmock.errors import NotFound

if TYPE_CHECKING:
    from flinkmock.control.cluster_control import ClusterControl
    from flinkmock.engine import Engine
    from flinkmock.engine_snapshot import Snapshot

MAX_SNAPSHOTS = 100


@dataclass(slots=True)
class SnapshotStore:
    """The snapshots of one cluster by id. They are removed when the cluster is reset or gets another scenario."""

    control: ClusterControl
    _engine: Engine | None = None
    """The engine of which the snapshots were taken; a reset or another scenario replaces it."""
    _snapshots: dict[str, Snapshot] = field(default_factory=dict)
    _taken_count: int = 0
    """How many snapshots were ever taken, for the ids."""

    def take(self) -> tuple[str, Snapshot]:
        """Take a snapshot; return its id and the snapshot. Raises RequestRejected if there are too many."""
        self._remove_snapshots_of_replaced_engine()
        if len(self._snapshots) >= MAX_SNAPSHOTS:
            raise RequestRejected(
                409, "TooManySnapshots", f"There are {MAX_SNAPSHOTS} snapshots. Delete one with DELETE snapshots/ID."
            )
        self._taken_count += 1
        snapshot_id = f"s{self._taken_count}"
        self._snapshots[snapshot_id] = self.control.snapshot()
        return snapshot_id, self._snapshots[snapshot_id]

    def get(self, snapshot_id: str) -> Snapshot:
        """Return a snapshot by its id. Raises NotFound."""
        self._remove_snapshots_of_replaced_engine()
        if snapshot_id not in self._snapshots:
            existing = ", ".join(self._snapshots) or "none"
            raise NotFound(
                f'There is no snapshot "{snapshot_id}". Snapshots: {existing}. A reset and a new scenario remove them.'
            )
        return self._snapshots[snapshot_id]

    def remove(self, snapshot_id: str) -> None:
        """Remove a snapshot. Raises NotFound."""
        self.get(snapshot_id)
        del self._snapshots[snapshot_id]

    def __iter__(self) -> Iterator[tuple[str, Snapshot]]:
        """Yield each snapshot with its id, oldest first."""
        self._remove_snapshots_of_replaced_engine()
        return iter(list(self._snapshots.items()))

    def _remove_snapshots_of_replaced_engine(self) -> None:
        if self._engine is not self.control.engine:
            self._engine = self.control.engine
            self._snapshots.clear()
