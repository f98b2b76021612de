"""Checks quickly whether a value conforms to a JSON Schema.

A schema is compiled into functions once. For JSON, jsonschema gives the same results
(tests/contract/test_fast_validator.py) and describes the violations, but takes 50 times as long, and 50 ms for its
import.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from flinkmock.contract.operation import Schema
from flinkmock.contract.schema_branches import DEFINITION_PREFIX

Check = Callable[[Any], bool]
"""Returns whether a value is valid."""

ANNOTATIONS = frozenset({
    "$defs", "$id", "$schema", "contentType", "default", "deprecated", "description", "examples", "refined", "title",
})  # fmt: skip
"""Keywords that don't constrain values. Neither do keywords that begin with x-.

`refined` is not a keyword of JSON Schema; `flinkmock.contract.openapi.EXTENSIONS` describes it.
"""
INT_RANGES = {"int32": range(-(2**31), 2**31), "int64": range(-(2**63), 2**63)}
"""The ranges of Java's int and long by format."""
_KEYWORDS_OF_CLOSED_OBJECT = {"type", "properties", "required", "additionalProperties"}
_KEYWORDS_OF_NUMBER = {"type", "format"}
_NULL = {"type": "null"}


class CompiledValidator:
    """Compiles schemas that share `definitions`.

    Args:
        definitions: The targets of `#/$defs/NAME`.
        requires_jackson_numbers: Whether numbers must look as Jackson writes them: integers without a decimal point,
            doubles with one, int and long within their ranges.
        requires_key_order: Whether keys must be in the order of the schema.
    """

    def __init__(
        self,
        definitions: Mapping[str, Schema],
        *,
        requires_jackson_numbers: bool = False,
        requires_key_order: bool = False,
    ) -> None:
        self._definitions = definitions
        self._requires_jackson_numbers = requires_jackson_numbers
        self._requires_key_order = requires_key_order
        self._checks: dict[str, Check] = {}

    def check(self, schema: Schema) -> Check:
        """Return a function that validates a value.

        Raises:
            NotImplementedError: The schema has a keyword that this class doesn't support.
        """
        constraints = {name: value for name, value in schema.items() if not _is_annotation(name)}
        if (
            constraints.keys() == _KEYWORDS_OF_CLOSED_OBJECT
            and constraints["type"] == "object"
            and constraints["additionalProperties"] is False
        ):
            return self._closed_object(constraints["properties"], frozenset(constraints["required"]))
        if constraints.keys() == _KEYWORDS_OF_NUMBER and self._requires_jackson_numbers:
            number_check = _java_number(constraints["type"], constraints["format"])
            if number_check is not None:
                return number_check
        keyword_checks = [self._keyword(name, value, schema) for name, value in constraints.items()]
        checks = [check for check in keyword_checks if check is not None]
        if len(checks) == 1:
            return checks[0]

        def is_valid(value: Any) -> bool:
            for check in checks:  # noqa: SIM110  a generator would be slower than the checks
                if not check(value):
                    return False
            return True

        return is_valid

    def _keyword(self, name: str, argument: Any, schema: Schema) -> Check | None:
        match name:
            case "type":
                return self._type([argument] if isinstance(argument, str) else argument)
            case "$ref":
                return self._reference(argument.removeprefix(DEFINITION_PREFIX))
            case "enum":
                return _equals_any(argument)
            case "const":
                return _equals_any([argument])
            case "anyOf" | "oneOf":  # no value matches two branches of a oneOf in Flink's schemas
                checks = [self.check(branch) for branch in argument if branch != _NULL]
                return _any_of(checks, or_null=len(checks) < len(argument))
            case "not":
                is_forbidden = self.check(argument)
                return lambda value: not is_forbidden(value)
            case "properties":
                return self._properties(argument)
            case "required":
                return lambda value: not isinstance(value, dict) or all(key in value for key in argument)
            case "additionalProperties":
                return self._additional_properties(argument, schema.get("properties", {}))
            case "propertyNames":
                is_valid_key = self.check(argument)
                return lambda value: not isinstance(value, dict) or all(map(is_valid_key, value))
            case "items":
                is_valid_item = self.check(argument)
                return lambda value: not isinstance(value, list) or all(map(is_valid_item, value))
            case "format":
                return self._format(argument)
            case "contentEncoding":
                return is_base64 if argument == "base64" else None
            case "pattern":
                search = re.compile(argument).search
                return lambda value: not isinstance(value, str) or search(value) is not None
            case _:
                return _bound(name, argument)

    def _type(self, names: Collection[str]) -> Check:
        checks = [self._one_type(name) for name in names if name != "null"]
        return _any_of(checks, or_null=len(checks) < len(names))

    def _one_type(self, name: str) -> Check:
        if name == "integer" and not self._requires_jackson_numbers:
            # JSON Schema accepts 4.0 as an integer.
            return lambda value: type(value) is int or (type(value) is float and value.is_integer())
        if name == "number":
            return lambda value: type(value) is int or type(value) is float
        python_type = _PYTHON_TYPES[name]
        return lambda value: type(value) is python_type

    def _reference(self, name: str) -> Check:
        if name not in self._checks:
            # A definition may refer to itself. Such a reference finds the check of the definition when it runs.
            checks_before = dict(self._checks)
            self._checks[name] = lambda value: self._checks[name](value)
            try:
                self._checks[name] = self.check(self._definitions[name])
            except NotImplementedError:
                self._checks = checks_before  # without checks that refer to this definition
                raise
        return self._checks[name]

    def _closed_object(self, properties: Mapping[str, Schema], required: frozenset[str]) -> Check:
        """Return a check of an object that allows no other keys. Most objects of Flink are like this."""
        checks_and_indices = {
            name: (self.check(schema), index) for index, (name, schema) in enumerate(properties.items())
        }
        requires_order = self._requires_key_order

        def is_valid(value: Any) -> bool:
            if type(value) is not dict or not required <= value.keys():
                return False
            last_index = -1
            for name, field in value.items():
                check_and_index = checks_and_indices.get(name)
                if check_and_index is None:
                    return False
                check, index = check_and_index
                if (requires_order and index < last_index) or not check(field):
                    return False
                last_index = index
            return True

        return is_valid

    def _properties(self, properties: Mapping[str, Schema]) -> Check:
        checks = {name: self.check(schema) for name, schema in properties.items()}
        indices = {name: index for index, name in enumerate(properties)}
        requires_order = self._requires_key_order

        def is_valid(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            last_index = -1
            for name, field in value.items():
                check = checks.get(name)
                if check is None:
                    continue
                if not check(field):
                    return False
                if requires_order:
                    if indices[name] < last_index:
                        return False
                    last_index = indices[name]
            return True

        return is_valid

    def _additional_properties(self, schema: bool | Schema, properties: Collection[str]) -> Check | None:
        if schema is True:
            return None
        if schema is False:
            names = frozenset(properties)
            return lambda value: not isinstance(value, dict) or names.issuperset(value)
        is_valid_field = self.check(schema)
        return lambda value: (
            not isinstance(value, dict)
            or all(is_valid_field(field) for name, field in value.items() if name not in properties)
        )

    def _format(self, name: str) -> Check | None:
        if not self._requires_jackson_numbers:
            return None
        if name == "double":
            return lambda value: type(value) is not int
        int_range = INT_RANGES.get(name)
        return None if int_range is None else (lambda value: type(value) is not int or value in int_range)


_PYTHON_TYPES = {"integer": int, "object": dict, "array": list, "string": str, "boolean": bool}


class _Bound(NamedTuple):
    """A keyword that limits the size of a value.

    Attributes:
        types: The Python types to which the keyword applies.
        size: Returns the size of a value that the keyword limits.
        is_minimum: Whether the limit is the smallest size that is allowed; otherwise it is the largest.
    """

    types: tuple[type, ...]
    size: Callable[[Any], Any]
    is_minimum: bool


def _size_of_number(number: float) -> float:
    return number


_BOUNDS: Mapping[str, _Bound] = {
    "minimum": _Bound((int, float), _size_of_number, is_minimum=True),
    "maximum": _Bound((int, float), _size_of_number, is_minimum=False),
    "minLength": _Bound((str,), len, is_minimum=True),
    "maxLength": _Bound((str,), len, is_minimum=False),
    "minItems": _Bound((list,), len, is_minimum=True),
    "maxItems": _Bound((list,), len, is_minimum=False),
    "minProperties": _Bound((dict,), len, is_minimum=True),
    "maxProperties": _Bound((dict,), len, is_minimum=False),
}


def _is_annotation(keyword: str) -> bool:
    return keyword in ANNOTATIONS or keyword.startswith("x-")


def _bound(name: str, limit: Any) -> Check:
    """Return a check that a size is within a limit. Raises NotImplementedError for a keyword that _BOUNDS lacks."""
    if name not in _BOUNDS:
        raise NotImplementedError(f"the keyword {name}")
    types, size, is_minimum = _BOUNDS[name]
    if is_minimum:
        return lambda value: type(value) not in types or size(value) >= limit
    return lambda value: type(value) not in types or size(value) <= limit


def _equals_any(values: Sequence[Any]) -> Check:
    if all(isinstance(value, str) for value in values):
        strings = frozenset(values)
        return lambda value: isinstance(value, str) and value in strings
    return lambda value: any(_equals(value, allowed) for allowed in values)


def _equals(value: Any, other: Any) -> bool:
    """Return whether two values are equal in JSON, in which 1 does not equal true, unlike in Python."""
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(_equals(field, other[name]) for name, field in value.items())
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(_equals, value, other))
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)


def _java_number(json_type: str | Sequence[str], number_format: str) -> Check | None:
    """Return a check of an int, long or double as Jackson writes it; None for other types and formats."""
    if json_type == "number" and number_format == "double":
        return lambda value: type(value) is float
    if json_type != "integer" or number_format not in INT_RANGES:
        return None
    minimum, maximum = INT_RANGES[number_format][0], INT_RANGES[number_format][-1]
    return lambda value: type(value) is int and minimum <= value <= maximum


def _any_of(checks: Sequence[Check], *, or_null: bool) -> Check:
    if not checks:
        return lambda value: or_null and value is None
    if len(checks) == 1:
        [check] = checks
        return (lambda value: value is None or check(value)) if or_null else check

    def is_valid(value: Any) -> bool:
        if or_null and value is None:
            return True
        for check in checks:  # noqa: SIM110  a generator would be slower than the checks
            if check(value):
                return True
        return False

    return is_valid


def is_base64(value: Any) -> bool:
    """Return whether a value is base64. Values of other types than a string are accepted."""
    if not isinstance(value, str):
        return True
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
