"""One function for each operation of Flink's REST API, grouped by resource: from a call to a payload.

Importing a module registers its handlers.
"""

from flinkmock.rest.call import HANDLERS, FileContent, RestCall, UploadedFile, handles
from flinkmock.rest.handlers import (
    accumulators,
    applications,
    backpressure,
    cancel,
    checkpoints,
    exceptions,
    execution_result,
    flame_graph,
    jars,
    jobmanager,
    jobs,
    logs,
    metrics,
    overview,
    profiler,
    rescaling,
    savepoints,
    submission,
    taskmanagers,
    vertices,
)

__all__ = [
    "HANDLERS",
    "FileContent",
    "RestCall",
    "UploadedFile",
    "accumulators",
    "applications",
    "backpressure",
    "cancel",
    "checkpoints",
    "exceptions",
    "execution_result",
    "flame_graph",
    "handles",
    "jars",
    "jobmanager",
    "jobs",
    "logs",
    "metrics",
    "overview",
    "profiler",
    "rescaling",
    "savepoints",
    "submission",
    "taskmanagers",
    "vertices",
]
