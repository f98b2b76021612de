"""Describes what a change of the contract means for a client, in clauses for readers without schema files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flinkmock.contract.operation import Parameter
from flinkmock.contract.schema_fields import SchemaField

_JSON_TYPES = {"int32": "integer", "int64": "integer", "double": "number", "hex32": "string", "enum": "string"}
_TYPE_NAMES = {
    "integer": "an integer",
    "number": "a number",
    "number or non-finite text": "a number, or a text such as NaN",
    "string": "a text",
    "boolean": "a boolean",
    "object": "an object",
    "array": "a list",
    "any": "any value",
    "null": "null",
    "recursion": "an object like the one that contains it",
}
_JACKSON_FEATURES = {
    ("fail_on_unknown_properties", True): "a body with a field that Flink does not know is rejected with 400",
    ("fail_on_unknown_properties", False): "fields of a body that Flink does not know are ignored; before, 400",
    ("fail_on_ignored_properties", True): "a body with a field that Flink ignores is rejected with 400",
    ("fail_on_ignored_properties", False): "a body may have fields that Flink ignores; before, 400",
    ("fail_on_null_for_primitives", True): "null in place of a number or a boolean is rejected with 400",
    ("fail_on_null_for_primitives", False): "null in place of a number or a boolean is read as 0 or false; before, 400",
    ("fail_on_reading_dup_tree_key", True): "a body with a duplicate field is rejected with 400",
    ("fail_on_reading_dup_tree_key", False): "the last value of a duplicate field counts; before, 400",
    ("fail_on_missing_creator_properties", True): "a body without all fields is rejected with 400",
    ("fail_on_missing_creator_properties", False): "fields of a body may be missing; before, 400",
    ("fail_on_trailing_tokens", True): "text after the JSON of a body is rejected with 400",
    ("fail_on_trailing_tokens", False): "text after the JSON of a body is ignored; before, 400",
    ("fail_on_numbers_for_enums", True): "a number in place of a constant is rejected with 400",
    ("fail_on_numbers_for_enums", False): "a number in place of a constant is its position; before, 400",
    ("accept_single_value_as_array", True): "a single value is read as a list of one; before, 400",
    ("accept_single_value_as_array", False): "a single value in place of a list is rejected with 400",
    ("allow_coercion_of_scalars", True): 'strings are read as numbers ("5") and numbers as strings; before, 400',
    ("allow_coercion_of_scalars", False): 'strings in place of numbers ("5") are rejected with 400',
    ("accept_case_insensitive_enums", True): "constants are read in any case; before, 400",
    ("accept_case_insensitive_enums", False): "constants in another case are rejected with 400",
}
"""Feature of Jackson and its value in the newer release -> its meaning for clients."""


def json_type(kind: str) -> str:
    """Return the JSON type of a `SchemaField.kind`."""
    return "string" if kind.startswith("'") else _JSON_TYPES.get(kind, kind)


def of_jackson_feature(feature: str, value: bool) -> str:
    """Return the meaning of a changed feature with which Jackson reads bodies."""
    return _JACKSON_FEATURES.get((feature, value), f"Jackson's {feature} is {'on' if value else 'off'}")


def of_attribute(name: str, before: Any, after: Any) -> str:
    """Return the meaning of a changed attribute of an operation."""
    match name:
        case "status":
            return f"success is {after} instead of {before}"
        case "hidden":
            return "no longer in Flink's documentation" if after else "now in Flink's documentation"
        case "file_upload":
            return "takes an uploaded file" if after else "no longer takes an uploaded file"
        case "session_cluster_only":
            return "missing from application clusters" if after else "in application clusters too"
        case "requires_config":
            return f"only with {_options(after)}" if after else f"no longer needs {_options(before)}"
        case "id":
            return f"generated clients call it {after} instead of {before}"
    return f"{_text(after)} instead of {_text(before)}"


def of_parameter(before: Parameter, after: Parameter) -> str:
    """Return the meaning of a changed parameter."""
    parts = []
    if after.required != before.required:
        parts.append("now mandatory" if after.required else "no longer mandatory")
    parts += _moved(before.enum, after.enum, "no longer accepts", "accepts")
    if not parts or after.type != before.type:
        was, now = (
            parameter.minimum if parameter.minimum is not None else parameter.format or parameter.type
            for parameter in (before, after)
        )
        parts.append(f"{_text(now)} instead of {_text(was)}" if was != now else "parsed differently")
    return "; ".join(parts)


def of_field(before: SchemaField, after: SchemaField, *, is_request: bool) -> str:
    """Return the meaning of a changed field; "" if it has none for a client."""
    was, now = json_type(before.kind), json_type(after.kind)
    parts = [] if was == now else [f"{_name(now)} instead of {_name(was)}"]
    if before.values and after.values:
        parts += _moved(before.values, after.values, "no longer accepts" if is_request else "never", "new value")
    if before.keys and after.keys:
        parts += _moved(before.keys, after.keys, "no key", "new key")
    if after.nullable != before.nullable:
        parts.append("may be null" if after.nullable else "never null")
    if after.optional != before.optional:
        parts.append("may be missing" if after.optional else "mandatory" if is_request else "never missing")
    if not parts and before.kind != after.kind:
        parts.append(f"typed as {after.kind}; before, as {before.kind}")
    return "; ".join(parts)


def _moved(before: Sequence[str], after: Sequence[str], gone_words: str, new_words: str) -> list[str]:
    if not before or not after:
        return []
    gone, new = [value for value in before if value not in after], [value for value in after if value not in before]
    return [f"{words} {', '.join(values)}" for words, values in ((new_words, new), (gone_words, gone)) if values]


def _name(json_type: str) -> str:
    return _TYPE_NAMES.get(json_type, json_type)


def _options(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={_text(value).lower()}" for key, value in options.items())


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
