"""Flink's metrics, by scope and release, as functions of what the cluster knows."""

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
    AFTER_ANOTHER,
    BEHIND_AN_EDGE,
    OPERATOR,
    SOURCE,
    SUBTASK,
    operator_metrics,
    subtask_metrics,
)

OWN = frozenset(
    metric.name.rpartition(".")[2]
    for table in (JOB, SUBTASK, BEHIND_AN_EDGE, OPERATOR, AFTER_ANOTHER, SOURCE)
    for metric in table
)
"""The last words of the metrics that Flink itself has for a job and its subtasks, of any release."""

TRANSIENT = frozenset({"idleTimeMsPerSecond", "backPressuredTimeMsPerSecond", "busyTimeMsPerSecond"})
"""Metrics of a subtask that are of a moment (MetricStore.TRANSIENT_METRIC_NAMES)."""

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
