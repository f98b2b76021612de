"""JSON values that the schemas of a contract allow; the simplest are the shortest, with numbers near 0."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from flinkmock.contract import Contract, Schema
from flinkmock.contract.choice import alternatives, types

MOST = 3
"""Items of an array, entries of a map: more make an example slow, and tell a client nothing new."""
HEX = "0123456789abcdef"
TEXT = st.text(st.characters(codec="utf-8"))
_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


class Values:
    """The values of one contract, in JSON's own types; objects have their keys in Flink's order."""

    def __init__(self, contract: Contract) -> None:
        self._definitions = contract.definitions
        self._named: dict[str, SearchStrategy[Any]] = {}

    def of(self, schema: Schema) -> SearchStrategy[Any]:
        if "$ref" in schema:
            return self._definition(schema["$ref"].removeprefix("#/$defs/"))
        if branches := alternatives(schema):
            plain_first = sorted(branches, key=lambda branch: "$ref" in branch or "properties" in branch)
            return st.one_of([self.of(branch) for branch in plain_first])
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        kinds = types(schema)
        made = [self._of_type(kind, schema) for kind in sorted(kinds, key=lambda kind: kind != "null")]
        return st.one_of(made) if made else st.just({})  # a schema that says nothing: Flink writes objects there

    def _definition(self, name: str) -> SearchStrategy[Any]:
        if name not in self._named:
            self._named[name] = st.deferred(lambda: self.of(self._definitions[name]))
        return self._named[name]

    def _of_type(self, kind: str, schema: Schema) -> SearchStrategy[Any]:
        match kind:
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
                return st.lists(self.of(schema["items"]), max_size=MOST)
            case _:
                return self._objects(schema)

    def _objects(self, schema: Schema) -> SearchStrategy[dict[str, Any]]:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        others = schema.get("additionalProperties")
        required = schema.get("required", ())
        if isinstance(others, Mapping):
            return self._maps(schema, others)
        always = {name: self.of(child) for name, child in properties.items() if name in required}
        sometimes = {name: self.of(child) for name, child in properties.items() if name not in required}
        drawn: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(always, optional=sometimes)
        return drawn.map(lambda value: {name: value[name] for name in properties if name in value})

    def _maps(self, schema: Schema, values: Schema) -> SearchStrategy[dict[str, Any]]:
        names = self.of({"type": "string", **schema.get("propertyNames", {})})
        more = st.dictionaries(names, self.of(values), max_size=MOST)
        required = schema.get("required", ())
        if not required:
            return more
        always: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({name: self.of(values) for name in required})
        return st.builds(lambda one, other: {**other, **one}, always, more)


@cache
def values_of(flink: str) -> Values:
    """Those of a minor release."""
    return Values(Contract.load(flink))


def _strings(schema: Schema) -> SearchStrategy[str]:
    if "{32}" in schema.get("pattern", ""):
        return st.text(HEX, min_size=32, max_size=32)
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].removeprefix("^").removesuffix("$"), fullmatch=True)
    if schema.get("contentEncoding") == "base64":
        return st.binary().map(lambda data: base64.b64encode(data).decode())
    return TEXT
