"""Varies responses: real clusters seldom send such bodies, but the contract of this or a later release allows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from flinkmock.contract.contract import Contract, cached_by_contracts, known_releases
from flinkmock.contract.operation import Operation
from flinkmock.contract.schema_fields import SchemaField, schema_fields
from flinkmock.contract.value_path import AllItems, Position, ValuePath

CHANGE_PROBABILITY = 0.1
"""The probability that a value is changed."""
ADDED_FIELD_NAME = "added-in-a-later-release"
"""The name of a field that `Change.ADDED_FIELD` adds."""
ADDED_ENUM_VALUE = "ADDED_IN_A_LATER_RELEASE"
"""The new value of an enum to which no later release adds a value."""
_ADDED_FIELD_VALUES: tuple[Any, ...] = (None, 1, "text", {"nested": [1, "two", None]})
_LARGEST_NUMBERS: Mapping[str, Any] = {
    "int32": 2**31 - 1,
    "int64": 2**63 - 1,
    "integer": 2**63 - 1,
    "double": 1.7976931348623157e308,
}
_FIELD_STEP = re.compile(r"\.(?P<name>[^.\[\]{}<>]+)|(?P<items>\[\])|(?P<values>\{\})|<[^>]*>")
"""A step in a path of `schema_fields`. `<name>`, one of several subclasses, has no counterpart in a `ValuePath`."""


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
    """A number is the largest number of its type."""
    NAN = "nan"
    """A number is "NaN", if the contract allows that."""
    ADDED_VALUE = "added-value"
    """An enum has a value of a later release."""
    ADDED_FIELD = "added-field"
    """An object has a field that the release lacks."""


@dataclass(frozen=True, slots=True)
class VariableValue:
    """A value that may vary in the responses to an operation, or a field that may be added to them.

    Attributes:
        path: The path, with `[*]` for all items of lists and all values of maps. A body may have many such values.
        changes: The changes that are possible.
        field: The schema of the value; for an added field, the schema of the object that gets it.
        later_values: The values of an enum that only later releases have, or `ADDED_ENUM_VALUE` if there are none.
    """

    path: ValuePath
    changes: tuple[Change, ...]
    field: SchemaField
    later_values: tuple[str, ...] = ()

    def positions(self, body: Any) -> list[Position]:
        """Return the positions of the value in a body; for an added field, the positions where it can be added."""
        positions = self.path.find(body) if Change.ADDED_FIELD in self.changes else self.path.find_existing(body)
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
                return _LARGEST_NUMBERS[self.field.kind]
            case Change.NAN:
                return "NaN"
            case Change.ADDED_VALUE:
                return self.later_values[int(choice * len(self.later_values))]
            case _:
                return _ADDED_FIELD_VALUES[int(choice * len(_ADDED_FIELD_VALUES))]


@cached_by_contracts
def variable_values(release: str, operation_id: str) -> tuple[VariableValue, ...]:
    """Return the values that may vary in responses to an operation of a release."""
    contract = Contract.load(release)
    operation = contract.operation(operation_id)
    fields = schema_fields(operation.response, contract.definitions)
    values: dict[str, VariableValue] = {}
    for field_path, field in fields.items():
        for value in _values_at(field_path, field, fields, release, operation):
            other = values.get(value.path.text)
            # several alternatives of the object (Java subclasses) have the field: a change must be possible in all
            if other is not None:
                changes = tuple(change for change in value.changes if change in other.changes)
                value = replace(value, changes=changes)
            values[value.path.text] = value
    return tuple(value for value in values.values() if value.changes)


def _values_at(
    field_path: str, field: SchemaField, fields: Mapping[str, SchemaField], release: str, operation: Operation
) -> Iterator[VariableValue]:
    """Yield the value of a field with its possible changes, and for an object a field that may be added to it."""
    text = _path_text(field_path)
    is_map = f"{field_path}{{}}" in fields
    if text:
        possible = {
            Change.NULL_VALUE: field.nullable,
            Change.MISSING: field.optional,
            Change.EMPTY: field.kind == "array" or (is_map and not field.keys),
            Change.MINUS_ONE: field.kind in ("int32", "int64", "integer"),
            Change.BIG: field.kind in _LARGEST_NUMBERS,
            Change.NAN: field.kind == "number or non-finite text",
            Change.ADDED_VALUE: bool(field.values),
        }
        changes = tuple(change for change, is_possible in possible.items() if is_possible)
        later_values = _later_values(release, operation, field_path, field) if field.values else ()
        yield VariableValue(ValuePath.parse(text), changes, field, later_values)
    has_fields = any(path.startswith(f"{field_path}.") for path in fields)
    if has_fields and not is_map:
        added_path = ValuePath.parse(f"{text}.{ADDED_FIELD_NAME}".removeprefix("."))
        yield VariableValue(added_path, (Change.ADDED_FIELD,), field)


def _path_text(field_path: str) -> str:
    """Turn a path of `schema_fields` into the text of a ValuePath: `.jobs[].state` into `jobs[*].state`."""
    text = ""
    for step in _FIELD_STEP.finditer(field_path):
        if step["name"]:
            text += f".{step['name']}"
        elif step["items"] or step["values"]:
            text += "[*]"
    return text.removeprefix(".")


def _later_values(release: str, operation: Operation, field_path: str, field: SchemaField) -> tuple[str, ...]:
    """Return the values that an enum has in later releases only, or ADDED_ENUM_VALUE if there are none."""
    releases = known_releases()
    later_values: dict[str, None] = {}
    for later_release in releases[releases.index(release) + 1 :]:
        contract = Contract.load(later_release)
        if operation.id in contract:
            later_fields = schema_fields(contract.operation(operation.id).response, contract.definitions)
            if field_path in later_fields:
                later_values |= dict.fromkeys(later_fields[field_path].values)
    return tuple(value for value in later_values if value not in field.values) or (ADDED_ENUM_VALUE,)


def find_variable_value(release: str, operation_id: str, path: ValuePath, change: Change) -> VariableValue | None:
    """Return the value at a path if the contract allows the change there, otherwise None."""
    steps = path.steps if change is not Change.ADDED_FIELD else (*path.steps[:-1], ADDED_FIELD_NAME)
    for value in variable_values(release, operation_id):
        if change in value.changes and len(steps) == len(value.path.steps):
            pairs = zip(value.path.steps, steps, strict=True)
            if all(value_step == step or isinstance(value_step, AllItems) for value_step, step in pairs):
                return VariableValue(path, value.changes, value.field, value.later_values)
    return None


def vary(
    body: Any,
    release: str,
    operation_id: str,
    draw: Callable[[str], float],
    changes: Collection[Change] = tuple(Change),
) -> None:
    """Change some values of a body, in place.

    Args:
        body: The body of a successful response to the operation.
        release: The release of the contract.
        operation_id: The id of the operation.
        draw: Returns a random number from 0 to 1, given the name of what it decides.
        changes: The changes that are allowed.
    """
    for value in variable_values(release, operation_id):
        allowed = [change for change in value.changes if change in changes]
        for number, position in enumerate(value.positions(body) if allowed else ()):
            fraction = draw(f"{value.path}#{number}") / CHANGE_PROBABILITY
            if fraction < 1:  # the same random number also chooses the change, and the new value
                index, choice = divmod(fraction * len(allowed), 1)
                value.change(position, allowed[int(index)], choice)
