"""The renderer turns payloads into bodies that the contract of the release allows."""

import subprocess
import sys

import pytest

from flinkmock.contract import Contract
from flinkmock.errors import FakerMissing
from flinkmock.rest.rendering import RenderingError, ResponseRenderer

JOB = {
    "jid": "0" * 32,
    "name": "orders",
    "start-time": 1,
    "end-time": -1,
    "duration": 5,
    "state": "RUNNING",
    "last-modification": 2,
    "tasks": {"running": 3, "total": 3},
    "jobType": "STREAMING",
    "schedulerType": "Default",
    "pending-operators": 0,
}


def body(operation_id, payload, release="2.3", seed=0, key=""):
    contract = Contract.load(release)
    return ResponseRenderer(contract, seed).body(contract.operation(operation_id), payload, key)


def test_bodies_have_the_order_and_the_keys_of_the_release():
    [new] = body("getJobsOverview", {"jobs": [JOB]})["jobs"]
    [old] = body("getJobsOverview", {"jobs": [JOB]}, "1.12")["jobs"]
    assert list(new)[:4] == ["jid", "name", "jobType", "schedulerType"]
    assert list(old)[:4] == ["jid", "name", "state", "start-time"]
    assert "jobType" not in old
    assert next(iter(old["tasks"])) == "total"
    assert new["tasks"]["running"] == 3


def test_only_missing_required_fields_get_placeholders():
    overview = body("getClusterOverview", {"taskmanagers": 2})
    assert overview["taskmanagers"] == 2
    assert isinstance(overview["slots-total"], int)
    assert "taskmanagers-blocked" not in overview


def test_equal_seeds_give_equal_bodies():
    assert body("getTaskManagers", None, seed=7, key="k") == body("getTaskManagers", None, seed=7, key="k")
    different = [body("getTaskManagers", None, seed=8, key="k"), body("getTaskManagers", None, seed=7, key="l")]
    assert body("getTaskManagers", None, seed=7, key="k") not in different
    contract = Contract.load("2.3")
    renderer = ResponseRenderer(contract, 7)
    renderer.body(contract.operation("getJobsOverview"), None, "before")
    assert renderer.body(contract.operation("getTaskManagers"), None, "k") == body(
        "getTaskManagers", None, seed=7, key="k"
    )


def test_numbers_take_the_type_of_the_contract():
    [metric] = body("getAggregatedJobMetrics", [{"id": "m", "min": 2, "max": float("nan"), "avg": float("-inf")}])
    assert metric == {"id": "m", "min": 2.0, "max": "NaN", "avg": "-Infinity"}
    assert type(metric["min"]) is float
    slots = body("getClusterOverview", {"slots-total": 4.0})["slots-total"]
    assert (slots, type(slots)) == (4, int)


@pytest.mark.parametrize(
    ("payload", "pointer"),
    [
        ({"jobs": [JOB | {"name": None}]}, "/jobs/0/name"),
        ({"jobs": [JOB, JOB | {"state": "SLEEPING"}]}, "/jobs/1/state"),
        ({"jobs": [JOB | {"start-time": 1.5}]}, "/jobs/0/start-time"),
        ({"jobs": [JOB | {"start-time": True}]}, "/jobs/0/start-time"),
        ({"jobs": [JOB | {"tasks": {"running": "3"}}]}, "/jobs/0/tasks/running"),
        ({"jobs": [JOB | {"tasks": []}]}, "/jobs/0/tasks"),
        ({"jobs": {}}, "/jobs"),
        ({"jobs": "many"}, "/jobs"),
    ],
)
def test_a_value_that_does_not_fit_raises_rendering_error(payload, pointer):
    with pytest.raises(RenderingError) as raised:
        body("getJobsOverview", payload)
    assert raised.value.pointer == pointer
    assert str(raised.value).startswith(f"getJobsOverview (GET /jobs/overview) {pointer}: expected ")


def test_null_leaves_out_an_optional_field_that_is_not_nullable():
    assert body("getClusterOverview", {"taskmanagers-blocked": None}).get("taskmanagers-blocked", "absent") == "absent"
    assert body("getSavepointStatus", {"status": {"id": "COMPLETED"}, "operation": {"location": None}}) == {
        "status": {"id": "COMPLETED"},
        "operation": {},
    }


def test_a_nullable_field_can_be_null():
    status = {"id": "IN_PROGRESS"}
    response = {"status": status, "operation": None}
    assert body("getSavepointStatus", response) == response


@pytest.mark.parametrize(("release", "name"), [("1.12", "@class"), ("2.3", "className")])
@pytest.mark.parametrize("payload_key", ["@class", "className"])
def test_the_name_of_a_subclass_is_read_from_either_key(release, name, payload_key):
    payload = {payload_key: "failed", "id": 3, "failure_timestamp": 9, "failure_message": None}
    result = body("getCheckpointStatisticDetails", payload, release)
    assert result[name] == "failed"
    assert next(iter(result)) == name
    assert (result["id"], result["failure_timestamp"], result["failure_message"]) == (3, 9, None)
    assert "discarded" not in result


def test_a_subclass_without_a_name_is_recognized_by_its_keys():
    assert body("getCheckpointStatisticDetails", {"discarded": True, "external_path": "p"})["className"] == "completed"


def test_a_subclass_that_does_not_exist_is_rejected():
    with pytest.raises(RenderingError, match="/className: expected completed or failed or in_progress"):
        body("getCheckpointStatisticDetails", {"className": "lost"})


def test_maps_of_states_have_the_states_of_the_release_and_other_maps_keep_their_keys():
    counts = {"RUNNING": 2, "INITIALIZING": 1}
    assert body("getJobDetails", {"status-counts": counts}, "1.12")["status-counts"]["RUNNING"] == 2
    assert "INITIALIZING" not in body("getJobDetails", {"status-counts": counts}, "1.12")["status-counts"]
    new = body("getJobDetails", {"status-counts": counts})["status-counts"]
    assert (new["RUNNING"], new["INITIALIZING"], "CREATED" in new) == (2, 1, True)
    assert body("getJobConfig", {"execution-config": {"user-config": {"--k": "v"}}})["execution-config"][
        "user-config"
    ] == {"--k": "v"}


def test_an_empty_map_stays_empty_but_its_values_get_placeholders():
    assert body("getJobResourceRequirements", {}) == {}
    [vertex] = body("getJobResourceRequirements", {"0" * 32: {}}).values()
    assert vertex["parallelism"].keys() == {"lowerBound", "upperBound"}


def test_a_plan_may_be_empty_or_complete():
    assert body("getJobDetails", {"plan": {}}, "1.20")["plan"] == {}
    node = {"id": "0" * 32, "parallelism": 1, "operator": "", "operator_strategy": "", "description": "d"}
    plan = {"jid": "0" * 32, "name": "n", "type": "STREAMING", "nodes": [node | {"optimizer_properties": {"x": 1}}]}
    assert body("getJobDetails", {"plan": plan}, "1.20")["plan"] == plan


def test_a_response_without_content_is_the_empty_object():
    assert body("cancelJob", None) == {}
    assert body("cancelJob", {"whatever": 1}) == {}


def test_a_recursive_schema_ends_with_empty_lists():
    leaf = {"name": "b", "value": 1, "children": []}
    graph = {"endTimestamp": 1, "data": {"name": "a", "value": 2, "children": [leaf]}}
    assert body("getJobVertexFlameGraph", graph) == graph
    assert body("getJobVertexFlameGraph", {"data": {"name": "a"}})["data"]["children"] == []


def test_an_operation_that_returns_a_file_has_no_body():
    with pytest.raises(ValueError, match="returns a file"):
        body("getJobManagerLogFile", None)


def test_an_imported_release_needs_faker(monkeypatch):
    bundled = Contract.load("2.3")
    monkeypatch.setitem(sys.modules, "faker", None)
    ResponseRenderer(bundled)
    imported = Contract({**bundled.document, "flink": "2.4.0", "provenance": {"source": "documentation", "detail": ""}})
    with pytest.raises(FakerMissing) as raised:
        ResponseRenderer(imported)
    assert str(raised.value) == (
        "Flink 2.4.0 is an imported release. Fields that flinkmock does not model get values from Faker, "
        "which is not installed: pip install 'flinkmock[synthesis]'."
    )


def test_faker_is_imported_only_when_a_placeholder_text_is_needed():
    code = (
        "import sys; from flinkmock.contract import Contract; from flinkmock.rest.rendering import ResponseRenderer;"
        "contract = Contract.load('2.3'); renderer = ResponseRenderer(contract);"
        "renderer.body(contract.operation('getJobStatusInfo'), {'status': 'RUNNING'});"
        "assert 'faker' not in sys.modules;"
        "renderer.body(contract.operation('getJobsOverview'), None); assert 'faker' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
