"""Finds the value that is wrong among those that contradict each other, by the majority of the witnesses."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flinkmock.conformance.coherence.evaluation import PlaceKey, Violation
from flinkmock.conformance.coherence.values import Value


@dataclass(frozen=True, slots=True)
class Culprit:
    """A value that is wrong.

    Attributes:
        value: the value.
        violations: that it explains.
        others: values that may be wrong instead, because as much speaks against them.
    """

    value: Value
    violations: tuple[Violation, ...]
    others: tuple[Value, ...] = ()


def culprits(violations: Sequence[Violation], witnesses: Counter[PlaceKey]) -> list[Culprit]:
    """Return the fewest values that explain all violations.

    The value that takes part in most violations comes first. Among equals, the one that agrees with fewest other values
    does.

    Args:
        violations: the relations that fail.
        witnesses: how many relations that hold speak for each value.
    """
    open_violations = dict(enumerate(violations))
    suspects: dict[PlaceKey, Value] = {}
    involved: dict[PlaceKey, set[int]] = defaultdict(set)
    for number, violation in open_violations.items():
        for leaf in violation.relation.leaves:
            key = leaf.response.target, leaf.pointer
            suspects.setdefault(key, leaf)
            involved[key].add(number)
    crowd = {number: len(violation.relation.leaves) for number, violation in open_violations.items()}
    found: list[Culprit] = []
    while open_violations:
        ranked = sorted(
            ((_rank(key, involved[key] & open_violations.keys(), witnesses, crowd), key) for key in suspects),
            key=lambda each: each[0],
        )
        rank, chosen = ranked[0]
        explained = involved[chosen] & open_violations.keys()
        if not explained:
            return found
        equals = [suspects[key] for other, key in ranked[1:4] if other == rank and involved[key] & explained]
        found.append(
            Culprit(suspects[chosen], tuple(violations[number] for number in sorted(explained)), tuple(equals))
        )
        for number in explained:
            del open_violations[number]
    return found


def _rank(
    key: PlaceKey, explained: Iterable[int], witnesses: Counter[PlaceKey], crowd: dict[int, int]
) -> tuple[float, float, float]:
    numbers = list(explained)
    alone = min((crowd[number] for number in numbers), default=0)
    return -len(numbers), witnesses[key], alone
