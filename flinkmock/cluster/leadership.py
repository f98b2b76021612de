"""The JobManagers of a cluster: which one is the leader, and what is lost when the leader crashes.

Each JobManager serves requests on behalf of the leader (since Flink 1.5). Uploaded jars, and results of async
operations that no Dispatcher caches, are known only to the JobManager that received them. Jobs belong to the leader.
When the leader crashes, the next one recovers the jobs from their latest checkpoints if the cluster is highly
available; otherwise they are lost. Jobs in a globally terminal state are always lost. Recorded with two JobManagers,
ZooKeeper, and a leader that was killed (2.3.0 and 1.12.5; tests/server/leader-change.json.gz).
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
    """A JobManager process.

    Attributes:
        number: The number of the JobManager, from 0.
        caches: Its caches.
        is_down: Whether it has crashed. It is back when the next leader is elected.
    """

    number: int
    caches: Caches
    is_down: bool = False


@dataclass(frozen=True, slots=True)
class LeadershipTerm:
    """The time in which one JobManager was the leader, and its jobs.

    Attributes:
        leader: The number of the JobManager.
        since: When it was elected, in epoch ms; 0 for the first leader.
        jobs: The jobs by id.
        applications: The applications by id.
        until: When it crashed, in epoch ms; None: it is still the leader.
    """

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
        make_caches: Returns new caches for the JobManager with this number. It is called again at each crash.
    """

    def __init__(self, cluster: Cluster, count: int, make_caches: Callable[[int], Caches]) -> None:
        self._cluster = cluster
        self._make_caches = make_caches
        self.jobmanagers = [JobManager(number, make_caches(number)) for number in range(count)]
        self.leader: JobManager | None = self.jobmanagers[0]
        self.leader_since = 0
        """When the leader was elected (epoch ms); 0 for the first one."""
        self.past_terms: list[LeadershipTerm] = []
        """The terms of crashed leaders, oldest first."""
        self._jobs_to_recover: list[Job] = []
        """The jobs of the crashed leader that the next one recovers."""

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
        self.leader, leader.is_down = None, True
        self.past_terms.append(LeadershipTerm(leader.number, self.leader_since, cluster.jobs, cluster.applications, at))
        for jobmanager in self.jobmanagers:
            jobmanager.caches = self._make_caches(jobmanager.number)
        cluster.event_queue.discard_leader_scoped()
        cluster.async_operations.drop_results_of(leader.number)
        cluster.savepoints.drop_pending()
        cluster.jobs_awaiting_slots.clear()
        for job in cluster.jobs.values():
            self._suspend(job, at)
        if recovers is None:
            recovers = cluster.configuration.is_highly_available
        if recovers:
            self._jobs_to_recover = [job for job in cluster.jobs.values() if job.state not in GLOBALLY_TERMINAL]
        cluster.jobs, cluster.applications = {}, {}
        cluster.job_store.clear()
        if duration is not None:
            cluster.event_queue.schedule(at + duration, "elect", leader.number)

    @event_handler(leader_scoped=False)
    def elect(self, crashed_number: int, at: int) -> None:
        """Elect the JobManager whose number follows that of the crashed one, and recover the jobs."""
        self.jobmanagers[crashed_number].is_down = False
        self.leader, self.leader_since = self.jobmanagers[(crashed_number + 1) % len(self.jobmanagers)], at
        jobs_to_recover, self._jobs_to_recover = self._jobs_to_recover, []
        for job in jobs_to_recover:
            self._cluster.state_machines.start(self._cluster.job_factory.recover(job, at), at)

    def term_at(self, time: int) -> LeadershipTerm | None:
        """Return the term at `time` (epoch ms), with the whole history of its jobs; None if there was no leader."""
        cluster = self._cluster
        if time >= self.leader_since and self.leader is not None:
            return LeadershipTerm(self.leader.number, self.leader_since, cluster.jobs, cluster.applications)
        return next(
            (term for term in self.past_terms if term.until is not None and term.since <= time < term.until), None
        )

    def _suspend(self, job: Job, at: int) -> None:
        """Suspend a job whose JobMaster was lost with the leader, and end its tasks."""
        self._cluster.wait_conditions.remove(job.id)
        self._cluster.slots.release(at, job_id=job.id)
        if job.has_ended:
            return
        job.states.enter(JobState.SUSPENDED, at)
        job.checkpoints.stop(at)
        if job.attempts:
            job.attempts[-1].end(AttemptOutcome(TaskState.CANCELED, at, at))
            job.attempts[-1].mark_settled(at)


def without_caches(leadership: Leadership) -> Leadership:
    """Return a copy whose JobManagers cache nothing."""
    disabled_caches = Caches(enabled=False, graph_ms=0, checkpoints_ms=0, metrics_ms=0)
    uncached = copy.copy(leadership)
    uncached.jobmanagers = [
        JobManager(jobmanager.number, disabled_caches, jobmanager.is_down) for jobmanager in leadership.jobmanagers
    ]
    return uncached


def recovered_lifecycle(job: Job, original: FlatLifecycle) -> FlatLifecycle:
    """Return the lifecycle of a recovered job: INITIALIZING and CREATED again, then the steps that remained.

    The job continues with the RUNNING step that it was in, or with the next one. If there is none, because it was being
    cancelled or failing, it continues with the first one: the new leader does not know of the cancellation or failure.

    Args:
        job: The job at the time when its JobMaster was lost.
        original: The lifecycle with which it was submitted.
    """
    running_index = job.lifecycle.next_running_index(job.step_index)
    first_running_index = original.next_running_index(0)
    if running_index is not None:
        remaining = job.lifecycle.remaining(running_index)
    elif first_running_index is not None:
        remaining = original.remaining(first_running_index)
    else:
        return original
    first_steps = []
    for step in original.steps:
        if step.state not in (JobState.INITIALIZING, JobState.CREATED):
            break
        # the recovered job does not wait again for the polls and signals that the job has waited for
        has_end = isinstance(step.duration, UniformRange) and not step.duration.is_unbounded
        first_steps.append(step if has_end else Step(step.state))
    return remaining.after(first_steps)
