"""Paths to values in a JSON body: `jobs.0.state`, `jobs[*].duration`, `jobs[name=orders].state`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from flinkmock.contract.operation import Schema
from flinkmock.contract.schema_branches import Definitions, alternatives, resolve
from flinkmock.errors import InvalidArgument, did_you_mean

_HINT = "Write jobs.0.state, jobs[*].state or jobs[name=orders].state."
_STEP = re.compile(
    r"""
    (?:^|\.)(?P<name>[^.\[\]"\s]+)      # jobs
    | (?:^|\.)"(?P<quoted>[^"]+)"        # "a.b"
    | \[(?:
        (?P<index>\*|\d{1,9})            # [0] or [*]
        | "(?P<key>[^"]+)"               # ["a.b"]
        | (?P<field>[^=\[\]"]+)=(?:"(?P<text>[^"]*)"|(?P<word>[^\[\]"]*))  # [name="my report"] or [name=orders]
    )\]
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class AllItems:
    """A step to all items of a list, or all values of an object (`*`)."""

    def __str__(self) -> str:
        return "[*]"


@dataclass(frozen=True, slots=True)
class ItemsWhere:
    """A step to the items of a list that have a field with this value, compared as text."""

    field: str
    value: str

    def __str__(self) -> str:
        return f"[{self.field}={self.value}]"


Step = str | AllItems | ItemsWhere
"""A step. A string is a key of an object or an index of a list."""


@dataclass(frozen=True, slots=True)
class Position:
    """The position of a value in a body: `container[key]`. An object may lack the key."""

    container: Any
    key: Any


@dataclass(frozen=True, slots=True)
class ValuePath:
    """A path to any number of values of a body."""

    steps: tuple[Step, ...]
    text: str

    @classmethod
    @cache
    def parse(cls, text: str) -> ValuePath:
        """Parse a path. Raises InvalidArgument if the text has another form."""
        steps: list[Step] = []
        end = 0
        for match in _STEP.finditer(text):
            if match.start() != end:
                break
            end = match.end()
            steps.append(_step_of(match))
        if not steps or end != len(text):
            raise InvalidArgument(f'"{text}" is not a path. {_HINT}')
        return cls(tuple(steps), text)

    def find(self, body: Any) -> Iterator[Position]:
        """Yield the positions in a body to which the path leads, in the order of the body.

        The object at the last step may lack the key.
        """
        *parent_steps, last_step = self.steps
        containers = [body]
        for step in parent_steps:
            containers = [
                position.container[position.key]
                for container in containers
                for position in _positions(container, step)
                if _exists(position)
            ]
        for container in containers:
            yield from _positions(container, last_step)

    def find_existing(self, body: Any) -> list[Position]:
        """Return the positions in a body to which the path leads, and which have a value."""
        return [position for position in self.find(body) if _exists(position)]

    def unknown_step_message(self, schema: Schema, definitions: Definitions) -> str | None:
        """Return a message if no body that the schema allows can have a value at this path, otherwise None."""
        schemas = list(_branches(schema, definitions))
        for index, step in enumerate(self.steps):
            children = [child for schema in schemas for child in _children(schema, step, definitions)]
            if not children:
                return _describe_unknown_step(schemas, step, definitions, _path_text(self.steps[:index]))
            schemas = [branch for child in children for branch in _branches(child, definitions)]
        return None

    def __str__(self) -> str:
        return self.text


def _step_of(match: re.Match[str]) -> Step:
    if match["field"] is not None:
        return ItemsWhere(match["field"], match["word"] if match["text"] is None else match["text"])
    if "*" in (match["name"], match["index"]):
        return AllItems()
    return match["name"] or match["index"] or match["quoted"] or match["key"]


def _path_text(steps: Iterable[Step]) -> str:
    return "".join(f".{step}" if isinstance(step, str) else str(step) for step in steps).removeprefix(".")


def _positions(container: Any, step: Step) -> Iterator[Position]:
    if isinstance(container, list):
        match step:
            case AllItems():
                yield from (Position(container, index) for index in range(len(container)))
            case ItemsWhere():
                yield from (Position(container, index) for index, item in enumerate(container) if _fulfils(item, step))
            case _ if step.isdecimal() and int(step) < len(container):
                yield Position(container, int(step))
    elif isinstance(container, dict):
        if isinstance(step, AllItems):
            yield from (Position(container, key) for key in list(container))
        elif isinstance(step, str):
            yield Position(container, step)


def _exists(position: Position) -> bool:
    return isinstance(position.container, list) or position.key in position.container


def _fulfils(item: Any, condition: ItemsWhere) -> bool:
    if not isinstance(item, Mapping) or condition.field not in item:
        return False
    value = item[condition.field]
    return condition.value == (str(value).lower() if isinstance(value, bool) else str(value))


# The functions below find steps in schemas.


def _branches(schema: Schema, definitions: Definitions) -> Iterator[Schema]:
    """Yield the schemas that a schema stands for: references are followed, and alternatives are yielded one by one."""
    schema = resolve(schema, definitions)
    branches = alternatives(schema)
    if not branches:
        yield schema
    for branch in branches or ():
        yield from _branches(branch, definitions)


def _allows_any_json(schema: Schema) -> bool:
    return not {"type", "properties", "enum", "const"} & schema.keys()


def _children(schema: Schema, step: Step, definitions: Definitions) -> Iterator[Schema]:
    """Yield the schemas of the values to which a step leads."""
    if _allows_any_json(schema):
        yield schema
        return
    items = schema.get("items")
    if items is not None:
        if isinstance(step, ItemsWhere):
            if any(list(_children(item, step.field, definitions)) for item in _branches(items, definitions)):
                yield items
        elif isinstance(step, AllItems) or step.isdecimal():
            yield items
        return
    if isinstance(step, ItemsWhere):
        return
    properties: Mapping[str, Schema] = schema.get("properties", {})
    additional_schema = schema.get("additionalProperties")
    if isinstance(step, AllItems):
        yield from properties.values()
    elif step in properties:
        yield properties[step]
        return
    if isinstance(additional_schema, Mapping):
        if isinstance(step, AllItems) or _allows_key(schema.get("propertyNames", {}), step):
            yield additional_schema
    elif "object" in schema.get("type", ()) and "properties" not in schema and schema.get("maxProperties") != 0:
        yield {}


def _allows_key(key_schema: Schema, key: str) -> bool:
    return key in key_schema.get("enum", (key,)) and re.search(key_schema.get("pattern", ""), key) is not None


def _describe_unknown_step(schemas: Iterable[Schema], step: Step, definitions: Definitions, parent_path: str) -> str:
    location = parent_path or "the body"
    known_names: dict[str, None] = {}
    is_list = False
    for schema in schemas:
        if "items" in schema:
            is_list = True
            if isinstance(step, ItemsWhere):
                for item in _branches(schema["items"], definitions):
                    known_names |= dict.fromkeys(item.get("properties", {}))
        known_names |= dict.fromkeys(schema.get("properties", {}))
        known_names |= dict.fromkeys(schema.get("propertyNames", {}).get("enum", ()))
    name = step.field if isinstance(step, ItemsWhere) else str(step)
    if is_list and not isinstance(step, ItemsWhere):
        return f'{location} is a list, so "{name}" must follow an index or [*]. {_HINT}'
    if not known_names:
        return f'{location} has no "{name}": it has no fields.'
    return f'{location} has no "{name}".{did_you_mean(name, known_names)}'
