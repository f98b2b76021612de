"""A check reports each single change in one response."""

from __future__ import annotations

import pytest

from tests.conformance.mutation_testing import run_from_cache, run_over_http

VALUES_PER_PARAMETER = 4
"""How many vertices, subtasks and checkpoints of a job each check reads at most."""


def test_a_few_mutations_are_reported() -> None:
    score = run_from_cache("2.3", 30, values_per_parameter=2)
    assert len(score.kind_counts) >= 9, score.kind_counts
    assert score.missed == []


@pytest.mark.slow
@pytest.mark.parametrize(("release", "count"), [("2.3", 40), ("1.20", 20), ("1.12", 20)])
def test_nearly_all_mutations_are_reported(release: str, count: int) -> None:
    score = run_from_cache(release, count, values_per_parameter=VALUES_PER_PARAMETER)
    assert len(score.kind_counts) >= 8, score.kind_counts
    assert len(score.missed) <= 1, "\n".join(score.missed)


@pytest.mark.slow
def test_mutations_are_reported_over_http() -> None:
    """Run a few rounds; `python -m tests.conformance.mutation_testing` runs 500."""
    assert (
        run_over_http("2.3", 5, "over HTTP ", values_per_parameter=VALUES_PER_PARAMETER, cache_responses=True).missed
        == []
    )
