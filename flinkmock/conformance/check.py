"""Checks a live server: calls every operation of a contract that changes nothing, and reports findings.

The values of parameters come from the server itself (jobs, vertices, subtasks, attempts, checkpoints, TaskManagers, log
files, applications); an operation without parameter values is reported as not called. Operations that change something
are called only for a jar or a job that the user names (`MutatingChecks`).
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from flinkmock.conformance.coherence import CoherenceSession, Culprit, Invariants, described, success_response
from flinkmock.conformance.coherence.session import REPEAT_AFTER_MS
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.conformance.http_client import (
    TIMEOUT_S,
    Client,
    ClientReader,
    HttpClient,
    HttpRequest,
    HttpResponse,
    Json,
)
from flinkmock.conformance.interruptions import Interruptions, LeaderMissing
from flinkmock.conformance.invariants import InvariantViolation
from flinkmock.conformance.report import COHERENCE, Finding, Report, generalize_pointer
from flinkmock.conformance.response_check import (
    STATUS,
    check_response,
    expected_error,
    lacks_leader,
    status_and_message,
)
from flinkmock.conformance.server_release import ServerRelease, detect_release
from flinkmock.conformance.targets import VALUES_PER_PARAMETER, Targets
from flinkmock.contract import Contract, Operation
from flinkmock.contract.operation_traits import only_reads
from flinkmock.errors import ServerUnreachable

PASS_INTERVAL_MS = 1_000
"""The pause between two passes, in ms."""
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
    watch_ms: int = 0,
    every_ms: int = PASS_INTERVAL_MS,
    on_finding: Callable[[Finding, str], None] | None = None,
    context: ssl.SSLContext | None = None,
) -> Report:
    """Check a server against the contract of a release.

    Args:
        url: The URL of the server.
        flink: The release ("2.3"); None: the one that the server reports.
        contract: The contract to check against instead of the release's, such as that of the documentation.
        extra_checks: Checks that run after the reads (`MutatingChecks`, `FuzzChecks`).
        progress: Called before each step, and at the end.
        headers: The headers for every request, such as an API key.
        watch_ms: How long passes over the server are repeated, in ms; 0: there is one pass.
        every_ms: The pause between two passes, in ms.
        on_finding: Called with each new finding and the target of its first request, during the check.
        context: The SSL context for TLS; None: the default one.

    Raises:
        ServerUnreachable: No server answers, or it reports an unknown release.
        UnknownRelease: `flink` is not a known release.
    """
    client = HttpClient(url, headers, context)
    try:
        release = ServerRelease(flink or "") if flink or contract else detect_release(client)
        server_check = Check(client, contract or Contract.load(release.minor), progress=progress)
        if on_finding is not None:
            server_check.report.on_new = on_finding
        if release.note:
            server_check.report.notes.append(release.note)
        return server_check.run(extra_checks, watch_ms=watch_ms, every_ms=every_ms)
    finally:
        client.close()


class _ListOfIds(NamedTuple):
    """Where a server lists ids: the path of the response, and the keys of the list and of the id in an entry."""

    path: str
    list_key: str
    id_key: str


_LISTS_OF_IDS = {
    ":jobid": _ListOfIds("/jobs", "jobs", "id"),
    ":applicationid": _ListOfIds("/applications/overview", "applications", "id"),
}
"""Path parameter -> the list of its current values."""


class Check:
    """One check of one server.

    Args:
        client: The client that sends the requests.
        contract: The contract to check against.
        progress: Called before each step, and at the end.
        wait: Waits for a number of milliseconds.
        values_per_parameter: How many values of one path parameter are used at most, such as the vertices of a job.
    """

    def __init__(
        self,
        client: Client,
        contract: Contract,
        *,
        progress: Progress | None = None,
        wait: Callable[[int], None] = lambda ms: time.sleep(ms / 1000),
        values_per_parameter: int = VALUES_PER_PARAMETER,
    ) -> None:
        self.client = client
        self.contract = contract
        self.report = Report(client.url, str(contract.release))
        self.reader = ClientReader(client)
        self.targets = Targets(_TargetReader(self), values_per_parameter)
        self.progress = progress or (lambda done, steps, next_step: None)
        self._values_per_parameter = values_per_parameter
        self._wait = wait
        self._intended_wait_ms = 0.0  # the sum of the waits as they were requested
        self._actual_wait_ms = 0.0  # the sum of the waits by the wall clock
        self._silent_taskmanagers: set[str] = set()
        self._read_operations = [operation for operation in contract if only_reads(operation)]
        self._interruptions = Interruptions(client, self.report, self._now, self.wait)
        self._status_findings: list[tuple[Finding, str]] = []
        """(finding about a status, target) of the current pass. They are discarded if the pass shows a new leader."""
        self._coherence = CoherenceSession(
            Invariants(contract.release.number), self._read_again, self._now, self._is_invalid, self._note_new_leader
        )

    def run(
        self,
        extra_checks: tuple[Callable[[Check], None], ...] = (),
        *,
        watch_ms: int = 0,
        every_ms: int = PASS_INTERVAL_MS,
    ) -> Report:
        """Run all checks. Raises ServerUnreachable.

        After the first pass, a KeyboardInterrupt ends a watch early.

        Args:
            extra_checks: Checks that run after the reads.
            watch_ms: How long passes are repeated, in ms.
            every_ms: The pause between two passes, in ms.
        """
        try:
            self._run(extra_checks, watch_ms, every_ms)
        except KeyboardInterrupt:
            if not self.report.pass_count or not watch_ms:
                raise
            self.report.notes.append(f"{datetime.now(UTC):%H:%M:%S} UTC: the watch was ended.")
        self.progress(1, 1, "")
        self.report.request_count = self.client.request_count
        return self.report

    def _run(self, extra_checks: tuple[Callable[[Check], None], ...], watch_ms: int, every_ms: int) -> None:
        watch_ends_at = self._now() + watch_ms
        watched_until = watch_ends_at if watch_ms else None
        self._complete(self._read_everything, watched_until)
        while self._now() < watch_ends_at and not self.report.server_gone:
            self.wait(every_ms)
            self._complete(self._read_next_pass, watched_until)
        self.progress(len(self._read_operations), len(self._read_operations) + 1, "comparison of responses")
        for pause_ms in REPEAT_AFTER_MS:
            if self._coherence.has_suspicions and not self.report.server_gone:
                self.wait(pause_ms)
                self._complete(self._request_suspicions_again, watched_until)
        for extra_check in extra_checks:
            extra_check(self)

    def wait(self, ms: int) -> None:
        """Wait for a number of milliseconds."""
        before = time.monotonic()
        self._wait(ms)
        self._actual_wait_ms += (time.monotonic() - before) * 1000
        self._intended_wait_ms += ms

    def _now(self) -> float:
        """Return the time in ms. A wait counts for the requested time: `wait` may advance a virtual clock instead."""
        return time.monotonic() * 1000 - self._actual_wait_ms + self._intended_wait_ms

    def _complete(self, step: Callable[[], None], watched_until: float | None) -> None:
        """Take a step; repeat it from its beginning if the server had no leader or did not respond.

        Args:
            step: The step.
            watched_until: When the watch ends, in ms of `_now`. If the server is down, the check waits for it until
                then. None: the server is not watched.

        Raises:
            ServerUnreachable: The server does not respond and is not watched, or it is interrupted too often.
        """
        while True:
            try:
                step()
            except (LeaderMissing, ServerUnreachable) as error:
                is_down = isinstance(error, ServerUnreachable)
                if is_down and (watched_until is None or self._interruptions.are_too_many):
                    raise
                self._coherence.reset()
                self._status_findings.clear()
                event = "the server did not respond" if is_down else "the server had no leader"
                if not self._interruptions.wait_for_leader(event, watched_until or 0):
                    self.report.server_gone = True
                    return
            else:
                self._interruptions.note_complete_step()
                return

    def _note_new_leader(self) -> None:
        self._status_findings.clear()
        self.report.notes.append(
            f"{datetime.now(UTC):%H:%M:%S} UTC: the server was restarted, or has another leader. Earlier "
            "responses were dropped."
        )

    def _read_next_pass(self) -> None:
        """Request the responses of suspicions again, then read everything."""
        self._add_culprits(self._coherence.request_again(min_interval_ms=REPEAT_AFTER_MS[1]))
        self._read_everything()

    def _request_suspicions_again(self) -> None:
        self._add_culprits(self._coherence.request_again())

    def _read_everything(self) -> None:
        self._silent_taskmanagers.clear()
        self.targets = Targets(_TargetReader(self), self._values_per_parameter)
        for done, operation in enumerate(self._read_operations):
            self.progress(done, len(self._read_operations) + 1, str(operation))
            self._read(operation)
        culprits = self._coherence.end_pass()
        for finding, target in self._status_findings:
            self.report.add(finding, target)
        self._status_findings.clear()
        self._add_culprits(culprits)
        self.report.pass_count += 1

    def _read_again(self, target: str) -> SuccessResponse | None:
        """Read a target once more for a comparison; None if the response is not a success."""
        operation = self.contract.match("GET", target)
        if operation is None or self._is_invalid(operation.id) or self.is_silent(target):
            return None
        sent_at = self._now()
        try:
            return self._success_response(operation, target, self.client.send(HttpRequest(target)), sent_at)
        except ServerUnreachable as error:
            self.note_silence(target, error)
            return None

    def _success_response(
        self, operation: Operation, target: str, response: HttpResponse, sent_at: float
    ) -> SuccessResponse | None:
        """Return a response for the comparison of values; None if it is an error, or not JSON."""
        if response.status != operation.status:
            return None
        try:
            body = response.raw_body.decode("latin-1") if operation.returns_file else response.body
        except ValueError:
            return None
        return success_response(operation, target, body, sent_at, self._now(), self.client.request_count)

    def _is_invalid(self, operation_id: str) -> bool:
        """Return whether a response broke its schema. Then its values are not compared, to report only one finding."""
        return operation_id in self.contract and not self.is_valid(self.contract.operation(operation_id))

    def _add_culprits(self, culprits: Iterable[Culprit]) -> None:
        """Add a finding for each culprit, and one for the first value that may be wrong instead."""
        for culprit in culprits:
            for value in (culprit.value, *culprit.others[:1]):
                expected, found = described(culprit)
                operation = self.contract.operation(value.response.operation_id)
                finding = Finding(operation, generalize_pointer(value.pointer), COHERENCE, expected, found)
                self.report.add_contradiction(finding, value.response.target)

    def send(
        self, operation: Operation, request: HttpRequest, accepted_statuses: tuple[int, ...] | None = None
    ) -> HttpResponse:
        """Send a request, check and return the response. Raises ServerUnreachable.

        `accepted_statuses` is that of `check_response`.
        """
        response = self.client.send(request)
        for finding in self._check_response(operation, response, accepted_statuses):
            self.report.add(finding, request.target)
        return response

    def _check_response(
        self, operation: Operation, response: HttpResponse, accepted_statuses: tuple[int, ...] | None = None
    ) -> Iterator[Finding]:
        """Note in the report a success or an error, and yield the findings of the response."""
        if response.status == operation.status:
            self.report.answered[operation] += 1
        elif reason := expected_error(operation, response):
            self.report.expected_errors.setdefault(operation, reason)
        else:
            self.report.other_errors.setdefault(operation, status_and_message(response))
        yield from check_response(self.contract, operation, response, accepted_statuses)

    def _send_read(self, operation: Operation, target: str) -> HttpResponse:
        """Send a request of a pass and check the response. Raises LeaderMissing and ServerUnreachable."""
        response = self.client.send(HttpRequest(target))
        if lacks_leader(response) and not self._interruptions.are_too_many:
            raise LeaderMissing
        findings = list(self._check_response(operation, response))
        if any(finding.kind == STATUS for finding in findings) and self._has_expired(operation, target):
            kind = operation.segments[1].removeprefix(":").removesuffix("id")
            self.report.expected_errors[operation] = f"{response.status}: the {kind} has expired"
            return response
        for finding in findings:
            if finding.kind == STATUS:
                self._status_findings.append((finding, target))
            else:
                self.report.add(finding, target)
        return response

    def _has_expired(self, operation: Operation, target: str) -> bool:
        """Return whether the job or application of a target is no longer listed: it may expire during the pass."""
        parameter = operation.segments[1] if len(operation.segments) > 1 else ""
        if parameter not in _LISTS_OF_IDS:
            return False
        path, list_key, id_key = _LISTS_OF_IDS[parameter]
        body = self.reader.json(path)
        entries = body.get(list_key) if isinstance(body, dict) else None
        subject_id = target.partition("?")[0].split("/")[2]
        return isinstance(entries, list) and all(
            entry.get(id_key) != subject_id for entry in entries if isinstance(entry, dict)
        )

    def _read(self, operation: Operation) -> None:
        paths = self.targets.paths(operation)
        if not paths:
            self.report.skipped[operation] = "the server lists no value for its parameters"
        for path in paths:
            if self.is_silent(path):
                continue
            for query in self.targets.queries(operation, path):
                sent_at = self._now()
                try:
                    response = self._send_read(operation, path + query)
                except ServerUnreachable as error:
                    self.note_silence(path, error)
                    reason = f"no response within {TIMEOUT_S} s: the TaskManager may have died"
                    self.report.expected_errors[operation] = reason
                    break
                if response.status != operation.status:
                    break  # other query parameters would not change the status
                if (success := self._success_response(operation, path + query, response, sent_at)) is not None:
                    self._coherence.add(success)

    def is_silent(self, path: str) -> bool:
        """Return whether the path is about a TaskManager that did not answer an earlier request of this pass."""
        return path.startswith("/taskmanagers/") and path.split("/")[2] in self._silent_taskmanagers

    def note_silence(self, path: str, error: ServerUnreachable) -> None:
        """Note that the TaskManager of a path does not answer. Raises the error if it has another cause.

        Flink 1.12 sends no response about a TaskManager that has died until its heartbeats time out.
        """
        if not path.startswith("/taskmanagers/") or not isinstance(error.__cause__, TimeoutError):
            raise error
        self._silent_taskmanagers.add(path.split("/")[2])

    def is_valid(self, operation: Operation) -> bool:
        """Return whether all responses of an operation have conformed to its contract."""
        return operation not in self.report.invalid

    def add_violation(self, operation: Operation, path: str, violation: InvariantViolation) -> None:
        """Add a value that contradicts others, or what requests have done, to the report."""
        pointer = generalize_pointer(violation.pointer)
        self.report.add(Finding(operation, pointer, COHERENCE, violation.expected, violation.found), path)


class _TargetReader:
    """Reads the values of parameters; leaves out TaskManagers that do not answer."""

    def __init__(self, check: Check) -> None:
        self._check = check

    def json(self, target: str) -> Json:
        if self._check.is_silent(target):
            return {}
        try:
            return self._check.reader.json(target)
        except ServerUnreachable as error:
            self._check.note_silence(target, error)
            return {}
