"""Paths find values in a JSON body, and paths that no response can have are reported."""

from __future__ import annotations

from typing import Any

import pytest

from flinkmock import InvalidArgument
from flinkmock.contract import Contract
from flinkmock.contract.value_path import ValuePath

BODY: dict[str, Any] = {
    "jobs": [
        {"name": "orders", "state": "RUNNING"},
        {"name": "my report", "state": "FAILED", "tasks": {"a": 1, "b": 2}},
    ],
    "a.b": {"c": True},
}


def values_at(path: str) -> list[Any]:
    return [position.container[position.key] for position in ValuePath.parse(path).find_existing(BODY)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("jobs.0.state", ["RUNNING"]),
        ("jobs[0].state", ["RUNNING"]),
        ("jobs[*].state", ["RUNNING", "FAILED"]),
        ("jobs.*.state", ["RUNNING", "FAILED"]),
        ("jobs[name=my report].state", ["FAILED"]),
        ('jobs[name="orders"].name', ["orders"]),
        ("jobs[*].tasks.*", [1, 2]),
        ('"a.b".c', [True]),
        ('["a.b"].c', [True]),
        ("jobs.2.state", []),
        ("jobs.name", []),
        ("jobs[name=nobody]", []),
        ("nowhere.deep", []),
    ],
)
def test_a_path_finds_its_values(path: str, expected: list[Any]) -> None:
    assert values_at(path) == expected


@pytest.mark.parametrize("text", ["", ".", "jobs.", "jobs..state", "jobs[", "jobs[name", "jobs[name=", "jobs]", "a b"])
def test_text_that_is_not_a_path_is_rejected(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"is not a path. Write jobs.0.state"):
        ValuePath.parse(text)


@pytest.mark.parametrize(
    ("operation", "path", "message"),
    [
        ("GET /jobs/overview", "jobs[*].state", None),
        ("GET /jobs/overview", "jobs[name=orders].tasks.running", None),
        ("GET /jobs/:jobid", "vertices.0.metrics.read-records-complete", None),
        ("GET /jobs/:jobid", "vertices[*].tasks.RUNNING", None),
        ("GET /jobs/:jobid", "status-counts.RUNNING", None),
        ("GET /jobs/:jobid/config", 'execution-config.user-config["a.b"]', None),
        ("GET /jobs/:jobid/metrics", "[id=uptime].value", None),
        ("GET /jobs/overview", "jobs[*].stat", 'jobs[*] has no "stat". Did you mean "state"?'),
        ("GET /jobs/overview", "jobs.state", 'jobs is a list, so "state" must follow an index or [*].'),
        ("GET /jobs/overview", "jobs[nam=orders].state", 'jobs has no "nam". Did you mean "name"?'),
        ("GET /jobs/overview", "job", 'the body has no "job". Did you mean "jobs"?'),
        ("GET /jobs/overview", "jobs.0.state.deeper", 'jobs.0.state has no "deeper": it has no fields.'),
    ],
)
def test_only_a_path_that_no_response_can_have_is_reported(operation: str, path: str, message: str | None) -> None:
    contract = Contract.load("2.3")
    actual = ValuePath.parse(path).unknown_step_message(contract.find(operation).response or {}, contract.definitions)
    if message is None:
        assert actual is None
    else:
        assert actual is not None and actual.startswith(message)
