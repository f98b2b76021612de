"""Converts a description to a schema file without a base release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flinkmock.contract.importing.description import DescribedOperation, Description

JACKSON_FEATURES = {
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
"""The features of the ObjectMapper with which Flink reads requests since 1.20. Descriptions do not mention them."""
ERROR_SCHEMA = {"type": "object", "properties": {"errors": {"type": "array", "items": {"type": "string"}}}}


def standalone_schema_file(description: Description, version: str) -> dict[str, Any]:
    """Return a schema file with only the content of the description.

    Its `key_order` is "unknown": descriptions don't document the order of keys.
    """
    operations: list[dict[str, Any]] = []
    ids: set[str] = set()
    for operation in description.operations:
        operation_id = operation.name if operation.name not in ids else f"{operation.name}{operation.method.title()}"
        ids.add(operation_id)
        operations.append(operation_entry(operation, operation_id))
    return {
        "flink": version,
        "commit": "unknown",
        "built": "1970-01-01T00:00:00Z",
        "provenance": {"source": "documentation", "detail": f"Only the {description.kind}."},
        "default_api_version": "v1",
        "key_order": "unknown",
        "jackson_features": JACKSON_FEATURES,
        "error": ERROR_SCHEMA,
        "operations": operations,
        "$defs": {name: _without_other_properties(schema, name) for name, schema in description.definitions.items()},
    }


def operation_entry(operation: DescribedOperation, operation_id: str) -> dict[str, Any]:
    """Return the entry of a schema file for a described operation."""
    return {
        "id": operation_id,
        "headers": "",
        "method": operation.method,
        "path": operation.path,
        "api_versions": ["v1"],
        "status": operation.status,
        "file_upload": operation.file_upload,
        "hidden": False,
        "path_parameters": operation.path_parameters,
        "query_parameters": operation.query_parameters,
        "request": operation.request,
        "response": {} if operation.response is None else operation.response,
        "session_cluster_only": False,
    }


def _without_other_properties(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Forbid undocumented properties in responses; requests may have any."""
    if name.endswith("@request") or "properties" not in schema:
        return dict(schema)
    return dict(schema) | {"additionalProperties": False}
