"""Which alternative of a schema a value is meant to be.

Flink's schemas have alternatives of three kinds: "this or null", "a number or "NaN"", and subclasses told apart by a
constant property (`className`, `@class`). One rule serves the check of answers and the making of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Definitions = Mapping[str, Mapping[str, Any]]
_PREFIX = "#/$defs/"


def resolve(schema: Mapping[str, Any], definitions: Definitions) -> Mapping[str, Any]:
    """Follows `$ref` until the schema itself is there."""
    while "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix(_PREFIX)]
    return schema


def alternatives(schema: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
    """The branches of an `anyOf` or `oneOf`; None when there is nothing to choose."""
    return schema.get("anyOf") or schema.get("oneOf")


def types(schema: Mapping[str, Any]) -> frozenset[str]:
    """The JSON types that the schema names; empty when it names none."""
    named = schema.get("type", ())
    return frozenset((named,) if isinstance(named, str) else named)


def type_of(value: Any) -> str:
    """The JSON type of a Python value; "number" is a float."""
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


def choose(branches: Sequence[Mapping[str, Any]], value: Any, definitions: Definitions) -> int:
    """The place of the branch that fits best; the first among equals."""
    fits = [_fit(resolve(branch, definitions), value, definitions) for branch in branches]
    return fits.index(max(fits))


def _fit(schema: Mapping[str, Any], value: Any, definitions: Definitions) -> tuple[int, int]:
    """How well a value fits: by type first, then by constant properties, then by how many keys are known."""
    branches = alternatives(schema)
    if branches:
        return max(_fit(resolve(branch, definitions), value, definitions) for branch in branches)
    if "enum" in schema or "const" in schema:
        return (3, 0) if value in schema.get("enum", (schema.get("const"),)) else (0, 0)
    kind, allowed = type_of(value), types(schema)
    if kind not in allowed and not (allowed & {"integer", "number"} and kind in ("integer", "number")):
        return 0, 0
    if kind != "object":
        return 2, 0
    properties = schema.get("properties", {})
    constants = [(name, child["const"]) for name, child in properties.items() if "const" in child]
    if any(name in value and value[name] != constant for name, constant in constants):
        return 1, 0
    known = sum(name in properties for name in value) - sum(name not in value for name in schema.get("required", ()))
    if not value and schema.get("maxProperties") == 0:
        return 4, 0
    return (3 if constants and all(name in value for name, _ in constants) else 2), known
