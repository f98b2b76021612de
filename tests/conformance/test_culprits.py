"""The culprit is the value in the most violations, then in the fewest exact relations that hold."""

from __future__ import annotations

from collections import Counter

from flinkmock.conformance.coherence import INVARIANTS, success_response
from flinkmock.conformance.coherence.culprits import culprits
from flinkmock.conformance.coherence.evaluation import EvaluatedRelation, Violation, count_holding_relations
from flinkmock.conformance.coherence.relations import equal
from flinkmock.conformance.coherence.values import Value
from flinkmock.contract import Contract

OPERATION = Contract.load("2.3").operation("getJobIdsWithStatusesOverview")
INVARIANT = next(iter(INVARIANTS.values()))


def values(**raw_values: int) -> Value:
    """Return the body of a response with these values."""
    return Value.of(success_response(OPERATION, "/jobs", raw_values, 0, 0, 0))


def test_a_relation_that_contains_a_value_twice_counts_once() -> None:
    body = values(half=1, whole=2)
    half, whole = body["half"], body["whole"]
    relations = [EvaluatedRelation(INVARIANT, (), relation) for relation in equal(half + half, whole)]
    support = count_holding_relations(relations, [half.location, whole.location])
    assert support == {half.location: 1, whole.location: 1}


def test_a_violation_that_contains_a_value_twice_has_this_value_once() -> None:
    body = values(half=1, whole=3, one=1, other=2)
    compared = ((body["half"] + body["half"], body["whole"]), (body["one"], body["other"]))
    violations = [Violation(INVARIANT, (), relation) for pair in compared for relation in equal(*pair)]
    first, second = culprits(violations, Counter())
    assert (first.value.pointer, second.value.pointer) == ("/half", "/one")
