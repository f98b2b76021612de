"""The handlers of the REST API, grouped by resource. A handler is a function from a call to a payload.

Importing a module registers its handlers. `handler_of` imports all of them when the first request is handled, so that
the start of a server doesn't wait for them.
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
    """Return the handler of an operation; `unmodelled` if it has none, which happens only in imported releases."""
    return handlers().get(operation_id, unmodelled)


@cache
def handlers() -> dict[str, Handler]:
    """Return all handlers by operation id."""
    for module in MODULES:
        import_module(f"{__name__}.{module}")
    return HANDLERS
