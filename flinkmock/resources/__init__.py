"""What each operation answers: one small module for each resource of Flink's REST API, each from call to facts."""

from flinkmock.resources import (  # each module registers its operations when it is imported
    accumulators,
    checkpoints,
    exceptions,
    jobmanager,
    jobs,
    logs,
    metrics,
    results,
    sampling,
    taskmanagers,
    vertices,
)
from flinkmock.resources.call import REGISTRY, Call, FileContent, UploadedFile, resource

__all__ = [
    "REGISTRY",
    "Call",
    "FileContent",
    "UploadedFile",
    "accumulators",
    "checkpoints",
    "exceptions",
    "jobmanager",
    "jobs",
    "logs",
    "metrics",
    "resource",
    "results",
    "sampling",
    "taskmanagers",
    "vertices",
]
