"""A release's contract as an OpenAPI 3.1 document that real answers obey.

Flink's own document is wrong about metrics, watermarks, ids of slot sharing groups, checkpoint statistics,
`SerializedThrowable` and the spelling of enums; this one is made of the schemas that recordings of real clusters are
checked with. What OpenAPI can't say stands in extensions, so that `flinkmock import` makes the same contract of the
document again: `x-flink` (of the release), `x-flink-headers`, `x-flink-hidden`,
`x-flink-requires-config`, `x-flink-session-cluster-only`, `x-flink-request` (a body of GET), `x-flink-converter` (of
parameters) and `x-flink-refined`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flinkmock.contract.contract import Contract
from flinkmock.contract.one_of import resolve
from flinkmock.contract.operation import Operation, Parameter, Schema

Document = dict[str, Any]
_DEFINITIONS, _COMPONENTS = "#/$defs/", "#/components/schemas/"
CONVERTER = ("java_type", "case_insensitive", "other_text_is_false")
"""What is told of a parameter's converter beside the schema."""
RELEASE = "x-flink"
REFINED = "x-flink-refined"
"""What the schema files call `refined`: Flink writes this by hand, no class tells it."""
_FILES: Mapping[str, Schema] = {
    "uploadJar": {
        "type": "object",
        "properties": {
            "jarfile": {"type": "string", "format": "binary", "contentMediaType": "application/java-archive"}
        },
        "required": ["jarfile"],
    }
}
_BINARY = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
"""`format` is what OpenAPI 3.0 had for files; generators go by it."""


def openapi(contract: Contract) -> Document:
    """The document, ready to be written as JSON or YAML. Operations stand in Flink's order."""
    paths: Document = {}
    for operation in contract:
        path = re.sub(r":(\w+)", r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, contract)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Flink JobManager REST API",
            "version": f"{contract.default_api_version}/{contract.release.version}",
            "description": f"Of Apache Flink {contract.release.version}, as its JobManager serves it.",
            "license": {"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0.html"},
        },
        RELEASE: {
            "commit": contract.release.commit,
            "built": contract.release.built,
            "request_mapper": dict(contract.request_mapper),
            "static_content": contract.document.get("static_content", []),
        },
        "servers": [
            {"url": f"http://localhost:8081/{contract.default_api_version}"},
            {"url": "http://localhost:8081", "description": "the same, as its first clients knew it"},
        ],
        "paths": paths,
        "components": {
            "schemas": {component(name): _definition(each, contract) for name, each in contract.definitions.items()},
            "responses": {
                "Error": {
                    "description": "What went wrong, and the stack trace of the server's exception.",
                    "content": {"application/json": {"schema": _schema(contract.error)}},
                }
            },
        },
    }


def component(name: str) -> str:
    """The name of a definition as OpenAPI allows it: "JarRunRequestBody@request" is "JarRunRequestBody.Request"."""
    return re.sub(r"[^\w.-]", "_", name.replace("@request", ".Request"))


def _operation(operation: Operation, contract: Contract) -> Document:
    told: Document = {"operationId": operation.id, "summary": str(operation)}
    parameters = [_parameter(each, "path") for each in operation.path_parameters]
    parameters += [_parameter(each, "query") for each in operation.query_parameters]
    if parameters:
        told["parameters"] = parameters
    # a body of GET has no meaning in HTTP; where Flink reads one (the plan of a jar) the query says the same
    if operation.method == "GET" and operation.request is not None:
        told["x-flink-request"] = _schema(operation.request)
    elif body := _request(operation, contract):
        told["requestBody"] = body
    told["responses"] = {
        str(operation.status): _response(operation),
        "default": {"$ref": "#/components/responses/Error"},
    }
    if operation.hidden:
        told["x-flink-hidden"] = True
    if operation.requires_config:
        told["x-flink-requires-config"] = dict(operation.requires_config)
    if operation.session_cluster_only:
        told["x-flink-session-cluster-only"] = True
    if operation.headers:
        told["x-flink-headers"] = operation.headers
    return told


def _parameter(parameter: Parameter, place: str) -> Document:
    schema: Document = {"type": parameter.type}
    if parameter.enum:
        schema["enum"] = list(parameter.enum)
    for keyword in ("format", "pattern", "minimum"):
        value = getattr(parameter, keyword)
        if value is not None and value != "hex32":
            schema[keyword] = value
    told: Document = {"name": parameter.name, "in": place, "required": parameter.required or place == "path"}
    if parameter.list and place == "query":
        told |= {"style": "form", "explode": False, "schema": {"type": "array", "items": schema, "minItems": 1}}
    else:
        told["schema"] = schema
    converter = {name: value for name in CONVERTER if (value := getattr(parameter, name))}
    if parameter.format == "hex32":
        converter["format"] = parameter.format
    return told | {"x-flink-converter": converter}


def _request(operation: Operation, contract: Contract) -> Document | None:
    schema = _schema(operation.request) if operation.request is not None else None
    if operation.request is not None and not operation.file_upload:
        # what has no field that must be there may be left out altogether
        needed = bool(resolve(operation.request, contract.definitions).get("required"))
        return {"content": {"application/json": {"schema": schema}}} | ({"required": True} if needed else {})
    if not operation.file_upload:
        return None
    parts = _FILES.get(operation.id) or {
        "type": "object",
        "properties": {"request": schema} if schema is not None else {},
        "additionalProperties": _BINARY,  # file_0, file_1 …
    }
    encoding = {"request": {"contentType": "application/json"}} if "request" in parts["properties"] else {}
    content = {"schema": dict(parts)} | ({"encoding": encoding} if encoding else {})
    return {"required": True, "content": {"multipart/form-data": content}}


def _response(operation: Operation) -> Document:
    response = operation.response
    if response is None:
        return {"description": "Done."}
    if "contentType" in response:
        kind = response["contentType"].partition(";")[0]
        return {"description": "The file.", "content": {kind: {"schema": {"type": "string"}}}}
    return {"description": "Success.", "content": {"application/json": {"schema": _schema(response)}}}


def _definition(schema: Schema, contract: Contract) -> Document:
    """The schema of a class, with a discriminator if its subclasses have one: a property that is constant in each."""
    out: Document = _schema(schema)
    variants = [resolve(branch, contract.definitions).get("properties", {}) for branch in schema.get("oneOf", ())]
    for name in variants[0] if variants else ():
        if all("const" in variant.get(name, {}) for variant in variants):
            references = [branch["$ref"] for branch in out["oneOf"]]
            mapping = dict(zip((variant[name]["const"] for variant in variants), references, strict=True))
            return out | {"discriminator": {"propertyName": name, "mapping": mapping}}
    return out


def _schema(schema: Any) -> Any:
    """The schema with its references led to the components."""
    if isinstance(schema, list):
        return [_schema(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    out: Document = {}
    for keyword, value in schema.items():
        if keyword == "refined":
            out[REFINED] = value
        elif keyword == "$ref":
            out[keyword] = _COMPONENTS + component(value.removeprefix(_DEFINITIONS))
        elif keyword == "properties":
            out[keyword] = {name: _schema(child) for name, child in value.items()}
        else:
            out[keyword] = _schema(value)
    return out
