"""The JobManagers: which of them leads, and what is lost with one that falls.

Each answers for the leader (since Flink 1.5), and knows by itself what clients left with it: the jars that were
uploaded there, and the asynchronous operations whose results no Dispatcher keeps. Jobs are the leader's. When it falls
they are recovered by the next one from their latest checkpoints if the cluster is highly available, and otherwise gone;
what had ended is gone in any case. Recorded with two JobManagers, ZooKeeper, and a leader that was killed (2.3.0 and
1.12.5; tests/server/leader-change.json.gz).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flinkmock.cluster.caches import Caches
from flinkmock.cluster.flat_lifecycle import FlatLifecycle
from flinkmock.cluster.job import Job
from flinkmock.cluster.job_attempt import AttemptOutcome
from flinkmock.cluster.spec import Step
from flinkmock.cluster.states import GLOBALLY_TERMINAL
from flinkmock.named_random import UniformRange

if TYPE_CHECKING:
    from flinkmock.cluster.applications import Application
    from flinkmock.cluster.cluster import Cluster

OF_JOBS = frozenset({
    "step", "slots_missing", "note_failure", "snapshot_done", "snapshot_expired", "rescale", "give_back_slots",
    "retry_slots", "settle_for_less", "slots_never_came",
})  # fmt: skip
"""What is on the agenda for the sake of jobs, or of what was asked of them."""


@dataclass(slots=True)
class JobManager:
    """One process. `down`: it has fallen, and is not back yet."""

    number: int
    caches: Caches
    down: bool = False


@dataclass(frozen=True, slots=True)
class LeadershipTerm:
    """The time from `since` until `until` (epoch ms; None: still) in which one JobManager led, and its jobs."""

    leader: int
    since: int
    jobs: dict[str, Job]
    applications: dict[str, Application]
    until: int | None = None


class Leadership:
    """`make_caches` is called for each one, and again when what it knew is void."""

    def __init__(self, cluster: Cluster, count: int, make_caches: Callable[[], Caches]) -> None:
        self._cluster = cluster
        self._make_caches = make_caches
        self.jobmanagers = [JobManager(number, make_caches()) for number in range(count)]
        self.leader: JobManager | None = self.jobmanagers[0]
        self.leader_since = 0
        """When the leader began to lead (epoch ms); 0: before there was anything to tell of."""
        self.past_terms: list[LeadershipTerm] = []
        """The terms that are over."""
        self._to_recover: list[Job] = []

    def fail_leader(self, takes: int | None, at: int, *, recovers: bool | None = None) -> None:
        """The leader's process ends. The next one leads `takes` ms later (None: none ever does); by then the fallen one
        is back as well. Nothing happens while there is none. `recovers`: whether the next one takes the jobs up again;
        None: as high availability has it."""
        leader, cluster = self.leader, self._cluster
        if leader is None:
            return
        self.leader, leader.down = None, True
        self.past_terms.append(LeadershipTerm(leader.number, self.leader_since, cluster.jobs, cluster.applications, at))
        for jobmanager in self.jobmanagers:
            jobmanager.caches = self._make_caches()
        cluster.event_queue.discard(OF_JOBS)
        cluster.async_operations.drop_results_of(leader.number)
        cluster.savepoints.drop_pending()
        cluster.jobs_awaiting_slots.clear()
        for job in cluster.jobs.values():
            self._suspend(job, at)
        if cluster.configuration.highly_available if recovers is None else recovers:
            self._to_recover = [job for job in cluster.jobs.values() if job.state not in GLOBALLY_TERMINAL]
        cluster.jobs, cluster.applications = {}, {}
        if takes is not None:
            cluster.event_queue.schedule(at + takes, "elect", leader.number)

    def elect(self, fallen: int, at: int) -> None:
        """Agenda: the next JobManager after the fallen one leads."""
        self.jobmanagers[fallen].down = False
        self.leader, self.leader_since = self.jobmanagers[(fallen + 1) % len(self.jobmanagers)], at
        to_recover, self._to_recover = self._to_recover, []
        for job in to_recover:
            self._cluster.recover(job, at)

    def term_at(self, time: int) -> LeadershipTerm | None:
        """Who led at `time` (epoch ms), with the jobs as objects that know all of their past; None: nobody."""
        cluster = self._cluster
        if time >= self.leader_since and self.leader is not None:
            return LeadershipTerm(self.leader.number, self.leader_since, cluster.jobs, cluster.applications)
        return next((term for term in self.past_terms if term.since <= time < (term.until or 0)), None)

    def _suspend(self, job: Job, at: int) -> None:
        """Its tasks end, for their JobMaster is gone."""
        self._cluster.wait_conditions.remove(job.id)
        self._cluster.slots.release(at, job_id=job.id)
        if job.ended:
            return
        job.states.append((at, "SUSPENDED"))
        job.checkpoints.stop(at)
        if job.attempts:
            job.attempts[-1].end(AttemptOutcome("CANCELED", at, at))
            job.attempts[-1].mark_settled(at)


def without_caches(jobmanagers: Leadership) -> Leadership:
    """The same ones, each with no memory of earlier answers."""
    bare = copy.copy(jobmanagers)
    bare.jobmanagers = [JobManager(each.number, Caches(False, 0, 0), each.down) for each in jobmanagers.jobmanagers]
    return bare


def recovered_lifecycle(job: Job, whole: FlatLifecycle) -> FlatLifecycle:
    """How a recovered job goes on: it begins as it always does, then runs, from where it was in its lifecycle.

    Args:
        job: as it was when its JobMaster went.
        whole: the script that it had at first. A job that was being cancelled or failing runs again: nobody remembers.
    """
    place = job.lifecycle.next_running_index(job.step_index)
    left = job.lifecycle.remaining(place) if place is not None else None
    if left is None and (first := whole.next_running_index(0)) is not None:
        left = whole.remaining(first)
    if left is None:
        return whole
    beginning = []
    for step in whole.steps:
        if step.state not in ("INITIALIZING", "CREATED"):
            break
        length = step.duration
        # what it once waited for to begin has been
        beginning.append(step if isinstance(length, UniformRange) and not length.unbounded else Step(step.state))
    return FlatLifecycle(
        (*beginning, *left.steps), None if left.loop_index is None else left.loop_index + len(beginning)
    )
