"""A live cluster, as far as the faults in front of it have to know it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import aiohttp

from flinkmock.cluster.clock import Clock
from flinkmock.errors import FaultRequiresFakeCluster
from flinkmock.faults import Fault, Faults
from flinkmock.named_random import NamedRandom
from flinkmock.proxy.response_history import ResponseHistory

LOOK_MS = 500
"""So old may be what is known of the jobs when a fault asks for a job's name or state."""
_KEYS = "Authorization", "Cookie"
_STRIKES_ON_THE_WAY = frozenset({"name", "trigger", "delay", "reply", "throttle", "drop", "corrupt", "serve_stale"})
"""What a fault may say here. Anything else befalls the cluster itself."""


@dataclass(frozen=True, slots=True)
class _Job:
    id: str
    name: str
    state: str


class UpstreamCluster:
    """The live cluster at `url`, a `Fronted`. Its time is the wall's, and `during` counts from when this was made.

    Raises FaultRequiresFakeCluster, naming all faults that can't strike here.
    """

    def __init__(self, url: str, faults: Iterable[Fault] = (), seed: int = 0) -> None:
        faults = tuple(faults)
        if told := [f"{fault.name}: {word}" for fault in faults for word in _befalls_the_cluster(fault)]:
            raise FaultRequiresFakeCluster(f"Only flinkmock's own cluster can suffer {', '.join(told)}.")
        self.faults = Faults(NamedRandom(seed))
        self.faults.add(*faults)
        self.past = ResponseHistory(faults)
        self.clock = Clock("real", lambda: time.time_ns() // 1_000_000)
        self.lock = threading.RLock()
        self.started_at = self.clock.now()
        self._jobs_matter = any(fault.trigger.job or fault.trigger.job_state for fault in faults)
        self._jobs: list[_Job] = []
        self._looked_at: int | None = None
        self._looking = asyncio.Lock()
        self._overview = f"{url}/jobs/overview"

    async def look(self, client: aiohttp.ClientSession, headers: Mapping[str, str]) -> None:
        """Asks the cluster for its jobs if a fault is about one and what is known is too old. A cluster that does not
        answer has none. `headers`: of the request on whose behalf it is asked, which may hold the key to it."""
        if not self._jobs_matter:
            return
        async with self._looking:
            now = self.clock.now()
            if self._looked_at is not None and now - self._looked_at < LOOK_MS:
                return
            try:
                keys = {name: headers[name] for name in _KEYS if name in headers}
                async with client.get(self._overview, headers={"Accept": "application/json", **keys}) as answer:
                    self._jobs = _jobs(json.loads(await answer.read()))
            except (aiohttp.ClientError, ValueError):
                self._jobs = []
            self._looked_at = self.clock.now()

    def arrive(self) -> int:
        return self.clock.now()

    def advance(self, length: int | str) -> int:
        return self.clock.advance(length)

    def job_name(self, job_id: str | None) -> str | None:
        wanted = (job_id or "").lower()
        return next((job.name for job in self._jobs if job.id == wanted), None)

    def state_of(self, name: str) -> str | None:
        return next((job.state for job in self._jobs if job.name == name), None)


def _befalls_the_cluster(fault: Fault) -> list[str]:
    """What the fault says that can't be done on the way, in the scenario's words."""
    return [
        each.name.replace("_", "-")
        for each in fields(fault)
        if each.name not in _STRIKES_ON_THE_WAY and getattr(fault, each.name) != each.default
    ]


def _jobs(overview: Any) -> list[_Job]:
    """The newest first. Raises ValueError."""
    try:
        rows = sorted(overview["jobs"], key=lambda row: -int(row["start-time"]))
        return [_Job(row["jid"], row["name"], row["state"]) for row in rows]
    except (LookupError, TypeError) as error:
        raise ValueError("no overview of jobs") from error
