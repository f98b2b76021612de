"""A cluster as one test sees it: what there is to complain about at its end, and what a failed one is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flinkmock.journal import Exchange, UnmetExpectation
from flinkmock.testing.failure_report import told
from flinkmock.testing.mock import FlinkMock
from flinkmock.testing.unmatched_report import complaint


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """`before`: how many requests had come when the test began, to a cluster that it shares with others."""

    cluster: FlinkMock
    before: int = 0

    @property
    def asked(self) -> Sequence[Exchange]:
        """What came during this test."""
        return [exchange for exchange in self.cluster.requests if exchange.number > self.before]

    def complaints(self, *, unexpected: bool) -> list[str]:
        """What the scenario expects in vain; and, if `unexpected` is to be told, what met no operation."""
        texts = []
        try:
            self.cluster.verify()
        except UnmetExpectation as error:
            texts.append(str(error))
        nowhere = [exchange for exchange in self.cluster.requests.unexpected if exchange.number > self.before]
        if unexpected and nowhere:
            texts.append(complaint(nowhere, self.cluster.engine.contract))
        return texts

    def told(self) -> str:
        return told(self.cluster, self.asked)
