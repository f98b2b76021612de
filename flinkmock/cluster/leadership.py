"""The JobManagers of a cluster: which one leads, and what is lost when the leader crashes.

Each JobManager serves requests on behalf of the leader (since Flink 1.5). Uploaded jars, and results of async
operations that no Dispatcher caches, are known only to the JobManager that received them. Jobs belong to the leader.
When the leader crashes, the next one recovers the jobs from their latest checkpoints if the cluster is highly
available; otherwise they are lost. Jobs that had ended are always lost. Recorded with two JobManagers, ZooKeeper, and a
leader that was killed (2.3.0 and 1.12.5; tests/server/leader-change.json.gz).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flinkmock.cluster.caches import Caches
from flinkmock.cluster.event_queue import event_handler
from flinkmock.cluster.flat_lifecycle import FlatLifecycle
from flinkmock.cluster.job import Job
from flinkmock.cluster.job_attempt import AttemptOutcome
from flinkmock.cluster.spec import Step
from flinkmock.cluster.states import GLOBALLY_TERMINAL, JobState, TaskState
from flinkmock.named_random import UniformRange

if TYPE_CHECKING:
    from flinkmock.cluster.applications import Application
    from flinkmock.cluster.cluster import Cluster


@dataclass(slots=True)
class JobManager:
    """A JobManager process. `down` is True from its crash until the next leader is elected."""

    number: int
    caches: Caches
    down: bool = False


@dataclass(frozen=True, slots=True)
class LeadershipTerm:
    """The time from `since` to `until` (epoch ms; None: until now) in which one JobManager led, and its jobs."""

    leader: int
    since: int
    jobs: dict[str, Job]
    applications: dict[str, Application]
    until: int | None = None


class Leadership:
    """The JobManagers of a cluster, and its leader.

    Args:
        cluster: The cluster.
        count: The number of JobManagers.
        make_caches: Creates the caches of the JobManager with a number. It is called again at each leader change.
    """

    def __init__(self, cluster: Cluster, count: int, make_caches: Callable[[int], Caches]) -> None:
        self._cluster = cluster
        self._make_caches = make_caches
        self.jobmanagers = [JobManager(number, make_caches(number)) for number in range(count)]
        self.leader: JobManager | None = self.jobmanagers[0]
        self.leader_since = 0
        """When the leader was elected (epoch ms); 0 for the first one."""
        self.past_terms: list[LeadershipTerm] = []
        self._to_recover: list[Job] = []

    def crash_leader(self, duration: int | None, at: int, *, recovers: bool | None = None) -> None:
        """Crash the leader; do nothing if there is none.

        Args:
            duration: The time in ms after which the next leader is elected, and the crashed one is back; None: never.
            at: When the leader crashes, in epoch ms.
            recovers: Whether the next leader recovers the jobs; None: if high availability is configured.
        """
        leader, cluster = self.leader, self._cluster
        if leader is None:
            return
        self.leader, leader.down = None, True
        self.past_terms.append(LeadershipTerm(leader.number, self.leader_since, cluster.jobs, cluster.applications, at))
        for jobmanager in self.jobmanagers:
            jobmanager.caches = self._make_caches(jobmanager.number)
        cluster.event_queue.discard_leader_scoped()
        cluster.async_operations.drop_results_of(leader.number)
        cluster.savepoints.drop_pending()
        cluster.jobs_awaiting_slots.clear()
        for job in cluster.jobs.values():
            self._suspend(job, at)
        if cluster.configuration.is_highly_available if recovers is None else recovers:
            self._to_recover = [job for job in cluster.jobs.values() if job.state not in GLOBALLY_TERMINAL]
        cluster.jobs, cluster.applications = {}, {}
        cluster.job_store.clear()
        if duration is not None:
            cluster.event_queue.schedule(at + duration, "elect", leader.number)

    @event_handler(leader_scoped=False)
    def elect(self, crashed: int, at: int) -> None:
        """Make the JobManager after the crashed one the leader."""
        self.jobmanagers[crashed].down = False
        self.leader, self.leader_since = self.jobmanagers[(crashed + 1) % len(self.jobmanagers)], at
        to_recover, self._to_recover = self._to_recover, []
        for job in to_recover:
            self._cluster.state_machines.start(self._cluster.job_factory.recover(job, at), at)

    def term_at(self, time: int) -> LeadershipTerm | None:
        """Return the term at `time` (epoch ms), with the whole history of its jobs; None if there was no leader."""
        cluster = self._cluster
        if time >= self.leader_since and self.leader is not None:
            return LeadershipTerm(self.leader.number, self.leader_since, cluster.jobs, cluster.applications)
        return next((term for term in self.past_terms if term.since <= time < (term.until or 0)), None)

    def _suspend(self, job: Job, at: int) -> None:
        """Suspend a job whose JobMaster was lost, and end its tasks."""
        self._cluster.wait_conditions.remove(job.id)
        self._cluster.slots.release(at, job_id=job.id)
        if job.ended:
            return
        job.states.append((at, JobState.SUSPENDED))
        job.checkpoints.stop(at)
        if job.attempts:
            job.attempts[-1].end(AttemptOutcome(TaskState.CANCELED, at, at))
            job.attempts[-1].mark_settled(at)


def without_caches(leadership: Leadership) -> Leadership:
    """Return a copy whose JobManagers cache nothing."""
    uncached = copy.copy(leadership)
    uncached.jobmanagers = [
        JobManager(jobmanager.number, Caches(False, 0, 0, 0), jobmanager.down) for jobmanager in leadership.jobmanagers
    ]
    return uncached


def recovered_lifecycle(job: Job, original: FlatLifecycle) -> FlatLifecycle:
    """Return the lifecycle of a recovered job: its first states, then the rest from the RUNNING step that it was in.

    Args:
        job: The job at the time when its JobMaster was lost. If it was being cancelled or failing, it runs again,
            because the new leader does not know that.
        original: The lifecycle with which it was submitted.
    """
    index = job.lifecycle.next_running_index(job.step_index)
    remaining = job.lifecycle.remaining(index) if index is not None else None
    if remaining is None and (first := original.next_running_index(0)) is not None:
        remaining = original.remaining(first)
    if remaining is None:
        return original
    prefix = []
    for step in original.steps:
        if step.state not in (JobState.INITIALIZING, JobState.CREATED):
            break
        # the recovered job does not wait again for polls and signals that the first start waited for
        bounded = isinstance(step.duration, UniformRange) and not step.duration.unbounded
        prefix.append(step if bounded else Step(step.state))
    return remaining.after(prefix)
