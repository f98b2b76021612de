"""Applies the invariants to responses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from flinkmock.conformance.coherence import (  # noqa: F401  (they register their invariants)
    accumulators,
    aggregates,
    applications,
    back_pressure,
    checkpoint_details,
    checkpoints,
    clocks,
    cluster,
    cluster_over_time,
    exceptions,
    flame_graphs,
    job_configuration,
    job_results,
    job_vertices,
    jobs,
    jvms,
    logs,
    metric_values,
    metrics,
    over_time,
    plans,
    requests,
    rescaling,
    subtasks,
    taskmanager_ids,
    taskmanagers,
    vertices,
)
from flinkmock.conformance.coherence.registry import INVARIANTS, Invariant, Scope
from flinkmock.conformance.coherence.relations import Relation
from flinkmock.conformance.coherence.values import SeenResponse, Value, ValueLocation
from flinkmock.conformance.coherence.view import SUBJECTS, View

EvaluatedRelation = tuple[Invariant, tuple[str, ...], Relation]
"""(invariant, the ids of the subject, or the target of the request, relation)."""
_NOT_COMPARABLE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""Raised where a body doesn't have the shape that an invariant needs. Such a body is a schema violation."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A relation that fails.

    Attributes:
        invariant: The invariant that requires it.
        ids: The ids of the subject, or the target of the request.
        relation: The relation that fails.
    """

    invariant: Invariant
    ids: tuple[str, ...]
    relation: Relation

    @property
    def key(self) -> tuple[str, tuple[str, ...], frozenset[ValueLocation]]:
        """Identifies the violation: equal for the same violation in repeated responses."""
        return self.invariant.id, self.ids, locations_of([self])


class Invariants:
    """The invariants of one release.

    Args:
        minor: The minor release as numbers, such as (2, 3).
    """

    def __init__(self, minor: tuple[int, int]) -> None:
        known = [invariant for invariant in INVARIANTS.values() if invariant.holds_for(minor)]
        self._by_operation: dict[str, list[Invariant]] = {}
        self._over_time: dict[str, list[Invariant]] = {}
        for invariant in known:
            for subject in invariant.subjects:
                if invariant.scope in (Scope.RESPONSE, Scope.REQUEST):
                    self._by_operation.setdefault(subject, []).append(invariant)
                elif invariant.scope is Scope.TIME and subject not in SUBJECTS:
                    self._over_time.setdefault(subject, []).append(invariant)
        self.between = [invariant for invariant in known if invariant.scope is Scope.BETWEEN_RESPONSES]
        self.over_time_of_views = [
            invariant for invariant in known if invariant.scope is Scope.TIME and invariant.subjects[0] in SUBJECTS
        ]

    def of_response(self, response: SeenResponse) -> Iterator[EvaluatedRelation]:
        """Yield the relations within a response, and those between it and its request."""
        for invariant in self._by_operation.get(response.operation_id, ()):
            yield from relations_of(invariant, (response.target,), Value.of(response))

    def of_view(self, view: View, only: Collection[str] | None = None) -> Iterator[EvaluatedRelation]:
        """Yield the relations between responses.

        Args:
            view: The responses.
            only: Checks only the subjects with these ids, and those without an id; None: checks all.
        """
        for invariant in self.between:
            for ids in view.subjects(invariant.subjects[0]):
                if only is None or not ids or any(subject_id in only for subject_id in ids):
                    yield from relations_of(invariant, ids, view, *ids)

    def of_two_responses(self, before: SeenResponse, after: SeenResponse) -> Iterator[EvaluatedRelation]:
        """Yield the relations between two responses to the same request."""
        bodies = Value.of(before), Value.of(after)
        for invariant in self._over_time.get(after.operation_id, ()):
            yield from relations_of(invariant, (after.target,), *bodies)

    def of_two_views(self, before: View, after: View, apart_ms: float) -> Iterator[EvaluatedRelation]:
        """Yield the relations between two views that are `apart_ms` apart."""
        for invariant in self.over_time_of_views:
            if apart_ms >= invariant.settles_in_ms:
                for ids in after.subjects(invariant.subjects[0]):
                    yield from relations_of(invariant, ids, before, after, *ids)


def relations_of(
    invariant: Invariant, ids: tuple[str, ...], *arguments: Value | View | str
) -> Iterator[EvaluatedRelation]:
    """Yield the relations of an invariant: none if a body doesn't have the shape that it needs."""
    try:
        for relation in invariant.check(*arguments):
            yield invariant, ids, relation
    except _NOT_COMPARABLE:
        return


def violations(relations: Iterable[EvaluatedRelation]) -> list[Violation]:
    """Return the relations that fail."""
    return [Violation(*relation) for relation in relations if not relation[2].holds]


def locations_of(violations: Iterable[Violation]) -> frozenset[ValueLocation]:
    """Return the locations of all values that take part in violations."""
    return frozenset(leaf.location for violation in violations for leaf in violation.relation.leaves)


def count_support(
    relations: Iterable[EvaluatedRelation], locations: Collection[ValueLocation]
) -> Counter[ValueLocation]:
    """Count the exact relations that hold and contain the value at a location, for each of `locations`."""
    counted: Counter[ValueLocation] = Counter()
    for _, _, relation in relations:
        if relation.holds and relation.exact:
            for leaf in relation.leaves:
                if leaf.location in locations:
                    counted[leaf.location] += 1
    return counted
