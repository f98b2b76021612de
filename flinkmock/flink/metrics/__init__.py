"""Flink's metrics by scope and release, computed from the state of the cluster."""

from flinkmock.flink.metrics.aggregation import AGGREGATIONS, aggregate
from flinkmock.flink.metrics.inputs import (
    JobInputs,
    JobManagerInputs,
    LastCheckpoint,
    OperatorInputs,
    SubtaskInputs,
    TaskManagerInputs,
)
from flinkmock.flink.metrics.job import JOB, coordinator_metrics, job_metrics
from flinkmock.flink.metrics.managers import jobmanager_metrics, taskmanager_jvm, taskmanager_metrics
from flinkmock.flink.metrics.names import metric_operator_name
from flinkmock.flink.metrics.subtask import (
    CHAINED,
    OPERATOR,
    SOURCE,
    SUBTASK,
    WITH_INPUTS,
    operator_metrics,
    subtask_metrics,
)

OWN = frozenset(
    metric.name.rpartition(".")[2]
    for table in (JOB, SUBTASK, WITH_INPUTS, OPERATOR, CHAINED, SOURCE)
    for metric in table
)
"""The last parts of the names of Flink's metrics of jobs and subtasks, in any release."""

TRANSIENT = frozenset({"idleTimeMsPerSecond", "backPressuredTimeMsPerSecond", "busyTimeMsPerSecond"})
"""The last words of the metrics of a subtask's current second (MetricStore.TRANSIENT_METRIC_NAMES)."""

__all__ = [
    "AGGREGATIONS",
    "OWN",
    "TRANSIENT",
    "JobInputs",
    "JobManagerInputs",
    "LastCheckpoint",
    "OperatorInputs",
    "SubtaskInputs",
    "TaskManagerInputs",
    "aggregate",
    "coordinator_metrics",
    "job_metrics",
    "jobmanager_metrics",
    "metric_operator_name",
    "operator_metrics",
    "subtask_metrics",
    "taskmanager_jvm",
    "taskmanager_metrics",
]
