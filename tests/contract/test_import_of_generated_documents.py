"""Documents with the defects of Flink's generator are imported; documents that flinkmock can't serve are rejected."""

import copy
import json
from pathlib import Path

import pytest

from flinkmock.cli import main
from flinkmock.contract import Contract
from flinkmock.contract.difference import difference
from flinkmock.contract.importing import import_contract, nearest_release
from flinkmock.contract.openapi import RELEASE_EXTENSION, openapi
from flinkmock.errors import ImportRejected

BASE = Contract.load("2.3")
DOCUMENT = openapi(BASE)
ABSTRACT_ID = {
    "type": "object",
    "properties": {
        "bytes": {"type": "string", "format": "byte"},
        "lowerPart": {"type": "integer", "format": "int64"},
        "upperPart": {"type": "integer", "format": "int64"},
    },
}
JSON_TYPE = "application/json"


def reference(name):
    return {"$ref": f"#/components/schemas/{name}"}


def document_with_generator_defects():
    """Return a document of the base release with the defects of Flink's generator."""
    document = copy.deepcopy(DOCUMENT)
    del document[RELEASE_EXTENSION]
    schemas = document["components"]["schemas"]
    schemas["ApplicationID"] = copy.deepcopy(ABSTRACT_ID)
    schemas["SerializedValueOptionalFailureObject"] = {"type": "object", "properties": {"byteArray": {"type": "array"}}}
    schemas["JobDetailsInfo"]["properties"]["application-id"] = reference("ApplicationID")
    schemas["ApplicationDetails"]["properties"]["id"] = reference("ApplicationID")
    accumulators = schemas["JobAccumulatorsInfo"]["properties"]["serialized-user-task-accumulators"]
    accumulators["additionalProperties"] = reference("SerializedValueOptionalFailureObject")
    mode = schemas["CheckpointConfigInfo.ProcessingMode"]
    mode["enum"] = [value.upper() for value in mode["enum"]]
    # The generator omits one of two spellings of a property.
    for name, omitted_spelling in (
        ("SubtaskExecutionAttemptDetailsInfo", "start_time"),
        ("JobVertexBackPressureInfo.SubtaskBackPressureInfo", "backpressure-level"),
    ):
        del schemas[name]["properties"][omitted_spelling]
    # Where classes have the same simple name, the generator uses one of them for all: here JobVertexDetailsInfo.
    schemas["JobVertexDetailsInfo"]["properties"]["now"] = {"type": "integer", "format": "int64"}
    vertices = schemas["JobDetailsInfo"]["properties"]["vertices"]
    vertices["items"] = reference("JobVertexDetailsInfo")
    return document


def import_document(document, tmp_path, release="2.4.0"):
    file = tmp_path / "rest.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    imported, notes = import_contract(file, version=release, base=BASE)
    return Contract(imported), notes


def test_the_base_takes_precedence_over_the_generator(tmp_path):
    contract, notes = import_document(document_with_generator_defects(), tmp_path)
    assert notes == []
    visible_changes = [str(change) for change in difference(BASE, contract) if change.meaning]
    assert visible_changes == []


def test_real_changes_are_imported_despite_the_defects_of_the_generator(tmp_path):
    document = document_with_generator_defects()
    schemas = document["components"]["schemas"]
    schemas["JobDetailsInfo"]["properties"]["parent"] = reference("ApplicationID")
    schemas["CheckpointConfigInfo.ProcessingMode"]["enum"].append("AT_MOST_ONCE")
    del schemas["ClusterOverviewWithVersion"]["properties"]["slots-total"]
    schemas["Note"] = {"type": "object", "properties": {"text": {"type": "string"}}}
    responses = {"200": {"content": {JSON_TYPE: {"schema": reference("Note")}}}}
    document["paths"]["/jobs/{jobid}/note/{note-id}"] = {"get": {"operationId": "getNote", "responses": responses}}
    contract, notes = import_document(document, tmp_path)
    assert notes == [
        "values at CheckpointConfigInfo.ProcessingMode: at_least_once, exactly_once, at_most_once",
        "new property: JobDetailsInfo.parent",
        "new: GET /jobs/:jobid/note/:note-id (getNote)",
        "gone: property ClusterOverviewWithVersion.slots-total is no longer described",
    ]
    assert contract.definitions["ApplicationID"] == {"type": "string", "pattern": "^[0-9a-f]{32}$"}
    path_parameters = contract.operation("getNote").path_parameters
    assert [(path_parameter.name, path_parameter.java_type) for path_parameter in path_parameters] == [
        ("jobid", "JobID"),
        ("note-id", "String"),
    ]


def test_a_snapshot_build_of_the_same_release_removes_nothing(tmp_path):
    document = document_with_generator_defects()
    del document["paths"]["/datasets"]
    del document["components"]["schemas"]["ClusterOverviewWithVersion"]["properties"]["slots-total"]
    document["components"]["schemas"]["ClusterOverviewWithVersion"]["properties"]["note"] = {"type": "string"}
    contract, notes = import_document(document, tmp_path, "2.3-SNAPSHOT")
    assert sorted(notes) == [
        "kept: GET /datasets (getClusterDataSetList) is not described",
        "kept: property ClusterOverviewWithVersion.slots-total is not described",
        "new property: ClusterOverviewWithVersion.note",
    ]
    assert (contract.release.minor, contract.release.version) == ("2.3", "2.3-SNAPSHOT")
    assert [str(change) for change in difference(BASE, contract)] == ["GET /overview: response .note: added (string)"]


@pytest.mark.parametrize(
    ("release", "base"),
    [("2.3.1", "2.3"), ("2.4-SNAPSHOT", "2.3"), ("1.19.0", "1.19"), ("1.21.0", "1.20"), ("1.9.0", "1.12")],
)
def test_a_description_is_completed_from_the_nearest_release(release, base):
    assert nearest_release(release) == base


def get_returning(schema):
    """Return the operations of a path: a GET whose response has the schema."""
    return {"get": {"responses": {"200": {"content": {JSON_TYPE: {"schema": schema}}}}}}


def nested_schema(levels):
    """Return a schema of objects that are nested to this depth."""
    schema = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def schema_chain(length):
    """Return schemas C0, C1, …, each of which refers to the next."""
    schemas = {
        f"C{number}": {"type": "object", "properties": {"a": reference(f"C{number + 1}")}} for number in range(length)
    }
    return schemas | {f"C{length}": {"type": "string"}}


@pytest.mark.parametrize(
    ("paths", "schemas", "message"),
    [
        ({"/x": get_returning(reference("Nope"))}, {}, "refers to 'Nope', which it does not contain"),
        ({"/x": get_returning(reference("A"))}, {"A": {"allOf": [reference("A")]}},
         "The schema A refers only to itself"),
        ({"/x": get_returning(reference("A"))}, {"A": {"allOf": [reference("A"), {"type": "object"}]}},
         "a schema contains itself"),
        ({"/x": get_returning(reference("A"))}, {"A": reference("A")}, "The schema A refers only to itself"),
        ({"/x": get_returning(nested_schema(101))}, {},
         "the response of GET /x, schemas are nested more than 100 levels"),
        ({"/x": get_returning(reference("C0"))}, schema_chain(900), "schemas are nested more than 100 levels"),
        ({"/x": get_returning({"not": {}})}, {}, "the response of GET /x, flinkmock does not understand 'not'"),
        ({"/x": {"get": {"responses": {"default": {}}}}}, {}, "GET /x has no success response"),
        ({"/jobs/{job}": DOCUMENT["paths"]["/jobs/{jobid}"]}, {}, "have the same id: getJobDetails"),
        ({"/jobs/{job}": get_returning({})}, {}, r"have the same method and path: GET /jobs/:\."),
        ({"/x": {"get": {**get_returning({})["get"], "parameters": [{"in": "path", "name": "y", "required": True}]}}},
         {},
         "The path parameters of GET /x are y, but its path has none"),
    ],
)  # fmt: skip
def test_edits_of_the_openapi_document_that_cannot_be_served_are_rejected(paths, schemas, message, tmp_path):
    document = copy.deepcopy(DOCUMENT)
    document["paths"] |= paths
    document["components"]["schemas"] |= schemas
    with pytest.raises(ImportRejected, match=message):
        import_document(document, tmp_path)


def test_an_added_operation_may_use_ref_allof_and_nullable(tmp_path):
    document = copy.deepcopy(DOCUMENT)
    author = {"allOf": [{"properties": {"name": {"type": "string", "description": "Who.", "example": "Ann"}}},
                        {"type": "object", "properties": {"mail": {"type": "string", "nullable": True}}}]}  # fmt: skip
    document["components"]["schemas"]["Author"] = author
    document["components"]["responses"]["Author"] = {"content": {JSON_TYPE: {"schema": reference("Author")}}}
    responses = {200: {"$ref": "#/components/responses/Author"}}
    document["paths"]["/jobs/{jobid}/author"] = {"get": {"operationId": "getAuthor", "responses": responses}}
    contract, _ = import_document(document, tmp_path)
    name, mail = contract.definitions["Author"]["properties"].values()
    assert (name, mail) == ({"type": "string"}, {"type": ["string", "null"]})


def test_an_added_operation_may_use_nullable_references_and_enums(tmp_path):
    document = copy.deepcopy(DOCUMENT)
    document["components"]["schemas"]["Author"] = {"type": "string", "enum": ["ANN", "BOB"]}
    properties = {
        "author": {"allOf": [reference("Author")], "nullable": True},
        "editor": {"allOf": [reference("Author")], "description": "Who."},
        "level": {"type": "string", "enum": ["LOW", "HIGH"], "nullable": True},
    }
    document["paths"]["/x"] = get_returning({"type": "object", "properties": properties})
    contract, _ = import_document(document, tmp_path)
    author = {"$ref": "#/$defs/Author"}
    assert contract.find("GET /x").response["properties"] == {
        "author": {"anyOf": [author, {"type": "null"}]},
        "editor": author,
        "level": {"anyOf": [{"type": "string", "enum": ["LOW", "HIGH"]}, {"type": "null"}]},
    }


def test_a_circle_of_schemas_is_rejected_without_the_extensions_of_flinkmock(tmp_path):
    document = copy.deepcopy(DOCUMENT)
    del document[RELEASE_EXTENSION]
    document["paths"]["/x"] = get_returning(reference("A"))
    document["components"]["schemas"] |= {"A": reference("B"), "B": reference("A")}
    with pytest.raises(ImportRejected, match="The schema A refers only to itself"):
        import_document(document, tmp_path)


def test_a_nullable_reference_describes_the_class_of_the_base(tmp_path):
    document = document_with_generator_defects()
    schemas = document["components"]["schemas"]
    schemas["JobPlanInfo.Plan"] = {"type": "object", "properties": {"note": {"type": "string"}}}
    for nullable in ({"allOf": [reference("JobPlanInfo.Plan")], "nullable": True},
                     {"anyOf": [reference("JobPlanInfo.Plan"), {"type": "null"}]}):  # fmt: skip
        schemas["JobDetailsInfo"]["properties"]["plan"] = nullable
        _, notes = import_document(document, tmp_path)
        assert "new property: JobPlanInfo.Plan.note" in notes


def test_edited_documents_of_flinkmock_are_imported(tmp_path):
    document = copy.deepcopy(DOCUMENT)
    del document["components"]["schemas"]["ClusterOverviewWithVersion"]["properties"]["slots-total"]
    responses = {"200": {"content": {f"{JSON_TYPE}; charset=UTF-8": {"schema": {"properties": {"any": True}}}}}}
    header = {"in": "header", "name": "X-Forwarded-For", "schema": {"type": "string"}}
    document["paths"]["/comments"] = {"get": {"parameters": [header], "responses": responses}}
    contract, _ = import_document(document, tmp_path)
    overview = contract.definitions["ClusterOverviewWithVersion"]
    assert "slots-total" not in overview["required"]
    comments = contract.find("GET /comments")
    assert (comments.path_parameters, comments.query_parameters) == ((), ())
    assert comments.response == {"properties": {"any": {}}, "required": ["any"]}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"swagger": "2.0", "paths": {}}, "It is a document of Swagger 2.0."),
        ({"openapi": "4.0", "paths": {}}, "It is a document of OpenAPI 4.0"),
        ({"openapi": "3.0.0", "paths": {}}, "No operation found"),
        (
            {"openapi": "3.0.0", "paths": {"/pets": get_returning({})}},
            "It does not describe Flink's REST API: Flink 2.3 has 0",
        ),
    ],
)
def test_documents_of_other_apis_are_rejected(document, message, tmp_path):
    with pytest.raises(ImportRejected, match=message):
        import_document(document, tmp_path)


def test_a_release_whose_responses_would_be_invalid_is_not_imported(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FLINKMOCK_SCHEMAS", str(tmp_path))
    document = copy.deepcopy(DOCUMENT)
    document["components"]["schemas"]["JobDetailsInfo"]["properties"]["jid"] = nested_schema(1)
    file = tmp_path / "rest.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    assert main(["import", str(file), "--flink", "2.4.0"]) == 2
    errors = capsys.readouterr().err
    assert "The release could not be served: getJobDetails (GET /jobs/:jobid) /jid: expected object" in errors
    assert list(Path(tmp_path).glob("2.*.json")) == []


def test_a_broken_schema_file_does_not_affect_other_releases(tmp_path, monkeypatch, capsys):
    for name in ("2.4.json", "2.4-old.json", "notes.1.json"):
        (tmp_path / name).write_text("{}")
    monkeypatch.setenv("FLINKMOCK_SCHEMAS", str(tmp_path))
    assert main(["diff", "2.2", "2.3"]) == 0
    assert "GET /applications/overview" in capsys.readouterr().out
    assert main(["releases"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"2.4   {tmp_path}/2.4.json does not contain the contract of a release: KeyError('flink')."
    assert lines[1].startswith("2.3   as 2.3.0")
