"""The JSON schemas of Flink's documentation: draft-03, with the Java class as `urn:jsonschema` id.

A class is spelled out where it is met first in a document, and referred to by its urn after that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_PREFIX = "urn:jsonschema:"


class Draft03Converter:
    """Turns schemas into ours; classes become entries of `definitions`."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions
        self._spelled_out: dict[str, Mapping[str, Any]] = {}
        self._names: dict[str, str] = {}
        self._suffix = ""

    def modern(self, schema: Mapping[str, Any], suffix: str = "") -> dict[str, Any]:
        """A whole document, in today's words. `suffix` keeps what is read apart from what is written.

        Raises KeyError for a reference to a class that the document does not spell out.
        """
        # documents are sorted by key after they were written: a reference may come before the class
        self._spelled_out = dict(_classes(schema))
        self._names, self._suffix = {}, suffix
        return self._convert(schema)

    def _convert(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        urn = schema.get("$ref", schema.get("id", ""))
        if not isinstance(urn, str) or not urn.startswith(_PREFIX):
            return self._plain(schema)
        if urn not in self._names:
            self._names[urn] = self._define(urn)
        return {"$ref": f"#/$defs/{self._names[urn]}"}

    def _define(self, urn: str) -> str:
        """The name under which a class stands in the definitions."""
        wanted = _class_name(urn) + self._suffix
        name = self._names[urn] = self._free_name(wanted)
        self._definitions[name] = {}  # taken, while the class is written down: it may refer to itself
        body = self._definitions[name] = self._plain(self._spelled_out[urn])
        # a class has several bodies where it has type arguments, which the urn does not tell
        for other, known in self._definitions.items():
            if other != name and known == body and re.fullmatch(re.escape(wanted) + r"(_\d+)?", other):
                del self._definitions[name]
                return other
        return name

    def _plain(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        kind = schema.get("type", "any")
        if kind == "any":
            return {}
        out: dict[str, Any] = {"type": kind}
        if "enum" in schema:
            out["enum"] = list(schema["enum"])
        if kind == "number":
            out["format"] = "double"
        if "properties" in schema:
            out["properties"] = {name: self._convert(child) for name, child in schema["properties"].items()}
            # in draft-03 a property says itself that it is required
            out["required"] = [name for name, child in schema["properties"].items() if child.get("required") is True]
        if isinstance(schema.get("additionalProperties"), Mapping):
            out["additionalProperties"] = self._convert(schema["additionalProperties"])
        if isinstance(schema.get("items"), Mapping):
            out["items"] = self._convert(schema["items"])
        return out

    def _free_name(self, name: str) -> str:
        free, count = name, 1
        while free in self._definitions:
            count += 1
            free = f"{name}_{count}"
        return free


def _classes(schema: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every class that is spelled out, by its urn."""
    if isinstance(schema, Mapping):
        urn = schema.get("id")
        if isinstance(urn, str) and urn.startswith(_PREFIX):
            yield urn, schema
        for child in schema.values():
            yield from _classes(child)


def _class_name(urn: str) -> str:
    """ "urn:jsonschema:org:…:JarListInfo:JarFileInfo" is `JarListInfo.JarFileInfo`."""
    parts = urn.removeprefix(_PREFIX).split(":")
    return ".".join(part for part in parts if part[:1].isupper()) or parts[-1]
