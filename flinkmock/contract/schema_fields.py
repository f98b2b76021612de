"""Every place in a body that a schema tells of: `.vertices[].status` and what stands there.

`.field` of an object, `[]` the items of a list, `{}` the values of a map, `<name>` one of several subclasses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flinkmock.contract.one_of import Definitions, alternatives, types
from flinkmock.contract.operation import Schema

_PREFIX = "#/$defs/"


@dataclass(frozen=True, slots=True)
class SchemaField:
    """What stands at one place.

    `kind`: a JSON type, a Java number ("int32", "int64", "double"), "hex32" (an id), "enum", a constant in quotes,
    "number or non-finite text", "recursion", or "any". `values`: of an enum. `keys`: of a map that has a known set of
    them. `open`: an object that may hold more than it tells of.
    """

    kind: str
    values: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    nullable: bool = False
    optional: bool = False
    open: bool = False

    def __str__(self) -> str:
        text = f"enum {'|'.join(self.values)}" if self.values else self.kind
        text += ", open" if self.open else ""
        text += f" keyed by {'|'.join(self.keys)}" if self.keys else ""
        return text + (" or null" if self.nullable else "") + (", optional" if self.optional else "")


def places(schema: Schema | None, definitions: Definitions) -> dict[str, SchemaField]:
    """Place -> what stands there, in the order in which it is written; none for a file or no body."""
    found: dict[str, SchemaField] = {}
    if schema is not None and "contentType" not in schema:
        _walk(schema, definitions, "", found, frozenset())
    return found


def _walk(
    schema: Schema, definitions: Definitions, at: str, found: dict[str, SchemaField], inside: frozenset[str]
) -> None:
    nullable = False
    while "$ref" in schema or "anyOf" in schema:
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(_PREFIX)
            if name in inside:
                found[at] = SchemaField("recursion")
                return
            inside |= {name}
            schema = definitions[name]
        else:
            nullable |= {"type": "null"} in schema["anyOf"]
            if any("NaN" in branch.get("enum", ()) for branch in schema["anyOf"]):
                found[at] = SchemaField("number or non-finite text")
                return
            schema = schema["anyOf"][0]
    for branch in alternatives(schema) or ():
        _walk(branch, definitions, f"{at}<{_discriminator(branch, definitions)}>", found, inside)
    if "oneOf" in schema:
        return
    found[at] = _place(schema, nullable)
    _descend(schema, definitions, at, found, inside)


def _descend(
    schema: Schema, definitions: Definitions, at: str, found: dict[str, SchemaField], inside: frozenset[str]
) -> None:
    for name, child in schema.get("properties", {}).items():
        _walk(child, definitions, f"{at}.{name}", found, inside)
        if name not in schema.get("required", ()) and f"{at}.{name}" in found:
            found[f"{at}.{name}"] = replace(found[f"{at}.{name}"], optional=True)
    if "items" in schema:
        _walk(schema["items"], definitions, f"{at}[]", found, inside)
    if isinstance(schema.get("additionalProperties"), Mapping):
        _walk(schema["additionalProperties"], definitions, f"{at}{{}}", found, inside)


def _discriminator(branch: Schema, definitions: Definitions) -> str:
    schema = definitions[branch["$ref"].removeprefix(_PREFIX)]
    return str(next(child["const"] for child in schema["properties"].values() if "const" in child))


def _place(schema: Schema, nullable: bool) -> SchemaField:
    named = types(schema)
    kind = repr(schema["const"]) if "const" in schema else next(iter(sorted(named - {"null"})), "any")
    kind = schema.get("format", kind)
    if schema.get("pattern", "").endswith("{32}$"):
        kind = "hex32"
    return SchemaField(
        kind="enum" if "enum" in schema else kind,
        values=tuple(schema.get("enum", ())),
        keys=tuple(schema.get("propertyNames", {}).get("enum", ())),
        nullable=nullable or "null" in named,
        open="properties" in schema and schema.get("additionalProperties", True) is True,
    )
