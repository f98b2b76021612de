"""The compiled validator agrees with jsonschema on recorded responses, mutated ones, and scenarios."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flinkmock.contract import Contract
from flinkmock.contract.fast_validator import CompiledValidator
from flinkmock.contract.validator import ContractValidator
from flinkmock.data_files import data_dir
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import parse_yaml
from tests.fidelity.recordings import load

ROOT = Path(__file__).parents[2]


def mutated(value: Any, rng: random.Random) -> Any:
    """Return a copy with one change, which may or may not be valid."""
    changed = copy.deepcopy(value)
    locations = list(_locations(changed))
    if not locations:
        return [changed]
    holder, key = rng.choice(locations)
    match rng.randrange(6):
        case 0:
            del holder[key]
        case 1:
            holder[key] = rng.choice([None, True, 1, 4.0, "", "x", [], {}, -(2**40), 2**70])
        case 2 if isinstance(holder, dict):
            holder[key] = holder.pop(key)  # the same, but the last one
        case 3 if isinstance(holder, dict):
            holder["unheard-of"] = 1
        case 4 if isinstance(holder[key], int | float):
            holder[key] = holder[key] * -1.5
        case _:
            holder[key] = [holder[key]]
    return changed


def _locations(value: Any) -> Iterator[tuple[Any, Any]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in list(steps):
        yield value, key
        yield from _locations(below)


@pytest.mark.parametrize("version", ["1.12.5", "2.3.0"])
def test_recorded_responses(version: str) -> None:
    contract = Contract.load(version)
    compiled = CompiledValidator(contract.definitions, as_written=True, ordered=contract.ordered)
    validator = ContractValidator(contract)
    rng, counts = random.Random(7), {True: 0, False: 0}
    for file in sorted((ROOT / "tests" / "recordings" / version).glob("*.json.gz")):
        for step in load(file):
            response = step.get("response", {})
            if response.get("status") not in (200, 202) or response["kind"] != "json" or len(str(response)) > 5_000:
                continue
            operation = contract.match(step["request"]["method"], step["request"]["path"])
            assert operation is not None
            for body in (response["body"], mutated(response["body"], rng)):
                valid = compiled.check(operation.response or {})(body)
                assert valid is not bool(validator.check_response(operation, body)), (operation, body)
                counts[valid] += 1
    assert min(counts.values()) > 100


def test_scenarios() -> None:
    schema = json.loads((data_dir("schemas") / "scenario.schema.json").read_bytes())
    check, validator, rng = (
        CompiledValidator(schema["$defs"]).check(schema),
        Draft202012Validator(schema),
        random.Random(7),
    )
    counts = {True: 0, False: 0}
    for file in sorted((ROOT / "scenarios").glob("*.yaml")):
        data = parse_yaml(file.read_text("utf-8"), file.name, Diagnostics()).to_python()
        for other in (data, *(mutated(data, rng) for _ in range(20))):
            valid = check(other)
            assert valid is validator.is_valid(other), (file, other)
            counts[valid] += 1
    assert min(counts.values()) > 50


@pytest.mark.parametrize(
    ("schema", "value", "fits"),
    [
        ({"type": "integer"}, 4.0, True),
        ({"type": "integer"}, True, False),
        ({"enum": [1]}, True, False),
        ({"const": True}, 1, False),
        ({"enum": ["a", 1]}, 1, True),
        ({"type": ["string", "null"]}, None, True),
        ({"not": {"required": ["a"]}}, {"a": 1}, False),
        ({"additionalProperties": {"type": "integer"}, "properties": {"a": {}}}, {"a": "x", "b": 1}, True),
        ({"additionalProperties": {"type": "integer"}, "properties": {"a": {}}}, {"a": "x", "b": "y"}, False),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, False),
        ({"minItems": 1}, [], False),
        ({"maxProperties": 0}, {"a": 1}, False),
        ({"minimum": 2}, True, True),
        ({"pattern": "^a"}, "ba", False),
        ({}, object(), True),
    ],
)
def test_keywords(schema: dict[str, Any], value: object, fits: bool) -> None:
    assert CompiledValidator({}).check(schema)(value) is fits
    assert Draft202012Validator(schema).is_valid(value) is fits


def test_numbers_as_jackson_writes_them() -> None:
    compiled = CompiledValidator({}, as_written=True)
    assert not compiled.check({"type": "integer"})(4.0)
    assert not compiled.check({"type": "number", "format": "double"})(4)
    assert not compiled.check({"type": "integer", "format": "int32"})(2**31)


def test_recursive_definitions() -> None:
    definitions = {"tree": {"type": "object", "additionalProperties": {"$ref": "#/$defs/tree"}}}
    check = CompiledValidator(definitions).check({"$ref": "#/$defs/tree"})
    assert check({"a": {"b": {}}})
    assert not check({"a": {"b": 1}})


def test_unknown_keywords_are_an_error() -> None:
    with pytest.raises(NotImplementedError, match="uniqueItems"):
        CompiledValidator({}).check({"uniqueItems": True})


def test_an_unsupported_keyword_within_a_recursive_definition() -> None:
    definitions = {
        "A": {"type": "object", "properties": {"b": {"$ref": "#/$defs/B"}}},
        "B": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}, "c": {"unknown": True}}},
    }
    validator = CompiledValidator(definitions)
    for name in ("A", "B", "A"):
        with pytest.raises(NotImplementedError):
            validator.check({"$ref": f"#/$defs/{name}"})
