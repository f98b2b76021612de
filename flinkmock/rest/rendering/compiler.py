"""Compiles schemas into functions that render payloads.

A payload has the keys of all releases. The schema decides which of them a body has, in which order and of which type.
Keys without a schema are dropped; required keys that the payload lacks get placeholders.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from flinkmock.contract.schema_branches import Definitions, allowed_types, alternatives, best_branch, resolve
from flinkmock.flink.java_format import java_double
from flinkmock.rest.rendering.placeholders import FieldPath, PlaceholderSource, pointer

Schema = Mapping[str, Any]
RenderFunction = Callable[[Any, FieldPath, PlaceholderSource], Any]
"""Renders a value: (value in the payload, its path, source of placeholders) -> value in the body."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()
"""Stands for a value that the payload lacks."""

DISCRIMINATOR_NAMES = ("className", "@class")
"""The names of the property whose constant selects one of several schemas; Flink renamed it in 1.15. Payloads may have
either name."""


class SchemaMismatch(Exception):
    """A value does not fit its schema. `pointer` is its JSON pointer."""

    def __init__(self, pointer: str, expected: str, value: Any) -> None:
        self.pointer, self.expected, self.value = pointer, expected, value
        super().__init__(f"{pointer or '(the whole body)'}: expected {expected}, the value is {value!r:.200}")


class Compiler:
    """Compiles the schemas of one contract. Each definition is compiled once."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._compiled: dict[str, RenderFunction] = {}
        self._being_compiled: list[str] = []

    def compile(self, schema: Schema) -> RenderFunction:
        """Return a function that renders the values of a schema. It raises SchemaMismatch."""
        if "$ref" in schema:
            return self._reference(schema["$ref"].removeprefix("#/$defs/"))
        branches = alternatives(schema)
        if branches:
            return self._alternative(list(branches))
        json_types = allowed_types(schema)
        if "const" in schema or "enum" in schema:
            return _literal(schema)
        if "object" in json_types:
            return _nullable(self._object(schema), json_types)
        if "array" in json_types:
            return _nullable(self._array(schema), json_types)
        return _leaf(schema, json_types)

    def _reference(self, name: str) -> RenderFunction:
        if name in self._being_compiled:  # recursive: its function exists when this function is called
            return lambda value, path, placeholders: self._compiled[name](value, path, placeholders)
        if name not in self._compiled:
            self._being_compiled.append(name)
            self._compiled[name] = self.compile(self._definitions[name])
            self._being_compiled.pop()
        return self._compiled[name]

    def _is_recursive(self, schema: Schema) -> bool:
        """Return whether a schema refers to a definition that is being compiled."""
        return schema.get("$ref", "").removeprefix("#/$defs/") in self._being_compiled

    def _alternative(self, branches: list[Schema]) -> RenderFunction:
        """Compile several schemas, of which a value has to fit one."""
        if len(branches) == 2 and allowed_types(branches[1]) == {"null"}:
            return _or_null(self.compile(branches[0]), branches[1])
        render_functions = [self.compile(branch) for branch in branches]
        definitions = self._definitions
        constants = branch_by_constant([resolve(branch, definitions) for branch in branches])

        def alternative(value: Any, path: FieldPath, placeholders: PlaceholderSource) -> Any:
            if value is MISSING:
                return render_functions[0](value, path, placeholders)
            if constants and isinstance(value, Mapping):
                for name in DISCRIMINATOR_NAMES:
                    if name in value:
                        if value[name] not in constants:
                            raise SchemaMismatch(pointer((path, name)), " or ".join(constants), value[name])
                        return render_functions[constants[value[name]]](value, path, placeholders)
            json_value = _quoted_if_not_finite(value)
            return render_functions[best_branch(branches, json_value, definitions)](json_value, path, placeholders)

        return alternative

    def _object(self, schema: Schema) -> RenderFunction:
        if "properties" not in schema or (not schema["properties"] and "propertyNames" in schema):
            return self._map(schema)
        required_names = set(schema.get("required", ()))
        # a property that is known only from a description may be null, even if its schema does not allow it
        nullable = frozenset(schema.get("unconfirmed", ()))
        fields = [
            (name, name in required_names, self.compile(child), self._is_recursive(child))
            for name, child in schema["properties"].items()
        ]
        # keys without a schema have no order, so they are dropped even if `additionalProperties` allows them

        def render(payload: Any, path: FieldPath, placeholders: PlaceholderSource) -> dict[str, Any]:
            if payload is MISSING:
                payload = _EMPTY
            elif not isinstance(payload, Mapping):
                raise SchemaMismatch(pointer(path), "object", payload)
            result: dict[str, Any] = {}
            for name, is_required, render_child, is_recursive in fields:
                value = payload.get(name, MISSING)
                if value is MISSING:
                    if not is_required:
                        continue
                    if is_recursive:
                        raise SchemaMismatch(pointer((path, name)), "a value (the schema is recursive here)", value)
                elif value is None and name in nullable:
                    result[name] = None
                    continue
                elif value is None and not is_required:
                    with suppress(SchemaMismatch):  # if null is not allowed, this release leaves the key out
                        result[name] = render_child(None, (path, name), placeholders)
                    continue
                result[name] = render_child(value, (path, name), placeholders)
            return result

        return render

    def _map(self, schema: Schema) -> RenderFunction:
        """Compile an object whose keys the schema does not list: `propertyNames`, `additionalProperties`, or any."""
        names: Schema = schema.get("propertyNames", {})
        values = schema.get("additionalProperties")
        if schema.get("maxProperties") == 0:
            return lambda payload, path, placeholders: {}
        if not isinstance(values, Mapping):
            return _raw
        render_child = self.compile(values)
        allowed = frozenset(names["enum"]) if "enum" in names else None
        required: tuple[str, ...] = tuple(schema.get("required", ()))

        def render(payload: Any, path: FieldPath, placeholders: PlaceholderSource) -> dict[str, Any]:
            if payload is MISSING:
                if required or allowed:
                    payload = _EMPTY
                else:
                    keys = [placeholders.name(names, (path, index)) for index in range(placeholders.length(path))]
                    payload = dict.fromkeys(keys, MISSING)
            elif not isinstance(payload, Mapping):
                raise SchemaMismatch(pointer(path), "object", payload)
            if allowed is None:
                return {key: render_child(value, (path, key), placeholders) for key, value in payload.items()}
            result = {
                key: render_child(value, (path, key), placeholders) for key, value in payload.items() if key in allowed
            }
            for key in required:
                if key not in result:
                    result[key] = render_child(MISSING, (path, key), placeholders)
            return result

        return render

    def _array(self, schema: Schema) -> RenderFunction:
        render_child = self.compile(schema.get("items", {}))
        is_recursive = self._is_recursive(schema.get("items", {}))

        def render(payload: Any, path: FieldPath, placeholders: PlaceholderSource) -> list[Any]:
            if payload is MISSING:
                payload = [MISSING] * (0 if is_recursive else placeholders.length(path))
            elif isinstance(payload, (str, Mapping)) or not hasattr(payload, "__iter__"):
                raise SchemaMismatch(pointer(path), "array", payload)
            return [render_child(value, (path, index), placeholders) for index, value in enumerate(payload)]

        return render


_EMPTY: Mapping[str, Any] = {}


def _raw(value: Any, path: FieldPath, placeholders: PlaceholderSource) -> Any:
    """Return a value unchanged: JSON without a schema, such as the `plan` of a job (Flink's class JobPlanInfo.RawJson).

    A missing value becomes {}.
    """
    return {} if value is MISSING else value


def _quoted_if_not_finite(value: Any) -> Any:
    """Return NaN and infinities as Jackson's strings, and all other values unchanged."""
    return java_double(value) if type(value) is float and not math.isfinite(value) else value


def branch_by_constant(branches: list[Schema]) -> dict[str, int]:
    """Return constant of the discriminator -> index of its branch; {} if a branch has no discriminator."""
    constants = [
        child["const"] for branch in branches for child in branch.get("properties", {}).values() if "const" in child
    ]
    return {constant: index for index, constant in enumerate(constants)} if len(constants) == len(branches) else {}


def _or_null(render: RenderFunction, null_schema: Schema) -> RenderFunction:
    def or_null(value: Any, path: FieldPath, placeholders: PlaceholderSource) -> Any:
        if value is None:
            return None
        return placeholders.leaf(null_schema, path) if value is MISSING else render(value, path, placeholders)

    return or_null


def _nullable(render: RenderFunction, json_types: frozenset[str]) -> RenderFunction:
    return _or_null(render, {"type": "null"}) if "null" in json_types else render


def _literal(schema: Schema) -> RenderFunction:
    constant = schema.get("const", MISSING)
    if constant is not MISSING:
        return lambda value, path, placeholders: constant
    allowed = tuple(schema["enum"])

    def render(value: Any, path: FieldPath, placeholders: PlaceholderSource) -> Any:
        if value is MISSING:
            return placeholders.leaf(schema, path)
        if value not in allowed:
            raise SchemaMismatch(pointer(path), " or ".join(map(str, allowed)), value)
        return value

    return render


def _leaf(schema: Schema, json_types: frozenset[str]) -> RenderFunction:
    if not json_types:
        return _raw
    conversions = _conversions(json_types)

    def render(value: Any, path: FieldPath, placeholders: PlaceholderSource) -> Any:
        try:
            return conversions[type(value)](value)
        except KeyError:
            if value is MISSING:
                return placeholders.leaf(schema, path)
            for python_type, convert in conversions.items():
                if isinstance(value, python_type) and not isinstance(value, bool):
                    return convert(value)
        except ValueError:
            pass
        raise SchemaMismatch(pointer(path), " or ".join(sorted(json_types)), value)

    return render


def _conversions(json_types: frozenset[str]) -> dict[type, Callable[[Any], Any]]:
    """Return Python type of a value -> its conversion to one of the JSON types."""
    table: dict[type, Callable[[Any], Any]] = {}
    if "string" in json_types:
        table[str] = str
    if "boolean" in json_types:
        table[bool] = bool
    if "null" in json_types:
        table[type(None)] = lambda _: None
    if "integer" in json_types:
        table[int] = int
        table[float] = _to_int
    if "number" in json_types:
        table[int] = float
        table[float] = _to_finite_float
    return table


def _to_int(value: float) -> int:
    """Return the value as an int. Raises ValueError for a fraction."""
    if not value.is_integer():
        raise ValueError
    return int(value)


def _to_finite_float(value: float) -> float:
    """Return the value. Raises ValueError for NaN and infinities, which are not JSON numbers."""
    if not math.isfinite(value):
        raise ValueError
    return float(value)
