"""What faults have to know of the cluster in front of which they strike."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from flinkmock.cluster.clock import Clock
from flinkmock.faults import Faults


class FaultTarget(Protocol):
    """An `Engine`, or a live cluster as far as the proxy knows it. `lock` guards what is not asked of `faults`."""

    faults: Faults
    clock: Clock

    @property
    def lock(self) -> AbstractContextManager[Any]: ...

    @property
    def started_at(self) -> int:
        """Epoch ms from which a fault's `during` counts."""

    def arrive(self) -> int:
        """A request has come; returns the cluster's time, epoch ms."""

    def advance(self, length: int | str) -> int:
        """Moves the clock on, by ms or a text; returns the cluster's time."""

    def job_name(self, job_id: str | None) -> str | None:
        """The name of the job of that id, as a request wrote it; None: there is none."""

    def state_of(self, name: str) -> str | None:
        """The state of the newest job of that name; None: there is none."""
