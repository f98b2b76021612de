"""Finds the culprits among values that contradict each other: those that are probably wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from flinkmock.conformance.coherence.evaluation import Violation
from flinkmock.conformance.coherence.values import Value, ValueLocation

_MAX_OTHERS = 3
"""The maximum number of other values that a report names because they may be wrong instead of a culprit."""


@dataclass(frozen=True, slots=True)
class Culprit:
    """A value that is probably wrong.

    Attributes:
        value: The value.
        violations: The violations that it explains.
        others: Values that may be wrong instead: they rank equal to the culprit and are in some of the same violations.
    """

    value: Value
    violations: tuple[Violation, ...]
    others: tuple[Value, ...] = ()


def culprits(violations: Sequence[Violation], support: Counter[ValueLocation]) -> list[Culprit]:
    """Return a few values that together explain all violations.

    The first culprit is the value in the most violations, the second is the value in the most of the remaining
    violations, and so on. If several values are in as many, the culprit is the one in the fewest exact relations that
    hold, then the one in the violation with the fewest values.

    Args:
        violations: The relations that fail.
        support: How many exact relations that hold contain each value (`count_holding_relations`).
    """
    suspects: dict[ValueLocation, Value] = {}
    indexes_by_location: dict[ValueLocation, set[int]] = defaultdict(set)  # indexes in `violations`
    for index, violation in enumerate(violations):
        for leaf in violation.relation.leaves:
            suspects.setdefault(leaf.location, leaf)
            indexes_by_location[leaf.location].add(index)
    unexplained = set(range(len(violations)))
    result: list[Culprit] = []
    while unexplained:
        ranks = {
            location: _rank(
                [violations[index] for index in indexes_by_location[location] & unexplained], support[location]
            )
            for location in suspects
        }
        ranked = sorted(suspects, key=ranks.__getitem__)
        chosen = ranked[0]
        explained = indexes_by_location[chosen] & unexplained
        if not explained:
            return result
        equally_suspected = [
            suspects[location]
            for location in ranked[1 : 1 + _MAX_OTHERS]
            if ranks[location] == ranks[chosen] and indexes_by_location[location] & explained
        ]
        result.append(
            Culprit(suspects[chosen], tuple(violations[index] for index in sorted(explained)), tuple(equally_suspected))
        )
        unexplained -= explained
    return result


def _rank(unexplained: Sequence[Violation], support: int) -> tuple[int, int, int]:
    """Return a sort key of a value: the lowest is the most suspicious.

    Args:
        unexplained: The unexplained violations that contain the value.
        support: How many exact relations that hold contain the value.
    """
    fewest_values = min((len(violation.relation.locations) for violation in unexplained), default=0)
    return -len(unexplained), support, fewest_values
