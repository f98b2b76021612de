"""The interface through which faults access a cluster."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from flinkmock.cluster.clock import Clock
from flinkmock.faults import Faults


class FaultTarget(Protocol):
    """An `Engine`, or the live cluster behind a proxy. `lock` guards everything except `faults`."""

    faults: Faults
    clock: Clock

    @property
    def lock(self) -> AbstractContextManager[Any]: ...

    @property
    def started_at(self) -> int:
        """The cluster time from which the `during` of faults counts, in epoch ms."""

    def advance_for_request(self) -> int:
        """Advance the clock as a request does; return the cluster time in epoch ms."""

    def advance_to(self, cluster_time: int) -> None:
        """Advance a clock in step mode to a cluster time (epoch ms) at which a delayed response is due."""

    def job_name(self, job_id: str | None) -> str | None:
        """Return the name of the job with an id, given as the client sent it; None if there is no such job."""

    def state_of_job(self, name: str) -> str | None:
        """Return the state of the newest job with a name; None if there is none."""
