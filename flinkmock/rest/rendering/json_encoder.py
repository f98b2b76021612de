"""Writes JSON as Flink's Jackson does: without spaces, unescaped UTF-8, doubles as in Java, NaN in quotes."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from flinkmock.flink.java_format import java_double

_dump = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

# Python's repr and Java's Double.toString differ for numbers below 1.0E-3 and from 1.0E7 on, and Python writes \u001b
# where Jackson writes \u001B. Both are rare, so quick searches decide whether anything has to be replaced.
_POINT_OF_DIFFERENT_NUMBER = re.compile(r"\.(?:(?<=\d{8}\.)|000|\d+e[+-])")
"""A point that follows 8 digits, or that is followed by 3 zeros or an exponent."""
_EXPONENT_WITHOUT_POINT = re.compile(r"e(?:(?<=[:,\[-]\de)|(?<=^\de))[+-]\d")
_DIFFERENT_TOKENS = re.compile(
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
    r"|(?<![\d.])-?(?:0\.000\d+|\d{8,}\.\d+|\d+(?:\.\d+)?e[+-]?\d+)"
)
"""A string, or a number that Java writes differently."""
_ESCAPES = re.compile(r"\\(?:u00[01][a-f]|.)")


def encode(value: Any) -> bytes:
    """Return a JSON value (dicts, lists, tuples, strings, numbers, booleans and None) as bytes."""
    try:
        text = _dump(value)
    except ValueError:
        text = _dump(_quoted(value))
    if _POINT_OF_DIFFERENT_NUMBER.search(text) or _EXPONENT_WITHOUT_POINT.search(text) or "\\u00" in text:
        text = _DIFFERENT_TOKENS.sub(_as_jackson, text)
    # Java's String.getBytes writes a question mark for an unpaired surrogate
    return text.encode("utf-8", errors="replace")


def _as_jackson(token: re.Match[str]) -> str:
    """Return a string or a number as Jackson writes it."""
    text = token[0]
    if not text.startswith('"'):
        return java_double(float(text))
    return _ESCAPES.sub(lambda escape: escape[0][:2] + escape[0][2:].upper(), text)


def _quoted(value: Any) -> Any:
    """Return a value with NaN and infinities as strings (Jackson's QUOTE_NON_NUMERIC_NUMBERS)."""
    if isinstance(value, dict):
        return {key: _quoted(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_quoted(child) for child in value]
    return java_double(value) if isinstance(value, float) and not math.isfinite(value) else value
