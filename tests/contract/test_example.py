"""Examples are minimal values that conform to their schemas."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flinkmock.contract.example import example

ID = {"type": "string", "pattern": "^[0-9a-f]{32}$"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]}, {"a": 0}),
        ({"type": "object", "additionalProperties": {"type": "string"}, "required": ["a"]}, {"a": ""}),
        ({"type": "object", "additionalProperties": True, "required": ["a"]}, {"a": None}),
        ({"type": ["array", "null"]}, None),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, 0.0),
        ({"enum": ["FULL", "CLAIM"]}, "FULL"),
        (ID, "0" * 32),
    ],
)
def test_an_example_is_minimal_and_valid(schema: dict[str, Any], expected: object) -> None:
    assert example(schema, {}) == expected
    assert Draft202012Validator(schema).is_valid(expected)
