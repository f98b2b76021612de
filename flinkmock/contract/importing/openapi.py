"""Flink's OpenAPI document (`rest_v1_dispatcher.yml`)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from flinkmock.contract.importing.description import DescribedOperation, Description, parameter

_METHODS = ("get", "post", "put", "patch", "delete")
_COMPONENTS = "#/components/schemas/"


def read_document(text: str) -> Mapping[str, Any] | None:
    """An OpenAPI document, as YAML or JSON; None when the text is none. Raises YAMLError, JSONDecodeError."""
    if text.lstrip().startswith("{"):
        document = json.loads(text)
    else:
        document = yaml.safe_load(text) if re.search(r"^openapi\s*:", text, re.M) else None
    return document if isinstance(document, Mapping) and "openapi" in document else None


def read_openapi(document: Mapping[str, Any]) -> Description:
    """Its operations. Raises KeyError for what is referred to and missing."""
    components = document.get("components", {}).get("schemas", {})
    description = Description("OpenAPI document", definitions=_definitions(components))
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                told = _operation(method.upper(), re.sub(r"\{(\w+)\}", r":\1", path), methods[method], components)
                description.operations.append(told)
    return description


def _definitions(components: Mapping[str, Any]) -> dict[str, Any]:
    """Every class twice: as it is written, and as it is read."""
    written = {name: _modern(schema, components, "") for name, schema in components.items()}
    read = {f"{name}@request": _modern(schema, components, "@request") for name, schema in components.items()}
    return written | read


def _operation(method: str, path: str, told: Mapping[str, Any], components: Mapping[str, Any]) -> DescribedOperation:
    responses = {int(code): answer for code, answer in told["responses"].items() if str(code).startswith("2")}
    operation = DescribedOperation(method, path, min(responses), id=told.get("operationId"))
    for each in told.get("parameters", ()):
        read = _parameter(each, components)
        (operation.query_parameters if each["in"] == "query" else operation.path_parameters).append(read)
    content = told.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        operation.request = _modern(content["application/json"].get("schema", {}), components, "@request")
    elif content:  # a jar, or a multipart body with the JSON in its part `request`
        operation.file_upload = True
        parts = content.get("multipart/form-data", {}).get("schema", {}).get("properties", {})
        if "request" in parts:
            operation.request = _modern(parts["request"], components, "@request")
    answer = responses[operation.status].get("content", {})
    if "application/json" in answer:
        operation.response = _modern(answer["application/json"].get("schema", {}), components, "")
    elif not answer:
        operation.response = {"type": "object", "properties": {}, "required": []}
    return operation


def _parameter(each: Mapping[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter: its sentence tells more than its schema (but for enums)."""
    schema = each.get("schema", {})
    java_type = schema.get("$ref", "").removeprefix(_COMPONENTS)
    schema = components.get(java_type, schema)
    words = " ".join(each.get("description", "").split())
    told = parameter(each["name"], words, required=each.get("required", False), query=each["in"] == "query")
    if "enum" in schema:
        told |= {"type": "string", "enum": list(schema["enum"]), "case_insensitive": True, "java_type": "Enum"}
    elif schema.get("type") == "integer":
        told |= {"type": "integer", "format": schema.get("format", "int32"), "java_type": "Integer"}
    return told | ({"java_type": java_type} if java_type else {})


def _modern(schema: Mapping[str, Any], components: Mapping[str, Any], suffix: str) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref'].removeprefix(_COMPONENTS)}{suffix}"}
    if "oneOf" in schema or "anyOf" in schema:
        branches = [_modern(branch, components, suffix) for branch in schema.get("oneOf") or schema["anyOf"]]
        return {"anyOf": branches} if len(branches) > 1 else branches[0]
    if "allOf" in schema:  # a subclass: the properties of its ancestors, then its own
        return _modern(_flattened(schema, components), components, suffix)
    told = schema.get("type")  # since 3.1 a list, of which one may be null
    kinds = [told] if isinstance(told, str) else list(told or ())
    kind = next((each for each in kinds if each != "null"), None)
    if kind is None:
        return {}
    out: dict[str, Any] = {"type": kind}
    if "enum" in schema:
        out["enum"] = list(schema["enum"])
    if schema.get("format") in ("int32", "int64", "double"):
        out["format"] = schema["format"]
    elif schema.get("format") in ("binary", "byte"):
        out["contentEncoding"] = "base64"
    if "pattern" in schema:
        out["pattern"] = f"^{schema['pattern'].strip('^$')}$"
    if kind == "array":
        out["items"] = _modern(schema.get("items", {}), components, suffix)
    elif "properties" in schema:
        children = schema["properties"].items()
        out["properties"] = {name: _modern(child, components, suffix) for name, child in children}
        out["required"] = [name for name in schema.get("required", ()) if name in out["properties"]]
    elif isinstance(schema.get("additionalProperties"), Mapping):
        out["additionalProperties"] = _modern(schema["additionalProperties"], components, suffix)
    return out | ({"type": [kind, "null"]} if schema.get("nullable") or "null" in kinds else {})


def _flattened(schema: Mapping[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for part in (*schema["allOf"], {"properties": schema.get("properties", {})}):
        if "$ref" in part:
            part = components[part["$ref"].removeprefix(_COMPONENTS)]
        if "allOf" in part:
            part = _flattened(part, components)
        properties |= part.get("properties", {})
    return {"type": "object", "properties": properties}
