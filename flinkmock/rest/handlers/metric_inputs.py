"""Collects the values of the cluster from which metrics are computed. Each scope of metrics has one function."""

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
WATERMARK_OPERATOR = "Timestamps/Watermarks"
"""The operator of `assignTimestampsAndWatermarks`."""
WATERMARK_LAG_MS = 1
"""How far the watermarks of `WatermarkStrategy.forMonotonousTimestamps` lag behind the newest record, in ms."""


def jobmanager_inputs(cluster: Cluster, time: int) -> metrics.JobManagerInputs:
    registered = cluster.taskmanagers.registered_at(time)
    return metrics.JobManagerInputs(
        now=time,
        started_at=cluster.started_at,
        key="jobmanager",
        random=cluster.random,
        memory=jobmanager_memory(cluster.configuration),
        running_job_count=sum(job.ended_at(time) is None for job in jobs_at(cluster, time)),
        taskmanager_count=len(registered),
        total_slot_count=sum(taskmanager.slot_count for taskmanager in registered),
        available_slot_count=sum(cluster.slots.free_count(taskmanager, time) for taskmanager in registered),
    )


def jobs_at(cluster: Cluster, time: int) -> list[Job]:
    """Return the jobs that were submitted before or at `time`."""
    return [job for job in cluster.jobs.values() if job.submitted_at <= time]


def taskmanager_inputs(cluster: Cluster, taskmanager: TaskManager, time: int) -> metrics.TaskManagerInputs:
    return metrics.TaskManagerInputs(
        now=time,
        started_at=taskmanager.joined_at,
        key=taskmanager.id,
        random=cluster.random,
        memory=taskmanager_memory(cluster.taskmanagers.configuration_of(taskmanager), cluster.release),
        deployed_task_count=len(executions_on(cluster, taskmanager, time)),
    )


def executions_on(cluster: Cluster, taskmanager: TaskManager, time: int) -> list[Execution]:
    """Return the executions that are deployed to a TaskManager at `time`, job by job in the order of their slots."""
    job_ids = dict.fromkeys(slot.job_id for slot in cluster.slots.held(time, taskmanager=taskmanager))
    return [
        execution
        for job_id in job_ids
        if job_id in cluster.jobs
        for row in cluster.jobs[job_id].executions_at(time)
        for execution in row
        if execution.slot and execution.slot.taskmanager is taskmanager and execution.occupies_slot_at(time)
    ]


def job_inputs(cluster: Cluster, job: Job, time: int) -> metrics.JobInputs:
    timestamps = job.timestamps_at(time)
    executions = [execution for row in job.present_executions_at(time) for execution in row]
    running_times = [
        execution.entered_at(TaskState.RUNNING, time)
        for execution in executions
        if execution.state_at(time) in (TaskState.RUNNING, TaskState.FINISHED)
    ]
    all_running = len(running_times) == len(executions)
    deployment_times = [
        execution.started_at(time)
        for execution in executions
        if execution.state_at(time) in (TaskState.DEPLOYING, TaskState.INITIALIZING)
    ]
    counts = job.checkpoints.counts_at(time)
    completed = job.checkpoints.completed_checkpoints_at(time)
    restored = job.checkpoints.latest_restored_at(time)
    return metrics.JobInputs(
        now=time,
        started_at=job.submitted_at,
        key=job.id,
        random=cluster.random,
        state=job.state_at(time),
        timestamps={state: timestamps.get(state, 0) for state in JOB_STATES},
        is_terminal=job.ended_at(time) is not None,
        restart_count=job.states.entry_count(JobState.RESTARTING, time),
        rescale_count=sum(
            _rescale_has_begun(job, change.job_attempt_number, time)
            for change in job.resource_changes
            if change.job_attempt_number is not None
        ),
        all_running_since=max(filter(None, running_times), default=None) if all_running else None,
        deploying_since=min((start for start in deployment_times if start is not None), default=None),
        completed_checkpoint_count=counts["completed"],
        failed_checkpoint_count=counts["failed"],
        in_progress_checkpoint_count=counts["in_progress"],
        total_checkpoint_count=counts["total"],
        last_checkpoint=_last_checkpoint(completed[-1]) if completed else None,
        restored_at=restored.at if restored else None,
    )


def _rescale_has_begun(job: Job, attempt_number: int, time: int) -> bool:
    """Return whether the restart that led to a job attempt had begun at `time`."""
    outcome = job.attempts[attempt_number - 1].outcome
    return outcome is not None and outcome.at <= time


def _last_checkpoint(checkpoint: Checkpoint) -> metrics.LastCheckpoint:
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


class SharedFlows:
    """What the metrics of a job's subtasks share within one request: record flows, and counts by TaskManager."""

    def __init__(self, job: Job, caches: Caches) -> None:
        self._job = job
        self.caches = caches
        self._flows: dict[tuple[int, int], RecordFlow] = {}
        self._subtask_counts: dict[tuple[int, int], Counter[str]] = {}

    def at(self, attempt_number: int, time: int) -> RecordFlow:
        """Return the flow of a job attempt at `time` (epoch ms)."""
        key = attempt_number, time
        if key not in self._flows:
            self._flows[key] = RecordFlow(self._job.attempts[attempt_number], time)
        return self._flows[key]

    def subtask_counts(self, attempt_number: int, vertex_index: int) -> Counter[str]:
        """Return the number of a vertex's subtasks by TaskManager id; "" is for subtasks without a TaskManager."""
        key = attempt_number, vertex_index
        if key not in self._subtask_counts:
            self._subtask_counts[key] = Counter(map(_taskmanager_id_of, self.row(attempt_number, vertex_index)))
        return self._subtask_counts[key]

    def row(self, attempt_number: int, vertex_index: int) -> list[Execution]:
        """Return the executions of a vertex in a job attempt."""
        return self._job.attempts[attempt_number].executions()[vertex_index]


def _taskmanager_id_of(execution: Execution) -> str:
    return execution.slot.taskmanager.id if execution.slot else ""


def subtask_inputs(
    cluster: Cluster, job: Job, execution: Execution, time: int, flows: SharedFlows
) -> metrics.SubtaskInputs | None:
    """Return the inputs of a subtask's metrics; None if it has no metrics at `time`."""
    measured_at = metrics_time_of(flows.caches, execution, time)
    running_since = execution.entered_at(TaskState.RUNNING, time)
    if measured_at is None or running_since is None:
        return None
    time = measured_at
    vertex = execution.vertex
    flow, flow_a_minute_ago = flows.at(execution.attempt, time), flows.at(execution.attempt, time - MINUTE_MS)
    io, io_a_minute_ago = flow.io_counters(execution), flow_a_minute_ago.io_counters(execution)
    operator_records = zip(
        vertex.spec.operators,
        flow.chain_record_counts(execution),
        flow_a_minute_ago.chain_record_counts(execution),
        strict=True,
    )
    watermark = watermark_of(job, execution, time)
    busy, backpressured = flow.busy_ratio(vertex, execution.subtask), flow.backpressure_ratio(vertex)
    initializing_since = execution.entered_at(TaskState.INITIALIZING, time)
    return metrics.SubtaskInputs(
        now=time,
        started_at=running_since,
        key=execution.id,
        random=cluster.random,
        io=io,
        io_minute_ago=io_a_minute_ago,
        is_source=vertex.is_source,
        idle_ratio=1.0 - busy - backpressured,
        backpressured_ratio=backpressured,
        initializing_ms=running_since - initializing_since if initializing_since is not None else 0,
        watermark=watermark,
        has_acknowledged_checkpoint=job.checkpoints.counts_at(time)["completed"] > 0,
        local_share=_local_share(execution, flows),
        operators=tuple(
            metrics.OperatorInputs(
                name=name,
                io=IoCounters(*records),
                io_minute_ago=IoCounters(*records_a_minute_ago),
                watermark=watermark,
                is_source=vertex.is_source and position == 0,
                active_ms=time - running_since,
                splits=_splits(vertex, execution.subtask) if position == 0 else (),
            )
            for position, (name, records, records_a_minute_ago) in enumerate(operator_records)
        ),
    )


def _splits(vertex: Vertex, subtask: int) -> tuple[str, ...]:
    """Return the splits that a subtask of a source reads."""
    return vertex.spec.splits[subtask :: vertex.parallelism] if vertex.is_source else ()


def _local_share(execution: Execution, flows: SharedFlows) -> float:
    """Return the share of a subtask's input channels that come from its own TaskManager, from 0 to 1.

    Producers without a TaskManager count as local.
    """
    taskmanager_id = _taskmanager_id_of(execution)
    local_count = channel_count = 0
    for edge in execution.vertex.inputs:
        if edge.ship_strategy == "FORWARD":
            producers = flows.row(execution.attempt, edge.source)[execution.subtask : execution.subtask + 1]
            producer_counts = Counter(map(_taskmanager_id_of, producers))
        else:
            producer_counts = flows.subtask_counts(execution.attempt, edge.source)
        channel_count += producer_counts.total()
        if taskmanager_id:
            local_count += producer_counts[taskmanager_id] + producer_counts[""]
        else:
            local_count += producer_counts.total()
    return local_count / channel_count if local_count < channel_count else 1.0


def metrics_time_of(caches: Caches, execution: Execution, time: int) -> int | None:
    """Return the time (epoch ms) at which a subtask's metrics were last fetched; None if there are none.

    The JobManager keeps the last metrics that it fetched before a subtask ended, until the subtask has a newer attempt
    or the job is forgotten. See docs/flink-behaviour.md#ended-metrics.

    Args:
        caches: The caches of the JobManager.
        execution: The execution of the subtask.
        time: The time at which metrics were last fetched.
    """
    running_since = execution.entered_at(TaskState.RUNNING, time)
    measured_at = last_metrics_time(caches, execution, time)
    if running_since is None or measured_at is None or measured_at < running_since:
        return None
    return measured_at


def last_metrics_time(caches: Caches, execution: Execution, time: int) -> int | None:
    """Return `time` or, if a subtask has ended by then, when metrics were last fetched before its end.

    None: metrics were never fetched before the end of the subtask.
    """
    end = end_of(execution, time)
    return time if end is None else caches.last_metrics_before(end)


def lacks_ratios(execution: Execution, time: int, release: Release) -> bool:
    """Return whether the metrics of an ended subtask lack the busy, idle and back pressure ratios.

    Since 1.18, MetricStore removes these ratios after the end of the subtask.
    """
    return release.since("1.18") and end_of(execution, time) is not None


def end_of(execution: Execution, time: int) -> int | None:
    """Return when a subtask ended (epoch ms); None if it had not ended at `time`."""
    return execution.ended_at(time) if execution.state_at(time) in TERMINAL_TASK_STATES else None


def watermark_of(job: Job, execution: Execution, time: int) -> int | None:
    """Return the input watermark of a subtask in epoch ms; None before the first one."""
    running_since = execution.entered_at(TaskState.RUNNING, time)
    watermarks = job.spec.watermarks
    if watermarks is not None:
        event_time = time if watermarks.stops_after is None else min(time, job.submitted_at + watermarks.stops_after)
        return None if watermarks.lag is None or running_since is None else event_time - watermarks.lag
    assigns_watermarks = any(WATERMARK_OPERATOR in vertex.spec.operators for vertex in job.graph.vertices)
    return time - WATERMARK_LAG_MS if assigns_watermarks and running_since is not None else None
