"""The OpenAPI 3.1 document of the control API, generated from the table of operations."""

from __future__ import annotations

from functools import cache
from typing import Any

from flinkmock.control.api import API_PREFIX, all_operations
from flinkmock.control.operation import JSON, YAML, ControlOperation
from flinkmock.control.schemas import COMPONENTS, ref

_ERROR_DESCRIPTIONS = {
    400: "The request is malformed, or a value is not allowed.",
    401: "The token is missing or wrong.",
    403: "The header `Host` or `Origin` is not allowed.",
    404: "There is no object with this name or id.",
    409: "The state of the cluster does not allow the operation.",
    413: "The body is too large.",
    422: "The scenario, job, fault or exception is invalid; `details` lists all mistakes.",
}
_STATUSES_OF_ALL_OPERATIONS = (400, 403, 413)


@cache
def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document as a JSON object."""
    from flinkmock import __version__

    paths: dict[str, dict[str, Any]] = {}
    for operation in all_operations():
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "flinkmock control API",
            "version": __version__,
            "description": "Drives a fake Flink cluster from any language: time, jobs, faults, journal, scenario.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": API_PREFIX}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": COMPONENTS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: ControlOperation) -> dict[str, Any]:
    document: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": {str(operation.status): _response(operation)},
    }
    if operation.takes_scenario:
        document["requestBody"] = {
            "required": False,
            "content": {YAML: {"schema": {"type": "string"}}, JSON: {"schema": {"type": "object"}}},
        }
    elif operation.body is not None:
        document["requestBody"] = {
            "required": bool(operation.body.get("required")) or "minProperties" in operation.body,
            "content": {content_type: {"schema": operation.body} for content_type in operation.consumes},
        }
    statuses = {*_STATUSES_OF_ALL_OPERATIONS, *operation.errors}
    if operation.is_public:
        document["security"] = []
    else:
        statuses.add(401)
    for status in sorted(statuses):
        error = {"description": _ERROR_DESCRIPTIONS[status], "content": {JSON: {"schema": ref("Error")}}}
        document["responses"][str(status)] = error
    return document


def _response(operation: ControlOperation) -> dict[str, Any]:
    if operation.returns is None:
        return {"description": "Done."}
    content = {
        content_type: {"schema": operation.returns if content_type == JSON else {"type": "string"}}
        for content_type in operation.produces
    }
    return {"description": operation.summary, "content": content}


def _path_parameters(operation: ControlOperation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in operation.path_parameters
    ]


def _query_parameters(operation: ControlOperation) -> list[dict[str, Any]]:
    parameters = []
    for parameter in operation.query:
        schema = dict(parameter.schema)
        if parameter.default is not None:
            schema["default"] = parameter.default
        parameters.append(
            {"name": parameter.name, "in": "query", "description": parameter.description, "schema": schema}
        )
    return parameters
