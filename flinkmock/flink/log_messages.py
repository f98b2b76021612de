"""The messages that Flink logs while jobs run: one function for each event.

Texts and loggers are those of live clusters of 1.16, 1.20 and 2.3. `time` is in epoch ms, `task` is the name of a
subtask with its index ("tokenize (1/2)"), and `attempt` is the id of its attempt.
"""

from __future__ import annotations

from datetime import UTC, datetime

from flinkmock.flink.java_exception import JavaException, stack_trace
from flinkmock.flink.logs import LogEvent
from flinkmock.flink.rpc import TaskManagerLocation, taskmanager_path
from flinkmock.release import Release

_RUNTIME = "org.apache.flink.runtime"
DISPATCHER = f"{_RUNTIME}.dispatcher.StandaloneDispatcher"
GRAPH = f"{_RUNTIME}.executiongraph.ExecutionGraph"
JOB_MASTER = f"{_RUNTIME}.jobmaster.JobMaster"
CHECKPOINTS = f"{_RUNTIME}.checkpoint.CheckpointCoordinator"
CHECKPOINT_FAILURES = f"{_RUNTIME}.checkpoint.CheckpointFailureManager"
RESOURCES = f"{_RUNTIME}.resourcemanager.StandaloneResourceManager"
TASK = f"{_RUNTIME}.taskmanager.Task"
EXECUTOR = f"{_RUNTIME}.taskexecutor.TaskExecutor"


def _with_cause(message: str, cause: JavaException | None) -> str:
    return message if cause is None else f"{message}\n{stack_trace(cause).rstrip()}"


def job_received(time: int, job_id: str, name: str, release: Release) -> LogEvent:
    kind = "job" if release.since("2.0") else "JobGraph"
    return LogEvent(time, DISPATCHER, f"Received {kind} submission '{name}' ({job_id}).")


def job_initializing(time: int, job_id: str, name: str) -> LogEvent:
    return LogEvent(time, JOB_MASTER, f"Initializing job '{name}' ({job_id}).")


def job_switched(time: int, job_id: str, name: str, old: str, new: str, cause: JavaException | None = None) -> LogEvent:
    """The state of a job changes; `cause` is set if it fails."""
    return LogEvent(time, GRAPH, _with_cause(f"Job {name} ({job_id}) switched from state {old} to {new}.", cause))


def job_ended(time: int, job_id: str, state: str) -> LogEvent:
    return LogEvent(time, DISPATCHER, f"Job {job_id} reached terminal state {state}.")


def job_stopped(time: int, job_id: str, name: str) -> LogEvent:
    return LogEvent(time, JOB_MASTER, f"Stopping the JobMaster for job '{name}' ({job_id}).")


def tasks_restarted(time: int, count: int, attempt: str) -> LogEvent:
    return LogEvent(time, JOB_MASTER, f"{count} tasks will be restarted to recover the failed task {attempt}.")


def task_switched(time: int, task: str, attempt: str, old: str, new: str) -> LogEvent:
    """The state of a task changes, in the log of the JobManager."""
    return LogEvent(time, GRAPH, f"{task} ({attempt}) switched from {old} to {new}.")


def task_failed(
    time: int, task: str, attempt: str, old: str, location: TaskManagerLocation, cause: JavaException
) -> LogEvent:
    message = f"{task} ({attempt}) switched from {old} to FAILED on {_taskmanager_text(location)}."
    return LogEvent(time, GRAPH, _with_cause(message, cause))


def task_deployed(
    time: int, task: str, number: int, attempt: str, vertex: str, location: TaskManagerLocation, allocation: str
) -> LogEvent:
    """A task is deployed; `number` is that of its attempt, `vertex` and `allocation` are ids."""
    return LogEvent(
        time,
        GRAPH,
        f"Deploying {task} (attempt #{number}) with attempt id {attempt} and vertex id {vertex} "
        f"to {_taskmanager_text(location)} with allocation id {allocation}",
    )


def _taskmanager_text(location: TaskManagerLocation) -> str:
    return f"{location.id} @ {location.host} (dataPort={location.data_port})"


def checkpoint_triggered(time: int, job_id: str, checkpoint: int, savepoint_format: str | None = None) -> LogEvent:
    """A checkpoint starts; `savepoint_format` is CANONICAL or NATIVE for savepoints, None for checkpoints."""
    kind = (
        "CheckpointType{name='Checkpoint', sharingFilesStrategy=FORWARD_BACKWARD}"
        if savepoint_format is None
        else f"SavepointType{{name='Savepoint', postCheckpointAction=NONE, formatType={savepoint_format}}}"
    )
    return LogEvent(time, CHECKPOINTS, f"Triggering checkpoint {checkpoint} (type={kind}) @ {time} for job {job_id}.")


def checkpoint_completed(time: int, job_id: str, checkpoint: int, size: int, duration: int) -> LogEvent:
    """A checkpoint completes; `size` is in bytes, `duration` in ms."""
    return LogEvent(
        time,
        CHECKPOINTS,
        f"Completed checkpoint {checkpoint} for job {job_id} "
        f"({size} bytes, checkpointDuration={duration} ms, finalizationTime=1 ms).",
    )


def checkpoint_failed(
    time: int, job_id: str, checkpoint: int, failures: int, cause: JavaException | None = None
) -> LogEvent:
    """A checkpoint fails; `failures` counts those since the last completed one, including this one."""
    message = (
        f"Failed to trigger or complete checkpoint {checkpoint} for job {job_id}. "
        f"({failures} consecutive failed attempts so far)"
    )
    return LogEvent(time, CHECKPOINT_FAILURES, _with_cause(message, cause), "WARN")


def checkpoint_restored(time: int, job_id: str, checkpoint: int, triggered_at: int, path: str) -> LogEvent:
    return LogEvent(
        time,
        CHECKPOINTS,
        f"Restoring job {job_id} from Checkpoint {checkpoint} @ {triggered_at} for {job_id} located at {path}.",
    )


def savepoint_triggered(time: int, job_id: str) -> LogEvent:
    return LogEvent(time, JOB_MASTER, f"Triggering savepoint for job {job_id}.")


def taskmanager_registered(time: int, taskmanager: TaskManagerLocation, release: Release) -> LogEvent:
    path = taskmanager_path(taskmanager, release)
    return LogEvent(
        time, RESOURCES, f"Registering TaskManager with ResourceID {taskmanager.id} ({path}) at ResourceManager"
    )


def taskmanager_lost(time: int, taskmanager_id: str, reason: str) -> LogEvent:
    return LogEvent(time, RESOURCES, f"Closing TaskExecutor connection {taskmanager_id} because: {reason}")


def task_received(time: int, task: str, number: int, attempt: str, allocation: str) -> LogEvent:
    """A TaskManager receives a task, in its log."""
    return LogEvent(
        time,
        EXECUTOR,
        f"Received task {task}#{number} ({attempt}), deploy into slot with allocation id {allocation}.",
    )


def task_switched_on_taskmanager(
    time: int, task: str, number: int, attempt: str, old: str, new: str, cause: JavaException | None = None
) -> LogEvent:
    """The state of a task changes, in the log of the TaskManager; a failure is a warning with its cause."""
    message = f"{task}#{number} ({attempt}) switched from {old} to {new}."
    if cause is None:
        return LogEvent(time, TASK, message)
    return LogEvent(time, TASK, f"{message[:-1]} with failure cause:\n{stack_trace(cause).rstrip()}", "WARN")


def closed_class_loader(time: int) -> str:
    """Return what log4j 2.24 prints when it can't log an exception of a plan, whose class loader is closed."""
    moment = datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f"{moment} Flink-DispatcherRestEndpoint-thread-1 ERROR An exception occurred processing Appender MainAppender "
        "java.lang.IllegalStateException: Trying to access closed classloader. Please check if you store classloaders "
        "directly or indirectly in static fields. If the stacktrace suggests that the leak occurs in a third party "
        "library and cannot be fixed immediately, you can disable this check with the configuration "
        "'classloader.check-leaked-classloader'."
    )
