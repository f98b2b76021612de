"""One thing is changed in one answer, many times over: the check has to find it and to name it."""

from __future__ import annotations

import pytest

from tests.conformance.mutating import in_process, over_http

LIMIT = 4
"""Each check asks for so many vertices, subtasks and checkpoints only."""


@pytest.mark.parametrize(
    ("flink", "wanted"),
    [
        ("2.3", 60),
        pytest.param("2.3", 200, marks=pytest.mark.slow),
        pytest.param("1.20", 100, marks=pytest.mark.slow),
        pytest.param("1.12", 60, marks=pytest.mark.slow),
    ],
)
def test_mutations_are_found_and_named(flink: str, wanted: int) -> None:
    rounds = in_process(flink, wanted, limit=LIMIT)
    assert len(rounds.kinds) >= 9, rounds.kinds
    assert len(rounds.unfound) <= wanted // 100, "\n".join(rounds.unfound)


@pytest.mark.slow
def test_mutations_over_http() -> None:
    """A sample: `python -m tests.conformance.mutating` plays 500 rounds."""
    assert over_http("2.3", 20, "over HTTP ", limit=LIMIT, once=True).unfound == []
