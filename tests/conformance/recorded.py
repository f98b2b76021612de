"""A server that answers as a fake cluster once did, to be asked in this process, with one answer changed if wanted."""

from __future__ import annotations

from collections.abc import Callable

from flinkmock.conformance.fetch import Answer, Fetcher, Question

Change = Callable[[Answer], Answer]


class Recorded:
    """`server` is asked each question once. `change`: of the answer to the question `at`."""

    url = "http://recorded"

    def __init__(self, server: Fetcher, answers: dict[str, Answer] | None = None) -> None:
        self.requests = 0
        self.answers: dict[str, Answer] = {} if answers is None else answers
        self._server = server
        self._changed: dict[str, Answer] = {}

    def ask(self, question: Question) -> Answer:
        self.requests += 1
        if question.target in self._changed:
            return self._changed[question.target]
        if question.target not in self.answers:
            self.answers[question.target] = self._server.ask(question)
        return self.answers[question.target]

    def changed(self, at: str, answer: Answer) -> Recorded:
        """The same server but for one answer."""
        other = Recorded(self._server, self.answers)
        other._changed[at] = answer
        return other
