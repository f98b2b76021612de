"""Ended jobs, which the JobManager keeps for a time (FileExecutionGraphInfoStore, FileArchivedApplicationStore)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from flinkmock import limits

if TYPE_CHECKING:
    from flinkmock.cluster.applications import Application
    from flinkmock.cluster.job import Job


KEPT_AFTER_FORGETTING_MS = 60_000
"""How long a forgotten job is still needed, in ms, because a response can be as old as `serve-stale` allows."""


class JobStore:
    """Decides when ended jobs and applications are forgotten.

    Args:
        expiration_ms: How long an ended job is kept (`jobstore.expiration-time`).
        capacity: How many ended jobs are kept (`jobstore.max-capacity`).
    """

    def __init__(self, expiration_ms: int, capacity: int) -> None:
        self._expiration_ms = expiration_ms
        self._capacity = capacity
        self._ended_jobs: deque[Job] = deque()
        """The ended jobs that are kept, in the order of their ends."""
        self._forgotten_jobs: deque[Job] = deque()
        """The jobs that the JobManager has forgotten, in the order in which it forgot them."""

    def add(self, job: Job, at: int) -> None:
        """Keep a job that ended at `at` (epoch ms); forget expired jobs, and the oldest one if there are too many."""
        job.expires_at = at + self._expiration_ms
        self._ended_jobs.append(job)
        while self._ended_jobs and (self._ended_jobs[0].expires_at or 0) <= at:
            self._forgotten_jobs.append(self._ended_jobs.popleft())
        while len(self._ended_jobs) > self._capacity:
            oldest = self._ended_jobs.popleft()
            oldest.expires_at = at
            self._forgotten_jobs.append(oldest)

    def pop_surplus(self, at: int) -> list[Job]:
        """Remove and return the oldest forgotten jobs, if there are more than `limits.FORGOTTEN_JOBS`.

        Jobs that are still needed at `at` (epoch ms) remain.
        """
        surplus: list[Job] = []
        while len(self._forgotten_jobs) > limits.FORGOTTEN_JOBS:
            if (self._forgotten_jobs[0].expires_at or 0) + KEPT_AFTER_FORGETTING_MS > at:
                break
            surplus.append(self._forgotten_jobs.popleft())
        return surplus

    def clear(self) -> None:
        """Forget all jobs, as a new leader does."""
        self._ended_jobs.clear()
        self._forgotten_jobs.clear()

    def is_kept(self, application: Application, time: int) -> bool:
        """Return whether an application is known at `time` (epoch ms).

        An application is known while one of its jobs is known. An application without jobs expires like a job.
        """
        if application.jobs:
            return any(job.is_known_at(time) for job in application.jobs)
        ended_at = application.ended_at(time)
        return ended_at is None or time < ended_at + self._expiration_ms
