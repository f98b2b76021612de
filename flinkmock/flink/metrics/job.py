"""Metrics of a job and of its source coordinators, computed like the gauges of the JobMaster."""

from __future__ import annotations

from flinkmock.flink.java_format import JavaValue
from flinkmock.flink.metrics.inputs import JobInputs
from flinkmock.flink.metrics.names import metric_operator_name
from flinkmock.flink.metrics.table import Metric, Table, measure
from flinkmock.release import Release


def _time_in(state: str) -> Metric[JobInputs]:
    """Return how long the job has been in a state, or 0 if it is in another one (JobStatusMetrics)."""
    return Metric(
        f"{state.lower()}Time",
        lambda r: r.now - r.timestamps.get(state, r.now) if r.state == state else 0,
        since="1.15",
    )


def _up(inputs: JobInputs) -> JavaValue:
    """Return the time since the job runs, 0 before that, or -1 after its end (UpTimeGauge)."""
    if inputs.terminal:
        return -1
    return max(0, inputs.now - inputs.timestamps["RUNNING"]) if inputs.state == "RUNNING" else 0


def _down(inputs: JobInputs) -> JavaValue:
    """Return how long a job has not been running after it ran, or -1 after its end (DownTimeGauge)."""
    if inputs.terminal:
        return -1
    fell = max(inputs.timestamps.get(state, 0) for state in ("FAILING", "RESTARTING"))
    return max(0, inputs.now - fell) if inputs.state != "RUNNING" and fell > 0 else 0


def _last_restart(inputs: JobInputs) -> JavaValue:
    """Return the duration of the current or last restart (RestartTimeGauge, until 1.14)."""
    began = inputs.timestamps.get("RESTARTING", 0)
    if began == 0:
        return 0
    back = inputs.timestamps.get("RUNNING", 0)
    ended = max((inputs.timestamps.get(state, 0) for state in ("FAILED", "CANCELED", "FINISHED")), default=0)
    return (back if back >= began else ended if inputs.terminal else inputs.now) - began


def _present_restart(inputs: JobInputs) -> JavaValue:
    return inputs.now - inputs.timestamps["RESTARTING"] if inputs.state == "RESTARTING" else 0


def _restored(inputs: JobInputs) -> JavaValue:
    return -1 if inputs.restored_at is None else inputs.restored_at


def _restored_or_started(inputs: JobInputs) -> JavaValue:
    # Since 1.19 a start without state also counts: the value is the time at which the job went RUNNING.
    return inputs.restored_at or inputs.timestamps.get("RUNNING") or -1


# The releases of each metric were read from live clusters of all 13 releases (tests/cluster/data/metric-names.tsv).
JOB: Table[JobInputs] = (
    Metric("uptime", _up),
    Metric("downtime", _down),
    Metric("restartingTime", _last_restart, until="1.15"),
    Metric("restartingTime", _present_restart, since="1.15"),
    _time_in("INITIALIZING"),
    _time_in("CREATED"),
    _time_in("RUNNING"),
    _time_in("FAILING"),
    _time_in("CANCELLING"),
    Metric("deployingTime", lambda r: 0 if r.deploying_since is None else r.now - r.deploying_since, since="1.15"),
    Metric(
        "allSubTasksRunningOrFinishedTime",
        lambda r: 0 if r.all_running_since is None else r.now - r.all_running_since,
        since="2.2",
    ),
    # Only 1.15 lacks it (live 1.15.4).
    Metric("numRestarts", lambda r: r.restarts, until="1.15"),
    Metric("numRestarts", lambda r: r.restarts, since="1.16", until="2.0"),
    Metric("numRestarts", lambda r: r.restarts - r.rescales, since="2.0"),
    Metric("fullRestarts", lambda r: r.restarts, until="2.0"),
    Metric("numRescales", lambda r: r.rescales, since="2.0"),
    Metric("numberOfCompletedCheckpoints", lambda r: r.completed),
    Metric("numberOfFailedCheckpoints", lambda r: r.failed),
    Metric("numberOfInProgressCheckpoints", lambda r: r.in_progress),
    Metric("totalNumberOfCheckpoints", lambda r: r.total),
    Metric("lastCheckpointDuration", lambda r: r.last.duration if r.last else -1),
    Metric("lastCheckpointSize", lambda r: r.last.checkpointed_size if r.last else -1),
    Metric("lastCheckpointFullSize", lambda r: r.last.state_size if r.last else -1, since="1.15"),
    Metric("lastCheckpointMetadataSize", lambda r: r.last.metadata_size if r.last else -1, since="2.2"),
    Metric("lastCheckpointProcessedData", lambda r: r.last.processed_data if r.last else -1),
    Metric("lastCheckpointPersistedData", lambda r: r.last.persisted_data if r.last else -1),
    Metric("lastCheckpointExternalPath", lambda r: r.last.external_path if r.last else "n/a"),
    Metric("lastCheckpointCompletedTimestamp", lambda r: r.last.completed_at if r.last else -1, since="2.0"),
    Metric("lastCompletedCheckpointId", lambda r: r.last.id if r.last else -1, since="1.17"),
    Metric("lastCheckpointRestoreTimestamp", _restored, until="1.19"),
    Metric("lastCheckpointRestoreTimestamp", _restored_or_started, since="1.19"),
)


def job_metrics(inputs: JobInputs, release: Release) -> dict[str, str]:
    """Return the metrics of `/jobs/:jobid/metrics` by name."""
    return measure(JOB, inputs, release)


def coordinator_metrics(source_vertex: str, release: Release) -> dict[str, str]:
    """Return the metrics of `/jobs/:jobid/vertices/:vertexid/jm-operator-metrics` by name, for a source vertex."""
    if not release.since("1.18"):
        return {}
    name = metric_operator_name(source_vertex, release)
    return {f"{name}.coordinator.enumerator.unassignedSplits": "0"}
