"""The verdict over one answer: status, headers, content type and body against the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flinkmock.conformance.http_client import HttpResponse
from flinkmock.conformance.report import Finding, general
from flinkmock.contract import Contract, Operation

JSON = "application/json; charset=UTF-8"
CORS = "access-control-allow-origin"

REFUSALS: dict[str, tuple[int, ...]] = {
    "generatePlanFromJarGet": (400, 500),  # a jar whose main throws or that has none
    "getJobResourceRequirements": (500,),  # without the adaptive scheduler, or the job has ended
    "getJobRescaleConfig": (404,),  # without the adaptive scheduler
    "getJobRescaleDetails": (404,),
    "getJobRescalesHistory": (404,),
    "getJobRescalesOverview": (404,),
    "getJobRescalesSummary": (404,),
    "getJobVertexBackPressure": (500,),  # 1.12, of a job that has ended
    "getSubtaskExecutionAttemptDetails": (404,),  # an earlier attempt that is no longer known
    "getSubtaskExecutionAttemptAccumulators": (404,),
    "getCheckpointStatisticDetails": (404,),  # pushed out of the history since it was listed
    "getTaskCheckpointStatistics": (404,),
}
"""Operation id -> statuses with which a healthy cluster refuses it. See docs/flink-behaviour.md#unknown-ids."""
WITHOUT_CORS = frozenset({"getJobManagerLogUrl", "getTaskManagerLogUrl"})
"""GeneratedLogUrlHandler sends no CORS header. See docs/flink-behaviour.md#cors."""
OF_NETTY = frozenset({413, 417})
"""Netty refuses by itself what is too large or expects too much, in an empty answer without a type."""
INITIALIZING = 500, "Unable to get JobMasterGateway for initializing job"
UNROUTED = "Unable to load requested file"
"""How Flink answers a path that is not registered."""


def legal_refusal(operation: Operation, answer: HttpResponse) -> str | None:
    """Why a healthy cluster may answer so although the operation exists; None if it may not."""
    text = message(answer)
    if answer.status == 404 and UNROUTED in text and (operation.requires_config or operation.session_cluster_only):
        settings = ", ".join(f"{key}: {str(value).lower()}" for key, value in operation.requires_config.items())
        return f"not registered without {settings}" if settings else "only in a session cluster"
    initializing = answer.status == INITIALIZING[0] and INITIALIZING[1] in text
    if answer.status in REFUSALS.get(operation.id, ()) or initializing:
        return f"{answer.status} {text}"
    return None


def judge(
    contract: Contract, operation: Operation, answer: HttpResponse, refusals: tuple[int, ...] | None = None
) -> Iterator[Finding]:
    """Every way in which the answer deviates.

    `refusals`: the statuses that are right beside the operation's own; None: those of a question about something that
    exists.
    """

    def finding(kind: str, expected: object, found: object, pointer: str = "") -> Finding:
        return Finding(operation, pointer, kind, str(expected), str(found))

    good = answer.status == operation.status
    allowed = legal_refusal(operation, answer) if refusals is None else answer.status in refusals
    if not good and not allowed:
        expected = (
            operation.status if refusals is None else " or ".join(map(str, sorted({operation.status, *refusals})))
        )
        yield finding("status", expected, f"{answer.status} {message(answer)}".strip())
    if answer.status in OF_NETTY and not answer.raw:
        return
    file_type = (operation.response or {}).get("contentType") if answer.status < 400 else None
    expected_type = file_type or JSON
    if answer.content_type != expected_type:
        yield finding("content type", expected_type, answer.content_type or "none")
    if file_type:
        return
    if good and operation.id not in WITHOUT_CORS and CORS not in answer.headers:
        yield finding("header", CORS, "none")
    try:
        body = answer.body
    except ValueError:
        yield finding("body", "JSON", answer.raw[:60])
        return
    deviations = contract.check_answer(operation, body) if answer.status < 400 else contract.check_error(body)
    for deviation in deviations:
        yield finding(deviation.kind, deviation.expected, deviation.found, general(deviation.pointer))


def message(answer: HttpResponse) -> str:
    """The first line of an error's last message, the one that tells most."""
    try:
        lines = str(answer.body["errors"][-1]).split("\n")
    except (ValueError, LookupError, TypeError):
        return ""
    text = lines[1] if lines[0].startswith("<Exception on server side") and len(lines) > 1 else lines[0]
    return re.sub(r"\b[0-9a-f]{32}\b", "…", text)[:160]
