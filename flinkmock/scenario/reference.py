"""The language reference, made from the published schema: every key, one line each.

python -m flinkmock.scenario.reference > docs/scenario-language.md
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from flinkmock.scenario.schema import published

Part = Mapping[str, Any]

_INTRODUCTION = """\
<!-- made by python -m flinkmock.scenario.reference; do not edit -->
# The scenario language

A scenario is one YAML file that says what a fake cluster is and how it lives. Each key may be left out. It is YAML by
the 1.2 core rules: `on` and `no` are words; anchors are allowed, tags and merge keys are not.

What stands in italics is explained further down. [Ready scenarios](scenarios.md) show how it is put together.
"""
_NAMES = {
    "state": "a state",
    "exceptionOrName": "an exception, or the name of one",
    "numbers": "numbers: [1, 3]",
    "id": "32 hex digits",
}
_TYPES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true, false", "array": "list",
          "object": "mapping", "null": "nothing"}  # fmt: skip


def reference() -> str:
    """The whole page, in Markdown."""
    schema = published()
    parts = [_INTRODUCTION, "## A scenario\n", _table(schema)]
    for name, part in schema["$defs"].items():
        if _told(part):
            parts += [f"## {_title(name)}\n", *_prose(part), *([_table(part)] if "properties" in part else [])]
    return "\n".join(parts)


def _told(part: Part) -> bool:
    """Whether a definition has a section of its own: it has keys, or there is something to say of its form."""
    return "properties" in part or ("description" in part and "x-say" in part) or "propertyNames" in part


def _title(name: str) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in name)
    return words[0].upper() + words[1:]


def _anchor(name: str) -> str:
    return _title(name).lower().replace(" ", "-")


def _prose(part: Part) -> Iterator[str]:
    if "description" in part:
        yield f"{part['description']}\n"
    if part.get("examples"):
        yield f"Example: {', '.join(f'`{_yaml(example)}`' for example in part['examples'])}\n"


def _table(part: Part) -> str:
    rows = ["| key | value | |", "|---|---|---|"]
    for key, value in part["properties"].items():
        if not key.startswith("$"):
            rows.append(f"| `{key}` | {_form(value)} | {_description(value)} |")
    return "\n".join(rows) + "\n"


def _description(part: Part) -> str:
    branches = [part, *part.get("anyOf", ())]
    meant = [*branches, *(published()["$defs"][_name(branch)] for branch in branches if "$ref" in branch)]
    return next((str(each["description"]) for each in meant if "description" in each), "").replace("|", "\\|")


def _form(part: Part) -> str:
    """What may be written there, in a few words."""
    if "$ref" in part:
        name = _name(part)
        return f"*[{_title(name).lower()}](#{_anchor(name)})*" if _told(published()["$defs"][name]) else _of(name)
    if "anyOf" in part:
        return ", or ".join(dict.fromkeys(_form(branch) for branch in part["anyOf"]))
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    if "const" in part:
        return f"`{part['const']}`"
    if isinstance(part.get("additionalProperties"), dict):
        return f"name: {_form(part['additionalProperties'])}"
    if "items" in part:
        return f"list of {_form(part['items'])}"
    kinds = part.get("type", ())
    return " or ".join(_TYPES[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null")


def _of(name: str) -> str:
    return _NAMES.get(name) or _form(published()["$defs"][name])


def _name(part: Part) -> str:
    return str(part["$ref"]).removeprefix("#/$defs/")


def _yaml(value: object) -> str:
    """A value on one line, as one would write it in YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, str) and not any(c in value for c in ":{}[],#&*'\""):
        return value
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    print(reference(), end="")
