"""Converts values of a JSON body as Jackson does, or rejects them with its messages.

Numbers and booleans are accepted as strings, and strings as numbers and booleans. Fractions are truncated. An enum
constant may be given by its ordinal. All other values are errors, as in Jackson's deserializers.

See docs/flink-behaviour.md#type-coercion.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, NoReturn

from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_parsing import INT, LONG, parse_id, parse_number
from flinkmock.rest.jackson import class_names
from flinkmock.rest.jackson.parser import JACKSON, MAPPING, MISMATCH, JacksonError
from flinkmock.rest.jackson.scanner import FloatText, IntText, Pairs
from flinkmock.rest.release_quirks import ReleaseQuirks

_INVALID = f"{JACKSON}.databind.exc.InvalidFormatException"
_COERCION = f"{JACKSON}.core.exc.InputCoercionException"
_NULL_PRIMITIVE = "(set DeserializationConfig.DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES to 'false' to allow)"
_NO_DATA = "Serialized data must not be empty"
_NULL_DATA = "Serialized data must not be null"
"""Messages of SerializedValue.fromBytes."""
_TOKENS = {
    "START_ARRAY": "Array",
    "START_OBJECT": "Object",
    "VALUE_STRING": "String",
    "VALUE_NUMBER_INT": "Integer",
    "VALUE_NUMBER_FLOAT": "Floating-point",
    "VALUE_TRUE": "Boolean",
    "VALUE_FALSE": "Boolean",
}
_BLANKS = "".join(map(chr, range(0x21)))
"""What String.trim removes."""
_IDS_WITH_A_MESSAGE = {"jobId": "JobID", "applicationId": "ApplicationID"}
_NEWER_WORDS = (2, 12)
_TRUE, _FALSE, _NULL = {"true", "True", "TRUE"}, {"false", "False", "FALSE"}, {"", "null"}


def token_of(value: Any) -> str:
    """Return Jackson's name of the first token of a value."""
    if isinstance(value, bool):
        return f"VALUE_{str(value).upper()}"
    kinds = {Pairs: "START_OBJECT", IntText: "VALUE_NUMBER_INT", FloatText: "VALUE_NUMBER_FLOAT", list: "START_ARRAY"}
    return next((token for kind, token in kinds.items() if isinstance(value, kind)), "VALUE_STRING")


def fail(java_class: str, text: str, path: str, cause: JavaException | None = None) -> NoReturn:
    """Raise JacksonError. `path` is Jackson's reference chain; the location is what Jackson prints without one."""
    chain = f"\n at [Source: UNKNOWN; byte offset: #UNKNOWN] (through reference chain: {path})" if path else ""
    raise JacksonError(JavaException(java_class, text + chain, cause))


class Scalars:
    """Converts scalar values. Only the messages depend on the release. All methods raise JacksonError."""

    def __init__(self, quirks: ReleaseQuirks) -> None:
        self._newer = quirks.jackson >= _NEWER_WORDS
        self._names_radix = quirks.number_errors_name_radix

    def string(self, value: Any, path: str) -> str:
        if isinstance(value, list):
            self.mismatch("java.lang.String", token_of(value), path)
        return str(value).lower() if isinstance(value, bool) else str(value)

    def boolean(self, value: Any, path: str, *, nullable: bool) -> bool | None:
        java_type = "java.lang.Boolean" if nullable else "boolean"
        if isinstance(value, bool):
            return value
        if isinstance(value, IntText):
            return value != "0"
        if not isinstance(value, str) or isinstance(value, FloatText):
            self.mismatch(java_type, token_of(value), path)
        text = value.strip(_BLANKS)
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        if text in _NULL and nullable:
            return None
        self._invalid(java_type, value, 'only "true" or "false" recognized', path)

    def integer(self, value: Any, path: str, *, is_long: bool, nullable: bool) -> int | None:
        primitive, wrapper = ("long", "java.lang.Long") if is_long else ("int", "java.lang.Integer")
        java_type = wrapper if nullable else primitive
        limits = LONG if is_long else INT
        if isinstance(value, bool) or not isinstance(value, str):
            self.mismatch(java_type, token_of(value), path)
        if isinstance(value, (IntText, FloatText)):
            number = (
                float(value) if isinstance(value, FloatText) else int(value[:400])
            )  # numbers of 400 digits are out of range
            if not limits[0] <= number <= limits[1]:
                fail(
                    _COERCION, f"Numeric value ({value}) out of range of {primitive} ({limits[0]} - {limits[1]})", path
                )
            return int(number)
        text = value.strip(_BLANKS)
        if text in _NULL and nullable:
            return None
        try:
            return parse_number(text, limits)
        except ValueError:
            label = f"`{java_type}`" if self._newer else wrapper.rpartition(".")[2]
            self._invalid(java_type, value, f"not a valid {label} value", path)

    def enum(self, java_class: str, constants: Sequence[str], value: Any, path: str) -> str:
        if isinstance(value, (bool, FloatText)) or not isinstance(value, str):
            self.mismatch(java_class, token_of(value), path)
        text = value.strip(_BLANKS)
        if text in constants:
            return text
        if text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") and len(text) < 10:
            if int(text) < len(constants):
                return constants[int(text)]
            if isinstance(value, IntText):
                reason = f"index value outside legal index range [0..{len(constants) - 1}]"
                fail(_INVALID, f"Cannot deserialize value of type `{java_class}` from number {value}: {reason}", path)
        listed = ", ".join(class_names.jackson_order(constants))
        self._invalid(java_class, value, f"not one of the values accepted for Enum class: [{listed}]", path)

    def id(self, text: str, path: str) -> str:
        """Convert an id; return 32 lower-case hex digits."""
        try:
            return parse_id(text)
        except ValueError as error:
            not_a_number = str(error).startswith("For input string")
            kind = "NumberFormatException" if not_a_number else "IllegalArgumentException"
            reason = str(error) if self._names_radix else str(error).removesuffix(" under radix 16")
            cause = JavaException(f"java.lang.{kind}", reason)
        if java_class := _IDS_WITH_A_MESSAGE.get(path.rpartition('["')[2].removesuffix('"]')):
            cause = JavaException(
                "java.lang.IllegalArgumentException", class_names.cannot_parse(java_class, text), cause
            )
        fail(MAPPING, f"{cause.message} (through reference chain: {path})", "", cause)

    def base64(self, text: Any, path: str) -> str:
        """Return a text unchanged if it is base64. Other values have no bytes (JsonNode.binaryValue)."""
        if not isinstance(text, str) or isinstance(text, (IntText, FloatText)):
            cause = JavaException("java.lang.NullPointerException", _NULL_DATA)
            raise JacksonError(JavaException(MAPPING, f"{_NULL_DATA} (through reference chain: {path})", cause))
        try:
            base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            fail(_INVALID, "Cannot access contents of TextNode as binary due to broken Base64 encoding", path)
        if not text:
            cause = JavaException("java.lang.IllegalArgumentException", _NO_DATA)
            raise JacksonError(JavaException(MAPPING, f"{_NO_DATA} (through reference chain: {path})", cause))
        return text

    def null(self, kind: str, path: str, *, is_long: bool) -> NoReturn:
        """Reject null for a primitive; `kind` is "boolean" or "integer"."""
        primitive = "boolean" if kind == "boolean" else "long" if is_long else "int"
        label = f"`{primitive}`" if self._newer else primitive
        fail(MISMATCH, f"Cannot map `null` into type {label} {_NULL_PRIMITIVE}", path)

    def no_creator(self, java_class: str) -> NoReturn:
        """Reject an object for a class without a constructor that takes fields (recorded: 1.18.1)."""
        reason = "cannot deserialize from Object value (no delegate- or property-based Creator)"
        text = f"Cannot construct instance of `{java_class}` (although at least one Creator exists): {reason}"
        fail(MISMATCH, text, "")

    def not_constructible(self, java_class: str, value: Any, path: str) -> NoReturn:
        """Reject a value that is not an object where an object is required."""
        if isinstance(value, list):
            self.mismatch(java_class, token_of(value), path)
        if isinstance(value, bool):
            argument, label = "boolean/Boolean", f"boolean value ({str(value).lower()})"
        elif isinstance(value, IntText):
            argument, label = "int/Int", f"Number value ({value})"
        elif isinstance(value, FloatText):
            argument, label = "double/Double", f"Number value ({value})"
        else:
            argument, label = "String", f"String value ('{value}')"
        reason = f"no {argument}-argument constructor/factory method to deserialize from {label}"
        fail(
            MISMATCH,
            f"Cannot construct instance of `{java_class}` (although at least one Creator exists): {reason}",
            path,
        )

    def mismatch(self, java_type: str, token: str, path: str) -> NoReturn:
        if self._newer:
            label = f"{_TOKENS[token]} value (token `JsonToken.{token}`)"
            fail(MISMATCH, f"Cannot deserialize value of type `{java_type}` from {label}", path)
        fail(MISMATCH, f"Cannot deserialize instance of `{java_type}` out of {token} token", path)

    def _invalid(self, java_type: str, value: str, reason: str, path: str) -> NoReturn:
        fail(_INVALID, f'Cannot deserialize value of type `{java_type}` from String "{value}": {reason}', path)
