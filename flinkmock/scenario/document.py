"""A YAML document as a tree that remembers where everything stands.

Only what a scenario needs is read: YAML 1.2's core rules (`on` and `no` are words, `1:30` is no number), anchors and
aliases, no tags, no key twice. Numbers keep the text they were written as, so that `flink: 1.20` is not 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation

Event = Any
"""A yaml.Event; its stubs know nothing of tag, anchor and value."""

MAX_CHARACTERS = 4 * 1024 * 1024
MAX_DEPTH = 40
MAX_VALUES = 200_000
"""Aliases counted each time they are used: what a billion laughs would blow up."""

Scalar = str | int | float | bool | None

_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,2})?")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True)
class YamlNode:
    """A value and where it was written. `value` is a scalar, a list of nodes, or a mapping name -> node; `text` is a
    scalar as it was written; `keys` tells where the keys of a mapping stand."""

    place: SourceLocation
    value: Scalar | list[YamlNode] | dict[str, YamlNode]
    text: str = ""
    keys: Mapping[str, SourceLocation] | None = None

    @property
    def items(self) -> dict[str, YamlNode]:
        """The entries of a mapping; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def elements(self) -> list[YamlNode]:
        return self.value if isinstance(self.value, list) else []

    def get(self, key: str) -> YamlNode | None:
        """The entry of a mapping; None if there is none, or if nothing is written there."""
        node = self.value.get(key) if isinstance(self.value, dict) else None
        return None if node is None or node.value is None else node

    def key_place(self, key: str) -> SourceLocation:
        return (self.keys or {}).get(key, self.place)

    def plain(self) -> object:
        """The bare value, as a JSON Schema validator wants it."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def at(self, path: Sequence[str | int]) -> YamlNode:
        """The node at the end of a path of keys and indices, as far as the path can be followed."""
        node = self
        for step in path:
            below = node.elements[step] if isinstance(step, int) else node.items.get(step)
            if below is None:
                break
            node = below
        return node


def empty(file: str) -> YamlNode:
    return YamlNode(SourceLocation(file), {}, keys={})


def from_yaml(text: str, file: str, mistakes: Diagnostics) -> YamlNode:
    """Reads one document; an empty one is an empty mapping. Mistakes of the reading end it: raises ScenarioError."""
    if len(text) > MAX_CHARACTERS:
        mistakes.stop(SourceLocation(file), f"a scenario has at most {MAX_CHARACTERS // 1024 // 1024} MB.")
    return _Reader(text, file, mistakes).document()


def from_mapping(data: Mapping[str, object], file: str, mistakes: Diagnostics) -> YamlNode:
    """The same for data that never was YAML: a place is then the path to it."""
    return _FromData(file, mistakes).node(data, (), 0)


def core_scalar(text: str) -> Scalar:
    """What a plain scalar means by YAML 1.2's core schema. Infinity, NaN and numbers beyond any use stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text.startswith("0o") or text.startswith("0x") else int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


class _Reader:
    """Turns the parser's events into nodes."""

    def __init__(self, text: str, file: str, mistakes: Diagnostics) -> None:
        import yaml

        self._yaml = yaml
        self._text = text
        self._lines = _LINE_BREAK.split(text)
        self._file = file
        self._mistakes = mistakes
        self._anchors: dict[str, YamlNode] = {}
        self._sizes: dict[str, int] = {}
        self._values = 0
        try:
            # libyaml's parser, where PyYAML has it; both give the same events
            self._get_event = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text).get_event
        except (yaml.YAMLError, UnicodeError) as error:
            self._explain(error)

    def document(self) -> YamlNode:
        found: YamlNode | None = None
        while (event := self._next()) is not None:
            if isinstance(event, self._yaml.DocumentStartEvent):
                if found is not None:
                    self._stop(event, "a second document begins here. A scenario is one document.")
                found = self._node(self._next(), 0)
        if found is None or (found.value is None and found.text in ("", "~", "null")):
            return empty(self._file)
        return found

    def _next(self) -> Event:
        """The next event; None at the end."""
        try:
            return self._get_event()
        except (self._yaml.YAMLError, UnicodeError) as error:
            self._explain(error)

    def _explain(self, error: Exception) -> NoReturn:
        """Says what is wrong with the YAML in the words of PyYAML's own parser, which are the same on each machine."""
        yaml = self._yaml
        try:
            for _ in yaml.parse(self._text, Loader=yaml.SafeLoader):
                pass
        except (yaml.YAMLError, UnicodeError) as other:
            error = other
        if isinstance(error, yaml.MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            what = " ".join(part for part in (error.context, error.problem) if part)
            self._mistakes.stop(self._place(mark), f"this is not YAML: {what}.")
        at = int(getattr(error, "position", getattr(error, "start", 0)))
        before = self._text[:at]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        shown = self._lines[line - 1] if line <= len(self._lines) else ""
        self._mistakes.stop(SourceLocation(self._file, line, column, shown), "this character can't stand in YAML.")

    def _node(self, event: Event, depth: int) -> YamlNode:
        yaml = self._yaml
        kind = type(event)
        if kind is yaml.AliasEvent:
            return self._alias(event)
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._stop(event, f"tags like {tag} are not part of the language.")
        if depth > MAX_DEPTH:
            self._stop(event, f"this is nested more than {MAX_DEPTH} levels deep.")
        before = self._count(event, 1)
        place = self._place(event.start_mark)
        if kind is yaml.ScalarEvent:
            text = event.value
            node = YamlNode(place, core_scalar(text) if event.implicit[0] else text, text)
        elif kind is yaml.SequenceStartEvent:
            node = YamlNode(place, list(self._elements(depth)))
        else:
            node = self._mapping(place, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
            self._sizes[event.anchor] = self._values - before
        return node

    def _alias(self, event: Event) -> YamlNode:
        if event.anchor not in self._anchors:
            self._stop(event, f"no anchor &{event.anchor} stands before this.")
        self._count(event, self._sizes[event.anchor])
        return self._anchors[event.anchor]

    def _elements(self, depth: int) -> Iterator[YamlNode]:
        while type(event := self._next()) is not self._yaml.SequenceEndEvent:
            yield self._node(event, depth + 1)

    def _mapping(self, place: SourceLocation, depth: int) -> YamlNode:
        items: dict[str, YamlNode] = {}
        keys: dict[str, SourceLocation] = {}
        while type(event := self._next()) is not self._yaml.MappingEndEvent:
            if type(event) is not self._yaml.ScalarEvent:
                self._stop(event, "a key is a word, not a list, a mapping or an alias.")
            key, at = event.value, self._place(event.start_mark)
            value = self._node(self._next(), depth + 1)
            if key == "<<":
                self._stop(event, "merge keys are no part of YAML 1.2. Templates and extends do the same.")
            if key in items:
                self._mistakes.add(at, f'"{key}" is given twice; first on line {keys[key].line}.')
            else:
                items[key], keys[key] = value, at
        return YamlNode(place, items, keys=keys)

    def _count(self, event: Event, more: int) -> int:
        """Counts values; gives what the count was before."""
        before = self._values
        self._values += more
        if self._values > MAX_VALUES:
            self._stop(event, f"a scenario has at most {MAX_VALUES:,} values, those that aliases repeat included.")
        return before

    def _place(self, mark: Any) -> SourceLocation:
        if mark is None:
            return SourceLocation(self._file)
        number = mark.line
        line = self._lines[number] if number < len(self._lines) else ""
        return SourceLocation(self._file, number + 1, mark.column + 1, line)

    def _stop(self, event: Event, text: str) -> NoReturn:
        self._mistakes.stop(self._place(event.start_mark), text)


class _FromData:
    """Turns Python data into nodes; a place tells the path instead of line and column."""

    def __init__(self, file: str, mistakes: Diagnostics) -> None:
        self._file = file
        self._mistakes = mistakes
        self._values = 0

    def node(self, data: object, path: tuple[str | int, ...], depth: int) -> YamlNode:
        place = SourceLocation(self._file, path=path)
        self._values += 1
        if depth > MAX_DEPTH or self._values > MAX_VALUES:
            self._mistakes.stop(place, f"more than {MAX_DEPTH} levels or {MAX_VALUES:,} values.")
        if isinstance(data, Mapping):
            names = {str(key): key for key in data}
            items = {name: self.node(data[key], (*path, name), depth + 1) for name, key in names.items()}
            return YamlNode(place, items, keys={name: items[name].place for name in names})
        if isinstance(data, list | tuple):
            return YamlNode(place, [self.node(item, (*path, i), depth + 1) for i, item in enumerate(data)])
        if data is None or isinstance(data, str | int | float):
            return YamlNode(place, data, _as_written(data))
        self._mistakes.stop(place, f"a scenario holds no {type(data).__name__}.")
        raise AssertionError("unreachable")


def _as_written(data: Scalar) -> str:
    if isinstance(data, bool):
        return str(data).lower()
    return "" if data is None else str(data)
