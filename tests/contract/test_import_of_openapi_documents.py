"""How schemas, parameters and references of OpenAPI documents are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from flinkmock.contract.importing.openapi_document import dereferenced, read_openapi, read_parameter
from flinkmock.errors import ImportRejected

STATE = {"$ref": "#/components/schemas/State"}
JOB = {"$ref": "#/components/schemas/Job"}
NULL = {"type": "null"}
COMPONENTS: Mapping[str, Any] = {
    "State": {"type": "string", "enum": ["RUNNING", "FAILED"]},
    "Job": {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}, "required": ["id"]},
}


def response_schema(schema: Mapping[str, Any]) -> Any:
    """Return what the schema of a response becomes."""
    response = {"content": {"application/json": {"schema": schema}}}
    paths = {"/jobs": {"get": {"responses": {"200": response}}}}
    [operation] = read_openapi({"paths": paths, "components": {"schemas": COMPONENTS}}).operations
    return operation.response


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"anyOf": [STATE, NULL]}, {"anyOf": [{"$ref": "#/$defs/State"}, NULL]}),
        ({"oneOf": [STATE, JOB], "nullable": True},
         {"anyOf": [{"$ref": "#/$defs/State"}, {"$ref": "#/$defs/Job"}, NULL]}),
        ({"anyOf": [STATE, NULL], "nullable": True}, {"anyOf": [{"$ref": "#/$defs/State"}, NULL]}),
        ({"allOf": [STATE], "nullable": True}, {"anyOf": [{"$ref": "#/$defs/State"}, NULL]}),
        ({"allOf": [STATE], "description": "The state."}, {"$ref": "#/$defs/State"}),
        ({"allOf": [{"type": "string"}], "nullable": True}, {"type": ["string", "null"]}),
        ({"allOf": [STATE, {"description": "The state."}, {"type": "string"}]},
         {"type": "string", "enum": ["RUNNING", "FAILED"]}),
        ({"allOf": [JOB, {"properties": {"end": {"type": "integer"}}, "required": ["end"]}]},
         {"type": "object",
          "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "end": {"type": "integer"}},
          "required": ["id", "end"]}),
        ({"allOf": [JOB], "properties": {"end": {"type": "integer"}}, "nullable": True},
         {"type": ["object", "null"],
          "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "end": {"type": "integer"}},
          "required": ["id"]}),
        ({"properties": {"end": {"type": "integer"}}},
         {"type": "object", "properties": {"end": {"type": "integer"}}, "required": []}),
        ({"additionalProperties": {"type": "string"}}, {"type": "object", "additionalProperties": {"type": "string"}}),
        ({"items": {"type": "string"}}, {"type": "array", "items": {"type": "string"}}),
        ({"enum": ["A", "B"]}, {"type": "string", "enum": ["A", "B"]}),
        ({"enum": [1, None]}, {"anyOf": [{"type": "integer", "enum": [1]}, NULL]}),
        ({"type": "string", "enum": ["A", None], "nullable": True},
         {"anyOf": [{"type": "string", "enum": ["A"]}, NULL]}),
        ({"type": ["string", "integer", "null"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}, NULL]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        (NULL, NULL),
        ({}, {}),
        ({"nullable": True}, {}),
    ],
)  # fmt: skip
def test_a_schema_of_openapi_is_converted(schema: Mapping[str, Any], expected: object) -> None:
    assert response_schema(schema) == expected


def test_the_schema_of_a_parameter_may_be_a_reference_in_an_all_of() -> None:
    parameter = {"name": "state", "in": "query", "schema": {"allOf": [STATE], "description": "The state."}}
    plain = parameter | {"schema": STATE}
    assert read_parameter(parameter, COMPONENTS) == read_parameter(plain, COMPONENTS)
    assert read_parameter(parameter, COMPONENTS)["enum"] == ["RUNNING", "FAILED"]


@pytest.mark.parametrize("length", [1, 20, 21, 50])
def test_references_are_followed_however_many_there_are(length: int) -> None:
    document: dict[str, Any] = {str(number): {"$ref": f"#/{number + 1}"} for number in range(length)}
    document[str(length)] = {"description": "the end"}
    assert dereferenced({"$ref": "#/0"}, document) == {"description": "the end"}


@pytest.mark.parametrize("length", [1, 2, 30])
def test_a_circle_of_references_is_rejected(length: int) -> None:
    document = {str(number): {"$ref": f"#/{(number + 1) % length}"} for number in range(length)}
    with pytest.raises(ImportRejected, match="The reference #/0 refers to itself"):
        dereferenced({"$ref": "#/0"}, document)
