"""Finds the wrong value among those that contradict each other: the one that the fewest other relations support."""

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
        value: The value.
        violations: The violations that it explains.
        others: Values that may be wrong instead, because they explain as many violations.
    """

    value: Value
    violations: tuple[Violation, ...]
    others: tuple[Value, ...] = ()


def culprits(violations: Sequence[Violation], support: Counter[PlaceKey]) -> list[Culprit]:
    """Return the fewest values that explain all violations.

    The value that takes part in most violations comes first. Among equals, the one that agrees with fewest other values
    does.

    Args:
        violations: The relations that fail.
        support: How many relations that hold contain each value.
    """
    open_violations = dict(enumerate(violations))
    suspects: dict[PlaceKey, Value] = {}
    involved: dict[PlaceKey, set[int]] = defaultdict(set)
    for number, violation in open_violations.items():
        for leaf in violation.relation.leaves:
            key = leaf.response.target, leaf.pointer
            suspects.setdefault(key, leaf)
            involved[key].add(number)
    sizes = {number: len(violation.relation.leaves) for number, violation in open_violations.items()}
    result: list[Culprit] = []
    while open_violations:
        ranked = sorted(
            ((_rank(key, involved[key] & open_violations.keys(), support, sizes), key) for key in suspects),
            key=lambda candidate: candidate[0],
        )
        rank, chosen = ranked[0]
        explained = involved[chosen] & open_violations.keys()
        if not explained:
            return result
        equals = [suspects[key] for other, key in ranked[1:4] if other == rank and involved[key] & explained]
        result.append(
            Culprit(suspects[chosen], tuple(violations[number] for number in sorted(explained)), tuple(equals))
        )
        for number in explained:
            del open_violations[number]
    return result


def _rank(
    key: PlaceKey, explained: Iterable[int], support: Counter[PlaceKey], sizes: dict[int, int]
) -> tuple[float, float, float]:
    numbers = list(explained)
    smallest = min((sizes[number] for number in numbers), default=0)
    return -len(numbers), support[key], smallest
