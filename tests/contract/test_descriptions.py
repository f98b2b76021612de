"""Every operation, parameter and field of every release has a text; no text is unused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flinkmock.contract import Contract
from flinkmock.contract.contract import bundled_releases
from flinkmock.contract.descriptions import descriptions, example_of
from flinkmock.contract.openapi import openapi

TEXTS = descriptions()


def fields(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
    for child in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from fields(child)


def test_there_is_a_text_for_everything() -> None:
    texts_of_fields, parameters, operations = set(), set(), set()
    for contract in map(Contract.load, bundled_releases()):
        for operation in contract:
            operations.add(operation.id)
            for parameter in (*operation.path_parameters, *operation.query_parameters):
                assert TEXTS.parameter(operation, parameter), (operation, parameter)
                parameters |= {parameter.name, f"{operation.id}.{parameter.name}"}
        for name, schema in contract.definitions.items():
            for field in fields(schema):
                text = TEXTS.field(name, field)
                assert text, f"{name}.{field}"
                texts_of_fields.add(text)
    assert operations == TEXTS.operations.keys()
    assert {texts["tag"] for texts in TEXTS.operations.values()} == TEXTS.tags.keys()
    assert TEXTS.parameters.keys() <= parameters
    assert set(TEXTS.fields.values()) == texts_of_fields


@pytest.mark.parametrize("flink", ["1.12", "2.3"])
def test_the_document_has_the_texts(flink: str) -> None:
    document = openapi(Contract.load(flink))
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert {tag for operation in operations for tag in operation["tags"]} == {tag["name"] for tag in document["tags"]}
    assert all(operation["summary"] and "other" not in operation["tags"] for operation in operations)
    assert all(parameter["description"] for operation in operations for parameter in operation.get("parameters", ()))
    examples = sum("example" in str(operation["responses"]) for operation in operations)
    assert examples >= 50


@pytest.mark.parametrize("flink", bundled_releases())
def test_examples_are_valid(flink: str) -> None:
    contract = Contract.load(flink)
    examples = {operation.id: example_of(operation, contract) for operation in contract if not operation.returns_file}
    missing = [name for name, example in examples.items() if example is None]
    assert len(missing) <= 30


def test_scalar_parameters_are_scalars() -> None:
    paths = openapi(Contract.load("2.3"))["paths"]

    def schema_of(path: str, method: str, name: str) -> Any:
        return next(parameter["schema"] for parameter in paths[path][method]["parameters"] if parameter["name"] == name)

    assert schema_of("/jobs/{jobid}", "patch", "mode") == {"type": "string", "enum": ["cancel", "stop"]}
    assert schema_of("/jars/{jarid}/run", "post", "parallelism")["type"] == "integer"
    assert schema_of("/jars/{jarid}/run", "post", "programArg")["type"] == "array"
    assert schema_of("/jobs/metrics", "get", "agg")["type"] == "array"
