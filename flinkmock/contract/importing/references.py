"""References from schemas to definitions (`#/$defs/NAME`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flinkmock.contract.schema_branches import DEFINITION_PREFIX


def referenced_definitions(roots: Any, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definitions that `roots` refers to, directly or through others, in the order of `definitions`.

    Raises:
        KeyError: A definition is missing.
    """
    names: set[str] = set()
    pending = [roots]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            reference = value.get("$ref")
            if isinstance(reference, str):
                name = reference.removeprefix(DEFINITION_PREFIX)
                if name not in names:
                    names.add(name)
                    pending.append(definitions[name])
            pending.extend(value.values())
        elif isinstance(value, (list, tuple)):
            pending.extend(value)
    return {name: schema for name, schema in definitions.items() if name in names}


def define_request_bodies(schema_file: dict[str, Any]) -> dict[str, Any]:
    """Return a schema file with a definition for each inline request schema. In Flink, all request bodies have a class.

    The body of `postNote` becomes the definition "PostNoteRequestBody@request".
    """
    definitions = dict(schema_file["$defs"])
    operations = []
    for entry in schema_file["operations"]:
        if entry["request"] is not None and "$ref" not in entry["request"]:
            name = f"{entry['id'][:1].upper()}{entry['id'][1:]}RequestBody@request"
            definitions[name] = entry["request"]
            entry = {**entry, "request": {"$ref": DEFINITION_PREFIX + name}}
        operations.append(entry)
    return schema_file | {"operations": operations, "$defs": definitions}
