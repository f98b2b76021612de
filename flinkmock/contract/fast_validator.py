"""Decides quickly whether a value is valid by a JSON Schema.

A schema is compiled into functions once. jsonschema gives the same result (`tests/contract/test_fast_validator.py`)
and describes the violations, but takes 50 times as long, and 50 ms for its import.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from flinkmock.contract.operation import Schema

Check = Callable[[Any], bool]

ANNOTATIONS = frozenset({
    "$defs", "$id", "$schema", "contentType", "default", "deprecated", "description", "examples", "java_type",
    "refined", "title",
})  # fmt: skip
"""Keywords that constrain nothing, like those that begin with x-."""
INT_RANGES = {"int32": range(-(2**31), 2**31), "int64": range(-(2**63), 2**63)}
"""Format -> the values of Java's int and long."""
_PREFIX = "#/$defs/"
_CLOSED_OBJECT = {"type", "properties", "required", "additionalProperties"}
_SCALAR = {"type", "format"}
_NULL = {"type": "null"}


class CompiledValidator:
    """Compiles schemas that share `definitions`.

    Args:
        definitions: The targets of `#/$defs/NAME`.
        as_written: Whether numbers must look as Jackson writes them: integers without a decimal point, doubles with
            one, int and long within their ranges.
        ordered: Whether keys must be in the order of the schema.
    """

    def __init__(self, definitions: Mapping[str, Schema], *, as_written: bool = False, ordered: bool = False) -> None:
        self._definitions = definitions
        self._as_written = as_written
        self._ordered = ordered
        self._by_name: dict[str, Check] = {}

    def check(self, schema: Schema) -> Check:
        """Return a function that validates a value.

        Raises:
            NotImplementedError: The schema has a keyword that this class doesn't support.
        """
        constraints = {name: value for name, value in schema.items() if not _is_annotation(name)}
        if (
            constraints.keys() == _CLOSED_OBJECT
            and constraints["type"] == "object"
            and constraints["additionalProperties"] is False
        ):
            return self._record(constraints["properties"], frozenset(constraints["required"]))
        if constraints.keys() == _SCALAR and constraints["type"] in ("integer", "number") and self._as_written:
            return _number(constraints["type"], constraints["format"])
        compiled = [self._keyword(name, value, schema) for name, value in constraints.items()]
        checks = [check for check in compiled if check is not None]
        if len(checks) == 1:
            return checks[0]

        def every(value: Any) -> bool:
            for check in checks:  # noqa: SIM110  a generator would be slower than the checks
                if not check(value):
                    return False
            return True

        return every

    def _keyword(self, name: str, argument: Any, schema: Schema) -> Check | None:
        match name:
            case "type":
                return self._type([argument] if isinstance(argument, str) else argument)
            case "$ref":
                return self._reference(argument.removeprefix(_PREFIX))
            case "enum":
                return _one_of(argument)
            case "const":
                return _one_of([argument])
            case "anyOf" | "oneOf":
                checks = [self.check(branch) for branch in argument if branch != _NULL]
                return _any_of(checks, or_null=len(checks) < len(argument))
            case "not":
                forbidden = self.check(argument)
                return lambda value: not forbidden(value)
            case "properties":
                return self._properties(argument)
            case "required":
                return lambda value: not isinstance(value, dict) or all(key in value for key in argument)
            case "additionalProperties":
                return self._additional_properties(argument, schema.get("properties", {}))
            case "propertyNames":
                matches = self.check(argument)
                return lambda value: not isinstance(value, dict) or all(map(matches, value))
            case "items":
                matches = self.check(argument)
                return lambda value: not isinstance(value, list) or all(map(matches, value))
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
        if name == "integer" and not self._as_written:
            # JSON Schema accepts 4.0 as an integer
            return lambda value: type(value) is int or (type(value) is float and value.is_integer())
        if name == "number":
            return lambda value: type(value) is int or type(value) is float
        python_type = _TYPES[name]
        return lambda value: type(value) is python_type

    def _reference(self, name: str) -> Check:
        if name not in self._by_name:
            # a definition may refer to itself, so its own references look the check up when they run
            known = dict(self._by_name)
            self._by_name[name] = lambda value: self._by_name[name](value)
            try:
                self._by_name[name] = self.check(self._definitions[name])
            except NotImplementedError:
                self._by_name = known  # removes references to a check that does not exist
                raise
        return self._by_name[name]

    def _record(self, properties: Mapping[str, Schema], required: frozenset[str]) -> Check:
        """Return a check of an object with only these keys, in one pass. Most objects of Flink are like this."""
        checks = {name: (index, self.check(schema)) for index, (name, schema) in enumerate(properties.items())}
        ordered = self._ordered

        def fit(value: Any) -> bool:
            if type(value) is not dict or not required <= value.keys():
                return False
            last = -1
            for name, field in value.items():
                entry = checks.get(name)
                if entry is None:
                    return False
                index, check = entry
                if (ordered and index < last) or not check(field):
                    return False
                last = index
            return True

        return fit

    def _properties(self, properties: Mapping[str, Schema]) -> Check:
        checks = {name: self.check(schema) for name, schema in properties.items()}
        indices = {name: index for index, name in enumerate(properties)}
        ordered = self._ordered

        def fit(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            last = -1
            for name, field in value.items():
                check = checks.get(name)
                if check is None:
                    continue
                if not check(field):
                    return False
                if ordered:
                    if indices[name] < last:
                        return False
                    last = indices[name]
            return True

        return fit

    def _additional_properties(self, schema: bool | Schema, properties: Collection[str]) -> Check | None:
        if schema is True:
            return None
        if schema is False:
            names = frozenset(properties)
            return lambda value: not isinstance(value, dict) or names.issuperset(value)
        matches = self.check(schema)
        return lambda value: (
            not isinstance(value, dict)
            or all(matches(field) for name, field in value.items() if name not in properties)
        )

    def _format(self, name: str) -> Check | None:
        if not self._as_written:
            return None
        if name == "double":
            return lambda value: type(value) is not int
        allowed = INT_RANGES.get(name)
        return None if allowed is None else (lambda value: type(value) is not int or value in allowed)


_TYPES = {"integer": int, "object": dict, "array": list, "string": str, "boolean": bool}
_MEASURES: Mapping[str, tuple[tuple[type, ...], Callable[[Any], Any]]] = {
    "Length": ((str,), len),
    "Items": ((list,), len),
    "Properties": ((dict,), len),
    "imum": ((int, float), lambda value: value),
}
"""Suffix of a keyword -> the types that it constrains, and the function of the value that it limits."""


def _is_annotation(keyword: str) -> bool:
    return keyword in ANNOTATIONS or keyword.startswith("x-")


def _bound(name: str, limit: Any) -> Check:
    measured = name[3:]
    if name[:3] not in ("min", "max") or measured not in _MEASURES:
        raise NotImplementedError(f"the keyword {name}")
    types, measure = _MEASURES[measured]
    if name.startswith("min"):
        return lambda value: type(value) not in types or measure(value) >= limit
    return lambda value: type(value) not in types or measure(value) <= limit


def _one_of(values: Sequence[Any]) -> Check:
    if all(isinstance(value, str) for value in values):
        words = frozenset(values)
        return lambda value: isinstance(value, str) and value in words
    # 1 == True in Python, but not in JSON
    return lambda value: any(
        value == allowed and (type(value) is bool) == (type(allowed) is bool) for allowed in values
    )


def _number(json_type: str, number_format: str) -> Check:
    """Return a check of a number as Jackson writes it. Raises NotImplementedError for a format that Java lacks."""
    if json_type == "number" and number_format == "double":
        return lambda value: type(value) is float
    if json_type != "integer" or number_format not in INT_RANGES:
        raise NotImplementedError(f"the format {number_format} of {json_type}")
    low, high = INT_RANGES[number_format][0], INT_RANGES[number_format][-1]
    return lambda value: type(value) is int and low <= value <= high


def _any_of(checks: Sequence[Check], *, or_null: bool) -> Check:
    if not checks:
        return lambda value: or_null and value is None
    if len(checks) == 1:
        [check] = checks
        return (lambda value: value is None or check(value)) if or_null else check

    def some(value: Any) -> bool:
        if or_null and value is None:
            return True
        for check in checks:  # noqa: SIM110  a generator would be slower than the checks
            if check(value):
                return True
        return False

    return some


def is_base64(value: Any) -> bool:
    """Return whether a string is base64; True for values of other types."""
    if not isinstance(value, str):
        return True
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
