"""Which fault applies: each condition, their combinations, and the seed."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

import pytest

from flinkmock.contract import Contract
from flinkmock.contract.pattern import Pattern
from flinkmock.errors import NotFound
from flinkmock.faults import Drop, Fault, Faults, FaultTrigger, JobInState, LogNormal, RequestInfo
from flinkmock.faults.decide import log_normal
from flinkmock.named_random import UNBOUNDED, NamedRandom, UniformRange

CONTRACT = Contract.load("2.3")
JOB = "/jobs/2451d76ab8aa473ba87000eb834231f1"


def seen(method: str = "GET", path: str = "/overview", *, since: int = 0, job: str | None = None,
         headers: Mapping[str, str] | None = None, states: Mapping[str, str] | None = None) -> RequestInfo:  # fmt: skip
    operation = CONTRACT.match(method, path)
    return RequestInfo(method, path, operation, since, job, headers or {}, (states or {}).get)


def faults(*many: Fault, seed: int = 0) -> Faults:
    decider = Faults(NamedRandom(seed))
    decider.add(*many)
    return decider


def fault(when: FaultTrigger, name: str = "it") -> Fault:
    return Fault(name, when, drop=Drop.RESET)


def hits(loaded: Faults, count: int) -> list[int]:
    """Return to which of `count` equal requests a fault applies; 1 is the first."""
    return [n for n in range(1, count + 1) if loaded.select(seen())]


def test_a_fault_without_conditions_applies_to_each_request() -> None:
    assert hits(faults(fault(FaultTrigger())), 3) == [1, 2, 3]


def test_without_faults_none_applies() -> None:
    none = faults()
    assert not none
    assert none.select(seen()) is None


def test_match() -> None:
    loaded = faults(fault(FaultTrigger((Pattern.parse("GET /jobs/:jobid"), Pattern.parse("POST /jobs/:jobid/stop")))))
    assert loaded.select(seen("GET", JOB))
    assert loaded.select(seen("POST", JOB + "/stop"))
    assert not loaded.select(seen("GET", "/jobs/overview"))
    assert loaded.may_match("GET", JOB, CONTRACT.match("GET", JOB))
    assert not loaded.may_match("GET", "/overview", CONTRACT.match("GET", "/overview"))


def test_during_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    loaded = faults(fault(FaultTrigger(during=(10_000, 15_000))))
    assert [t for t in (0, 9_999, 10_000, 14_999, 15_000) if loaded.select(seen(since=t))] == [10_000, 14_999]
    endless = faults(fault(FaultTrigger(during=(10_000, None))))
    assert [t for t in (0, 10_000, 10**9) if endless.select(seen(since=t))] == [10_000, 10**9]


def test_every_nth_and_times() -> None:
    assert hits(faults(fault(FaultTrigger(every=5))), 16) == [5, 10, 15]
    assert hits(faults(fault(FaultTrigger(nth=frozenset({2, 3, 9})))), 10) == [2, 3, 9]
    assert hits(faults(fault(FaultTrigger(times=2))), 5) == [1, 2]
    assert hits(faults(fault(FaultTrigger(every=2, times=2))), 10) == [2, 4]


def test_job_and_header_and_state() -> None:
    assert faults(fault(FaultTrigger(job="orders"))).select(seen(job="orders"))
    assert not faults(fault(FaultTrigger(job="orders"))).select(seen(job=None))
    assert faults(fault(FaultTrigger(headers={"X-Test": "a"}))).select(seen(headers={"X-Test": "a"}))
    assert not faults(fault(FaultTrigger(headers={"X-Test": "a"}))).select(seen(headers={"X-Test": "b"}))
    restarting = fault(FaultTrigger(job_state=JobInState("orders", "RESTARTING")))
    assert faults(restarting).select(seen(states={"orders": "RESTARTING"}))
    assert not faults(restarting).select(seen(states={"orders": "RUNNING"}))
    assert not faults(restarting).select(seen())


def test_only_requests_for_which_all_else_holds_are_counted() -> None:
    loaded = faults(fault(FaultTrigger((Pattern.parse("GET /jobs"),), during=(10, 20), every=2)))
    assert not loaded.select(seen("GET", "/jobs", since=5))
    assert not loaded.select(seen("GET", "/overview", since=15))
    assert not loaded.select(seen("GET", "/jobs", since=15))
    assert loaded.select(seen("GET", "/jobs", since=16))


def test_the_first_one_wins_and_the_others_count_on() -> None:
    loaded = faults(fault(FaultTrigger(nth=frozenset({2})), "first"), fault(FaultTrigger(every=2), "second"))
    applied = [hit.fault.name if (hit := loaded.select(seen())) else None for _ in range(4)]
    assert applied == [None, "first", None, "second"]
    assert (loaded.hits("first"), loaded.hits("second")) == (1, 1)


def test_one_added_in_front_wins() -> None:
    loaded = faults(fault(FaultTrigger(), "old"))
    loaded.add(fault(FaultTrigger(times=1), "new"), first=True)
    names = [hit.fault.name for _ in range(2) if (hit := loaded.select(seen()))]
    assert names == ["new", "old"]
    loaded.clear()
    assert len(loaded) == 0


def test_an_unknown_name() -> None:
    with pytest.raises(NotFound, match=r'no fault "b"\. Known: a'):
        faults(fault(FaultTrigger(), "a")).hits("b")


def test_chance_follows_seed_and_name_alone() -> None:
    chance = FaultTrigger(chance=0.1)
    one = hits(faults(fault(chance)), 2_000)
    assert hits(faults(fault(chance)), 2_000) == one
    assert hits(faults(fault(chance), seed=1), 2_000) != one
    assert hits(faults(fault(chance, "by another name")), 2_000) != one
    assert 150 < len(one) < 250


def test_another_fault_does_not_change_the_random_choices_of_a_fault() -> None:
    def requests_with_fault(*others: Fault) -> list[int]:
        loaded = faults(*others, fault(FaultTrigger(chance=0.1)))
        return [n for n in range(500) if (hit := loaded.select(seen())) and hit.fault.name == "it"]

    before = requests_with_fault()
    hidden = [n for n in range(500) if (n + 1) % 3 == 0]
    assert requests_with_fault(fault(FaultTrigger(every=3), "another")) == [n for n in before if n not in hidden]


def test_delays() -> None:
    def delay(of: UniformRange | LogNormal) -> list[float]:
        loaded = faults(Fault("slow", delay=of))
        return [hit.delay for _ in range(1_001) if (hit := loaded.select(seen()))]

    assert set(delay(UniformRange(300, 300))) == {300}
    even = delay(UniformRange(1_000, 3_000))
    assert min(even) >= 1_000 and max(even) <= 3_000 and 1_900 < statistics.mean(even) < 2_100
    assert set(delay(UNBOUNDED)) == {float("inf")}
    spread = delay(LogNormal(200, 2_000, 5_000))
    assert 180 < statistics.median(spread) < 220
    assert max(spread) <= 5_000
    assert 2 <= sum(delay > 2_000 for delay in spread) <= 25
    assert delay(LogNormal(200, 2_000, 5_000)) == spread


def test_a_log_normal_distribution_has_its_median_and_p99() -> None:
    length = LogNormal(200, 2_000)
    assert log_normal(length, 0.5) == 200
    assert log_normal(length, 0.99) == 2_000
    assert log_normal(length, 0.0) >= 0
    assert log_normal(LogNormal(200, 2_000, 3_000), 0.99999) == 3_000


def test_drops_after_which_the_request_reaches_the_cluster() -> None:
    carried = {drop: Fault("x", drop=drop).reaches_cluster for drop in Drop}
    assert [drop for drop in Drop if carried[drop]] == [
        Drop.TRUNCATE,
        Drop.AFTER_PROCESSING,
        Drop.HANG_AFTER_PROCESSING,
    ]
