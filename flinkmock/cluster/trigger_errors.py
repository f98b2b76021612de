"""The exceptions of checkpoints and savepoints that can't be triggered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flinkmock.cluster.checkpoint import CheckpointKind
from flinkmock.cluster.states import TERMINAL_TASK_STATES
from flinkmock.flink import checkpoint_messages, java_classes, messages
from flinkmock.flink.exceptions import completion_exception
from flinkmock.flink.java_exception import JavaException

if TYPE_CHECKING:
    from flinkmock.cluster.job import Job
    from flinkmock.release import Release


def checkpoint_exception(text: str, cause: JavaException | None = None) -> JavaException:
    """Return a `CheckpointException`."""
    return JavaException(java_classes.CHECKPOINT_EXCEPTION, text, cause)


def task_errors(cause: JavaException, checkpoint_id: int, task: str) -> tuple[JavaException, JavaException]:
    """Return the exception of a task that can't write its part of a savepoint, and that of the savepoint.

    As recorded with 2.3.0 and 1.20.5 for the target directory `//host/x`.

    Args:
        cause: Why the task can't write.
        checkpoint_id: The number of the savepoint.
        task: The name of the task, with subtask and attempt.
    """
    wrapped = JavaException(java_classes.FLINK_RUNTIME_EXCEPTION, str(cause), cause)
    text = checkpoint_messages.not_performed(checkpoint_id, task)
    of_task = JavaException(java_classes.EXCEPTION, text, wrapped)
    declined = checkpoint_exception(checkpoint_messages.declined_by_task(task), of_task)
    return of_task, checkpoint_exception(checkpoint_messages.TASK_FAILED, declined)


def batch_error(job: Job, kind: CheckpointKind, release: Release, at: int) -> JavaException:
    """Return the exception of a checkpoint of a batch job (recorded with 2.3.0, 1.20.5, 1.12.5; situations: batch)."""
    if not release.since("1.17"):
        cause = JavaException(
            java_classes.UNSUPPORTED_OPERATION_EXCEPTION, checkpoint_messages.SINGLE_KEY_STATE_BACKEND
        )
        error = checkpoint_exception(checkpoint_messages.TRIGGER_FAILURE, completion_exception(cause))
        return error if release.since("1.13") or kind != CheckpointKind.SAVEPOINT else completion_exception(error)
    if kind != CheckpointKind.CHECKPOINT and release.since("1.20") and _has_blocking_output(job, at):
        return checkpoint_exception(checkpoint_messages.BLOCKING_OUTPUT)
    return JavaException(java_classes.ILLEGAL_STATE_EXCEPTION, messages.not_a_streaming_job(job.id))


def _has_blocking_output(job: Job, at: int) -> bool:
    """Return whether a task that has not ended has a blocking output (ExecutionGraphUtils.isAnyOutputBlocking)."""
    return any(
        execution.state_at(at) not in TERMINAL_TASK_STATES
        for row in job.present_executions_at(at)
        for execution in row
        if execution.vertex.index in job.graph.blocking_outputs
    )
