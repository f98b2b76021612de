"""Writes a release's contract as an OpenAPI 3.1 document.

Flink's own document is wrong about metrics, watermarks, ids of slot sharing groups, checkpoint statistics,
`SerializedThrowable` and the spelling of enums. This document is made from the schemas that validate the recordings of
real clusters. Extensions contain what OpenAPI can't express, so that `flinkmock import` restores the same contract from
the document: `x-flink` for the release, `x-flink-converter` for a parameter, `x-flink-refined` and
`x-flink-unconfirmed` for a schema; for an operation, `x-flink-headers`, `x-flink-hidden`, `x-flink-requires-config`,
`x-flink-session-cluster-only`, and `x-flink-request` for the body of a GET.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flinkmock.contract.contract import Contract
from flinkmock.contract.descriptions import OTHER_TAG, descriptions, recorded_example
from flinkmock.contract.operation import Operation, Parameter, Schema
from flinkmock.contract.schema_branches import DEFINITION_PREFIX, resolve

Document = dict[str, Any]
COMPONENT_PREFIX = "#/components/schemas/"
"""The beginning of a reference to a schema of the document."""
CONVERTER_PROPERTIES = ("java_type", "case_insensitive", "other_text_is_false")
"""The properties of a parameter's converter that its schema can't express."""
LIST_PARAMETERS = frozenset({"agg", "failureLabelFilter", "get", "jobs", "programArg", "subtasks", "taskmanagers"})
"""The query parameters that Flink reads as a list of values, separated by commas. It reads others as one value."""
CONVERTER_EXTENSION = "x-flink-converter"
RELEASE_EXTENSION = "x-flink"
EXTENSIONS = {"refined": "x-flink-refined", "unconfirmed": "x-flink-unconfirmed"}
"""The extensions by the keywords of schema files.

`refined` marks schemas that Flink's classes don't describe completely. `unconfirmed` lists the properties of which only
name and type are known; only imported releases have them.
"""
_UPLOADS: Mapping[str, Schema] = {
    "uploadJar": {
        "type": "object",
        "properties": {
            "jarfile": {"type": "string", "format": "binary", "contentMediaType": "application/java-archive"}
        },
        "required": ["jarfile"],
    }
}
_BINARY = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
"""A file. Code generators still need `format: binary` of OpenAPI 3.0."""


def openapi(contract: Contract) -> Document:
    """Return the document of a contract, with the operations in Flink's order."""
    paths: Document = {}
    texts = descriptions()
    for operation in contract:
        path = re.sub(r":([^/]+)", r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, contract)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Flink JobManager REST API",
            "version": f"{contract.default_api_version}/{contract.release.version}",
            "description": f"The REST API of the JobManager of Apache Flink {contract.release.version}.",
            "license": {"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0.html"},
        },
        RELEASE_EXTENSION: {
            "commit": contract.release.commit,
            "built": contract.release.build_time,
            "jackson_features": dict(contract.jackson_features),
        },
        "servers": [
            {"url": f"http://localhost:8081/{contract.default_api_version}"},
            {"url": "http://localhost:8081", "description": "the same without a version in the path"},
        ],
        "tags": [
            {"name": tag, "description": texts.tags.get(tag, "Operations that flinkmock does not know.")}
            for tag in [*texts.tags, OTHER_TAG]
            if any(tag in operation["tags"] for item in paths.values() for operation in item.values())
        ],
        "paths": paths,
        "components": {
            "schemas": {
                component_name(definition): _definition(definition, schema, contract)
                for definition, schema in contract.definitions.items()
            },
            "responses": {
                "Error": {
                    "description": "An error message, and the stack trace of the server's exception.",
                    "content": {"application/json": {"schema": _schema(contract.error)}},
                }
            },
        },
    }


def component_name(definition: str) -> str:
    """Turn the name of a definition, "JarRunRequestBody@request", into "JarRunRequestBody.Request"."""
    return re.sub(r"[^\w.-]", "_", definition.replace("@request", ".Request"))


def _operation(operation: Operation, contract: Contract) -> Document:
    entry: Document = {"operationId": operation.id} | descriptions().operation(operation)
    parameters = [_parameter(operation, path_parameter, "path") for path_parameter in operation.path_parameters]
    parameters += [_parameter(operation, query_parameter, "query") for query_parameter in operation.query_parameters]
    if parameters:
        entry["parameters"] = parameters
    # A body of GET has no meaning in HTTP, so an extension describes the one that `GET /jars/:jarid/plan` reads.
    if operation.method == "GET" and operation.request is not None:
        entry["x-flink-request"] = _schema(operation.request)
    elif body := _request(operation, contract):
        entry["requestBody"] = body
    entry["responses"] = {
        str(operation.status): _response(operation, contract),
        "default": {"$ref": "#/components/responses/Error"},
    }
    if operation.hidden:
        entry["x-flink-hidden"] = True
    if operation.requires_config:
        entry["x-flink-requires-config"] = dict(operation.requires_config)
    if operation.session_cluster_only:
        entry["x-flink-session-cluster-only"] = True
    if operation.headers_class:
        entry["x-flink-headers"] = operation.headers_class
    return entry


def _parameter(operation: Operation, parameter: Parameter, location: str) -> Document:
    schema: Document = {"type": parameter.type}
    if parameter.enum:
        schema["enum"] = list(parameter.enum)
    for keyword in ("format", "pattern", "minimum"):
        value = getattr(parameter, keyword)
        if value is not None and value != "hex32":
            schema[keyword] = value
    entry: Document = {"name": parameter.name, "in": location, "required": parameter.required or location == "path"}
    if text := descriptions().parameter(operation, parameter):
        entry["description"] = text
    has_several_values = parameter.list and parameter.name in LIST_PARAMETERS
    if has_several_values and location == "query":
        entry |= {"style": "form", "explode": False, "schema": {"type": "array", "items": schema, "minItems": 1}}
    else:
        entry["schema"] = schema
    converter = {name: value for name in CONVERTER_PROPERTIES if (value := getattr(parameter, name))}
    if parameter.list and not has_several_values:
        converter["list"] = True
    if parameter.format == "hex32":
        converter["format"] = parameter.format
    return entry | {CONVERTER_EXTENSION: converter}


def _request(operation: Operation, contract: Contract) -> Document | None:
    schema = _schema(operation.request) if operation.request is not None else None
    if operation.request is not None and not operation.file_upload:
        # A body without required fields is optional.
        required = bool(resolve(operation.request, contract.definitions).get("required"))
        return {"content": {"application/json": {"schema": schema}}} | ({"required": True} if required else {})
    if not operation.file_upload:
        return None
    multipart_schema = _UPLOADS.get(operation.id) or {
        "type": "object",
        "properties": {"request": schema} if schema is not None else {},
        "additionalProperties": _BINARY,  # file_0, file_1 …
    }
    encoding = {"request": {"contentType": "application/json"}} if "request" in multipart_schema["properties"] else {}
    content = {"schema": dict(multipart_schema)} | ({"encoding": encoding} if encoding else {})
    return {"required": True, "content": {"multipart/form-data": content}}


def _response(operation: Operation, contract: Contract) -> Document:
    response = operation.response
    if response is None:
        return {"description": "Done."}
    if "contentType" in response:
        content_type = response["contentType"].partition(";")[0]
        return {"description": "The file.", "content": {content_type: {"schema": {"type": "string"}}}}
    content: Document = {"schema": _schema(response)}
    example = recorded_example(operation, contract)
    if example is not None:
        content["example"] = example
    return {"description": "Success.", "content": {"application/json": content}}


def _definition(class_name: str, schema: Schema, contract: Contract) -> Document:
    """Return the schema of a class.

    The schema has a discriminator if all subclasses have a constant property of the same name.
    """
    definition: Document = _schema(schema)
    _add_descriptions(definition, class_name)
    variants = [resolve(branch, contract.definitions).get("properties", {}) for branch in schema.get("oneOf", ())]
    for name in variants[0] if variants else ():
        if all("const" in variant.get(name, {}) for variant in variants):
            references = [branch["$ref"] for branch in definition["oneOf"]]
            mapping = dict(zip((variant[name]["const"] for variant in variants), references, strict=True))
            return definition | {"discriminator": {"propertyName": name, "mapping": mapping}}
    return definition


def _add_descriptions(schema: Any, class_name: str) -> None:
    """Add the descriptions of all fields of a class to its schema."""
    if isinstance(schema, list):
        for element in schema:
            _add_descriptions(element, class_name)
    elif isinstance(schema, dict):
        for name, child in schema.get("properties", {}).items():
            if text := descriptions().field(class_name, name):
                child["description"] = text
            _add_descriptions(child, class_name)
        for keyword, child in schema.items():
            if keyword != "properties":
                _add_descriptions(child, class_name)


def _schema(schema: Any) -> Any:
    """Return the schema with references to components instead of definitions."""
    if isinstance(schema, list):
        return [_schema(element) for element in schema]
    if not isinstance(schema, Mapping):
        return schema
    converted: Document = {}
    for keyword, value in schema.items():
        if keyword in EXTENSIONS:
            converted[EXTENSIONS[keyword]] = value
        elif keyword == "$ref":
            converted[keyword] = COMPONENT_PREFIX + component_name(value.removeprefix(DEFINITION_PREFIX))
        elif keyword == "properties":
            converted[keyword] = {name: _schema(child) for name, child in value.items()}
        else:
            converted[keyword] = _schema(value)
    if isinstance(converted.get("const"), str):  # code generators need the type of a discriminator
        converted["type"] = "string"
    return converted
