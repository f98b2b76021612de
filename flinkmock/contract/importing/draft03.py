"""Converts the JSON schemas of Flink's documentation, which are in draft-03.

A document defines each Java class once, with a URN such as `urn:jsonschema:org:…:JarListInfo` as its id. Elsewhere it
refers to the class by this URN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_URN_PREFIX = "urn:jsonschema:"


class Draft03Converter:
    """Converts schemas to draft 2020-12. Classes become entries of `definitions`."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions
        self._classes: dict[str, Mapping[str, Any]] = {}
        """The schemas of the classes of the current document, by URN."""
        self._names: dict[str, str] = {}
        """The names of these classes in `definitions`, by URN."""
        self._suffix = ""

    def convert(self, schema: Mapping[str, Any], suffix: str = "") -> dict[str, Any]:
        """Convert a whole document.

        Args:
            schema: The document.
            suffix: The suffix of the names of its classes, which differs for requests and responses.

        Raises:
            KeyError: The document refers to a class that it does not define.
        """
        # The keys of documents are sorted. Therefore a reference may precede the definition.
        self._classes = dict(_classes(schema))
        self._names, self._suffix = {}, suffix
        return self._convert(schema)

    def _convert(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        urn = schema.get("$ref", schema.get("id", ""))
        if not isinstance(urn, str) or not urn.startswith(_URN_PREFIX):
            return self._convert_without_reference(schema)
        if urn not in self._names:
            self._names[urn] = self._define(urn)
        return {"$ref": f"#/$defs/{self._names[urn]}"}

    def _define(self, urn: str) -> str:
        """Add a class to the definitions and return its name there."""
        class_name = _class_name(urn) + self._suffix
        name = self._names[urn] = self._free_name(class_name)
        self._definitions[name] = {}  # reserves the name, since the class may refer to itself
        converted = self._definitions[name] = self._convert_without_reference(self._classes[urn])
        # A generic class has a schema for each of its type arguments, which the URN does not contain.
        for other, other_schema in self._definitions.items():
            if other != name and other_schema == converted and re.fullmatch(re.escape(class_name) + r"(_\d+)?", other):
                del self._definitions[name]
                return other
        return name

    def _convert_without_reference(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        json_type = schema.get("type", "any")
        if json_type == "any":
            return {}
        converted: dict[str, Any] = {"type": json_type}
        if "enum" in schema:
            converted["enum"] = list(schema["enum"])
        if json_type == "number":
            converted["format"] = "double"
        if "properties" in schema:
            converted["properties"] = {name: self._convert(child) for name, child in schema["properties"].items()}
            # In draft-03, `required` is a keyword of the property.
            converted["required"] = [
                name for name, child in schema["properties"].items() if child.get("required") is True
            ]
        if isinstance(schema.get("additionalProperties"), Mapping):
            converted["additionalProperties"] = self._convert(schema["additionalProperties"])
        if isinstance(schema.get("items"), Mapping):
            converted["items"] = self._convert(schema["items"])
        return converted

    def _free_name(self, name: str) -> str:
        free_name, number = name, 1
        while free_name in self._definitions:
            number += 1
            free_name = f"{name}_{number}"
        return free_name


def _classes(schema: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each class that the document defines, with its URN."""
    if isinstance(schema, Mapping):
        urn = schema.get("id")
        if isinstance(urn, str) and urn.startswith(_URN_PREFIX):
            yield urn, schema
        for child in schema.values():
            yield from _classes(child)


def _class_name(urn: str) -> str:
    """Turn "urn:jsonschema:org:…:JarListInfo:JarFileInfo" into "JarListInfo.JarFileInfo"."""
    parts = urn.removeprefix(_URN_PREFIX).split(":")
    return ".".join(part for part in parts if part[:1].isupper()) or parts[-1]
