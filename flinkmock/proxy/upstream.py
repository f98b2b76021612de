"""The live cluster behind a proxy, as a target of faults."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from flinkmock.cluster.clock import Clock
from flinkmock.errors import FaultRequiresFakeCluster
from flinkmock.faults import Fault, Faults
from flinkmock.named_random import NamedRandom
from flinkmock.proxy.response_history import ResponseHistory

MAX_JOB_LIST_AGE_MS = 500
"""The maximum age, in ms, of the list of jobs when a fault needs the name or the state of a job."""
_EFFECTS_ON_CLUSTER = "leader_failover", "kill_taskmanager"
"""Fields of a fault that change the cluster itself."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A job in the list of jobs."""

    id: str
    name: str
    state: str


class UpstreamCluster:
    """A live cluster, as the FaultTarget of a proxy.

    It follows the wall clock. The `during` of faults counts from the creation of this object.

    Args:
        url: The URL of the cluster.
        faults: The faults that the proxy applies.
        seed: The seed of the faults' random draws.

    Raises:
        FaultRequiresFakeCluster: Some of the faults change the cluster itself.
    """

    def __init__(self, url: str, faults: Iterable[Fault] = (), seed: int = 0) -> None:
        faults = tuple(faults)
        unsupported = [f"{fault.name}: {key}" for fault in faults for key in _unsupported_keys(fault)]
        if unsupported:
            raise FaultRequiresFakeCluster(f"Only a fake cluster supports {', '.join(unsupported)}.")
        self.faults = Faults(NamedRandom(seed))
        self.faults.add(*faults)
        self.history = ResponseHistory(faults)
        self.clock = Clock("real", lambda: time.time_ns() // 1_000_000)
        self.lock = threading.RLock()
        self.started_at = self.clock.now()
        self._needs_jobs = any(fault.trigger.job or fault.trigger.job_state for fault in faults)
        self._jobs: list[_Job] = []
        self._refreshed_at: int | None = None
        self._refresh_lock = asyncio.Lock()
        self._overview_url = f"{url}/jobs/overview"

    async def refresh_jobs(self, client: aiohttp.ClientSession, headers: Mapping[str, str]) -> None:
        """Refresh the list of jobs if a fault needs it and it is too old. Without a response, the list becomes empty.

        Args:
            client: The client that sends the request.
            headers: The headers of the request.
        """
        if not self._needs_jobs:
            return
        async with self._refresh_lock:
            now = self.clock.now()
            if self._refreshed_at is not None and now - self._refreshed_at < MAX_JOB_LIST_AGE_MS:
                return
            try:
                async with client.get(self._overview_url, headers=headers) as response:
                    self._jobs = _parse_jobs(json.loads(await response.read()))
            except (aiohttp.ClientError, ValueError):
                self._jobs = []
            self._refreshed_at = self.clock.now()

    def advance_for_request(self) -> int:
        return self.clock.now()

    def advance_to(self, cluster_time: int) -> None:
        """Do nothing: the clock is real."""

    def job_name(self, job_id: str | None) -> str | None:
        """Return the name of a job; None if it is unknown."""
        job_id = (job_id or "").lower()
        return next((job.name for job in self._jobs if job.id == job_id), None)

    def state_of_job(self, name: str) -> str | None:
        """Return the state of the newest job with a name; None if there is none."""
        return next((job.state for job in self._jobs if job.name == name), None)


def _unsupported_keys(fault: Fault) -> list[str]:
    """Return the scenario keys of a fault that a proxy can't apply."""
    return [name.replace("_", "-") for name in _EFFECTS_ON_CLUSTER if getattr(fault, name) is not None]


def _parse_jobs(overview: Any) -> list[_Job]:
    """Return the jobs of a response to `GET /jobs/overview`, the newest first. Raises ValueError for any other body."""
    try:
        entries = sorted(overview["jobs"], key=lambda entry: -int(entry["start-time"]))
        return [_Job(entry["jid"], entry["name"], entry["state"]) for entry in entries]
    except (LookupError, TypeError) as error:
        raise ValueError("not an overview of jobs") from error
