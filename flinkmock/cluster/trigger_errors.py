"""The exceptions of checkpoints and savepoints that can't be triggered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flinkmock.cluster.checkpoint import CheckpointKind
from flinkmock.cluster.states import TERMINAL_TASK_STATES, JobState, TaskState
from flinkmock.flink import checkpoint_messages, java_classes, messages
from flinkmock.flink.exceptions import completion_exception
from flinkmock.flink.java_exception import JavaException

if TYPE_CHECKING:
    from flinkmock.cluster.job import Job
    from flinkmock.release import Release


def checkpoint_exception(text: str, cause: JavaException | None = None) -> JavaException:
    """Return a `CheckpointException`."""
    return JavaException(java_classes.CHECKPOINT_EXCEPTION, text, cause)


class WriteErrors(NamedTuple):
    """The exceptions of a task that can't write its part of a savepoint, and of the savepoint."""

    task_error: JavaException
    savepoint_error: JavaException


def write_errors(cause: JavaException, checkpoint_id: int, task_name: str) -> WriteErrors:
    """Return the exceptions as recorded with 2.3.0 and 1.20.5 for the target directory `//host/x`.

    Args:
        cause: Why the task can't write.
        checkpoint_id: The id of the savepoint.
        task_name: The name of the task, with subtask and attempt.
    """
    wrapped = JavaException(java_classes.FLINK_RUNTIME_EXCEPTION, str(cause), cause)
    text = checkpoint_messages.not_performed(checkpoint_id, task_name)
    task_error = JavaException(java_classes.EXCEPTION, text, wrapped)
    declined = checkpoint_exception(checkpoint_messages.declined_by_task(task_name), task_error)
    return WriteErrors(task_error, checkpoint_exception(checkpoint_messages.TASK_FAILED, declined))


def job_error(job: Job, kind: CheckpointKind, release: Release, at: int) -> JavaException | None:
    """Return the exception of a checkpoint that is triggered at `at` (epoch ms) while the job can't take one.

    Returns:
        None if the job can take a checkpoint.
    """
    if job.state == JobState.INITIALIZING:
        return JavaException(java_classes.UNAVAILABLE_DISPATCHER_OPERATION_EXCEPTION, messages.JOB_IS_INITIALIZING)
    if job.lacks_first_slots_at(at):
        return checkpoint_exception(checkpoint_messages.NOT_EXECUTING)
    if job.spec.is_batch:
        return _batch_error(job, kind, release, at)
    states = {execution.state_at(at) for row in job.executions_at(at) for execution in row}
    if TaskState.FINISHED in states and not job.checkpoints.taken_after_tasks_finish and release.since("1.14"):
        return checkpoint_exception(checkpoint_messages.SOME_TASKS_FINISHED)
    allowed_states = {TaskState.RUNNING}
    if job.checkpoints.taken_after_tasks_finish:
        allowed_states.add(TaskState.FINISHED)
    if job.state != JobState.RUNNING or not states <= allowed_states:
        # recorded: situations: partly: poll savepoint
        error = checkpoint_exception(checkpoint_messages.NOT_ALL_RUNNING)
        return wrapped_before_1_13(error, kind, release)
    return None


def _batch_error(job: Job, kind: CheckpointKind, release: Release, at: int) -> JavaException:
    """Return the exception of a checkpoint of a batch job (recorded with 2.3.0, 1.20.5, 1.12.5; situations: batch)."""
    if not release.since("1.17"):
        cause = JavaException(
            java_classes.UNSUPPORTED_OPERATION_EXCEPTION, checkpoint_messages.SINGLE_KEY_STATE_BACKEND
        )
        error = checkpoint_exception(checkpoint_messages.TRIGGER_FAILURE, completion_exception(cause))
        return wrapped_before_1_13(error, kind, release)
    if kind != CheckpointKind.CHECKPOINT and release.since("1.20") and _has_blocking_output(job, at):
        return checkpoint_exception(checkpoint_messages.BLOCKING_OUTPUT)
    return JavaException(java_classes.ILLEGAL_STATE_EXCEPTION, messages.not_a_streaming_job(job.id))


def wrapped_before_1_13(error: JavaException, kind: CheckpointKind, release: Release) -> JavaException:
    """Return `error`; before 1.13, wrap the error of a savepoint (SchedulerBase.triggerSavepoint)."""
    if kind != CheckpointKind.SAVEPOINT or release.since("1.13"):
        return error
    return completion_exception(error)


def _has_blocking_output(job: Job, at: int) -> bool:
    """Return whether a task that has not ended has a blocking output (ExecutionGraphUtils.isAnyOutputBlocking)."""
    return any(
        execution.state_at(at) not in TERMINAL_TASK_STATES
        for row in job.present_executions_at(at)
        for execution in row
        if execution.vertex.index in job.graph.indexes_with_blocking_output
    )
