"""Ended jobs, which the JobManager keeps for a time (FileExecutionGraphInfoStore, FileArchivedApplicationStore)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flinkmock.cluster.applications import Application
    from flinkmock.cluster.job import Job


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
        """The ended jobs, in the order of their ends."""

    def add(self, job: Job, at: int) -> None:
        """Keep a job that ended at `at` (epoch ms); forget the oldest one if there are too many."""
        job.expires_at = at + self._expiration_ms
        self._ended_jobs.append(job)
        while self._ended_jobs and (self._ended_jobs[0].expires_at or 0) <= at:
            self._ended_jobs.popleft()
        while len(self._ended_jobs) > self._capacity:
            self._ended_jobs.popleft().expires_at = at

    def clear(self) -> None:
        """Forget all jobs, as a new leader does."""
        self._ended_jobs.clear()

    def is_kept(self, application: Application, time: int) -> bool:
        """Whether an application is known at `time` (epoch ms): one of its jobs is, or it has not expired."""
        if application.jobs:
            return any(job.is_known_at(time) for job in application.jobs)
        ended_at = application.ended_at(time)
        return ended_at is None or time < ended_at + self._expiration_ms
