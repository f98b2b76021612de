"""Asks a live server every safe GET of a contract and reports where status, content type and body deviate.

"Safe" means that it changes nothing; parameters are found on the server itself (jobs, vertices, subtasks, attempts,
checkpoints, task managers, log files, applications). Nothing is made up: an operation that nothing can be asked of is
reported as not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from flinkmock.conformance.fetch import Answer, Fetcher, Unreachable
from flinkmock.conformance.report import Finding, Report, general
from flinkmock.conformance.targets import Targets
from flinkmock.contract import LATEST, Contract, Operation, known_releases

JSON = "application/json; charset=UTF-8"
UNSAFE = frozenset({"getYarnCancelJobTermination", "getYarnStopJobTermination"})
"""GETs that end a job."""

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
"""Operation id -> statuses with which a healthy cluster refuses it (FACTS.md sections 2, 10, 14, 15)."""
INITIALIZING = 500, "Unable to get JobMasterGateway for initializing job"
UNROUTED = "Unable to load requested file"
"""How Flink answers a path that is not registered."""


def check(url: str, flink: str | None = None) -> Report:
    """Checks the server at `url` against the contract of `flink` ("2.3"; None: of the release it says it is).

    Raises:
        Unreachable: nothing there answers, or it says that it is a release that is not known.
        UnknownRelease: `flink` is none.
    """
    fetch = Fetcher(url)
    try:
        contract = Contract.load(flink or _told_release(fetch))
        report = Report(fetch.url, str(contract.release))
        targets = Targets(fetch)
        for operation in contract:
            if operation.method == "GET" and operation.id not in UNSAFE:
                _check_operation(contract, operation, fetch, targets, report)
        report.requests = fetch.requests
        return report
    finally:
        fetch.close()


def _told_release(fetch: Fetcher) -> str:
    told = fetch.json("/config")
    version = told.get("flink-version") if isinstance(told, dict) else None
    if not isinstance(version, str):
        raise Unreachable(f"{fetch.url}/config does not tell Flink's version. Name it: --flink {LATEST}.")
    minor = ".".join(version.split(".")[:2])
    if minor not in known_releases():
        raise Unreachable(f"{fetch.url} is Flink {version}, which is not known. Compare with one: --flink {LATEST}.")
    return minor


def _check_operation(
    contract: Contract, operation: Operation, fetch: Fetcher, targets: Targets, report: Report
) -> None:
    paths = targets.paths(operation)
    if not paths:
        report.skipped[operation] = "the server names nothing to ask for"
    for path in paths:
        for query in targets.queries(operation, path):
            answer = fetch.get(path + query)
            if answer.status == operation.status:
                report.answered[operation] += 1
            elif why := _legal_refusal(operation, answer):
                report.refused[operation] = why
            for finding in _judge(contract, operation, answer):
                report.add(finding, path + query)
            if answer.status != operation.status:
                break  # other query parameters will not change it


def _legal_refusal(operation: Operation, answer: Answer) -> str | None:
    text = _message(answer)
    if answer.status == 404 and UNROUTED in text and (operation.requires_config or operation.session_cluster_only):
        settings = ", ".join(f"{key}: {str(value).lower()}" for key, value in operation.requires_config.items())
        return f"not registered without {settings}" if settings else "only in a session cluster"
    initializing = answer.status == INITIALIZING[0] and INITIALIZING[1] in text
    if answer.status in REFUSALS.get(operation.id, ()) or initializing:
        return f"{answer.status} {text}"
    return None


def _judge(contract: Contract, operation: Operation, answer: Answer) -> Iterator[Finding]:
    def finding(kind: str, expected: object, found: object, pointer: str = "") -> Finding:
        return Finding(operation, pointer, kind, str(expected), str(found))

    good = answer.status == operation.status
    if not good and not _legal_refusal(operation, answer):
        yield finding("status", operation.status, f"{answer.status} {_message(answer)}".strip())
    file_type = (operation.response or {}).get("contentType") if answer.status < 400 else None
    expected = file_type or JSON
    if answer.content_type != expected:
        yield finding("content type", expected, answer.content_type or "none")
    if file_type:
        return
    try:
        body = answer.body
    except ValueError:
        yield finding("body", "JSON", answer.raw[:60])
        return
    deviations = contract.check_answer(operation, body) if answer.status < 400 else contract.check_error(body)
    for deviation in deviations:
        yield finding(deviation.kind, deviation.expected, deviation.found, general(deviation.pointer))


def _message(answer: Answer) -> str:
    """The first line of an error's last message, the one that tells most."""
    try:
        lines = str(answer.body["errors"][-1]).split("\n")
    except (ValueError, LookupError, TypeError):
        return ""
    text = lines[1] if lines[0].startswith("<Exception on server side") and len(lines) > 1 else lines[0]
    return re.sub(r"\b[0-9a-f]{32}\b", "…", text)[:160]
