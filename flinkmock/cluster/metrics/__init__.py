"""Flink's metrics, by scope and release, as functions of what the cluster knows."""

from flinkmock.cluster.metrics.aggregation import AGGREGATIONS, aggregate
from flinkmock.cluster.metrics.job import coordinator_metrics, job_metrics
from flinkmock.cluster.metrics.managers import job_manager_metrics, task_manager_jvm, task_manager_metrics
from flinkmock.cluster.metrics.names import metric_operator_name
from flinkmock.cluster.metrics.readings import (
    Io,
    JobManagerReading,
    JobReading,
    LastCheckpoint,
    OperatorReading,
    SubtaskReading,
    TaskManagerReading,
)
from flinkmock.cluster.metrics.subtask import operator_metrics, subtask_metrics

__all__ = [
    "AGGREGATIONS",
    "Io",
    "JobManagerReading",
    "JobReading",
    "LastCheckpoint",
    "OperatorReading",
    "SubtaskReading",
    "TaskManagerReading",
    "aggregate",
    "coordinator_metrics",
    "job_manager_metrics",
    "job_metrics",
    "metric_operator_name",
    "operator_metrics",
    "subtask_metrics",
    "task_manager_jvm",
    "task_manager_metrics",
]
