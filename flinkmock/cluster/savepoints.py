"""Async operations around savepoints: savepoints, checkpoints on demand, stop-with-savepoint, disposal.

A trigger always succeeds; if the job is unknown or has ended, the operation fails a few milliseconds later. The outcome
of an operation is planned when it is triggered, and revised if its job stops running earlier.
See docs/flink-behaviour.md#async-operations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flinkmock.cluster.async_operations import AsyncOperation, AsyncOperationKind, wait_key
from flinkmock.cluster.checkpoint import Checkpoint, CheckpointKind, CheckpointStatus
from flinkmock.cluster.checkpoints import UNBOUNDED_MS
from flinkmock.cluster.event_queue import event_handler
from flinkmock.cluster.failures import stopping_error
from flinkmock.cluster.savepoint_request import FollowUp, SavepointRequest
from flinkmock.cluster.savepoint_store import SavepointStore
from flinkmock.cluster.spec import (
    CheckpointSpec,
    ClusterOperation,
    ClusterOperationSpec,
    ExceptionSpec,
    Polls,
    Signal,
    Step,
)
from flinkmock.cluster.states import JobState, TaskState
from flinkmock.cluster.trigger_errors import batch_error, checkpoint_exception, task_errors
from flinkmock.flink import checkpoint_messages, java_classes, messages
from flinkmock.flink.configuration import SAVEPOINT_DIR
from flinkmock.flink.exceptions import completion_exception, job_not_found
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.paths import WORKING_DIRECTORY, qualified_path

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.cluster.job import Job

FAILS_AFTER_MS = 4
"""The time from the trigger to the failure of an operation that can't start; at most 5 ms in the recordings."""
SAVED_PART = 0.6
"""The part of the duration of a stop after which its savepoint is complete. Then the tasks finish."""


@dataclass(slots=True)
class _Pending:
    """An operation in progress, with its checkpoint and the follow-up for the job."""

    operation: AsyncOperation
    checkpoint: Checkpoint
    duration: int | None
    """The duration in ms; None while the end is unknown."""
    follow_up: FollowUp | None
    planned_failure: JavaException | None = None
    fails_later: bool = False
    """Whether a task fails after the savepoint is complete."""
    is_stored: bool = False
    """Whether the savepoint can be restored from."""


def _timeout(job: Job) -> int:
    """Return the checkpoint timeout of the job in ms."""
    return (job.spec.checkpoints or CheckpointSpec()).timeout


@dataclass
class SavepointCoordinator:
    """The operations of a cluster that create savepoints and dispose of them; `store` contains the savepoints."""

    cluster: Cluster
    store: SavepointStore
    _pending: dict[tuple[str, str], _Pending] = field(default_factory=dict)
    """(job id, trigger id) -> operation in progress."""

    @event_handler(leader_scoped=True)
    def record_past_savepoint(self, job_id: str, number: int, at: int) -> None:
        """Trigger a savepoint of the scenario's past, which is complete some milliseconds later."""
        job = self.cluster.jobs[job_id]
        past = job.spec.past_savepoints[number]
        directory = self.cluster.configuration.text(SAVEPOINT_DIR) or WORKING_DIRECTORY
        path = qualified_path(past.path) if past.path else self._path(job, f"{job_id} {number}", directory)
        spec = self.cluster.cluster_operation_spec(job, ClusterOperation.SAVEPOINT).duration
        duration = self.cluster.random.draw(spec, "past savepoint", job_id, number)
        kind = CheckpointKind.SAVEPOINT
        self.store.add(job.checkpoints.trigger(at, kind, duration or 0, format="CANONICAL", path=path))

    # -- triggers

    def trigger_savepoint(self, request: SavepointRequest, at: int) -> None:
        """Trigger a savepoint at `at` (epoch ms)."""
        follow_up = FollowUp.CANCEL if request.cancel_job else None
        self._trigger(request, ClusterOperation.SAVEPOINT, CheckpointKind.SAVEPOINT, follow_up, at)

    def stop_with_savepoint(self, request: SavepointRequest, at: int) -> None:
        """Trigger a savepoint at `at` (epoch ms), after which the job finishes."""
        self._trigger(request, ClusterOperation.STOP_WITH_SAVEPOINT, CheckpointKind.SYNC_SAVEPOINT, FollowUp.FINISH, at)

    def trigger_checkpoint(self, job_id: str, trigger_id: str, at: int) -> None:
        """Trigger a checkpoint at `at` (epoch ms)."""
        request = SavepointRequest(job_id=job_id, trigger_id=trigger_id, format=None)
        self._trigger(request, ClusterOperation.CHECKPOINT, CheckpointKind.CHECKPOINT, None, at)

    def _trigger(
        self,
        request: SavepointRequest,
        name: ClusterOperation,
        kind: CheckpointKind,
        follow_up: FollowUp | None,
        at: int,
    ) -> None:
        job_id, trigger_id = request.job_id, request.trigger_id
        is_checkpoint = kind == CheckpointKind.CHECKPOINT
        status_kind = AsyncOperationKind.CHECKPOINT if is_checkpoint else AsyncOperationKind.SAVEPOINT
        operations = self.cluster.async_operations
        if operations.find(status_kind, trigger_id, job_id, at, request.jobmanager) is not None:
            return  # a client that sends a trigger id again means the same operation
        operation = operations.add(
            AsyncOperation(status_kind, trigger_id, job_id, at, None, {}, jobmanager=request.jobmanager)
        )
        job = self.cluster.jobs.get(job_id)
        if job is None or job.ended:
            operation.fail(at + FAILS_AFTER_MS, completion_exception(job_not_found(job_id)))
            return
        spec = self.cluster.cluster_operation_spec(job, name)
        error = self._trigger_error(job, kind, request.directory, at)
        if error is not None:
            operation.fail(at + FAILS_AFTER_MS, completion_exception(error))
            return
        path = "" if request.directory is None else self._path(job, trigger_id, request.directory)
        if path and self._fails_task(job, operation, path, kind, at):
            return
        duration = self._draw_duration(job, name, spec, trigger_id)
        planned = self._planned_failure(job.id, name, spec)
        if duration is not None and duration >= _timeout(job):
            duration, planned = _timeout(job), checkpoint_exception(checkpoint_messages.EXPIRED)
        fails_later = spec.leaves_savepoint and planned is not None and follow_up == FollowUp.FINISH
        saved = duration
        if duration and follow_up == FollowUp.FINISH and (planned is None or fails_later):
            saved = round(duration * SAVED_PART)
        checkpoint = job.checkpoints.trigger(
            at,
            kind,
            UNBOUNDED_MS if saved is None else saved,
            format=request.format,
            path=path,
            failure=None if planned is None or fails_later else planned.message,
        )
        operation.result = {"checkpointId": checkpoint.id} if is_checkpoint else {"location": checkpoint.path}
        pending = _Pending(operation, checkpoint, duration, follow_up, planned, fails_later=fails_later)
        self._schedule_end(job, pending, spec, at)

    def _fails_task(self, job: Job, operation: AsyncOperation, path: str, kind: CheckpointKind, at: int) -> bool:
        """Let a savepoint fail, and a task, if no task can write to its path, as they do by default since 1.13."""
        cause = self.store.file_systems.task_write_error(path) if self.cluster.release.since("1.13") else None
        if cause is None:
            return False
        text = checkpoint_messages.TASK_FAILED
        checkpoint = job.checkpoints.trigger(at, kind, FAILS_AFTER_MS, format="CANONICAL", path=path, failure=text)
        source = job.executions_at(at)[0][0]
        task = f"{source.vertex.name} (1/{source.vertex.parallelism})#{source.attempt}"
        of_task, of_savepoint = task_errors(cause, checkpoint.id, task)
        operation.fail(at + FAILS_AFTER_MS, completion_exception(of_savepoint))
        exception = ExceptionSpec(of_task, vertex=source.vertex.name, subtask=0)
        self.cluster.event_queue.schedule(at + FAILS_AFTER_MS, "on_task_failed", job.id, exception)
        return True

    @event_handler(leader_scoped=True)
    def on_task_failed(self, job_id: str, exception: ExceptionSpec, at: int) -> None:
        """A task fails that could not write its part of a savepoint."""
        job = self.cluster.jobs[job_id]
        if not job.ended:
            self.cluster.state_machines.fail(job, at, exception)

    def _schedule_end(self, job: Job, pending: _Pending, spec: ClusterOperationSpec, at: int) -> None:
        cluster, operation, duration = self.cluster, pending.operation, pending.duration
        key = (job.id, operation.trigger_id)
        if duration is None:
            self._pending[key] = pending
            cluster.event_queue.schedule(at + _timeout(job), "on_savepoint_expired", *key)
            cluster.wait_for(spec.duration, wait_key(*key), at, "on_savepoint_completed", *key)
            return
        if pending.planned_failure is not None and not pending.fails_later:
            operation.fail(at + duration, completion_exception(pending.planned_failure))
            return
        self._pending[key] = pending
        if pending.checkpoint.duration < duration:
            cluster.event_queue.schedule(at + pending.checkpoint.duration, "on_savepoint_stored", *key)
        cluster.event_queue.schedule(at + duration, "on_savepoint_completed", *key)
        if pending.fails_later:
            return
        # StopWithSavepointTerminationManager waits for the tasks to finish since 1.13; before, the savepoint was enough
        operation.done_at = at + (duration if cluster.release.since("1.13") else pending.checkpoint.duration)

    def _draw_duration(
        self, job: Job, name: ClusterOperation, spec: ClusterOperationSpec, trigger_id: str
    ) -> int | None:
        """Return the duration of an operation in ms; None if it waits for polls or a signal.

        Without a duration in the scenario, it is at least that of the job's checkpoints. An unbounded operation lasts
        until the checkpoint timeout.
        """
        if isinstance(spec.duration, Polls | Signal):
            return None
        random = self.cluster.random
        duration = UNBOUNDED_MS if spec.duration.unbounded else random.draw(spec.duration, name, trigger_id) or 0
        if (
            name in job.spec.cluster_operations
            or name in self.cluster.spec.cluster_operations
            or job.spec.checkpoints is None
        ):
            return duration
        return max(duration, random.draw(job.spec.checkpoints.duration, name, trigger_id) or 0)

    def _trigger_error(self, job: Job, kind: CheckpointKind, directory: str | None, at: int) -> JavaException | None:
        """Return the exception if a checkpoint can't be triggered; None if it can."""
        release = self.cluster.release
        if job.state == JobState.INITIALIZING:
            return JavaException(java_classes.UNAVAILABLE_DISPATCHER_OPERATION_EXCEPTION, messages.initializing())
        if job.awaits_resources_at(at):
            return checkpoint_exception(checkpoint_messages.NOT_EXECUTING)
        if job.spec.is_batch:
            return batch_error(job, kind, release, at)
        running = {TaskState.RUNNING}
        if release.since("1.15"):
            running.add(TaskState.FINISHED)
        if job.state != JobState.RUNNING or not all(
            execution.state_at(at) in running for row in job.executions_at(at) for execution in row
        ):
            error = checkpoint_exception(checkpoint_messages.NOT_ALL_RUNNING)
            # SchedulerBase.triggerSavepoint of 1.12 wraps the failure once more (situations: partly: poll savepoint)
            return error if release.since("1.13") or kind != CheckpointKind.SAVEPOINT else completion_exception(error)
        return None if directory is None else self._directory_error(job, kind, directory, at)

    def _directory_error(self, job: Job, kind: CheckpointKind, directory: str, at: int) -> JavaException | None:
        """Return the exception if no savepoint can be created in a directory; None if it can."""
        cause = self.store.directory_problem(directory)
        if cause is None:
            return None
        if not self.cluster.release.since("1.13"):
            error = checkpoint_exception(checkpoint_messages.TRIGGER_FAILURE, completion_exception(cause))
            return completion_exception(error) if kind == CheckpointKind.SAVEPOINT else error
        # CheckpointCoordinator.getCheckpointException looks for an IOException
        text = checkpoint_messages.IO_PROBLEM
        if cause.java_class == java_classes.ILLEGAL_ARGUMENT_EXCEPTION:
            text = checkpoint_messages.TRIGGER_FAILURE
        job.checkpoints.trigger(
            at, CheckpointKind.SAVEPOINT, FAILS_AFTER_MS, format="CANONICAL", failure=text, reached_tasks=False
        )
        return checkpoint_exception(text, cause)

    def _planned_failure(self, job_id: str, name: ClusterOperation, spec: ClusterOperationSpec) -> JavaException | None:
        """Count a call of an operation; return the failure that the scenario plans for it, or None."""
        if not self.cluster.next_call_fails(job_id, name, spec):
            return None
        return spec.exception or checkpoint_exception(checkpoint_messages.EXPIRED)

    def _path(self, job: Job, trigger_id: str, directory: str) -> str:
        random = self.cluster.random.hex(12, "savepoint", trigger_id)
        return f"{qualified_path(directory).removesuffix('/')}/savepoint-{job.id[:6]}-{random}"

    # -- the end of an operation

    @event_handler(leader_scoped=True)
    def on_savepoint_stored(self, job_id: str, trigger_id: str, at: int) -> None:
        """Add the savepoint of a stop, which is complete before the job has finished."""
        pending = self._pending.get((job_id, trigger_id))
        if pending is not None:
            self._add_if_complete(pending, at)

    def _add_if_complete(self, pending: _Pending, at: int) -> None:
        checkpoint = pending.checkpoint
        if checkpoint.is_savepoint and checkpoint.status_at(at) == CheckpointStatus.COMPLETED:
            self._add(pending)

    def _add(self, pending: _Pending) -> None:
        """Add the savepoint of an operation, once: a client may have disposed of it since."""
        if not pending.is_stored:
            pending.is_stored = True
            self.store.add(pending.checkpoint)

    @event_handler(leader_scoped=True)
    def on_savepoint_completed(self, job_id: str, trigger_id: str, at: int) -> None:
        """Complete an operation whose duration is over, or whose wait condition is met."""
        pending = self._pending.get((job_id, trigger_id))
        if pending is None:
            return
        job = self.cluster.jobs[job_id]
        if pending.fails_later and pending.planned_failure is not None:
            job.checkpoints.end(pending.checkpoint, min(at, pending.checkpoint.ends_at), None)
            job.attempts[-1].plan_end(at + 1)  # the vertices before the last one have finished
            last = job.graph.vertices[-1].name
            self.cluster.state_machines.fail(job, at, ExceptionSpec(pending.planned_failure, vertex=last))
            return
        del self._pending[job_id, trigger_id]
        if pending.operation.done_at is None:
            self._finish(job, pending, at, pending.planned_failure)
            if pending.planned_failure is not None:
                return
        if pending.checkpoint.is_savepoint:
            self._add(pending)
        if pending.follow_up == FollowUp.CANCEL and not job.ended:
            self.cluster.state_machines.cancel(job, at)
        elif pending.follow_up == FollowUp.FINISH and not job.ended:
            self.cluster.state_machines.divert(job, at, (Step(JobState.FINISHED),))

    @event_handler(leader_scoped=True)
    def on_savepoint_expired(self, job_id: str, trigger_id: str, at: int) -> None:
        """Let an operation fail at its checkpoint timeout."""
        pending = self._pending.pop((job_id, trigger_id), None)
        if pending is not None:
            self.cluster.wait_conditions.remove(wait_key(job_id, trigger_id))
            self._finish(self.cluster.jobs[job_id], pending, at, checkpoint_exception(checkpoint_messages.EXPIRED))

    @staticmethod
    def _finish(job: Job, pending: _Pending, at: int, failure: JavaException | None) -> None:
        """End an operation whose end was unknown when it was triggered."""
        job.checkpoints.end(pending.checkpoint, at, None if failure is None else failure.message)
        pending.operation.done_at = at
        if failure is not None:
            pending.operation.fail(at, completion_exception(failure))

    def on_job_stopped(self, job: Job, at: int) -> None:
        """Let the pending operations of a job fail, because its tasks stop running. A complete savepoint remains."""
        for key, pending in list(self._pending.items()):
            if key[0] == job.id:
                del self._pending[key]
                self._add_if_complete(pending, at)
                self.cluster.wait_conditions.remove(wait_key(*key))
                if not pending.operation.done_by(at):
                    error = checkpoint_exception(checkpoint_messages.SUSPENDING)
                    pending.operation.fail(at, completion_exception(error))

    def fail_stop(self, job: Job, at: int) -> JavaException | None:
        """Let a stop fail whose savepoint is complete, because a task of the job fails.

        Returns:
            The failure of the stop; None if there is no such stop.
        """
        for key, pending in list(self._pending.items()):
            saved = pending.checkpoint.status_at(at) == CheckpointStatus.COMPLETED
            if key[0] == job.id and pending.follow_up == FollowUp.FINISH and saved:
                del self._pending[key]
                error = stopping_error(pending.checkpoint.path, job.id, self.cluster.release)
                pending.operation.fail(at + FAILS_AFTER_MS, completion_exception(error))
                self._add(pending)
                return error
        return None

    def drop_pending(self) -> None:
        """Forget the pending operations, which were lost with the leader."""
        for key in self._pending:
            self.cluster.wait_conditions.remove(wait_key(*key))
        self._pending.clear()

    # -- disposal

    def dispose(self, path: str, trigger_id: str, at: int, jobmanager: int = 0) -> None:
        """Trigger the disposal of the savepoint at `path`."""
        cluster, kind = self.cluster, AsyncOperationKind.DISPOSAL
        if cluster.async_operations.find(kind, trigger_id, None, at, jobmanager) is not None:
            return
        spec = cluster.cluster_operation_spec(None, ClusterOperation.DISPOSE_SAVEPOINT)
        duration = cluster.random.draw(spec.duration, "dispose", trigger_id)
        operation = AsyncOperation(kind, trigger_id, None, at, None, {}, jobmanager=jobmanager)
        cluster.async_operations.add(operation)
        planned = self._planned_failure("", ClusterOperation.DISPOSE_SAVEPOINT, spec)
        if planned is None and self.store.at(qualified_path(path), at) is None:
            duration, planned = FAILS_AFTER_MS, self.store.missing_error(path)
        elif planned is None:
            self.store.remove(qualified_path(path))
        if planned is not None:
            failure = JavaException(java_classes.FLINK_EXCEPTION, checkpoint_messages.could_not_dispose(path), planned)
            if not path:  # Flink does not expect an empty path, and does not wrap the exception
                text = checkpoint_messages.EMPTY_CHECKPOINT_POINTER
                failure = JavaException(java_classes.ILLEGAL_ARGUMENT_EXCEPTION, text)
            operation.failure = failure if cluster.release.since("1.13") else completion_exception(failure)
        if duration is None:
            cluster.wait_for(
                spec.duration, wait_key(None, trigger_id), at, "on_savepoint_disposed", trigger_id, jobmanager
            )
        else:
            operation.done_at = at + duration

    @event_handler(leader_scoped=False)
    def on_savepoint_disposed(self, trigger_id: str, jobmanager: int, at: int) -> None:
        """Complete a disposal whose wait condition is met."""
        operation = self.cluster.async_operations.find(AsyncOperationKind.DISPOSAL, trigger_id, None, at, jobmanager)
        if operation is not None:
            operation.done_at = at
