"""The TaskManagers and JobManagers of a cluster, as tests control them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flinkmock.control.cluster_part import ClusterPart
from flinkmock.errors import NotFound


@dataclass(frozen=True, slots=True)
class ClusterTaskManagers(ClusterPart):
    """The registered TaskManagers. Iteration yields their ids."""

    def __iter__(self) -> Iterator[str]:
        with self.engine.lock:
            now = self._run_due_events()
            return iter([taskmanager.id for taskmanager in self.engine.cluster.taskmanagers.registered_at(now)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def add(self) -> str:
        """Register one more TaskManager and return its id."""
        with self.engine.lock:
            return self.engine.cluster.taskmanagers.add(self._run_due_events()).id

    def lose(self, taskmanager_id: str | None = None) -> str:
        """Remove a TaskManager, as if its process had crashed.

        Args:
            taskmanager_id: The id of the TaskManager; None: the one that registered first.

        Returns:
            The id of the lost TaskManager.

        Raises:
            TaskManagerNotFound: No TaskManager has this id.
            NotFound: There is no TaskManager at all.
        """
        with self.engine.lock:
            now = self._run_due_events()
            registered_ids = list(self)
            if not registered_ids:
                raise NotFound("There is no TaskManager left to lose. Add one first.")
            lost_id = taskmanager_id or registered_ids[0]
            self.engine.cluster.taskmanagers.remove(lost_id, now)
            return lost_id


@dataclass(frozen=True, slots=True)
class ClusterJobManagers(ClusterPart):
    """The JobManagers, numbered in the order of their addresses in `FlinkMock.urls`."""

    def __len__(self) -> int:
        return len(self.engine.cluster.leadership.jobmanagers)

    @property
    def leader(self) -> int | None:
        """The number of the leader; None if there is none."""
        with self.engine.lock:
            self._run_due_events()
            leader = self.engine.cluster.leadership.leader
            return leader.number if leader else None

    def crash_leader(self, duration: str | timedelta = "5s") -> None:
        """Crash the leader; do nothing if there is none.

        What it keeps in memory is lost: trigger ids, ended jobs, and without high availability all jobs.

        Args:
            duration: The time after which the next JobManager becomes the leader and the crashed one is back: text
                such as "5s", or a timedelta.

        Raises:
            InvalidArgument: The duration is invalid.
        """
        from flinkmock.units import duration_argument

        with self.engine.lock:
            now = self._run_due_events()
            self.engine.cluster.leadership.crash_leader(duration_argument(duration), now)
