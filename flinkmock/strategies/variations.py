"""Strategies for variations of a response."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from flinkmock.contract import LATEST, Contract
from flinkmock.contract.variation import variable_values
from flinkmock.strategies.faults import FaultPlan

DEFAULT_MAX_SIZE = 3


def variations(
    operation: str, *, flink: str = LATEST, min_size: int = 1, max_size: int = DEFAULT_MAX_SIZE
) -> SearchStrategy[FaultPlan]:
    """Generate faults that change values in the cluster's responses to an operation, as the contract allows: to null,
    missing and empty values, -1, the largest numbers, "NaN", and fields and enum values of a later release.

    Use them with `FlinkMock.faults.add(*variation)`. A failing example shrinks to few changes, one if that is enough,
    and shows them as YAML. If the contract allows no changes, there are no faults.

    Args:
        operation: "GET /jobs/overview", or an operation id.
        flink: The minor release.
        min_size: The minimum number of paths whose values change.
        max_size: The maximum number of paths.

    Raises:
        NotFound: The release has no such operation.
        UnknownRelease: There is no contract for the release.
    """
    contract = Contract.load(flink)
    varied_operation = contract.find(operation)
    changes = [
        (value.path.text, str(change))
        for value in variable_values(contract.release.minor, varied_operation.id)
        for change in value.changes
    ]
    if not changes:
        return st.builds(lambda: FaultPlan([], flink))
    pairs = st.lists(
        st.sampled_from(changes), min_size=min(min_size, 1), max_size=max_size, unique_by=lambda pair: pair[0]
    ).filter(lambda drawn: len(drawn) >= min_size)
    return pairs.map(
        lambda drawn: FaultPlan(
            [{"match": str(varied_operation), "vary": dict(drawn)}] if drawn else [], contract.release.minor
        )
    )
