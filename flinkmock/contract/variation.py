"""Variations of responses: bodies that the contract of this or a later release allows, but that are rare."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from flinkmock.contract.contract import Contract, known_releases
from flinkmock.contract.operation import Operation
from flinkmock.contract.schema_fields import SchemaField, schema_fields
from flinkmock.contract.value_path import Every, Position, ValuePath

PROBABILITY = 0.1
"""The probability that a value is changed."""
ADDED_FIELD = "added-in-a-later-release"
ADDED_VALUE = "ADDED_IN_A_LATER_RELEASE"
_ADDED: tuple[Any, ...] = (None, 1, "text", {"nested": [1, "two", None]})
_BIG: Mapping[str, Any] = {
    "int32": 2**31 - 1,
    "int64": 2**63 - 1,
    "integer": 2**63 - 1,
    "double": 1.7976931348623157e308,
}
_STEP = re.compile(r"\.(?P<name>[^.\[\]{}<>]+)|(?P<items>\[\])|(?P<values>\{\})|<[^>]*>")


class Change(StrEnum):
    """A change that a variation makes to one value."""

    NULL_VALUE = "null-value"
    """A value is null, if the contract allows that."""
    MISSING = "missing"
    """An optional field is missing."""
    EMPTY = "empty"
    """A list or map is empty."""
    MINUS_ONE = "minus-one"
    """A number is -1, which Flink writes for unknown values."""
    BIG = "big"
    """A number is the largest one of its type."""
    NAN = "nan"
    """A number is "NaN", if the contract allows that."""
    ADDED_VALUE = "added-value"
    """An enum has a value of a later release."""
    ADDED_FIELD = "added-field"
    """An object has a field that the release lacks."""


@dataclass(frozen=True, slots=True)
class VariableValue:
    """The values at a path of the responses to an operation.

    Attributes:
        path: The path, with `[*]` for all items of lists and all values of maps. An added field is a separate value.
        changes: The changes that are possible.
        field: The schema of the values.
        later_values: The values of an enum in later releases only.
    """

    path: ValuePath
    changes: tuple[Change, ...]
    field: SchemaField
    later_values: tuple[str, ...] = ()

    def positions(self, body: Any) -> list[Position]:
        positions = self.path.find(body) if Change.ADDED_FIELD in self.changes else self.path.existing(body)
        return list(positions)

    def change(self, position: Position, change: Change, choice: float) -> None:
        """Change a value of a body. `choice`, from 0 to 1, chooses between several possible values."""
        container, key = position.container, position.key
        if change is Change.MISSING:
            del container[key]
            return
        container[key] = self._new_value(change, choice)

    def _new_value(self, change: Change, choice: float) -> Any:
        match change:
            case Change.NULL_VALUE:
                return None
            case Change.EMPTY:
                return [] if self.field.kind == "array" else {}
            case Change.MINUS_ONE:
                return -1
            case Change.BIG:
                return _BIG[self.field.kind]
            case Change.NAN:
                return "NaN"
            case Change.ADDED_VALUE:
                return self.later_values[int(choice * len(self.later_values))]
            case _:
                return _ADDED[int(choice * len(_ADDED))]


@cache
def variable_values(flink: str, operation_id: str) -> tuple[VariableValue, ...]:
    """Return the values that may vary in responses to an operation of a release."""
    contract = Contract.load(flink)
    operation = contract.operation(operation_id)
    fields = schema_fields(operation.response, contract.definitions)
    values: dict[str, VariableValue] = {}
    for field_path, field in fields.items():
        for text, changes, later in _variable(field_path, field, fields, flink, operation):
            known = values.get(text)
            if known is not None:  # of several alternatives, only changes that all allow
                changes = tuple(change for change in changes if change in known.changes)
            values[text] = VariableValue(ValuePath.parse(text), changes, field, later)
    return tuple(value for value in values.values() if value.changes)


def _variable(
    field_path: str, field: SchemaField, fields: Mapping[str, SchemaField], flink: str, operation: Operation
) -> Iterator[tuple[str, tuple[Change, ...], tuple[str, ...]]]:
    """Yield paths with their possible changes, and the values of enums in later releases."""
    text = _path_text(field_path)
    later = _later_values(flink, operation, field_path, field) if field.values else ()
    is_map = f"{field_path}{{}}" in fields
    if text:
        possible = {
            Change.NULL_VALUE: field.nullable,
            Change.MISSING: field.optional,
            Change.EMPTY: field.kind == "array" or (is_map and not field.keys),
            Change.MINUS_ONE: field.kind in ("int32", "int64", "integer"),
            Change.BIG: field.kind in _BIG,
            Change.NAN: field.kind == "number or non-finite text",
            Change.ADDED_VALUE: bool(field.values),
        }
        yield text, tuple(change for change, allowed in possible.items() if allowed), later
    has_fields = any(other.startswith(f"{field_path}.") for other in fields)
    if has_fields and not is_map:
        yield f"{text}.{ADDED_FIELD}".removeprefix("."), (Change.ADDED_FIELD,), ()


def _path_text(field_path: str) -> str:
    text = ""
    for step in _STEP.finditer(field_path):
        text += f".{step['name']}" if step["name"] else "[*]" if step["items"] or step["values"] else ""
    return text.removeprefix(".")


def _later_values(flink: str, operation: Operation, field_path: str, field: SchemaField) -> tuple[str, ...]:
    releases = known_releases()
    added: dict[str, None] = {}
    for release in releases[releases.index(flink) + 1 :]:
        contract = Contract.load(release)
        if operation.id in contract:
            later = schema_fields(contract.operation(operation.id).response, contract.definitions).get(field_path)
            added |= dict.fromkeys(later.values if later is not None else ())
    return tuple(value for value in added if value not in field.values) or (ADDED_VALUE,)


def find_variable(flink: str, operation_id: str, path: ValuePath, change: Change) -> VariableValue | None:
    """Return the values at a path, if the contract allows a change of them, otherwise None."""
    steps = path.steps if change is not Change.ADDED_FIELD else (*path.steps[:-1], ADDED_FIELD)
    for value in variable_values(flink, operation_id):
        if change in value.changes and len(steps) == len(value.path.steps):
            pairs = zip(value.path.steps, steps, strict=True)
            if all(known == step or isinstance(known, Every) for known, step in pairs):
                return VariableValue(path, value.changes, value.field, value.later_values)
    return None


def vary(
    body: Any, flink: str, operation_id: str, draw: Callable[[str], float], changes: Collection[Change] = tuple(Change)
) -> None:
    """Change some values of a body, in place.

    Args:
        body: The body of a successful response to the operation.
        flink: The release.
        operation_id: The operation id of the operation.
        draw: Returns a number from 0 to 1 for the name of a value.
        changes: The changes that are allowed.
    """
    for value in variable_values(flink, operation_id):
        allowed = [change for change in value.changes if change in changes]
        for number, position in enumerate(value.positions(body) if allowed else ()):
            drawn = draw(f"{value.path}#{number}") / PROBABILITY
            if drawn < 1:
                chosen, choice = divmod(drawn * len(allowed), 1)
                value.change(position, allowed[int(chosen)], choice)
