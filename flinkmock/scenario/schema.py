"""Checks a scenario against the published JSON Schema (`schemas/scenario.schema.json`), with readable messages.

The schema contains messages where the standard messages don't help. `x-say` maps a keyword of JSON Schema to a message
with placeholders {value} and {hint}. `x-instead` maps a key that does not exist to what should be written instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from flinkmock.contract.fast_validator import Check, CompiledValidator
from flinkmock.data_files import data_dir
from flinkmock.errors import did_you_mean
from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation, dotted_path
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.renamed import RENAMED_KEYS, RENAMED_VALUES, current_name

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

SchemaError = Any
"""A jsonschema.ValidationError. It is Any because the type stubs declare attributes optional that are always set."""

_TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def validate(document: YamlNode, diagnostics: Diagnostics) -> set[tuple[str | int, ...]]:
    """Add a message for each violation of the schema. Return the paths of the values that violate it."""
    data = document.to_python()
    if isinstance(data, dict) and "flink" in data:
        # 1.20 is a name, although YAML reads it as a number
        data["flink"] = document.items["flink"].text or data["flink"]
    is_valid = _compiled_check()
    if is_valid(data):
        return set()
    errors = list(_validator().iter_errors(data))
    for error in errors:
        for location, message in _messages(error, document):
            diagnostics.add(location, message)
    return {tuple(error.absolute_path) for error in errors}


@cache
def load_schema() -> dict[str, Any]:
    """Return the published schema."""
    schema: dict[str, Any] = json.loads((data_dir("schemas") / "scenario.schema.json").read_bytes())
    return schema


@cache
def _compiled_check() -> Check:
    """Return a check that does not use jsonschema, which is slow to import and to run."""
    return CompiledValidator(load_schema()["$defs"]).check(load_schema())


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_inlined(load_schema(), load_schema()["$defs"]))


def _inlined(part: Any, definitions: Mapping[str, Any]) -> Any:
    """Return the schema with simple definitions in place of references, which jsonschema resolves for each value."""
    if isinstance(part, list):
        return [_inlined(element, definitions) for element in part]
    if not isinstance(part, dict):
        return part
    target = definitions.get(str(part.get("$ref", "")).removeprefix("#/$defs/"))
    if target is not None and '"$ref"' not in json.dumps(target):
        return {**target, **{key: value for key, value in part.items() if key != "$ref"}}
    return {key: _inlined(value, definitions) for key, value in part.items()}


def _messages(error: SchemaError, document: YamlNode) -> Iterator[tuple[SourceLocation, str]]:
    path = list(error.absolute_path)
    node = document.descend(path)
    schema_messages: Mapping[str, str] = error.schema.get("x-say", {}) if isinstance(error.schema, dict) else {}
    if error.validator in ("anyOf", "oneOf") and error.validator not in schema_messages:
        for cause in _likeliest_branch(error):
            yield from _messages(cause, document)
    elif error.validator == "additionalProperties":
        yield from _unknown_keys(error, node, path)
    elif error.validator == "required":
        replacements = _renamed_keys(error).values()
        missing = [f'"{key}"' for key in error.validator_value if key not in error.instance and key not in replacements]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            yield node.location, f"{' and '.join(missing)} {verb} missing in {_where(path)}."
    elif "propertyNames" in list(error.absolute_schema_path)[-2:]:
        yield node.key_location(error.instance), _message(error, schema_messages, path)
    elif error.validator == "minProperties" or error.validator == "maxProperties":
        location = node.key_location(list(error.instance)[-1]) if error.instance else node.location
        yield location, _message(error, schema_messages, path)
    elif error.validator != "anyOf" or not _renamed_keys(error):  # another error reports the renamed keys
        yield node.location, _message(error, schema_messages, path)


def _renamed_keys(error: SchemaError) -> dict[str, str]:
    """Return the keys of a mapping that were renamed, with their current names."""
    known_keys = error.schema.get("properties", {})
    unknown_keys = error.instance.keys() - known_keys.keys() if isinstance(error.instance, dict) else ()
    return {key: current for key in unknown_keys if (current := current_name(key, RENAMED_KEYS, known_keys))}


def _likeliest_branch(error: SchemaError) -> list[SchemaError]:
    """Return the errors of the branch of anyOf or oneOf that the author most likely meant."""
    branches: dict[object, list[SchemaError]] = {}
    for cause in error.context or ():
        branches.setdefault(cause.schema_path[0], []).append(cause)
    return max(branches.values(), key=lambda errors: _likelihood(errors, error.instance))


class _Likelihood(NamedTuple):
    """How likely it is that the author meant a branch. Likelihoods are compared field by field."""

    has_type: bool
    """The value has the type of the branch."""
    has_known_keys: bool
    """The value has no unknown keys, except for renamed ones."""
    has_all_required_keys: bool
    has_a_required_key: bool
    depth: int
    """The length of the longest path from the value to an error."""
    negative_error_count: int


def _likelihood(errors: list[SchemaError], value: Any) -> _Likelihood:
    """Return how likely it is that the author of a value meant the branch with these errors."""
    missing = {key for cause in errors if cause.validator == "required" for key in cause.validator_value}
    required = missing | {key for cause in errors if not cause.path for key in cause.schema.get("required", ())}
    present = required & value.keys() if isinstance(value, dict) else set()
    unknown_key_errors = (cause for cause in errors if cause.validator == "additionalProperties" and not cause.path)
    return _Likelihood(
        has_type=not any(_is_for_another_type(cause, value) for cause in errors),
        has_known_keys=all(
            cause.instance.keys() - cause.schema["properties"].keys() == _renamed_keys(cause).keys()
            for cause in unknown_key_errors
        ),
        has_all_required_keys=bool(present) and present == required,
        has_a_required_key=bool(present),
        depth=max(len(cause.path) for cause in errors),
        negative_error_count=-len(errors),
    )


def _is_for_another_type(cause: SchemaError, value: object) -> bool:
    """Return whether a branch is for values of another type, such as text instead of a mapping."""
    if cause.validator in ("const", "enum"):
        return cause.instance is value and isinstance(value, dict | list)
    return cause.validator == "type" and not cause.path


def _unknown_keys(error: SchemaError, node: YamlNode, path: list[str | int]) -> Iterator[tuple[SourceLocation, str]]:
    known_keys: list[str] = list(error.schema.get("properties", {}))
    instead: Mapping[str, str] = error.schema.get("x-instead", {})
    renamed = _renamed_keys(error)
    for key in error.instance:
        location = node.key_location(key)
        if key in instead:
            yield location, f'unknown key "{key}" in {_where(path)}. Write {instead[key]}.'
        elif key in renamed:
            yield location, f'"{key}" is not a key here; it is called "{renamed[key]}".'
        elif key not in known_keys:
            suggested_keys = [name for name in known_keys if not name.startswith("$")]
            yield location, f'unknown key "{key}" in {_where(path)}.{did_you_mean(key, suggested_keys)}'


def _message(error: SchemaError, schema_messages: Mapping[str, str], path: list[str | int]) -> str:
    value = _json(error.instance)
    keyword = str(error.validator)
    if keyword == "enum" and (current := current_name(error.instance, RENAMED_VALUES, error.validator_value)):
        return f'{value} is not a value here; it is called "{current}".'
    if keyword in schema_messages:
        hint = did_you_mean(str(error.instance), error.validator_value) if "{hint}" in schema_messages[keyword] else ""
        return schema_messages[keyword].replace("{value}", value).replace("{hint}", hint)
    where, keyword_value = _where(path), error.validator_value
    match keyword:
        case "type":
            types = [keyword_value] if isinstance(keyword_value, str) else keyword_value
            expected = " or ".join(_TYPE_NAMES[name] for name in types if name != "null" or len(types) == 1)
            hint = " Put it in quotes." if expected == "text" and isinstance(error.instance, int | float) else ""
            return f"{where} must be {expected}, not {_value_or_type(error.instance)}.{hint}"
        case "enum":
            hint = did_you_mean(str(error.instance), keyword_value, list_known=False)
            return f"{value} is not one of {', '.join(keyword_value)}.{hint}"
        case "const":
            return f"{where} must be {keyword_value}."
        case "minimum":
            return f"{where} must be at least {keyword_value}, not {value}."
        case "maximum":
            return f"{where} must be at most {keyword_value}, not {value}."
        case "minItems" | "minLength" | "minProperties":
            return f"{where} must not be empty."
        case "maxItems" | "maxProperties":
            return f"{where} has more than {keyword_value} entries."
        case _:
            return f"{where}: {error.message}."


def _where(path: list[str | int]) -> str:
    return dotted_path(path) or "the scenario"


def _value_or_type(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else _json(value)


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}…"
