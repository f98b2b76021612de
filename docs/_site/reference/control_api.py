"""The page about the operations of the control API, from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flinkmock.control.openapi import openapi_document

HEAD = """\
# Operations of the control API

Paths are below `/__flinkmock__/v1`. A running cluster serves the OpenAPI document of this page at `/openapi.json`.
[The control API](../control-api.md) explains access, errors and clusters, with examples.
"""
JsonObject = Mapping[str, Any]


def page() -> str:
    document = openapi_document()
    parts = [HEAD]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts += _section(f"{method.upper()} {path}", operation)
    parts.append("# Types\n")
    for name, schema in document["components"]["schemas"].items():
        parts += [f"## {name}\n", *_object_table(schema)]
    return "\n".join(parts)


def _section(title: str, operation: JsonObject) -> Iterator[str]:
    yield f"## {title}\n"
    text = " ".join(dict.fromkeys(filter(None, [operation["summary"], operation.get("description", "")])))
    yield f"{text}\n"
    rows = [
        (parameter["name"], parameter["in"], _type(parameter["schema"]), parameter.get("description", ""))
        for parameter in operation.get("parameters", ())
    ]
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = content.get("schema", {})
        if "properties" in schema and media_type == "application/json":
            required = schema.get("required", ())
            rows += [
                (name, "body" if name in required else "body, optional", _type(value), value.get("description", ""))
                for name, value in schema["properties"].items()
            ]
        else:
            rows.append(("", f"body, `{media_type}`", _type(schema), schema.get("description", "")))
    if rows:
        table = [
            f"| {f'`{name}`' if name else ''} | {where} | {kind} | {_cell(text)} |" for name, where, kind, text in rows
        ]
        yield "\n".join(["| parameter | in | type | |", "|---|---|---|---|", *table]) + "\n"
    responses = [_response(status, response) for status, response in operation["responses"].items()]
    yield f"Responses: {', '.join(responses)}.\n"


def _response(status: str, response: JsonObject) -> str:
    schemas = [media["schema"] for media in response.get("content", {}).values() if media.get("schema")]
    return f"{status} {_type(schemas[0])}" if schemas and status < "400" else status


def _object_table(schema: JsonObject) -> Iterator[str]:
    if "description" in schema:
        yield f"{schema['description']}\n"
    if "properties" in schema:
        rows = [
            f"| `{name}` | {_type(value)} | {_cell(value.get('description', ''))} |"
            for name, value in schema["properties"].items()
        ]
        yield "\n".join(["| field | type | |", "|---|---|---|", *rows]) + "\n"


def _type(schema: JsonObject) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(dict.fromkeys(map(_type, schema.get("anyOf", schema.get("oneOf", ())))))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
