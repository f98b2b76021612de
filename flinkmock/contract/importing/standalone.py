"""A description taken at its word, as the text of a schema file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flinkmock.contract.importing.description import Description

# Flink's ObjectMapper as it is since 1.20; no description tells of it
REQUEST_MAPPER = {
    "fail_on_unknown_properties": False,
    "fail_on_ignored_properties": True,
    "fail_on_null_for_primitives": True,
    "fail_on_reading_dup_tree_key": True,
    "fail_on_missing_creator_properties": False,
    "fail_on_trailing_tokens": False,
    "fail_on_numbers_for_enums": False,
    "accept_single_value_as_array": False,
    "allow_coercion_of_scalars": True,
    "accept_case_insensitive_enums": False,
}
ERROR = {"type": "object", "properties": {"errors": {"type": "array", "items": {"type": "string"}}}}


def alone(description: Description, flink: str) -> dict[str, Any]:
    """A schema file that tells only what the description tells; `key_order` says that it has no order of keys."""
    operations: list[dict[str, Any]] = []
    names: set[str] = set()
    for told in description.operations:
        name = told.name if told.name not in names else f"{told.name}{told.method.title()}"
        names.add(name)
        operations.append(operation_entry(told, name))
    return {
        "flink": flink,
        "commit": "unknown",
        "built": "1970-01-01T00:00:00Z",
        "provenance": {"source": "documentation", "detail": f"Nothing but the {description.kind}."},
        "default_api_version": "v1",
        "key_order": "unknown",
        "request_mapper": REQUEST_MAPPER,
        "error": ERROR,
        "operations": operations,
        "$defs": {name: _closed(schema, name) for name, schema in description.definitions.items()},
    }


def operation_entry(told: Any, name: str) -> dict[str, Any]:
    """A described operation as an entry of a schema file."""
    return {
        "id": name,
        "headers": "",
        "method": told.method,
        "path": told.path,
        "api_versions": ["v1"],
        "status": told.status,
        "file_upload": told.file_upload,
        "hidden": False,
        "path_parameters": told.path_parameters,
        "query_parameters": told.query_parameters,
        "request": told.request,
        "response": {} if told.response is None else told.response,
        "session_cluster_only": False,
    }


def _closed(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What a class does not tell of has no place in an answer (requests may hold anything)."""
    if name.endswith("@request") or "properties" not in schema:
        return dict(schema)
    return dict(schema) | {"additionalProperties": False}
