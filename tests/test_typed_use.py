"""A program that uses the public API. CI runs it, and checks its types with `mypy --strict`."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from typing import Any, assert_type

from hypothesis import Phase, given, settings
from hypothesis.strategies import SearchStrategy

from flinkmock import Exchange, FlinkMock, JobControl, Journal, RestCall, Snapshot, known_releases, load_scenario
from flinkmock.strategies import (
    DrawnScenario,
    FaultPlan,
    Request,
    fault_plans,
    requests,
    responses,
    scenarios,
)

ONE_EXAMPLE = settings(max_examples=1, phases=[Phase.generate])


def test_the_types_of_a_cluster() -> None:
    scenario: Mapping[str, object] = {"jobs": {"orders": "streaming"}}
    with FlinkMock(scenario, flink=known_releases()[-1], seed=7, clock="virtual") as flink:
        assert_type(flink, FlinkMock)
        assert_type(flink.url, str)
        orders = flink.job("orders")
        assert_type(orders, JobControl)
        assert_type(orders.state, str)
        assert_type(flink.run_until(orders="RUNNING"), int)
        snapshot = flink.snapshot()
        assert_type(snapshot, Snapshot)

        @flink.on("GET /jobs/:jobid/status")
        def status(call: RestCall) -> dict[str, str]:
            return {"status": call.cluster.job(call.path["jobid"]).state}

        urllib.request.urlopen(f"{flink.url}/jobs/{orders.id}/status").close()
        assert_type(flink.requests, Journal)
        assert_type(flink.requests.expect("GET /jobs/:jobid/status", times=1), list[Exchange])
        assert_type(flink.requests.unexpected, tuple[Exchange, ...])
        flink.restore(snapshot)
        assert_type([job.name for job in load_scenario(scenario).jobs], list[str])


assert_type(responses("GET /jobs"), SearchStrategy[Any])
assert_type(responses("GET /jobs", as_bytes=True), SearchStrategy[bytes])
assert_type(requests("GET /jobs"), SearchStrategy[Request])
assert_type(scenarios(), SearchStrategy[DrawnScenario])
assert_type(fault_plans(), SearchStrategy[FaultPlan])


@ONE_EXAMPLE
@given(scenarios(), fault_plans(), requests("GET /jobs"))
def test_the_types_of_strategies(scenario: DrawnScenario, plan: FaultPlan, request: Request) -> None:
    with FlinkMock(scenario) as flink:
        flink.faults.add(*plan)
        urllib.request.urlopen(request.url(flink.url)).close()
