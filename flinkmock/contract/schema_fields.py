"""Lists the fields of a schema by their paths, such as `.vertices[].status`.

In a path, `.field` stands for a property, `[]` for the items of a list, `{}` for the values of a map, and `<name>` for
one of several subclasses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flinkmock.contract.operation import Schema
from flinkmock.contract.schema_branches import DEFINITION_PREFIX, Definitions, allowed_types, alternatives


@dataclass(frozen=True, slots=True)
class SchemaField:
    """One field.

    Attributes:
        kind: A JSON type, a Java number ("int32", "int64", "double"), "hex32" (an id), "enum", a constant in quotes,
            "number or non-finite text", "recursion" (an object inside an object of the same class), or "any".
        values: The values of an enum.
        keys: The keys of a map, if there is a fixed set of them.
        nullable: Whether null is allowed.
        optional: Whether the field may be missing.
        open: Whether an object may have more properties than the schema lists.
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


def schema_fields(schema: Schema | None, definitions: Definitions) -> dict[str, SchemaField]:
    """Return the fields by their paths, in the order of the schema. Files and missing bodies have no fields."""
    fields: dict[str, SchemaField] = {}
    if schema is not None and "contentType" not in schema:
        _add_fields(schema, definitions, "", fields, frozenset())
    return fields


def _add_fields(
    schema: Schema, definitions: Definitions, path: str, fields: dict[str, SchemaField], ancestors: frozenset[str]
) -> None:
    nullable = False
    while "$ref" in schema or "anyOf" in schema:
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(DEFINITION_PREFIX)
            if name in ancestors:
                fields[path] = SchemaField("recursion")
                return
            ancestors |= {name}
            schema = definitions[name]
        else:
            nullable |= {"type": "null"} in schema["anyOf"]
            if any("NaN" in branch.get("enum", ()) for branch in schema["anyOf"]):
                fields[path] = SchemaField("number or non-finite text")
                return
            schema = schema["anyOf"][0]
    for branch in alternatives(schema) or ():
        _add_fields(branch, definitions, f"{path}<{_discriminator(branch, definitions)}>", fields, ancestors)
    if "oneOf" in schema:
        return
    fields[path] = _field(schema, nullable=nullable)
    _add_children(schema, definitions, path, fields, ancestors)


def _add_children(
    schema: Schema, definitions: Definitions, path: str, fields: dict[str, SchemaField], ancestors: frozenset[str]
) -> None:
    for name, child in schema.get("properties", {}).items():
        _add_fields(child, definitions, f"{path}.{name}", fields, ancestors)
        if name not in schema.get("required", ()) and f"{path}.{name}" in fields:
            fields[f"{path}.{name}"] = replace(fields[f"{path}.{name}"], optional=True)
    if "items" in schema:
        _add_fields(schema["items"], definitions, f"{path}[]", fields, ancestors)
    if isinstance(schema.get("additionalProperties"), Mapping):
        _add_fields(schema["additionalProperties"], definitions, f"{path}{{}}", fields, ancestors)


def _discriminator(branch: Schema, definitions: Definitions) -> str:
    """Return the constant by which a subclass is recognized."""
    schema = definitions[branch["$ref"].removeprefix(DEFINITION_PREFIX)]
    return str(next(child["const"] for child in schema["properties"].values() if "const" in child))


def _field(schema: Schema, *, nullable: bool) -> SchemaField:
    json_types = allowed_types(schema)
    if "enum" in schema:
        kind = "enum"
    elif schema.get("pattern", "").endswith("{32}$"):
        kind = "hex32"
    elif "format" in schema:
        kind = schema["format"]
    elif "const" in schema:
        kind = repr(schema["const"])
    else:
        kind = next(iter(sorted(json_types - {"null"})), "any")
    return SchemaField(
        kind=kind,
        values=tuple(schema.get("enum", ())),
        keys=tuple(schema.get("propertyNames", {}).get("enum", ())),
        nullable=nullable or "null" in json_types,
        open="properties" in schema and schema.get("additionalProperties", True) is True,
    )
