"""Descriptions of Flink's REST API are imported as contracts, which can be served."""

import json
import urllib.request
from pathlib import Path

import pytest
import yaml

from flinkmock import FlinkMock
from flinkmock.cli import main
from flinkmock.contract import LATEST, Contract, known_releases
from flinkmock.contract.importing import contract_from_description, import_contract, read_description, schema_file_text
from flinkmock.contract.openapi import openapi
from flinkmock.data_files import data_dir
from flinkmock.errors import ImportRejected
from flinkmock.rest.rendering import ResponseRenderer

DESCRIPTIONS = Path(__file__).parent / "descriptions"
BASE = Contract.load("2.3")


def import_file(name, base=BASE):
    document, notes = import_contract(DESCRIPTIONS / name, version="2.4.0", base=base, commit="1234567")
    return Contract(json.loads(schema_file_text(document))), notes


def test_a_documentation_page_becomes_the_next_release():
    contract, notes = import_file("page.md")
    assert (contract.release.minor, contract.release.commit) == ("2.4", "1234567")
    assert "documentation page" in contract.provenance["detail"]
    assert contract.operation("triggerStopWithSavepoint").status == 200
    assert "gone: GET /taskmanagers (getTaskManagers) is no longer described" in notes
    assert "new: GET /jobs/:jobid/notes (getJobsByJobidNotes)" in notes
    assert "new property: ClusterOverviewWithVersion.jobs-paused" in notes
    assert "gone: property ClusterOverviewWithVersion.slots-total is no longer described" in notes
    assert "status of POST /jobs/:jobid/stop: 202 is now 200" in notes
    assert "values at SavepointFormatType: CANONICAL, NATIVE, PORTABLE" in notes


def test_the_base_completes_a_documentation_page():
    contract, _ = import_file("page.md")
    overview = contract.definitions["ClusterOverviewWithVersion"]
    assert list(overview["properties"]) == [  # in the order of the base, then the new property
        "taskmanagers",
        "slots-available",
        "taskmanagers-blocked",
        "slots-free-and-blocked",
        "jobs-running",
        "jobs-finished",
        "jobs-cancelled",
        "jobs-failed",
        "flink-version",
        "flink-commit",
        "jobs-paused",
    ]
    assert "taskmanagers-blocked" not in overview["required"]
    assert "jobs-paused" in overview["required"]
    assert overview["properties"]["taskmanagers"] == {"type": "integer", "format": "int32"}
    assert contract.definitions["TriggerResponse"] == BASE.definitions["TriggerResponse"]
    stop = contract.definitions["StopWithSavepointRequestBody@request"]
    assert stop["properties"]["drain"]["type"] == ["boolean", "null"]
    assert contract.operation("getJobManagerLogFile").hidden  # pages omit hidden operations


def test_responses_of_the_imported_release_are_valid():
    contract, _ = import_file("page.md")
    renderer = ResponseRenderer(contract)
    for operation in contract:
        if not operation.returns_file:
            assert contract.check_response(operation, renderer.body(operation, {})) == [], operation
    get_notes = contract.match("GET", "/jobs/x/notes")
    kind, limit, deep = get_notes.query_parameters
    assert (kind.required, kind.enum, kind.case_insensitive) == (True, ("PUBLIC", "PRIVATE"), True)
    assert (limit.required, limit.type) == (False, "integer")
    assert (deep.type, deep.other_text_is_false) == ("boolean", True)
    assert get_notes.path_parameters == BASE.operation("getJobDetails").path_parameters
    note = {"answers": [{"answers": [], "text": "b"}], "text": "a"}
    body = renderer.body(get_notes, {"latest": note, "notes": [note]})
    assert list(body["latest"]) == ["answers", "extra", "labels", "score", "text"]
    assert body["notes"][0]["answers"][0]["text"] == "b"
    assert isinstance(body["notes"][0]["score"], float)


def test_an_html_page_gives_the_same_contract_as_a_markdown_page():
    assert import_file("page.html")[0].document["operations"] == import_file("page.md")[0].document["operations"]
    assert import_file("page.html")[1] == import_file("page.md")[1]


def test_the_base_supplies_the_schemas_that_a_page_of_1_12_lacks():
    base = Contract.load("1.12")
    contract, _ = import_file("tables.md", base)
    trigger = contract.match("POST", "/jobs/x/savepoints")
    assert trigger.request == base.match("POST", "/jobs/x/savepoints").request
    plan = contract.match("GET", "/jars/x/plan")
    assert [parameter.name for parameter in plan.path_parameters] == ["jarid"]
    assert [parameter.name for parameter in plan.query_parameters] == ["entry-class", "parallelism"]
    assert plan.response == base.match("GET", "/jars/x/plan").response


def test_an_openapi_document_becomes_the_next_release():
    contract, notes = import_file("openapi.yml")
    assert "OpenAPI document" in contract.provenance["detail"]
    get_notes = contract.operation("getJobNotes")
    body = ResponseRenderer(contract).body(get_notes, {"notes": [{"text": "a"}]})
    assert list(body) == ["owner", "latest", "notes"]
    assert body["latest"] is None
    assert list(body["notes"][0]) == ["text", "blob", "pages"]  # a subclass: first the inherited properties
    assert contract.check_response(get_notes, body) == []
    assert contract.operation("uploadJar").file_upload
    assert contract.operation("cancelJob").status == 202
    # OpenAPI documents describe subclasses wrongly (`clazz`), but a field that is new in all of them is imported.
    checkpoint = contract.operation("getCheckpointStatisticDetails")
    rendered = ResponseRenderer(contract).body(checkpoint, {"className": "failed", "id": 1})
    assert next(iter(rendered)) == "className"
    assert isinstance(rendered["cost"], float)
    assert contract.check_response(checkpoint, rendered) == []
    assert "new property: CheckpointStatistics.FailedCheckpointStatistics.cost" in notes


def test_a_contract_can_be_created_from_documentation_alone():
    contract = contract_from_description((DESCRIPTIONS / "page.md").read_text(), "2.4.0")
    assert [str(operation) for operation in contract] == [
        "GET /overview",
        "POST /jobs/:jobid/stop",
        "GET /jobs/:jobid/notes",
        "POST /jars/upload",
    ]
    overview = contract.match("GET", "/overview")
    # Documentation does not contain the order of keys, and marks few keys as required.
    assert contract.check_response(overview, {"taskmanagers": 1, "flink-commit": "x"}) == []
    violations = contract.check_response(overview, {"slots-total": 4, "taskmanagers": "1"})
    assert {(violation.pointer, violation.kind) for violation in violations} == {
        ("/slots-total", "extra"),
        ("/taskmanagers", "type"),
    }
    get_notes = contract.match("GET", "/jobs/x/notes")
    # The page marks `text` as required.
    [missing] = contract.check_response(get_notes, {"notes": [{"text": "a", "answers": [{}]}]})
    assert (missing.pointer, missing.kind) == ("/notes/0/answers/0/text", "missing")


def test_a_page_without_operations_is_rejected():
    with pytest.raises(ImportRejected, match="No operation found"):
        read_description("# A page about something else\n\nNothing to see.")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"type" : "any"', '"type" : any', "is broken"),
        (
            '"id" : "urn:jsonschema:org:apache:flink:notes:NotesInfo:Note",',
            "",
            "NotesInfo:Note', which it does not contain",
        ),
    ],
)
def test_a_broken_page_is_rejected(old, new, message):
    text = (DESCRIPTIONS / "page.md").read_text()
    assert old in text
    with pytest.raises(ImportRejected, match=message):
        read_description(text.replace(old, new))


def test_a_broken_openapi_document_is_rejected():
    with pytest.raises(ImportRejected, match="is broken"):
        read_description("openapi: [")
    with pytest.raises(ImportRejected, match="'paths', which it does not contain"):
        read_description("openapi: 3.0.1")


@pytest.mark.parametrize(
    "paths", [[], {"/jobs": {"get": "everything"}}, {"/jobs": {"get": {"responses": {"2XX": {}}}}}, {"/jobs": []}]
)
def test_a_malformed_document_is_rejected(paths, tmp_path, capsys):
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps({"openapi": "3.1.0", "paths": paths}))
    assert main(["import", str(broken), "--flink", "2.4.0", "--out", str(tmp_path / "2.4.json")]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith(f"flinkmock: {broken}: ") and "Traceback" not in errors


def served_content(contract):
    """Return what a server uses of a contract: operations by id, other entries, and orders of properties."""
    other_entries = {
        name: value for name, value in contract.document.items() if name not in ("provenance", "operations")
    }
    operations = {
        entry["id"]: {name: value for name, value in entry.items() if name != "hidden_reason"}
        for entry in contract.document["operations"]
    }
    property_orders = [list(definition.get("properties", ())) for definition in other_entries["$defs"].values()]
    return operations, other_entries, list(contract.definitions), property_orders


@pytest.mark.parametrize("release", known_releases())
def test_importing_a_generated_document_restores_its_contract(release, tmp_path):
    contract = Contract.load(release)
    file = tmp_path / "flink.json"
    file.write_text(json.dumps(openapi(contract)), encoding="utf-8")
    document, notes = import_contract(file, version=contract.release.version, base=Contract.load("1.12"))
    restored = Contract(json.loads(schema_file_text(document)))
    assert served_content(restored) == served_content(contract)
    assert restored.release == contract.release
    assert (notes, restored.imported) == ([], True)


@pytest.fixture
def edited_document(tmp_path):
    """A file with the OpenAPI document of 2.3, to which a field and an operation have been added."""
    document = openapi(BASE)
    overview = document["components"]["schemas"]["ClusterOverviewWithVersion"]
    overview["properties"]["jobs-paused"] = {"type": "integer", "format": "int32"}
    overview["required"].append("jobs-paused")
    parameters = document["paths"]["/jobs/{jobid}"]["get"]["parameters"]
    response = {"description": "", "content": {"application/json": {"schema": overview}}}
    operation = {"operationId": "getPausedJobs", "parameters": parameters, "responses": {"200": response}}
    document["paths"]["/jobs/{jobid}/paused"] = {"get": operation}
    file = tmp_path / "flink.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return file


def test_an_edited_document_is_imported(edited_document):
    contract = Contract(import_contract(edited_document, version="2.4.0", base=BASE, commit="1234567")[0])
    assert (contract.release.version, contract.release.commit) == ("2.4.0", "1234567")
    assert contract_from_description(edited_document.read_text(), "2.4.0").operation("getPausedJobs").status == 200


def test_an_imported_release_is_served(edited_document, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FLINKMOCK_SCHEMAS", str(tmp_path / "schemas"))
    assert "2.4" not in known_releases()
    assert main(["import", str(edited_document), "--flink", "2.4.0"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/schemas/2.4.json: 98 operations of Flink 2.4.0\n"
    assert known_releases()[-1] == "2.4"
    assert LATEST == "2.3"  # an imported release does not become the default
    with FlinkMock({"flink": 2.4, "jobs": {"orders": "streaming"}}) as cluster:
        contract = cluster.engine.contract
        targets = (
            "/overview",
            "/config",
            f"/jobs/{cluster.job('orders').id}",
            f"/jobs/{cluster.job('orders').id}/paused",
        )
        bodies = []
        for target in targets:
            with urllib.request.urlopen(cluster.url + target) as response:
                bodies.append(json.load(response))
            assert contract.check_response(contract.match("GET", target), bodies[-1]) == []
    assert isinstance(bodies[0]["jobs-paused"], int)
    assert bodies[1]["flink-version"] == "2.4.0"
    assert main(["releases"]) == 0
    assert capsys.readouterr().out.startswith("2.4   as 2.4.0    98 operations")
    assert main(["diff", "2.3", "2.4"]) == 0
    assert "jobs-paused" in capsys.readouterr().out


def test_bundled_releases_are_not_overwritten(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("FLINKMOCK_SCHEMAS", raising=False)
    before = (data_dir("schemas") / "2.3.json").read_bytes()
    assert main(["import", str(DESCRIPTIONS / "openapi.yml"), "--flink", "2.3.0"]) == 2
    assert "flinkmock already contains Flink 2.3" in capsys.readouterr().err
    assert (data_dir("schemas") / "2.3.json").read_bytes() == before
    monkeypatch.setenv("FLINKMOCK_SCHEMAS", str(tmp_path))
    assert main(["import", str(DESCRIPTIONS / "openapi.yml"), "--flink", "2.3.0"]) == 0
    assert Contract.load("2.3").imported
    monkeypatch.delenv("FLINKMOCK_SCHEMAS")
    assert not Contract.load("2.3").imported


@pytest.mark.parametrize("release", known_releases())
def test_bundled_schema_files_have_the_format_of_the_importer(release):
    text = (data_dir("schemas") / f"{release}.json").read_text(encoding="utf-8")
    assert schema_file_text(json.loads(text)) == text
