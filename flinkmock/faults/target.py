"""The view that faults have of the cluster whose requests they apply to."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from flinkmock.cluster.clock import Clock
from flinkmock.faults import Faults


class FaultTarget(Protocol):
    """An `Engine`, or a live cluster as far as the proxy knows it. `lock` guards everything but `faults`."""

    faults: Faults
    clock: Clock

    @property
    def lock(self) -> AbstractContextManager[Any]: ...

    @property
    def started_at(self) -> int:
        """Cluster time from which a fault's `during` counts, epoch ms."""

    def arrive(self) -> int:
        """Move the clock as it moves for each request; return the cluster time, epoch ms."""

    def reach(self, moment: int) -> None:
        """Move a clock that moves per request to a moment (epoch ms) that has come on the wall clock."""

    def job_name(self, job_id: str | None) -> str | None:
        """The name of the job with that id, as a request wrote it; None: there is none."""

    def state_of(self, name: str) -> str | None:
        """The state of the newest job of that name; None: there is none."""
