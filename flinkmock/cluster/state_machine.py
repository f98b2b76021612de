"""The state machines of jobs. A job follows its lifecycle, and leaves it when a client or a failure interferes.

Each transition enters a state and schedules the next transition. This module defines the effect of a state on the
tasks: CREATED or RUNNING begins an attempt, and RUNNING schedules its tasks; RESTARTING, FAILING and FAILED end it
with a failure; CANCELLING, CANCELED, FINISHED, SUSPENDED and the RESTARTING of a rescale end it without one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from flinkmock.cluster.attempt_failures import DEFAULT_EXCEPTION
from flinkmock.cluster.checkpoint import RestoredCheckpoint
from flinkmock.cluster.errors import JobAlreadyTerminated
from flinkmock.cluster.event_queue import event_handler
from flinkmock.cluster.failures import Failure, may_restart
from flinkmock.cluster.flat_lifecycle import FlatLifecycle
from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.job_attempt import AttemptOutcome, JobAttempt
from flinkmock.cluster.spec import ClusterOperation, ExceptionSpec, Step
from flinkmock.cluster.states import GLOBALLY_TERMINAL, TERMINAL_JOB_STATES, JobState, TaskState
from flinkmock.flink.java_exception import JavaException
from flinkmock.named_random import UniformRange

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.cluster.job import Job

SCHEDULING_RANGE_MS = (2, 8)
"""The time from SCHEDULED to DEPLOYING if slots are free; 2 to 100 ms in the recordings."""
FAILING_RANGE_MS = (12, 24)
"""How long a job is FAILING unless the scenario specifies that."""


def _ignore_step(job: Job, step: Step, at: int) -> None:
    """Do nothing; the default of `JobStateMachines.on_step`."""


class JobStateMachines:
    """Changes the states of the jobs of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.on_step: Callable[[Job, Step, int], None] = _ignore_step
        """Called with the job, the step and the time (epoch ms) when a job has entered the state of a step, before the
        step affects the tasks."""

    # -- along the lifecycle

    def start(self, job: Job, at: int) -> None:
        """Enter the first step of the lifecycle."""
        self._enter(job, at)

    @event_handler(leader_scoped=True)
    def advance(self, job_id: str, lifecycle_version: int, at: int) -> None:
        """Enter the next step, because the current one is over, unless the lifecycle was replaced meanwhile.

        If the next step is RUNNING, a job of the adaptive scheduler first waits for the slots that it lacks. A job
        that can't recover, because its stop with savepoint has failed, fails instead.
        """
        job = self._cluster.jobs[job_id]
        index = job.lifecycle.next_index(job.step_index)
        if job.lifecycle_version != lifecycle_version or index is None:
            return
        if job.state == JobState.RESTARTING and job.stop_failure is not None:
            self._fail_after_stop(job, at)
            return
        if job.lifecycle.steps[index].state == JobState.RUNNING and job.is_adaptive:
            scheduler = self._cluster.adaptive_scheduler
            if not scheduler.try_desired_parallelism(job, at):
                scheduler.wait_for_slots(job, at)
                return
        job.step_index = index
        self._enter(job, at)

    def enter_next_step(self, job: Job, at: int) -> None:
        """Enter the next step of the lifecycle. There must be one."""
        index = job.lifecycle.next_index(job.step_index)
        assert index is not None
        job.step_index = index
        self._enter(job, at)

    def _enter(self, job: Job, at: int) -> None:
        step = job.lifecycle.steps[job.step_index]
        job.states.enter(step.state, at)
        self.on_step(job, step, at)
        duration = self._draw_duration(job, step)
        if step.state in TERMINAL_JOB_STATES:
            job.ended_before_start = not job.attempts
        match step.state:
            case JobState.RUNNING:
                self._start_attempt(job, at, duration)
                return
            case JobState.CREATED:
                self._new_attempt(job, at)
            case JobState.RESTARTING:
                job.restart_count += 1
                self._cluster.attempt_failures.fail_attempt(job, at, step.exception, duration)
            case JobState.FAILING:
                self._cluster.attempt_failures.fail_attempt(job, at, step.exception, duration)
            case JobState.FAILED:
                self._cluster.attempt_failures.fail_terminally(job, at, step.exception or DEFAULT_EXCEPTION)
            case JobState.CANCELLING:
                settled_at = None if duration is None else at + duration
                self.end_attempt(job, AttemptOutcome(TaskState.CANCELED, at, settled_at))
            case JobState.CANCELED:
                self.end_attempt(job, AttemptOutcome(TaskState.CANCELED, at, at))
            case JobState.SUSPENDED:
                if step.exception is not None:
                    job.failures.append(Failure(at, step.exception.java_exception))
                self.end_attempt(job, AttemptOutcome(TaskState.CANCELED, at, at))
            case JobState.FINISHED:
                self.end_attempt(job, AttemptOutcome(TaskState.FINISHED, at, at))
            case _:
                pass
        if step.state in TERMINAL_JOB_STATES:
            self._release_resources(job, at)
        else:
            self._schedule_next_step(job, at, duration)

    def _draw_duration(self, job: Job, step: Step) -> int | None:
        """Return how long a job stays in a step, in ms; None if the step is unbounded or has a wait condition.

        The value depends on how many states the job has entered, so that it differs each time the job enters the step.
        """
        return self._cluster.random.draw(step.duration, "step", job.id, job.step_index, len(job.states))

    def _schedule_next_step(self, job: Job, at: int, duration: int | None) -> None:
        if job.lifecycle.next_index(job.step_index) is None:
            return
        args = (job.id, job.lifecycle_version)
        if duration is not None:
            self._cluster.event_queue.schedule(at + duration, "advance", *args)
        else:
            self._cluster.schedule_on_condition(
                job.lifecycle.steps[job.step_index].duration, job.id, at, "advance", *args
            )

    # -- attempts

    def _new_attempt(self, job: Job, at: int) -> None:
        """Create an attempt if there is none, or if the newest one has ended."""
        if job.attempts and job.attempts[-1].outcome is None:
            return
        if job.attempts:
            job.attempts[-1].mark_settled(at)
        attempt = JobAttempt(
            len(job.attempts),
            at,
            job.id,
            job.graph,
            self._cluster.random,
            submitted_at=job.submitted_at,
            has_initializing_state=self._cluster.release.since("1.13"),
        )
        job.attempts.append(attempt)

    def _start_attempt(self, job: Job, at: int, duration: int | None) -> None:
        """Schedule the tasks of a RUNNING job. They are deployed as soon as there are slots for all of them."""
        self._new_attempt(job, at)
        job.attempts[-1].schedule(at)
        self.request_slots(job, at, duration)
        if job.attempts[-1].deployed_at is None:
            self._cluster.jobs_awaiting_slots.add(job)
            self._cluster.jobs_awaiting_slots.schedule_failure(job, at)

    def _restore(self, job: Job, at: int) -> None:
        """Choose the checkpoint that restores a restarted attempt, and draw how long the restore takes."""
        attempt = job.attempts[-1]
        latest = job.checkpoints.newest_completed_at(at) if attempt.number > 0 else None
        if latest is not None:
            job.checkpoints.restore(
                RestoredCheckpoint(latest.id, at, latest.triggered_at, latest.is_savepoint, latest.path)
            )
        if job.checkpoints.restored:
            restore_ms = self._cluster.random.draw(job.spec.restore_duration, "restore", job.id, attempt.number)
            attempt.restore_ms = restore_ms or 0

    def end_attempt(self, job: Job, outcome: AttemptOutcome) -> None:
        """Stop the checkpoints and savepoints of a job, and end its newest attempt if that has no outcome yet."""
        job.checkpoints.stop(outcome.at)
        self._cluster.savepoints.on_job_stopped(job, outcome.at)
        if job.attempts and job.attempts[-1].outcome is None:
            job.attempts[-1].end(outcome)

    @event_handler(leader_scoped=True)
    def on_stop_failed(self, job_id: str, lifecycle_version: int, at: int) -> None:
        """Fail a RESTARTING job, because its stop with savepoint has failed, unless the lifecycle was replaced."""
        job = self._cluster.jobs[job_id]
        if job.lifecycle_version == lifecycle_version:
            self._fail_after_stop(job, at)

    def _fail_after_stop(self, job: Job, at: int) -> None:
        """Fail a RESTARTING job whose stop with savepoint has failed."""
        self.divert(job, at, (Step(JobState.FAILING, UniformRange(*FAILING_RANGE_MS)), Step(JobState.FAILED)))

    # -- slots

    def request_slots(self, job: Job, at: int, duration: int | None) -> None:
        """Allocate free slots. If the job then has all slots, deploy the attempt.

        Restore the attempt, start its checkpoints and schedule the next step in that case.

        Args:
            job: A RUNNING job.
            at: Epoch ms.
            duration: How long it is RUNNING, in ms; None if that is unknown.
        """
        cluster, attempt = self._cluster, job.attempts[-1]
        held_slots = cluster.slots.held(at, job_id=job.id)
        missing_count = job.graph.needed_slot_count - len(held_slots)
        held_slots += cluster.slots.allocate(job.id, missing_count, cluster.taskmanagers.all, at)
        if len(held_slots) < job.graph.needed_slot_count:
            return
        self._restore(job, at)
        deployed_at = at + cluster.random.integer(*SCHEDULING_RANGE_MS, "scheduling", job.id, attempt.number)
        planned_end = None
        if duration is not None:
            deployed_at = min(deployed_at, at + duration)
            next_step = job.lifecycle.next_step(job.step_index)
            if next_step is not None and next_step.state == JobState.FINISHED:
                planned_end = at + duration
        first_deployed_at = next(
            (earlier.deployed_at for earlier in job.attempts if earlier.deployed_at is not None), None
        )
        attempt.deploy(deployed_at, held_slots[: job.graph.needed_slot_count], planned_end, first_deployed_at)
        running_at = attempt.first_stage_running_at()
        if running_at is not None:
            job.checkpoints.start(
                at,
                running_at,
                first_checkpoint_waits_for_tasks=cluster.release.since("2.3"),
                vertex_finish_times=attempt.vertex_finish_times() if attempt.graph.has_bounded_source else {},
            )
        self._schedule_next_step(job, at, duration)
        cluster.jobs_awaiting_slots.remove(job)

    def request_slots_again(self, job: Job, at: int) -> None:
        """Request slots again for a RUNNING job that waits for them."""
        self.request_slots(job, at, self._draw_duration(job, job.lifecycle.steps[job.step_index]))

    def _release_resources(self, job: Job, at: int) -> None:
        """Release what a job in a terminal state holds, and let other jobs get its slots.

        The job store gets the job if its state is globally terminal.
        """
        cluster = self._cluster
        cluster.wait_conditions.remove(job.id)
        if job.attempts:
            job.attempts[-1].mark_settled(at)
        cluster.slots.release(at, job_id=job.id)
        cluster.jobs_awaiting_slots.remove(job)
        if job.state in GLOBALLY_TERMINAL:
            cluster.job_store.add(job, at)
        cluster.jobs_awaiting_slots.retry_slot_requests(at)

    # -- away from the lifecycle

    def divert(self, job: Job, at: int, steps: Sequence[Step], remaining: FlatLifecycle | None = None) -> None:
        """Replace the lifecycle with `steps` followed by `remaining`, and enter the first step immediately.

        If `remaining` is None, the job stays in the last of the `steps`.
        """
        self._replace_lifecycle(job, FlatLifecycle(tuple(steps)) if remaining is None else remaining.after(steps))
        self._enter(job, at)

    def _replace_lifecycle(self, job: Job, lifecycle: FlatLifecycle) -> None:
        """Replace the lifecycle. Scheduled events and the wait condition of the old one have no effect then."""
        job.lifecycle_version += 1
        self._cluster.wait_conditions.remove(job.id)
        job.lifecycle, job.step_index = lifecycle, 0

    def cancel(self, job: Job, at: int) -> None:
        """Cancel a job at `at` (epoch ms); do nothing if it is CANCELLING or CANCELED.

        A CREATED job of the adaptive scheduler is CANCELED at once: it has no tasks (StateWithoutExecutionGraph).

        Raises:
            JobAlreadyTerminated: The job has ended in another state.
        """
        if job.state in (JobState.CANCELED, JobState.CANCELLING):
            return
        if job.has_ended:
            raise JobAlreadyTerminated(job.id, job.state)
        if job.is_adaptive and job.state == JobState.CREATED:
            self.divert(job, at, (Step(JobState.CANCELED),))
            return
        duration = self._cluster.cluster_operation_spec(job, ClusterOperation.CANCEL).duration
        self.divert(job, at, (Step(JobState.CANCELLING, duration), Step(JobState.CANCELED)))

    def fail(self, job: Job, at: int, exception: ExceptionSpec = DEFAULT_EXCEPTION) -> None:
        """Fail a job at `at` (epoch ms), regardless of its lifecycle.

        The restart strategy decides whether a RUNNING job restarts. A CREATED job of the adaptive scheduler is FAILED
        at once. Do nothing if the job is RESTARTING, FAILING or CANCELLING.

        Raises:
            JobAlreadyTerminated: The job has ended.
        """
        if job.has_ended:
            raise JobAlreadyTerminated(job.id, job.state)
        if job.state in (JobState.RESTARTING, JobState.FAILING, JobState.CANCELLING):
            return
        if not job.attempts:
            self.fail_initialization(job, at, exception.java_exception)
            return
        # with the default scheduler, the job is RESTARTING before the failure of its stop ends it
        cannot_recover = (
            job.is_adaptive
            and self._cluster.release.since("1.15")
            and self._cluster.savepoints.find_saved_stop(job, at) is not None
        )
        if may_restart(job, at) and job.state == JobState.RUNNING and not cannot_recover:
            self.restart(job, at, exception)
        elif job.is_adaptive and job.state == JobState.CREATED:
            self.divert(job, at, (Step(JobState.FAILED, exception=exception),))
        else:
            failing = Step(JobState.FAILING, UniformRange(*FAILING_RANGE_MS), exception)
            self.divert(job, at, (failing, Step(JobState.FAILED, exception=exception)))

    def restart(self, job: Job, at: int, exception: ExceptionSpec = DEFAULT_EXCEPTION) -> None:
        """Fail and restart a running job, regardless of its restart strategy."""
        restarting = Step(JobState.RESTARTING, UniformRange.exactly(job.spec.restart.delay), exception)
        # with the adaptive scheduler, a restarting job waits for slots in CREATED
        steps = (restarting, Step(JobState.CREATED)) if job.is_adaptive else (restarting,)
        self.divert(job, at, steps, job.lifecycle.remaining(job.step_index))

    def rescale(self, job: Job, graph: JobGraph, duration: int, at: int) -> None:
        """Restart a running job with the parallelism of `graph`, without a failure. The restart takes `duration` ms."""
        restarting, remaining = Step(JobState.RESTARTING), job.lifecycle.remaining(job.step_index)
        self._replace_lifecycle(job, remaining.after((restarting, Step(JobState.CREATED))))
        job.states.enter(JobState.RESTARTING, at)
        self.on_step(job, restarting, at)
        self.end_attempt(job, AttemptOutcome(TaskState.CANCELED, at, at + duration))
        job.change_graph(graph)
        # when the last task has ended, slots are released; the job requests slots first, and other jobs 1 ms later
        self._cluster.event_queue.schedule(at + duration, "release_slots", job.id, job.lifecycle_version)
        self._schedule_next_step(job, at, duration)
        self._cluster.event_queue.schedule(at + duration + 1, "retry_slot_requests")

    @event_handler(leader_scoped=True)
    def release_slots(self, job_id: str, lifecycle_version: int, at: int) -> None:
        """Release the slots of a job that is being rescaled, whose tasks have ended."""
        if self._cluster.jobs[job_id].lifecycle_version == lifecycle_version:
            self._cluster.slots.release(at, job_id=job_id)

    def finish(self, job: Job, at: int) -> None:
        """Finish all tasks of a job at `at`.

        Raises:
            JobAlreadyTerminated: The job has ended.
        """
        if job.has_ended:
            raise JobAlreadyTerminated(job.id, job.state)
        self.divert(job, at, (Step(JobState.FINISHED),))

    def fail_initialization(self, job: Job, at: int, exception: JavaException) -> None:
        """Fail a job before it has a graph, because its JobMaster can't be created."""
        self.divert(job, at, (Step(JobState.FAILED, exception=ExceptionSpec(exception, is_global=True)),))
