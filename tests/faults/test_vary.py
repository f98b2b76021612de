"""Responses vary within what the contract allows, and by fields and enum values that a later release may add."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from flinkmock import FlinkMock, ScenarioError
from flinkmock.contract import Contract
from flinkmock.contract.variation import ADDED_ENUM_VALUE, ADDED_FIELD_NAME, Change, variable_values
from flinkmock.strategies import variations
from tests.releases import EACH_RELEASE
from tests.strategies.example_search import minimal_example

JOBS = {"orders": "streaming", "report": "batch"}
SCENARIO: dict[str, Any] = {"responses": "varied", "jobs": JOBS, "seed": 7}


def get_bodies(scenario: dict[str, Any], count: int = 20, **options: Any) -> list[bytes]:
    """Return the bodies of `count` requests for the list of jobs, each followed by one for the details of `orders`.

    `options` are other arguments of `FlinkMock`.
    """
    with FlinkMock(scenario, start_time="2026-01-01", **options) as flink:
        urls = [flink.url + "/jobs/overview", f"{flink.url}/jobs/{flink.job('orders').id}"]
        return [httpx.get(url).content for _ in range(count) for url in urls]


def test_the_same_seed_gives_the_same_responses() -> None:
    assert get_bodies(SCENARIO) == get_bodies(SCENARIO)
    assert get_bodies(SCENARIO) != get_bodies({**SCENARIO, "seed": 8})
    assert len(set(get_bodies(SCENARIO, clock="virtual"))) > 20  # each response is drawn separately


def test_a_restored_snapshot_draws_the_same_variations_again() -> None:
    with FlinkMock(SCENARIO, clock="virtual") as flink:
        snapshot = flink.snapshot()
        first = [httpx.get(flink.url + "/jobs/overview").content for _ in range(5)]
        flink.restore(snapshot)
        assert [httpx.get(flink.url + "/jobs/overview").content for _ in range(5)] == first


@pytest.mark.parametrize("release", EACH_RELEASE)
def test_variations_except_additions_conform_to_the_contract(release: str) -> None:
    contract = Contract.load(release)
    changes = [str(change) for change in Change if change not in (Change.ADDED_FIELD, Change.ADDED_VALUE)]
    with FlinkMock({"jobs": JOBS, "faults": [{"vary": changes}]}, flink=release) as flink:
        flink.advance("1m")
        job = f"/jobs/{flink.job('orders').id}"
        for target in ("/jobs/overview", job, f"{job}/checkpoints", f"{job}/exceptions", "/taskmanagers", "/overview"):
            operation = contract.match("GET", target)
            assert operation is not None
            for _ in range(5):
                body = httpx.get(flink.url + target).json()
                assert list(contract.check_response(operation, body)) == [], target


def test_varied_responses_contain_added_replaced_and_empty_values() -> None:
    text = b"\n".join(get_bodies({**SCENARIO, "flink": "2.3"}, 100)).decode()
    for part in (
        f'"{ADDED_FIELD_NAME}":',
        f'"{ADDED_ENUM_VALUE}"',
        ":-1",
        ":9223372036854775807",
        ":null",
        '"jobs":[]',
    ):
        assert part in text, part


def test_an_enum_can_get_the_values_of_later_releases() -> None:
    [status] = [value for value in variable_values("1.12", "getJobDetails") if value.path.text == "vertices[*].status"]
    assert status.later_values == ("INITIALIZING",)


def test_a_fault_can_name_the_fields_to_change_and_their_changes() -> None:
    faults = [
        {"match": "GET /jobs/overview", "vary": {"jobs[name=orders].end-time": "big", "jobs[*].state": "added-value"}},
        {"match": "GET /jobs/:jobid", "vary": {"vertices": "empty", "more": "added-field"}},
    ]
    overview, details = get_bodies({"jobs": JOBS, "faults": faults}, 1)
    jobs = {job["name"]: job for job in json.loads(overview)["jobs"]}
    assert jobs["orders"]["end-time"] == 2**63 - 1
    assert jobs["report"]["end-time"] == -1
    assert {job["state"] for job in jobs.values()} == {ADDED_ENUM_VALUE}
    assert json.loads(details)["vertices"] == [] and "more" in json.loads(details)


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ({"jobs[*].state": "null-value"},
         "the contract does not allow null-value at jobs[*].state. Possible: added-value."),
        ({"jobs[*].state": "added-field"}, "jobs[*].state is a field that Flink has."),
        ({"jobs[*].stat": "missing"}, 'jobs[*] has no "stat". Did you mean "state"?'),
        ({"jobs[*].state": "absent"}, '"absent" is not one of null-value, missing'),
        (["minus"], '"minus" is not one of null-value, missing'),
        ("al", '"al" is neither all, a list of changes, nor a mapping'),
    ],
)  # fmt: skip
def test_a_mistake_in_vary_is_reported(vary: Any, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        FlinkMock({"faults": [{"match": "GET /jobs/overview", "vary": vary}]}).start()
    assert message in str(error.value)


def test_an_unknown_value_of_responses_is_reported() -> None:
    with pytest.raises(ScenarioError, match="varied"):
        FlinkMock({"responses": "vary"}).start()


@pytest.mark.slow
def test_hypothesis_shrinks_to_the_change_that_breaks_the_client() -> None:
    """A client that expects no negative duration fails for a job whose duration is -1."""

    def fails(variation: Any) -> bool:
        with FlinkMock({"jobs": JOBS}) as flink:
            flink.faults.add(*variation)
            jobs = httpx.get(flink.url + "/jobs/overview").json()["jobs"]
        return any(job["duration"] < 0 for job in jobs)

    variation = minimal_example(variations("GET /jobs/overview"), fails)
    assert variation.definitions == [{"match": "GET /jobs/overview", "vary": {"jobs[*].duration": "minus-one"}}]
    assert "jobs[*].duration: minus-one" in repr(variation)
