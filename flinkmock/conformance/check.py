"""Checks a live server: calls every operation of a contract that can be called safely and reports deviations.

"Safely" means without changing anything. Parameters come from the server itself (jobs, vertices, subtasks, attempts,
checkpoints, TaskManagers, log files, applications); an operation without parameter values is reported as not checked.
Operations that change something are called only for a jar or a job that the user names (`MutatingChecks`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from flinkmock.conformance.cross_checks import cross_check
from flinkmock.conformance.http_client import (
    Client,
    ClientReader,
    HttpClient,
    HttpRequest,
    HttpResponse,
)
from flinkmock.conformance.invariants import InvariantViolation, invariant_violations
from flinkmock.conformance.report import CROSS_CHECK, Finding, Report, generalize_pointer
from flinkmock.conformance.response_check import check_response, expected_error
from flinkmock.conformance.targets import VALUES_PER_PARAMETER, Targets
from flinkmock.contract import LATEST, Contract, Operation, known_releases
from flinkmock.contract.operation_traits import only_reads
from flinkmock.contract.pattern import path_parameters
from flinkmock.errors import ServerUnreachable

Progress = Callable[[int, int, str], None]
"""(steps done, number of steps, the next step). Reads, mutating checks and generated requests each count separately;
the last call has as many steps done as there are."""


def check(
    url: str,
    flink: str | None = None,
    *,
    contract: Contract | None = None,
    extra_checks: tuple[Callable[[Check], None], ...] = (),
    progress: Progress | None = None,
    headers: Mapping[str, str] | None = None,
) -> Report:
    """Checks a server against the contract of a release.

    Args:
        url: of the server.
        flink: the release ("2.3"); None: the one that the server reports.
        contract: to check against instead, such as the one of the documentation.
        extra_checks: run after the reads (`MutatingChecks`, `FuzzChecks`).
        progress: called before each step.
        headers: for every request, such as an API key.

    Raises:
        ServerUnreachable: no server answers, or it reports an unknown release.
        UnknownRelease: `flink` is not a known release.
    """
    client = HttpClient(url, headers)
    try:
        contract = contract or Contract.load(flink or detect_release(client))
        return Check(client, contract, progress=progress).run(extra_checks)
    finally:
        client.close()


class Check:
    """One check of one server.

    Args:
        client: sends the requests.
        contract: to check against.
        progress: called before each step.
        wait: waits for a number of milliseconds before a request is repeated.
        limit: how many values of one path parameter are used, such as the vertices of a job.
    """

    def __init__(
        self,
        client: Client,
        contract: Contract,
        *,
        progress: Progress | None = None,
        wait: Callable[[int], None] = lambda ms: time.sleep(ms / 1000),
        limit: int = VALUES_PER_PARAMETER,
    ) -> None:
        self.client = client
        self.contract = contract
        self.wait = wait
        self._limit = limit
        self.report = Report(client.url, str(contract.release))
        self.reader = ClientReader(client)
        self.targets = Targets(self.reader, limit)
        self.progress = progress or (lambda done, steps, next_step: None)

    def run(self, extra_checks: tuple[Callable[[Check], None], ...] = ()) -> Report:
        """Runs all checks. Raises ServerUnreachable."""
        readable = [each for each in self.contract if only_reads(each)]
        for done, operation in enumerate(readable):
            self.progress(done, len(readable) + 1, str(operation))
            self._read(operation)
        self.progress(len(readable), len(readable) + 1, "comparison of responses")
        for operation_id, path, violation in cross_check(_ValidResponses(self), self.wait, self._limit):
            if operation_id in self.contract:
                self.add_violation(self.contract.operation(operation_id), path, violation)
        for extra_check in extra_checks:
            extra_check(self)
        self.progress(1, 1, "")
        self.report.requests = self.client.requests
        return self.report

    def send(self, operation: Operation, request: HttpRequest, errors: tuple[int, ...] | None = None) -> HttpResponse:
        """Sends a request and checks the response; `errors` as for `check_response`."""
        response = self.client.send(request)
        if response.status == operation.status:
            self.report.answered[operation] += 1
        elif reason := expected_error(operation, response):
            self.report.refused[operation] = reason
        for finding in check_response(self.contract, operation, response, errors):
            self.report.add(finding, request.target)
        return response

    def _read(self, operation: Operation) -> None:
        paths = self.targets.paths(operation)
        if not paths:
            self.report.skipped[operation] = "the server lists no value for its parameters"
        for path in paths:
            for query in self.targets.queries(operation, path):
                response = self.send(operation, HttpRequest(path + query))
                if response.status != operation.status:
                    break  # other query parameters will not change it
                if not operation.returns_file and self.is_valid(operation):
                    parameters = path_parameters(operation, path)
                    for violation in invariant_violations(operation.id, response.body, parameters):
                        self.add_violation(operation, path + query, violation)

    def is_valid(self, operation: Operation) -> bool:
        """Whether all responses obeyed their schema so far, so that comparing their values makes sense."""
        return operation not in self.report.invalid

    def add_violation(self, operation: Operation, path: str, violation: InvariantViolation) -> None:
        """Adds values that contradict each other to the report."""
        pointer = generalize_pointer(violation.pointer)
        self.report.add(Finding(operation, pointer, CROSS_CHECK, violation.expected, violation.found), path)


class _ValidResponses:
    """Reads the server but skips operations with invalid responses, so that each mistake is reported once."""

    def __init__(self, check: Check) -> None:
        self._check = check

    def json(self, target: str) -> Any:
        operation = self._check.contract.match("GET", target)
        return self._check.reader.json(target) if operation and self._check.is_valid(operation) else {}


def detect_release(client: Client) -> str:
    """Returns the minor release that a server reports.

    Raises:
        ServerUnreachable: no server answers, it reports no version, or it reports an unknown release.
    """
    version = detect_version(client, f"Name it: --flink {LATEST}.")
    minor = ".".join(version.split(".")[:2])
    if minor not in known_releases():
        raise ServerUnreachable(
            f"{client.url} is Flink {version}, which is unknown. Compare it with a known release: --flink {LATEST}."
        )
    return minor


def detect_version(client: Client, hint: str = "") -> str:
    """Returns the version that a server reports ("2.3.0").

    Args:
        client: of the server.
        hint: what the user can do if there is no version; ends the error message.

    Raises:
        ServerUnreachable: no server answers, or it reports no version.
    """
    response = client.send(HttpRequest("/config"))
    if response.status == 200:
        with suppress(ValueError, LookupError, TypeError):
            if isinstance(version := response.body["flink-version"], str):
                return version
    reason = f", it returns status {response.status}" if response.status != 200 else ""
    if response.status in (401, 403):
        reason += (
            ": it requires authentication. check and record take --header 'Authorization: Bearer …'; the proxy "
            "forwards the headers of its clients"
        )
    raise ServerUnreachable(f"{client.url}/config does not contain Flink's version{reason}. {hint}".rstrip())
