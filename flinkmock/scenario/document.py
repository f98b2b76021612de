"""A YAML document as a tree of nodes with their source locations.

The reader supports what scenarios need: the core schema of YAML 1.2 (`on`, `no` and `1:30` are text), anchors and
aliases. Tags, merge keys and duplicate keys are mistakes. Numbers keep their text, so that `flink: 1.20` is not 1.2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from flinkmock import limits
from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation

Event = Any
"""A yaml.Event. It is Any because the type stubs of PyYAML lack its attributes tag, anchor and value."""

Scalar = str | int | float | bool | None

_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_INTEGER = re.compile(r"[-+]?[0-9]{1,19}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,2})?")
_SCALARS_BY_WORD: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True)
class YamlNode:
    """A value with its source location.

    Attributes:
        location: The location where the value starts.
        value: A scalar, a list of nodes, or a mapping from names to nodes.
        text: The original text of a scalar.
        key_locations: Where each key of a mapping starts; None for scalars and lists.
    """

    location: SourceLocation
    value: Scalar | list[YamlNode] | dict[str, YamlNode]
    text: str = ""
    key_locations: Mapping[str, SourceLocation] | None = None

    @property
    def items(self) -> dict[str, YamlNode]:
        """Return the value if it is a mapping, otherwise an empty mapping."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def elements(self) -> list[YamlNode]:
        """Return the value if it is a list, otherwise an empty list."""
        return self.value if isinstance(self.value, list) else []

    def get(self, key: str) -> YamlNode | None:
        """Return an entry of a mapping; None if it is missing or null."""
        node = self.value.get(key) if isinstance(self.value, dict) else None
        return None if node is None or node.value is None else node

    def text_of(self, key: str) -> str | None:
        """Return the text of an entry, "" for a list or mapping; None if the entry is missing or null."""
        node = self.get(key)
        return node.text if node is not None else None

    def items_of(self, key: str) -> dict[str, YamlNode]:
        """Return the mapping at `key`; an empty mapping if there is none."""
        node = self.get(key)
        return node.items if node is not None else {}

    def elements_of(self, key: str) -> list[YamlNode]:
        """Return the list at `key`; an empty list if there is none."""
        node = self.get(key)
        return node.elements if node is not None else []

    def key_location(self, key: str) -> SourceLocation:
        """Return where a key of the mapping starts; without such a key, where the mapping starts."""
        return (self.key_locations or {}).get(key, self.location)

    def to_python(self) -> object:
        """Return the value without locations, for a JSON Schema validator."""
        if isinstance(self.value, dict):
            return {key: node.to_python() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.to_python() for node in self.value]
        return self.value

    def descend(self, path: Sequence[str | int]) -> YamlNode:
        """Return the node at a path of keys and indices. If a key is missing, return the mapping that lacks it."""
        node = self
        for step in path:
            child = node.elements[step] if isinstance(step, int) else node.items.get(step)
            if child is None:
                break
            node = child
        return node


def empty_document(file: str) -> YamlNode:
    return YamlNode(SourceLocation(file), {}, key_locations={})


def parse_yaml(text: str, file: str, diagnostics: Diagnostics) -> YamlNode:
    """Parse one YAML document. An empty document becomes an empty mapping.

    Raises:
        ScenarioError: The text is too large, is not valid YAML, or uses a feature of YAML that scenarios don't have.
    """
    if len(text) > limits.SCENARIO_SIZE:
        diagnostics.fail(SourceLocation(file), f"a scenario has at most {limits.SCENARIO_SIZE:,} characters.")
    return _YamlReader(text, file, diagnostics).document()


def parse_mapping(data: Mapping[str, object], file: str, diagnostics: Diagnostics) -> YamlNode:
    """Convert a Python mapping to nodes whose locations are paths.

    Raises:
        ScenarioError: The mapping has values that YAML does not have, or is too large.
    """
    return _MappingReader(file, diagnostics).node(data, (), 0)


def parse_scalar(text: str) -> Scalar:
    """Convert a plain scalar by the core schema of YAML 1.2.

    Infinity, NaN and numbers with very many digits stay text.
    """
    if text in _SCALARS_BY_WORD:
        return _SCALARS_BY_WORD[text]
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text.startswith("0o") or text.startswith("0x") else int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


class _YamlReader:
    """Converts the events of the YAML parser to nodes."""

    def __init__(self, text: str, file: str, diagnostics: Diagnostics) -> None:
        import yaml

        self._yaml = yaml
        self._text = text
        self._lines = _LINE_BREAK.split(text)
        self._file = file
        self._diagnostics = diagnostics
        self._anchors: dict[str, YamlNode] = {}
        self._anchor_sizes: dict[str, int] = {}
        """The number of values in the node of each anchor."""
        self._anchor_heights: dict[str, int] = {}
        """The number of levels below the node of each anchor."""
        self._deepest_level = 0
        """The deepest level of the node that is being read."""
        self._value_count = 0
        """The number of values read, including those that aliases repeat."""
        try:
            # libyaml's parser, if PyYAML has it; both emit the same events
            self._get_event = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text).get_event
        except (yaml.YAMLError, UnicodeError) as error:
            self._fail_with_syntax_error(error)

    def document(self) -> YamlNode:
        """Return the root node. An empty document is an empty mapping."""
        document: YamlNode | None = None
        while (event := self._next()) is not None:
            if isinstance(event, self._yaml.DocumentStartEvent):
                if document is not None:
                    self._fail(event, "a second YAML document starts here. A scenario is one document.")
                document = self._node(self._next(), 0)
        if document is None or document.value is None:
            return empty_document(self._file)
        return document

    def _next(self) -> Event:
        """Return the next event; None at the end."""
        try:
            return self._get_event()
        except (self._yaml.YAMLError, UnicodeError) as error:
            self._fail_with_syntax_error(error)

    def _fail_with_syntax_error(self, error: Exception) -> NoReturn:
        """Report a syntax error with the message of PyYAML's Python parser, which is the same on each machine."""
        yaml = self._yaml
        try:
            depth = 0
            for event in yaml.parse(self._text, Loader=yaml.SafeLoader):
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                if depth > limits.SCENARIO_DEPTH + 1:  # the time of this parser grows with the square of the depth
                    self._fail(event, f"more than {limits.SCENARIO_DEPTH} levels of nesting.")
        except (yaml.YAMLError, UnicodeError) as error_of_python_parser:
            error = error_of_python_parser
        if isinstance(error, yaml.MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            problem = " ".join(part for part in (error.context, error.problem) if part)
            self._diagnostics.fail(self._location(mark), f"invalid YAML: {problem}.")
        position = int(getattr(error, "position", getattr(error, "start", 0)))
        text_before = self._text[:position]
        line, column = text_before.count("\n") + 1, len(text_before) - text_before.rfind("\n")
        line_text = self._lines[line - 1] if line <= len(self._lines) else ""
        self._diagnostics.fail(
            SourceLocation(self._file, line, column, line_text), "YAML does not allow this character."
        )

    def _node(self, event: Event, depth: int) -> YamlNode:
        yaml = self._yaml
        event_type = type(event)
        if event_type is yaml.AliasEvent:
            return self._alias(event, depth)
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._fail(event, f"tags such as {tag} are not supported.")
        outer_level, self._deepest_level = self._deepest_level, depth
        self._reach(event, depth)
        count_before = self._value_count
        self._count_values(event, 1)
        location = self._location(event.start_mark)
        if event_type is yaml.ScalarEvent:
            text = event.value
            is_plain = event.implicit[0]  # not in quotes
            node = YamlNode(location, parse_scalar(text) if is_plain else text, text)
        elif event_type is yaml.SequenceStartEvent:
            node = YamlNode(location, list(self._elements(depth)))
        else:
            node = self._mapping(location, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
            self._anchor_sizes[event.anchor] = self._value_count - count_before
            self._anchor_heights[event.anchor] = self._deepest_level - depth
        self._deepest_level = max(self._deepest_level, outer_level)
        return node

    def _reach(self, event: Event, level: int) -> None:
        """Note the level of a value. Raises ScenarioError if it is too deep."""
        if level > limits.SCENARIO_DEPTH:
            self._fail(event, f"more than {limits.SCENARIO_DEPTH} levels of nesting.")
        self._deepest_level = max(self._deepest_level, level)

    def _alias(self, event: Event, depth: int) -> YamlNode:
        if event.anchor not in self._anchors:
            self._fail(event, f"no anchor &{event.anchor} before this alias.")
        self._count_values(event, self._anchor_sizes[event.anchor])
        self._reach(event, depth + self._anchor_heights[event.anchor])
        return self._anchors[event.anchor]

    def _elements(self, depth: int) -> Iterator[YamlNode]:
        while type(event := self._next()) is not self._yaml.SequenceEndEvent:
            yield self._node(event, depth + 1)

    def _mapping(self, location: SourceLocation, depth: int) -> YamlNode:
        items: dict[str, YamlNode] = {}
        key_locations: dict[str, SourceLocation] = {}
        while type(event := self._next()) is not self._yaml.MappingEndEvent:
            if type(event) is not self._yaml.ScalarEvent:
                self._fail(event, "a key must be text, not a list, a mapping or an alias.")
            key, key_location = event.value, self._location(event.start_mark)
            value = self._node(self._next(), depth + 1)
            if key == "<<":
                self._fail(event, "merge keys are not part of YAML 1.2. Use templates and extends.")
            if key in items:
                self._diagnostics.add(key_location, f'duplicate key "{key}", first on line {key_locations[key].line}.')
            else:
                items[key], key_locations[key] = value, key_location
        return YamlNode(location, items, key_locations=key_locations)

    def _count_values(self, event: Event, count: int) -> None:
        """Count the values of an event. Raises ScenarioError if the scenario has too many."""
        self._value_count += count
        if self._value_count > limits.SCENARIO_VALUES:
            self._fail(
                event, f"a scenario has at most {limits.SCENARIO_VALUES:,} values, including those that aliases repeat."
            )

    def _location(self, mark: Any) -> SourceLocation:
        if mark is None:
            return SourceLocation(self._file)
        line = self._lines[mark.line] if mark.line < len(self._lines) else ""
        return SourceLocation(self._file, mark.line + 1, mark.column + 1, line)

    def _fail(self, event: Event, message: str) -> NoReturn:
        self._diagnostics.fail(self._location(event.start_mark), message)


class _MappingReader:
    """Converts Python data to nodes."""

    def __init__(self, file: str, diagnostics: Diagnostics) -> None:
        self._file = file
        self._diagnostics = diagnostics
        self._value_count = 0

    def node(self, data: object, path: tuple[str | int, ...], depth: int) -> YamlNode:
        location = SourceLocation(self._file, path=path)
        self._value_count += 1
        if depth > limits.SCENARIO_DEPTH or self._value_count > limits.SCENARIO_VALUES:
            self._diagnostics.fail(
                location, f"more than {limits.SCENARIO_DEPTH} levels of nesting or {limits.SCENARIO_VALUES:,} values."
            )
        if isinstance(data, Mapping):
            items = {str(key): self.node(value, (*path, str(key)), depth + 1) for key, value in data.items()}
            return YamlNode(location, items, key_locations={key: item.location for key, item in items.items()})
        if isinstance(data, list | tuple):
            return YamlNode(location, [self.node(item, (*path, i), depth + 1) for i, item in enumerate(data)])
        if isinstance(data, float) and not math.isfinite(data):
            self._diagnostics.fail(location, f"a scenario can't have the number {data}.")
        if data is None or isinstance(data, str | int | float):
            return YamlNode(location, data, _scalar_text(data))
        self._diagnostics.fail(location, f"a scenario can't have a value of type {type(data).__name__}.")


def _scalar_text(data: Scalar) -> str:
    if isinstance(data, bool):
        return str(data).lower()
    return "" if data is None else str(data)
