"""Checks values against the JSON schemas of the control API, with readable messages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flinkmock.control.schemas import COMPONENTS
from flinkmock.errors import did_you_mean

_TYPE_DESCRIPTIONS = {
    "object": "an object",
    "array": "an array",
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class InvalidValue:
    """A value that breaks a schema.

    Attributes:
        path: The JSON Pointer of the value.
        message: The mistake, as a sentence.
    """

    path: str
    message: str


def invalid_values(value: Any, schema: Mapping[str, Any], path: str = "") -> Iterator[InvalidValue]:
    """Yield each part of a value that breaks the schema. `path` is the JSON Pointer of the value."""
    schema = _resolved(schema)
    name = path.rpartition("/")[2] or "The body"
    types = schema.get("type", [])
    allowed_types = [types] if isinstance(types, str) else types
    if allowed_types and not any(_has_type(value, type_name) for type_name in allowed_types):
        expected = " or ".join(_TYPE_DESCRIPTIONS[type_name] for type_name in allowed_types)
        yield InvalidValue(path, f"{name} must be {expected}, not {_quoted(value)}.")
        return
    if isinstance(value, dict) and "properties" in schema:
        yield from _invalid_properties(value, schema, path, name)
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from invalid_values(item, schema["items"], f"{path}/{index}")
    if isinstance(value, str) and len(value) < schema.get("minLength", 0):
        yield InvalidValue(path, f"{name} is empty.")
    if _has_type(value, "integer") and value < schema.get("minimum", value):
        yield InvalidValue(path, f"{name} must be at least {schema['minimum']}, not {value}.")
    if _has_type(value, "integer") and value > schema.get("maximum", value):
        yield InvalidValue(path, f"{name} must be at most {schema['maximum']}, not {value}.")
    if "enum" in schema and value not in schema["enum"]:
        yield InvalidValue(
            path, f"{name} can't be {_quoted(value)}.{did_you_mean(str(value), map(str, schema['enum']))}"
        )


def _invalid_properties(
    value: dict[str, Any], schema: Mapping[str, Any], path: str, name: str
) -> Iterator[InvalidValue]:
    properties = schema["properties"]
    for key, item in value.items():
        if key in properties:
            yield from invalid_values(item, properties[key], f"{path}/{key}")
        elif schema.get("additionalProperties") is False:
            yield InvalidValue(f"{path}/{key}", f'Unknown field "{key}".{did_you_mean(key, properties)}')
    for key in schema.get("required", ()):
        if key not in value:
            yield InvalidValue(path, f'{name} has no field "{key}".')


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return COMPONENTS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _has_type(value: Any, type_name: str) -> bool:
    match type_name:
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case _:
            return value is None


def _quoted(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:59]}…"
