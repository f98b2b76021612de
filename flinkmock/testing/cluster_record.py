"""A cluster as one test sees it: its exchanges, its findings, and the failure report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flinkmock.control.findings import Findings, ignored_parts
from flinkmock.journal import Exchange, UnmetExpectation
from flinkmock.testing.failure_report import failure_report
from flinkmock.testing.mock import FlinkMock
from flinkmock.testing.unmatched_report import unmatched_report


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """The part of a cluster's journal that belongs to one test.

    `earlier_request_count` is the number of requests before the test to a cluster that several tests share; None if
    the cluster belongs to the test.
    """

    cluster: FlinkMock
    earlier_request_count: int | None = None

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """The exchanges during this test."""
        return [exchange for exchange in self.cluster.requests if exchange.number > (self.earlier_request_count or 0)]

    def findings(self, *, with_unexpected: bool) -> list[str]:
        """Return the findings that fail a test: unmet expectations, and unexpected requests.

        Args:
            with_unexpected: Whether unexpected requests are findings.
        """
        texts = []
        try:
            self.cluster.verify()
        except UnmetExpectation as error:
            texts.append(str(error))
        unexpected = [
            exchange
            for exchange in self.cluster.requests.unexpected
            if exchange.number > (self.earlier_request_count or 0)
        ]
        if with_unexpected and unexpected:
            texts.append(unmatched_report(unexpected, self.cluster.engine.contract))
        return texts

    def without_effect(self) -> Findings:
        """Return what had no effect in this test.

        In a cluster that several tests share, these are only ignored parts of requests: other tests may use the faults.
        """
        if self.earlier_request_count is None:
            return self.cluster.findings
        return Findings(ignored=ignored_parts(self.exchanges))

    def report(self) -> str:
        """Return the report that a failed test shows."""
        return failure_report(self.cluster, self.exchanges)
