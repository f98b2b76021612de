"""Converts values of a JSON body as Jackson does, or rejects them with its messages.

A number or boolean is accepted where a string is required, and a string where a number or boolean is required.
Fractions are truncated. An enum constant may be given by its ordinal. All other values are errors, as in Jackson's
deserializers.

The scanner gives numbers as `IntText` and `FloatText`, which are strings, and objects as `Pairs`, which are lists.

See docs/flink-behaviour.md#type-coercion.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, NoReturn

from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_format import string_hash
from flinkmock.flink.java_parsing import INT, LONG, parse_id, parse_number
from flinkmock.rest.jackson.parser import JACKSON, MAPPING_EXCEPTION, MISMATCH_EXCEPTION, JacksonError
from flinkmock.rest.jackson.scanner import FloatText, IntText, Pairs
from flinkmock.rest.release_quirks import ReleaseQuirks

_INVALID_FORMAT_EXCEPTION = f"{JACKSON}.databind.exc.InvalidFormatException"
_INPUT_COERCION_EXCEPTION = f"{JACKSON}.core.exc.InputCoercionException"
_NULL_PRIMITIVE_ADVICE = (
    "(set DeserializationConfig.DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES to 'false' to allow)"
)
_NO_DATA = "Serialized data must not be empty"
_NULL_DATA = "Serialized data must not be null"
"""Messages of SerializedValue.fromBytes."""
_TOKEN_LABELS = {
    "START_ARRAY": "Array",
    "START_OBJECT": "Object",
    "VALUE_STRING": "String",
    "VALUE_NUMBER_INT": "Integer",
    "VALUE_NUMBER_FLOAT": "Floating-point",
    "VALUE_TRUE": "Boolean",
    "VALUE_FALSE": "Boolean",
}
_BLANKS = "".join(map(chr, range(0x21)))
"""The characters that String.trim removes."""
_ID_CLASSES = {"jobId": "JobID", "applicationId": "ApplicationID"}
"""Field -> the class that parses its id and adds its own message to errors."""
_NEWER_MESSAGES_SINCE = (2, 12)
"""The version of Jackson in which the wording of many messages changed."""
_MAX_PARSED_DIGITS = 400
"""Further digits of an integer are cut off before it is parsed: it is out of range in any case."""
_MAX_ORDINAL_DIGITS = 9
"""Integers with more digits than this may not fit into an int, so Jackson doesn't read them as ordinals."""
_TRUE_TEXTS, _FALSE_TEXTS, _NULL_TEXTS = {"true", "True", "TRUE"}, {"false", "False", "FALSE"}, {"", "null"}


def token_of(value: Any) -> str:
    """Return Jackson's name of the first token of a value."""
    if isinstance(value, bool):
        return f"VALUE_{str(value).upper()}"
    kinds = {Pairs: "START_OBJECT", IntText: "VALUE_NUMBER_INT", FloatText: "VALUE_NUMBER_FLOAT", list: "START_ARRAY"}
    return next((token for kind, token in kinds.items() if isinstance(value, kind)), "VALUE_STRING")


def _mapping_error(message: str | None, path: str, cause: JavaException) -> JacksonError:
    """Return the error for an exception of one of Flink's deserializers. Its message has no `at [Source: …]`."""
    return JacksonError(JavaException(MAPPING_EXCEPTION, f"{message} (through reference chain: {path})", cause))


def fail(exception_class: str, message: str, path: str, cause: JavaException | None = None) -> NoReturn:
    """Raise JacksonError. `path` is Jackson's reference chain: the class and the fields that lead to the value."""
    chain = f"\n at [Source: UNKNOWN; byte offset: #UNKNOWN] (through reference chain: {path})" if path else ""
    raise JacksonError(JavaException(exception_class, message + chain, cause))


class ScalarConverter:
    """Converts scalar values. Only the messages depend on the release.

    All methods raise JacksonError. Their argument `path` is Jackson's reference chain.
    """

    def __init__(self, quirks: ReleaseQuirks) -> None:
        self._has_newer_messages = quirks.jackson_version >= _NEWER_MESSAGES_SINCE
        self._names_radix = quirks.number_errors_name_radix

    def string(self, value: Any, path: str) -> str:
        if isinstance(value, list):
            self.reject_token("java.lang.String", token_of(value), path)
        return str(value).lower() if isinstance(value, bool) else str(value)

    def boolean(self, value: Any, path: str, *, nullable: bool) -> bool | None:
        java_type = "java.lang.Boolean" if nullable else "boolean"
        if isinstance(value, bool):
            return value
        if isinstance(value, IntText):
            return value != "0"
        if not isinstance(value, str) or isinstance(value, FloatText):
            self.reject_token(java_type, token_of(value), path)
        text = value.strip(_BLANKS)
        if text in _TRUE_TEXTS or text in _FALSE_TEXTS:
            return text in _TRUE_TEXTS
        if text in _NULL_TEXTS and nullable:
            return None
        self._reject_text(java_type, value, 'only "true" or "false" recognized', path)

    def integer(self, value: Any, path: str, *, is_long: bool, nullable: bool) -> int | None:
        primitive, wrapper = ("long", "java.lang.Long") if is_long else ("int", "java.lang.Integer")
        java_type = wrapper if nullable else primitive
        bounds = LONG if is_long else INT
        if isinstance(value, bool) or not isinstance(value, str):
            self.reject_token(java_type, token_of(value), path)
        if isinstance(value, (IntText, FloatText)):
            number = float(value) if isinstance(value, FloatText) else int(value[:_MAX_PARSED_DIGITS])
            if not bounds[0] <= number <= bounds[1]:
                reason = f"Numeric value ({value}) out of range of {primitive} ({bounds[0]} - {bounds[1]})"
                fail(_INPUT_COERCION_EXCEPTION, reason, path)
            return int(number)
        text = value.strip(_BLANKS)
        if text in _NULL_TEXTS and nullable:
            return None
        try:
            return parse_number(text, bounds)
        except ValueError:
            label = f"`{java_type}`" if self._has_newer_messages else wrapper.rpartition(".")[2]
            self._reject_text(java_type, value, f"not a valid {label} value", path)

    def enum(self, java_class: str, constants: Sequence[str], value: Any, path: str) -> str:
        if isinstance(value, (bool, FloatText)) or not isinstance(value, str):
            self.reject_token(java_class, token_of(value), path)
        text = value.strip(_BLANKS)
        if text in constants:
            return text
        has_leading_zero = text.startswith("0") and text != "0"
        if text.isascii() and text.isdigit() and not has_leading_zero and len(text) <= _MAX_ORDINAL_DIGITS:
            if int(text) < len(constants):
                return constants[int(text)]
            if isinstance(value, IntText):
                reason = f"index value outside legal index range [0..{len(constants) - 1}]"
                message = f"Cannot deserialize value of type `{java_class}` from number {value}: {reason}"
                fail(_INVALID_FORMAT_EXCEPTION, message, path)
        listed = ", ".join(jackson_order(constants))
        self._reject_text(java_class, value, f"not one of the values accepted for Enum class: [{listed}]", path)

    def id(self, text: str, path: str) -> str:
        """Convert an id; return 32 lower-case hex digits."""
        try:
            return parse_id(text)
        except ValueError as error:
            not_a_number = str(error).startswith("For input string")
            kind = "NumberFormatException" if not_a_number else "IllegalArgumentException"
            reason = str(error) if self._names_radix else str(error).removesuffix(" under radix 16")
            cause = JavaException(f"java.lang.{kind}", reason)
        field = path.rpartition('["')[2].removesuffix('"]')
        if java_class := _ID_CLASSES.get(field):
            cause = JavaException("java.lang.IllegalArgumentException", _cannot_parse(java_class, text), cause)
        raise _mapping_error(cause.message, path, cause)

    def base64(self, value: Any, path: str) -> str:
        """Return a string unchanged if it is base64. Other values are rejected like null (JsonNode.binaryValue)."""
        if not isinstance(value, str) or isinstance(value, (IntText, FloatText)):
            raise _mapping_error(_NULL_DATA, path, JavaException("java.lang.NullPointerException", _NULL_DATA))
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            reason = "Cannot access contents of TextNode as binary due to broken Base64 encoding"
            fail(_INVALID_FORMAT_EXCEPTION, reason, path)
        if not value:
            raise _mapping_error(_NO_DATA, path, JavaException("java.lang.IllegalArgumentException", _NO_DATA))
        return value

    def reject_null(self, kind: str, path: str, *, is_long: bool) -> NoReturn:
        """Reject null for a primitive; `kind` is "boolean" or "integer"."""
        integer = "long" if is_long else "int"
        primitive = "boolean" if kind == "boolean" else integer
        label = f"`{primitive}`" if self._has_newer_messages else primitive
        fail(MISMATCH_EXCEPTION, f"Cannot map `null` into type {label} {_NULL_PRIMITIVE_ADVICE}", path)

    def reject_object(self, java_class: str) -> NoReturn:
        """Reject an object for a class without a constructor that takes fields (recorded: 1.18.1)."""
        reason = "cannot deserialize from Object value (no delegate- or property-based Creator)"
        message = f"Cannot construct instance of `{java_class}` (although at least one Creator exists): {reason}"
        fail(MISMATCH_EXCEPTION, message, "")

    def reject_non_object(self, java_class: str, value: Any, path: str) -> NoReturn:
        """Reject a value that is not an object where an object is required."""
        if isinstance(value, list):
            self.reject_token(java_class, token_of(value), path)
        if isinstance(value, bool):
            argument, label = "boolean/Boolean", f"boolean value ({str(value).lower()})"
        elif isinstance(value, IntText):
            argument, label = "int/Int", f"Number value ({value})"
        elif isinstance(value, FloatText):
            argument, label = "double/Double", f"Number value ({value})"
        else:
            argument, label = "String", f"String value ('{value}')"
        reason = f"no {argument}-argument constructor/factory method to deserialize from {label}"
        message = f"Cannot construct instance of `{java_class}` (although at least one Creator exists): {reason}"
        fail(MISMATCH_EXCEPTION, message, path)

    def reject_token(self, java_type: str, token: str, path: str) -> NoReturn:
        """Reject a value whose first token (see `token_of`) a type can't have."""
        if self._has_newer_messages:
            label = f"{_TOKEN_LABELS[token]} value (token `JsonToken.{token}`)"
            fail(MISMATCH_EXCEPTION, f"Cannot deserialize value of type `{java_type}` from {label}", path)
        fail(MISMATCH_EXCEPTION, f"Cannot deserialize instance of `{java_type}` out of {token} token", path)

    def _reject_text(self, java_type: str, value: str, reason: str, path: str) -> NoReturn:
        message = f'Cannot deserialize value of type `{java_type}` from String "{value}": {reason}'
        fail(_INVALID_FORMAT_EXCEPTION, message, path)


def _cannot_parse(java_class: str, text: str) -> str:
    """Return the message of `fromHexString` of JobID and ApplicationID, whose example is Flink's."""
    example = "fd72014d4c864993a2e5a9287b4a9c5d"
    return f'Cannot parse {java_class} from "{text}". The expected format is [0-9a-fA-F]{{32}}, e.g. {example}.'


def jackson_order(constants: Sequence[str]) -> list[str]:
    """Return the constants of an enum in the order in which Jackson's messages list them.

    It is the order of the slots in CompactStringObjectMap, a hash map with three areas: primary slots, half as many
    secondary slots, and spilled ones.
    """
    primary_slots = 8
    if len(constants) > 5:
        primary_slots = 16 if len(constants) <= 12 else 32
    slots: dict[int, str] = {}
    next_spilled_slot = primary_slots + primary_slots // 2
    for name in constants:
        slot = string_hash(name) & (primary_slots - 1)
        if slot in slots:
            slot = primary_slots + slot // 2
        if slot in slots:
            slot = next_spilled_slot
            next_spilled_slot += 1
        slots[slot] = name
    return [slots[slot] for slot in sorted(slots)]
