"""Schemas compiled into closures that turn facts into values of exactly the contract's shape.

Facts are one superset for all releases. The schema decides: which keys, in which order, of which type; what it does
not name is dropped, what it insists on and no fact tells is asked of a `Source`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from flinkmock.contract.one_of import Definitions, alternatives, choose, resolve, types
from flinkmock.rest.rendering.placeholders import PlaceholderSource, Where, pointer

Schema = Mapping[str, Any]
Build = Callable[[Any, Where, PlaceholderSource], Any]

MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING"})()
"""The fact that there is no fact."""

_RAW_DISCRIMINATORS = ("className", "@class")
"""One property, which Flink renamed in 1.15: facts may tell it by either name."""


class SchemaMismatch(Exception):
    """A fact that the schema has no place for: a mistake in the model. `where` is a JSON pointer."""

    def __init__(self, where: str, expected: str, fact: Any) -> None:
        self.where, self.expected, self.fact = where, expected, fact
        super().__init__(f"{where or '(the whole body)'}: expected {expected}, the fact is {fact!r:.200}")


class Compiler:
    """Compiles the schemas of one contract; definitions are compiled once and shared."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._compiled: dict[str, Build] = {}
        self._open: list[str] = []

    def compile(self, schema: Schema) -> Build:
        if "$ref" in schema:
            return self._reference(schema["$ref"].removeprefix("#/$defs/"))
        branches = alternatives(schema)
        if branches:
            return self._alternative(list(branches))
        kinds = types(schema)
        if "const" in schema or "enum" in schema:
            return _literal(schema)
        if "object" in kinds:
            return _nullable(self._object(schema), schema, kinds)
        if "array" in kinds:
            return _nullable(self._array(schema), schema, kinds)
        return _leaf(schema, kinds)

    def _reference(self, name: str) -> Build:
        if name in self._open:  # a definition inside itself: its code is there by the time it runs
            return lambda fact, where, source: self._compiled[name](fact, where, source)
        if name not in self._compiled:
            self._open.append(name)
            self._compiled[name] = self.compile(self._definitions[name])
            self._open.pop()
        return self._compiled[name]

    def _recursive(self, schema: Schema) -> bool:
        """Whether the schema leads back into a definition that is being compiled."""
        return schema.get("$ref", "").removeprefix("#/$defs/") in self._open

    def _alternative(self, branches: list[Schema]) -> Build:
        if len(branches) == 2 and types(branches[1]) == {"null"}:
            return _or_null(self.compile(branches[0]), branches[1])
        builds = [self.compile(branch) for branch in branches]
        definitions = self._definitions
        constants = _discriminators([resolve(branch, definitions) for branch in branches])

        def alternative(fact: Any, where: Where, source: PlaceholderSource) -> Any:
            if fact is MISSING:
                return builds[0](fact, where, source)
            if constants and isinstance(fact, Mapping):
                for name in _RAW_DISCRIMINATORS:
                    if name in fact:
                        if fact[name] not in constants:
                            raise SchemaMismatch(pointer((where, name)), " or ".join(constants), fact[name])
                        return builds[constants[fact[name]]](fact, where, source)
            value = _special(fact)
            return builds[choose(branches, value, definitions)](value, where, source)

        return alternative

    def _object(self, schema: Schema) -> Build:
        if "properties" not in schema or (not schema["properties"] and "propertyNames" in schema):
            return self._map(schema)
        insisted = set(schema.get("required", ()))
        fields = [
            (name, name in insisted, self.compile(child), self._recursive(child))
            for name, child in schema["properties"].items()
        ]
        # `additionalProperties: false` or an open object: what no schema describes has no order, hence no place

        def build(facts: Any, where: Where, source: PlaceholderSource) -> dict[str, Any]:
            if facts is MISSING:
                facts = _NOTHING
            elif not isinstance(facts, Mapping):
                raise SchemaMismatch(pointer(where), "object", facts)
            out = {}
            for name, required, child, recursive in fields:
                fact = facts.get(name, MISSING)
                if fact is MISSING:
                    if not required:
                        continue
                    if recursive:
                        raise SchemaMismatch(pointer((where, name)), "a fact (the schema never ends here)", fact)
                elif fact is None and not required:
                    with suppress(SchemaMismatch):  # null where null is not allowed: this release leaves the key out
                        out[name] = child(None, (where, name), source)
                    continue
                out[name] = child(fact, (where, name), source)
            return out

        return build

    def _map(self, schema: Schema) -> Build:
        """An object whose keys the schema does not list: `propertyNames`, `additionalProperties`, or anything."""
        names: Schema = schema.get("propertyNames", {})
        values = schema.get("additionalProperties")
        if schema.get("maxProperties") == 0:
            return lambda facts, where, source: {}
        if not isinstance(values, Mapping):
            return _raw
        child = self.compile(values)
        legal = frozenset(names["enum"]) if "enum" in names else None
        required: tuple[str, ...] = tuple(schema.get("required", ()))

        def build(facts: Any, where: Where, source: PlaceholderSource) -> dict[str, Any]:
            if facts is MISSING:
                if required or legal:
                    facts = _NOTHING
                else:
                    keys = [source.name(names, (where, place)) for place in range(source.length(where))]
                    facts = dict.fromkeys(keys, MISSING)
            elif not isinstance(facts, Mapping):
                raise SchemaMismatch(pointer(where), "object", facts)
            if legal is None:
                return {key: child(fact, (where, key), source) for key, fact in facts.items()}
            made = {key: child(fact, (where, key), source) for key, fact in facts.items() if key in legal}
            for key in required:
                if key not in made:
                    made[key] = child(MISSING, (where, key), source)
            return made

        return build

    def _array(self, schema: Schema) -> Build:
        child = self.compile(schema.get("items", {}))
        recursive = self._recursive(schema.get("items", {}))

        def build(facts: Any, where: Where, source: PlaceholderSource) -> list[Any]:
            if facts is MISSING:
                facts = [MISSING] * (0 if recursive else source.length(where))
            elif isinstance(facts, (str, Mapping)) or not hasattr(facts, "__iter__"):
                raise SchemaMismatch(pointer(where), "array", facts)
            return [child(fact, (where, place), source) for place, fact in enumerate(facts)]

        return build


_NOTHING: Mapping[str, Any] = {}


def _raw(fact: Any, where: Where, source: PlaceholderSource) -> Any:
    """JSON without a schema (RawJson): the fact as it is."""
    return {} if fact is MISSING else fact


def _special(fact: Any) -> Any:
    """NaN and the infinities by the names that Jackson gives them."""
    if type(fact) is float and not math.isfinite(fact):
        return "NaN" if math.isnan(fact) else "Infinity" if fact > 0 else "-Infinity"
    return fact


def _discriminators(branches: list[Schema]) -> dict[str, int]:
    """Constant -> place of the branch, when each branch has a constant property of its own."""
    constants = [
        child["const"] for branch in branches for child in branch.get("properties", {}).values() if "const" in child
    ]
    return {constant: place for place, constant in enumerate(constants)} if len(constants) == len(branches) else {}


def _or_null(build: Build, null: Schema) -> Build:
    def or_null(fact: Any, where: Where, source: PlaceholderSource) -> Any:
        if fact is None:
            return None
        return source.leaf(null, where) if fact is MISSING else build(fact, where, source)

    return or_null


def _nullable(build: Build, schema: Schema, kinds: frozenset[str]) -> Build:
    return _or_null(build, {"type": "null"}) if "null" in kinds else build


def _literal(schema: Schema) -> Build:
    constant = schema.get("const", MISSING)
    if constant is not MISSING:
        return lambda fact, where, source: constant
    legal = tuple(schema["enum"])

    def build(fact: Any, where: Where, source: PlaceholderSource) -> Any:
        if fact is MISSING:
            return source.leaf(schema, where)
        if fact not in legal:
            raise SchemaMismatch(pointer(where), " or ".join(map(str, legal)), fact)
        return fact

    return build


def _leaf(schema: Schema, kinds: frozenset[str]) -> Build:
    if not kinds:
        return _raw
    convert = _conversions(kinds)

    def build(fact: Any, where: Where, source: PlaceholderSource) -> Any:
        try:
            return convert[type(fact)](fact)
        except KeyError:
            if fact is MISSING:
                return source.leaf(schema, where)
            for known, make in convert.items():
                if isinstance(fact, known) and not isinstance(fact, bool):
                    return make(fact)
        except ValueError:
            pass
        raise SchemaMismatch(pointer(where), " or ".join(sorted(kinds)), fact)

    return build


def _conversions(kinds: frozenset[str]) -> dict[type, Callable[[Any], Any]]:
    """Python type of a fact -> how it becomes a value of one of the JSON types."""
    table: dict[type, Callable[[Any], Any]] = {}
    if "string" in kinds:
        table[str] = str
    if "boolean" in kinds:
        table[bool] = bool
    if "null" in kinds:
        table[type(None)] = lambda _: None
    if "integer" in kinds:
        table[int] = int
        table[float] = _whole
    if "number" in kinds:
        table[int] = float
        table[float] = _finite
    return table


def _whole(fact: float) -> int:
    if not fact.is_integer():
        raise ValueError
    return int(fact)


def _finite(fact: float) -> float:
    if not math.isfinite(fact):
        raise ValueError
    return float(fact)
