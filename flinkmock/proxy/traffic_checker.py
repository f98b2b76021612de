"""What a proxy makes of the exchanges that pass through it.

A verdict over an answer is made when the client has it already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from flinkmock.conformance.http_client import HttpResponse
from flinkmock.conformance.report import Report
from flinkmock.conformance.response_check import ANY_ERROR, EXPECTED_ERRORS, check_response, error_message
from flinkmock.contract import Contract, Operation
from flinkmock.journal import Exchange

JUDGED_BYTES = 4 * 1024 * 1024
"""Answers that are longer are passed on unjudged."""


class TrafficChecker:
    """`report` grows with what the server does wrong, `advice` with what its clients do, `unanswered` with requests to
    which no whole answer came. Both of these count sentences."""

    def __init__(self, contract: Contract, url: str) -> None:
        self.report = Report(url, str(contract.release))
        self.advice: Counter[str] = Counter()
        self.unanswered: Counter[str] = Counter()
        self._contract = contract
        self._without_body = lru_cache(maxsize=10_000)(self._advice)  # clients ask the same targets over and over

    def passed(
        self, seen: Exchange, operation: Operation | None, status: int, headers: Mapping[str, str], body: bytes | None
    ) -> None:
        """Counts an exchange; `status`, `headers` and `body` are the server's own, whatever a fault made of them.

        `body` None: it is not to be judged. Fills in what a refused client was told.
        """
        self.report.requests += 1
        if operation is not None:
            if status == operation.status:
                self.report.answered[operation] += 1
            if body is not None:
                self._judge(
                    seen, operation, HttpResponse(status, {name.lower(): headers[name] for name in headers}, body)
                )
        elif status < 400:
            self.advice[
                f"{seen.method} {seen.path} is answered, but is no operation of Flink {self._contract.release}."
            ] += 1
        if seen.raw_body:
            self.advice.update(seen.contract_review.advice)
        elif operation is not None and (body is not None or "?" in seen.target):
            self.advice.update(self._without_body(operation.id, seen.target))

    def _advice(self, operation_id: str, target: str) -> tuple[str, ...]:
        """What is to be said of a request without a body."""
        operation = self._contract.operation(operation_id)
        return Exchange(
            operation.method, target, operation=operation_id, contract=self._contract
        ).contract_review.advice

    def _judge(self, seen: Exchange, operation: Operation, answer: HttpResponse) -> None:
        if answer.status >= 400:
            seen.error_message = error_message(answer) or None
        refusals = tuple(sorted({*ANY_ERROR, *EXPECTED_ERRORS.get(operation.id, ())}))
        for finding in check_response(self._contract, operation, answer, refusals):
            self.report.add(finding, seen.target)

    def summary(self) -> str:
        """What was wrong on either side."""
        return "\n".join([self.report.table(), *self.beside()])

    def beside(self) -> list[str]:
        """What the report does not tell, being no fault of the answers."""
        lines: list[str] = []
        for title, sentences in (("of the clients' requests", self.advice), ("without an answer", self.unanswered)):
            if sentences:
                lines += ["", f"{title}:", *(f"    {times}x  {sentence}" for sentence, times in sentences.items())]
        return lines
