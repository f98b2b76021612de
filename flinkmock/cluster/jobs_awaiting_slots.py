"""The jobs that wait for slots: they request slots again when some are freed, and fail if they wait too long.

See docs/flink-behaviour.md#waiting-for-slots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flinkmock.cluster.event_queue import event_handler
from flinkmock.cluster.slot_requests import (
    REPORTING_RANGE_MS,
    SlotRequestFailure,
    first_failure,
    missing_slot_exception,
)
from flinkmock.cluster.spec import ExceptionSpec, Step
from flinkmock.cluster.states import JobState
from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.cluster.job import Job

NO_SLOTS = ExceptionSpec(
    JavaException(java_classes.NO_RESOURCE_AVAILABLE_EXCEPTION, messages.NO_RESOURCES), is_global=True
)
"""The failure of a job of the adaptive scheduler that gets no slots within the resource timeout."""


class JobsAwaitingSlots:
    """The jobs of one cluster that wait for slots, in RUNNING or, with the adaptive scheduler, in CREATED.

    Attributes:
        ids: Their ids, in the order in which they started to wait.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.ids: list[str] = []

    def add(self, job: Job) -> None:
        """Add a job. The caller schedules the end of the wait."""
        self.ids.append(job.id)

    def remove(self, job: Job) -> None:
        """Remove a job; do nothing if it does not wait."""
        if job.id in self.ids:
            self.ids.remove(job.id)

    def clear(self) -> None:
        """Remove all jobs, because the leader has crashed."""
        self.ids.clear()

    # -- both schedulers

    @event_handler(leader_scoped=True)
    def retry_slot_requests(self, at: int) -> None:
        """Request slots again for all jobs that wait, because there may be free slots."""
        cluster = self._cluster
        for job_id in list(self.ids):
            job = cluster.jobs[job_id]
            if _waits_for_slots(job):
                cluster.state_machines.request_slots_again(job, at)
            elif not cluster.uses_adaptive_scheduler(job.spec):
                self.ids.remove(job_id)
        if cluster.has_adaptive_scheduler:
            cluster.adaptive_scheduler.on_slots_freed(at)

    # -- the default scheduler

    def schedule_failure(self, job: Job, at: int) -> None:
        """Schedule the failure of a slot request that was made at `at` (epoch ms)."""
        cluster = self._cluster
        reported_at = at + cluster.random.integer(*REPORTING_RANGE_MS, "slot request", job.id, len(job.attempts))
        started_at = max(cluster.started_at, cluster.leadership.leader_since)
        failed_at, failure = first_failure(cluster.configuration, started_at, reported_at, at)
        cluster.event_queue.schedule(failed_at, "on_slot_request_failed", job.id, len(job.attempts), failure)

    @event_handler(leader_scoped=True)
    def on_slot_request_failed(self, job_id: str, attempt_count: int, failure: SlotRequestFailure, at: int) -> None:
        """Fail a job that did not get its slots in time, if it still waits in the same attempt."""
        cluster = self._cluster
        job = cluster.jobs[job_id]
        if len(job.attempts) == attempt_count and _waits_for_slots(job):
            exception = missing_slot_exception(failure, cluster.configuration, cluster.release)
            cluster.state_machines.fail(job, at, exception)

    # -- the adaptive scheduler

    @event_handler(leader_scoped=True)
    def accept_fewer_slots(self, job_id: str, state_count: int, at: int) -> None:
        """Run a job with the available slots, after the stabilization timeout."""
        job = self._cluster.jobs[job_id]
        if self._still_waits(job, state_count) and self._cluster.adaptive_scheduler.accept_available_slots(job, at):
            self.run(job, at)

    @event_handler(leader_scoped=True)
    def on_slot_wait_timeout(self, job_id: str, state_count: int, at: int) -> None:
        """Fail a job that has waited until the resource timeout."""
        job = self._cluster.jobs[job_id]
        if self._still_waits(job, state_count):
            self._cluster.state_machines.divert(job, at, (Step(JobState.FAILED, exception=NO_SLOTS),))

    def run(self, job: Job, at: int) -> None:
        """Run a job that has waited for slots."""
        self.remove(job)
        self._cluster.state_machines.enter_next_step(job, at)

    def _still_waits(self, job: Job, state_count: int) -> bool:
        """Return whether a job still waits for slots in the same state, the one with which it had `state_count`."""
        return len(job.states) == state_count and job.id in self.ids


def _waits_for_slots(job: Job) -> bool:
    """Return whether a job is RUNNING while its newest attempt has no slots, as with the default scheduler."""
    return job.state == JobState.RUNNING and job.attempts[-1].deployed_at is None
