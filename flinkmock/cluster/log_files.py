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
    JOB_MANAGER_LOG,
    LogEvent,
    LogFile,
    job_manager_startup,
    log_files,
    task_manager_log,
    task_manager_startup,
)
from flinkmock.flink.memory import job_manager_memory, task_manager_memory

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster

PRINTED_LINES = 1_000
"""How many lines of each print sink are kept."""
STARTUP_MS = 2_000
"""How long before it can be asked the JobManager began to start."""


def job_manager_files(cluster: Cluster, time: int) -> list[LogFile]:
    """The JobManager's log directory at `time` (epoch ms)."""
    started = cluster.started_at - STARTUP_MS
    port = cluster.configuration.text(REST_PORT)
    events = job_manager_startup(
        started,
        cluster.release,
        cluster.configuration,
        job_manager_memory(cluster.configuration),
        f"http://{cluster.configuration.values.get('rest.address', 'localhost')}:{port}",
    )
    for task_manager in cluster.task_managers:
        events.append(told.task_manager_registered(task_manager.joined_at, task_manager, cluster.release))
        if task_manager.lost_at is not None:
            reason = f"The heartbeat of TaskManager with id {task_manager.id} timed out."
            events.append(told.task_manager_lost(task_manager.lost_at, task_manager.id, reason))
    for job in cluster.jobs.values():
        events.extend(_of_job(cluster, job, time))
    return log_files(JOB_MANAGER_LOG, [event for event in events if event.time <= time], started)


def task_manager_files(cluster: Cluster, task_manager: TaskManager, time: int) -> list[LogFile]:
    """A task manager's log directory at `time` (epoch ms)."""
    started = task_manager.joined_at - STARTUP_MS
    memory = task_manager_memory(cluster.configuration)
    events = task_manager_startup(started, cluster.release, cluster.configuration, memory, task_manager)
    for job in cluster.jobs.values():
        for execution in _executions(job):
            if execution.slot and execution.slot.task_manager is task_manager:
                events.extend(_on_task_manager(cluster, job, execution))
    happened = [event for event in events if event.time <= time]
    return log_files(task_manager_log(task_manager), happened, started, _printed(cluster, task_manager, time))


def _printed(cluster: Cluster, task_manager: TaskManager, time: int) -> str:
    """What print sinks have written to standard output: a line for each record, the last ones only."""
    lines: list[str] = []
    for job in cluster.jobs.values():
        for execution in _executions(job):
            sink = execution.vertex.spec.operators[-1].lower()
            if "print" not in sink or not execution.slot or execution.slot.task_manager is not task_manager:
                continue
            seen = RecordFlow(job.runs[execution.attempt], time).io(execution).records_in
            prefix = f"{execution.subtask + 1}> " if execution.vertex.parallelism > 1 else ""
            lines.extend(f"{prefix}({job.name},{n})" for n in range(max(1, seen - PRINTED_LINES + 1), seen + 1))
    return "".join(f"{line}\n" for line in lines)


def _executions(job: Job) -> Iterator[Execution]:
    for run in job.runs:
        for row in run.executions():
            yield from row


def _task(execution: Execution) -> str:
    return f"{execution.vertex.name} ({execution.subtask + 1}/{execution.vertex.parallelism})"


def _allocation(cluster: Cluster, job: Job, execution: Execution) -> str:
    return cluster.stream.hex(32, "allocation", job.id, execution.slot.index if execution.slot else 0)


def _thrown(job: Job, execution: Execution) -> JavaException | None:
    """What made a task fail, as the exception history has it."""
    name = f"{_task(execution)} - execution #{execution.attempt}"
    failures = [entry for failure in job.failures for entry in (failure, *failure.concurrent)]
    return next((failure.throwable for failure in failures if failure.task_name == name), None)


def _of_job(cluster: Cluster, job: Job, time: int) -> Iterator[LogEvent]:
    yield told.job_received(job.submitted_at, job.id, job.name, cluster.release)
    yield told.job_initializing(job.submitted_at, job.id, job.name)
    causes = {failure.at: failure.throwable for failure in job.failures}
    for (_, old), (at, new) in zip(job.states, job.states[1:], strict=False):
        yield told.job_switched(at, job.id, job.name, old, new, causes.get(at))
        if new == "RESTARTING":
            failed = next((e.id for e in _executions(job) if e.phases[-1] == ("FAILED", at)), None)
            if failed is not None:
                yield told.tasks_restarted(at, job.graph.subtasks, failed)
    for execution in _executions(job):
        yield from _in_job_manager(cluster, job, execution)
    job.checkpoints.settle(time)
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


def _in_job_manager(cluster: Cluster, job: Job, execution: Execution) -> Iterator[LogEvent]:
    for (old, _), (new, at) in zip(execution.phases, execution.phases[1:], strict=False):
        task, where = _task(execution), execution.slot.task_manager if execution.slot else None
        thrown = _thrown(job, execution) if new == "FAILED" else None
        if thrown is not None and where is not None:
            yield told.task_failed(at, task, execution.id, old, where, thrown)
        else:
            yield told.task_switched(at, task, execution.id, old, new)
        if new == "DEPLOYING" and where is not None:
            vertex = f"{execution.vertex.id}_{execution.subtask}"
            allocation = _allocation(cluster, job, execution)
            yield told.task_deployed(at, task, execution.attempt, execution.id, vertex, where, allocation)


def _on_task_manager(cluster: Cluster, job: Job, execution: Execution) -> Iterator[LogEvent]:
    task, number = _task(execution), execution.attempt
    for (old, _), (new, at) in zip(execution.phases, execution.phases[1:], strict=False):
        if new == "DEPLOYING":
            yield told.task_received(at, task, number, execution.id, _allocation(cluster, job, execution))
        elif old in ("CREATED", "SCHEDULED"):
            continue
        else:
            thrown = _thrown(job, execution) if new == "FAILED" else None
            yield told.task_switched_there(at, task, number, execution.id, old, new, thrown)
