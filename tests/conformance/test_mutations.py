"""One thing is changed in one answer, many times over: the check has to find it and to name it."""

from __future__ import annotations

import sys

import pytest

from flinkmock.conformance import targets
from flinkmock.conformance.check import Check
from flinkmock.conformance.fetch import Answer
from flinkmock.conformance.judge import judge
from flinkmock.conformance.report import Finding
from flinkmock.contract import Contract, Operation
from tests.conformance.mutating import in_process, over_http


@pytest.fixture(autouse=True)
def judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict over the same answer is the same: all but one are, in each of the checks."""
    known: dict[object, list[Finding]] = {}

    def judge_once(contract: Contract, operation: Operation, answer: Answer, refusals: None = None) -> list[Finding]:
        key = contract, operation, answer.status, tuple(answer.headers.items()), answer.raw
        if key not in known:
            known[key] = list(judge(contract, operation, answer, refusals))
        return known[key]

    # the module, not the function of the same name that its package offers
    monkeypatch.setattr(sys.modules[Check.__module__], "judge", judge_once)
    monkeypatch.setattr(targets, "PER_PARAMETER", 4)


@pytest.mark.parametrize(("flink", "wanted"), [("2.3", 300), ("1.20", 120), ("1.12", 80)])
def test_mutations_are_found_and_named(flink: str, wanted: int) -> None:
    rounds = in_process(flink, wanted)
    assert len(rounds.kinds) >= 9, rounds.kinds
    assert len(rounds.unfound) <= wanted // 100, "\n".join(rounds.unfound)


def test_mutations_over_http() -> None:
    """A sample: `python -m tests.conformance.mutating` plays 500 rounds."""
    assert over_http("2.3", 20, "over HTTP ", once=True).unfound == []
