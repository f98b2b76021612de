"""Reads request bodies as Jackson binds them to Flink's request classes.

See docs/flink-behaviour.md#request-bodies.

The request schema in the contract lists the fields of a class. Checks are in the order of Jackson, which creates the
classes by their constructors: fields in the order of the text, then missing primitives, then unknown fields.
`coercion.py` converts single values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from flinkmock.contract import Contract, Operation, Schema
from flinkmock.contract.operation import CURRENT_FIELD_NAMES
from flinkmock.contract.schema_branches import allowed_types
from flinkmock.flink import messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.error_responses import RestRequestRejected, internal_error, rest_error
from flinkmock.rest.jackson.class_names import java_classes_of
from flinkmock.rest.jackson.coercion import ScalarConverter, fail, token_of
from flinkmock.rest.jackson.parser import JACKSON, JacksonError, nesting_error, parse
from flinkmock.rest.jackson.scanner import Pairs
from flinkmock.rest.release_quirks import ReleaseQuirks

_UNRECOGNIZED_PROPERTY_EXCEPTION = f"{JACKSON}.databind.exc.UnrecognizedPropertyException"
_VALUE_INSTANTIATION_EXCEPTION = f"{JACKSON}.databind.exc.ValueInstantiationException"
_ONLY_FIELD = {"JobClientHeartbeatRequestBody": "expiredTimestamp"}
"""Class that is read from a bare number (1.17 to 1.19) -> the field that the number sets."""


class BodyReader:
    """Reads the bodies of one release.

    The `path` of a value is the reference chain in Jackson's messages: the class and the fields that lead to the value.
    """

    def __init__(self, contract: Contract, quirks: ReleaseQuirks) -> None:
        self._definitions = contract.definitions
        self._rejects_unknown_fields = contract.jackson_features["fail_on_unknown_properties"]
        self._jackson_version = quirks.jackson_version
        self._java_classes = java_classes_of(contract.release)
        self._converter = ScalarConverter(quirks)

    def read(self, operation: Operation, raw: bytes) -> dict[str, Any] | None:
        """Return the known fields of a body, converted, including nulls; {} for an empty body, None for `null`.

        Raises:
            RestRequestRejected: The body can't be read.
        """
        if not raw and operation.request is None:
            return {}
        name = _class_name(operation.request["$ref"]) if operation.request else "EmptyRequestBody"
        try:
            value = parse(raw or b"{}", self._jackson_version)
            return None if value is None else self._fields_of_body(name, value)
        except JacksonError as error:
            if error.is_fatal:
                raise RestRequestRejected(internal_error(error.exception)) from None
            text = messages.unexpected_format(name) if raw else messages.NO_BODY
            raise RestRequestRejected(rest_error(400, text, error.exception)) from None

    def _fields_of_body(self, name: str, value: Any) -> dict[str, Any]:
        """Return the fields of a body that isn't null. Raises JacksonError."""
        try:
            return self._fields_of_root_class(name, value)
        except RecursionError:  # only a recursive class of an imported release
            raise nesting_error() from None

    def _fields_of_root_class(self, name: str, value: Any) -> dict[str, Any]:
        """Return the fields of a body of the class `name`."""
        schema = self._definitions.get(f"{name}@request", {"type": "object", "properties": {}})
        if name in _ONLY_FIELD and "properties" not in schema:
            if isinstance(value, Pairs):
                self._converter.reject_object(self._java_classes[name])
            return {_ONLY_FIELD[name]: self._value(schema, value, "")}
        return self._fields_of_object(name, schema, value, "")

    def _fields_of_object(self, name: str, schema: Schema, value: Any, path: str) -> dict[str, Any]:
        """Return the converted fields of an object of the class `name`."""
        java_class = self._java_classes[name]
        if "properties" not in schema and "additionalProperties" not in schema:
            # an imported release, whose description doesn't list the fields
            body: dict[str, Any] = _pairs_as_dicts(value)
            return body
        if not isinstance(value, Pairs):
            self._converter.reject_non_object(java_class, value, path)
        path = path or java_class
        entry_schema = schema.get("additionalProperties")
        if isinstance(entry_schema, Mapping):
            return self._map_of_ids(entry_schema, value, path)
        properties: Schema = schema["properties"]
        fields: dict[str, Any] = {}
        unknown = []
        for field, child in value:
            property_name = field if field in properties else CURRENT_FIELD_NAMES.get(field, field)
            if property_name in properties:
                fields[property_name] = self._value(properties[property_name], child, f'{path}["{field}"]')
            else:
                unknown.append(field)
        for field in schema.get("required", ()):
            if field not in fields:  # a missing primitive is an error, as null is
                self._value(properties[field], None, f'{path}["{field}"]')
        if unknown and self._rejects_unknown_fields:
            self._reject_unknown_field(unknown[0], java_class, tuple(properties), path)
        return fields

    def _map_of_ids(self, schema: Schema, pairs: Pairs, path: str) -> dict[str, Any]:
        """Read a class that is a map with ids as keys: JobResourceRequirementsBody."""
        entries = {}
        for key, child in pairs:
            entry_path = f'{path}["{key}"]'
            vertex_id = self._converter.id(key, entry_path)
            # Java's maps may contain nulls
            entries[vertex_id] = None if child is None else self._value(schema, child, entry_path)
        return entries

    def _value(self, schema: Schema, value: Any, path: str) -> Any:
        """Return the value of a field, converted to the type that the schema requires."""
        name, schema, nullable = self._resolved(schema)
        if value is None:
            return None if nullable else self._reject_null(name, schema, path)
        if "enum" in schema:
            return self._converter.enum(self._java_classes[name], schema["enum"], value, path)
        json_type = next(iter(sorted(allowed_types(schema) - {"null"})), "any")
        match json_type:
            case "boolean":
                return self._converter.boolean(value, path, nullable=nullable)
            case "integer":
                return self._converter.integer(value, path, is_long=schema.get("format") == "int64", nullable=nullable)
            case "number" | "any":  # only in schemas of imported releases
                return _pairs_as_dicts(value)
            case "array":
                return self._list(schema["items"], value, path)
            case "object" if name:
                return self._fields_of_object(name, schema, value, path)
            case "object":
                return self._map(schema, value, path)
        if "pattern" in schema:
            return self._converter.id(self._converter.string(value, path), path)
        if "contentEncoding" in schema:
            return self._converter.base64(value, path)
        return self._converter.string(value, path)

    def _resolved(self, schema: Schema) -> tuple[str, Schema, bool]:
        """Return the name of the class ("" if there is none), its schema, and whether null is allowed."""
        nullable = "anyOf" in schema
        if nullable:
            schema = next(alternative for alternative in schema["anyOf"] if alternative != {"type": "null"})
        name = ""
        if "$ref" in schema:
            name = _class_name(schema["$ref"])
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        return name, schema, nullable or "null" in schema.get("type", ())

    def _reject_null(self, name: str, schema: Schema, path: str) -> NoReturn:
        """Reject null for a primitive, or for a class whose constructor does not accept it."""
        if schema.get("type") in ("boolean", "integer"):
            self._converter.reject_null(schema["type"], path, is_long=schema.get("format") == "int64")
        text = f"Cannot construct instance of `{self._java_classes[name]}`, problem: null"
        fail(_VALUE_INSTANTIATION_EXCEPTION, text, path, JavaException("java.lang.NullPointerException"))

    def _list(self, items: Schema, value: Any, path: str) -> list[Any]:
        if not isinstance(value, list) or isinstance(value, Pairs):
            element = self._java_classes[_class_name(items["$ref"])] if "$ref" in items else "java.lang.String"
            self._converter.reject_token(f"java.util.ArrayList<{element}>", token_of(value), path)
        items = {"anyOf": [items, {"type": "null"}]}  # Java's lists may contain nulls
        return [self._value(items, child, f"{path}->java.util.ArrayList[{index}]") for index, child in enumerate(value)]

    def _map(self, schema: Schema, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, Pairs):
            self._converter.reject_non_object("java.util.LinkedHashMap", value, path)
        if "additionalProperties" not in schema:
            return {key: _pairs_as_dicts(child) for key, child in value}
        values = {"anyOf": [schema["additionalProperties"], {"type": "null"}]}
        return {key: self._value(values, child, f'{path}->java.util.LinkedHashMap["{key}"]') for key, child in value}

    def _reject_unknown_field(self, field: str, java_class: str, known_names: tuple[str, ...], path: str) -> NoReturn:
        count = "one known property" if len(known_names) == 1 else f"{len(known_names)} known properties"
        listed = ", ".join(f'"{name}"' for name in known_names)
        text = f'Unrecognized field "{field}" (class {java_class}), not marked as ignorable ({count}: {listed}])'
        fail(_UNRECOGNIZED_PROPERTY_EXCEPTION, text, f'{path}["{field}"]')


def _pairs_as_dicts(value: Any) -> Any:
    """Return a parsed JSON value with dicts instead of Pairs, without recursion: Jackson reads 1,000 levels."""
    result: list[Any] = [value]
    pending: list[tuple[Any, Any]] = [(result, 0)]
    while pending:
        container, key = pending.pop()
        element = container[key]
        if isinstance(element, Pairs):
            container[key] = dict(element)
            pending.extend((container[key], name) for name in container[key])
        elif isinstance(element, list):
            container[key] = list(element)
            pending.extend((container[key], index) for index in range(len(element)))
    return result[0]


def _class_name(reference: str) -> str:
    return reference.rpartition("/")[2].removesuffix("@request")
