"""The texts of Flink's errors about checkpoints, savepoints and state.

The recordings contain each text, unless its docstring names another source.
"""

from __future__ import annotations

TASK_FAILED = "Task has failed."
"""CheckpointFailureReason.TASK_FAILURE."""
COORDINATOR_SUSPENDING = "Checkpoint Coordinator is suspending."
"""CheckpointFailureReason.CHECKPOINT_COORDINATOR_SUSPEND: the job stopped running during the checkpoint."""
EXPIRED = "Checkpoint expired before completing."
"""CheckpointFailureReason.CHECKPOINT_EXPIRED: the checkpoint took longer than its timeout."""
CHECKPOINTING_NOT_ENABLED = "Checkpointing has not been enabled."
"""The text of /jobs/:jobid/checkpoints."""
BLOCKING_OUTPUT = "Blocking output edge exists in running tasks."
NOT_EXECUTING = "The Flink job is currently not executing. Failure reason: Trigger checkpoint failure."
SINGLE_KEY_STATE_BACKEND = "Checkpoints are not supported in a single key state backend"
NOT_ALL_RUNNING = "Not all required tasks are currently running."
SOME_TASKS_FINISHED = (
    "Some tasks of the job have already finished and checkpointing with finished tasks is not enabled. "
    f"Failure reason: {NOT_ALL_RUNNING}"
)
"""DefaultCheckpointPlanCalculator, since 1.14."""
IO_PROBLEM = "An Exception occurred while triggering the checkpoint. IO-problem detected."
TRIGGER_FAILURE = "Trigger checkpoint failure."
"""The text if triggering throws an exception. Since 1.13, an IOException gets `IO_PROBLEM` instead."""
EMPTY_CHECKPOINT_POINTER = "empty checkpoint pointer"
NO_INCREMENTAL_CHECKPOINT = "Flink does not support triggering incremental checkpoint explicitly. See FLINK-33723."
NO_SAVEPOINT_PATH = "Field savepoint-path must not be omitted or be null."


def checkpointing_is_not_enabled(job_id: str) -> str:
    """Return the message of /jobs/:jobid/checkpoints/config."""
    return f"Checkpointing is not enabled for this job ({job_id})."


def checkpointing_was_not_enabled(job_id: str) -> str:
    """Return the message of /jobs/:jobid/checkpoints/details and of the paths below it."""
    return f"Checkpointing was not enabled for job {job_id}."


def no_checkpoint(checkpoint_id: int) -> str:
    return f"Could not find checkpointing statistics for checkpoint {checkpoint_id}."


def no_checkpoint_of_vertex(vertex_id: str) -> str:
    return f"There is no checkpoint statistics for task {vertex_id}."


def no_savepoint_directory(key: str, field: str) -> str:
    """Return the message of SavepointHandlers."""
    return f"Config key [{key}] is not set. Property [{field}] must be provided."


def could_not_dispose(path: str) -> str:
    return f"Could not dispose savepoint {path}."


def no_savepoint(path: str, file_system: str) -> str:
    return f"Cannot find checkpoint or savepoint file/directory '{path}' on file system '{file_system}'."


def no_metadata_in(directory: str) -> str:
    return (
        f"Cannot find meta data file '_metadata' in directory '{directory}'. Please try to load the "
        "checkpoint/savepoint directly from the metadata file instead of the directory."
    )


def invalid_savepoint_path(path: str) -> str:
    return (
        f"Checkpoint/savepoint path '{path}' is not a valid file URI. Either the pointer path is invalid, or the "
        "checkpoint was created by a different state backend."
    )


def savepoint_not_accessible(path: str) -> str:
    return f"Cannot access file system for checkpoint/savepoint path '{path}'."


def state_not_restorable(path: str, operator_id: str) -> str:
    """Return the message of Checkpoints.loadAndValidateCheckpoint."""
    return (
        f"Failed to rollback to checkpoint/savepoint {path}. Cannot map checkpoint/savepoint state for operator "
        f"{operator_id} to the new program, because the operator is not available in the new program. If you want to "
        "allow to skip this, you can set the --allowNonRestoredState option on the CLI."
    )


def savepoint_of_failed_stop(path: str, job_id: str) -> str:
    return (
        f"A savepoint has been created at: {path}, but the corresponding job {job_id} failed during stopping. The "
        "savepoint is consistent, but might have uncommitted transactions. If you want to commit the transaction "
        "please restart a job from this savepoint."
    )


def inconsistent_stop(job_id: str) -> str:
    return (
        "Inconsistent execution state after stopping with savepoint. At least one execution is still in one of the "
        f"following states: FAILED. A global fail-over is triggered to recover the job {job_id}."
    )


def not_performed(checkpoint_id: int, task: str) -> str:
    """Return the message of StreamTask (seen on 2.3, 1.20 and 1.12)."""
    return f"Could not perform checkpoint {checkpoint_id} for operator {task}."


def declined_by_task(task: str) -> str:
    return f"Task name with subtask : {task} Failure reason: {TASK_FAILED}"


def savepoint_directory_not_created(path: str) -> str:
    return f"Failed to create savepoint directory at {path}"
