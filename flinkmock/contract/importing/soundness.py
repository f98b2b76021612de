"""Checks a schema file before it is stored. A broken file would break all commands that load the release."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import Any

from flinkmock.contract.contract import Contract
from flinkmock.contract.operation import Operation, segments_without_names
from flinkmock.errors import ImportRejected

MAX_SCHEMA_DEPTH = 100
"""The maximum depth of a schema, since validation and rendering are recursive. Flink's schemas have up to 9 levels."""
_KEYWORDS = frozenset(
    ("$ref", "type", "enum", "const", "format", "pattern", "minimum", "properties", "required", "additionalProperties",
     "propertyNames", "maxProperties", "items", "anyOf", "oneOf", "contentEncoding", "contentType", "refined",
     "unconfirmed")
)  # fmt: skip
"""The keywords that rendering and validation understand. `refined` and `unconfirmed` are flinkmock's own."""


def reject_unsound(schema_file: Mapping[str, Any]) -> Contract:
    """Return the contract of a schema file.

    Raises:
        ImportRejected: Two operations have the same id or the same method and path, a path parameter is missing or is
            not in the path, or a schema is nested too deeply, refers only to itself, or has keywords that flinkmock
            doesn't understand.
    """
    contract = Contract(schema_file)
    _reject_repeated("id", Counter(operation.id for operation in contract))
    paths = Counter(f"{operation.method} /{'/'.join(operation.segments_without_names)}" for operation in contract)
    _reject_repeated("method and path", paths)
    for name in contract.definitions:
        reject_endless(name, contract.definitions)
    for operation in contract:
        _reject_wrong_path_parameters(operation)
        for part in ("request", "response"):
            _reject_schema(getattr(operation, part), f"the {part} of {operation}", contract.definitions)
    return contract


def reject_foreign(described: Mapping[tuple[str, tuple[str, ...]], str], known: Contract) -> None:
    """Reject the description of an API that is not Flink's.

    Args:
        described: The described operations: their names, for the message, by method and path segments.
        known: The contract of a Flink release.

    Raises:
        ImportRejected: Fewer than half of the operations exist in this release.
    """
    known_operations = {(operation.method, segments_without_names(operation.path)) for operation in known}
    foreign = [name for key, name in described.items() if key not in known_operations]
    if len(foreign) * 2 > len(described):
        raise ImportRejected(
            f"It does not describe Flink's REST API: Flink {known.release} has {len(described) - len(foreign)} of its "
            f"{len(described)} operations. It has no {foreign[0]}, for instance."
        )


def _reject_repeated(attribute: str, counts: Counter[str]) -> None:
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        raise ImportRejected(f"Several operations have the same {attribute}: {', '.join(repeated)}.")


def _reject_wrong_path_parameters(operation: Operation) -> None:
    names_in_path = {segment[1:] for segment in operation.segments if segment.startswith(":")}
    declared_names = {parameter.name for parameter in operation.path_parameters}
    if names_in_path != declared_names:
        raise ImportRejected(
            f"The path parameters of {operation} are {', '.join(sorted(declared_names)) or 'none'}, but its path has "
            f"{', '.join(sorted(names_in_path)) or 'none'}."
        )


def _reject_schema(schema: Any, location: str, definitions: Mapping[str, Any]) -> None:
    pending: deque[tuple[Any, int]] = deque([(schema, 0)])
    followed_references: set[str] = set()
    while pending:
        subschema, depth = pending.popleft()
        if subschema is None or isinstance(subschema, bool):
            continue
        if not isinstance(subschema, Mapping):
            raise ImportRejected(f"In {location}, {subschema!r} is not a schema.")
        if depth > MAX_SCHEMA_DEPTH:
            raise ImportRejected(f"In {location}, schemas are nested more than {MAX_SCHEMA_DEPTH} levels deep.")
        unknown = [keyword for keyword in subschema if keyword not in _KEYWORDS and not keyword.startswith("x-")]
        if unknown:
            raise ImportRejected(f"In {location}, flinkmock does not understand {', '.join(map(repr, unknown))}.")
        name = subschema.get("$ref", "").rpartition("/")[2]
        if name and name not in followed_references:
            followed_references.add(name)
            pending.append((definitions[name], depth))
        pending.extend((child, depth + 1) for child in _children(subschema))


def _children(schema: Mapping[str, Any]) -> Iterator[Any]:
    yield from schema.get("properties", {}).values()
    for keyword in ("items", "additionalProperties", "propertyNames"):
        yield schema.get(keyword)
    for keyword in ("anyOf", "oneOf"):
        yield from schema.get(keyword, ())


def reject_endless(name: str, definitions: Mapping[str, Any]) -> None:
    """Reject a definition that only refers to itself, directly or through others.

    Raises:
        ImportRejected: The definition `name` does so.
        KeyError: A definition is missing.
    """
    chain = [name]
    schema = definitions[name]
    while "$ref" in schema:
        chain.append(schema["$ref"].rpartition("/")[2])
        if len(chain) > len(definitions):
            raise ImportRejected(f"The schema {name} refers only to itself: {' → '.join(chain[:4])}.")
        schema = definitions[chain[-1]]
