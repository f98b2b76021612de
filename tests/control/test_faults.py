"""The control API adds, lists and removes faults."""

from __future__ import annotations

from urllib.parse import quote

import httpx

from flinkmock import FlinkMock
from flinkmock.faults import Drop, Fault
from tests.control.client import Control


def test_a_fault_is_added_and_removed_and_counts_its_hits(flink: FlinkMock, control: Control) -> None:
    definition = {"match": "GET /jobs", "times": 1, "reply": "leader-unavailable"}
    [added] = control.post("faults", definition, status=201)["faults"]
    assert added == {"name": "GET /jobs: reply: leader-unavailable", "hits": 0, "definition": definition}
    assert [httpx.get(flink.url + "/jobs").status_code for _ in range(2)] == [503, 200]
    [fault] = control.get("faults")["faults"]
    assert fault == added | {"hits": 1} == control.get(f"faults/{quote(added['name'], safe='')}")
    control.delete(f"faults/{quote(added['name'], safe='')}")
    assert control.get("faults") == {"faults": []}
    assert "There is no fault" in control.error("DELETE", "faults/none", 404)
    assert "There is no fault" in control.error("GET", "faults/none", 404)


def test_the_first_fault_that_matches_applies(flink: FlinkMock, control: Control) -> None:
    control.post("faults", [{"name": "a", "drop": "close"}, {"name": "b", "drop": "close"}], status=201)
    control.post("faults?first=true", {"name": "c", "reply": "not-found"}, status=201)
    assert httpx.get(flink.url + "/jobs").status_code == 404
    assert [(fault["name"], fault["hits"]) for fault in control.get("faults")["faults"]] == [
        ("c", 1),
        ("a", 0),
        ("b", 0),
    ]
    control.delete("faults")
    assert httpx.get(flink.url + "/jobs").status_code == 200


def test_an_invalid_fault_is_rejected_with_all_mistakes(control: Control) -> None:
    error = control.post("faults", {"mach": "GET /jobs", "drop": "rest"}, status=422)["error"]
    assert error["type"] == "ScenarioError"
    assert {detail["path"] for detail in error["details"]} == {"faults[0].mach", "faults[0].drop"}
    assert 'Did you mean "match"?' in error["message"]
    assert "must be an object" in control.error("POST", "faults", 400, json="drop")
    assert control.error("POST", "faults?fist=true", 400, json={"drop": "hang"}).endswith(
        'Did you mean "first"? Known: first.'
    )


def test_faults_created_in_python_have_no_definition(flink: FlinkMock, control: Control) -> None:
    flink.faults.add(Fault("lost", drop=Drop.RESET))
    assert control.get("faults/lost") == {"name": "lost", "hits": 0, "definition": None}
