"""The compiled validator agrees with jsonschema on recorded responses, scenarios, and random changes of both."""

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
    """Return a copy with one random change. The result may be valid or not."""
    changed = copy.deepcopy(value)
    locations = list(_locations(changed))
    if not locations:
        return [changed]
    container, key = rng.choice(locations)
    match rng.randrange(6):
        case 0:
            del container[key]
        case 1:
            container[key] = rng.choice([None, True, 1, 4.0, "", "x", [], {}, -(2**40), 2**70])
        case 2 if isinstance(container, dict):
            container[key] = container.pop(key)  # moves the key to the end
        case 3 if isinstance(container, dict):
            container["unknown-key"] = 1
        case 4 if isinstance(container[key], int | float):
            container[key] = container[key] * -1.5
        case _:
            container[key] = [container[key]]
    return changed


def _locations(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each list and object in a value with each of its indices and keys."""
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    else:
        children = []
    for key, child in children:
        yield value, key
        yield from _locations(child)


@pytest.mark.parametrize("version", ["1.12.5", "2.3.0"])
def test_both_validators_agree_on_recorded_and_mutated_responses(version: str) -> None:
    contract = Contract.load(version)
    compiled = CompiledValidator(
        contract.definitions, requires_jackson_numbers=True, requires_key_order=contract.ordered
    )
    validator = ContractValidator(contract)
    rng, count_by_validity = random.Random(7), {True: 0, False: 0}
    for file in sorted((ROOT / "tests" / "recordings" / version).glob("*.json.gz")):
        for step in load(file):
            response = step.get("response", {})
            if response.get("status") not in (200, 202) or response["kind"] != "json" or len(str(response)) > 5_000:
                continue
            operation = contract.match(step["request"]["method"], step["request"]["path"])
            assert operation is not None
            for body in (response["body"], mutated(response["body"], rng)):
                is_valid = compiled.check(operation.response or {})(body)
                assert is_valid is not bool(validator.check_response(operation, body)), (operation, body)
                count_by_validity[is_valid] += 1
    assert min(count_by_validity.values()) > 100


def test_both_validators_agree_on_scenarios_and_mutated_scenarios() -> None:
    schema = json.loads((data_dir("schemas") / "scenario.schema.json").read_bytes())
    check = CompiledValidator(schema["$defs"]).check(schema)
    validator, rng = Draft202012Validator(schema), random.Random(7)
    count_by_validity = {True: 0, False: 0}
    for file in sorted((ROOT / "scenarios").glob("*.yaml")):
        data = parse_yaml(file.read_text("utf-8"), file.name, Diagnostics()).to_python()
        for scenario in (data, *(mutated(data, rng) for _ in range(20))):
            is_valid = check(scenario)
            assert is_valid is validator.is_valid(scenario), (file, scenario)
            count_by_validity[is_valid] += 1
    assert min(count_by_validity.values()) > 50


@pytest.mark.parametrize(
    ("schema", "value", "is_valid"),
    [
        ({"type": "integer"}, 4.0, True),
        ({"type": "integer"}, True, False),
        ({"enum": [1]}, True, False),
        ({"const": True}, 1, False),
        ({"const": [1]}, [True], False),
        ({"const": [1]}, [1.0], True),
        ({"const": [1]}, [1, 1], False),
        ({"enum": [{"a": [0]}]}, {"a": [False]}, False),
        ({"enum": [{"a": [0]}]}, {"a": [0]}, True),
        ({"enum": [{"a": 0}]}, {"a": 0, "b": 0}, False),
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
def test_both_validators_agree_on_keywords(schema: dict[str, Any], value: object, is_valid: bool) -> None:
    assert CompiledValidator({}).check(schema)(value) is is_valid
    assert Draft202012Validator(schema).is_valid(value) is is_valid


def test_numbers_that_jackson_would_not_write_are_invalid() -> None:
    compiled = CompiledValidator({}, requires_jackson_numbers=True)
    assert not compiled.check({"type": "integer"})(4.0)
    assert not compiled.check({"type": "number", "format": "double"})(4)
    assert not compiled.check({"type": "integer", "format": "int32"})(2**31)


def test_formats_that_java_lacks_are_not_checked() -> None:
    compiled = CompiledValidator({}, requires_jackson_numbers=True)
    assert compiled.check({"type": "integer", "format": "uint8"})(256)
    assert not compiled.check({"type": "integer", "format": "uint8"})(4.0)


def test_definitions_can_refer_to_themselves() -> None:
    definitions = {"tree": {"type": "object", "additionalProperties": {"$ref": "#/$defs/tree"}}}
    check = CompiledValidator(definitions).check({"$ref": "#/$defs/tree"})
    assert check({"a": {"b": {}}})
    assert not check({"a": {"b": 1}})


def test_unknown_keywords_are_an_error() -> None:
    with pytest.raises(NotImplementedError, match="uniqueItems"):
        CompiledValidator({}).check({"uniqueItems": True})


def test_unknown_keywords_in_recursive_definitions_are_an_error_each_time() -> None:
    definitions = {
        "A": {"type": "object", "properties": {"b": {"$ref": "#/$defs/B"}}},
        "B": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}, "c": {"unknown": True}}},
    }
    validator = CompiledValidator(definitions)
    for name in ("A", "B", "A"):
        with pytest.raises(NotImplementedError):
            validator.check({"$ref": f"#/$defs/{name}"})
