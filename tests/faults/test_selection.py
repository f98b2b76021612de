"""The conditions of a fault, the faults before it and the seed select the requests to which it applies."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

import pytest

from flinkmock.contract import Contract
from flinkmock.contract.pattern import Pattern
from flinkmock.errors import NotFound
from flinkmock.faults import Drop, Fault, Faults, FaultTrigger, JobStateCondition, LogNormal, TriggerContext
from flinkmock.faults.selection import log_normal_delay
from flinkmock.named_random import UNBOUNDED, NamedRandom, UniformRange

CONTRACT = Contract.load("2.3")
JOB_PATH = "/jobs/2451d76ab8aa473ba87000eb834231f1"


def make_context(
    method: str = "GET",
    path: str = "/overview",
    *,
    ms_since_start: int = 0,
    job: str | None = None,
    headers: Mapping[str, str] | None = None,
    states: Mapping[str, str] | None = None,
) -> TriggerContext:
    operation = CONTRACT.match(method, path)
    return TriggerContext(method, path, operation, ms_since_start, job, headers or {}, (states or {}).get)


def make_faults(*faults: Fault, seed: int = 0) -> Faults:
    cluster_faults = Faults(NamedRandom(seed))
    cluster_faults.add(*faults)
    return cluster_faults


def make_fault(trigger: FaultTrigger, name: str = "lost") -> Fault:
    return Fault(name, trigger, drop=Drop.RESET)


def numbers_of_hits(faults: Faults, count: int) -> list[int]:
    """Return to which of `count` equal requests a fault applies; 1 is the first."""
    return [number for number in range(1, count + 1) if faults.select(make_context())]


def test_a_fault_without_conditions_applies_to_each_request() -> None:
    assert numbers_of_hits(make_faults(make_fault(FaultTrigger())), 3) == [1, 2, 3]


def test_an_empty_list_of_faults_selects_none() -> None:
    faults = make_faults()
    assert not faults
    assert faults.select(make_context()) is None


def test_a_fault_applies_to_requests_that_match_one_of_its_patterns() -> None:
    faults = make_faults(
        make_fault(FaultTrigger((Pattern.parse("GET /jobs/:jobid"), Pattern.parse("POST /jobs/:jobid/stop"))))
    )
    assert faults.select(make_context("GET", JOB_PATH))
    assert faults.select(make_context("POST", JOB_PATH + "/stop"))
    assert not faults.select(make_context("GET", "/jobs/overview"))
    assert faults.may_match("GET", JOB_PATH, CONTRACT.match("GET", JOB_PATH))
    assert not faults.may_match("GET", "/overview", CONTRACT.match("GET", "/overview"))


def test_during_includes_its_start_and_excludes_its_end() -> None:
    faults = make_faults(make_fault(FaultTrigger(during=(10_000, 15_000))))
    assert [
        time for time in (0, 9_999, 10_000, 14_999, 15_000) if faults.select(make_context(ms_since_start=time))
    ] == [
        10_000,
        14_999,
    ]
    endless = make_faults(make_fault(FaultTrigger(during=(10_000, None))))
    assert [time for time in (0, 10_000, 10**9) if endless.select(make_context(ms_since_start=time))] == [10_000, 10**9]


def test_every_nth_and_times_select_requests_by_number() -> None:
    assert numbers_of_hits(make_faults(make_fault(FaultTrigger(every=5))), 16) == [5, 10, 15]
    assert numbers_of_hits(make_faults(make_fault(FaultTrigger(nth=frozenset({2, 3, 9})))), 10) == [2, 3, 9]
    assert numbers_of_hits(make_faults(make_fault(FaultTrigger(times=2))), 5) == [1, 2]
    assert numbers_of_hits(make_faults(make_fault(FaultTrigger(every=2, times=2))), 10) == [2, 4]


def test_a_fault_applies_only_to_requests_with_its_job_headers_and_job_state() -> None:
    assert make_faults(make_fault(FaultTrigger(job="orders"))).select(make_context(job="orders"))
    assert not make_faults(make_fault(FaultTrigger(job="orders"))).select(make_context(job=None))
    assert make_faults(make_fault(FaultTrigger(headers={"X-Test": "a"}))).select(make_context(headers={"X-Test": "a"}))
    assert not make_faults(make_fault(FaultTrigger(headers={"X-Test": "a"}))).select(
        make_context(headers={"X-Test": "b"})
    )
    restarting = make_fault(FaultTrigger(job_state=JobStateCondition("orders", "RESTARTING")))
    assert make_faults(restarting).select(make_context(states={"orders": "RESTARTING"}))
    assert not make_faults(restarting).select(make_context(states={"orders": "RUNNING"}))
    assert not make_faults(restarting).select(make_context())


def test_every_counts_only_requests_that_meet_the_other_conditions() -> None:
    faults = make_faults(make_fault(FaultTrigger((Pattern.parse("GET /jobs"),), during=(10, 20), every=2)))
    assert not faults.select(make_context("GET", "/jobs", ms_since_start=5))
    assert not faults.select(make_context("GET", "/overview", ms_since_start=15))
    assert not faults.select(make_context("GET", "/jobs", ms_since_start=15))
    assert faults.select(make_context("GET", "/jobs", ms_since_start=16))


def test_the_first_fault_applies_and_the_other_faults_count_the_request() -> None:
    faults = make_faults(
        make_fault(FaultTrigger(nth=frozenset({2})), "first"), make_fault(FaultTrigger(every=2), "second")
    )
    applied = [hit.fault.name if (hit := faults.select(make_context())) else None for _ in range(4)]
    assert applied == [None, "first", None, "second"]
    assert (faults.hits("first"), faults.hits("second")) == (1, 1)


def test_a_fault_that_is_added_first_applies_before_the_others() -> None:
    faults = make_faults(make_fault(FaultTrigger(), "old"))
    faults.add(make_fault(FaultTrigger(times=1), "new"), first=True)
    names = [hit.fault.name for _ in range(2) if (hit := faults.select(make_context()))]
    assert names == ["new", "old"]
    faults.clear()
    assert len(faults) == 0


def test_hits_of_an_unknown_fault_raise_an_error() -> None:
    with pytest.raises(NotFound, match=r'no fault "b"\. Known: a'):
        make_faults(make_fault(FaultTrigger(), "a")).hits("b")


def test_chance_depends_only_on_the_seed_and_the_name_of_the_fault() -> None:
    chance = FaultTrigger(chance=0.1)
    selected = numbers_of_hits(make_faults(make_fault(chance)), 2_000)
    assert numbers_of_hits(make_faults(make_fault(chance)), 2_000) == selected
    assert numbers_of_hits(make_faults(make_fault(chance), seed=1), 2_000) != selected
    assert numbers_of_hits(make_faults(make_fault(chance, "another name")), 2_000) != selected
    assert 150 < len(selected) < 250


def test_another_fault_does_not_change_the_random_choices_of_a_fault() -> None:
    def hits_of_lost(*others: Fault) -> list[int]:
        faults = make_faults(*others, make_fault(FaultTrigger(chance=0.1)))
        return [number for number in range(500) if (hit := faults.select(make_context())) and hit.fault.name == "lost"]

    selected = hits_of_lost()
    hidden = range(2, 500, 3)  # every third request, to which the other fault applies
    assert hits_of_lost(make_fault(FaultTrigger(every=3), "another")) == [
        number for number in selected if number not in hidden
    ]


def test_delays_follow_their_distribution() -> None:
    def delays(distribution: UniformRange | LogNormal) -> list[float]:
        faults = make_faults(Fault("slow", delay=distribution))
        return [hit.delay for _ in range(1_001) if (hit := faults.select(make_context()))]

    assert set(delays(UniformRange(300, 300))) == {300}
    uniform = delays(UniformRange(1_000, 3_000))
    assert min(uniform) >= 1_000 and max(uniform) <= 3_000 and 1_900 < statistics.mean(uniform) < 2_100
    assert set(delays(UNBOUNDED)) == {float("inf")}
    log_normal_delays = delays(LogNormal(200, 2_000, 5_000))
    assert 180 < statistics.median(log_normal_delays) < 220
    assert max(log_normal_delays) <= 5_000
    assert 2 <= sum(delay > 2_000 for delay in log_normal_delays) <= 25
    assert delays(LogNormal(200, 2_000, 5_000)) == log_normal_delays


def test_a_log_normal_distribution_has_its_median_and_p99() -> None:
    distribution = LogNormal(200, 2_000)
    assert log_normal_delay(distribution, 0.5) == 200
    assert log_normal_delay(distribution, 0.99) == 2_000
    assert log_normal_delay(distribution, 0.0) >= 0
    assert log_normal_delay(LogNormal(200, 2_000, 3_000), 0.99999) == 3_000


def test_some_drops_let_the_request_reach_the_cluster() -> None:
    assert [drop for drop in Drop if Fault("lost", drop=drop).reaches_cluster] == [
        Drop.TRUNCATE,
        Drop.AFTER_PROCESSING,
        Drop.HANG_AFTER_PROCESSING,
    ]
