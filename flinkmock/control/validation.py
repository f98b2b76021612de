"""Checks values against the JSON schemas of the control API, with readable messages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flinkmock.control.schemas import COMPONENTS
from flinkmock.errors import did_you_mean

_NAMES = {
    "object": "an object",
    "array": "an array",
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A violation of a schema at a JSON Pointer, with a message."""

    path: str
    message: str


def problems(value: Any, schema: Mapping[str, Any], path: str = "") -> Iterator[Problem]:
    """Yield a problem for each violation of the schema."""
    schema = _resolved(schema)
    name = path.rpartition("/")[2] or "The body"
    types = schema.get("type")
    allowed = [types] if isinstance(types, str) else types or []
    if allowed and not any(_has_type(value, type_name) for type_name in allowed):
        yield Problem(
            path, f"{name} must be {' or '.join(_NAMES[type_name] for type_name in allowed)}, not {_quoted(value)}."
        )
        return
    if isinstance(value, dict) and "properties" in schema:
        yield from _object_problems(value, schema, path, name)
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from problems(item, schema["items"], f"{path}/{index}")
    if isinstance(value, str) and len(value) < schema.get("minLength", 0):
        yield Problem(path, f"{name} is empty.")
    if _has_type(value, "integer") and value < schema.get("minimum", value):
        yield Problem(path, f"{name} must be at least {schema['minimum']}, not {value}.")
    if _has_type(value, "integer") and value > schema.get("maximum", value):
        yield Problem(path, f"{name} must be at most {schema['maximum']}, not {value}.")
    if "enum" in schema and value not in schema["enum"]:
        yield Problem(path, f"{name} can't be {_quoted(value)}.{did_you_mean(str(value), map(str, schema['enum']))}")


def _object_problems(value: dict[str, Any], schema: Mapping[str, Any], path: str, name: str) -> Iterator[Problem]:
    properties = schema["properties"]
    for key, item in value.items():
        if key in properties:
            yield from problems(item, properties[key], f"{path}/{key}")
        elif schema.get("additionalProperties") is False:
            yield Problem(f"{path}/{key}", f'Unknown field "{key}".{did_you_mean(key, properties)}')
    for key in schema.get("required", ()):
        if key not in value:
            yield Problem(path, f'{name} has no field "{key}".')


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return COMPONENTS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _has_type(value: Any, kind: str) -> bool:
    match kind:
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
