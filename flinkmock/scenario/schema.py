"""The published JSON Schema (`schemas/scenario.schema.json`) as judge of a scenario, its verdicts as sentences.

The schema holds its own words where the standard ones would not help: `x-say` has a sentence for a keyword of JSON
Schema, with {value}, {hint} filled in; `x-instead` has what to write for keys that other words stand for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from flinkmock.contract.fast_validator import Check, CompiledValidator
from flinkmock.data import data_dir
from flinkmock.errors import did_you_mean
from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation, dotted
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.renamed import KEYS, VALUES, present_name

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

Fault = Any
"""A jsonschema.ValidationError. Its stubs say that each attribute may be unset; those of a verdict never are."""

_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def check(document: YamlNode, mistakes: Diagnostics) -> set[tuple[str | int, ...]]:
    """Adds a mistake for each thing that the schema does not allow; gives the paths to where they lie."""
    data = document.plain()
    if isinstance(data, dict) and "flink" in data:
        # 1.20 is a name that looks like a number
        data["flink"] = document.items["flink"].text or data["flink"]
    if _fits()(data):
        return set()
    errors = list(_validator().iter_errors(data))
    for error in errors:
        for place, text in _sentences(error, document):
            mistakes.add(place, text)
    return {tuple(error.absolute_path) for error in errors}


@cache
def published() -> dict[str, Any]:
    """The schema as it stands in `schemas/`."""
    schema: dict[str, Any] = json.loads((data_dir("schemas") / "scenario.schema.json").read_bytes())
    return schema


@cache
def _fits() -> Check:
    """Tells good scenarios from others without jsonschema, which takes long, and long to import."""
    return CompiledValidator(published()["$defs"]).check(published())


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_inlined(published(), published()["$defs"]))


def _inlined(part: Any, definitions: Mapping[str, Any]) -> Any:
    """The schema with those references resolved that lead to a definition without further ones: most of them, and
    jsonschema looks each one up again for each value."""
    if isinstance(part, list):
        return [_inlined(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    target = definitions.get(str(part.get("$ref", "")).removeprefix("#/$defs/"))
    if target is not None and '"$ref"' not in json.dumps(target):
        return {**target, **{key: value for key, value in part.items() if key != "$ref"}}
    return {key: _inlined(value, definitions) for key, value in part.items()}


def _sentences(error: Fault, document: YamlNode) -> Iterator[tuple[SourceLocation, str]]:
    path = list(error.absolute_path)
    node = document.at(path)
    said: Mapping[str, str] = error.schema.get("x-say", {}) if isinstance(error.schema, dict) else {}
    if error.validator in ("anyOf", "oneOf") and error.validator not in said:
        for cause in _likeliest(error):
            yield from _sentences(cause, document)
    elif error.validator == "additionalProperties":
        yield from _unknown_keys(error, node, path)
    elif error.validator == "required":
        replaced = _renamed_keys(error).values()
        missing = [f'"{key}"' for key in error.validator_value if key not in error.instance and key not in replaced]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            yield node.place, f"{' and '.join(missing)} {verb} missing in {_where(path)}."
    elif "propertyNames" in list(error.absolute_schema_path)[-2:]:
        yield node.key_place(error.instance), _say(error, said, path)
    elif error.validator == "minProperties" or error.validator == "maxProperties":
        yield node.key_place(list(error.instance)[-1]) if error.instance else node.place, _say(error, said, path)
    elif error.validator != "anyOf" or not _renamed_keys(error):
        yield node.place, _say(error, said, path)


def _renamed_keys(error: Fault) -> dict[str, str]:
    """The former keys that a mapping has, with the keys of its schema that replaced them."""
    known = error.schema.get("properties", {})
    unknown = error.instance.keys() - known.keys() if isinstance(error.instance, dict) else ()
    return {key: present for key in unknown if (present := present_name(key, KEYS, known))}


def _likeliest(error: Fault) -> list[Fault]:
    """The errors of the branch that was most likely meant: of the right kind, with no key that it does not know, and
    with one that only it asks for; then the one where the trouble lies deepest and is least."""
    branches: dict[object, list[Fault]] = {}
    for cause in error.context or ():
        branches.setdefault(cause.schema_path[0], []).append(cause)

    def likelihood(errors: list[Fault]) -> tuple[bool, bool, bool, int, int]:
        of_kind = not any(_of_another_kind(cause, error.instance) for cause in errors)
        asked = {key for cause in errors if cause.validator == "required" for key in cause.validator_value}
        named = isinstance(error.instance, dict) and bool(asked & error.instance.keys())
        unknown = (cause for cause in errors if cause.validator == "additionalProperties" and not cause.path)
        fits = all(cause.instance.keys() - cause.schema["properties"].keys() == _renamed_keys(cause).keys()
                   for cause in unknown)  # fmt: skip
        return of_kind, fits, named, max(len(cause.path) for cause in errors), -len(errors)

    return max(branches.values(), key=likelihood)


def _of_another_kind(cause: Fault, instance: object) -> bool:
    """Whether a branch is not even for values like this one: a mapping where text is wanted, say."""
    if cause.validator in ("const", "enum"):
        return cause.instance is instance and isinstance(instance, dict | list)
    return cause.validator == "type" and not cause.path


def _unknown_keys(error: Fault, node: YamlNode, path: list[str | int]) -> Iterator[tuple[SourceLocation, str]]:
    known: list[str] = list(error.schema.get("properties", {}))
    instead: Mapping[str, str] = error.schema.get("x-instead", {})
    renamed = _renamed_keys(error)
    for key in error.instance:
        if key in instead:
            yield node.key_place(key), f'unknown key "{key}" in {_where(path)}. Write {instead[key]}.'
        elif key in renamed:
            yield node.key_place(key), f'"{key}" is not a key here; it is called "{renamed[key]}".'
        elif key not in known:
            shown = [name for name in known if not name.startswith("$")]
            yield node.key_place(key), f'unknown key "{key}" in {_where(path)}.{did_you_mean(key, shown)}'


def _say(error: Fault, said: Mapping[str, str], path: list[str | int]) -> str:
    value = _shown(error.instance)
    keyword = str(error.validator)
    if keyword == "enum" and (present := present_name(error.instance, VALUES, error.validator_value)):
        return f'{value} is not a value here; it is called "{present}".'
    if keyword in said:
        hint = ""
        if "{hint}" in said[keyword]:
            hint = did_you_mean(str(error.instance), error.validator_value)
        return said[keyword].replace("{value}", value).replace("{hint}", hint)
    where, limit = _where(path), error.validator_value
    match keyword:
        case "type":
            kinds = [limit] if isinstance(limit, str) else limit
            wanted = " or ".join(_KINDS[kind] for kind in kinds if kind != "null" or len(kinds) == 1)
            quotes = " Put it in quotes." if wanted == "text" and isinstance(error.instance, int | float) else ""
            return f"{where} must be {wanted}, not {_kind(error.instance)}.{quotes}"
        case "enum":
            return f"{value} is not one of {', '.join(limit)}.{_hint(str(error.instance), limit)}"
        case "const":
            return f"{where} can only be {limit}."
        case "minimum":
            return f"{where} is at least {limit}, not {value}."
        case "maximum":
            return f"{where} is at most {limit}, not {value}."
        case "minItems" | "minLength":
            return f"{where} is empty."
        case "maxItems":
            return f"{where} has more than {limit} entries."
        case _:
            return f"{where}: {error.message}."


def _hint(word: str, known: list[str]) -> str:
    hint, _, _ = did_you_mean(word, known).partition(" Known:")
    return hint


def _where(path: list[str | int]) -> str:
    return dotted(path) or "a scenario"


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else _shown(value)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}…"
