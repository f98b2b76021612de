"""Reads OpenAPI documents, such as Flink's own (`rest_v1_dispatcher.yml`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from flinkmock.contract.importing.description import DescribedOperation, Description, parameter_entry
from flinkmock.contract.importing.soundness import reject_endless
from flinkmock.contract.openapi import COMPONENT_PREFIX
from flinkmock.contract.schema_branches import allowing_null, json_type_of
from flinkmock.errors import ImportRejected

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_METHODS = ("get", "post", "put", "patch", "delete")
ANNOTATIONS = frozenset(
    ("discriminator", "title", "description", "example", "examples", "default", "deprecated", "readOnly", "writeOnly",
     "externalDocs", "xml", "nullable")
)  # fmt: skip
"""Keywords that don't change which values are valid, and `nullable`.

The discriminator can be derived from the subclasses.
"""


def read_document(text: str) -> Mapping[str, Any] | None:
    """Parse an OpenAPI document in YAML or JSON.

    Returns:
        None if the text is not an OpenAPI document.

    Raises:
        yaml.YAMLError, ValueError, RecursionError: The text is broken, or nested too deeply.
        ImportRejected: The document has another version of OpenAPI, or its paths are not a mapping.
    """
    if text.lstrip().startswith("{"):
        document = json.loads(text)
    else:
        document = yaml.load(text, _LOADER) if re.search(r"^['\"]?(openapi|swagger)['\"]?\s*:", text, re.M) else None
    if not isinstance(document, Mapping):
        return None
    if "swagger" in document:
        raise ImportRejected(f"It is a document of Swagger {document['swagger']}. Convert it to OpenAPI 3 first.")
    if "openapi" not in document:
        return None
    if not str(document["openapi"]).startswith("3."):
        raise ImportRejected(f"It is a document of OpenAPI {document['openapi']}; flinkmock reads OpenAPI 3.")
    if not isinstance(document.get("paths", {}), Mapping):
        raise ImportRejected("Its `paths` is not a mapping from paths to operations.")
    return document


def dereferenced(entry: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameter, request body or response to which an entry refers. Other entries are returned unchanged.

    Raises:
        KeyError: The document lacks the target of a reference.
        AttributeError, TypeError: The target, or something on the way to it, is not a mapping.
        ImportRejected: A reference refers to itself, directly or through others.
    """
    followed: set[str] = set()
    while "$ref" in entry:
        reference = entry["$ref"]
        if reference in followed:
            raise ImportRejected(f"The reference {reference} refers to itself.")
        followed.add(reference)
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        entry = target
    return entry


def read_openapi(document: Mapping[str, Any]) -> Description:
    """Return the operations of a document.

    Raises:
        KeyError: The document refers to something that it does not contain, or lacks a mandatory entry.
        AttributeError, TypeError, ValueError, RecursionError: The document does not have the structure of an OpenAPI
            document, or a schema contains itself.
        ImportRejected: A reference or a schema refers only to itself, or an operation has no success response.
    """
    components = _components(document)
    description = Description("OpenAPI document", definitions=_definitions(components))
    for name in description.definitions:
        reject_endless(name, description.definitions)
    for path, method, entry, parameters in operations_of(document):
        description.operations.append(_operation(method, path, entry, parameters, components))
    return description


class DocumentOperation(NamedTuple):
    """An operation of a document, without references to parameters, request bodies and responses.

    Attributes:
        path: The path with colons (":jobid").
        method: The method in upper case.
        entry: The operation object of the document.
        parameters: The path and query parameters of the operation and of its path item, and path parameters that are
            in the path but not declared.
    """

    path: str
    method: str
    entry: Mapping[str, Any]
    parameters: list[Any]


def operations_of(document: Mapping[str, Any]) -> Iterator[DocumentOperation]:
    """Yield the operations of a document.

    Raises:
        KeyError, AttributeError, TypeError, ImportRejected: See `read_openapi`.
    """
    for path, item in document["paths"].items():
        for method, entry in item.items():
            if method in _METHODS:
                listed_parameters = [*item.get("parameters", ()), *entry.get("parameters", ())]
                resolved = [dereferenced(parameter, document) for parameter in listed_parameters]
                # A parameter of an operation overrides the parameter with the same name of the path item.
                parameters = list({(parameter["in"], parameter["name"]): parameter for parameter in resolved}.values())
                parameters = [parameter for parameter in parameters if parameter["in"] in ("path", "query")]
                declared = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
                parameters += [
                    {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                    for name in re.findall(r"\{([^/}]+)\}", path)
                    if name not in declared
                ]
                resolved_entry = _resolved(entry, document, f"{method.upper()} {path}")
                colon_path = re.sub(r"\{([^/}]+)\}", r":\1", path)
                yield DocumentOperation(colon_path, method.upper(), resolved_entry, parameters)


def _resolved(entry: Mapping[str, Any], document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    responses = {str(code): dereferenced(response, document) for code, response in entry["responses"].items()}
    if not any(re.fullmatch(r"2\d\d", code) for code in responses):
        raise ImportRejected(f"{name} has no success response (a status from 200 to 299).")
    resolved = {**entry, "responses": responses}
    if "requestBody" in entry:
        resolved["requestBody"] = dereferenced(entry["requestBody"], document)
    return resolved


_VALUE_SCHEMAS: tuple[tuple[frozenset[str], Mapping[str, Any]], ...] = (
    (frozenset({"bytes", "lowerPart", "upperPart"}), {"type": "string", "pattern": "[0-9a-f]{32}"}),  # AbstractID
    (frozenset({"byteArray"}), {"type": "string", "format": "byte"}),  # SerializedValue
)
"""Properties of a Java class, and the schema of the value that Jackson writes for an object of it.

Flink's document wrongly describes such objects with these properties.
"""


def _components(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the schemas of the document, with the values that Jackson writes for some classes."""
    components = dict(document.get("components", {}).get("schemas", {}))
    for name, schema in components.items():
        properties = frozenset(schema.get("properties", ()))
        components[name] = next((value for keys, value in _VALUE_SCHEMAS if keys == properties), schema)
    if "ResourceID" in components:  # Flink's document says 32 hexadecimal digits, but any text is possible.
        components["ResourceID"] = {"type": "string"}
    return components


def _definitions(components: Mapping[str, Any]) -> dict[str, Any]:
    """Return two definitions of each class: as Flink writes it, and with the suffix "@request" as Flink reads it."""
    written = {name: _convert(schema, components, "") for name, schema in components.items()}
    read = {f"{name}@request": _convert(schema, components, "@request") for name, schema in components.items()}
    return written | read


def _operation(
    method: str, path: str, entry: Mapping[str, Any], parameters: list[Any], components: Mapping[str, Any]
) -> DescribedOperation:
    responses = {
        int(code): response for code, response in entry["responses"].items() if code.isdecimal() and code[0] == "2"
    }
    operation = DescribedOperation(method, path, min(responses), id=entry.get("operationId"))
    for parameter in parameters:
        converted = operation.query_parameters if parameter["in"] == "query" else operation.path_parameters
        converted.append(read_parameter(parameter, components))
    content = content_of(entry.get("requestBody", {}))
    if "application/json" in content:
        operation.request = _convert(content["application/json"].get("schema", {}), components, "@request")
    elif content:  # a jar, or a multipart body with the JSON in its part `request`
        operation.file_upload = True
        form_fields = content.get("multipart/form-data", {}).get("schema", {}).get("properties", {})
        if "request" in form_fields:
            operation.request = _convert(form_fields["request"], components, "@request")
    response = content_of(responses[operation.status])
    if "application/json" in response:
        operation.response = _convert(response["application/json"].get("schema", {}), components, "")
    elif not response:
        operation.response = {"type": "object", "properties": {}, "required": []}
    return operation


def content_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `content` of a body by content type, without parameters such as a charset."""
    return {name.partition(";")[0].strip(): media for name, media in (entry.get("content") or {}).items()}


def read_parameter(entry: Mapping[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of a parameter in a schema file.

    Except for enums and integers, Flink's description of a parameter is more precise than its schema.
    """
    schema = entry.get("schema", {})
    if "allOf" in schema:
        schema = merged_all_of(schema, components)
    java_type = schema.get("$ref", "").removeprefix(COMPONENT_PREFIX)
    schema = components.get(java_type, schema)
    sentence = " ".join(entry.get("description", "").split())
    is_required, is_query = entry.get("required", False), entry["in"] == "query"
    converted = parameter_entry(entry["name"], sentence, is_required=is_required, is_query=is_query)
    if "enum" in schema:
        converted |= {"type": "string", "enum": list(schema["enum"]), "case_insensitive": True, "java_type": "Enum"}
    elif schema.get("type") == "integer":
        converted |= {"type": "integer", "format": schema.get("format", "int32"), "java_type": "Integer"}
    return converted | ({"java_type": java_type} if java_type else {})


def _convert(schema: Mapping[str, Any], components: Mapping[str, Any], suffix: str) -> dict[str, Any]:
    """Convert a schema of OpenAPI 3.0 or 3.1 to JSON Schema 2020-12.

    The result has types, enums, formats, patterns, properties, items, references and alternatives. Other keywords, such
    as limits of numbers or lengths, are left out.
    """
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref'].removeprefix(COMPONENT_PREFIX)}{suffix}"}
    declared_types = _declared_types(schema)
    json_types = [name for name in declared_types if name != "null"]
    alternatives = schema.get("oneOf") or schema.get("anyOf")
    if alternatives is None and len(json_types) > 1:
        alternatives = [{**schema, "type": name} for name in json_types]
    if alternatives:
        branches = [_convert(branch, components, suffix) for branch in alternatives]
        converted = {"anyOf": branches} if len(branches) > 1 else branches[0]
    elif "allOf" in schema:
        return _convert(merged_all_of(schema, components), components, suffix)
    elif json_types:
        converted = _convert_values(schema, json_types[0], components, suffix)
    else:
        return {"type": "null"} if declared_types else {}
    is_nullable = schema.get("nullable") or "null" in declared_types or None in schema.get("enum", ())
    return allowing_null(converted) if is_nullable else converted


def _declared_types(schema: Mapping[str, Any]) -> list[str]:
    """Return the types of a schema; without `type`, the type that its other keywords imply.

    Since OpenAPI 3.1, `type` may be a list, possibly with "null".
    """
    declared = schema.get("type")
    if declared:
        return [declared] if isinstance(declared, str) else list(declared)
    if "properties" in schema or isinstance(schema.get("additionalProperties"), Mapping):
        return ["object"]
    if "items" in schema:
        return ["array"]
    return list(dict.fromkeys(json_type_of(value) for value in schema.get("enum", ())))


def _convert_values(
    schema: Mapping[str, Any], json_type: str, components: Mapping[str, Any], suffix: str
) -> dict[str, Any]:
    """Convert a schema of values of one type, without null."""
    converted: dict[str, Any] = {"type": json_type}
    if "enum" in schema:
        converted["enum"] = [value for value in schema["enum"] if value is not None]
    if schema.get("format") in ("int32", "int64", "double"):
        converted["format"] = schema["format"]
    elif schema.get("format") in ("binary", "byte"):
        converted["contentEncoding"] = "base64"
    if "pattern" in schema:
        converted["pattern"] = f"^{schema['pattern'].strip('^$')}$"
    if json_type == "array":
        converted["items"] = _convert(schema.get("items", {}), components, suffix)
    elif "properties" in schema:
        children = schema["properties"].items()
        converted["properties"] = {name: _convert(child, components, suffix) for name, child in children}
        converted["required"] = [name for name in schema.get("required", ()) if name in converted["properties"]]
    elif isinstance(schema.get("additionalProperties"), Mapping):
        converted["additionalProperties"] = _convert(schema["additionalProperties"], components, suffix)
    return converted


def merged_all_of(schema: Mapping[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without the `allOf` of `schema`.

    If there is only one part besides annotations, the part is returned, which may be a reference. Otherwise the
    keywords of all parts are united, those of ancestors first.
    """
    own_keywords = {name: value for name, value in schema.items() if name != "allOf"}
    parts = [part for part in (*schema["allOf"], own_keywords) if not ANNOTATIONS.issuperset(part)]
    if len(parts) == 1:
        merged = dict(parts[0])
    else:
        merged = {}
        properties: dict[str, Any] = {}
        required: dict[str, None] = {}
        for part in (_without_reference(part, components) for part in parts):
            merged |= {name: value for name, value in part.items() if name != "nullable"}
            properties |= part.get("properties", {})
            required |= dict.fromkeys(part.get("required", ()))
        if properties:
            merged |= {"type": "object", "properties": properties}
        if required:
            merged["required"] = list(required)
    if schema.get("nullable"):
        merged = {"anyOf": [merged]} if "$ref" in merged else merged  # keywords next to a reference are ignored
        merged["nullable"] = True
    return merged


def _without_reference(part: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema that a part of an `allOf` stands for, without a reference and without `allOf`."""
    if "$ref" in part:
        return _without_reference(components[part["$ref"].removeprefix(COMPONENT_PREFIX)], components)
    return _without_reference(merged_all_of(part, components), components) if "allOf" in part else part
