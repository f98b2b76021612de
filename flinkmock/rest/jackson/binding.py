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
from flinkmock.contract.one_of import types
from flinkmock.contract.operation import ALIASES
from flinkmock.flink import messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.error_responses import RequestRejected, internal, rest
from flinkmock.rest.jackson import class_names
from flinkmock.rest.jackson.coercion import Scalars, fail, token_of
from flinkmock.rest.jackson.parser import JACKSON, JacksonError, parse, too_deep
from flinkmock.rest.jackson.scanner import Pairs
from flinkmock.rest.release_quirks import ReleaseQuirks

_UNRECOGNIZED = f"{JACKSON}.databind.exc.UnrecognizedPropertyException"
_INSTANTIATION = f"{JACKSON}.databind.exc.ValueInstantiationException"
_ONLY_FIELD = {"JobClientHeartbeatRequestBody": "expiredTimestamp"}
"""Class that is read from a bare number (1.17 to 1.19) -> the field that the number sets."""


class BodyReader:
    """Reads the bodies of one release."""

    def __init__(self, contract: Contract, quirks: ReleaseQuirks) -> None:
        self._definitions = contract.definitions
        self._unknown_fails = contract.jackson_features["fail_on_unknown_properties"]
        self._version = quirks.jackson
        self._classes = class_names.of(contract.release)
        self._scalars = Scalars(quirks)

    def read(self, operation: Operation, raw: bytes) -> dict[str, Any] | None:
        """Return the known fields of a body, converted, including nulls; {} for an empty body, None for `null`.

        Raises:
            RequestRejected: The body can't be read.
        """
        if not raw and operation.request is None:
            return {}
        name = _name(operation.request["$ref"]) if operation.request else "EmptyRequestBody"
        try:
            value = parse(raw or b"{}", self._version)
            return None if value is None else self._nested(name, value)
        except JacksonError as error:
            if error.fatal:
                raise RequestRejected(internal(error.exception)) from None
            text = messages.unexpected_format(name) if raw else messages.NO_BODY
            raise RequestRejected(rest(400, text, error.exception)) from None

    def _nested(self, name: str, value: Any) -> dict[str, Any]:
        try:
            return self._top(name, value)
        except RecursionError:  # only a recursive class of an imported release
            raise too_deep() from None

    def _top(self, name: str, value: Any) -> dict[str, Any]:
        schema = self._definitions.get(f"{name}@request", {"type": "object", "properties": {}})
        if name in _ONLY_FIELD and "properties" not in schema:
            if isinstance(value, Pairs):
                self._scalars.no_creator(self._classes[name])
            return {_ONLY_FIELD[name]: self._value(schema, value, "")}
        return self._bean(name, schema, value, "")

    def _bean(self, name: str, schema: Schema, value: Any, path: str) -> dict[str, Any]:
        java_class = self._classes[name]
        if "properties" not in schema and "additionalProperties" not in schema:
            # an imported release, whose description doesn't list the fields
            bare: dict[str, Any] = plain(value)
            return bare
        if not isinstance(value, Pairs):
            self._scalars.not_constructible(java_class, value, path)
        path = path or java_class
        others = schema.get("additionalProperties")
        if isinstance(others, Mapping):
            return self._by_id(others, value, path)
        properties: Schema = schema["properties"]
        bean: dict[str, Any] = {}
        unknown = []
        for field, child in value:
            known = field if field in properties else ALIASES.get(field, field)
            if known in properties:
                bean[known] = self._value(properties[known], child, f'{path}["{field}"]')
            else:
                unknown.append(field)
        for field in schema.get("required", ()):
            if field not in bean:
                self._value(properties[field], None, f'{path}["{field}"]')
        if unknown and self._unknown_fails:
            self._unrecognized(unknown[0], java_class, tuple(properties), path)
        return bean

    def _by_id(self, schema: Schema, pairs: Pairs, path: str) -> dict[str, Any]:
        """Read a class that is a map with ids as keys: JobResourceRequirementsBody."""
        entries = {}
        for key, child in pairs:
            here = f'{path}["{key}"]'
            vertex_id = self._scalars.id(key, here)
            entries[vertex_id] = None if child is None else self._value(schema, child, here)  # Java's maps hold nulls
        return entries

    def _value(self, schema: Schema, value: Any, path: str) -> Any:
        name, schema, nullable = self._resolved(schema)
        if value is None:
            return None if nullable else self._null(name, schema, path)
        if "enum" in schema:
            return self._scalars.enum(self._classes[name], schema["enum"], value, path)
        kind = next(iter(sorted(types(schema) - {"null"})), "any")
        match kind:
            case "boolean":
                return self._scalars.boolean(value, path, nullable=nullable)
            case "integer":
                return self._scalars.integer(value, path, is_long=schema.get("format") == "int64", nullable=nullable)
            case "number" | "any":  # only in schemas of imported releases
                return plain(value)
            case "array":
                return self._list(schema["items"], value, path)
            case "object" if name:
                return self._bean(name, schema, value, path)
            case "object":
                return self._map(schema, value, path)
        if "pattern" in schema:
            return self._scalars.id(self._scalars.string(value, path), path)
        if "contentEncoding" in schema:
            return self._scalars.base64(value, path)
        return self._scalars.string(value, path)

    def _resolved(self, schema: Schema) -> tuple[str, Schema, bool]:
        """Return the name of the class ("" if there is none), its schema, and whether null is allowed."""
        nullable = "anyOf" in schema
        if nullable:
            schema = next(alternative for alternative in schema["anyOf"] if alternative != {"type": "null"})
        name = ""
        if "$ref" in schema:
            name = _name(schema["$ref"])
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        return name, schema, nullable or "null" in schema.get("type", ())

    def _null(self, name: str, schema: Schema, path: str) -> NoReturn:
        if schema.get("type") in ("boolean", "integer"):
            self._scalars.null(schema["type"], path, is_long=schema.get("format") == "int64")
        # the constructors of the classes check their arguments
        text = f"Cannot construct instance of `{self._classes[name]}`, problem: null"
        fail(_INSTANTIATION, text, path, JavaException("java.lang.NullPointerException"))

    def _list(self, items: Schema, value: Any, path: str) -> list[Any]:
        if not isinstance(value, list) or isinstance(value, Pairs):
            element = self._classes[_name(items["$ref"])] if "$ref" in items else "java.lang.String"
            self._scalars.mismatch(f"java.util.ArrayList<{element}>", token_of(value), path)
        items = {"anyOf": [items, {"type": "null"}]}  # Java's lists may contain nulls
        return [self._value(items, child, f"{path}->java.util.ArrayList[{at}]") for at, child in enumerate(value)]

    def _map(self, schema: Schema, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, Pairs):
            self._scalars.not_constructible("java.util.LinkedHashMap", value, path)
        if "additionalProperties" not in schema:
            return {key: plain(child) for key, child in value}
        values = {"anyOf": [schema["additionalProperties"], {"type": "null"}]}
        return {key: self._value(values, child, f'{path}->java.util.LinkedHashMap["{key}"]') for key, child in value}

    def _unrecognized(self, field: str, java_class: str, known: tuple[str, ...], path: str) -> NoReturn:
        count = "one known property" if len(known) == 1 else f"{len(known)} known properties"
        listed = ", ".join(f'"{name}"' for name in known)
        text = f'Unrecognized field "{field}" (class {java_class}), not marked as ignorable ({count}: {listed}])'
        fail(_UNRECOGNIZED, text, f'{path}["{field}"]')


def plain(value: Any) -> Any:
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


def _name(reference: str) -> str:
    return reference.rpartition("/")[2].removesuffix("@request")
