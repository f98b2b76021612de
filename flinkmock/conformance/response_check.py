"""Checks one response: status, headers, content type and body against the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flinkmock.conformance.http_client import HttpResponse
from flinkmock.conformance.report import Finding, generalize_pointer
from flinkmock.contract import Contract, Operation
from flinkmock.contract.operation_traits import traits_of
from flinkmock.flink.messages import NO_LEADER
from flinkmock.rest.response import is_error_status

JSON_CONTENT_TYPE = "application/json; charset=UTF-8"
CORS_HEADER = "access-control-allow-origin"
STATUS = "status"
"""The kind of findings about a status that the contract does not have."""

ERROR_STATUSES = 308, 400, 404, 408, 409, 413, 417, 500, 503
"""All statuses of the error responses to operations (docs/flink-behaviour.md#statuses)."""
NETTY_STATUSES = frozenset({413, 417})
"""Statuses with which Netty itself rejects bodies that are too large, and unknown expectations. Such a response has no
body and no content type."""
INITIALIZING_STATUS, INITIALIZING_TEXT = 500, "Unable to get JobMasterGateway for initializing job"
"""The error about a job that is INITIALIZING."""
UNREACHABLE = (
    "RecipientUnreachableException",
    "UnknownTaskExecutorException",
    "TimeoutException",
    "because it was unknown",
    "Could not find TaskExecutor",
)
"""Texts in error responses about a TaskManager that has died or is no longer registered."""
NOT_ROUTED = "Unable to load requested file"
"""Flink's message for a path that is not registered."""


def expected_error(operation: Operation, response: HttpResponse) -> str | None:
    """Return why a healthy cluster may return this error for an existing operation; None if there is no such reason."""
    text = error_message(response)
    if response.status == 404 and NOT_ROUTED in text and (operation.requires_config or operation.session_cluster_only):
        options = ", ".join(f"{key}: {str(value).lower()}" for key, value in operation.requires_config.items())
        return f"not registered without {options}" if options else "only in a session cluster"
    if ":taskmanagerid" in operation.segments and (reason := unreachable_taskmanager(response)):
        return f"{response.status} {reason}"
    is_initializing = response.status == INITIALIZING_STATUS and INITIALIZING_TEXT in text
    if response.status in traits_of(operation.id).expected_error_statuses or is_initializing:
        return f"{response.status} {text}"
    return None


def lacks_leader(response: HttpResponse) -> bool:
    """Return whether a JobManager responds that no leader is elected."""
    return response.status == 503 and error_message(response) == NO_LEADER


def unreachable_taskmanager(response: HttpResponse) -> str | None:
    """Return the exception or text of an error response about an unreachable TaskManager; None for other responses.

    A TaskManager that has died stays registered until its heartbeats time out (50 s).
    """
    if response.status not in (404, 500):
        return None
    text = response.raw_body.decode(errors="replace")
    return next((name for name in UNREACHABLE if name in text), None)


def check_response(
    contract: Contract, operation: Operation, response: HttpResponse, accepted_statuses: tuple[int, ...] | None = None
) -> Iterator[Finding]:
    """Yield the findings of a response.

    Args:
        contract: The contract of the release.
        operation: The operation that was called.
        response: The response to be checked.
        accepted_statuses: The error statuses that are accepted; None: those for which `expected_error` gives a reason.
    """

    def finding(kind: str, expected: object, found: object, pointer: str = "") -> Finding:
        return Finding(operation, pointer, kind, str(expected), str(found))

    is_success = response.status == operation.status
    is_allowed = (
        expected_error(operation, response) is not None
        if accepted_statuses is None
        else response.status in accepted_statuses
    )
    if not is_success and not is_allowed:
        expected = (
            operation.status
            if accepted_statuses is None
            else " or ".join(map(str, sorted({operation.status, *accepted_statuses})))
        )
        yield finding(STATUS, expected, status_and_message(response))
    if response.status in NETTY_STATUSES and not response.raw_body:
        return
    is_error = is_error_status(response.status)
    file_type = None if is_error else (operation.response or {}).get("contentType")
    expected_type = file_type or JSON_CONTENT_TYPE
    if response.content_type != expected_type:
        yield finding("content type", expected_type, response.content_type or "none")
    if file_type:
        return
    if is_success and not traits_of(operation.id).is_log_url and CORS_HEADER not in response.headers:
        yield finding("header", CORS_HEADER, "none")
    try:
        body = response.body
    except ValueError:
        first_line = response.raw_body[:60].decode("utf-8", errors="replace").partition("\n")[0].rstrip("\r")
        yield finding("body", "JSON", first_line)
        return
    violations = contract.check_error(body) if is_error else contract.check_response(operation, body)
    for violation in violations:
        yield finding(violation.kind, violation.expected, violation.found, generalize_pointer(violation.pointer))


def status_and_message(response: HttpResponse) -> str:
    """Return the status of a response, with the line of its error message if it has one."""
    return f"{response.status} {error_message(response)}".strip()


def error_message(response: HttpResponse) -> str:
    """Return a line of an error response's last message; "" if there is none.

    It is the first line or, of an exception on the server side, the second one, which names the exception. "…" replaces
    ids of 32 hex digits and what follows after 160 characters.
    """
    try:
        lines = str(response.body["errors"][-1]).split("\n")
    except (ValueError, LookupError, TypeError):
        return ""
    text = lines[1] if lines[0].startswith("<Exception on server side") and len(lines) > 1 else lines[0]
    text = re.sub(r"\b[0-9a-f]{32}\b", "…", text)
    return text if len(text) <= 160 else (text[:160].rpartition(" ")[0] or text[:160]) + " …"
