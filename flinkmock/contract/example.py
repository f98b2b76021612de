"""Returns a minimal value that a schema allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flinkmock.contract.operation import Schema
from flinkmock.contract.schema_branches import Definitions, allowed_types, alternatives, resolve


def example(schema: Schema, definitions: Definitions) -> Any:
    """Return a minimal value of a schema.

    An object has only the required properties. Lists and maps are empty, and a nullable type has the value null. Of
    alternatives, the first is chosen.
    """
    schema = resolve(schema, definitions)
    branches = alternatives(schema)
    if branches:
        return example(branches[0], definitions)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return next(iter(schema["enum"]), None)
    json_types = allowed_types(schema)
    if "null" in json_types or not json_types:
        return None
    if "object" in json_types:
        properties, other = schema.get("properties", {}), schema.get("additionalProperties", {})
        other_schema = other if isinstance(other, Mapping) else {}
        return {name: example(properties.get(name, other_schema), definitions) for name in schema.get("required", ())}
    if "array" in json_types:
        return []
    if "string" in json_types:
        is_id = "{32}" in schema.get("pattern", "")
        return "0" * 32 if is_id else ""
    return {"boolean": False, "integer": 0, "number": 0.0}[next(iter(json_types))]
