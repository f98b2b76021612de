"""The OpenAPI document of the control API, requests that contradict it, and the metrics."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
from openapi_spec_validator import validate

from flinkmock import FlinkMock, limits
from flinkmock.control.openapi import openapi_document
from tests.control.client import Control

STABLE_OPERATIONS = """
GET /clock
POST /clock/advance
POST /clock/run-until
GET /jobs
POST /jobs
POST /jobs/{job}/fail
POST /signals/{name}
GET /faults
POST /faults
DELETE /faults
GET /requests
DELETE /requests
POST /requests/wait
GET /expectations
GET /scenario
PUT /scenario
POST /reset
POST /snapshots
POST /snapshots/{id}/restore
POST /clusters
DELETE /clusters/{id}
GET /health
GET /openapi.json
"""
"""Operations that clients in other languages use."""


def test_the_document_is_valid(control: Control) -> None:
    validate(openapi_document())
    assert control.get("openapi.json") == openapi_document()


def test_the_stable_operations_are_documented() -> None:
    documented = {
        f"{method.upper()} {path}" for path, methods in openapi_document()["paths"].items() for method in methods
    }
    assert set(STABLE_OPERATIONS.split("\n")) - {""} <= documented


def test_only_operations_that_need_a_token_can_return_401() -> None:
    operations = [operation for path in openapi_document()["paths"].values() for operation in path.values()]
    assert (
        {operation["operationId"] for operation in operations if "401" not in operation["responses"]}
        == {operation["operationId"] for operation in operations if operation.get("security") == []}
        != set()
    )


def test_names_contain_no_underscores() -> None:
    """The journal and `serve --log json` share these schemas."""
    document = openapi_document()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    parameters = [parameter for operation in operations for parameter in operation["parameters"]]
    assert {
        name for name in (*property_names(document), *(parameter["name"] for parameter in parameters)) if "_" in name
    } == set()


def property_names(schema: object) -> Iterator[str]:
    """Yield the names of all properties in a schema."""
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        yield from properties if isinstance(properties, dict) else ()
        schema = list(schema.values())
    for child in schema if isinstance(schema, list) else ():
        yield from property_names(child)


def test_unknown_paths_and_methods_are_rejected(flink: FlinkMock, control: Control) -> None:
    assert 'Did you mean "/clock"?' in control.error("GET", "clok", 404)
    assert "has no path /jobs/a/b/c" in control.error("GET", "jobs/a/b/c", 404)
    control.error("GET", "jobs//fail", 404)
    response = httpx.delete(flink.control_url + "/clock")
    assert (response.status_code, response.headers["allow"]) == (405, "GET")
    assert httpx.head(flink.control_url + "/clock").status_code == 200
    assert httpx.get(flink.url + "/__flinkmock__/v2/clock").status_code == 404
    assert httpx.get(flink.control_url + "clock").status_code == 404
    assert httpx.get(flink.url + "/__flinkmock__/clock").status_code == 404


def test_undeclared_bodies_and_query_parameters_are_rejected(control: Control) -> None:
    assert control.error("POST", "reset", 400, content=b"[1]") == "resetCluster takes no body."
    control.post("reset", {})
    assert control.error("GET", "clock?a=1", 400) == 'getClock has no query parameter "a". There are none.'


def test_bodies_that_are_too_large_or_not_json_are_rejected(control: Control) -> None:
    assert "larger than" in control.error("PUT", "scenario", 413, content=b" " * (limits.CONTROL_BODY + 1))
    assert "not JSON" in control.error("POST", "clock/advance", 400, content=b"[" * 100_000)
    assert "not JSON" in control.error("POST", "clock/advance", 400, content=b'{"by": NaN}')
    assert "not JSON" in control.error("POST", "clock/advance", 400, content=b"\xff")


def test_metrics_are_in_the_text_format_of_prometheus(flink: FlinkMock, control: Control) -> None:
    httpx.get(flink.url + "/jobs")
    control.post("faults", {"name": 'a"b', "drop": "reset"}, status=201)
    text = control.get("metrics")
    assert 'flinkmock_jobs{state="RUNNING"} 1\n' in text
    assert "flinkmock_requests_total 1\n" in text
    assert 'flinkmock_fault_hits_total{fault="a\\"b"} 0\n' in text
    assert 'flinkmock_control_responses_total{operation="addFaults",status="201"} 1\n' in text
