"""The adaptive scheduler: jobs run with the available slots, and are rescaled when slots or bounds change.

The desired parallelism of a job is that of its upper bounds. Before it runs, a job waits for slots in CREATED
(WaitingForResources). It runs as soon as there are slots for its desired parallelism; after the stabilization timeout,
it runs with fewer slots if they suffice for its lower bounds; after the resource timeout, it fails.

While a job runs (Executing, DefaultStateTransitionManager), new slots lead to a rescale, but not before the end of the
cooldown. If there are slots for the upper bounds, the job is rescaled then, otherwise after the stabilization timeout.

Observed on 2.3.0: a job that needed two slots, of which one was free, stayed CREATED for ten seconds; a new TaskManager
led to a rescale with the cause NEW_RESOURCE_AVAILABLE and unchanged requirements.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flinkmock.cluster.event_queue import event_handler
from flinkmock.cluster.job import ParallelismBounds, RescaleCause, ResourceChange
from flinkmock.cluster.rescaling import (
    apply_parallelism,
    best_parallelism,
    desired_parallelism,
    graph_with,
    set_bounds,
    terminated_reason,
)
from flinkmock.cluster.spec import ClusterOperation
from flinkmock.cluster.states import JobState
from flinkmock.flink.options import RESCALE_COOLDOWN, RESCALE_STABILIZATION

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.cluster.job import Job

RETRY_MS = 1_000
"""How long a rescale is postponed, in ms, when it is due while the job does not run."""


class AdaptiveScheduler:
    """Decides when the jobs of one cluster run and are rescaled, and with which parallelism."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    # -- before a job runs

    def try_desired_parallelism(self, job: Job, at: int) -> bool:
        """Give a CREATED job its desired parallelism; return whether there are enough slots for that."""
        best = self._best_parallelism(job, at)
        if best != desired_parallelism(job):
            return False
        apply_parallelism(job, best)
        return True

    def accept_available_slots(self, job: Job, at: int) -> bool:
        """Give a waiting job the parallelism that the slots allow; return whether they suffice for its lower bounds."""
        best = self._best_parallelism(job, at)
        if best is None:
            return False
        apply_parallelism(job, best)
        return True

    def wait_for_slots(self, job: Job, at: int) -> None:
        """Keep a job in CREATED until there are slots, at most for the resource timeout."""
        self._cluster.jobs_awaiting_slots.add(job)
        self._schedule_accept(job, at)
        timeout = self._cluster.configuration.submission_wait_ms
        if timeout >= 0:
            self._cluster.event_queue.schedule(at + timeout, "on_slot_wait_timeout", job.id, len(job.states))

    def on_slots_freed(self, at: int) -> None:
        """Run waiting jobs and schedule rescales of running jobs, because slots have become free at `at` (epoch ms)."""
        cluster = self._cluster
        for job in [
            job for job in cluster.jobs.values() if not job.has_ended and cluster.uses_adaptive_scheduler(job.spec)
        ]:
            if job.id in cluster.jobs_awaiting_slots.ids and job.state == JobState.CREATED:
                if self.try_desired_parallelism(job, at):
                    cluster.jobs_awaiting_slots.run(job, at)
                else:
                    self._schedule_accept(job, at)
            elif job.state == JobState.RUNNING and job.attempts[-1].deployed_at is not None:
                self._grow(job, at)

    def _schedule_accept(self, job: Job, at: int) -> None:
        """Schedule that a waiting job accepts fewer slots after the stabilization timeout."""
        stabilization_ms = self._cluster.configuration.submission_stabilization_ms
        self._cluster.event_queue.schedule(at + stabilization_ms, "accept_fewer_slots", job.id, len(job.states))

    # -- rescales

    def update_bounds(self, job: Job, bounds: Mapping[str, ParallelismBounds], at: int) -> None:
        """Set `bounds` (vertex id -> valid new bounds), and schedule a rescale after the cooldown."""
        for change in job.resource_changes:
            if change.is_pending:
                change.ended_at, change.reason = at, "RESOURCE_REQUIREMENTS_UPDATED"
        set_bounds(job, bounds)
        job.resource_changes.append(ResourceChange(at))
        attempt = job.attempt_at(at)
        deployed_at = attempt.deployed_at if attempt is not None else None
        self._schedule_rescale(job, self._cooldown_end(at if deployed_at is None else deployed_at, at))

    @event_handler(leader_scoped=True)
    def on_rescale_due(self, job_id: str, change_count: int, at: int) -> None:
        """Rescale a job if that changes its parallelism; try again later if the job does not run.

        Do nothing if another change has followed: `change_count` is the number of changes when this was scheduled.
        """
        cluster = self._cluster
        job = cluster.jobs[job_id]
        if change_count != len(job.resource_changes):
            return
        change = job.resource_changes[-1]
        if job.has_ended:
            change.ended_at, change.reason = at, terminated_reason(job.state)
        elif job.state != JobState.RUNNING or job.attempts[-1].deployed_at is None:
            cluster.event_queue.schedule(at + RETRY_MS, "on_rescale_due", job_id, change_count)
        else:
            best = self._best_parallelism(job, at)
            if best is None or best == [vertex.parallelism for vertex in job.graph.vertices]:
                change.ended_at, change.reason = at, "NO_RESOURCES_OR_PARALLELISMS_CHANGE"
                return
            spec = cluster.cluster_operation_spec(job, ClusterOperation.RESCALE)
            duration = cluster.random.draw(spec.duration, "rescale", job.id, change_count)
            change.job_attempt_number = len(job.attempts)
            cluster.state_machines.rescale(job, graph_with(job, best), duration or 0, at)

    def _grow(self, job: Job, at: int) -> None:
        """Schedule a rescale of a running job, unless one is pending or the parallelism would not change."""
        current, desired = [vertex.parallelism for vertex in job.graph.vertices], desired_parallelism(job)
        if current == desired or any(change.is_pending for change in job.resource_changes):
            return
        best = self._best_parallelism(job, at)
        if best is None or best == current:
            return
        job.resource_changes.append(ResourceChange(at, RescaleCause.NEW_RESOURCE_AVAILABLE))
        due_at = self._cooldown_end(job.attempts[-1].deployed_at or at, at)
        if best != desired:
            due_at += self._cluster.configuration.milliseconds(RESCALE_STABILIZATION)
        self._schedule_rescale(job, due_at)

    def _cooldown_end(self, deployed_at: int, at: int) -> int:
        """Return the end of the cooldown after a deployment, or `at` if that is later. Times are epoch ms."""
        return max(at, deployed_at + self._cluster.configuration.milliseconds(RESCALE_COOLDOWN))

    def _schedule_rescale(self, job: Job, at: int) -> None:
        self._cluster.event_queue.schedule(at, "on_rescale_due", job.id, len(job.resource_changes))

    def _best_parallelism(self, job: Job, at: int) -> list[int] | None:
        """Return the highest parallelism that the bounds, free slots and the job's slots allow, vertex by vertex.

        Returns:
            None if the slots do not suffice for the lower bounds.
        """
        slots = self._cluster.slots
        free_count = sum(
            slots.free_count(taskmanager, at) for taskmanager in self._cluster.taskmanagers.registered_at(at)
        )
        return best_parallelism(job, len(slots.held(at, job_id=job.id)) + free_count)
