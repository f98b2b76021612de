"""Strategies for the JSON values of a contract's schemas. Examples shrink to short values, with numbers near 0."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from flinkmock.contract import Contract, Schema
from flinkmock.contract.contract import cached_by_contracts
from flinkmock.contract.schema_branches import allowed_types, alternatives, resolve

MAX_ITEMS = 3
"""The maximum number of items of an array, or of entries of a map besides its required ones.

More are slow and find nothing new.
"""
HEX_DIGITS = "0123456789abcdef"
TEXT = st.text(st.characters(codec="utf-8"))
_SIMPLEST_SCALARS = {"boolean": False, "integer": 0, "number": 0.0}
_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


class Values:
    """Generates parsed JSON values for the schemas of a contract. Only keys of maps are not in Flink's order."""

    def __init__(self, contract: Contract) -> None:
        self._definitions = contract.definitions
        self._by_definition: dict[str, SearchStrategy[Any]] = {}

    def of(self, schema: Schema) -> SearchStrategy[Any]:
        """Return a strategy for the schema of a body."""
        return self._of(resolve(schema, self._definitions))

    def _of(self, schema: Schema) -> SearchStrategy[Any]:
        if "$ref" in schema:
            return self._definition(schema["$ref"].removeprefix("#/$defs/"))
        if branches := alternatives(schema):
            return st.one_of([self._of(branch) for branch in _objects_last(branches)])
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        # null comes first, because it is the simplest value
        type_names = sorted(allowed_types(schema), key=lambda type_name: type_name != "null")
        strategies = [self._of_type(type_name, schema) for type_name in type_names]
        # Flink writes objects for schemas without a type
        return st.one_of(strategies) if strategies else st.just({})

    def _definition(self, name: str) -> SearchStrategy[Any]:
        """Return a strategy for a definition.

        The first branch is the simplest object, so that hypothesis shrinks failing examples by whole objects.
        """
        if name not in self._by_definition:
            schema = self._definitions[name]
            full = st.deferred(lambda: self._of(schema))
            simple = st.none().map(lambda _: self._simplest(schema))
            self._by_definition[name] = simple | full if "properties" in schema else full
        return self._by_definition[name]

    def _of_type(self, type_name: str, schema: Schema) -> SearchStrategy[Any]:
        match type_name:
            case "null":
                return st.none()
            case "boolean":
                return st.booleans()
            case "integer":
                return st.integers(*_RANGES[schema.get("format", "int64")])
            case "number":
                return st.floats(allow_nan=False, allow_infinity=False)
            case "string":
                return _strings(schema)
            case "array":
                return st.lists(self._of(schema["items"]), max_size=MAX_ITEMS)
            case _:
                return self._objects(schema)

    def _objects(self, schema: Schema) -> SearchStrategy[dict[str, Any]]:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        additional = schema.get("additionalProperties")
        required = schema.get("required", ())
        if isinstance(additional, Mapping):
            return self._maps(schema, additional)
        mandatory = {name: self._of(child) for name, child in properties.items() if name in required}
        optional = {name: self._of(child) for name, child in properties.items() if name not in required}
        drawn: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(mandatory, optional=optional)
        return drawn.map(lambda value: {name: value[name] for name in properties if name in value})

    def _maps(self, schema: Schema, value_schema: Schema) -> SearchStrategy[dict[str, Any]]:
        names = self._of({"type": "string", **schema.get("propertyNames", {})})
        entries = st.dictionaries(names, self._of(value_schema), max_size=MAX_ITEMS)
        required = schema.get("required", ())
        if not required:
            return entries
        mandatory: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
            {name: self._of(value_schema) for name in required}
        )
        return st.builds(lambda required_entries, others: {**others, **required_entries}, mandatory, entries)

    def _simplest(self, schema: Schema) -> Any:
        """Return the value to which the strategy of the schema shrinks."""
        schema = resolve(schema, self._definitions)
        if branches := alternatives(schema):
            return self._simplest(_objects_last(branches)[0])
        if "const" in schema or "enum" in schema:
            return schema["const"] if "const" in schema else schema["enum"][0]
        if "null" in (type_names := allowed_types(schema)):
            return None
        if type_names & _SIMPLEST_SCALARS.keys():
            return _SIMPLEST_SCALARS[next(iter(type_names))]
        if "string" in type_names:
            return "0" * 32 if "pattern" in schema else ""
        if "array" in type_names:
            return []
        additional, properties = schema.get("additionalProperties"), schema.get("properties", {})
        required = schema.get("required", ())
        if isinstance(additional, Mapping):
            return {name: self._simplest(additional) for name in required}
        return {name: self._simplest(child) for name, child in properties.items() if name in required}


def _objects_last(branches: Sequence[Schema]) -> list[Schema]:
    return sorted(branches, key=lambda branch: "$ref" in branch or "properties" in branch)


@cached_by_contracts
def values_of(flink: str) -> Values:
    """Return the value strategies of a minor release."""
    TEXT.validate()  # builds hypothesis's Unicode table now, because the first draw would exceed hypothesis's deadline
    return Values(Contract.load(flink))


def _strings(schema: Schema) -> SearchStrategy[str]:
    if "pattern" in schema:  # all patterns are those of ids
        return st.text(HEX_DIGITS, min_size=32, max_size=32)
    if schema.get("contentEncoding") == "base64":
        return st.binary().map(lambda data: base64.b64encode(data).decode())
    return TEXT
