"""The results of the expectations of a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flinkmock.engine import Engine


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """The result of one entry of `expect`.

    Attributes:
        expectation: The entry as text.
        unmet: The reason why it is not met now; None if it is met.
        source: The source location, such as "orders.yaml:12:5".
    """

    expectation: str
    unmet: str | None
    source: str


def expectation_results(engine: Engine) -> list[ExpectationResult]:
    """Check each expectation of the scenario against the journal."""
    exchanges = engine.journal.exchanges()
    return [
        ExpectationResult(str(expectation), expectation.failure_message(exchanges), expectation.location)
        for expectation in engine.expectations
    ]
