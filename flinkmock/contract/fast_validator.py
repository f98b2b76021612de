"""Whether a value is what a JSON Schema says, yes or no, and fast.

A schema is turned into functions once. Who wants to know what is wrong asks jsonschema, which says the same
(`tests/contract/test_quick.py`), takes fifty times as long, and half a tenth of a second to be imported.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

Check = Callable[[Any], bool]
Schema = Mapping[str, Any]

SILENT = frozenset({
    "$defs", "$id", "$schema", "contentType", "default", "deprecated", "description", "examples", "java_type",
    "refined", "title",
})  # fmt: skip
"""Keywords that refuse nothing; nor do those that begin with x-."""
INT_RANGES = {"int32": range(-(2**31), 2**31), "int64": range(-(2**63), 2**63)}
"""Format -> the values of Java's int and long."""
_PREFIX = "#/$defs/"
_WHOLE = {"type", "properties", "required", "additionalProperties"}
_SCALAR = {"type", "format"}
_NULL = {"type": "null"}


class CompiledValidator:
    """Makes checks of schemas that share `definitions`.

    Args:
        definitions: what `#/$defs/NAME` means.
        as_written: numbers are looked at as Jackson writes them: no integer has a decimal point, a double has one, int
            and long have their range.
        ordered: keys come in the order in which the schema has them.
    """

    def __init__(self, definitions: Mapping[str, Schema], *, as_written: bool = False, ordered: bool = False) -> None:
        self._definitions = definitions
        self._as_written = as_written
        self._ordered = ordered
        self._known: dict[str, Check] = {}

    def check(self, schema: Schema) -> Check:
        """Raises NotImplementedError for a schema with keywords that are not known here."""
        said = {name: value for name, value in schema.items() if not _silent(name)}
        if said.keys() == _WHOLE and said["type"] == "object" and said["additionalProperties"] is False:
            return self._record(said["properties"], frozenset(said["required"]))
        if said.keys() == _SCALAR and said["type"] in ("integer", "number") and self._as_written:
            return _number(said["type"], said["format"])
        found = [self._keyword(name, value, schema) for name, value in said.items()]
        checks = [check for check in found if check is not None]
        if len(checks) == 1:
            return checks[0]

        def every(value: Any) -> bool:
            for check in checks:  # noqa: SIM110  a generator would cost more than the checks
                if not check(value):
                    return False
            return True

        return every

    def _keyword(self, name: str, wanted: Any, schema: Schema) -> Check | None:
        match name:
            case "type":
                return self._type([wanted] if isinstance(wanted, str) else wanted)
            case "$ref":
                return self._reference(wanted.removeprefix(_PREFIX))
            case "enum":
                return _one_of(wanted)
            case "const":
                return _one_of([wanted])
            case "anyOf" | "oneOf":
                checks = [self.check(branch) for branch in wanted if branch != _NULL]
                return _any_of(checks, or_null=len(checks) < len(wanted))
            case "not":
                refused = self.check(wanted)
                return lambda value: not refused(value)
            case "properties":
                return self._properties(wanted)
            case "required":
                return lambda value: not isinstance(value, dict) or all(key in value for key in wanted)
            case "additionalProperties":
                return self._further(wanted, schema.get("properties", {}))
            case "propertyNames":
                fits = self.check(wanted)
                return lambda value: not isinstance(value, dict) or all(map(fits, value))
            case "items":
                fits = self.check(wanted)
                return lambda value: not isinstance(value, list) or all(map(fits, value))
            case "format":
                return self._format(wanted)
            case "contentEncoding":
                return is_base64 if wanted == "base64" else None
            case "pattern":
                search = re.compile(wanted).search
                return lambda value: not isinstance(value, str) or search(value) is not None
            case _:
                return _bound(name, wanted)

    def _type(self, names: Collection[str]) -> Check:
        checks = [self._one_type(name) for name in names if name != "null"]
        return _any_of(checks, or_null=len(checks) < len(names))

    def _one_type(self, name: str) -> Check:
        if name == "integer" and not self._as_written:
            # JSON Schema takes 4.0 for an integer
            return lambda value: type(value) is int or (type(value) is float and value.is_integer())
        if name == "number":
            return lambda value: type(value) is int or type(value) is float
        wanted = _TYPES[name]
        return lambda value: type(value) is wanted

    def _reference(self, name: str) -> Check:
        if name not in self._known:
            # a definition may lead back to itself, so within itself its check is looked up when it is needed
            self._known[name] = lambda value: self._known[name](value)
            self._known[name] = self.check(self._definitions[name])
        return self._known[name]

    def _record(self, properties: Mapping[str, Schema], required: frozenset[str]) -> Check:
        """An object with these keys and no other; most of what Flink answers is made of such, so it is looked at once
        and not keyword by keyword."""
        checks = {name: (place, self.check(schema)) for place, (name, schema) in enumerate(properties.items())}
        ordered = self._ordered

        def fit(value: Any) -> bool:
            if type(value) is not dict or not required <= value.keys():
                return False
            last = -1
            for name, each in value.items():
                found = checks.get(name)
                if found is None:
                    return False
                place, check = found
                if (ordered and place < last) or not check(each):
                    return False
                last = place
            return True

        return fit

    def _properties(self, wanted: Mapping[str, Schema]) -> Check:
        checks = {name: self.check(schema) for name, schema in wanted.items()}
        places = {name: place for place, name in enumerate(wanted)}
        ordered = self._ordered

        def fit(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            last = -1
            for name, each in value.items():
                check = checks.get(name)
                if check is None:
                    continue
                if not check(each):
                    return False
                if ordered:
                    if places[name] < last:
                        return False
                    last = places[name]
            return True

        return fit

    def _further(self, wanted: bool | Schema, named: Collection[str]) -> Check | None:
        if wanted is True:
            return None
        if wanted is False:
            known = frozenset(named)
            return lambda value: not isinstance(value, dict) or known.issuperset(value)
        fits = self.check(wanted)
        return lambda value: (
            not isinstance(value, dict) or all(fits(each) for name, each in value.items() if name not in named)
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
"""End of the keyword -> what it is about, and what of it is measured."""


def _silent(keyword: str) -> bool:
    return keyword in SILENT or keyword.startswith("x-")


def _bound(name: str, limit: Any) -> Check:
    kind = name[3:]
    if name[:3] not in ("min", "max") or kind not in _MEASURES:
        raise NotImplementedError(f"the keyword {name}")
    types, measure = _MEASURES[kind]
    if name.startswith("min"):
        return lambda value: type(value) not in types or measure(value) >= limit
    return lambda value: type(value) not in types or measure(value) <= limit


def _one_of(values: Sequence[Any]) -> Check:
    if all(isinstance(value, str) for value in values):
        words = frozenset(values)
        return lambda value: isinstance(value, str) and value in words
    # to Python 1 is True, to JSON it is not
    return lambda value: any(value == each and (type(value) is bool) == (type(each) is bool) for each in values)


def _number(kind: str, width: str) -> Check:
    """One as Jackson writes it. Raises NotImplementedError for a width that Java has not."""
    if kind == "number" and width == "double":
        return lambda value: type(value) is float
    if kind != "integer" or width not in INT_RANGES:
        raise NotImplementedError(f"the format {width} of {kind}")
    low, high = INT_RANGES[width][0], INT_RANGES[width][-1]
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
        for check in checks:  # noqa: SIM110  a generator would cost more than the checks
            if check(value):
                return True
        return False

    return some


def is_base64(value: Any) -> bool:
    """Whether it is, or is no text at all."""
    if not isinstance(value, str):
        return True
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
