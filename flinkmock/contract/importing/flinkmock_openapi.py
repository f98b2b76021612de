"""Reads the OpenAPI documents that `flinkmock openapi` writes.

These documents need no base release. Users may have edited them: operations that they added without the
`x-flink-…` extensions get the same defaults as operations of Flink's OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flinkmock.contract.importing.description import operation_name
from flinkmock.contract.importing.openapi_document import (
    ANNOTATIONS,
    content_of,
    merged_all_of,
    operations_of,
    read_parameter,
)
from flinkmock.contract.openapi import COMPONENT_PREFIX, CONVERTER_EXTENSION, EXTENSIONS, RELEASE_EXTENSION
from flinkmock.contract.schema_branches import DEFINITION_PREFIX, allowing_null

Document = Mapping[str, Any]
_JSON = "application/json"
_REQUEST_SUFFIX = ".Request"
"""Suffix of the components that are request bodies."""
_KEYWORDS_BY_EXTENSION: Mapping[str, str] = {extension: keyword for keyword, extension in EXTENSIONS.items()}
_SCHEMA_KEYWORDS = ("type", "enum", "format", "pattern", "minimum")


def read_flinkmock_document(document: Document) -> dict[str, Any] | None:
    """Return the schema file that the document was made from, without its provenance.

    Returns:
        None if `flinkmock openapi` did not write the document.

    Raises:
        KeyError, AttributeError, TypeError, ValueError, RecursionError, StopIteration, ImportRejected: See
            `read_openapi`.
    """
    if RELEASE_EXTENSION not in document:
        return None
    document = _without_all_of(document, document["components"]["schemas"])
    api_version, _, version = document["info"]["version"].partition("/")
    release = document[RELEASE_EXTENSION]
    components = document["components"]
    path_parameters = _path_parameters(document)
    return {
        "flink": version,
        "commit": release["commit"],
        "built": release["built"],
        "default_api_version": api_version,
        "jackson_features": dict(release["jackson_features"]),
        "error": _schema(components["responses"]["Error"]["content"][_JSON]["schema"]),
        "operations": [
            _operation(method, path, operation, parameters, api_version, path_parameters)
            for path, method, operation, parameters in operations_of(document)
        ],
        "$defs": {
            _definition_name(name): _schema(schema, is_request=name.endswith(_REQUEST_SUFFIX))
            for name, schema in components["schemas"].items()
        },
    }


def _path_parameters(document: Document) -> dict[str, dict[str, Any]]:
    """Return the entries (for a schema file) of the path parameters that have the extension, by name.

    Path parameters with the same name that lack the extension get the same entries.
    """
    return {
        parameter["name"]: _parameter_entry(parameter)
        for operation in operations_of(document)
        for parameter in operation.parameters
        if parameter["in"] == "path" and CONVERTER_EXTENSION in parameter
    }


def _operation(
    method: str,
    path: str,
    operation: Document,
    parameters: list[Document],
    api_version: str,
    path_parameters: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    status, response = next(
        (int(code), response_entry)
        for code, response_entry in operation["responses"].items()
        if code.isdecimal() and code[0] == "2"
    )
    content = content_of(operation.get("requestBody", {}))
    form_fields = content.get("multipart/form-data", {}).get("schema", {}).get("properties", {})
    request = operation.get("x-flink-request") or content.get(_JSON, {}).get("schema") or form_fields.get("request")
    entry = {
        "id": operation.get("operationId") or operation_name(method, path),
        "headers": operation.get("x-flink-headers", ""),
        "method": method,
        "path": path,
        "api_versions": [api_version],
        "status": status,
        "file_upload": bool(content) and _JSON not in content,
        "hidden": operation.get("x-flink-hidden", False),
        "path_parameters": [
            _parameter(parameter, path_parameters) for parameter in parameters if parameter["in"] == "path"
        ],
        "query_parameters": [_parameter(parameter, {}) for parameter in parameters if parameter["in"] == "query"],
        "request": None if request is None else _schema(request, is_request=True),
        "response": _response(response),
        "session_cluster_only": operation.get("x-flink-session-cluster-only", False),
    }
    if config := operation.get("x-flink-requires-config"):
        entry["requires_config"] = config
    return entry


def _parameter(parameter: Document, known_entries: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    if CONVERTER_EXTENSION in parameter:
        return _parameter_entry(parameter)
    return known_entries.get(parameter["name"]) or read_parameter(parameter, {})


def _parameter_entry(parameter: Document) -> dict[str, Any]:
    """Return the entry for a schema file of a parameter that has the extension."""
    schema = parameter["schema"]
    is_list = schema["type"] == "array"
    entry: dict[str, Any] = {"name": parameter["name"], "required": parameter["required"]}
    if parameter["in"] == "query":
        entry["list"] = is_list  # the converter below may have another value
    item = schema["items"] if is_list else schema
    return {
        **entry,
        **{keyword: item[keyword] for keyword in _SCHEMA_KEYWORDS if keyword in item},
        **parameter[CONVERTER_EXTENSION],
    }


def _response(response: Document) -> dict[str, Any]:
    for content_type, body in content_of(response).items():
        if content_type == _JSON:
            schema: dict[str, Any] = _schema(body.get("schema", {}))
            return schema
        return {"contentType": content_type, "refined": True}
    return {"type": "object", "properties": {}, "required": []}  # EmptyResponseBody


def _schema(schema: Any, *, is_request: bool = False) -> Any:
    """Return the schema with references to definitions instead of components.

    A response without `required` was not written by flinkmock. All of its properties become required, since Jackson
    writes all properties by default. Annotations, such as descriptions, are left out.
    """
    if isinstance(schema, list):
        return [_schema(element, is_request=is_request) for element in schema]
    if not isinstance(schema, Mapping):
        return schema
    converted: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in ANNOTATIONS:
            continue
        if keyword == "$ref":
            converted[keyword] = DEFINITION_PREFIX + _definition_name(value.removeprefix(COMPONENT_PREFIX))
        elif keyword == "properties":
            converted[keyword] = {
                name: {} if child is True else _schema(child, is_request=is_request) for name, child in value.items()
            }
        elif keyword == "items" and value is True:
            converted[keyword] = {}
        else:
            converted[_KEYWORDS_BY_EXTENSION.get(keyword, keyword)] = _schema(value, is_request=is_request)
    if "const" in converted:
        converted.pop("type", None)
    if converted.get("properties") and "required" in converted:
        # A user may have removed a property without removing its name here.
        converted["required"] = [name for name in converted["required"] if name in converted["properties"]]
    if "properties" in converted and "required" not in converted and not is_request:
        converted["required"] = list(converted["properties"])
    return allowing_null(converted) if schema.get("nullable") is True else converted  # OpenAPI 3.0


def _without_all_of(value: Any, components: Mapping[str, Any]) -> Any:
    """Replace each `allOf`, which flinkmock doesn't write, by one schema."""
    if isinstance(value, list):
        return [_without_all_of(element, components) for element in value]
    if not isinstance(value, Mapping):
        return value
    if "allOf" in value:
        value = merged_all_of(value, components)
    return {name: _without_all_of(child, components) for name, child in value.items()}


def _definition_name(name: str) -> str:
    """Turn "JarRunRequestBody.Request" into "JarRunRequestBody@request"."""
    return f"{name.removesuffix(_REQUEST_SUFFIX)}@request" if name.endswith(_REQUEST_SUFFIX) else name
