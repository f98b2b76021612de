"""Merges a description of a release (Flink's OpenAPI document or documentation page) into a known contract, the base.

The description decides what it can describe: the operations, their status, properties, types and legal values. The base
decides everything else: order, required keys, null, converters, subclasses, schemas that no Java class describes
(`refined`), hidden operations, and operations that a configuration option enables.

Flink generates its descriptions from Java classes, without their serializers. Some differences from the base are
therefore not changes of the API, and the base wins. The description

* has the properties of a Java object that Jackson writes as a string, a number or a map;
* has the names of Java's enum constants instead of those in JSON;
* omits one of two names of a property, such as `start_time` beside `start-time` (OpenAPI documents);
* uses one class for all that have the same simple name (OpenAPI documents of 1.16 and 1.17);
* describes a class several times, sometimes without some of its properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flinkmock.contract.importing.description import DescribedOperation, Description
from flinkmock.contract.importing.references import referenced_definitions
from flinkmock.contract.importing.standalone import operation_entry
from flinkmock.contract.operation import Schema, segments_without_names
from flinkmock.contract.schema_branches import (
    DEFINITION_PREFIX,
    allowed_types,
    allowing_null,
    alternatives,
    resolve,
    without_null,
)


class ContractMerger:
    """Merges one description into one base.

    A description of the same minor release as the base removes nothing, since the description may be of a SNAPSHOT
    build before the release.

    Descriptions don't show whether a property can be null or missing, and list properties alphabetically. Properties
    that only the description has are therefore listed under the schema's key `unconfirmed`: the fake writes them, but a
    server may omit them.

    Attributes:
        notes: One line for each difference that a person should review; `merged_schema_file` adds them.
    """

    def __init__(self, base: Mapping[str, Any], description: Description, *, is_same_release: bool = False) -> None:
        self._base = base
        self._is_same_release = is_same_release
        self._description = description
        self._definitions: dict[str, Any] = dict(base["$defs"])
        self._merged: set[tuple[str, str]] = set()
        """Pairs of a described class (or a location) and a class of the base that are merged already."""
        self._described_properties: dict[str, set[str]] = {}
        """The properties that any of the schemas of a described class has, by the class of the base."""
        self.notes: list[str] = []

    def merged_schema_file(self, header: Mapping[str, Any]) -> dict[str, Any]:
        """Return the schema file.

        Args:
            header: The first entries of the file (release, commit, provenance).

        Raises:
            KeyError: The description refers to something that it does not contain.
        """
        operations = self._operations()
        for name, described in self._described_properties.items():
            self._definitions[name] = self._without_removed_properties(self._definitions[name], described, name)
        remaining = {name: value for name, value in self._base.items() if name not in header}
        document = {**header, **remaining, "operations": operations}
        roots = {"error": document["error"], "operations": operations}
        document["$defs"] = referenced_definitions(roots, self._definitions)
        return document

    def _operations(self) -> list[dict[str, Any]]:
        described = {
            (operation.method, segments_without_names(operation.path)): operation
            for operation in self._description.operations
        }
        entries = []
        for entry in self._base["operations"]:
            operation = described.pop((entry["method"], segments_without_names(entry["path"])), None)
            if operation:
                entries.append(self._operation(entry, operation))
            elif self._keeps_undescribed(entry):
                entries.append(entry)
        ids = {entry["id"] for entry in entries}
        for operation in described.values():
            name = operation.name if operation.name not in ids else operation.name + operation.method.title()
            ids.add(name)
            entries.append(self._new_operation(operation, name))
            self.notes.append(f"new: {operation.method} {operation.path} ({name})")
        return entries

    def _keeps_undescribed(self, entry: Mapping[str, Any]) -> bool:
        """Return whether an operation of the base exists although it is not described."""
        if entry["hidden"] or entry.get("requires_config"):
            return True
        return not self._is_removed(f"{entry['method']} {entry['path']} ({entry['id']})")

    def _is_removed(self, name: str) -> bool:
        """Return whether the imported release lacks something that the description lacks, and add a note about it."""
        if self._is_same_release:
            self.notes.append(f"kept: {name} is not described")
            return False
        self.notes.append(f"gone: {name} is no longer described")
        return True

    def _operation(self, base_entry: Schema, operation: DescribedOperation) -> dict[str, Any]:
        entry = dict(base_entry) | {"status": operation.status}
        name = f"{operation.method} {operation.path}"
        if operation.status != base_entry["status"]:
            self.notes.append(f"status of {name}: {base_entry['status']} is now {operation.status}")
        entry["path_parameters"] = self._parameters(base_entry["path_parameters"], operation.path_parameters)
        entry["query_parameters"] = self._parameters(base_entry["query_parameters"], operation.query_parameters)
        for part, schema in (("request", operation.request), ("response", operation.response)):
            if schema is not None and "contentType" not in (base_entry[part] or {}):
                entry[part] = self._merge(schema, base_entry[part], f"{name} {part}")
        return entry

    def _new_operation(self, operation: DescribedOperation, name: str) -> dict[str, Any]:
        entry = operation_entry(operation, name)
        entry["path_parameters"] = self._parameters((), operation.path_parameters)
        entry["query_parameters"] = self._parameters((), operation.query_parameters)
        for part in ("request", "response"):
            if entry[part] is not None:
                entry[part] = self._merge(entry[part], None, f"{operation.method} {operation.path} {part}")
        return entry

    def _parameters(self, base: Any, described: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the entries of the described parameters.

        If the base has a parameter of the same name (for a path parameter, in any operation), its entry is used, except
        for `required`.
        """
        base_parameters = {
            path_parameter["name"]: path_parameter
            for entry in self._base["operations"]
            for path_parameter in entry["path_parameters"]
        }
        base_parameters |= {parameter["name"]: parameter for parameter in base}
        return [
            base_parameters.get(parameter["name"], parameter) | {"required": parameter["required"]}
            for parameter in described
        ]

    def _merge(self, described: Schema, base: Schema | None, location: str) -> dict[str, Any]:
        """Merge a described schema into that of the base. Both may be references.

        `location` says where the schema is, for notes and to distinguish requests from responses.
        """
        if base is not None:
            described = without_null(described)
        described_name = described.get("$ref", "").removeprefix(DEFINITION_PREFIX)
        base_name = (base or {}).get("$ref", "").removeprefix(DEFINITION_PREFIX)
        name = base_name or (self._base_class(described_name) if base is None and described_name else "")
        resolved = resolve(described, self._description.definitions)
        if not name:
            return self._merge_resolved(described, resolved, base, location)
        if described_name and not self._describes(described_name, resolved, name):
            return {"$ref": DEFINITION_PREFIX + name}
        key = (described_name or location, name)
        if key not in self._merged:
            self._merged.add(key)
            # The description may have two classes for one of the base. Both are merged into its definition.
            self._definitions[name] = self._merge_resolved(
                described, resolved, self._definitions.get(name), name, is_class=True
            )
        return {"$ref": DEFINITION_PREFIX + name}

    def _describes(self, described_name: str, described: Schema, name: str) -> bool:
        """Return whether a described class is the class `name` of the base, and not one with the same simple name."""
        simple = _simple_name(described_name)
        classes = self._base["$defs"]
        namesakes = [other for other in classes if _simple_name(other) == simple]
        if len(namesakes) < 2 or name not in namesakes:
            return True
        properties = described.get("properties", {}).keys()
        common = {other: len(properties & classes[other].get("properties", {}).keys()) for other in namesakes}
        return common[name] == max(common.values())

    def _merge_resolved(
        self, described: Schema, resolved: Schema, base: Schema | None, location: str, *, is_class: bool = False
    ) -> dict[str, Any]:
        """Merge two schemas.

        Args:
            described: The described schema, which may be a reference.
            resolved: The schema to which `described` refers.
            base: The schema of the base.
            location: The location of the schema, for notes and to distinguish requests from responses.
            is_class: Whether the location is the name of a class.
        """
        if base is None:
            return self._new_schema(resolved, location)
        if base.get("refined"):  # no description shows a refined schema, nor what newer releases add to it
            return dict(base) if self._is_same_release else _with_open_objects(base)
        if not resolved:
            return dict(base)
        branches = alternatives(base)
        if branches:
            merged = [
                branch if "null" in allowed_types(branch) else self._merge(described, branch, location)
                for branch in branches
            ]
            return dict(base) | {("anyOf" if "anyOf" in base else "oneOf"): merged}
        return self._merge_values(resolved, base, location, is_class=is_class)

    def _merge_values(self, described: Schema, base: Schema, location: str, *, is_class: bool) -> dict[str, Any]:
        """Merge two schemas; that of the base is neither a reference nor has alternatives."""
        base_types = allowed_types(base) - {"null"}
        if alternatives(described) or "const" in base:
            return dict(base)
        if base_types and allowed_types(described) - {"null"} != base_types:
            if base_types == {"integer"} and allowed_types(described) == {"number"}:
                return dict(base)  # documentation pages write number for integers, too
            if is_class:
                return dict(base)  # the same class, with a custom serializer or deserializer
            self.notes.append(
                f"type at {location}: {' or '.join(sorted(base_types))} is described as {described.get('type')}"
            )
            return self._new_schema(described, location)
        if isinstance(base.get("additionalProperties"), Mapping) and "properties" in described:
            return dict(base)  # a class that Jackson writes as a map
        if "properties" in base and "properties" in described:
            return self._merge_objects(described, base, location, is_class=is_class)
        if "enum" in described and "enum" in base:
            return self._merge_enums(described["enum"], base, location)
        if "items" in described and "items" in base:
            return {**base, "items": self._merge(described["items"], base["items"], location + "[]")}
        described_values, base_values = described.get("additionalProperties"), base.get("additionalProperties")
        if isinstance(described_values, Mapping) and isinstance(base_values, Mapping):
            return {**base, "additionalProperties": self._merge(described_values, base_values, location + "{}")}
        return dict(base)

    def _merge_enums(self, described: list[str], base: Schema, location: str) -> dict[str, Any]:
        """Return the enum of the base with the described values, spelt as in the base; the same release loses none."""
        spellings = {value.upper(): value for value in base["enum"]}
        has_lower_case = all(value == value.lower() for value in base["enum"])
        values = [
            spellings.get(value.upper(), value.lower() if has_lower_case else value) for value in map(str, described)
        ]
        if self._is_same_release:
            values = [*base["enum"], *(value for value in values if value not in base["enum"])]
        if set(values) == set(base["enum"]):
            return dict(base)
        self.notes.append(f"values at {location}: {', '.join(values)}")
        return {**base, "enum": values}

    def _merge_objects(self, described: Schema, base: Schema, location: str, *, is_class: bool) -> dict[str, Any]:
        properties = dict(base["properties"])
        required = list(base.get("required", ()))
        unconfirmed = list(base.get("unconfirmed", ()))
        for name, child in described["properties"].items():
            if name in properties:
                properties[name] = self._merge(child, properties[name], f"{location}.{name}")
            else:
                new_property = self._merge(child, None, f"{location}.{name}")
                # Jackson accepts null for all types except Java's primitives, which descriptions don't show.
                properties[name] = allowing_null(new_property) if _is_request(location) else new_property
                if not _is_request(location):
                    required.append(name)  # Jackson writes all properties by default
                    unconfirmed.append(name)
                self.notes.append(f"new property: {location}.{name}")
        merged = {**base, "properties": properties, "required": required}
        if unconfirmed:
            merged["unconfirmed"] = unconfirmed
        names = set(described["properties"])
        if is_class:  # another description of the class may show what this one omits
            self._described_properties.setdefault(location, set()).update(names)
            return merged
        return self._without_removed_properties(merged, names, location)

    def _without_removed_properties(self, merged: Schema, described: set[str], location: str) -> dict[str, Any]:
        """Remove properties that the description would show if they still existed."""
        properties = dict(merged.get("properties", {}))
        required = list(merged.get("required", ()))
        if any("const" in child for child in properties.values()):
            return dict(merged)  # a subclass, which no description shows
        described_keys = {_spelling_key(name) for name in described}
        undescribed = [name for name in properties if _spelling_key(name) not in described_keys]
        for name in undescribed:
            # Optional properties of responses are kept, since a description may omit them.
            if (_is_request(location) or name in required) and self._is_removed(f"property {location}.{name}"):
                del properties[name]
                required = [other for other in required if other != name]
        return {**merged, "properties": properties, "required": required}

    def _new_schema(self, described: Schema, location: str) -> dict[str, Any]:
        """Return the schema of a value that the base lacks.

        In responses, all properties are required, since Jackson writes them all.
        """
        new = dict(described)
        if "properties" in described:
            children = described["properties"].items()
            new["properties"] = {name: self._merge(child, None, f"{location}.{name}") for name, child in children}
            if not _is_request(location):
                names = list(described["properties"])
                new |= {"required": names, "unconfirmed": names, "additionalProperties": False}
        for keyword in ("items", "additionalProperties"):
            if isinstance(described.get(keyword), Mapping):
                new[keyword] = self._merge(described[keyword], None, location)
        if alternatives(described):
            new["anyOf"] = [self._merge(branch, None, location) for branch in described["anyOf"]]
        return new

    def _base_class(self, name: str) -> str:
        """Return the name of a described class in the base; the same name if the base lacks it.

        OpenAPI documents omit the enclosing class.
        """
        classes = self._base["$defs"]
        for candidate in (name, name.removesuffix("@request")):
            if candidate in classes and (candidate == name or classes[candidate].get("type") != "object"):
                return candidate
        nested = [other for other in classes if other.endswith(f".{name}")]
        return nested[0] if len(nested) == 1 else name


def _is_request(location: str) -> bool:
    """Return whether a location ("POST /jobs request") or the name of a class ("JobPlan@request") is a request."""
    return location.endswith("request")


def _with_open_objects(schema: Any) -> Any:
    """Allow additional properties in all objects of a schema."""
    if isinstance(schema, list):
        return [_with_open_objects(element) for element in schema]
    if not isinstance(schema, Mapping):
        return schema
    opened = {keyword: _with_open_objects(value) for keyword, value in schema.items()}
    if opened.get("additionalProperties") is False:
        opened["additionalProperties"] = True
    return opened


def _simple_name(name: str) -> str:
    """Turn "JarListInfo.JarFileInfo" into "JarFileInfo"."""
    return name.rpartition(".")[2]


def _spelling_key(name: str) -> str:
    """Return the same text for names that differ only in spelling, such as "start_time" and "start-time"."""
    return name.replace("-", "").replace("_", "").lower()
