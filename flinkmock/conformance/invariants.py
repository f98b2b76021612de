"""Values that contradict each other, in a response that is looked at alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from flinkmock.conformance.coherence import Invariants, described, seen_response
from flinkmock.conformance.coherence.culprits import culprits
from flinkmock.conformance.coherence.evaluation import count_support, violations
from flinkmock.conformance.http_client import Json
from flinkmock.conformance.report import generalize_pointer
from flinkmock.contract import Contract, Operation

TERMINAL = frozenset({"FINISHED", "FAILED", "CANCELED"})
_invariants = lru_cache(Invariants)


@dataclass(frozen=True, slots=True)
class InvariantViolation:
    """Two values that contradict each other.

    Attributes:
        pointer: JSON pointer of the wrong value, with `*` for each item.
        expected: What it must agree with, without values.
        found: Both values.
    """

    pointer: str
    expected: str
    found: str


def invariant_violations(contract: Contract, operation: Operation, target: str, body: Json) -> list[InvariantViolation]:
    """Apply the invariants within a response, and against its request, to a success response."""
    invariants = _invariants(contract.release.number)
    response = seen_response(operation, target, body)
    failed = violations(invariants.of_response(response))
    if not failed:
        return []
    places = {(leaf.response.target, leaf.pointer) for violation in failed for leaf in violation.relation.leaves}
    counted = count_support(invariants.of_response(response), places)
    return [
        InvariantViolation(generalize_pointer(culprit.value.pointer), *described(culprit))
        for culprit in culprits(failed, counted)
    ]
