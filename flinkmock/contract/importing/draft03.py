"""Converts the JSON schemas of Flink's documentation: draft-03, with the Java class as `urn:jsonschema` id.

A document defines a class once and refers to it by its URN everywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_PREFIX = "urn:jsonschema:"


class Draft03Converter:
    """Converts schemas to draft 2020-12. Classes become entries of `definitions`."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions
        self._classes: dict[str, Mapping[str, Any]] = {}
        self._names: dict[str, str] = {}
        self._suffix = ""

    def convert(self, schema: Mapping[str, Any], suffix: str = "") -> dict[str, Any]:
        """Convert a whole document.

        Args:
            schema: The document.
            suffix: The suffix of the names of its classes, which differs for requests and responses.

        Raises:
            KeyError: The document refers to a class that it does not define.
        """
        # the keys of documents are sorted: a reference may precede the definition
        self._classes = dict(_classes(schema))
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
        """Add a class to the definitions and return its name there."""
        class_name = _class_name(urn) + self._suffix
        name = self._names[urn] = self._free_name(class_name)
        self._definitions[name] = {}  # reserves the name: the class may refer to itself
        body = self._definitions[name] = self._plain(self._classes[urn])
        # a generic class has one schema for each of its type arguments, which the URN does not contain
        for other, other_body in self._definitions.items():
            if other != name and other_body == body and re.fullmatch(re.escape(class_name) + r"(_\d+)?", other):
                del self._definitions[name]
                return other
        return name

    def _plain(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        json_type = schema.get("type", "any")
        if json_type == "any":
            return {}
        out: dict[str, Any] = {"type": json_type}
        if "enum" in schema:
            out["enum"] = list(schema["enum"])
        if json_type == "number":
            out["format"] = "double"
        if "properties" in schema:
            out["properties"] = {name: self._convert(child) for name, child in schema["properties"].items()}
            # in draft-03, `required` is a keyword of the property
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
    """Yield each class that the document defines, with its URN."""
    if isinstance(schema, Mapping):
        urn = schema.get("id")
        if isinstance(urn, str) and urn.startswith(_PREFIX):
            yield urn, schema
        for child in schema.values():
            yield from _classes(child)


def _class_name(urn: str) -> str:
    """Turn "urn:jsonschema:org:…:JarListInfo:JarFileInfo" into "JarListInfo.JarFileInfo"."""
    parts = urn.removeprefix(_PREFIX).split(":")
    return ".".join(part for part in parts if part[:1].isupper()) or parts[-1]
