"""Chooses the alternative of a schema that a value is meant to match.

Flink's schemas have three kinds of alternatives: a value or null, a number or "NaN", and subclasses that differ by a
constant property (`className`, `@class`). Validation and rendering use the same rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Definitions = Mapping[str, Mapping[str, Any]]
_PREFIX = "#/$defs/"


def resolve(schema: Mapping[str, Any], definitions: Definitions) -> Mapping[str, Any]:
    """Follow `$ref` and return the schema itself. Raises KeyError if a definition is missing."""
    while "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix(_PREFIX)]
    return schema


def alternatives(schema: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
    """Return the branches of an `anyOf` or `oneOf`; None if the schema has neither."""
    return schema.get("anyOf") or schema.get("oneOf")


def allowed_types(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the JSON types that a schema allows; empty if it has no `type`."""
    names = schema.get("type", ())
    return frozenset((names,) if isinstance(names, str) else names)


def json_type_of(value: Any) -> str:
    """Return the JSON type of a Python value; "number" is a float."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case Mapping():
            return "object"
        case _:
            return "array"


def best_branch(branches: Sequence[Mapping[str, Any]], value: Any, definitions: Definitions) -> int:
    """Return the index of the branch that matches best; the first among equals."""
    scores = [_score(resolve(branch, definitions), value, definitions) for branch in branches]
    return scores.index(max(scores))


def _score(schema: Mapping[str, Any], value: Any, definitions: Definitions) -> tuple[int, int]:
    """Rate how well a value matches: by type, then by constant properties, then by the number of known keys."""
    branches = alternatives(schema)
    if branches:
        return max(_score(resolve(branch, definitions), value, definitions) for branch in branches)
    if "enum" in schema or "const" in schema:
        return (3, 0) if value in schema.get("enum", (schema.get("const"),)) else (0, 0)
    json_type, allowed = json_type_of(value), allowed_types(schema)
    if json_type not in allowed and not (allowed & {"integer", "number"} and json_type in ("integer", "number")):
        return 0, 0
    if json_type != "object":
        return 2, 0
    properties = schema.get("properties", {})
    constants = [(name, child["const"]) for name, child in properties.items() if "const" in child]
    if any(name in value and value[name] != constant for name, constant in constants):
        return 1, 0
    known = sum(name in properties for name in value) - sum(name not in value for name in schema.get("required", ()))
    if not value and schema.get("maxProperties") == 0:
        return 4, 0
    return (3 if constants and all(name in value for name, _ in constants) else 2), known
