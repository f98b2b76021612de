"""Merges a description into the contract of a known release, the base.

The description decides what it can describe: the operations, their status, properties, types and legal values. The base
decides the rest: order, required keys, null, converters, subclasses, what Flink writes without a class (`refined`),
hidden operations, and operations that a configuration option enables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flinkmock.contract.importing.description import DescribedOperation, Description
from flinkmock.contract.importing.references import PREFIX, referenced_definitions
from flinkmock.contract.importing.standalone import operation_entry
from flinkmock.contract.one_of import alternatives, resolve, types
from flinkmock.contract.operation import Schema


class ContractMerger:
    """Merges one description into one base.

    Attributes:
        notes: sentences on differences that a person should review; `document` fills it.
    """

    def __init__(self, base: Mapping[str, Any], description: Description) -> None:
        self._base = base
        self._description = description
        self._definitions: dict[str, Any] = dict(base["$defs"])
        self._merged: set[tuple[str, str]] = set()
        self.notes: list[str] = []

    def document(self, head: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the schema file.

        Args:
            head: its first entries (release, commit, provenance).

        Raises:
            KeyError: the description refers to something that it does not contain.
        """
        operations = self._operations()
        remaining = {name: value for name, value in self._base.items() if name not in head}
        document = {**head, **remaining, "operations": operations}
        roots = {"error": document["error"], "operations": operations}
        document["$defs"] = referenced_definitions(roots, self._definitions)
        return document

    def _operations(self) -> list[dict[str, Any]]:
        described = {(operation.method, operation.path): operation for operation in self._description.operations}
        entries = []
        for entry in self._base["operations"]:
            operation = described.pop((entry["method"], entry["path"]), None)
            if operation:
                entries.append(self._operation(entry, operation))
            elif entry["hidden"] or entry.get("requires_config"):
                entries.append(entry)
            else:
                self.notes.append(f"gone: {entry['method']} {entry['path']} ({entry['id']}) is no longer described")
        ids = {entry["id"] for entry in entries}
        for operation in described.values():
            name = operation.name if operation.name not in ids else operation.name + operation.method.title()
            ids.add(name)
            entries.append(self._new_operation(operation, name))
            self.notes.append(f"new: {operation.method} {operation.path} ({name})")
        return entries

    def _operation(self, base: Schema, operation: DescribedOperation) -> dict[str, Any]:
        entry = dict(base) | {"status": operation.status}
        name = f"{operation.method} {operation.path}"
        if operation.status != base["status"]:
            self.notes.append(f"status of {name}: {base['status']} is now {operation.status}")
        entry["path_parameters"] = self._parameters(base["path_parameters"], operation.path_parameters)
        entry["query_parameters"] = self._parameters(base["query_parameters"], operation.query_parameters)
        for side, schema in (("request", operation.request), ("response", operation.response)):
            if schema is not None and "contentType" not in (base[side] or {}):
                entry[side] = self._merge(schema, base[side], f"{name} {side}")
        return entry

    def _new_operation(self, operation: DescribedOperation, name: str) -> dict[str, Any]:
        entry = operation_entry(operation, name)
        entry["path_parameters"] = self._parameters((), operation.path_parameters)
        entry["query_parameters"] = self._parameters((), operation.query_parameters)
        for side in ("request", "response"):
            if entry[side] is not None:
                entry[side] = self._merge(entry[side], None, f"{operation.method} {operation.path} {side}")
        return entry

    def _parameters(self, base: Any, described: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Returns the described parameters, with the base's converter for a parameter of the same name."""
        by_name = {each["name"]: each for entry in self._base["operations"] for each in entry["path_parameters"]}
        by_name |= {each["name"]: each for each in base}
        return [by_name.get(each["name"], each) | {"required": each["required"]} for each in described]

    def _merge(self, described: Schema, base: Schema | None, location: str) -> dict[str, Any]:
        """Merges `described` into `base`; either of them may be a reference. `location` is for notes."""
        described_name = described.get("$ref", "").removeprefix(PREFIX)
        base_name = (base or {}).get("$ref", "").removeprefix(PREFIX)
        name = base_name or (self._base_class(described_name) if base is None and described_name else "")
        resolved = resolve(described, self._description.definitions)
        if not name:
            return self._merge_resolved(described, resolved, base, location)
        key = described_name or location, name
        if key not in self._merged:
            self._merged.add(key)
            # into the current definition: the description may have two classes where the base has one
            self._definitions[name] = self._merge_resolved(described, resolved, self._definitions.get(name), name)
        return {"$ref": PREFIX + name}

    def _merge_resolved(
        self, described: Schema, resolved: Schema, base: Schema | None, location: str
    ) -> dict[str, Any]:
        """`resolved` is what `described` refers to."""
        if base is None:
            return self._new(resolved, location)
        if not resolved or base.get("refined"):
            return dict(base)
        branches = alternatives(base)
        if branches:
            merged = [
                branch if "null" in types(branch) else self._merge(described, branch, location) for branch in branches
            ]
            return dict(base) | {("anyOf" if "anyOf" in base else "oneOf"): merged}
        return self._merge_values(resolved, base, location)

    def _merge_values(self, described: Schema, base: Schema, location: str) -> dict[str, Any]:
        """Merges two schemas without references or alternatives in the base."""
        base_types = types(base) - {"null"}
        if alternatives(described) or "const" in base:
            return dict(base)
        if base_types and types(described) - {"null"} != base_types:
            if base_types == {"integer"} and types(described) == {"number"}:
                return dict(base)  # draft-03 documents have number for both
            self.notes.append(
                f"type at {location}: {' or '.join(sorted(base_types))} is described as {described.get('type')}"
            )
            return self._new(described, location)
        if "properties" in base and "properties" in described:
            return self._merge_objects(described, base, location)
        if "enum" in described and "enum" in base and set(described["enum"]) != set(base["enum"]):
            self.notes.append(f"values at {location}: {', '.join(map(str, described['enum']))}")
            return {**base, "enum": list(described["enum"])}
        if "items" in described and "items" in base:
            return {**base, "items": self._merge(described["items"], base["items"], location + "[]")}
        described_values, base_values = described.get("additionalProperties"), base.get("additionalProperties")
        if isinstance(described_values, Mapping) and isinstance(base_values, Mapping):
            return {**base, "additionalProperties": self._merge(described_values, base_values, location + "{}")}
        return dict(base)

    def _merge_objects(self, described: Schema, base: Schema, location: str) -> dict[str, Any]:
        properties = dict(base["properties"])
        required = list(base.get("required", ()))
        is_request = _is_request(location)
        if not any("const" in child for child in properties.values()):  # else a subclass, which no description shows
            for name in [name for name in properties if name not in described["properties"]]:
                # a description may omit optional properties; keeping them does no harm
                if is_request or name in required:
                    del properties[name]
                    required = [other for other in required if other != name]
                    self.notes.append(f"gone: property {location}.{name} is no longer described")
        for name, child in described["properties"].items():
            if name in properties:
                properties[name] = self._merge(child, properties[name], f"{location}.{name}")
            else:
                properties[name] = self._merge(child, None, f"{location}.{name}")
                if not is_request:
                    required.append(name)  # Jackson writes all properties by default
                self.notes.append(f"new property: {location}.{name}")
        return {**base, "properties": properties, "required": required}

    def _new(self, described: Schema, location: str) -> dict[str, Any]:
        """Returns a schema that has no counterpart in the base: Jackson writes all properties of a class."""
        out = dict(described)
        if "properties" in described:
            children = described["properties"].items()
            out["properties"] = {name: self._merge(child, None, f"{location}.{name}") for name, child in children}
            if not _is_request(location):
                out |= {"required": list(described["properties"]), "additionalProperties": False}
        for keyword in ("items", "additionalProperties"):
            if isinstance(described.get(keyword), Mapping):
                out[keyword] = self._merge(described[keyword], None, location)
        if alternatives(described):
            out["anyOf"] = [self._merge(branch, None, location) for branch in described["anyOf"]]
        return out

    def _base_class(self, name: str) -> str:
        """Returns the base's name of a described class; OpenAPI documents omit the enclosing class."""
        if name in self._base["$defs"]:
            return name
        nested = [known for known in self._base["$defs"] if known.endswith(f".{name}")]
        return nested[0] if len(nested) == 1 else name


def _is_request(location: str) -> bool:
    return location.endswith(("request", "@request"))
