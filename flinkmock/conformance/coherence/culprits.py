"""Finds the culprits among values that contradict each other: those that are probably wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from flinkmock.conformance.coherence.evaluation import Violation
from flinkmock.conformance.coherence.values import Value, ValueLocation

_MAX_OTHERS = 3
"""How many other values a report lists at most that may be wrong instead of a culprit."""


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

    The value in the most violations comes first. If several values are in as many, the first is the value in the fewest
    exact relations that hold.

    Args:
        violations: The relations that fail.
        support: How many exact relations that hold contain each value (`count_support`).
    """
    suspects: dict[ValueLocation, Value] = {}
    violations_with: dict[ValueLocation, set[int]] = defaultdict(set)  # indexes in `violations`
    for index, violation in enumerate(violations):
        for leaf in violation.relation.leaves:
            suspects.setdefault(leaf.location, leaf)
            violations_with[leaf.location].add(index)
    unexplained = set(range(len(violations)))
    result: list[Culprit] = []
    while unexplained:
        ranks = {
            location: _rank([violations[index] for index in violations_with[location] & unexplained], support[location])
            for location in suspects
        }
        ranked = sorted(suspects, key=ranks.__getitem__)
        chosen = ranked[0]
        explained = violations_with[chosen] & unexplained
        if not explained:
            return result
        equally_suspected = [
            suspects[location]
            for location in ranked[1 : 1 + _MAX_OTHERS]
            if ranks[location] == ranks[chosen] and violations_with[location] & explained
        ]
        result.append(
            Culprit(suspects[chosen], tuple(violations[index] for index in sorted(explained)), tuple(equally_suspected))
        )
        unexplained -= explained
    return result


def _rank(explained: Sequence[Violation], support: int) -> tuple[int, int, int]:
    """Return a sort key of a value: the lowest is the most suspicious.

    Args:
        explained: The unexplained violations that contain the value.
        support: How many exact relations that hold contain it.
    """
    fewest_values = min((len(violation.relation.leaves) for violation in explained), default=0)
    return -len(explained), support, fewest_values
