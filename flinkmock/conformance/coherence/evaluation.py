"""Applies the invariants to responses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

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
    slots,
    subtasks,
    taskmanager_ids,
    taskmanagers,
    vertices,
)
from flinkmock.conformance.coherence.registry import INVARIANTS, Invariant, Scope
from flinkmock.conformance.coherence.relations import Relation
from flinkmock.conformance.coherence.values import SuccessResponse, Value, ValueLocation
from flinkmock.conformance.coherence.view import ID_PARAMETERS, View

SHAPE_ERRORS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What an invariant raises if a body doesn't have the shape that the invariant needs. Such a body has a schema
violation."""


class EvaluatedRelation(NamedTuple):
    """A relation with its origin.

    Attributes:
        invariant: The invariant that requires it.
        ids: The ids of the subject, or the target of the request.
        relation: The relation, which holds or fails.
    """

    invariant: Invariant
    ids: tuple[str, ...]
    relation: Relation


class ViolationKey(NamedTuple):
    """Identifies a violation: equal for the same violation in repeated responses.

    Attributes:
        invariant_id: The id of the invariant.
        ids: The ids of the subject, or the target of the request.
        locations: The locations of the values that take part.
    """

    invariant_id: str
    ids: tuple[str, ...]
    locations: frozenset[ValueLocation]


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
    def key(self) -> ViolationKey:
        return ViolationKey(self.invariant.id, self.ids, locations_of([self]))


class Invariants:
    """The invariants of one release.

    Args:
        release_number: The release as numbers, such as (2, 3).
    """

    def __init__(self, release_number: tuple[int, int]) -> None:
        of_release = [invariant for invariant in INVARIANTS.values() if invariant.holds_for(release_number)]
        self._within_response: dict[str, list[Invariant]] = {}  # by operation id
        self._over_two_responses: dict[str, list[Invariant]] = {}  # by operation id
        for invariant in of_release:
            for subject in invariant.subjects:  # operation ids, or one kind of resource: a key of ID_PARAMETERS
                if invariant.scope in (Scope.RESPONSE, Scope.REQUEST):
                    self._within_response.setdefault(subject, []).append(invariant)
                elif invariant.scope is Scope.TIME and subject not in ID_PARAMETERS:
                    self._over_two_responses.setdefault(subject, []).append(invariant)
        self.between_responses = [invariant for invariant in of_release if invariant.scope is Scope.BETWEEN_RESPONSES]
        self._over_two_views = [
            invariant
            for invariant in of_release
            if invariant.scope is Scope.TIME and invariant.subjects[0] in ID_PARAMETERS
        ]

    def relations_within(self, response: SuccessResponse) -> Iterator[EvaluatedRelation]:
        """Yield the relations within a response, and those between it and its request."""
        for invariant in self._within_response.get(response.operation_id, ()):
            yield from relations_of(invariant, (response.target,), Value.of(response))

    def relations_between(self, view: View, only: Collection[str] | None = None) -> Iterator[EvaluatedRelation]:
        """Yield the relations between responses.

        Args:
            view: The responses.
            only: Only subjects with one of these ids are checked, and the cluster, which has no id. None: all.
        """
        for invariant in self.between_responses:
            for ids in view.subjects(invariant.subjects[0]):
                if only is None or not ids or any(subject_id in only for subject_id in ids):
                    yield from relations_of(invariant, ids, view, *ids)

    def relations_over_time(self, before: SuccessResponse, after: SuccessResponse) -> Iterator[EvaluatedRelation]:
        """Yield the relations between two responses to the same request."""
        bodies = Value.of(before), Value.of(after)
        for invariant in self._over_two_responses.get(after.operation_id, ()):
            yield from relations_of(invariant, (after.target,), *bodies)

    def relations_between_times(self, before: View, after: View, interval_ms: float) -> Iterator[EvaluatedRelation]:
        """Yield the relations between two views that are at least `interval_ms` apart."""
        for invariant in self._over_two_views:
            if interval_ms >= invariant.min_interval_ms:
                for ids in after.subjects(invariant.subjects[0]):
                    yield from relations_of(invariant, ids, before, after, *ids)


def relations_of(
    invariant: Invariant, ids: tuple[str, ...], *arguments: Value | View | str
) -> Iterator[EvaluatedRelation]:
    """Yield the relations of an invariant; end early if a body doesn't have the shape that the invariant needs."""
    try:
        for relation in invariant.check(*arguments):
            yield EvaluatedRelation(invariant, ids, relation)
    except SHAPE_ERRORS:
        return


def violations(relations: Iterable[EvaluatedRelation]) -> list[Violation]:
    """Return the relations that fail."""
    return [Violation(*evaluated) for evaluated in relations if not evaluated.relation.holds]


def locations_of(violations: Iterable[Violation]) -> frozenset[ValueLocation]:
    """Return the locations of all values of responses that take part in violations."""
    return frozenset(location for violation in violations for location in violation.relation.locations)


def count_holding_relations(
    relations: Iterable[EvaluatedRelation], locations: Collection[ValueLocation]
) -> Counter[ValueLocation]:
    """Return, for each of `locations`, how many exact relations that hold contain the value at this location."""
    support: Counter[ValueLocation] = Counter()
    for evaluated in relations:
        if evaluated.relation.holds and evaluated.relation.exact:
            support.update(evaluated.relation.locations.intersection(locations))
    return support
