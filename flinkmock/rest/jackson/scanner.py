"""A JSON scanner without recursion, so that deep nesting needs no deep stack.

Its errors are those of Python's scanner. `parser.py` converts them to Jackson's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, NoReturn

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_LITERALS = {"n": ("null", None), "t": ("true", True), "f": ("false", False)}
_CONSTANTS = ("NaN", "Infinity", "-Infinity")


class IntText(str):
    """The text of a number without fraction and exponent."""


class FloatText(str):
    """The text of a number with a fraction or exponent."""


class Pairs(list[tuple[str, Any]]):
    """The names and values of an object in their order, including repeated names."""


class TooDeep(Exception):
    """The nesting is deeper than allowed."""


def scan(text: str, start: int, max_depth: int, reject_constant: Callable[[str], NoReturn]) -> tuple[Any, int]:
    """Return the value at `start`, and the index after it.

    Args:
        text: The text.
        start: The index of the first character.
        max_depth: The number of objects and arrays that may be open at the same time, not counting an empty
            innermost one.
        reject_constant: Called for NaN, Infinity and -Infinity; raises an exception.

    Raises:
        JSONDecodeError: The text is not JSON.
        TooDeep: The nesting is deeper than `max_depth`, not counting an empty innermost object or array.
    """
    containers: list[list[Any]] = []
    names: list[str] = []
    index = start
    while True:
        value, index = _scan_start(text, index, reject_constant)
        if isinstance(value, list) and text[index : index + 1] != _closing_bracket(value):
            if len(containers) >= max_depth:
                raise TooDeep
            containers.append(value)
            if isinstance(value, Pairs):
                name, index = _property_name(text, index)
                names.append(name)
            continue
        if isinstance(value, list):
            index += 1
        while containers:  # add the complete value to its container, which may now be complete, too
            container = containers[-1]
            container.append((names.pop(), value) if isinstance(container, Pairs) else value)
            index = _after_space(text, index)
            character = text[index : index + 1]
            if character == ",":
                index = _after_space(text, index + 1)
                if isinstance(container, Pairs):
                    name, index = _property_name(text, index)
                    names.append(name)
                break
            if character != _closing_bracket(container):
                raise JSONDecodeError("Expecting ',' delimiter", text, index)
            value = containers.pop()
            index += 1
        else:
            return value, index


def _scan_start(text: str, index: int, reject_constant: Callable[[str], NoReturn]) -> tuple[Any, int]:
    """Return a complete scalar, or an empty object or array for one that begins; and the index after what was read.

    For an object or array, this is the index of its first name or element, or of its closing bracket.
    """
    character = text[index : index + 1]
    if character == '"':
        string, end = scanstring(text, index + 1, True)
        return string, end
    if character == "{":
        return Pairs(), _after_space(text, index + 1)
    if character == "[":
        return [], _after_space(text, index + 1)
    if character in _LITERALS:
        word, value = _LITERALS[character]
        if text.startswith(word, index):
            return value, index + len(word)
    if number := _NUMBER.match(text, index):
        is_float = number[2] is not None or number[3] is not None
        return (FloatText if is_float else IntText)(number[0]), number.end()
    for name in _CONSTANTS:
        if text.startswith(name, index):
            reject_constant(name)
    raise JSONDecodeError("Expecting value", text, index)


def _property_name(text: str, index: int) -> tuple[str, int]:
    """Return the property name at `index`, and the index of its value."""
    if text[index : index + 1] != '"':
        raise JSONDecodeError("Expecting property name enclosed in double quotes", text, index)
    name, index = scanstring(text, index + 1, True)
    index = _after_space(text, index)
    if text[index : index + 1] != ":":
        raise JSONDecodeError("Expecting ':' delimiter", text, index)
    return name, _after_space(text, index + 1)


def _after_space(text: str, index: int) -> int:
    match = _SPACE.match(text, index)
    return match.end() if match else index


def _closing_bracket(container: list[Any]) -> str:
    return "}" if isinstance(container, Pairs) else "]"
