"""Watches one cluster: which questions are asked, how often, and when no more. None of them changes anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import quote

from flinkmock.cluster.states import TERMINAL_JOB_STATES
from flinkmock.conformance.recording.observations import JobNotes, Notes, rows
from flinkmock.errors import ServerUnreachable
from flinkmock.flink.metrics import OWN

LISTED_EVERY = 10
"""Looks between two lists of metrics: they are long, and Flink itself fetches them each 10 s only."""
CACHED_LOOKS = 5
"""Flink's details of a job come from a cache of 3 s (web.refresh-interval): at the end that has to pass."""
METRICS_AT_MOST = 40
"""So many metrics of a vertex are followed, of all its subtasks together."""


class Source(Protocol):
    def json(self, target: str) -> Any:
        """The body of a good answer, {} if there is none."""


class Poller:
    """Fills `notes` from `source`. `wait(ms)` lets time pass between two looks.

    Who can't be reached at the start is complained of (Unreachable); a cluster that goes away later may come back.
    """

    def __init__(self, source: Source, notes: Notes, wait: Callable[[int], None]) -> None:
        self._source = source
        self._notes = notes
        self._wait = wait
        self._followed: dict[str, list[str]] = {}
        """/jobs/:jobid/vertices/:vertexid -> the metrics asked for."""

    def watch(self, length_ms: int, every_ms: int) -> None:
        """Looks at everything every `every_ms`, at least once. A KeyboardInterrupt ends it early, and well."""
        with suppress(KeyboardInterrupt):
            self._look_at_machines()
            for look in range(max(1, length_ms // every_ms)):
                if look:
                    self._wait(every_ms)
                with suppress(ServerUnreachable):
                    self._look(listing=look % LISTED_EVERY == 0)
        with suppress(ServerUnreachable):
            self._finish()

    def _ask(self, target: str) -> Any:
        body = self._source.json(target)
        self._notes.note(target, body)
        return body

    def _look(self, *, listing: bool) -> None:
        self._ask("/jobs/overview")
        for job_id, job in self._notes.jobs.items():
            if job.details.get("state") in TERMINAL_JOB_STATES:
                continue  # nothing becomes of it any more
            base = f"/jobs/{job_id}"
            self._ask(base)
            self._ask(f"{base}/exceptions")
            self._ask(f"{base}/checkpoints")
            if not job.config:  # which stays as it is
                self._ask(f"{base}/config")
                self._ask(f"{base}/checkpoints/config")
            if job.details.get("state") == "RUNNING":
                self._look_at_metrics(base, job, listing)

    def _look_at_machines(self) -> None:
        for target in ("/overview", "/taskmanagers", "/jobmanager/config"):
            self._ask(target)

    def _look_at_metrics(self, base: str, job: JobNotes, listing: bool) -> None:
        since_1_13 = self._notes.version and not self._notes.version.startswith("1.12")
        for place in [base, *(f"{base}/vertices/{vertex['id']}" for vertex in job.details["vertices"])]:
            if listing:
                listed = self._source.json(f"{place}/metrics")
                names = [metric["id"] for metric in listed if "id" in metric] if isinstance(listed, list) else []
                self._followed[place] = users_own(names, in_subtasks=place != base)
            if followed := self._followed.get(place):
                self._ask(f"{place}/metrics?get={','.join(map(quote, followed))}")
            if place != base:
                self._ask(f"{place}/watermarks")
                if since_1_13:  # before, asking sets off a sampling of stack traces
                    self._ask(f"{place}/backpressure")

    def _finish(self) -> None:
        """How everything stands at the end, and what of the vertices is asked for only now."""
        for look in range(CACHED_LOOKS):
            if look:
                self._wait(1000)
            self._look(listing=False)
            if all(job.state == job.details.get("state", job.state) for job in self._notes.jobs.values()):
                break
        self._look_at_machines()
        for job_id, job in self._notes.jobs.items():
            base = f"/jobs/{job_id}"
            for vertex in rows(job.details, "vertices"):
                self._ask(f"{base}/vertices/{vertex['id']}")
                self._ask(f"{base}/vertices/{vertex['id']}/accumulators")


def users_own(names: Iterable[str], *, in_subtasks: bool) -> list[str]:
    """Those metrics that are not Flink's but a program's or a connector's; the fake has Flink's own anyway."""
    found = []
    for name in names:
        rest = name.partition(".")[2] if in_subtasks else name
        if rest and rest.rpartition(".")[2] not in OWN and ".watermark." not in rest:
            found.append(name)
    return sorted(found)[:METRICS_AT_MOST]
