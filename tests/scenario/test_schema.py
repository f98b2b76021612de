"""The published schema is valid and described, and its examples are correct."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from flinkmock.cluster.spec import DEFAULT_CLUSTER_OPERATIONS
from flinkmock.cluster.states import JOB_STATES

ROOT = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas" / "scenario.schema.json").read_text("utf-8"))
SELF_EXPLANATORY_KEYS = ("strategy", "message", "repeat")


def subschemas(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each subschema and other mapping of a schema with its path."""
    if isinstance(schema, dict):
        yield path, schema
        for key, value in schema.items():
            if key not in ("examples", "x-say"):
                yield from subschemas(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from subschemas(value, f"{path}/{index}")


def resolved(subschema: dict[str, Any]) -> dict[str, Any]:
    """Return a subschema merged with the definition that it refers to."""
    name = str(subschema.get("$ref", "")).removeprefix("#/$defs/")
    return {**SCHEMA["$defs"][name], **subschema} if name else subschema


def test_the_schema_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_reference_has_a_definition_and_every_definition_is_used() -> None:
    used = {subschema["$ref"].removeprefix("#/$defs/") for _, subschema in subschemas(SCHEMA) if "$ref" in subschema}
    assert used == set(SCHEMA["$defs"])


def test_every_key_is_described() -> None:
    undescribed = [
        f"{path}/{key}"
        for path, subschema in subschemas(SCHEMA)
        for key, value in subschema.get("properties", {}).items()
        if "description" not in resolved(value)
        and not any("description" in resolved(branch) for branch in value.get("anyOf", ()))
    ]
    assert not [path for path in undescribed if not path.endswith(SELF_EXPLANATORY_KEYS)]


def test_every_mapping_restricts_its_keys() -> None:
    open_ended = [
        path
        for path, subschema in subschemas(SCHEMA)
        if "properties" in subschema and "additionalProperties" not in subschema
    ]
    assert not open_ended


def test_examples_conform_to_the_schema() -> None:
    example_count = 0
    for path, subschema in subschemas(SCHEMA):
        for example in subschema.get("examples", ()):
            example_schema = {**subschema, "$defs": SCHEMA["$defs"]}
            assert not list(Draft202012Validator(example_schema).iter_errors(example)), f"{path}: {example}"
            example_count += 1
    assert example_count > 30


def test_every_pattern_has_a_message() -> None:
    assert all(
        "pattern" in subschema["x-say"]
        for _, subschema in subschemas(SCHEMA)
        if isinstance(subschema.get("pattern"), str)
    )


def test_states_and_operations_are_those_of_the_cluster() -> None:
    assert tuple(SCHEMA["$defs"]["state"]["enum"]) == JOB_STATES
    assert set(SCHEMA["$defs"]["operations"]["properties"]) == {*DEFAULT_CLUSTER_OPERATIONS, "result-ttl"}
    assert SCHEMA["$defs"]["jobOperations"]["properties"].items() <= SCHEMA["$defs"]["operations"]["properties"].items()


@pytest.mark.parametrize(
    "file",
    [*sorted((ROOT / "scenarios").glob("*.yaml")), *sorted((ROOT / "flinkmock/scenario").glob("*.yaml")),
     ROOT / "tests/fidelity/oracle.yaml"],
    ids=lambda file: file.stem,
)  # fmt: skip
def test_a_scenario_names_the_schema_and_conforms_to_it(file: Path) -> None:
    """Editors read YAML with a common parser, not with the loader of scenarios."""
    text = file.read_text("utf-8")
    match = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert match
    assert (file.parent / match[1]).resolve() == ROOT / "schemas" / "scenario.schema.json"
    assert not list(Draft202012Validator(SCHEMA).iter_errors(yaml.safe_load(text)))
