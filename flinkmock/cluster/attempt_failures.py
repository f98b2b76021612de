"""The failures of attempts: which task fails with which exception, and what the exception history then contains."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from flinkmock.cluster.event_queue import event_handler
from flinkmock.cluster.execution import TaskIndex
from flinkmock.cluster.failures import (
    Failure,
    choose_failed_task,
    not_recoverable_error,
    recovery_suppressed_error,
    task_failure,
)
from flinkmock.cluster.job_attempt import AttemptOutcome, JobAttempt
from flinkmock.cluster.slot_requests import choose_task_without_slot
from flinkmock.cluster.spec import ExceptionSpec
from flinkmock.cluster.states import JobState, TaskState
from flinkmock.flink import java_classes
from flinkmock.flink.exceptions import initialization_error
from flinkmock.flink.java_exception import JavaException

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.cluster.job import Job

DEFAULT_EXCEPTION = ExceptionSpec(JavaException(java_classes.RUNTIME_EXCEPTION, "Intentional failure of the scenario"))
SETTLING_RANGE_MS = (20, 60)
"""The time until all tasks are CANCELED after one of them has failed."""
GLOBAL_FAILURE_RANGE_MS = (8, 30)
"""The time from the failure of a task during a stop with savepoint to the global failure that follows.

Recorded: `situations: failing stop`."""


class AttemptFailures:
    """Fails the attempts of the jobs of one cluster. `JobStateMachines` changes the states of the jobs."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def fail_attempt(self, job: Job, at: int, exception: ExceptionSpec | None, duration: int | None) -> None:
        """Fail the attempt of a RESTARTING or FAILING job.

        If there is no attempt, or it has already ended, an exception is a global failure.

        Args:
            job: The job.
            at: Epoch ms.
            exception: The exception of the step; None: it has none.
            duration: How long the state lasts, in ms; None if that is unknown.
        """
        if not job.attempts or job.attempts[-1].outcome is not None:
            if exception is not None:
                job.failures.append(Failure(at, exception.java_exception))
                job.has_failure_without_restart = True
            return
        attempt, exception = job.attempts[-1], exception or DEFAULT_EXCEPTION
        failed_task = self._failed_task(attempt, at, exception)
        settling_ms = self._cluster.random.integer(*SETTLING_RANGE_MS, "settling", job.id, attempt.number)
        settled_at: int | None = at + (settling_ms if duration is None else min(settling_ms, duration))
        if job.step_state == JobState.FAILING:  # this state ends when all tasks have ended
            settled_at = None if duration is None else at + duration
            job.has_failure_without_restart = True
        job.failures.append(task_failure(attempt, at, exception, failed_task))
        self._fail_stop(job, at)
        self._cluster.state_machines.end_attempt(job, AttemptOutcome(TaskState.FAILED, at, settled_at, failed_task))

    def _fail_stop(self, job: Job, at: int) -> None:
        """Fail the job's stop with savepoint if its savepoint was complete when a task failed.

        Since 1.15, the job can't recover then (StopWithSavepointTerminationHandlerImpl,
        terminateExceptionallyWithGlobalFailover).
        """
        error = self._cluster.savepoints.fail_stop(job, at)
        if error is None:
            return
        delay_ms = self._cluster.random.integer(*GLOBAL_FAILURE_RANGE_MS, "global failure", job.id, len(job.attempts))
        if not self._cluster.release.since("1.15"):
            job.failures.append(Failure(at + delay_ms, error))
            return
        if job.is_adaptive and job.step_state == JobState.RESTARTING:
            return  # the scenario or a test restarts the job; `fail` does not
        job.stop_failure = error
        if job.step_state == JobState.RESTARTING:
            self._cluster.event_queue.schedule(at + delay_ms, "on_stop_failed", job.id, job.lifecycle_version)

    def _failed_task(self, attempt: JobAttempt, at: int, exception: ExceptionSpec) -> TaskIndex | None:
        """Return the task that fails; None for a global failure."""
        if exception.task_gets_no_slot:
            held_slots = self._cluster.slots.held(at, job_id=attempt.job_id)
            return choose_task_without_slot(self._cluster.random, attempt, len(held_slots))
        return choose_failed_task(self._cluster.random, attempt, exception, at)

    @event_handler(leader_scoped=True)
    def record_past_failure(self, job_id: str, index: int, at: int) -> None:
        """Add a failure from before the scenario began (`exception-history`)."""
        job = self._cluster.jobs[job_id]
        if job.attempts:
            exception = job.spec.past_failures[index].exception
            attempt = job.attempts[-1]
            failed_task = choose_failed_task(self._cluster.random, attempt, exception, at)
            job.failures.append(task_failure(attempt, at, exception, failed_task))

    def fail_terminally(self, job: Job, at: int, exception: ExceptionSpec) -> None:
        """Add the failures with which a job becomes FAILED, and end its attempt: one, or two after a failed stop.

        If the last failure caused no restart, or a stop has failed, the last failure is concurrent with the new ones.
        """
        release = self._cluster.release
        last_failure = None
        if job.has_failure_without_restart:
            last_failure = job.failures[-1]
            job.failures[-1] = dataclasses.replace(last_failure, replaced_at=at)
        elif job.stop_failure is not None:
            last_failure = job.failures[-1]
        cause = last_failure.exception if last_failure else exception.java_exception
        if job.ended_before_start:
            job.failures.append(Failure(at, initialization_error(cause, release)))
            return
        errors = []
        # the adaptive scheduler handles only the failure of the stop (StopWithSavepoint.onFailure)
        if job.stop_failure is None or (job.has_failure_without_restart and not job.is_adaptive):
            errors.append(recovery_suppressed_error(job.spec.restart, cause, release))
        if job.stop_failure is not None:
            errors.append(not_recoverable_error(job.stop_failure, release))
        concurrent = (last_failure,) if last_failure else ()
        job.failures += [Failure(at, error, concurrent=concurrent) for error in errors]
        self._cluster.state_machines.end_attempt(job, AttemptOutcome(TaskState.FAILED, at, at))
