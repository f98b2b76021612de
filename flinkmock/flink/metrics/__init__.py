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
from flinkmock.flink.metrics.job import JOB_METRICS, coordinator_metrics, job_metrics
from flinkmock.flink.metrics.managers import jobmanager_metrics, taskmanager_jvm_payload, taskmanager_metrics
from flinkmock.flink.metrics.operator_name import metric_operator_name
from flinkmock.flink.metrics.subtask import (
    NON_SOURCE_OPERATOR_METRICS,
    NON_SOURCE_SUBTASK_METRICS,
    OPERATOR_METRICS,
    SOURCE_METRICS,
    SUBTASK_METRICS,
    operator_metrics,
    subtask_metrics,
)

METRIC_SUFFIXES = frozenset(
    metric.name.rpartition(".")[2]
    for table in (
        JOB_METRICS,
        SUBTASK_METRICS,
        NON_SOURCE_SUBTASK_METRICS,
        OPERATOR_METRICS,
        NON_SOURCE_OPERATOR_METRICS,
        SOURCE_METRICS,
    )
    for metric in table
)
"""The last parts of the names of Flink's metrics of jobs, subtasks and operators, in any release."""

TRANSIENT_SUFFIXES = frozenset({"idleTimeMsPerSecond", "backPressuredTimeMsPerSecond", "busyTimeMsPerSecond"})
"""The last parts of the names of metrics about a subtask's current second (MetricStore.TRANSIENT_METRIC_NAMES)."""

__all__ = [
    "AGGREGATIONS",
    "METRIC_SUFFIXES",
    "TRANSIENT_SUFFIXES",
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
    "taskmanager_jvm_payload",
    "taskmanager_metrics",
]
