"""The logs of a cluster's processes: what happened to it, told as Flink's loggers tell it.

A log is worked out from the same history that all other answers come from, so it never contradicts them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flinkmock.cluster.execution import Execution
from flinkmock.cluster.job import Job
from flinkmock.cluster.record_flow import RecordFlow
from flinkmock.cluster.taskmanager import TaskManager
from flinkmock.flink import log_messages as told
from flinkmock.flink.configuration import REST_PORT
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.logs import (
    LogEvent,
    LogFile,
    jobmanager_log_name,
    jobmanager_startup,
    log_files,
    taskmanager_log_name,
    taskmanager_startup,
)
from flinkmock.flink.memory import jobmanager_memory, taskmanager_memory

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster

PRINTED_LINES = 1_000
"""How many lines of each subtask of a print sink are kept."""
STARTUP_MS = 2_000
"""How long before it can be asked the JobManager began to start."""


def jobmanager_files(cluster: Cluster, time: int) -> list[LogFile]:
    """The JobManager's log directory at `time` (epoch ms)."""
    started = cluster.started_at - STARTUP_MS
    port = cluster.configuration.text(REST_PORT)
    events = jobmanager_startup(
        started,
        cluster.release,
        cluster.configuration,
        jobmanager_memory(cluster.configuration),
        f"http://{cluster.configuration.values.get('rest.address', 'localhost')}:{port}",
    )
    for taskmanager in cluster.taskmanagers:
        events.append(told.taskmanager_registered(taskmanager.joined_at, taskmanager, cluster.release))
        if taskmanager.lost_at is not None:
            reason = f"The heartbeat of TaskManager with id {taskmanager.id} timed out."
            events.append(told.taskmanager_lost(taskmanager.lost_at, taskmanager.id, reason))
    for job in cluster.jobs.values():
        events.extend(_of_job(cluster, job, time))
    name = jobmanager_log_name(cluster.configuration, cluster.release)
    return log_files(name, [event for event in events if event.time <= time], started)


def taskmanager_files(cluster: Cluster, taskmanager: TaskManager, time: int) -> list[LogFile]:
    """A task manager's log directory at `time` (epoch ms)."""
    started = taskmanager.joined_at - STARTUP_MS
    memory = taskmanager_memory(cluster.configuration)
    events = taskmanager_startup(started, cluster.release, cluster.configuration, memory, taskmanager)
    for job in cluster.jobs.values():
        for execution in _executions(job):
            if execution.slot and execution.slot.taskmanager is taskmanager:
                events.extend(_on_taskmanager(cluster, job, execution))
    happened = [event for event in events if event.time <= time]
    return log_files(
        taskmanager_log_name(taskmanager, cluster.release), happened, started, _printed(cluster, taskmanager, time)
    )


def _printed(cluster: Cluster, taskmanager: TaskManager, time: int) -> str:
    """What print sinks have written to standard output: a line for each record, the last ones only."""
    lines: list[str] = []
    for job in cluster.jobs.values():
        for execution in _executions(job):
            if not execution.vertex.spec.prints_records:
                continue
            if not execution.slot or execution.slot.taskmanager is not taskmanager:
                continue
            seen = RecordFlow(job.attempts[execution.attempt], time).io_counters(execution).records_in
            prefix = f"{execution.subtask + 1}> " if execution.vertex.parallelism > 1 else ""
            lines.extend(f"{prefix}record {n}" for n in range(max(1, seen - PRINTED_LINES + 1), seen + 1))
    return "".join(f"{line}\n" for line in lines)


def _executions(job: Job) -> Iterator[Execution]:
    for run in job.attempts:
        for row in run.executions():
            yield from row


def _task(execution: Execution) -> str:
    return f"{execution.vertex.name} ({execution.subtask + 1}/{execution.vertex.parallelism})"


def _allocation(cluster: Cluster, job: Job, execution: Execution) -> str:
    return cluster.random.hex(32, "allocation", job.id, execution.slot.index if execution.slot else 0)


def _thrown(job: Job, execution: Execution) -> JavaException | None:
    """What made a task fail, as the exception history has it."""
    name = f"{_task(execution)} - execution #{execution.attempt}"
    failures = [entry for failure in job.failures for entry in (failure, *failure.concurrent)]
    return next((failure.exception for failure in failures if failure.task_name == name), None)


def _of_job(cluster: Cluster, job: Job, time: int) -> Iterator[LogEvent]:
    yield told.job_received(job.submitted_at, job.id, job.name, cluster.release)
    yield told.job_initializing(job.submitted_at, job.id, job.name)
    causes = {failure.at: failure.exception for failure in job.failures}
    for (_, old), (at, new) in zip(job.states, job.states[1:], strict=False):
        yield told.job_switched(at, job.id, job.name, old, new, causes.get(at))
        if new == "RESTARTING":
            failed = next((e.id for e in _executions(job) if e.phases[-1] == ("FAILED", at)), None)
            if failed is not None:
                yield told.tasks_restarted(at, job.graph.subtasks, failed)
    for execution in _executions(job):
        yield from _in_jobmanager(cluster, job, execution)
    job.checkpoints.materialize_until(time)
    for restored in job.checkpoints.restored:
        yield told.checkpoint_restored(restored.at, job.id, restored.id, restored.at, restored.path)
    for checkpoint in job.checkpoints.records:
        if checkpoint.is_savepoint:
            yield told.savepoint_triggered(checkpoint.triggered_at, job.id)
        yield told.checkpoint_triggered(checkpoint.triggered_at, job.id, checkpoint.id, checkpoint.format)
        if checkpoint.failure is None:
            length = checkpoint.ends_at - checkpoint.triggered_at
            yield told.checkpoint_completed(checkpoint.ends_at, job.id, checkpoint.id, checkpoint.size, length)
        else:
            yield told.checkpoint_failed(checkpoint.ends_at, job.id, checkpoint.id, 1)
    end = job.ended_at(time)
    if end is not None:
        yield told.job_ended(end, job.id, job.state)
        yield told.job_stopped(end, job.id, job.name)


def _in_jobmanager(cluster: Cluster, job: Job, execution: Execution) -> Iterator[LogEvent]:
    for (old, _), (new, at) in zip(execution.phases, execution.phases[1:], strict=False):
        task, where = _task(execution), execution.slot.taskmanager if execution.slot else None
        thrown = _thrown(job, execution) if new == "FAILED" else None
        if thrown is not None and where is not None:
            yield told.task_failed(at, task, execution.id, old, where, thrown)
        else:
            yield told.task_switched(at, task, execution.id, old, new)
        if new == "DEPLOYING" and where is not None:
            vertex = f"{execution.vertex.id}_{execution.subtask}"
            allocation = _allocation(cluster, job, execution)
            yield told.task_deployed(at, task, execution.attempt, execution.id, vertex, where, allocation)


def _on_taskmanager(cluster: Cluster, job: Job, execution: Execution) -> Iterator[LogEvent]:
    task, number = _task(execution), execution.attempt
    for (old, _), (new, at) in zip(execution.phases, execution.phases[1:], strict=False):
        if new == "DEPLOYING":
            yield told.task_received(at, task, number, execution.id, _allocation(cluster, job, execution))
        elif old in ("CREATED", "SCHEDULED"):
            continue
        else:
            thrown = _thrown(job, execution) if new == "FAILED" else None
            yield told.task_switched_there(at, task, number, execution.id, old, new, thrown)
