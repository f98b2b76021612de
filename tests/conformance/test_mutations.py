"""One thing is changed in one answer, many times over: the check has to find it and to name it."""

from __future__ import annotations

import random
import sys
from collections import Counter

import pytest

from flinkmock import FlinkMock
from flinkmock.conformance import targets
from flinkmock.conformance.check import Check
from flinkmock.conformance.fetch import Answer, Fetcher
from flinkmock.conformance.judge import judge
from flinkmock.conformance.report import Finding
from flinkmock.contract import Contract, Operation
from tests.conformance.mutations import Mutation, mutate
from tests.conformance.recorded import Recorded

SCENARIO = {"jobs": {"running": "streaming", "finished": "batch", "failed": "failing"}}


@pytest.fixture(autouse=True)
def judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict over the same answer is the same: all but one are, in each of the checks."""
    known: dict[tuple[str, int], tuple[Answer, list[Finding]]] = {}

    def judge_once(contract: Contract, operation: Operation, answer: Answer, refusals: None = None) -> list[Finding]:
        key = operation.id, id(answer)
        if key not in known:
            known[key] = answer, list(judge(contract, operation, answer, refusals))
        return known[key][1]

    # the module, not the function of the same name that its package offers
    monkeypatch.setattr(sys.modules[Check.__module__], "judge", judge_once)
    monkeypatch.setattr(targets, "PER_PARAMETER", 4)


@pytest.mark.parametrize(("flink", "wanted"), [("2.3", 300), ("1.20", 120), ("1.12", 80)])
def test_mutations_are_found_and_named(flink: str, wanted: int) -> None:
    contract = Contract.load(flink)
    dice = random.Random(f"mutations of {flink}")
    unfound: list[str] = []
    kinds: Counter[str] = Counter()
    with FlinkMock(SCENARIO, flink=flink, clock="virtual") as cluster:
        cluster.advance("60s")
        fetcher = Fetcher(cluster.url)
        recorded = Recorded(fetcher)
        clean = check_of(recorded, contract)
        assert clean == []
        candidates = [
            (target, operation, answer)
            for target, answer in sorted(recorded.answers.items())
            if (operation := contract.match("GET", target)) and is_json(operation, answer)
        ]
        while kinds.total() < wanted:
            target, operation, answer = dice.choice(candidates)
            mutation = mutate(dice, contract, operation, answer)
            if mutation is None:
                continue
            kinds[mutation.name.split()[0]] += 1
            found = check_of(recorded.changed(target, mutation.answer), contract, mutation)
            if found:
                unfound.append(f"{target}: {found}")
        fetcher.close()
    assert len(kinds) >= 9, kinds
    assert len(unfound) <= wanted // 100, "\n".join(unfound)


def check_of(server: Recorded, contract: Contract, mutation: Mutation | None = None) -> list[str]:
    """What went wrong: findings of a server that is well, or that a mutation was not found."""
    report = Check(server, contract, wait=lambda ms: None).run()
    if mutation is None:
        return [str(finding) for finding in report.findings]
    return [] if any(map(mutation.told, report.findings)) else [mutation.name, *map(str, report.findings)]


def is_json(operation: Operation, answer: Answer) -> bool:
    return answer.status == operation.status and not operation.answers_file
