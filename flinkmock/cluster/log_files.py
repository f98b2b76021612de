"""The log files of a cluster's processes.

They are computed from the same history as all other responses, so they agree with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from flinkmock import limits
from flinkmock.cluster.execution import Execution
from flinkmock.cluster.job import Job
from flinkmock.cluster.record_flow import RecordFlow
from flinkmock.cluster.taskmanager import TaskManager
from flinkmock.flink import log_messages
from flinkmock.flink.configuration import JOBMANAGER_LOG, REST_PORT, TASKMANAGER_LOG
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

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster

PRINTED_LINES = 1_000
"""The maximum number of lines that are kept of each subtask of a print sink."""
STARTUP_MS = 2_000
"""How long a process takes to start, until it serves requests, in ms."""


def jobmanager_directory(cluster: Cluster, time: int) -> list[LogFile]:
    """Return the files of the JobManager's log directory at `time` (ms since the epoch)."""
    return _shared_directory(cluster, time) or jobmanager_files(cluster, time)


def taskmanager_directory(cluster: Cluster, taskmanager: TaskManager, time: int) -> list[LogFile]:
    """Return the files of a TaskManager's log directory at `time` (ms since the epoch)."""
    return _shared_directory(cluster, time) or taskmanager_files(cluster, taskmanager, time)


def _shared_directory(cluster: Cluster, time: int) -> list[LogFile]:
    """Return the files of all processes if they are configured to have one log directory; otherwise [].

    The files are in the order of the recorded lists (`cluster: GET /jobmanager/logs`).
    """
    configured = [cluster.configuration.text(option) for option in (JOBMANAGER_LOG, TASKMANAGER_LOG)]
    directories = {path.rpartition("/")[0] for path in configured if path is not None}
    if None in configured or len(directories) > 1:
        return []
    standard_output, *logs = jobmanager_files(cluster, time)
    files = {standard_output.name: standard_output}
    for taskmanager in cluster.taskmanagers.all:
        output, log, *older = taskmanager_files(cluster, taskmanager, time)
        for file in (log, output, *older):
            files.setdefault(file.name, file)
    return [*files.values(), *(log for log in logs if log.name not in files)]


def jobmanager_files(cluster: Cluster, time: int) -> list[LogFile]:
    """Return the files that the JobManager writes, at `time` (ms since the epoch)."""
    started = cluster.started_at - STARTUP_MS
    port = cluster.configuration.text(REST_PORT)
    events = jobmanager_startup(
        started,
        cluster.release,
        cluster.configuration,
        jobmanager_memory(cluster.configuration),
        f"http://{cluster.configuration.values.get('rest.address', 'localhost')}:{port}",
    )
    for taskmanager in cluster.taskmanagers.all:
        events.append(log_messages.taskmanager_registered(taskmanager.joined_at, taskmanager, cluster.release))
        if taskmanager.lost_at is not None:
            reason = f"The heartbeat of TaskManager with id {taskmanager.id} timed out."
            events.append(log_messages.taskmanager_lost(taskmanager.lost_at, taskmanager.id, reason))
    for job in cluster.jobs.values():
        events.extend(_of_job(cluster, job, time))
    path = jobmanager_log_path(cluster.configuration, cluster.release)
    output = "".join(f"{text}\n" for at, text in cluster.program_output[-PRINTED_LINES:] if at <= time)
    return log_files(path, (event for event in events if event.time <= time), started, output)


def taskmanager_files(cluster: Cluster, taskmanager: TaskManager, time: int) -> list[LogFile]:
    """Return the files that a TaskManager writes, at `time` (ms since the epoch)."""
    started = taskmanager.joined_at - STARTUP_MS
    configuration = cluster.taskmanagers.configuration_of(taskmanager)
    memory = taskmanager_memory(configuration, cluster.release)
    events = taskmanager_startup(started, cluster.release, configuration, memory, taskmanager)
    for job in cluster.jobs.values():
        exceptions = _exceptions(job)
        for execution in _executions(job):
            if execution.slot and execution.slot.taskmanager is taskmanager:
                events.extend(_on_taskmanager(cluster, job, execution, exceptions))
    path = taskmanager_log_path(taskmanager, cluster.configuration, cluster.release)
    happened = (event for event in events if event.time <= time)
    return log_files(path, happened, started, _printed(cluster, taskmanager, time))


def _printed(cluster: Cluster, taskmanager: TaskManager, time: int) -> str:
    """Return the last lines of a TaskManager's standard output: one for each record of a print sink."""
    lines: list[str] = []
    for job in cluster.jobs.values():
        for execution in _executions(job):
            if not execution.vertex.spec.prints_records:
                continue
            if not execution.slot or execution.slot.taskmanager is not taskmanager:
                continue
            records = RecordFlow(job.attempts[execution.attempt], time).io_counters(execution).records_in
            prefix = f"{execution.subtask + 1}> " if execution.vertex.parallelism > 1 else ""
            lines.extend(f"{prefix}record {n}" for n in range(max(1, records - PRINTED_LINES + 1), records + 1))
    return "".join(f"{line}\n" for line in lines)


def _executions(job: Job) -> Iterator[Execution]:
    """Yield the executions of the newest attempts. Log lines about earlier attempts have been rolled over."""
    for attempt in job.attempts[-limits.LOG_ATTEMPTS :]:
        for row in attempt.executions():
            yield from row


def _logged_since(job: Job) -> int:
    """Return the time from which on there are log lines about the job, in epoch ms."""
    return job.attempts[-limits.LOG_ATTEMPTS].created_at if len(job.attempts) > limits.LOG_ATTEMPTS else 0


def _task(execution: Execution) -> str:
    return f"{execution.vertex.name} ({execution.subtask + 1}/{execution.vertex.parallelism})"


def _allocation(cluster: Cluster, job: Job, execution: Execution) -> str:
    return cluster.random.hex(32, "allocation", job.id, execution.slot.index if execution.slot else 0)


def _exceptions(job: Job) -> dict[str, JavaException]:
    """Return the exceptions of failed tasks from the job's exception history, by task and attempt."""
    exceptions: dict[str, JavaException] = {}
    for failure in reversed(job.failures_since(_logged_since(job))):
        for entry in (failure, *failure.concurrent):
            if entry.task_name is not None:
                exceptions.setdefault(entry.task_name, entry.exception)
    return exceptions


def _thrown(exceptions: dict[str, JavaException], execution: Execution) -> JavaException | None:
    return exceptions.get(f"{_task(execution)} - execution #{execution.attempt}")


def _of_job(cluster: Cluster, job: Job, time: int) -> Iterator[LogEvent]:
    yield log_messages.job_received(job.submitted_at, job.id, job.name, cluster.release)
    yield log_messages.job_initializing(job.submitted_at, job.id, job.name)
    causes = {failure.at: failure.exception for failure in reversed(job.failures_since(_logged_since(job)))}
    exceptions = _exceptions(job)
    first_failed: dict[int, str] = {}
    for execution in _executions(job):
        state, at = execution.phases[-1]
        if state == "FAILED":
            first_failed.setdefault(at, execution.id)
    for (_, old), (at, new) in pairwise(job.states.since(_logged_since(job))):
        yield log_messages.job_switched(at, job.id, job.name, old, new, causes.get(at))
        if new == "RESTARTING":
            failed = first_failed.get(at)
            if failed is not None:
                yield log_messages.tasks_restarted(at, job.graph.subtask_count, failed)
    for execution in _executions(job):
        yield from _in_jobmanager(cluster, job, execution, exceptions)
    job.checkpoints.materialize_until(time)
    for restored in job.checkpoints.restored:
        yield log_messages.checkpoint_restored(restored.at, job.id, restored.id, restored.at, restored.path)
    for checkpoint in job.checkpoints.tracked:
        if checkpoint.is_savepoint:
            yield log_messages.savepoint_triggered(checkpoint.triggered_at, job.id)
        yield log_messages.checkpoint_triggered(checkpoint.triggered_at, job.id, checkpoint.id, checkpoint.format)
        if checkpoint.failure is None:
            length = checkpoint.ends_at - checkpoint.triggered_at
            yield log_messages.checkpoint_completed(checkpoint.ends_at, job.id, checkpoint.id, checkpoint.size, length)
        else:
            yield log_messages.checkpoint_failed(checkpoint.ends_at, job.id, checkpoint.id, 1)
    end = job.ended_at(time)
    if end is not None:
        yield log_messages.job_ended(end, job.id, job.state)
        yield log_messages.job_stopped(end, job.id, job.name)


def _in_jobmanager(
    cluster: Cluster, job: Job, execution: Execution, exceptions: dict[str, JavaException]
) -> Iterator[LogEvent]:
    for (old, _), (new, at) in zip(execution.phases, execution.phases[1:], strict=False):
        task, where = _task(execution), execution.slot.taskmanager if execution.slot else None
        thrown = _thrown(exceptions, execution) if new == "FAILED" else None
        if thrown is not None and where is not None:
            yield log_messages.task_failed(at, task, execution.id, old, where, thrown)
        else:
            yield log_messages.task_switched(at, task, execution.id, old, new)
        if new == "DEPLOYING" and where is not None:
            vertex = f"{execution.vertex.id}_{execution.subtask}"
            allocation = _allocation(cluster, job, execution)
            yield log_messages.task_deployed(at, task, execution.attempt, execution.id, vertex, where, allocation)


def _on_taskmanager(
    cluster: Cluster, job: Job, execution: Execution, exceptions: dict[str, JavaException]
) -> Iterator[LogEvent]:
    task, number = _task(execution), execution.attempt
    for (old, _), (new, at) in zip(execution.phases, execution.phases[1:], strict=False):
        if new == "DEPLOYING":
            yield log_messages.task_received(at, task, number, execution.id, _allocation(cluster, job, execution))
        elif old in ("CREATED", "SCHEDULED"):
            continue
        else:
            thrown = _thrown(exceptions, execution) if new == "FAILED" else None
            yield log_messages.task_switched_on_taskmanager(at, task, number, execution.id, old, new, thrown)
