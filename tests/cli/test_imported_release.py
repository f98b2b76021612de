"""Commands work with an imported release that has operations and parameters unknown to the model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import requests

from flinkmock import Contract, FlinkMock
from flinkmock.cli import main
from flinkmock.contract.contract import clear_release_cache
from flinkmock.contract.openapi import openapi
from flinkmock.scenario import load_scenario
from tests.timeouts import TEST_TIMEOUT_S

JSON_CONTENT_TYPE = "application/json"
TEXT_SCHEMA = {"type": "string"}


def response(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a response of an OpenAPI document."""
    return {"description": "Success.", "content": {JSON_CONTENT_TYPE: {"schema": schema}}}


JOB_NOTES_PATH_ITEM = {
    "get": {
        "operationId": "getJobNotes",
        "parameters": [
            {"name": "jobid", "in": "path", "required": True, "schema": TEXT_SCHEMA},
            {"name": "author", "in": "query", "schema": TEXT_SCHEMA},
        ],
        "responses": {
            "200": response({"type": "object", "properties": {"notes": {"type": "array", "items": TEXT_SCHEMA}}})
        },
    }
}
JOB_NOTE_PATH_ITEM = {
    "parameters": [
        {"name": "jobid", "in": "path", "required": True, "schema": TEXT_SCHEMA},
        {"$ref": "#/components/parameters/noteid"},
    ],
    "get": {"responses": {"200": response({"$ref": "#/components/schemas/JobStatusInfo"})}},
    "delete": {"responses": {"204": {"description": "Deleted."}}},
}
NOTES_PATH_ITEM = {
    "post": {
        "operationId": "postNote",
        "requestBody": {
            "content": {
                JSON_CONTENT_TYPE: {
                    "schema": {"type": "object", "properties": {"text": TEXT_SCHEMA}, "required": ["text"]}
                }
            }
        },
        "responses": {"201": response({"type": "object", "properties": {"id": {"type": "integer"}}})},
    }
}


def edited_document() -> dict[str, Any]:
    """Return the OpenAPI document of 2.3 with further operations, which have no `x-` extensions."""
    edited = openapi(Contract.load("2.3"))
    edited["info"]["version"] = "v1/2.4.0"
    edited["paths"] |= {
        "/jobs/{jobid}/notes": JOB_NOTES_PATH_ITEM,
        "/jobs/{jobid}/notes/{noteid}": JOB_NOTE_PATH_ITEM,
        "/notes": NOTES_PATH_ITEM,
    }
    edited["components"]["parameters"] = {"noteid": {"name": "noteid", "in": "path", "required": True}}
    return edited


@pytest.fixture(scope="module")
def schema_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with release 2.4, imported from the edited document."""
    folder = tmp_path_factory.mktemp("schemas")
    file = folder / "edited.json"
    file.write_text(json.dumps(edited_document()))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as out:
        patch.setenv("FLINKMOCK_SCHEMAS", str(folder))
        assert main(["import", str(file), "--flink", "2.4.0"]) == 0
    assert out.getvalue().endswith("101 operations of Flink 2.4.0\n")
    yield folder
    clear_release_cache()


@pytest.fixture
def imported_release(schema_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set FLINKMOCK_SCHEMAS to the folder with release 2.4, and return the folder."""
    monkeypatch.setenv("FLINKMOCK_SCHEMAS", str(schema_folder))
    return schema_folder


@pytest.mark.usefixtures("imported_release")
def test_releases_lists_an_imported_release(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["releases"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["2.4", "as", "2.4.0", "101", "operations"]


@pytest.mark.usefixtures("imported_release")
def test_diff_shows_the_new_operations(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "2.3", "2.4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "GET /jobs/:jobid/notes",
        "DELETE /jobs/:jobid/notes/:noteid",
        "GET /jobs/:jobid/notes/:noteid",
        "POST /notes",
    ]


@pytest.mark.usefixtures("imported_release")
def test_openapi_writes_an_imported_release(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi", "--flink", "2.4"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["paths"]["/jobs/{jobid}/notes/{noteid}"].keys() == {"get", "delete"}


@pytest.mark.slow
@pytest.mark.usefixtures("imported_release")
def test_coverage_lists_placeholders_of_an_imported_release(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["coverage", "--flink", "2.4"]) == 0
    text = capsys.readouterr().out
    lines = {line.split("  ")[0]: line for line in text.splitlines() if "note" in line}
    assert lines["GET /jobs/:jobid/notes"].endswith("0 modelled,   1 placeholders")
    assert lines["POST /notes"].endswith("0 modelled,   1 placeholders")
    assert "placeholder" in lines["GET /jobs/:jobid/notes/:noteid"]
    assert "    placeholder  /notes/*" in text.splitlines()


@pytest.mark.usefixtures("imported_release")
def test_a_scenario_of_an_imported_release_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "notes.yaml"
    file.write_text('flink: "2.4"\njobs:\n  orders: streaming\nfaults:\n  - {match: GET /notes/*, delay: 1s}\n')
    assert main(["scenario", "check", str(file)]) == 1  # no GET operation begins with /notes
    assert "Traceback" not in capsys.readouterr().err
    file.write_text('flink: "2.4"\njobs:\n  orders: streaming\nfaults:\n  - {match: POST /notes, delay: 1s}\n')
    assert main(["scenario", "check", str(file)]) == 0
    assert main(["scenario", "plan", str(file)]) == 0


@pytest.mark.usefixtures("imported_release")
def test_a_scenario_without_a_release_can_use_operations_of_an_imported_release() -> None:
    scenario = load_scenario(
        {"faults": [{"match": request, "drop": "reset"} for request in ("POST /notes", "postNote")]}
    )
    assert {str(fault.trigger.patterns[0]) for fault in scenario.faults} == {"POST /notes"}


@pytest.mark.usefixtures("imported_release")
def test_an_imported_release_is_served() -> None:
    with FlinkMock({"jobs": {"orders": "streaming"}}, flink="2.4") as cluster:
        job_id = requests.get(f"{cluster.url}/jobs", timeout=TEST_TIMEOUT_S).json()["jobs"][0]["id"]
        notes_response = requests.get(f"{cluster.url}/jobs/{job_id}/notes?author=me", timeout=TEST_TIMEOUT_S)
        assert (notes_response.status_code, {type(note) for note in notes_response.json()["notes"]}) == (200, {str})
        assert requests.get(f"{cluster.url}/jobs/{'f' * 32}/notes", timeout=TEST_TIMEOUT_S).status_code == 404
        assert requests.get(f"{cluster.url}/jobs/no-id/notes", timeout=TEST_TIMEOUT_S).status_code == 400
        assert requests.delete(f"{cluster.url}/jobs/{job_id}/notes/7", timeout=TEST_TIMEOUT_S).status_code == 204
        assert requests.post(f"{cluster.url}/notes", json={"text": "a"}, timeout=TEST_TIMEOUT_S).status_code == 201
        for body in ({}, {"text": []}, [], {"text": {"a": 1}}):
            rejected = requests.post(f"{cluster.url}/notes", json=body, timeout=TEST_TIMEOUT_S)
            assert (rejected.status_code, "PostNoteRequestBody" in rejected.text) == (400, True), body


@pytest.mark.usefixtures("imported_release")
def test_a_server_of_an_imported_release_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    with FlinkMock({"jobs": {"orders": "streaming"}}, flink="2.4") as cluster:
        assert main(["check", cluster.url]) == 0
    assert "as Flink 2.4" in capsys.readouterr().out


def test_a_release_with_only_an_unknown_operation_can_be_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The contract has only one operation, which is unknown to the model; its parameter has only the required keys."""
    monkeypatch.setenv("FLINKMOCK_SCHEMAS", str(tmp_path))
    document = dict(Contract.load("2.3").document)
    [overview] = [entry for entry in document["operations"] if entry["id"] == "getClusterOverview"]
    parameter = {"name": "petid", "required": True}
    pet_operation = overview | {
        "id": "getPet",
        "path": "/pets/:petid",
        "path_parameters": [parameter],
        "query_parameters": [],
    }
    provenance = {"source": "documentation", "detail": ""}
    document |= {"flink": "2.4.0", "provenance": provenance, "operations": [pet_operation]}
    (tmp_path / "2.4.json").write_text(json.dumps(document))
    clear_release_cache()
    assert main(["coverage", "--flink", "2.4"]) == 0
    assert "placeholder" in capsys.readouterr().out
    (tmp_path / "pets.yaml").write_text('flink: "2.4"\njobs:\n  orders: streaming\n')
    assert main(["scenario", "check", str(tmp_path / "pets.yaml")]) == 0


@pytest.mark.parametrize(
    ("path", "path_item", "message"),
    [
        ("/notes", {"get": {"responses": {"200": response({"$ref": "#/components/schemas/Missing"})}}}, "'Missing'"),
        (
            "/notes",
            {"parameters": [{"$ref": "#/components/parameters/missing"}], "get": JOB_NOTES_PATH_ITEM["get"]},
            "'missing'",
        ),
        ("/notes", {"get": {"responses": {"default": response(TEXT_SCHEMA)}}}, "GET /notes has no success response"),
    ],
)
def test_a_broken_document_is_rejected(
    path: str,
    path_item: Any,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = edited_document()
    document["paths"][path] = path_item
    file = tmp_path / "edited.json"
    file.write_text(json.dumps(document))
    assert main(["import", str(file), "--flink", "2.4.0", "--out", str(tmp_path / "2.4.json")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "2.4.json").exists()
