"""Each operation, parameter and field of each release has a description, and each description is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flinkmock.contract import Contract
from flinkmock.contract.contract import bundled_releases
from flinkmock.contract.descriptions import descriptions, recorded_example
from flinkmock.contract.openapi import openapi

DESCRIPTIONS = descriptions()


def field_names(schema: Any) -> Iterator[str]:
    """Yield the names of all properties in a schema."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for child in schema.values():
            yield from field_names(child)
    elif isinstance(schema, list):
        for element in schema:
            yield from field_names(element)


def test_all_descriptions_exist_and_are_used() -> None:
    operation_ids, parameter_names, texts_of_fields = set(), set(), set()
    for contract in map(Contract.load, bundled_releases()):
        for operation in contract:
            operation_ids.add(operation.id)
            for parameter in (*operation.path_parameters, *operation.query_parameters):
                assert DESCRIPTIONS.parameter(operation, parameter), (operation, parameter)
                parameter_names |= {parameter.name, f"{operation.id}.{parameter.name}"}
        for name, schema in contract.definitions.items():
            for field in field_names(schema):
                text = DESCRIPTIONS.field(name, field)
                assert text, f"{name}.{field}"
                texts_of_fields.add(text)
    assert operation_ids == DESCRIPTIONS.operations.keys()
    assert {texts["tag"] for texts in DESCRIPTIONS.operations.values()} == DESCRIPTIONS.tags.keys()
    assert DESCRIPTIONS.parameters.keys() <= parameter_names
    assert set(DESCRIPTIONS.fields.values()) == texts_of_fields


@pytest.mark.parametrize("release", ["1.12", "2.3"])
def test_the_openapi_document_contains_the_descriptions(release: str) -> None:
    document = openapi(Contract.load(release))
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert {tag for operation in operations for tag in operation["tags"]} == {tag["name"] for tag in document["tags"]}
    assert all(operation["summary"] and "other" not in operation["tags"] for operation in operations)
    assert all(parameter["description"] for operation in operations for parameter in operation.get("parameters", ()))
    operations_with_example = sum("example" in str(operation["responses"]) for operation in operations)
    assert operations_with_example >= 50


@pytest.mark.parametrize("release", bundled_releases())
def test_most_operations_have_an_example(release: str) -> None:
    contract = Contract.load(release)
    examples = {
        operation.id: recorded_example(operation, contract) for operation in contract if not operation.returns_file
    }
    missing = [name for name, example in examples.items() if example is None]
    assert len(missing) <= 30


def test_only_list_parameters_are_arrays() -> None:
    paths = openapi(Contract.load("2.3"))["paths"]

    def schema_of(path: str, method: str, name: str) -> Any:
        return next(parameter["schema"] for parameter in paths[path][method]["parameters"] if parameter["name"] == name)

    assert schema_of("/jobs/{jobid}", "patch", "mode") == {"type": "string", "enum": ["cancel", "stop"]}
    assert schema_of("/jars/{jarid}/run", "post", "parallelism")["type"] == "integer"
    assert schema_of("/jars/{jarid}/run", "post", "programArg")["type"] == "array"
    assert schema_of("/jobs/metrics", "get", "agg")["type"] == "array"
