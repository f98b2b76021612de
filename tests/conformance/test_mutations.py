"""A check reports each change of one value in one response."""

from __future__ import annotations

import pytest

from tests.conformance.mutation_testing import run_in_process, run_over_http

LIMIT = 4
"""How many vertices, subtasks and checkpoints each check reads."""


def test_a_few_mutations_are_reported() -> None:
    rounds = run_in_process("2.3", 30, limit=2)
    assert len(rounds.kinds) >= 9, rounds.kinds
    assert rounds.missed == []


@pytest.mark.slow
@pytest.mark.parametrize(("flink", "count"), [("2.3", 200), ("1.20", 100), ("1.12", 60)])
def test_mutations_are_reported(flink: str, count: int) -> None:
    rounds = run_in_process(flink, count, limit=LIMIT)
    assert len(rounds.kinds) >= 9, rounds.kinds
    assert len(rounds.missed) <= count // 100, "\n".join(rounds.missed)


@pytest.mark.slow
def test_mutations_over_http() -> None:
    """A sample: `python -m tests.conformance.mutation_testing` plays 500 rounds."""
    assert run_over_http("2.3", 20, "over HTTP ", limit=LIMIT, once=True).missed == []
