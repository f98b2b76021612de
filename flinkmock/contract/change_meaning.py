"""Describes what a change of the contract means for a client, in clauses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flinkmock.contract.operation import Parameter
from flinkmock.contract.schema_fields import SchemaField

_JSON_TYPES_BY_KIND = {"int32": "integer", "int64": "integer", "double": "number", "hex32": "string", "enum": "string"}
_TYPE_NAMES = {
    "integer": "an integer",
    "number": "a number",
    "number or non-finite text": "a number, or a string such as NaN",
    "string": "a string",
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
    ("fail_on_numbers_for_enums", True): "a number in place of an enum constant is rejected with 400",
    ("fail_on_numbers_for_enums", False): "a number is read as the position of an enum constant; before, 400",
    ("accept_single_value_as_array", True): "a single value is read as a list of one; before, 400",
    ("accept_single_value_as_array", False): "a single value in place of a list is rejected with 400",
    ("allow_coercion_of_scalars", True): 'strings are read as numbers ("5") and numbers as strings; before, 400',
    ("allow_coercion_of_scalars", False): 'strings in place of numbers ("5") are rejected with 400',
    ("accept_case_insensitive_enums", True): "enum constants are read in any case; before, 400",
    ("accept_case_insensitive_enums", False): "enum constants in another case are rejected with 400",
}
"""The meaning for clients, by Jackson feature and whether the newer release turns it on."""


def json_type(kind: str) -> str:
    """Return the JSON type of a `SchemaField.kind`."""
    return "string" if kind.startswith("'") else _JSON_TYPES_BY_KIND.get(kind, kind)


def meaning_of_jackson_feature(feature: str, *, is_on: bool) -> str:
    """Return what it means that a feature of Jackson, which reads request bodies, is turned on or off."""
    return _JACKSON_FEATURES.get((feature, is_on), f"Jackson's {feature} is {'on' if is_on else 'off'}")


def meaning_of_attribute(name: str, before: Any, after: Any) -> str:
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


def meaning_of_parameter(before: Parameter, after: Parameter) -> str:
    """Return the meaning of a changed parameter."""
    parts = []
    if after.required != before.required:
        parts.append("now mandatory" if after.required else "no longer mandatory")
    parts += _value_changes(before.enum, after.enum, removed="no longer accepts", added="accepts")
    if not parts or after.type != before.type:
        old_type, new_type = _type_of_parameter(before), _type_of_parameter(after)
        parts.append(f"{new_type} instead of {old_type}" if old_type != new_type else "parsed differently")
    return "; ".join(parts)


def _type_of_parameter(parameter: Parameter) -> str:
    return f"at least {parameter.minimum}" if parameter.minimum is not None else parameter.format or parameter.type


def meaning_of_field(before: SchemaField, after: SchemaField, *, is_request: bool) -> str:
    """Return the meaning of a changed field; "" if it has none for a client."""
    old_type, new_type = json_type(before.kind), json_type(after.kind)
    parts = [] if old_type == new_type else [f"{_type_name(new_type)} instead of {_type_name(old_type)}"]
    no_longer = "no longer accepts" if is_request else "never"
    parts += _value_changes(before.values, after.values, removed=no_longer, added="new value")
    parts += _value_changes(before.keys, after.keys, removed="no key", added="new key")
    if after.nullable != before.nullable:
        parts.append("may be null" if after.nullable else "never null")
    if after.optional != before.optional:
        never_missing = "mandatory" if is_request else "never missing"
        parts.append("may be missing" if after.optional else never_missing)
    if not parts and before.kind != after.kind:
        parts.append(f"typed as {after.kind}; before, as {before.kind}")
    return "; ".join(parts)


def _value_changes(before: Sequence[str], after: Sequence[str], *, removed: str, added: str) -> list[str]:
    """Return clauses about added and removed values.

    Args:
        before: The values in the older release.
        after: The values in the newer release.
        removed: The words before the removed values.
        added: The words before the added values.

    Returns:
        [] if either release lists no values.
    """
    if not before or not after:
        return []
    added_values = [value for value in after if value not in before]
    removed_values = [value for value in before if value not in after]
    clauses = []
    if added_values:
        clauses.append(f"{added} {', '.join(added_values)}")
    if removed_values:
        clauses.append(f"{removed} {', '.join(removed_values)}")
    return clauses


def _type_name(json_type: str) -> str:
    return _TYPE_NAMES.get(json_type, json_type)


def _options(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={_text(value).lower()}" for key, value in options.items())


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
