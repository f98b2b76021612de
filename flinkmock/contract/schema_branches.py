"""Chooses the branch of a schema with alternatives (`anyOf`, `oneOf`) that a value is meant to match.

Flink's schemas have four kinds of alternatives: a value or null; a number, or "NaN", "Infinity" or "-Infinity"; an
object with keys or an empty one; subclasses that differ by a constant property (`className`, `@class`). Validation and
rendering choose the same branch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

Definitions = Mapping[str, Mapping[str, Any]]
DEFINITION_PREFIX = "#/$defs/"
"""The beginning of a reference to a definition."""
_NUMBERS = frozenset({"integer", "number"})


def resolve(schema: Mapping[str, Any], definitions: Definitions) -> Mapping[str, Any]:
    """Follow the `$ref` of a schema, if it has one. Raises KeyError if a definition is missing."""
    while "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix(DEFINITION_PREFIX)]
    return schema


def alternatives(schema: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
    """Return the branches of an `anyOf` or `oneOf`; None if the schema has neither."""
    return schema.get("anyOf") or schema.get("oneOf")


def allowing_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that allows null and all that `schema` allows."""
    if not schema or schema.get("type") == "null":
        return schema
    names = schema.get("type")
    if "enum" not in schema and "const" not in schema and names:
        types = [names] if isinstance(names, str) else list(names)
        return schema if "null" in types else schema | {"type": [*types, "null"]}
    branches = schema["anyOf"] if schema.keys() == {"anyOf"} else [schema]
    return {"anyOf": branches if {"type": "null"} in branches else [*branches, {"type": "null"}]}


def without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the other branch of a schema that allows null and one other branch; all other schemas unchanged."""
    branches = [branch for branch in schema.get("anyOf", ()) if branch != {"type": "null"}]
    return branches[0] if len(branches) == 1 else schema


def allowed_types(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the JSON types that a schema allows; empty if it has no `type`."""
    names = schema.get("type", ())
    return frozenset((names,) if isinstance(names, str) else names)


def json_type_of(value: Any) -> str:
    """Return the JSON type of a Python value: "number" for a float, "integer" for an int."""
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
    """Return the index of the branch that matches a value best. Of equally good branches, the first is chosen."""
    scores = [_score(resolve(branch, definitions), value, definitions) for branch in branches]
    return scores.index(max(scores))


class _Match(IntEnum):
    """How well a value matches a branch."""

    NONE = 0
    OTHER_CONSTANT = 1
    """An object that has another value in a constant property."""
    TYPE = 2
    CONSTANT = 3
    """A constant or a value of an enum, or an object that has the constant properties."""
    EMPTY_OBJECT = 4
    """An empty object, if the schema allows no other."""


def _score(schema: Mapping[str, Any], value: Any, definitions: Definitions) -> tuple[_Match, int]:
    """Return how well a value matches, and for objects the number of known keys minus that of missing keys.

    The number is 0 for an object with another constant, and for an empty object if the schema allows no other.
    """
    branches = alternatives(schema)
    if branches:
        return max(_score(resolve(branch, definitions), value, definitions) for branch in branches)
    if "enum" in schema or "const" in schema:
        constants = schema.get("enum", (schema.get("const"),))
        return (_Match.CONSTANT if value in constants else _Match.NONE), 0
    json_type, allowed = json_type_of(value), allowed_types(schema)
    is_allowed_number = json_type in _NUMBERS and bool(allowed & _NUMBERS)
    if json_type not in allowed and not is_allowed_number:
        return _Match.NONE, 0
    if json_type != "object":
        return _Match.TYPE, 0
    properties = schema.get("properties", {})
    constant_properties = {name: child["const"] for name, child in properties.items() if "const" in child}
    if any(name in value and value[name] != constant for name, constant in constant_properties.items()):
        return _Match.OTHER_CONSTANT, 0
    if not value and schema.get("maxProperties") == 0:
        return _Match.EMPTY_OBJECT, 0
    known_key_count = sum(name in properties for name in value)
    missing_key_count = sum(name not in value for name in schema.get("required", ()))
    has_constants = bool(constant_properties) and all(name in value for name in constant_properties)
    return (_Match.CONSTANT if has_constants else _Match.TYPE), known_key_count - missing_key_count
