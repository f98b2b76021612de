"""A description laid onto the contract of a known release.

The description wins in what it can tell: which operations there are, their status, which properties, their types and
legal values. The base wins in what it can't: order, what is always there, null, converters, subclasses, what Flink
writes by hand (`refined`), hidden operations and those that a setting switches on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flinkmock.contract.importing.description import DescribedOperation, Description
from flinkmock.contract.importing.standalone import operation_entry
from flinkmock.contract.one_of import alternatives, resolve, types

Schema = Mapping[str, Any]
_PREFIX = "#/$defs/"


class ContractMerger:
    """`notes` fills with sentences about what a person should look at."""

    def __init__(self, base: Mapping[str, Any], description: Description) -> None:
        self._base = base
        self._description = description
        self._definitions: dict[str, Any] = dict(base["$defs"])
        self._merged: set[tuple[str, str]] = set()
        self.notes: list[str] = []

    def document(self, head: Mapping[str, Any]) -> dict[str, Any]:
        """The schema file; `head` are its first entries (release, commit, provenance)."""
        operations = self._operations()
        rest = {name: value for name, value in self._base.items() if name not in head}
        document = {**head, **rest, "operations": operations}
        document["$defs"] = self._used({"error": document["error"], "operations": operations})
        return document

    def _operations(self) -> list[dict[str, Any]]:
        told = {(operation.method, operation.path): operation for operation in self._description.operations}
        operations = []
        for entry in self._base["operations"]:
            described = told.pop((entry["method"], entry["path"]), None)
            if described:
                operations.append(self._operation(entry, described))
            elif entry["hidden"] or entry.get("requires_config"):
                operations.append(entry)
            else:
                self.notes.append(f"gone: {entry['method']} {entry['path']} ({entry['id']}) is no longer described")
        taken = {entry["id"] for entry in operations}
        for described in told.values():
            name = described.name if described.name not in taken else described.name + described.method.title()
            taken.add(name)
            operations.append(self._new_operation(described, name))
            self.notes.append(f"new: {described.method} {described.path} ({name})")
        return operations

    def _operation(self, base: Schema, told: DescribedOperation) -> dict[str, Any]:
        entry = dict(base) | {"status": told.status}
        if told.status != base["status"]:
            self.notes.append(f"status of {told.method} {told.path}: {base['status']} is now {told.status}")
        for kind, described in (
            ("path_parameters", told.path_parameters),
            ("query_parameters", told.query_parameters),
        ):
            entry[kind] = self._parameters(base[kind], described)
        for side, schema in (("request", told.request), ("response", told.response)):
            if schema is not None and "contentType" not in (base[side] or {}):
                entry[side] = self._lay(schema, base[side], f"{told.method} {told.path} {side}")
        return entry

    def _new_operation(self, told: DescribedOperation, name: str) -> dict[str, Any]:
        entry = operation_entry(told, name)
        entry["path_parameters"] = self._parameters((), told.path_parameters)
        entry["query_parameters"] = self._parameters((), told.query_parameters)
        for side in ("request", "response"):
            if entry[side] is not None:
                entry[side] = self._lay(entry[side], None, f"{told.method} {told.path} {side}")
        return entry

    def _parameters(self, base: Any, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those described, with the converter that the base knows for a parameter of that name."""
        known = {each["name"]: each for operation in self._base["operations"] for each in operation["path_parameters"]}
        known |= {each["name"]: each for each in base}
        return [known.get(each["name"], each) | {"required": each["required"]} for each in told]

    def _lay(self, told: Schema, base: Schema | None, place: str) -> dict[str, Any]:
        """`told` laid onto `base`, either of them perhaps a reference."""
        told_name = told.get("$ref", "").removeprefix(_PREFIX)
        base_name = (base or {}).get("$ref", "").removeprefix(_PREFIX)
        name = base_name or (self._known_class(told_name) if base is None and told_name else "")
        if name:
            key = told_name or place, name
            if key not in self._merged:
                self._merged.add(key)
                plain = resolve(told, self._description.definitions)
                # onto what is there by now: two classes may be described that the base holds to be one
                self._definitions[name] = self._lay_resolved(told, plain, self._definitions.get(name), name)
            return {"$ref": _PREFIX + name}
        return self._lay_resolved(told, resolve(told, self._description.definitions), base, place)

    def _lay_resolved(self, told: Schema, plain: Schema, base: Schema | None, place: str) -> dict[str, Any]:
        """`plain` is what `told` refers to."""
        if base is None:
            return self._new(plain, place)
        if not plain or base.get("refined"):
            return dict(base)
        branches = alternatives(base)
        if branches:
            laid = [branch if "null" in types(branch) else self._lay(told, branch, place) for branch in branches]
            return dict(base) | {("anyOf" if "anyOf" in base else "oneOf"): laid}
        return self._lay_plain(plain, base, place)

    def _lay_plain(self, told: Schema, plain: Schema, place: str) -> dict[str, Any]:
        kinds = types(plain) - {"null"}
        if alternatives(told) or "const" in plain:
            return dict(plain)
        if kinds and types(told) - {"null"} != kinds:
            if kinds == {"integer"} and types(told) == {"number"}:
                return dict(plain)  # draft-03 says number for either
            self.notes.append(f"type at {place}: {' or '.join(sorted(kinds))} is described as {told.get('type')}")
            return self._new(told, place)
        if "properties" in plain and "properties" in told:
            return self._lay_object(told, plain, place)
        if "enum" in told and "enum" in plain and set(told["enum"]) != set(plain["enum"]):
            self.notes.append(f"values at {place}: {', '.join(map(str, told['enum']))}")
            return {**plain, "enum": list(told["enum"])}
        if "items" in told and "items" in plain:
            return {**plain, "items": self._lay(told["items"], plain["items"], place + "[]")}
        if isinstance(told.get("additionalProperties"), Mapping) and isinstance(
            plain.get("additionalProperties"), Mapping
        ):
            values = self._lay(told["additionalProperties"], plain["additionalProperties"], place + "{}")
            return {**plain, "additionalProperties": values}
        return dict(plain)

    def _lay_object(self, told: Schema, plain: Schema, place: str) -> dict[str, Any]:
        properties = dict(plain["properties"])
        required = list(plain.get("required", ()))
        request = place.endswith(("request", "@request"))
        if not any("const" in child for child in properties.values()):  # else a subclass, of which nothing is told
            for name in [name for name in properties if name not in told["properties"]]:
                # what is not always there may be left out of a description, and does no harm
                if request or name in required:
                    del properties[name]
                    required = [other for other in required if other != name]
                    self.notes.append(f"gone: property {place}.{name} is no longer described")
        for name, child in told["properties"].items():
            if name in properties:
                properties[name] = self._lay(child, properties[name], f"{place}.{name}")
            else:
                properties[name] = self._lay(child, None, f"{place}.{name}")
                if not request:
                    required.append(name)  # Jackson writes every property unless told otherwise
                self.notes.append(f"new property: {place}.{name}")
        return {**plain, "properties": properties, "required": required}

    def _new(self, told: Schema, place: str) -> dict[str, Any]:
        """A schema that the base has nothing like: Jackson writes all of a class's properties."""
        out = dict(told)
        if "properties" in told:
            children = told["properties"].items()
            out["properties"] = {name: self._lay(child, None, f"{place}.{name}") for name, child in children}
            if not place.endswith(("request", "@request")):
                out |= {"required": list(told["properties"]), "additionalProperties": False}
        for key in ("items", "additionalProperties"):
            if isinstance(told.get(key), Mapping):
                out[key] = self._lay(told[key], None, place)
        if alternatives(told):
            out["anyOf"] = [self._lay(branch, None, place) for branch in told["anyOf"]]
        return out

    def _known_class(self, name: str) -> str:
        """The base's name for a described class: OpenAPI leaves out the enclosing class."""
        if name in self._base["$defs"]:
            return name
        inner = [known for known in self._base["$defs"] if known.endswith(f".{name}")]
        return inner[0] if len(inner) == 1 else name

    def _used(self, roots: Any) -> dict[str, Any]:
        """The definitions that something refers to, in the base's order."""
        used: set[str] = set()
        waiting = [roots]
        while waiting:
            value = waiting.pop()
            if isinstance(value, Mapping):
                name = value.get("$ref")
                if isinstance(name, str) and name.removeprefix(_PREFIX) not in used:
                    used.add(name.removeprefix(_PREFIX))
                    waiting.append(self._definitions[name.removeprefix(_PREFIX)])
                waiting.extend(value.values())
            elif isinstance(value, (list, tuple)):
                waiting.extend(value)
        return {name: schema for name, schema in self._definitions.items() if name in used}
