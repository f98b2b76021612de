"""The expectations of a scenario, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flinkmock.engine import Engine


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """One entry of `expect`.

    Attributes:
        expectation: The entry in words.
        unmet: Why it is not met by now; None if it is.
        source: Where the scenario has it: "orders.yaml:12:5".
    """

    expectation: str
    unmet: str | None
    source: str


def results(engine: Engine) -> list[ExpectationResult]:
    """Check each expectation of the scenario against the journal."""
    requests = engine.journal.exchanges()
    return [ExpectationResult(str(one), one.failure_message(requests), one.location) for one in engine.expected]
