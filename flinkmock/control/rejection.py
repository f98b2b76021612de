"""The errors of the control API: their statuses, and their form in a response."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flinkmock.cluster.errors import (
    ClusterError,
    JobNotFound,
    TaskManagerNotFound,
    VertexNotFound,
)
from flinkmock.control.operation import ControlResponse
from flinkmock.errors import FlinkMockError, InvalidArgument, JobExists, NotFound, ScenarioError, UnknownRelease

_STATUSES: tuple[tuple[type[FlinkMockError], int], ...] = (
    (ScenarioError, 422),
    (UnknownRelease, 422),
    (JobExists, 409),
    (InvalidArgument, 400),
    (NotFound, 404),
    (JobNotFound, 404),
    (TaskManagerNotFound, 404),
    (VertexNotFound, 404),
    (FlinkMockError, 409),
)
"""Classes of errors and their statuses. The first class of which an error is an instance decides."""


class RequestRejected(Exception):
    """The control API rejects a request.

    Args:
        status: The status of the response.
        kind: The value of `error.type`.
        message: The mistake, and what is allowed.
        details: An object for each mistake, with at least a `message`.
        headers: Further headers of the response.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        details: Iterable[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message
        self.details, self.headers = tuple(details), dict(headers or {})

    @property
    def response(self) -> ControlResponse:
        """The response with this error."""
        error: dict[str, Any] = {"type": self.kind, "message": self.message}
        if self.details:
            error["details"] = self.details
        return ControlResponse(self.status, encode({"error": error}), headers=self.headers)


def rejection_of(error: FlinkMockError) -> RequestRejected:
    """Return the form in which the control API reports an error of the Python API."""
    status = next(status for kind, status in _STATUSES if isinstance(error, kind))
    details: list[dict[str, Any]] = []
    if isinstance(error, ScenarioError):
        details = [diagnostic.as_json() for diagnostic in error.diagnostics]
    elif isinstance(error, ClusterError) and hasattr(error, "exception"):
        details = [{"message": str(error.exception)}]
    return RequestRejected(status, type(error).__name__, str(error), details)


def encode(value: Any) -> bytes:
    """Return JSON with a final line break, for terminals."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", errors="replace") + b"\n"
