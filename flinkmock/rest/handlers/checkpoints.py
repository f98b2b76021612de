"""Checkpoints of a job: statistics, history, details of one checkpoint, and configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flinkmock.cluster.checkpoint import Checkpoint, SubtaskAcknowledgement
from flinkmock.cluster.checkpoint_summary import SummaryStatistics, percentile, summary_statistics
from flinkmock.cluster.errors import (
    CheckpointingDisabled,
    CheckpointNotFound,
    CheckpointVertexNotFound,
    JobInitializing,
    JobNotFound,
)
from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.job import Job
from flinkmock.cluster.restore import retained_checkpoints
from flinkmock.flink.java_format import MAX_LONG
from flinkmock.flink.options import CHECKPOINT_DIR, CHECKPOINT_HISTORY, STATE_BACKEND
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers.lookup import job_and_time

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}
"""Key -> fraction of the values that are smaller."""
NAN = float("nan")
UNKNOWN = "Unknown"
"""Flink's value for state backend and storage before it has the graph of a job."""


def _job_and_statistics_time(call: RestCall) -> tuple[Job, int]:
    """Return the job and the time of its cached checkpoint statistics. Since 1.18, another cache holds its graph.

    See docs/flink-behaviour.md#caches.

    Raises:
        JobNotFound: There is no such job.
        JobInitializing: The job has no JobMaster yet.
        CheckpointingDisabled: The job has no checkpoint statistics.
    """
    job = call.cluster.job(call.path["jobid"])
    time = call.caches.checkpoints_time(job.id, call.now)
    if not job.is_known_at(time):
        raise JobNotFound(job.id)
    if not job.has_graph_at(time) and not job.ended_before_start:
        # Since 1.18, AbstractCheckpointStatsHandler requests statistics from the JobMaster. Before, they are part of
        # the graph: a sparse graph has none in 1.12.5, and empty ones in 1.17.2.
        if call.cluster.release.since("1.18"):
            raise JobInitializing(job.id)
        if not call.cluster.release.since("1.15"):
            raise CheckpointingDisabled(job.id)
    _require_checkpointing(call, job)
    return job, time


def _require_checkpointing(call: RestCall, job: Job) -> None:
    """Raise CheckpointingDisabled for a batch job since 1.17. Before, such a job has empty statistics (1.16.3)."""
    if job.spec.is_batch and call.cluster.release.since("1.17"):
        raise CheckpointingDisabled(job.id)


@handles("getCheckpointingStatistics")
def statistics(call: RestCall) -> Payload:
    job, time = _job_and_statistics_time(call)
    tracker = job.checkpoints
    sizes, durations = tracker.summaries_at(time)
    zeros = SummaryStatistics(0, 0, 0, (0,)) if sizes else None  # for values that the model does not have
    payloads = _CheckpointPayloads(call, job, time)
    completed, savepoint = tracker.latest_checkpoint_at(time), tracker.latest_savepoint_at(time)
    failed = tracker.latest_failed_at(time)
    restored = tracker.latest_restored_at(time)
    return {
        "counts": tracker.counts_at(time),
        "summary": {
            "checkpointed_size": summary(sizes),
            "state_size": summary(sizes),
            "end_to_end_duration": summary(durations),
            "alignment_buffered": summary(zeros, empty_percentile=0.0),
            "processed_data": summary(zeros),
            "persisted_data": summary(zeros),
        },
        "latest": {
            "completed": payloads.of(completed) if completed else None,
            "savepoint": payloads.of(savepoint) if savepoint else None,
            "failed": payloads.of(failed) if failed else None,
            "restored": {
                "id": restored.id,
                "restore_timestamp": restored.at,
                "is_savepoint": restored.is_savepoint,
                "external_path": restored.path,
            }
            if restored
            else None,
        },
        "history": [payloads.of(checkpoint) for checkpoint in tracker.history_at(time, _history_length(call))],
    }


@handles("getCheckpointStatisticDetails")
def details(call: RestCall) -> Payload:
    job, time = _job_and_statistics_time(call)
    return _CheckpointPayloads(call, job, time).of(_checkpoint(call, job, time), with_tasks=True)


@handles("getTaskCheckpointStatistics")
def task_details(call: RestCall) -> Payload:
    job, time = _job_and_statistics_time(call)
    checkpoint = _checkpoint(call, job, time)
    vertex = job.checkpoints.graph_of(checkpoint).by_id.get(call.path["vertexid"])
    if vertex is None:
        raise CheckpointVertexNotFound(checkpoint.id, call.path["vertexid"])
    acks = job.checkpoints.acknowledgements(checkpoint, time)[vertex.index]
    acknowledged = [ack for ack in acks if ack.at is not None]
    durations = [ack.at - checkpoint.triggered_at for ack in acknowledged if ack.at is not None]
    zeros = [0] * len(acknowledged)
    return {
        **_task(checkpoint, vertex, acks, time),
        "summary": {
            "checkpointed_size": _without_percentiles([ack.size for ack in acknowledged]),
            "state_size": _without_percentiles([ack.size for ack in acknowledged]),
            "end_to_end_duration": _without_percentiles(durations),
            "checkpoint_duration": {
                "sync": _without_percentiles(zeros),
                "async": _without_percentiles([_async_ms(duration) for duration in durations]),
            },
            "alignment": {
                "buffered": summary(None, empty_percentile=0.0),
                "processed": _without_percentiles(zeros),
                "persisted": _without_percentiles(zeros),
                "duration": _without_percentiles(zeros),
            },
            "start_delay": _without_percentiles([_start_delay_ms(duration) for duration in durations]),
        },
        "subtasks": [_subtask(checkpoint, ack) for ack in acks],
    }


def _checkpoint(call: RestCall, job: Job, time: int) -> Checkpoint:
    """Return a checkpoint that is still in the history. Raises CheckpointNotFound."""
    checkpoint_id = call.path["checkpointid"]
    for checkpoint in job.checkpoints.history_at(time, _history_length(call)):
        if checkpoint.id == checkpoint_id:
            return checkpoint
    raise CheckpointNotFound(checkpoint_id)


def _history_length(call: RestCall) -> int:
    return call.cluster.configuration.integer(CHECKPOINT_HISTORY)


def summary(
    statistics: SummaryStatistics | None, *, has_histogram: bool = True, empty_percentile: float = NAN
) -> dict[str, Any]:
    """Return min, max and avg as ints, and percentiles as doubles. See docs/flink-behaviour.md#checkpoint-statistics.

    Args:
        statistics: The statistics; None if there are no values.
        has_histogram: Whether Flink keeps a histogram, from which percentiles are computed. It keeps none for subtasks.
        empty_percentile: The value of each percentile if there are no values or no histogram: NaN, or 0.0 for
            `alignment_buffered`.
    """
    payload: dict[str, Any] = {
        "min": statistics.minimum if statistics else 0,
        "max": statistics.maximum if statistics else 0,
        "avg": statistics.average if statistics else 0,
    }
    for name, fraction in PERCENTILES.items():
        payload[name] = percentile(statistics.window, fraction) if statistics and has_histogram else empty_percentile
    return payload


def _without_percentiles(values: list[int]) -> dict[str, Any]:
    return summary(summary_statistics(values), has_histogram=False)


class _CheckpointPayloads:
    """Returns the payloads of a job's checkpoints for lists and details."""

    def __init__(self, call: RestCall, job: Job, time: int) -> None:
        self._job = job
        self._time = time
        self._retained = retained_checkpoints(job, call.cluster.configuration, time)

    def of(self, checkpoint: Checkpoint, *, with_tasks: bool = False) -> dict[str, Any]:
        """Return the payload of a checkpoint. `with_tasks` adds the statistics of each vertex."""
        time, job = self._time, self._job
        status, graph = checkpoint.status_at(time), job.checkpoints.graph_of(checkpoint)
        acks = job.checkpoints.acknowledgements(checkpoint, time) if with_tasks or status != "COMPLETED" else []
        acknowledged = [ack for vertex_acks in acks for ack in vertex_acks if ack.at is not None]
        size = checkpoint.size if status == "COMPLETED" else sum(ack.size for ack in acknowledged)
        latest_ack_at = max((ack.at for ack in acknowledged if ack.at is not None), default=-1)
        payload: dict[str, Any] = {
            "className": status.lower(),
            "@class": status.lower(),
            "id": checkpoint.id,
            "status": status,
            "is_savepoint": checkpoint.is_savepoint,
            "savepointFormat": checkpoint.format,
            "trigger_timestamp": checkpoint.triggered_at,
            "latest_ack_timestamp": checkpoint.ends_at if status == "COMPLETED" else latest_ack_at,
            "checkpointed_size": size,
            "state_size": size,
            "end_to_end_duration": self._duration(checkpoint, status, latest_ack_at),
            "alignment_buffered": 0,
            "processed_data": 0,
            "persisted_data": 0,
            "num_subtasks": graph.subtask_count,
            "num_acknowledged_subtasks": graph.subtask_count if status == "COMPLETED" else len(acknowledged),
            "checkpoint_type": checkpoint.kind,
            "tasks": {},
        }
        if with_tasks:
            payload["tasks"] = {
                vertex.id: _task(checkpoint, vertex, acks[vertex.index], time) for vertex in graph.vertices
            }
        if status == "COMPLETED":
            payload["external_path"] = checkpoint.path
            payload["discarded"] = not checkpoint.is_savepoint and checkpoint not in self._retained
        elif status == "FAILED":
            payload["failure_timestamp"] = checkpoint.ends_at
            payload["failure_message"] = checkpoint.failure
        return payload

    @staticmethod
    def _duration(checkpoint: Checkpoint, status: str, latest_ack_at: int) -> int:
        """Return the duration of a checkpoint in ms; -1 before its first acknowledgement.

        A checkpoint in progress has lasted until its latest acknowledgement (AbstractCheckpointStats).
        """
        if status != "IN_PROGRESS":
            return checkpoint.ends_at - checkpoint.triggered_at
        return latest_ack_at - checkpoint.triggered_at if latest_ack_at >= 0 else -1


def _task(checkpoint: Checkpoint, vertex: Vertex, acks: Sequence[SubtaskAcknowledgement], time: int) -> dict[str, Any]:
    """Return the statistics of one vertex (TaskCheckpointStatistics)."""
    acknowledged = [ack.at for ack in acks if ack.at is not None]
    size = sum(ack.size for ack in acks)
    latest_ack_at = max(acknowledged, default=-1)
    return {
        "id": checkpoint.id,
        "status": checkpoint.status_at(time),
        "latest_ack_timestamp": latest_ack_at,
        "checkpointed_size": size,
        "state_size": size,
        "end_to_end_duration": -1 if latest_ack_at < 0 else latest_ack_at - checkpoint.triggered_at,
        "alignment_buffered": 0,
        "processed_data": 0,
        "persisted_data": 0,
        "num_subtasks": vertex.parallelism,
        "num_acknowledged_subtasks": len(acknowledged),
    }


def _subtask(checkpoint: Checkpoint, ack: SubtaskAcknowledgement) -> dict[str, Any]:
    """Return one entry of `subtasks`. Its status is in lower case, unlike every other status.

    See docs/flink-behaviour.md#checkpoint-details.
    """
    if ack.at is None:
        return {"className": "pending", "@class": "pending", "index": ack.subtask, "status": "pending_or_failed"}
    duration = ack.at - checkpoint.triggered_at
    return {
        "className": "completed",
        "@class": "completed",
        "index": ack.subtask,
        "ack_timestamp": ack.at,
        "end_to_end_duration": duration,
        "checkpointed_size": ack.size,
        "state_size": ack.size,
        "checkpoint": {"sync": 0, "async": _async_ms(duration)},
        "alignment": {"buffered": 0, "processed": 0, "persisted": 0, "duration": 0},
        "start_delay": _start_delay_ms(duration),
        "unaligned_checkpoint": False,
        "aborted": False,
        "status": "completed",
    }


def _start_delay_ms(duration_ms: int) -> int:
    """Return how long a subtask waited for the barrier: two thirds of the time until it acknowledged."""
    return duration_ms * 2 // 3


def _async_ms(duration_ms: int) -> int:
    """Return how long a subtask wrote state: the rest of the time until it acknowledged."""
    return duration_ms - _start_delay_ms(duration_ms)


_STATE_BACKENDS = {"rocksdb": "EmbeddedRocksDBStateBackend", "forst": "ForStStateBackend"}
"""Value of `state.backend.type` -> class, since 1.13."""
_STATE_BACKENDS_OF_1_12 = {"rocksdb": "RocksDBStateBackend", "filesystem": "FsStateBackend"}
_TEN_MINUTES_MS = 600_000
"""The default of the checkpoint timeout, and of the interval of the changelog's materialization."""


def _state_backend(call: RestCall, job: Job) -> str:
    if job.spec.is_batch:
        return "BatchExecutionStateBackend"
    configured = call.cluster.configuration.text(STATE_BACKEND)
    if call.cluster.release.since("1.13"):
        return _STATE_BACKENDS.get(configured or "", "HashMapStateBackend")
    return _STATE_BACKENDS_OF_1_12.get(configured or "", "MemoryStateBackend")


@handles("getCheckpointConfig")
def config(call: RestCall) -> Payload:
    job, time = job_and_time(call)
    _require_checkpointing(call, job)
    is_sparse = job.is_sparse_at(time)
    if is_sparse and not call.cluster.release.since("1.15"):  # a sparse job has settings in 1.17.2, not in 1.12.5
        raise CheckpointingDisabled(job.id)
    spec = job.checkpoints.spec
    interval_ms = None
    if spec is not None:  # since 2.3, the interval is at least the minimum pause (CheckpointCoordinatorConfiguration)
        interval_ms = spec.interval if call.cluster.release.since("2.3") else spec.every
    directory = call.cluster.configuration.text(CHECKPOINT_DIR)
    storage = "FileSystemCheckpointStorage" if directory else "JobManagerCheckpointStorage"
    return {
        "mode": spec.mode if spec and interval_ms is not None else "at_least_once",
        # a job without periodic checkpoints has the maximum interval (CheckpointCoordinatorConfiguration)
        "interval": MAX_LONG if interval_ms is None else interval_ms,
        "timeout": spec.timeout if spec else _TEN_MINUTES_MS,
        "min_pause": spec.min_pause if spec else 0,
        "max_concurrent": spec.max_concurrent if spec else 1,
        "externalization": {
            "enabled": bool(spec and spec.retained),
            "delete_on_cancellation": not spec or spec.retained != "retain",
        },
        "state_backend": UNKNOWN if is_sparse else _state_backend(call, job),
        "checkpoint_storage": UNKNOWN if is_sparse else storage,
        "unaligned_checkpoints": bool(spec and spec.unaligned),
        "tolerable_failed_checkpoints": spec.tolerable_failures if spec else 0,
        "aligned_checkpoint_timeout": spec.aligned_timeout if spec else 0,
        "checkpoints_after_tasks_finish": job.checkpoints.taken_after_tasks_finish,
        "state_changelog_enabled": False,
        "changelog_periodic_materialization_interval": _TEN_MINUTES_MS,
        "changelog_storage": UNKNOWN if is_sparse else "memory",
    }
