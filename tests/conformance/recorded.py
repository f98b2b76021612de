"""A server that answers as a fake cluster once did, but for some answers, to be asked in this process."""

from __future__ import annotations

from collections.abc import Mapping

from flinkmock.conformance.http_client import HttpClient, HttpRequest, HttpResponse


class Recorded:
    """Asks `server` each question that `answers` does not hold, and keeps the answer there. `changed` wins."""

    url = "http://recorded"

    def __init__(
        self, server: HttpClient, answers: dict[str, HttpResponse], changed: Mapping[str, HttpResponse]
    ) -> None:
        self.requests = 0
        self._server = server
        self._answers = answers
        self._changed = changed

    def ask(self, question: HttpRequest) -> HttpResponse:
        self.requests += 1
        if question.target in self._changed:
            return self._changed[question.target]
        if question.target not in self._answers:
            self._answers[question.target] = self._server.ask(question)
        return self._answers[question.target]
