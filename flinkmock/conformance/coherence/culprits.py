"""Finds the wrong value among those that contradict each other: the one that the fewest other values support."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flinkmock.conformance.coherence.evaluation import Violation
from flinkmock.conformance.coherence.values import Value, ValueLocation


@dataclass(frozen=True, slots=True)
class Culprit:
    """A value that is probably wrong.

    Attributes:
        value: The value.
        violations: The violations that it explains.
        others: Values that may be wrong instead, because they explain as many violations.
    """

    value: Value
    violations: tuple[Violation, ...]
    others: tuple[Value, ...] = ()


def culprits(violations: Sequence[Violation], support: Counter[ValueLocation]) -> list[Culprit]:
    """Return the fewest values that explain all violations.

    The value in most violations comes first; of several such values, the one that agrees with the fewest other values.

    Args:
        violations: The relations that fail.
        support: How many exact relations that hold contain each value (`count_support`).
    """
    unexplained = dict(enumerate(violations))
    suspected: dict[ValueLocation, Value] = {}
    involved: dict[ValueLocation, set[int]] = defaultdict(set)
    for number, violation in unexplained.items():
        for leaf in violation.relation.leaves:
            suspected.setdefault(leaf.location, leaf)
            involved[leaf.location].add(number)
    sizes = {number: len(violation.relation.leaves) for number, violation in unexplained.items()}
    result: list[Culprit] = []
    while unexplained:
        ranked = sorted(
            (
                (_rank(location, involved[location] & unexplained.keys(), support, sizes), location)
                for location in suspected
            ),
            key=lambda candidate: candidate[0],
        )
        rank, chosen = ranked[0]
        explained = involved[chosen] & unexplained.keys()
        if not explained:
            return result
        equally_suspected = [
            suspected[location] for other, location in ranked[1:4] if other == rank and involved[location] & explained
        ]
        result.append(
            Culprit(
                suspected[chosen], tuple(violations[number] for number in sorted(explained)), tuple(equally_suspected)
            )
        )
        for number in explained:
            del unexplained[number]
    return result


def _rank(
    location: ValueLocation, explained: Iterable[int], support: Counter[ValueLocation], sizes: dict[int, int]
) -> tuple[float, float, float]:
    numbers = list(explained)
    smallest = min((sizes[number] for number in numbers), default=0)
    return -len(numbers), support[location], smallest
