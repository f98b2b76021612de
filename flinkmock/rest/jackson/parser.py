"""Parses JSON as Jackson does, with Jackson's messages. See docs/flink-behaviour.md#json-parsing.

`scanner.py` scans the text; this module adds Jackson's limits and messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import repeat
from typing import Any, NoReturn

from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.jackson.scanner import FloatText, IntText, Pairs, TooDeep, scan

JACKSON = "org.apache.flink.shaded.jackson2.com.fasterxml.jackson"
PARSE_EXCEPTION = f"{JACKSON}.core.JsonParseException"
EOF_EXCEPTION = f"{JACKSON}.core.io.JsonEOFException"
MAPPING_EXCEPTION = f"{JACKSON}.databind.JsonMappingException"
MISMATCH_EXCEPTION = f"{JACKSON}.databind.exc.MismatchedInputException"
CONSTRAINTS_EXCEPTION = f"{JACKSON}.core.exc.StreamConstraintsException"

_CONSTRAINTS_SINCE = (2, 15)
"""The first version of Jackson with StreamReadConstraints: limits of depth, numbers and names."""
_REDACTED_SINCE = (2, 16)
"""The first version of Jackson whose messages don't name the source of a text."""
_MAX_DEPTH = 1000
_MAX_NUMBER_LENGTH = 1000
_MAX_NAME_LENGTH = 50_000
_MAX_STACK_DEPTH = 5_000
"""The number of open objects and arrays at which Java's stack overflows, in releases whose Jackson has no limit."""
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
"""Also matches a string without its closing quote. Otherwise the search would start again inside of the string, which
takes quadratic time."""
_LITERAL_AND_MORE = re.compile(r"(?:null|true|false)[\w$]+")
_EXPECTED = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_COMMENT_HINT = (
    "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)"
)


class JacksonError(Exception):
    """An exception of Jackson. Flink responds with 400 or, if `is_fatal` is set, with 500."""

    def __init__(self, exception: JavaException, *, is_fatal: bool = False) -> None:
        super().__init__(str(exception))
        self.exception = exception
        self.is_fatal = is_fatal


def parse(raw: bytes, version: tuple[int, int]) -> Any:
    """Return the first complete value. Jackson doesn't read the text after it.

    Args:
        raw: The bytes of the text.
        version: The version of Jackson, such as (2, 18).

    Returns:
        None, bool, str, IntText, FloatText, list or Pairs.

    Raises:
        JacksonError: Jackson rejects the text.
    """
    text = _decoded(raw)
    start = len(text) - len(text.lstrip(" \t\r\n"))
    if start == len(text):
        raise JacksonError(JavaException(MISMATCH_EXCEPTION, "No content to map due to end-of-input"))
    if text[start] == "[":
        return []  # no request body is an array, so Jackson stops at the bracket
    if literal := _LITERAL_AND_MORE.match(text, start):
        _reject(text, start, f"Unrecognized token '{literal[0]}': was expecting {_EXPECTED}", version)
    if version >= _CONSTRAINTS_SINCE:
        _check_depth(text)
    try:
        value, end = scan(text, start, _MAX_STACK_DEPTH, _reject_constant)
    except json.JSONDecodeError as error:
        _check_utf8(text[: error.pos + len(_identifier_at(text, error.pos)) + 1], raw)
        _raise_jackson_error(text, error, version)
    except TooDeep:
        raise JacksonError(JavaException("java.lang.StackOverflowError"), is_fatal=True) from None
    _check_utf8(text[:end], raw)
    if version >= _CONSTRAINTS_SINCE:
        _check_lengths(value)
    return value


def source_description(version: tuple[int, int]) -> str:
    """Return Jackson's description of the source of a text."""
    if version >= _REDACTED_SINCE:
        return "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
    return "[Source: (org.apache.flink.shaded.netty4.io.netty.buffer.ByteBufInputStream)"


def _reject_constant(name: str) -> NoReturn:
    text = f"Non-standard token '{name}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"
    raise JacksonError(JavaException(PARSE_EXCEPTION, text))


def _decoded(raw: bytes) -> str:
    """Decode UTF-8, -16 or -32, with or without BOM. Invalid UTF-8 becomes lone surrogates, see `_check_utf8`."""
    encoding = json.detect_encoding(raw)
    if encoding.startswith("utf-8"):
        return raw.decode(encoding, errors="surrogateescape")
    return raw.decode(encoding, errors="replace")


def _check_utf8(text: str, raw: bytes) -> None:
    """Reject invalid UTF-8. `text` is the part of the text that Jackson reads."""
    if not re.search("[\udc80-\udcff]", text):
        return
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.reason == "invalid continuation byte" and error.end < len(raw):
            position, octet = "middle", raw[error.end]
        else:
            position, octet = "start", raw[error.start]
        cause = JavaException(PARSE_EXCEPTION, f"Invalid UTF-8 {position} byte 0x{octet:x}")
        if text.lstrip().startswith("{"):  # Jackson's deserializer of the object wraps the exception
            raise JacksonError(JavaException(MAPPING_EXCEPTION, cause.message, cause)) from None
        raise JacksonError(cause) from None


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= _MAX_DEPTH:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        if match[0] in "[{":
            depth += 1
        elif match[0] in "]}":
            depth -= 1
        if depth > _MAX_DEPTH:
            raise nesting_error(depth)
        if depth == 0:
            return


def _check_lengths(value: Any) -> None:
    """Check the lengths of names and numbers, in the order of the text."""
    iterators: list[Iterator[tuple[str, Any]]] = [iter([("", value)])]
    while iterators:
        for name, child in iterators[-1]:
            if len(name) > _MAX_NAME_LENGTH:
                raise _constraint_error(f"Name length ({len(name)})", _MAX_NAME_LENGTH, "getMaxNameLength")
            if isinstance(child, list):
                iterators.append(iter(child) if isinstance(child, Pairs) else zip(repeat(""), child, strict=False))
                break
            if isinstance(child, (IntText, FloatText)):
                length = len(child.lstrip("-"))
                if length > _MAX_NUMBER_LENGTH:
                    raise _constraint_error(f"Number value length ({length})", _MAX_NUMBER_LENGTH, "getMaxNumberLength")
        else:
            iterators.pop()


def nesting_error(depth: int = _MAX_DEPTH + 1) -> JacksonError:
    """Return the error for JSON with more levels than Jackson reads."""
    return _constraint_error(f"Document nesting depth ({depth})", _MAX_DEPTH, "getMaxNestingDepth")


def _constraint_error(quantity: str, limit: int, getter: str) -> JacksonError:
    text = f"{quantity} exceeds the maximum allowed ({limit}, from `StreamReadConstraints.{getter}()`)"
    return JacksonError(JavaException(CONSTRAINTS_EXCEPTION, text), is_fatal=True)


def _raise_jackson_error(text: str, error: json.JSONDecodeError, version: tuple[int, int]) -> NoReturn:
    """Raise the exception of Jackson for an error of Python's parser."""
    open_brackets = _open_brackets(text[: error.pos])
    innermost = open_brackets[-1] if open_brackets else 0
    kind = "Array" if text[innermost] == "[" else "Object"
    python_message, position = error.msg, error.pos
    if python_message.startswith("Unterminated string"):
        _reject(text, len(text), "Unexpected end-of-input in VALUE_STRING", version, EOF_EXCEPTION)
    if not text[position:].strip(" \t\r\n"):
        if python_message.startswith(("Expecting ',' delimiter", "Expecting property name")):
            marker = f"(start marker at {source_description(version)}; {_line_and_column(text, innermost)}])"
            reason = f"Unexpected end-of-input: expected close marker for {kind} {marker}"
            _reject(text, len(text), reason, version, EOF_EXCEPTION)
        _reject(text, len(text), f"Unexpected end-of-input within/between {kind} entries", version, EOF_EXCEPTION)
    character = text[position]
    if python_message.startswith("Invalid control character"):
        reason = "has to be escaped using backslash to be included in string value"
        _reject(text, position, f"Illegal unquoted character ((CTRL-CHAR, code {ord(character)})): {reason}", version)
    if python_message.startswith("Invalid \\"):
        escaped = text[position + 1 : position + 2]
        _reject(text, position, f"Unrecognized character escape '{escaped}' (code {ord(escaped or '0')})", version)
    word = _identifier_at(text, position)
    if python_message == "Expecting value" and word and not word[0].isdigit():
        _reject(text, position, f"Unrecognized token '{word}': was expecting {_EXPECTED}", version)
    expected = {
        "Expecting value": f"expected a valid value {_EXPECTED}",
        "Expecting ':' delimiter": "was expecting a colon to separate field name and value",
        "Expecting ',' delimiter": f"was expecting comma to separate {kind} entries",
    }.get(python_message, "was expecting double-quote to start field name")
    reason = _COMMENT_HINT if character == "/" else expected
    _reject(text, position, f"Unexpected character ('{character}' (code {ord(character)})): {reason}", version)


def _open_brackets(text: str) -> list[int]:
    """Return the positions of brackets that are not closed."""
    opened: list[int] = []
    for match in _STRING_OR_BRACKET.finditer(text):
        if match[0] in "[{":
            opened.append(match.start())
        elif match[0] in "]}" and opened:
            opened.pop()
    return opened


def _identifier_at(text: str, position: int) -> str:
    """Return the Java identifier at a position; control characters count as parts of identifiers."""
    match = re.compile(r"[\w$\x00-\x08\x0e-\x1b\x7f-\x9f]*").match(text, position)
    return match[0] if match else ""


def _line_and_column(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    return f"line: {line}, column: {position - text.rfind(chr(10), 0, position)}"


def _reject(
    text: str, position: int, reason: str, version: tuple[int, int], java_class: str = PARSE_EXCEPTION
) -> NoReturn:
    location = f"\n at {source_description(version)}; {_line_and_column(text, position)}]"
    raise JacksonError(JavaException(java_class, reason + location)) from None
