"""Our own OpenAPI document (`flinkmock openapi`), read back: it tells all, so no known release has to lend anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flinkmock.contract.openapi import REFINED, RELEASE

Document = Mapping[str, Any]
_COMPONENTS, _DEFINITIONS = "#/components/schemas/", "#/$defs/"
_JSON = "application/json"


def read_own(document: Document) -> dict[str, Any] | None:
    """The schema file that the document was made of, without its provenance; None if it is none of ours. Raises
    KeyError for what is missing."""
    if RELEASE not in document:
        return None
    version = document["info"]["version"].partition("/")
    told = document[RELEASE]
    operations = [
        _operation(method.upper(), re.sub(r"\{(\w+)\}", r":\1", path), operation, version[0])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    components = document["components"]
    return {
        "flink": version[2],
        "commit": told["commit"],
        "built": told["built"],
        "default_api_version": version[0],
        "request_mapper": dict(told["request_mapper"]),
        "error": _schema(components["responses"]["Error"]["content"][_JSON]["schema"]),
        "static_content": list(told["static_content"]),
        "operations": operations,
        "$defs": {_class(name): _schema(schema) for name, schema in components["schemas"].items()},
    }


def _operation(method: str, path: str, told: Document, api_version: str) -> dict[str, Any]:
    status, answer = next((int(code), each) for code, each in told["responses"].items() if code.startswith("2"))
    parameters = told.get("parameters", ())
    content = told.get("requestBody", {}).get("content", {})
    parts = content.get("multipart/form-data", {}).get("schema", {}).get("properties", {})
    request = told.get("x-flink-request") or content.get(_JSON, {}).get("schema") or parts.get("request")
    entry = {
        "id": told["operationId"],
        "headers": told.get("x-flink-headers", ""),
        "method": method,
        "path": path,
        "api_versions": [api_version],
        "status": status,
        "file_upload": bool(content) and _JSON not in content,
        "hidden": told.get("x-flink-hidden", False),
        "path_parameters": [_parameter(each) for each in parameters if each["in"] == "path"],
        "query_parameters": [_parameter(each) for each in parameters if each["in"] == "query"],
        "request": None if request is None else _schema(request),
        "response": _response(answer),
        "session_cluster_only": told.get("x-flink-session-cluster-only", False),
    }
    if config := told.get("x-flink-requires-config"):
        entry["requires_config"] = config
    return entry


def _parameter(told: Document) -> dict[str, Any]:
    schema = told["schema"]
    several = schema["type"] == "array"
    entry: dict[str, Any] = {"name": told["name"], "required": told["required"]}
    if told["in"] == "query":
        entry["list"] = several
    return {**entry, **(schema["items"] if several else schema), **told.get("x-flink-converter", {})}


def _response(answer: Document) -> dict[str, Any] | None:
    for kind, body in answer.get("content", {}).items():
        if kind == _JSON:
            read: dict[str, Any] = _schema(body["schema"])
            return read
        return {"contentType": kind, "refined": True}  # a handler writes it by hand
    return None


def _schema(schema: Any) -> Any:
    """The schema with its references led back to the definitions."""
    if isinstance(schema, list):
        return [_schema(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    out: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "discriminator":
            continue  # it follows from the variants
        if keyword == "$ref":
            out[keyword] = _DEFINITIONS + _class(value.removeprefix(_COMPONENTS))
        elif keyword == "properties":
            out[keyword] = {name: _schema(child) for name, child in value.items()}
        else:
            out["refined" if keyword == REFINED else keyword] = _schema(value)
    return out


def _class(name: str) -> str:
    """ "JarRunRequestBody.Request" is "JarRunRequestBody@request"."""
    return f"{name.removesuffix('.Request')}@request" if name.endswith(".Request") else name
