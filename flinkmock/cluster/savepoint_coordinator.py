"""Async operations around savepoints: savepoints, checkpoints on demand, stop-with-savepoint, disposal.

A trigger always succeeds; if the job is unknown or has ended, the operation fails a few milliseconds later. The outcome
of an operation is planned when it is triggered, and revised if its job stops running earlier.
See docs/flink-behaviour.md#async-operations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flinkmock.cluster.async_operations import AsyncOperation, AsyncOperationKind, wait_key
from flinkmock.cluster.checkpoint import CheckpointKind, CheckpointStatus
from flinkmock.cluster.checkpoint_tracker import UNBOUNDED_MS
from flinkmock.cluster.event_queue import event_handler
from flinkmock.cluster.failures import stop_error
from flinkmock.cluster.pending_operation import PendingOperation
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
from flinkmock.cluster.states import JobState
from flinkmock.cluster.trigger_errors import checkpoint_exception, job_error, wrapped_before_1_13, write_errors
from flinkmock.flink import checkpoint_messages, java_classes
from flinkmock.flink.exceptions import completion_exception, job_not_found
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.options import SAVEPOINT_DIR
from flinkmock.flink.paths import WORKING_DIRECTORY, qualified_path
from flinkmock.flink.savepoint_purpose import SavepointPurpose
from flinkmock.named_random import Name

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.cluster.job import Job

_FOLLOW_UPS = {
    SavepointPurpose.CANCEL: FollowUp.CANCEL,
    SavepointPurpose.SUSPEND: FollowUp.FINISH,
    SavepointPurpose.TERMINATE: FollowUp.FINISH,
}
FAILS_AFTER_MS = 4
"""The time from the trigger to the failure of an operation that can't start; at most 5 ms in the recordings."""
STOP_SAVEPOINT_PART = 0.6
"""The part of the duration of a stop after which its savepoint is complete. During the rest, the tasks finish."""


def _timeout_ms(job: Job) -> int:
    """Return the checkpoint timeout of the job."""
    return (job.spec.checkpoints or CheckpointSpec()).timeout


def _failure_message(failure: JavaException | None) -> str | None:
    """Return the failure message of a checkpoint that fails with `failure`; None if it completes."""
    return None if failure is None else failure.message or checkpoint_messages.TASK_FAILED


@dataclass
class SavepointCoordinator:
    """Runs the async operations of a cluster that create savepoints and checkpoints, and dispose of savepoints.

    Attributes:
        cluster: The cluster.
        store: The savepoints from which jobs can be restored.
    """

    cluster: Cluster
    store: SavepointStore
    _pending: dict[tuple[str, str], PendingOperation] = field(default_factory=dict)
    """(job id, trigger id) -> operation in progress."""

    @event_handler(leader_scoped=True)
    def record_past_savepoint(self, job_id: str, index: int, at: int) -> None:
        """Trigger a savepoint that was taken before the scenario began. It takes as long as other savepoints."""
        job = self.cluster.jobs[job_id]
        savepoint = job.spec.past_savepoints[index]
        directory = self.cluster.configuration.text(SAVEPOINT_DIR) or WORKING_DIRECTORY
        path = qualified_path(savepoint.path) if savepoint.path else self._path(job, f"{job_id} {index}", directory)
        operation_spec = self.cluster.cluster_operation_spec(job, ClusterOperation.SAVEPOINT)
        duration = self._drawn_ms(job, operation_spec, "past savepoint", job_id, index) or 0
        purpose = SavepointPurpose.SAVEPOINT
        self.store.add(
            job.checkpoints.trigger(
                at, CheckpointKind.SAVEPOINT, duration, purpose=purpose, format="CANONICAL", path=path
            )
        )

    # -- triggers

    def trigger_savepoint(self, request: SavepointRequest, at: int) -> None:
        """Trigger a savepoint at `at` (epoch ms), after which the job is cancelled if the client requests that."""
        purpose = SavepointPurpose.CANCEL if request.cancels_job else SavepointPurpose.SAVEPOINT
        self._trigger(request, ClusterOperation.SAVEPOINT, CheckpointKind.SAVEPOINT, purpose, at)

    def stop_with_savepoint(self, request: SavepointRequest, at: int) -> None:
        """Trigger a savepoint at `at` (epoch ms), after which the job finishes."""
        purpose = SavepointPurpose.TERMINATE if request.drains_job else SavepointPurpose.SUSPEND
        self._trigger(request, ClusterOperation.STOP_WITH_SAVEPOINT, CheckpointKind.SYNC_SAVEPOINT, purpose, at)

    def trigger_checkpoint(self, job_id: str, trigger_id: str, at: int) -> None:
        """Trigger a checkpoint at `at` (epoch ms)."""
        request = SavepointRequest(job_id=job_id, trigger_id=trigger_id, format=None)
        self._trigger(request, ClusterOperation.CHECKPOINT, CheckpointKind.CHECKPOINT, None, at)

    def _trigger(
        self,
        request: SavepointRequest,
        cluster_operation: ClusterOperation,
        kind: CheckpointKind,
        purpose: SavepointPurpose | None,
        at: int,
    ) -> None:
        """Add an async operation and plan its outcome; do nothing if the trigger id is known.

        Args:
            request: The request of the client.
            cluster_operation: The cluster operation that the client requests.
            kind: The kind of the checkpoint that is created.
            purpose: What the savepoint is taken for; None for a checkpoint.
            at: Epoch ms.
        """
        job_id, trigger_id = request.job_id, request.trigger_id
        is_checkpoint = kind == CheckpointKind.CHECKPOINT
        operation_kind = AsyncOperationKind.CHECKPOINT if is_checkpoint else AsyncOperationKind.SAVEPOINT
        operations = self.cluster.async_operations
        if operations.find(operation_kind, trigger_id, job_id, at, request.jobmanager) is not None:
            return  # a client that sends a trigger id again means the same operation
        operation = operations.add(
            AsyncOperation(operation_kind, trigger_id, job_id, at, None, {}, jobmanager=request.jobmanager)
        )
        job = self.cluster.jobs.get(job_id)
        if job is None or job.has_ended:
            operation.fail(at + FAILS_AFTER_MS, completion_exception(job_not_found(job_id)))
            return
        operation_spec = self.cluster.cluster_operation_spec(job, cluster_operation)
        error = self._trigger_error(job, kind, purpose, request, at)
        if error is not None:
            operation.fail(at + FAILS_AFTER_MS, completion_exception(error))
            return
        path = "" if request.directory is None else self._path(job, trigger_id, request.directory)
        write_error = self._write_error(path)
        if write_error is not None:
            self._fail_to_write(job, operation, path, kind, purpose, request.format, write_error, at)
            return
        follow_up = None if purpose is None else _FOLLOW_UPS.get(purpose)
        duration = self._draw_duration(job, cluster_operation, operation_spec, trigger_id)
        planned_failure = self._planned_failure(job.id, cluster_operation, operation_spec)
        fails_after_savepoint = (
            operation_spec.leaves_savepoint and planned_failure is not None and follow_up == FollowUp.FINISH
        )
        if duration is not None and duration >= _timeout_ms(job):
            duration, planned_failure = _timeout_ms(job), checkpoint_exception(checkpoint_messages.EXPIRED)
            fails_after_savepoint = False
        completes_savepoint = planned_failure is None or fails_after_savepoint
        savepoint_ms = duration
        if duration and follow_up == FollowUp.FINISH and completes_savepoint:
            savepoint_ms = round(duration * STOP_SAVEPOINT_PART)
        checkpoint = job.checkpoints.trigger(
            at,
            kind,
            UNBOUNDED_MS if savepoint_ms is None else savepoint_ms,
            purpose=purpose,
            format=request.format,
            path=path,
            failure=None if fails_after_savepoint else _failure_message(planned_failure),
        )
        operation.result = {"checkpointId": checkpoint.id} if is_checkpoint else {"location": checkpoint.path}
        pending = PendingOperation(operation, checkpoint, duration, follow_up, planned_failure, fails_after_savepoint)
        self._schedule_end(job, pending, operation_spec, at)

    def _write_error(self, path: str) -> JavaException | None:
        """Return the exception if no task can write to a path; None if tasks can write, or write nothing (1.12)."""
        if not path or not self.cluster.release.since("1.13"):
            return None
        return self.store.file_systems.task_write_error(path)

    def _fail_to_write(
        self,
        job: Job,
        operation: AsyncOperation,
        path: str,
        kind: CheckpointKind,
        purpose: SavepointPurpose | None,
        format: str | None,
        cause: JavaException,
        at: int,
    ) -> None:
        """Fail a savepoint, and the first task with it, because the task can't write to `path`."""
        text = checkpoint_messages.TASK_FAILED
        checkpoint = job.checkpoints.trigger(
            at, kind, FAILS_AFTER_MS, purpose=purpose, format=format, path=path, failure=text
        )
        first_task = job.executions_at(at)[0][0]
        vertex = first_task.vertex
        task_name = f"{vertex.name} (1/{vertex.parallelism})#{first_task.attempt}"
        errors = write_errors(cause, checkpoint.id, task_name)
        operation.fail(at + FAILS_AFTER_MS, completion_exception(errors.savepoint_error))
        exception = ExceptionSpec(errors.task_error, vertex=vertex.name, subtask=0)
        self.cluster.event_queue.schedule(at + FAILS_AFTER_MS, "on_task_failed", job.id, exception)

    @event_handler(leader_scoped=True)
    def on_task_failed(self, job_id: str, exception: ExceptionSpec, at: int) -> None:
        """Fail a task that could not write its part of a savepoint."""
        job = self.cluster.jobs[job_id]
        if not job.has_ended:
            self.cluster.state_machines.fail(job, at, exception)

    def _schedule_end(self, job: Job, pending: PendingOperation, operation_spec: ClusterOperationSpec, at: int) -> None:
        cluster, operation, duration = self.cluster, pending.operation, pending.duration
        key = (job.id, operation.trigger_id)
        if duration is None:
            self._pending[key] = pending
            cluster.event_queue.schedule(at + _timeout_ms(job), "on_savepoint_expired", *key)
            cluster.schedule_on_condition(operation_spec.duration, wait_key(*key), at, "on_savepoint_completed", *key)
            return
        self._pending[key] = pending
        if pending.checkpoint.duration < duration:
            cluster.event_queue.schedule(at + pending.checkpoint.duration, "on_savepoint_stored", *key)
        cluster.event_queue.schedule(at + duration, "on_savepoint_completed", *key)
        if pending.fails_after_savepoint:
            return
        # a stop is complete when the tasks have finished (StopWithSavepointTerminationManager)
        operation.done_at = at + duration
        if pending.planned_failure is not None:
            operation.fail(at + duration, completion_exception(pending.planned_failure))

    def _draw_duration(
        self, job: Job, cluster_operation: ClusterOperation, operation_spec: ClusterOperationSpec, trigger_id: str
    ) -> int | None:
        """Return the duration of an operation in ms; None if it waits for polls or a signal.

        An unbounded operation lasts until the checkpoint timeout.
        """
        if isinstance(operation_spec.duration, Polls | Signal):
            return None
        drawn = self._drawn_ms(job, operation_spec, cluster_operation, trigger_id)
        return UNBOUNDED_MS if drawn is None else drawn

    def _drawn_ms(self, job: Job, operation_spec: ClusterOperationSpec, *names: Name) -> int | None:
        """Draw the duration of an operation in ms; None if it is unbounded or a wait condition.

        An operation without a duration in the scenario takes at least as long as a checkpoint of the job.
        """
        random, checkpoints = self.cluster.random, job.spec.checkpoints
        duration = random.draw(operation_spec.duration, *names)
        if not operation_spec.has_default_duration or checkpoints is None:
            return duration
        checkpoint_duration = random.draw(checkpoints.duration, *names)
        return None if duration is None or checkpoint_duration is None else max(duration, checkpoint_duration)

    def _trigger_error(
        self, job: Job, kind: CheckpointKind, purpose: SavepointPurpose | None, request: SavepointRequest, at: int
    ) -> JavaException | None:
        """Return the exception if a checkpoint can't be triggered; None if it can."""
        error = job_error(job, kind, self.cluster.release, at)
        if error is None and request.directory is not None:
            error = self._directory_error(job, kind, purpose, request.directory, request.format, at)
        return error

    def _directory_error(
        self,
        job: Job,
        kind: CheckpointKind,
        purpose: SavepointPurpose | None,
        directory: str,
        format: str | None,
        at: int,
    ) -> JavaException | None:
        """Return the exception if no savepoint can be created in a directory; None if one can.

        Since 1.13, a savepoint that fails for this reason counts as a failed checkpoint of the job
        (recorded on 1.17.2; situations: directories: checkpoints).
        """
        cause = self.store.directory_error(directory)
        if cause is None:
            return None
        if not self.cluster.release.since("1.13"):
            error = checkpoint_exception(checkpoint_messages.TRIGGER_FAILURE, completion_exception(cause))
            return wrapped_before_1_13(error, kind, self.cluster.release)
        # CheckpointCoordinator.getCheckpointException looks for an IOException
        text = checkpoint_messages.IO_PROBLEM
        if cause.java_class == java_classes.ILLEGAL_ARGUMENT_EXCEPTION:
            text = checkpoint_messages.TRIGGER_FAILURE
        job.checkpoints.trigger(
            at, kind, FAILS_AFTER_MS, purpose=purpose, format=format, failure=text, reached_tasks=False
        )
        return checkpoint_exception(text, cause)

    def _planned_failure(
        self, job_id: str, cluster_operation: ClusterOperation, operation_spec: ClusterOperationSpec
    ) -> JavaException | None:
        """Count a call of an operation; return the failure that the scenario plans for this call, or None."""
        if not self.cluster.next_call_fails(job_id, cluster_operation, operation_spec):
            return None
        return operation_spec.exception or checkpoint_exception(checkpoint_messages.EXPIRED)

    def _path(self, job: Job, trigger_id: str, directory: str) -> str:
        """Return the path of a savepoint that an operation creates in a directory."""
        suffix = self.cluster.random.hex(12, "savepoint", trigger_id)
        return f"{qualified_path(directory).removesuffix('/')}/savepoint-{job.id[:6]}-{suffix}"

    # -- the end of an operation

    @event_handler(leader_scoped=True)
    def on_savepoint_stored(self, job_id: str, trigger_id: str, at: int) -> None:
        """Add the savepoint of a stop, which is complete before the job has finished."""
        pending = self._pending.get((job_id, trigger_id))
        if pending is not None:
            self._store_if_complete(pending, at)

    def _store_if_complete(self, pending: PendingOperation, at: int) -> None:
        checkpoint = pending.checkpoint
        if checkpoint.is_savepoint and checkpoint.status_at(at) == CheckpointStatus.COMPLETED:
            self._store(pending)

    def _store(self, pending: PendingOperation) -> None:
        """Add the savepoint of an operation to the store, but only once, because a client may have disposed of it."""
        if not pending.is_stored:
            pending.is_stored = True
            self.store.add(pending.checkpoint)

    @event_handler(leader_scoped=True)
    def on_savepoint_completed(self, job_id: str, trigger_id: str, at: int) -> None:
        """End an operation whose duration is over, or whose wait condition is met, as planned."""
        pending = self._pending.get((job_id, trigger_id))
        if pending is None:
            return
        job = self.cluster.jobs[job_id]
        if pending.fails_after_savepoint and pending.planned_failure is not None:
            job.checkpoints.end(pending.checkpoint, min(at, pending.checkpoint.ends_at), None)
            job.attempts[-1].plan_end(at + 1)  # the vertices before the last one have finished
            last_vertex = job.graph.vertices[-1].name
            self.cluster.state_machines.fail(job, at, ExceptionSpec(pending.planned_failure, vertex=last_vertex))
            return
        del self._pending[job_id, trigger_id]
        if pending.operation.done_at is None:
            self._end(job, pending, at, pending.planned_failure)
        if pending.planned_failure is not None:
            return
        if pending.checkpoint.is_savepoint:
            self._store(pending)
        if pending.follow_up == FollowUp.CANCEL and not job.has_ended:
            self.cluster.state_machines.cancel(job, at)
        elif pending.follow_up == FollowUp.FINISH and not job.has_ended:
            self.cluster.state_machines.divert(job, at, (Step(JobState.FINISHED),))

    @event_handler(leader_scoped=True)
    def on_savepoint_expired(self, job_id: str, trigger_id: str, at: int) -> None:
        """Fail an operation at its checkpoint timeout."""
        pending = self._pending.pop((job_id, trigger_id), None)
        if pending is not None:
            self.cluster.wait_conditions.remove(wait_key(job_id, trigger_id))
            self._end(self.cluster.jobs[job_id], pending, at, checkpoint_exception(checkpoint_messages.EXPIRED))

    @staticmethod
    def _end(job: Job, pending: PendingOperation, at: int, failure: JavaException | None) -> None:
        """End an operation whose end was unknown when it was triggered. It succeeds if `failure` is None."""
        job.checkpoints.end(pending.checkpoint, at, _failure_message(failure))
        pending.operation.done_at = at
        if failure is not None:
            pending.operation.fail(at, completion_exception(failure))

    def on_job_stopped(self, job: Job, at: int) -> None:
        """Fail the pending operations of a job, because its tasks stop running. A complete savepoint remains."""
        for key, pending in self._pending_of(job):
            del self._pending[key]
            self._store_if_complete(pending, at)
            self.cluster.wait_conditions.remove(wait_key(*key))
            if not pending.operation.is_done_at(at):
                error = checkpoint_exception(checkpoint_messages.COORDINATOR_SUSPENDING)
                pending.operation.fail(at, completion_exception(error))

    def fail_stop(self, job: Job, at: int) -> JavaException | None:
        """Fail a stop whose savepoint is complete, because a task of the job fails.

        Returns:
            The failure of the stop; None if there is no such stop.
        """
        pending = self.find_saved_stop(job, at)
        if pending is None:
            return None
        del self._pending[job.id, pending.operation.trigger_id]
        error = stop_error(pending.checkpoint.path, job.id, self.cluster.release)
        pending.operation.fail(at + FAILS_AFTER_MS, completion_exception(error))
        self._store(pending)
        return error

    def find_saved_stop(self, job: Job, at: int) -> PendingOperation | None:
        """Return the pending stop of a job whose savepoint is complete at `at` (epoch ms); None if there is none."""
        for _, pending in self._pending_of(job):
            is_saved = pending.checkpoint.status_at(at) == CheckpointStatus.COMPLETED
            if pending.follow_up == FollowUp.FINISH and is_saved:
                return pending
        return None

    def _pending_of(self, job: Job) -> list[tuple[tuple[str, str], PendingOperation]]:
        """Return the keys and values of the operations in progress of a job."""
        return [(key, pending) for key, pending in self._pending.items() if key[0] == job.id]

    def drop_pending(self) -> None:
        """Forget the pending operations, which were lost with the leader."""
        for key in self._pending:
            self.cluster.wait_conditions.remove(wait_key(*key))
        self._pending.clear()

    # -- disposal

    def dispose(self, path: str, trigger_id: str, at: int, jobmanager: int = 0) -> None:
        """Trigger the disposal of the savepoint at `path`, at `at` (epoch ms); do nothing if the trigger id is known.

        `jobmanager` is the number of the JobManager that received the request.
        """
        cluster, kind = self.cluster, AsyncOperationKind.DISPOSAL
        if cluster.async_operations.find(kind, trigger_id, None, at, jobmanager) is not None:
            return
        operation_spec = cluster.cluster_operation_spec(None, ClusterOperation.DISPOSE_SAVEPOINT)
        duration = cluster.random.draw(operation_spec.duration, "dispose", trigger_id)
        operation = AsyncOperation(kind, trigger_id, None, at, None, {}, jobmanager=jobmanager)
        cluster.async_operations.add(operation)
        cause = self._planned_failure("", ClusterOperation.DISPOSE_SAVEPOINT, operation_spec)
        if cause is None and self.store.find(qualified_path(path), at) is None:
            duration, cause = FAILS_AFTER_MS, self.store.missing_error(path)
        elif cause is None:
            self.store.remove(qualified_path(path))
        if cause is not None:
            failure = JavaException(java_classes.FLINK_EXCEPTION, checkpoint_messages.could_not_dispose(path), cause)
            if not path:  # Flink does not wrap the exception for an empty path
                text = checkpoint_messages.EMPTY_CHECKPOINT_POINTER
                failure = JavaException(java_classes.ILLEGAL_ARGUMENT_EXCEPTION, text)
            operation.failure = failure if cluster.release.since("1.13") else completion_exception(failure)
        if duration is None:
            cluster.schedule_on_condition(
                operation_spec.duration, wait_key(None, trigger_id), at, "on_savepoint_disposed", trigger_id, jobmanager
            )
        else:
            operation.done_at = at + duration

    @event_handler(leader_scoped=False)
    def on_savepoint_disposed(self, trigger_id: str, jobmanager: int, at: int) -> None:
        """Complete a disposal whose wait condition is met."""
        operation = self.cluster.async_operations.find(AsyncOperationKind.DISPOSAL, trigger_id, None, at, jobmanager)
        if operation is not None:
            operation.done_at = at
