"""The messages that Flink logs while jobs run. There is one function for each message.

Texts and loggers are from live clusters of 1.16, 1.20 and 2.3. All functions use these parameters: `time` is in
epoch ms; `task` is the name of a subtask with its number ("tokenize (1/2)"); `execution_id` is the id of its execution,
and `attempt` the number of this execution, from 0; `old` and `new` are states.
"""

from __future__ import annotations

from datetime import UTC, datetime

from flinkmock.flink.java_exception import JavaException, stack_trace
from flinkmock.flink.logs import LogEvent
from flinkmock.flink.rpc import TaskManagerLocation, taskmanager_path
from flinkmock.flink.savepoint_purpose import SavepointPurpose
from flinkmock.release import Release

_RUNTIME = "org.apache.flink.runtime"
_DISPATCHER = f"{_RUNTIME}.dispatcher.StandaloneDispatcher"
_EXECUTION_GRAPH = f"{_RUNTIME}.executiongraph.ExecutionGraph"
_JOB_MASTER = f"{_RUNTIME}.jobmaster.JobMaster"
_CHECKPOINT_COORDINATOR = f"{_RUNTIME}.checkpoint.CheckpointCoordinator"
_CHECKPOINT_FAILURE_MANAGER = f"{_RUNTIME}.checkpoint.CheckpointFailureManager"
_RESOURCE_MANAGER = f"{_RUNTIME}.resourcemanager.StandaloneResourceManager"
_TASK = f"{_RUNTIME}.taskmanager.Task"
_TASK_EXECUTOR = f"{_RUNTIME}.taskexecutor.TaskExecutor"


def _with_cause(message: str, cause: JavaException | None) -> str:
    return message if cause is None else f"{message}\n{stack_trace(cause).rstrip()}"


def job_received(time: int, job_id: str, name: str, release: Release) -> LogEvent:
    kind = "job" if release.since("2.0") else "JobGraph"
    return LogEvent(time, _DISPATCHER, f"Received {kind} submission '{name}' ({job_id}).")


def job_initializing(time: int, job_id: str, name: str) -> LogEvent:
    return LogEvent(time, _JOB_MASTER, f"Initializing job '{name}' ({job_id}).")


def job_switched(time: int, job_id: str, name: str, old: str, new: str, cause: JavaException | None = None) -> LogEvent:
    """The state of a job changes. `cause` is the exception of a job that fails."""
    message = f"Job {name} ({job_id}) switched from state {old} to {new}."
    return LogEvent(time, _EXECUTION_GRAPH, _with_cause(message, cause))


def job_ended(time: int, job_id: str, state: str) -> LogEvent:
    return LogEvent(time, _DISPATCHER, f"Job {job_id} reached terminal state {state}.")


def job_stopped(time: int, job_id: str, name: str) -> LogEvent:
    return LogEvent(time, _JOB_MASTER, f"Stopping the JobMaster for job '{name}' ({job_id}).")


def tasks_restarted(time: int, task_count: int, execution_id: str) -> LogEvent:
    return LogEvent(
        time, _JOB_MASTER, f"{task_count} tasks will be restarted to recover the failed task {execution_id}."
    )


def task_switched(time: int, task: str, execution_id: str, old: str, new: str) -> LogEvent:
    """The state of a task changes, in the log of the JobManager."""
    return LogEvent(time, _EXECUTION_GRAPH, f"{task} ({execution_id}) switched from {old} to {new}.")


def task_failed(
    time: int, task: str, execution_id: str, old: str, location: TaskManagerLocation, cause: JavaException
) -> LogEvent:
    message = f"{task} ({execution_id}) switched from {old} to FAILED on {_taskmanager_text(location)}."
    return LogEvent(time, _EXECUTION_GRAPH, _with_cause(message, cause))


def task_deployed(
    time: int,
    task: str,
    attempt: int,
    execution_id: str,
    vertex_id: str,
    location: TaskManagerLocation,
    allocation_id: str,
) -> LogEvent:
    """A task is deployed, in the log of the JobManager."""
    return LogEvent(
        time,
        _EXECUTION_GRAPH,
        f"Deploying {task} (attempt #{attempt}) with attempt id {execution_id} and vertex id {vertex_id} "
        f"to {_taskmanager_text(location)} with allocation id {allocation_id}",
    )


def _taskmanager_text(location: TaskManagerLocation) -> str:
    return f"{location.id} @ {location.host} (dataPort={location.data_port})"


def checkpoint_triggered(
    time: int,
    job_id: str,
    checkpoint_id: int,
    savepoint_purpose: SavepointPurpose | None = None,
    savepoint_format: str | None = None,
) -> LogEvent:
    """A checkpoint or savepoint starts.

    Checkpoints have neither `savepoint_purpose` nor `savepoint_format`, which is CANONICAL or NATIVE.
    """
    kind = (
        "CheckpointType{name='Checkpoint', sharingFilesStrategy=FORWARD_BACKWARD}"
        if savepoint_purpose is None
        else f"SavepointType{{name='{savepoint_purpose.type_name}', "
        f"postCheckpointAction={savepoint_purpose.action}, formatType={savepoint_format}}}"
    )
    message = f"Triggering checkpoint {checkpoint_id} (type={kind}) @ {time} for job {job_id}."
    return LogEvent(time, _CHECKPOINT_COORDINATOR, message)


def checkpoint_completed(time: int, job_id: str, checkpoint_id: int, size: int, duration_ms: int) -> LogEvent:
    """A checkpoint completes. `size` is in bytes."""
    return LogEvent(
        time,
        _CHECKPOINT_COORDINATOR,
        f"Completed checkpoint {checkpoint_id} for job {job_id} "
        f"({size} bytes, checkpointDuration={duration_ms} ms, finalizationTime=1 ms).",
    )


def checkpoint_failed(
    time: int, job_id: str, checkpoint_id: int, failure_count: int, cause: JavaException | None = None
) -> LogEvent:
    """A checkpoint fails. `failure_count` counts the failures since the last completed checkpoint, up to this one."""
    message = (
        f"Failed to trigger or complete checkpoint {checkpoint_id} for job {job_id}. "
        f"({failure_count} consecutive failed attempts so far)"
    )
    return LogEvent(time, _CHECKPOINT_FAILURE_MANAGER, _with_cause(message, cause), "WARN")


def checkpoint_restored(
    time: int, job_id: str, checkpoint_id: int, triggered_at: int, path: str, *, is_savepoint: bool
) -> LogEvent:
    """A job is restored from a checkpoint or savepoint.

    `triggered_at` is when it was triggered (epoch ms), or 0 if the job was submitted with its path.
    """
    name = "Savepoint" if is_savepoint else "Checkpoint"
    return LogEvent(
        time,
        _CHECKPOINT_COORDINATOR,
        f"Restoring job {job_id} from {name} {checkpoint_id} @ {triggered_at} for {job_id} located at {path}.",
    )


def savepoint_triggered(time: int, job_id: str, purpose: SavepointPurpose) -> LogEvent:
    return LogEvent(time, _JOB_MASTER, f"Triggering {purpose.log_name} for job {job_id}.")


def taskmanager_registered(time: int, taskmanager: TaskManagerLocation, release: Release) -> LogEvent:
    path = taskmanager_path(taskmanager, release)
    return LogEvent(
        time, _RESOURCE_MANAGER, f"Registering TaskManager with ResourceID {taskmanager.id} ({path}) at ResourceManager"
    )


def taskmanager_lost(time: int, taskmanager_id: str, reason: str) -> LogEvent:
    return LogEvent(time, _RESOURCE_MANAGER, f"Closing TaskExecutor connection {taskmanager_id} because: {reason}")


def task_received(time: int, task: str, attempt: int, execution_id: str, allocation_id: str) -> LogEvent:
    """A task is deployed, in the log of the TaskManager."""
    return LogEvent(
        time,
        _TASK_EXECUTOR,
        f"Received task {task}#{attempt} ({execution_id}), deploy into slot with allocation id {allocation_id}.",
    )


def task_switched_on_taskmanager(
    time: int, task: str, attempt: int, execution_id: str, old: str, new: str, cause: JavaException | None = None
) -> LogEvent:
    """The state of a task changes, in the log of the TaskManager. A failure is a warning with its cause."""
    message = f"{task}#{attempt} ({execution_id}) switched from {old} to {new}"
    if cause is None:
        return LogEvent(time, _TASK, f"{message}.")
    return LogEvent(time, _TASK, f"{message} with failure cause:\n{stack_trace(cause).rstrip()}", "WARN")


def closed_class_loader(time: int) -> str:
    """Return what log4j 2.24 prints if it can't log the exception of a main method that was run to create a plan.

    It can't because the class loader of the jar is closed.
    """
    timestamp = datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f"{timestamp} Flink-DispatcherRestEndpoint-thread-1 ERROR "
        "An exception occurred processing Appender MainAppender "
        "java.lang.IllegalStateException: Trying to access closed classloader. Please check if you store classloaders "
        "directly or indirectly in static fields. If the stacktrace suggests that the leak occurs in a third party "
        "library and cannot be fixed immediately, you can disable this check with the configuration "
        "'classloader.check-leaked-classloader'."
    )
