"""A cluster from the view of one test: its exchanges, its findings, and the failure report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flinkmock.journal import Exchange, UnmetExpectation
from flinkmock.testing.failure_report import failure_report
from flinkmock.testing.mock import FlinkMock
from flinkmock.testing.unmatched_report import unmatched_report


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """`requests_before` is the number of requests before the test began, to a cluster that several tests share."""

    cluster: FlinkMock
    requests_before: int = 0

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """The exchanges during this test."""
        return [exchange for exchange in self.cluster.requests if exchange.number > self.requests_before]

    def findings(self, *, unexpected: bool) -> list[str]:
        """Return the unmet expectations, and with `unexpected` also the requests that matched no operation."""
        texts = []
        try:
            self.cluster.verify()
        except UnmetExpectation as error:
            texts.append(str(error))
        unmatched = [each for each in self.cluster.requests.unexpected if each.number > self.requests_before]
        if unexpected and unmatched:
            texts.append(unmatched_report(unmatched, self.cluster.engine.contract))
        return texts

    def report(self) -> str:
        """Return the report that a failed test shows."""
        return failure_report(self.cluster, self.exchanges)
