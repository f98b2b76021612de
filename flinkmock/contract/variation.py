"""Variations of a response: bodies that Flink may send by its contract, now or in a later release, but seldom does."""

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
"""Of a change of one value."""
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
    """null, where the contract allows it."""
    MISSING = "missing"
    """An optional field is left out."""
    EMPTY = "empty"
    """A list or map without entries."""
    MINUS_ONE = "minus-one"
    """-1, which Flink writes for what it doesn't know."""
    BIG = "big"
    """The largest number of the type."""
    NAN = "nan"
    """"NaN", where Flink writes it for a number."""
    ADDED_VALUE = "added-value"
    """A value that an enum has only in a later release."""
    ADDED_FIELD = "added-field"
    """A field that the release does not have."""


@dataclass(frozen=True, slots=True)
class VariableValue:
    """The values at a path of the responses to an operation.

    Attributes:
        path: With `[*]` for all items of lists and all values of maps. An added field is a separate value.
        changes: What may happen to them.
        field: Their schema.
        later_values: The values of an enum that only later releases have.
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
    """Return what may vary in the responses to an operation of a release."""
    contract = Contract.load(flink)
    operation = contract.operation(operation_id)
    fields = schema_fields(operation.response, contract.definitions)
    values: dict[str, VariableValue] = {}
    for field_path, field in fields.items():
        for text, changes, later in _variable(field_path, field, fields, flink, operation):
            known = values.get(text)
            if known is not None:  # alternatives: only what all of them allow
                changes = tuple(change for change in changes if change in known.changes)
            values[text] = VariableValue(ValuePath.parse(text), changes, field, later)
    return tuple(value for value in values.values() if value.changes)


def _variable(
    field_path: str, field: SchemaField, fields: Mapping[str, SchemaField], flink: str, operation: Operation
) -> Iterator[tuple[str, tuple[Change, ...], tuple[str, ...]]]:
    """Yield paths with their changes, and the values of enums in later releases."""
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
    """Return the values at a path that a change may happen to; None if the contract doesn't allow it."""
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
        changes: Which may happen.
    """
    for value in variable_values(flink, operation_id):
        allowed = [change for change in value.changes if change in changes]
        for number, position in enumerate(value.positions(body) if allowed else ()):
            drawn = draw(f"{value.path}#{number}") / PROBABILITY
            if drawn < 1:
                chosen, choice = divmod(drawn * len(allowed), 1)
                value.change(position, allowed[int(chosen)], choice)
