"""Metrics of a job and of its source coordinators, computed like the gauges of the JobMaster."""

from __future__ import annotations

from collections.abc import Callable

from flinkmock.flink.java_format import JavaValue
from flinkmock.flink.metrics.inputs import JobInputs
from flinkmock.flink.metrics.operator_name import metric_operator_name
from flinkmock.flink.metrics.table import Metric, Table, metric_values
from flinkmock.release import Release


def _time_in_state(state: str) -> Metric[JobInputs]:
    """Return the metric for how long the job has been in a state; 0 in all other states (JobStatusMetrics)."""
    return Metric(
        f"{state.lower()}Time",
        lambda inputs: inputs.now - inputs.timestamps.get(state, inputs.now) if inputs.state == state else 0,
        since="1.15",
    )


def _uptime(inputs: JobInputs) -> JavaValue:
    """Return how long the job has been RUNNING; 0 in other states, and -1 after its end (UpTimeGauge)."""
    if inputs.is_terminal:
        return -1
    return max(0, inputs.now - inputs.timestamps["RUNNING"]) if inputs.state == "RUNNING" else 0


def _downtime(inputs: JobInputs) -> JavaValue:
    """Return the time since the job last became FAILING or RESTARTING, the latter also for a rescale (DownTimeGauge).

    It is 0 while the job is RUNNING or if this never happened, and -1 after its end.
    """
    if inputs.is_terminal:
        return -1
    failed_at = max(inputs.timestamps.get(state, 0) for state in ("FAILING", "RESTARTING"))
    return max(0, inputs.now - failed_at) if inputs.state != "RUNNING" and failed_at > 0 else 0


def _last_restart_duration(inputs: JobInputs) -> JavaValue:
    """Return the duration of the current or last restart, 0 if there was none (RestartTimeGauge, until 1.14)."""
    restarting_at = inputs.timestamps.get("RESTARTING", 0)
    if restarting_at == 0:
        return 0
    running_at = inputs.timestamps.get("RUNNING", 0)
    if running_at >= restarting_at:
        return running_at - restarting_at
    if inputs.is_terminal:
        return max(inputs.timestamps.get(state, 0) for state in ("FAILED", "CANCELED", "FINISHED")) - restarting_at
    return inputs.now - restarting_at


def _current_restart_duration(inputs: JobInputs) -> JavaValue:
    return inputs.now - inputs.timestamps["RESTARTING"] if inputs.state == "RESTARTING" else 0


def _restored_at(inputs: JobInputs) -> JavaValue:
    return -1 if inputs.restored_at is None else inputs.restored_at


def _restored_or_started_at(inputs: JobInputs) -> JavaValue:
    # Since 1.19, a start without state counts as a restore when the job becomes RUNNING.
    return inputs.restored_at or inputs.timestamps.get("RUNNING") or -1


def _time_since(started_at: int | None, inputs: JobInputs) -> JavaValue:
    return 0 if started_at is None else inputs.now - started_at


def _last_checkpoint_field(field: str) -> Callable[[JobInputs], JavaValue]:
    """Return a function that returns a field of the last completed checkpoint, or -1 if there is none."""

    def value(inputs: JobInputs) -> JavaValue:
        number: int = -1 if inputs.last_checkpoint is None else getattr(inputs.last_checkpoint, field)
        return number

    return value


def _last_checkpoint_path(inputs: JobInputs) -> JavaValue:
    return "n/a" if inputs.last_checkpoint is None else inputs.last_checkpoint.external_path


# Live clusters of all 13 releases showed which release has which metric (tests/flink/metrics/data/metric-names.tsv).
JOB_METRICS: Table[JobInputs] = (
    Metric("uptime", _uptime),
    Metric("downtime", _downtime),
    Metric("restartingTime", _last_restart_duration, removed_in="1.15"),
    Metric("restartingTime", _current_restart_duration, since="1.15"),
    _time_in_state("INITIALIZING"),
    _time_in_state("CREATED"),
    _time_in_state("RUNNING"),
    _time_in_state("FAILING"),
    _time_in_state("CANCELLING"),
    Metric("deployingTime", lambda inputs: _time_since(inputs.deploying_since, inputs), since="1.15"),
    Metric(
        "allSubTasksRunningOrFinishedTime", lambda inputs: _time_since(inputs.all_running_since, inputs), since="2.2"
    ),
    # A live cluster of 1.15.4 has no numRestarts.
    Metric("numRestarts", lambda inputs: inputs.restart_count, removed_in="1.15"),
    Metric("numRestarts", lambda inputs: inputs.restart_count, since="1.16", removed_in="2.0"),
    Metric("numRestarts", lambda inputs: inputs.restart_count - inputs.rescale_count, since="2.0"),
    Metric("fullRestarts", lambda inputs: inputs.restart_count, removed_in="2.0"),
    Metric("numRescales", lambda inputs: inputs.rescale_count, since="2.0"),
    Metric("numberOfCompletedCheckpoints", lambda inputs: inputs.completed_checkpoint_count),
    Metric("numberOfFailedCheckpoints", lambda inputs: inputs.failed_checkpoint_count),
    Metric("numberOfInProgressCheckpoints", lambda inputs: inputs.in_progress_checkpoint_count),
    Metric("totalNumberOfCheckpoints", lambda inputs: inputs.total_checkpoint_count),
    Metric("lastCheckpointDuration", _last_checkpoint_field("duration")),
    Metric("lastCheckpointSize", _last_checkpoint_field("checkpointed_size")),
    Metric("lastCheckpointFullSize", _last_checkpoint_field("state_size"), since="1.15"),
    Metric("lastCheckpointMetadataSize", _last_checkpoint_field("metadata_size"), since="2.2"),
    Metric("lastCheckpointProcessedData", _last_checkpoint_field("processed_data")),
    Metric("lastCheckpointPersistedData", _last_checkpoint_field("persisted_data")),
    Metric("lastCheckpointExternalPath", _last_checkpoint_path),
    Metric("lastCheckpointCompletedTimestamp", _last_checkpoint_field("completed_at"), since="2.0"),
    Metric("lastCompletedCheckpointId", _last_checkpoint_field("id"), since="1.17"),
    Metric("lastCheckpointRestoreTimestamp", _restored_at, removed_in="1.19"),
    Metric("lastCheckpointRestoreTimestamp", _restored_or_started_at, since="1.19"),
)


def job_metrics(inputs: JobInputs, release: Release) -> dict[str, str]:
    """Return the metrics of `/jobs/:jobid/metrics` by name."""
    return metric_values(JOB_METRICS, inputs, release)


def coordinator_metrics(source_vertex_name: str, release: Release) -> dict[str, str]:
    """Return the metrics of `/jobs/:jobid/vertices/:vertexid/jm-operator-metrics` by name, for a source vertex."""
    if not release.since("1.18"):
        return {}
    name = metric_operator_name(source_vertex_name, release)
    return {f"{name}.coordinator.enumerator.unassignedSplits": "0"}
