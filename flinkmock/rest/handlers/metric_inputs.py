"""Collects the inputs of metrics from the cluster at a time, with one function for each scope."""

from __future__ import annotations

from collections import Counter

from flinkmock.cluster.caches import Caches
from flinkmock.cluster.checkpoint import Checkpoint
from flinkmock.cluster.cluster import Cluster
from flinkmock.cluster.execution import Execution
from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.job import Job
from flinkmock.cluster.record_flow import RecordFlow
from flinkmock.cluster.states import JOB_STATES, TERMINAL_TASK_STATES, JobState, TaskState
from flinkmock.cluster.taskmanager import TaskManager
from flinkmock.flink import metrics
from flinkmock.flink.io_counters import IoCounters
from flinkmock.flink.memory import jobmanager_memory, taskmanager_memory
from flinkmock.release import Release

METADATA_BYTES = 1_500
"""The size of the `_metadata` file in a checkpoint of a small job, in bytes."""
MINUTE_MS = 60_000
WATERMARKS = "Timestamps/Watermarks"
"""The operator of `assignTimestampsAndWatermarks`."""
WATERMARK_LAG_MS = 1
"""How far the watermarks of `WatermarkStrategy.forMonotonousTimestamps` lag behind the newest record, in ms."""


def jobmanager_inputs(cluster: Cluster, time: int) -> metrics.JobManagerInputs:
    present = cluster.taskmanagers.at(time)
    return metrics.JobManagerInputs(
        now=time,
        started_at=cluster.started_at,
        key="jobmanager",
        random=cluster.random,
        memory=jobmanager_memory(cluster.configuration),
        running_jobs=sum(job.ended_at(time) is None for job in jobs_at(cluster, time)),
        taskmanagers=len(present),
        slots_total=sum(taskmanager.slots for taskmanager in present),
        slots_available=sum(cluster.slots.free_slots(taskmanager, time) for taskmanager in present),
    )


def jobs_at(cluster: Cluster, time: int) -> list[Job]:
    """Return the jobs that had been submitted by `time`."""
    return [job for job in cluster.jobs.values() if job.submitted_at <= time]


def taskmanager_inputs(cluster: Cluster, taskmanager: TaskManager, time: int) -> metrics.TaskManagerInputs:
    return metrics.TaskManagerInputs(
        now=time,
        started_at=taskmanager.joined_at,
        key=taskmanager.id,
        random=cluster.random,
        memory=taskmanager_memory(cluster.taskmanagers.configuration_of(taskmanager), cluster.release),
        tasks=len(tasks_on(cluster, taskmanager, time)),
    )


def tasks_on(cluster: Cluster, taskmanager: TaskManager, time: int) -> list[Execution]:
    """Return the subtasks that are deployed to a TaskManager at `time`."""
    busy = {slot.job_id for slot in cluster.slots.held(time, taskmanager=taskmanager)}
    return [
        execution
        for job_id in busy
        if job_id in cluster.jobs
        for row in cluster.jobs[job_id].executions_at(time)
        for execution in row
        if execution.slot and execution.slot.taskmanager is taskmanager and execution.occupies_slot_at(time)
    ]


def job_inputs(cluster: Cluster, job: Job, time: int) -> metrics.JobInputs:
    entered = job.timestamps_at(time)
    executions = [execution for row in job.present_executions_at(time) for execution in row]
    running = [e.entered_at(TaskState.RUNNING, time) for e in executions if e.state_at(time) in ("RUNNING", "FINISHED")]
    deploying = [e.started_at(time) for e in executions if e.state_at(time) in ("DEPLOYING", "INITIALIZING")]
    counts = job.checkpoints.counts_at(time)
    completed = job.checkpoints.completed_at(time)
    restored = job.checkpoints.restored_at(time)
    return metrics.JobInputs(
        now=time,
        started_at=job.submitted_at,
        key=job.id,
        random=cluster.random,
        state=job.state_at(time),
        timestamps={state: entered.get(state, 0) for state in JOB_STATES},
        terminal=job.ended_at(time) is not None,
        restarts=job.states.count(JobState.RESTARTING, time),
        rescales=sum(
            _began(job, change.attempt_number, time)
            for change in job.requirements_changes
            if change.attempt_number is not None
        ),
        all_running_since=max((at for at in running if at), default=None) if len(running) == len(executions) else None,
        deploying_since=min((at for at in deploying if at is not None), default=None),
        completed=counts["completed"],
        failed=counts["failed"],
        in_progress=counts["in_progress"],
        total=counts["total"],
        last=_last(completed[-1]) if completed else None,
        restored_at=restored.at if restored else None,
    )


def _began(job: Job, attempt: int, time: int) -> bool:
    """Return whether the restart that led to an attempt began by `time`."""
    outcome = job.attempts[attempt - 1].outcome
    return outcome is not None and outcome.at <= time


def _last(checkpoint: Checkpoint) -> metrics.LastCheckpoint:
    return metrics.LastCheckpoint(
        id=checkpoint.id,
        completed_at=checkpoint.ends_at,
        duration=checkpoint.ends_at - checkpoint.triggered_at,
        checkpointed_size=checkpoint.size,
        state_size=checkpoint.size,
        processed_data=0,
        persisted_data=0,
        metadata_size=METADATA_BYTES,
        external_path=checkpoint.path,
    )


class Flows:
    """The record flows of a job and the TaskManagers of its subtasks, which the subtasks share within one request."""

    def __init__(self, job: Job, caches: Caches) -> None:
        self._job = job
        self.caches = caches
        self._flows: dict[tuple[int, int], RecordFlow] = {}
        self._producers: dict[tuple[int, int], Counter[str]] = {}

    def at(self, attempt: int, time: int) -> RecordFlow:
        """Return the flow of an attempt at `time` (epoch ms)."""
        key = attempt, time
        if key not in self._flows:
            self._flows[key] = RecordFlow(self._job.attempts[attempt], time)
        return self._flows[key]

    def producers(self, attempt: int, vertex: int) -> Counter[str]:
        """Return the number of a vertex's subtasks by TaskManager id; "" is for subtasks without a TaskManager."""
        key = attempt, vertex
        if key not in self._producers:
            self._producers[key] = Counter(map(_taskmanager_of, self.row(attempt, vertex)))
        return self._producers[key]

    def row(self, attempt: int, vertex: int) -> list[Execution]:
        """Return the subtasks of a vertex in an attempt."""
        return self._job.attempts[attempt].executions()[vertex]


def _taskmanager_of(execution: Execution) -> str:
    return execution.slot.taskmanager.id if execution.slot else ""


def subtask_inputs(
    cluster: Cluster, job: Job, execution: Execution, time: int, flows: Flows
) -> metrics.SubtaskInputs | None:
    """Return the inputs of a subtask's metrics; None if it has no metrics at `time`."""
    measured = metrics_time_of(flows.caches, execution, time)
    since = execution.entered_at(TaskState.RUNNING, time)
    if measured is None or since is None:
        return None
    time = measured
    vertex = execution.vertex
    flow, before = flows.at(execution.attempt, time), flows.at(execution.attempt, time - MINUTE_MS)
    io, earlier = flow.io_counters(execution), before.io_counters(execution)
    chain = zip(vertex.spec.operators, flow.chain_records(execution), before.chain_records(execution), strict=True)
    watermark = watermark_of(job, execution, time)
    busy, pressure = flow.busy_ratio(vertex, execution.subtask), flow.backpressure_ratio(vertex)
    initializing = execution.entered_at(TaskState.INITIALIZING, time)
    return metrics.SubtaskInputs(
        now=time,
        started_at=since,
        key=execution.id,
        random=cluster.random,
        io=io,
        minute_ago=earlier,
        is_source=vertex.is_source,
        idle_ratio=1.0 - busy - pressure,
        backpressured_ratio=pressure,
        initialized_in=since - initializing if initializing is not None else 0,
        watermark=watermark,
        checkpointed=job.checkpoints.counts_at(time)["completed"] > 0,
        local_share=_local_share(execution, flows),
        operators=tuple(
            metrics.OperatorInputs(
                name=name,
                io=IoCounters(*records),
                minute_ago=IoCounters(*earlier_records),
                watermark=watermark,
                is_source=vertex.is_source and position == 0,
                active_ms=time - since,
                splits=_splits(vertex, execution.subtask) if position == 0 else (),
            )
            for position, (name, records, earlier_records) in enumerate(chain)
        ),
    )


def _splits(vertex: Vertex, subtask: int) -> tuple[str, ...]:
    """Return the splits that a subtask of a source reads."""
    return vertex.spec.splits[subtask :: vertex.parallelism] if vertex.is_source else ()


def _local_share(execution: Execution, flows: Flows) -> float:
    """Return the share of a subtask's input channels that come from its own TaskManager, from 0 to 1."""
    taskmanager = _taskmanager_of(execution)
    local = remote = 0
    for edge in execution.vertex.inputs:
        if edge.ship_strategy == "FORWARD":
            row = flows.row(execution.attempt, edge.source)
            producers = Counter(map(_taskmanager_of, row[execution.subtask :][:1]))
        else:
            producers = flows.producers(execution.attempt, edge.source)
        local_channels = producers[taskmanager] + producers[""] if taskmanager else producers.total()
        local += local_channels
        remote += producers.total() - local_channels
    return local / (local + remote) if remote else 1.0


def metrics_time_of(caches: Caches, execution: Execution, time: int) -> int | None:
    """Return the time (epoch ms) of a subtask's metrics; None if there are none.

    The JobManager keeps the last metrics that it fetched before a subtask ended, until the subtask has a newer attempt
    or the job is forgotten. See docs/flink-behaviour.md#ended-metrics.

    Args:
        caches: The caches of the JobManager.
        execution: The subtask.
        time: The time of the fetched metrics.
    """
    since = execution.entered_at(TaskState.RUNNING, time)
    measured = last_metrics_time(caches, execution, time)
    return measured if since is not None and measured is not None and since <= measured else None


def last_metrics_time(caches: Caches, execution: Execution, time: int) -> int | None:
    ended = ended_before(execution, time)
    return time if ended is None else caches.last_metrics_before(ended)


def forgets_ratios(execution: Execution, time: int, release: Release) -> bool:
    """Return whether the metrics of an ended subtask lack the busy, idle and back pressure ratios.

    MetricStore removes them since 1.18, when it is informed about the end of the subtask.
    """
    return release.since("1.18") and ended_before(execution, time) is not None


def ended_before(execution: Execution, time: int) -> int | None:
    """Return when a subtask ended (epoch ms), if that was by `time`; otherwise None."""
    return execution.ended_at(time) if execution.state_at(time) in TERMINAL_TASK_STATES else None


def watermark_of(job: Job, execution: Execution, time: int) -> int | None:
    """Return the input watermark of a subtask in epoch ms; None before the first one."""
    since = execution.entered_at(TaskState.RUNNING, time)
    watermarks = job.spec.watermarks
    if watermarks is not None:
        event_time = time if watermarks.stops_after is None else min(time, job.submitted_at + watermarks.stops_after)
        return None if watermarks.lag is None or since is None else event_time - watermarks.lag
    assigned = any(WATERMARKS in vertex.spec.operators for vertex in job.graph.vertices)
    return time - WATERMARK_LAG_MS if assigned and since is not None else None
