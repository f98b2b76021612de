"""The OpenAPI documents are valid and complete, and recorded responses of real Flink conform to them."""

from __future__ import annotations

import gzip
import json
import re
import tomllib
import urllib.request
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from flinkmock import FlinkMock
from flinkmock.cli import main
from flinkmock.contract import Contract, Operation, known_releases
from flinkmock.contract.openapi import openapi

RECORDINGS = Path(__file__).parent.parent / "recordings"


@cache
def document(release: str) -> dict[str, Any]:
    openapi_document = openapi(Contract.load(release))
    assert json.loads(json.dumps(openapi_document)) == openapi_document
    return openapi_document


@pytest.mark.parametrize("release", ["1.12", "2.3"])  # the validator takes seconds for each
def test_documents_are_valid(release: str) -> None:
    validation = pytest.importorskip("openapi_spec_validator")
    validation.validate(document(release))


@pytest.mark.parametrize("release", known_releases())
def test_documents_have_all_operations(release: str) -> None:
    documented = {
        (method.upper(), re.sub(r"\{(\w+)\}", r":\1", path)): operation
        for path, methods in document(release)["paths"].items()
        for method, operation in methods.items()
    }
    for operation in Contract.load(release):
        entry = documented.pop((operation.method, operation.path))
        assert entry["operationId"] == operation.id
        names = [parameter["name"] for parameter in entry.get("parameters", ())]
        assert names == [parameter.name for parameter in (*operation.path_parameters, *operation.query_parameters)]
        assert list(entry["responses"]) == [str(operation.status), "default"]
    assert not documented


def schema_of(release: str, operation: Operation, status: int) -> Any:
    """Return the schema of the success response, or of the error response for any other status."""
    path = re.sub(r":(\w+)", r"{\1}", operation.path)
    responses = document(release)["paths"][path][operation.method.lower()]["responses"]
    response = responses.get(str(status)) or document(release)["components"]["responses"]["Error"]
    return response["content"]["application/json"]["schema"]


@pytest.mark.parametrize(("version", "minimum_count"), [("2.3.0", 780), ("1.20.5", 760), ("1.12.5", 689)])
def test_recorded_responses_conform_to_the_document(version: str, minimum_count: int) -> None:
    contract = Contract.load(version)
    validators: dict[str, Draft202012Validator] = {}
    checked_count = 0
    for file in sorted((RECORDINGS / version).glob("*.json.gz")):
        for step in json.loads(gzip.decompress(file.read_bytes()))["steps"]:
            response, request = step.get("response", {}), step.get("request", {})
            operation = contract.match(request.get("method", ""), request.get("path", ""))
            if response.get("kind") != "json" or operation is None:
                continue
            status = response["status"]
            assert status == operation.status or status >= 300, step["step"]
            schema = schema_of(version, operation, status)
            key = json.dumps(schema)
            if key not in validators:
                validators[key] = Draft202012Validator(schema | {"components": document(version)["components"]})
            errors = [
                f"{error.json_path}: {error.message[:200]}" for error in validators[key].iter_errors(response["body"])
            ]
            assert errors == [], step["step"]
            checked_count += 1
    assert checked_count >= minimum_count


def test_an_invalid_response_does_not_conform() -> None:
    operation = Contract.load("2.3").operation("getClusterOverview")
    schema = schema_of("2.3", operation, 200) | {"components": document("2.3")["components"]}
    assert not Draft202012Validator(schema).is_valid({"taskmanagers": "1"})


def test_request_bodies_are_described() -> None:
    paths = document("2.3")["paths"]
    upload = paths["/jars/upload"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert upload["required"] == ["jarfile"]
    submit = paths["/jobs"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert submit["schema"]["properties"]["request"] == {"$ref": "#/components/schemas/JobSubmitRequestBody.Request"}
    assert "requestBody" not in paths["/jars/{jarid}/plan"]["get"]
    assert upload["properties"]["jarfile"]["format"] == "binary"
    heartbeat = paths["/jobs/{jobid}/clientHeartbeat"]["patch"]["requestBody"]
    assert heartbeat["required"] is True, "Flink rejects a request without a body"
    assert "required" not in paths["/jobs/{jobid}/savepoints"]["post"]["requestBody"]


def test_subclasses_have_a_discriminator() -> None:
    schemas = document("2.3")["components"]["schemas"]
    discriminator = schemas["CheckpointStatistics"]["discriminator"]
    assert discriminator["propertyName"] == "className"
    assert discriminator["mapping"]["failed"] == "#/components/schemas/CheckpointStatistics.FailedCheckpointStatistics"
    assert (
        document("1.12")["components"]["schemas"]["CheckpointStatistics"]["discriminator"]["propertyName"] == "@class"
    )


def test_list_parameters_need_a_value() -> None:
    parameters = document("2.3")["paths"]["/jobs/metrics"]["get"]["parameters"]
    schemas = {parameter["name"]: parameter["schema"] for parameter in parameters}
    assert schemas["jobs"]["minItems"] == 1  # an empty id is rejected


@pytest.mark.parametrize("release", ["1.12", "2.3"])
def test_the_ids_in_the_configuration_of_schemathesis_exist(release: str) -> None:
    folder = Path(__file__).parent / "schemathesis"
    ids = tomllib.loads((folder / "schemathesis.toml").read_text())["parameters"]
    path_parameters = {name.removeprefix("path."): str(value) for name, value in ids.items()}
    with FlinkMock(folder / "jobs.yaml", flink=release, clock="virtual") as cluster:
        for target in (
            "/jobs/{jobid}/vertices/{vertexid}/subtasks/{subtaskindex}/attempts/{attempt}",
            "/jobs/{jobid}/checkpoints/details/{checkpointid}",
            "/taskmanagers/{taskmanagerid}",
        ):
            with urllib.request.urlopen(cluster.url + target.format(**path_parameters)) as response:
                assert response.status == 200


def test_the_command_writes_the_document_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "openapi.json"
    assert main(["openapi", "--flink", "2.3", "-o", str(file)]) == 0
    assert json.loads(file.read_text()) == document("2.3")
    assert capsys.readouterr().out == f"{file}: 97 operations of Flink 2.3.0\n"


def test_the_command_fails_if_the_folder_of_the_file_does_not_exist(tmp_path: Path) -> None:
    assert main(["openapi", "-o", str(tmp_path / "no" / "where.json")]) == 2


def test_the_command_prints_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi", "--flink", "1.20", "--format", "yaml"]) == 0
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    assert yaml.load(capsys.readouterr().out, loader) == document("1.20")
