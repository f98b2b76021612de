"""Finds values that contradict each other within one response, or contradict its request."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from flinkmock.conformance.coherence import Invariants, described, success_response
from flinkmock.conformance.coherence.culprits import culprits
from flinkmock.conformance.coherence.evaluation import count_holding_relations, locations_of, violations
from flinkmock.conformance.http_client import Json
from flinkmock.conformance.report import generalize_pointer
from flinkmock.contract import Contract, Operation

_invariants = lru_cache(Invariants)


@dataclass(frozen=True, slots=True)
class InvariantViolation:
    """A value that contradicts another value of its response, its request, or what earlier requests have done.

    Attributes:
        pointer: JSON pointer of the wrong value, with `*` for each item.
        expected: The rule that it breaks, without values.
        found: The values that contradict each other.
    """

    pointer: str
    expected: str
    found: str


def invariant_violations(contract: Contract, operation: Operation, target: str, body: Json) -> list[InvariantViolation]:
    """Apply the invariants within a response, and against its request, to a success response."""
    invariants = _invariants(contract.release.number)
    response = success_response(operation, target, body)
    failed = violations(invariants.relations_within(response))
    if not failed:
        return []
    support = count_holding_relations(invariants.relations_within(response), locations_of(failed))
    return [
        InvariantViolation(generalize_pointer(culprit.value.pointer), *described(culprit))
        for culprit in culprits(failed, support)
    ]
