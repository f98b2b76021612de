"""One function for each operation of Flink's REST API, grouped by resource: from a call to a payload.

Importing a module registers its handlers. `handler_of` imports them all with the first request, so that a server starts
without them.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from flinkmock.rest.call import HANDLERS, FileContent, Handler, RestCall, UploadedFile, handles
from flinkmock.rest.handlers.unmodelled import unmodelled

MODULES = (
    "accumulators",
    "applications",
    "backpressure",
    "cancel",
    "checkpoints",
    "coordination",
    "exceptions",
    "execution_result",
    "flame_graph",
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
)

__all__ = [
    "MODULES",
    "FileContent",
    "RestCall",
    "UploadedFile",
    "handler_of",
    "handlers",
    "handles",
]


def handler_of(operation_id: str) -> Handler:
    """The handler of an operation; for one without a handler, which only imported releases have, `unmodelled`."""
    return handlers().get(operation_id, unmodelled)


@cache
def handlers() -> dict[str, Handler]:
    """Operation id -> its handler."""
    for module in MODULES:
        import_module(f"{__name__}.{module}")
    return HANDLERS
