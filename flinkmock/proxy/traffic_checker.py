"""Checks the exchanges that pass through a proxy, after the response has been sent to the client."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from flinkmock.conformance.coherence import Culprit, Invariants, described, success_response
from flinkmock.conformance.http_client import HttpResponse
from flinkmock.conformance.report import COHERENCE, Finding, Report, generalize_pointer
from flinkmock.conformance.response_check import (
    ERROR_STATUSES,
    JSON_CONTENT_TYPE,
    check_response,
    error_message,
    lacks_leader,
    status_and_message,
)
from flinkmock.contract import Contract, Operation
from flinkmock.contract.operation_traits import traits_of
from flinkmock.journal import Exchange
from flinkmock.journal.operation_hints import operation_hints
from flinkmock.proxy.traffic_coherence import TrafficCoherence
from flinkmock.rest.response import is_error_status

MAX_CHECKED_BYTES = 4 * 1024 * 1024
"""The maximum size of a response that is checked, in bytes."""
MAX_NOTES = 100
"""The maximum number of notes in a report. It is limited because a proxy may run for days."""

CLIENT_ERROR_STATUSES = (400, 405, 413, 415)
"""Statuses that are counted as mistakes of the client."""


class TrafficChecker:
    """Collects findings about the exchanges of a proxy.

    Attributes:
        report: The findings about the server.
        mistakes: Sentence about a client's request -> the number of such requests. The sentence says that Flink rejects
            the request or has no such operation, or it is advice on the request.
        mistaken_request_count: The number of requests with at least one of these sentences.
        unanswered: Sentence about a request without a complete response -> the number of such requests.
    """

    def __init__(self, contract: Contract, url: str) -> None:
        self.report = Report(url, str(contract.release))
        self.mistakes: Counter[str] = Counter()
        self.mistaken_request_count = 0
        self.unanswered: Counter[str] = Counter()
        self._details: dict[str, str] = {}
        """Sentence of `unanswered` -> the newest detail."""
        self._coherence = TrafficCoherence(Invariants(contract.release.number), self._note_new_leader)
        self._is_interrupted = False
        """Whether a response was missing or incomplete, or the server had no leader, since its last response with a
        status below 500."""
        self._new_notes: list[str] = []
        """The notes since the last exchange."""
        self._contract = contract
        self._target_advice = lru_cache(maxsize=10_000)(self._advice_on_target)  # clients repeat the same targets

    def check(
        self,
        exchange: Exchange,
        operation: Operation | None,
        status: int,
        headers: Mapping[str, str],
        body: bytes | None,
        started_at: float,
        ended_at: float,
    ) -> list[str]:
        """Check an exchange, and set its `is_page`; if the response is an error of an operation, also `error_message`.

        Args:
            exchange: The exchange.
            operation: The operation that the client called; None if the release lacks it.
            status: The status of the server's response, before a fault changed it.
            headers: The headers of that response.
            body: The body of that response; None if it is not checked.
            started_at: When the request was received, in ms of `time.perf_counter_ns`.
            ended_at: When the response had been sent, in ms of the same clock.

        Returns:
            Sentences: findings about the server, mistakes of the client (as in `mistakes`), and notes since the last
            exchange.
        """
        self.report.request_count += 1
        findings: list[str] = []
        response = HttpResponse(status, {name.lower(): headers[name] for name in headers}, body or b"")
        if lacks_leader(response):
            self.note_interruption("the server had no leader", ended_at)
        elif status < 500:
            self._is_interrupted = False
        if operation is not None:
            if status == operation.status:
                self.report.answered[operation] += 1
            else:
                self.report.other_errors.setdefault(operation, status_and_message(response))
            if body is not None:
                findings = self._check_response(exchange, operation, response)
                if not findings and status == operation.status and operation.method == "GET":
                    findings = self._check_coherence(exchange.target, operation, body, started_at, ended_at)
        mistakes = self._mistakes_in_request(exchange, operation, response)
        if exchange.body_bytes:
            mistakes += exchange.contract_review.advice
        elif operation is not None and (body is not None or "?" in exchange.target):
            mistakes += self._target_advice(operation.id, exchange.target)
        self.mistakes.update(mistakes)
        self.mistaken_request_count += bool(mistakes)
        notes, self._new_notes = self._new_notes, []
        return [*findings, *mistakes, *(f"note: {note}" for note in notes)]

    def end(self) -> None:
        """Add the findings that are still held back to the report."""
        self._add_culprits(self._coherence.end())

    def note_interruption(self, event: str, at: float) -> None:
        """Drop earlier responses, because the server may have been restarted. Add only one note until it responds
        with a status below 500.

        Args:
            event: The event, for the note.
            at: When the proxy noticed the event, in ms of `time.perf_counter_ns`.
        """
        self._coherence.reset(at)
        if not self._is_interrupted:
            self._note(event)
        self._is_interrupted = True

    def _note_new_leader(self) -> None:
        self._note("the server was restarted, or has another leader")

    def _note(self, event: str) -> None:
        note = f"{datetime.now(UTC):%H:%M:%S} UTC: {event}. Earlier responses were dropped."
        self._new_notes.append(note)
        if len(self.report.notes) < MAX_NOTES:
            self.report.notes.append(note)

    def _mistakes_in_request(
        self, exchange: Exchange, operation: Operation | None, response: HttpResponse
    ) -> list[str]:
        """Return sentences about a request that Flink rejects, or for which it has no operation."""
        status = response.status
        if operation is None:
            request = f"{exchange.method} {exchange.path}"
            if status < 400 and exchange.method == "GET" and response.content_type != JSON_CONTENT_TYPE:
                exchange.is_page = True
                return []
            if status < 400:
                return [f"{request} succeeds, but is not an operation of Flink {self._contract.release}."]
            hints = "".join(f" ({hint})" for hint in operation_hints(exchange, self._contract))
            return [f"{request} is not an operation of Flink {self._contract.release}{hints}: status {status}."]
        if status in CLIENT_ERROR_STATUSES:
            reason = f": {exchange.error_message}" if exchange.error_message else "."
            return [f"{operation} is rejected with status {status}{reason}"]
        return []

    def _advice_on_target(self, operation_id: str, target: str) -> tuple[str, ...]:
        """Return the advice on a request without a body."""
        method = self._contract.operation(operation_id).method
        exchange = Exchange(method, target, operation=operation_id, contract=self._contract)
        return exchange.contract_review.advice

    def _check_response(self, exchange: Exchange, operation: Operation, response: HttpResponse) -> list[str]:
        """Return the findings about a response."""
        if is_error_status(response.status):
            exchange.error_message = error_message(response) or None
        statuses = tuple(sorted({*ERROR_STATUSES, *traits_of(operation.id).expected_error_statuses}))
        findings = list(check_response(self._contract, operation, response, statuses))
        for finding in findings:
            self.report.add(finding, exchange.target)
        return [str(finding) for finding in findings]

    def _check_coherence(
        self, target: str, operation: Operation, body: bytes, started_at: float, ended_at: float
    ) -> list[str]:
        """Return the findings about values that contradict each other, in this response or in earlier ones."""
        try:
            value = body.decode("latin-1") if operation.returns_file else json.loads(body)
        except ValueError:
            return []
        response = success_response(operation, target.removeprefix("/v1"), value, started_at, ended_at)
        return self._add_culprits(self._coherence.add(response))

    def _add_culprits(self, culprits: Iterable[Culprit]) -> list[str]:
        """Add culprits to the report; return the new ones as text."""
        texts = []
        for culprit in culprits:
            expected, found = described(culprit)
            wrong_response = culprit.value.response
            pointer = generalize_pointer(culprit.value.pointer)
            finding = Finding(
                self._contract.operation(wrong_response.operation_id), pointer, COHERENCE, expected, found
            )
            if self.report.add_contradiction(finding, wrong_response.target):
                texts.append(str(finding))
        return texts

    def add_unanswered(self, sentence: str, detail: str = "") -> None:
        """Count a request that got no response, or an incomplete one. Only the last detail of a sentence is kept."""
        self.unanswered[sentence] += 1
        self._details[sentence] = detail

    def client_findings(self) -> list[str]:
        """Return lines about requests with mistakes, which include advice (see `mistakes`), and unanswered requests."""
        lines: list[str] = []
        title_of_mistakes = f"client requests ({self.mistaken_request_count} with mistakes)"
        for title, sentences in ((title_of_mistakes, self.mistakes), ("without a response", self.unanswered)):
            if sentences:
                lines += ["", f"{title}:"]
                for sentence, count in sentences.items():
                    detail = f" ({self._details[sentence]})" if self._details.get(sentence) else ""
                    lines.append(f"    {count}x  {sentence}{detail}")
        return lines
