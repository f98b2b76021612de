"""The log files of a cluster's processes.

They are computed from the same history as all other responses, and agree with these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING

from flinkmock import limits
from flinkmock.cluster.checkpoint import Checkpoint
from flinkmock.cluster.execution import Execution
from flinkmock.cluster.job import Job
from flinkmock.cluster.record_flow import RecordFlow
from flinkmock.cluster.states import JobState, TaskState
from flinkmock.cluster.taskmanager import TaskManager
from flinkmock.flink import log_messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.logs import (
    LogEvent,
    LogFile,
    jobmanager_log_path,
    jobmanager_startup,
    log_files,
    taskmanager_log_path,
    taskmanager_startup,
)
from flinkmock.flink.memory import jobmanager_memory, taskmanager_memory
from flinkmock.flink.options import (
    JOBMANAGER_LOG,
    JOBMANAGER_RPC_ADDRESS,
    REST_ADDRESS,
    REST_PORT,
    TASKMANAGER_LOG,
)

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster

MAX_PRINTED_LINES = 1_000
"""The maximum number of lines in standard output: of each execution of a print sink, and of texts of main methods."""
STARTUP_MS = 2_000
"""How long a process takes to start, in ms: until a JobManager serves requests, or a TaskManager is registered."""


def files_in_jobmanager_directory(cluster: Cluster, time: int) -> list[LogFile]:
    """Return the files in the JobManager's log directory at `time` (epoch ms)."""
    return _files_in_shared_directory(cluster, time) or jobmanager_files(cluster, time)


def files_in_taskmanager_directory(cluster: Cluster, taskmanager: TaskManager, time: int) -> list[LogFile]:
    """Return the files in a TaskManager's log directory at `time` (epoch ms)."""
    return _files_in_shared_directory(cluster, time) or taskmanager_files(cluster, taskmanager, time)


def _files_in_shared_directory(cluster: Cluster, time: int) -> list[LogFile]:
    """Return the files of all processes if they are configured to have one log directory; otherwise [].

    The files are in the order of the recorded lists (`cluster: GET /jobmanager/logs`).
    """
    configured = [cluster.configuration.text(option) for option in (JOBMANAGER_LOG, TASKMANAGER_LOG)]
    directories = {path.rpartition("/")[0] for path in configured if path is not None}
    if None in configured or len(directories) > 1:
        return []
    standard_output, *jobmanager_logs = jobmanager_files(cluster, time)
    files = {standard_output.name: standard_output}
    for taskmanager in cluster.taskmanagers.all:
        output, log, *older_logs = taskmanager_files(cluster, taskmanager, time)
        for file in (log, output, *older_logs):
            files.setdefault(file.name, file)
    return [*files.values(), *(log for log in jobmanager_logs if log.name not in files)]


def jobmanager_files(cluster: Cluster, time: int) -> list[LogFile]:
    """Return the files that the JobManager has written by `time` (epoch ms)."""
    started_at = cluster.started_at - STARTUP_MS
    configuration = cluster.configuration
    rest_address = configuration.text(REST_ADDRESS) or configuration.text(JOBMANAGER_RPC_ADDRESS) or "localhost"
    events = jobmanager_startup(
        started_at,
        cluster.release,
        configuration,
        jobmanager_memory(configuration),
        f"http://{rest_address}:{configuration.text(REST_PORT)}",
    )
    for taskmanager in cluster.taskmanagers.all:
        events.append(log_messages.taskmanager_registered(taskmanager.joined_at, taskmanager, cluster.release))
        if taskmanager.lost_at is not None:
            events.append(
                log_messages.taskmanager_lost(taskmanager.lost_at, taskmanager.id, taskmanager.removal_reason)
            )
    for job in cluster.jobs.values():
        events.extend(_job_events(cluster, job, time))
    path = jobmanager_log_path(configuration, cluster.release)
    printed = [text for at, text in cluster.program_output if at <= time]
    output = "".join(f"{text}\n" for text in printed[-MAX_PRINTED_LINES:])
    return log_files(path, (event for event in events if event.time <= time), started_at, output)


def taskmanager_files(cluster: Cluster, taskmanager: TaskManager, time: int) -> list[LogFile]:
    """Return the files that a TaskManager has written by `time` (epoch ms)."""
    started_at = taskmanager.joined_at - STARTUP_MS
    configuration = cluster.taskmanagers.configuration_of(taskmanager)
    memory = taskmanager_memory(configuration, cluster.release)
    events = taskmanager_startup(started_at, cluster.release, configuration, memory, taskmanager)
    for job in cluster.jobs.values():
        exceptions = _task_exceptions(job)
        for execution in _newest_executions(job):
            if execution.slot and execution.slot.taskmanager is taskmanager:
                events.extend(_task_events_on_taskmanager(cluster, job, execution, exceptions))
    path = taskmanager_log_path(taskmanager, cluster.configuration, cluster.release)
    past_events = (event for event in events if event.time <= time)
    return log_files(path, past_events, started_at, _standard_output(cluster, taskmanager, time))


def _standard_output(cluster: Cluster, taskmanager: TaskManager, time: int) -> str:
    """Return the last lines of a TaskManager's standard output: one for each record of a print sink."""
    lines: list[str] = []
    for job in cluster.jobs.values():
        for execution in _newest_executions(job):
            if not execution.vertex.spec.prints_records:
                continue
            if not execution.slot or execution.slot.taskmanager is not taskmanager:
                continue
            record_count = RecordFlow(job.attempts[execution.attempt], time).io_counters(execution).records_in
            prefix = f"{execution.subtask + 1}> " if execution.vertex.parallelism > 1 else ""
            first_number = max(1, record_count - MAX_PRINTED_LINES + 1)
            lines.extend(f"{prefix}record {number}" for number in range(first_number, record_count + 1))
    return "".join(f"{line}\n" for line in lines)


def _newest_executions(job: Job) -> Iterator[Execution]:
    """Yield the executions of the newest attempts, as if log files with earlier ones had been deleted."""
    for attempt in job.attempts[-limits.LOG_ATTEMPTS :]:
        for row in attempt.executions():
            yield from row


def _logged_since(job: Job) -> int:
    """Return the time from which the job's state changes and failures are logged, in epoch ms; 0: all are."""
    return job.attempts[-limits.LOG_ATTEMPTS].created_at if len(job.attempts) > limits.LOG_ATTEMPTS else 0


def _task_name(execution: Execution) -> str:
    return f"{execution.vertex.name} ({execution.subtask + 1}/{execution.vertex.parallelism})"


def _allocation_id(cluster: Cluster, job: Job, execution: Execution) -> str:
    slot = execution.slot
    names = (slot.taskmanager.number, slot.index, slot.since) if slot else (0, 0, 0)
    return cluster.random.hex(32, "allocation", job.id, *names)


def _task_exceptions(job: Job) -> dict[str, JavaException]:
    """Return the exceptions in the job's exception history by `Failure.task_name`."""
    exceptions: dict[str, JavaException] = {}
    for failure in reversed(job.failures_since(_logged_since(job))):
        for entry in (failure, *failure.concurrent):
            if entry.task_name is not None:
                exceptions.setdefault(entry.task_name, entry.exception)
    return exceptions


def _exception_of(execution: Execution, exceptions: dict[str, JavaException]) -> JavaException | None:
    """Return the exception that a failed task has thrown; None if it has thrown none."""
    return exceptions.get(f"{_task_name(execution)} - execution #{execution.attempt}")


def _job_events(cluster: Cluster, job: Job, time: int) -> Iterator[LogEvent]:
    """Yield what the JobManager logs about a job and its tasks by `time` (epoch ms).

    Some events are later, such as the end of a checkpoint in progress.
    """
    yield log_messages.job_received(job.submitted_at, job.id, job.name, cluster.release)
    yield log_messages.job_initializing(job.submitted_at, job.id, job.name)
    cause_by_time = {failure.at: failure.exception for failure in reversed(job.failures_since(_logged_since(job)))}
    first_failed_id_by_time: dict[int, str] = {}  # the id of the first execution that failed at a time
    for execution in _newest_executions(job):
        at, state = execution.phases[-1]
        if state == TaskState.FAILED:
            first_failed_id_by_time.setdefault(at, execution.id)
    for (_, old_state), (at, new_state) in pairwise(job.states.since(_logged_since(job))):
        yield log_messages.job_switched(at, job.id, job.name, old_state, new_state, cause_by_time.get(at))
        failed_id = first_failed_id_by_time.get(at)
        if new_state == JobState.RESTARTING and failed_id is not None:
            yield log_messages.tasks_restarted(at, job.graph.subtask_count, failed_id)
    exceptions = _task_exceptions(job)
    for execution in _newest_executions(job):
        yield from _task_events_in_jobmanager(cluster, job, execution, exceptions)
    job.checkpoints.materialize_until(time)
    for restored in job.checkpoints.restored:
        yield log_messages.checkpoint_restored(
            restored.at,
            job.id,
            restored.id,
            restored.triggered_at,
            restored.path,
            is_savepoint=restored.is_savepoint,
        )
    failure_counts = _consecutive_failure_counts(job.checkpoints.tracked)
    for checkpoint in job.checkpoints.tracked:
        if checkpoint.purpose is not None:
            yield log_messages.savepoint_triggered(checkpoint.triggered_at, job.id, checkpoint.purpose)
        yield log_messages.checkpoint_triggered(
            checkpoint.triggered_at, job.id, checkpoint.id, checkpoint.purpose, checkpoint.format
        )
        if checkpoint.failure is None:
            duration_ms = checkpoint.ends_at - checkpoint.triggered_at
            yield log_messages.checkpoint_completed(
                checkpoint.ends_at, job.id, checkpoint.id, checkpoint.size, duration_ms
            )
        else:
            failure_count = failure_counts[checkpoint.id]
            yield log_messages.checkpoint_failed(checkpoint.ends_at, job.id, checkpoint.id, failure_count)
    ended_at = job.ended_at(time)
    if ended_at is not None:
        yield log_messages.job_ended(ended_at, job.id, job.state)
        yield log_messages.job_stopped(ended_at, job.id, job.name)


def _consecutive_failure_counts(checkpoints: Iterable[Checkpoint]) -> dict[int, int]:
    """Return the number of failures since the last completed checkpoint by the id of each failed one."""
    counts: dict[int, int] = {}
    failure_count = 0
    for checkpoint in sorted(checkpoints, key=attrgetter("ends_at")):
        failure_count = failure_count + 1 if checkpoint.failure is not None else 0
        if failure_count:
            counts[checkpoint.id] = failure_count
    return counts


def _task_events_in_jobmanager(
    cluster: Cluster, job: Job, execution: Execution, exceptions: dict[str, JavaException]
) -> Iterator[LogEvent]:
    """Yield what the JobManager logs about a task. `exceptions` are those of `_task_exceptions`."""
    task_name = _task_name(execution)
    taskmanager = execution.slot.taskmanager if execution.slot else None
    for (_, old_state), (at, new_state) in pairwise(execution.phases):
        exception = _exception_of(execution, exceptions) if new_state == TaskState.FAILED else None
        if exception is not None and taskmanager is not None:
            yield log_messages.task_failed(at, task_name, execution.id, old_state, taskmanager, exception)
        else:
            yield log_messages.task_switched(at, task_name, execution.id, old_state, new_state)
        if new_state == TaskState.DEPLOYING and taskmanager is not None:
            yield log_messages.task_deployed(
                at,
                task_name,
                execution.attempt,
                execution.id,
                f"{execution.vertex.id}_{execution.subtask}",
                taskmanager,
                _allocation_id(cluster, job, execution),
            )


def _task_events_on_taskmanager(
    cluster: Cluster, job: Job, execution: Execution, exceptions: dict[str, JavaException]
) -> Iterator[LogEvent]:
    """Yield what the TaskManager logs about a task. `exceptions` are those of `_task_exceptions`."""
    task_name, attempt = _task_name(execution), execution.attempt
    for (_, old_state), (at, new_state) in pairwise(execution.phases):
        if new_state == TaskState.DEPLOYING:
            allocation_id = _allocation_id(cluster, job, execution)
            yield log_messages.task_received(at, task_name, attempt, execution.id, allocation_id)
        elif old_state not in (TaskState.CREATED, TaskState.SCHEDULED):
            exception = _exception_of(execution, exceptions) if new_state == TaskState.FAILED else None
            yield log_messages.task_switched_on_taskmanager(
                at, task_name, attempt, execution.id, old_state, new_state, exception
            )
