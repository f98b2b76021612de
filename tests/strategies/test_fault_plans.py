"""Generated faults load and apply, and are shown as YAML."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given

from flinkmock import FlinkMock, UnknownRelease, load_scenario
from flinkmock.faults import Drop
from flinkmock.strategies import FaultPlan, fault_plans
from flinkmock.testing.cluster_time import ClusterTime
from tests.hypothesis_profile import examples
from tests.strategies.example_search import find_example, minimal_example, simplest_example


@examples(40)
@given(fault_plans(flink="1.20"))
def test_a_plan_can_be_loaded_from_its_yaml_and_its_definitions(plan: FaultPlan) -> None:
    assert load_scenario("flink: '1.20'\n" + plan.yaml).faults == tuple(plan)
    assert load_scenario({"flink": "1.20", "faults": plan.definitions}).faults == tuple(plan)


@examples(40)
@given(fault_plans())
def test_no_generated_fault_hangs(plan: FaultPlan) -> None:
    assert not any(fault.drop is not None and fault.drop.hangs for fault in plan)


def test_a_cluster_responds_normally_after_each_plan() -> None:
    with (
        FlinkMock({"jobs": {"orders": "streaming"}}, clock="virtual") as cluster,
        ClusterTime(cluster),  # delays take no time
        httpx.Client(base_url=cluster.url) as client,
    ):
        snapshot = cluster.snapshot()

        @examples(15)
        @given(fault_plans(min_size=1))
        def send(plan: FaultPlan) -> None:
            cluster.restore(snapshot)
            cluster.faults.add(*plan)
            for _ in range(3):
                try:
                    client.get("/jobs/overview")
                except httpx.HTTPError:
                    continue
            cluster.faults.clear()
            assert client.get("/jobs/overview").json()["jobs"][0]["name"] == "orders"

        send()


def test_the_simplest_plan_is_empty_and_the_simplest_fault_has_no_conditions() -> None:
    assert simplest_example(fault_plans()) == []
    assert repr(simplest_example(fault_plans(min_size=1))) == 'r"""\nfaults:\n- drop: reset\n"""'
    lost = minimal_example(
        fault_plans(max_size=1), lambda plan: any(fault.drop is Drop.AFTER_PROCESSING for fault in plan)
    )
    assert lost.definitions == [{"drop": "after-processing"}]


KEYS = ["match", "times", "nth", "chance", "during", "delay", "throttle", "corrupt", "status"]


@pytest.mark.parametrize("key", KEYS)
def test_a_fault_can_have_the_key(key: str) -> None:
    find_example(fault_plans(), lambda plan: key in str(plan.definitions))


def test_an_unknown_release_is_rejected() -> None:
    with pytest.raises(UnknownRelease):
        fault_plans(flink="3.0")
