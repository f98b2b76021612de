"""Changes a response so that it breaks its contract or miscounts, and returns which findings describe the change.

The contract decides what must not be missing or null. The checks under test have no part in this.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from flinkmock.conformance.http_client import HttpResponse
from flinkmock.conformance.report import Finding, generalize_pointer
from flinkmock.conformance.response_check import CORS_HEADER
from flinkmock.contract import Contract, Operation
from flinkmock.contract.operation_traits import traits_of
from flinkmock.contract.schema_fields import SchemaField, schema_fields

Json = Any
RELATED_NUMBERS: dict[str, tuple[str, ...]] = {
    "getClusterOverview": (
        "/taskmanagers", "/slots-total", "/slots-available",
        "/jobs-running", "/jobs-finished", "/jobs-cancelled", "/jobs-failed",
    ),
    "getJobsOverview": (
        "/jobs/*/tasks/total", "/jobs/*/tasks/running", "/jobs/*/tasks/finished", "/jobs/*/tasks/failed",
    ),
    "getJobDetails": (
        "/duration", "/start-time", "/status-counts/*", "/vertices/*/parallelism", "/vertices/*/duration",
        "/vertices/*/tasks/RUNNING", "/vertices/*/tasks/FINISHED", "/plan/nodes/*/parallelism",
    ),
    "getJobVertexDetails": ("/parallelism", "/subtasks/*/subtask"),
    "getCheckpointingStatistics": (
        "/counts/total", "/counts/completed", "/counts/failed", "/history/*/end_to_end_duration",
    ),
    "getTaskManagers": ("/taskmanagers/*/freeSlots", "/taskmanagers/*/slotsNumber"),
    "getTaskManagerDetails": ("/freeSlots", "/slotsNumber"),
    "getJobExecutionResult": ("/job-execution-result/net-runtime",),
}  # fmt: skip
"""Operation id -> pointers of numbers that invariants relate to other values."""


@dataclass(frozen=True)
class Mutation:
    """A changed response.

    Attributes:
        description: What was changed. Its first word is the kind of change, for statistics.
        response: The changed response.
        matches: Returns whether a finding describes the change.
    """

    description: str
    response: HttpResponse
    matches: Callable[[Finding], bool]


@dataclass(frozen=True)
class JsonValue:
    """One value of a body.

    Attributes:
        parent, key: The object or list that contains the value, and its key or index there.
        pointer: The JSON pointer.
        field: The field of the schema; None if the schema has none.
        is_element: Whether it is an item of a list or a value of a map, which the schema never requires.
    """

    parent: Json
    key: Any
    pointer: str
    field: SchemaField | None
    is_element: bool

    @property
    def value(self) -> Json:
        return self.parent[self.key]


def mutate(rng: random.Random, contract: Contract, operation: Operation, response: HttpResponse) -> Mutation | None:
    """Make a random kind of change; return None if the response has nothing that this kind could change."""
    # changed counts are the hardest to find, so they are chosen more often
    extra_kinds = ["count"] * (4 if operation.id in RELATED_NUMBERS else 0)
    kind = rng.choice([*_CHANGES_OF_VALUES, *_CHANGES_OF_RESPONSES, *extra_kinds])
    if kind in _CHANGES_OF_RESPONSES:
        return _CHANGES_OF_RESPONSES[kind](rng, operation, response)
    body = copy.deepcopy(response.body)
    change = _CHANGES_OF_VALUES[kind](rng, list(_json_values(contract, operation, body)), operation)
    if change is None:
        return None
    changed_response = replace(response, raw_body=json.dumps(body).encode())
    return Mutation(f"{change.description} of {operation}", changed_response, change.matches)


def _change_status(rng: random.Random, operation: Operation, response: HttpResponse) -> Mutation:
    expected_statuses = traits_of(operation.id).expected_error_statuses
    statuses = [
        status for status in (200, 201, 202, 204, 404, 500, 503) if status not in (operation.status, *expected_statuses)
    ]
    status = rng.choice(statuses)
    return Mutation(
        f"status {status} of {operation}", replace(response, status=status), _finding_matcher(operation, "status")
    )


def _change_content_type(rng: random.Random, operation: Operation, response: HttpResponse) -> Mutation:
    content_type = rng.choice(["application/json", "text/html; charset=UTF-8", "application/json; charset=ISO-8859-1"])
    changed_response = replace(response, headers={**response.headers, "content-type": content_type})
    return Mutation(
        f"type {content_type} of {operation}", changed_response, _finding_matcher(operation, "content type")
    )


def _remove_header(rng: random.Random, operation: Operation, response: HttpResponse) -> Mutation | None:
    if CORS_HEADER not in response.headers:
        return None
    headers = {name: value for name, value in response.headers.items() if name != CORS_HEADER}
    changed_response = replace(response, headers=headers)
    return Mutation(f"header missing from {operation}", changed_response, _finding_matcher(operation, "header"))


def _finding_matcher(operation: Operation, kind: str, pointer: str = "") -> Callable[[Finding], bool]:
    """Return a function that returns whether a finding has this operation, kind and pointer."""
    return lambda finding: (finding.operation.id, finding.kind, finding.pointer) == (operation.id, kind, pointer)


def _json_values(contract: Contract, operation: Operation, body: Json) -> Iterator[JsonValue]:
    """Yield all values of a body."""
    fields = schema_fields(operation.response, contract.definitions)
    yield from _walk({"": body}, "", "", "", fields)


def _walk(
    parent: Json, key: Any, pointer: str, schema_path: str, fields: dict[str, SchemaField], *, is_element: bool = False
) -> Iterator[JsonValue]:
    """Yield a value and all values in it; `schema_path` is its key in `fields`."""
    value = parent[key]
    if isinstance(value, dict):
        for discriminator in ("className", "@class"):
            variant = f"{schema_path}<{value.get(discriminator)}>"
            if variant in fields:
                schema_path = variant
    yield JsonValue(parent, key, pointer, fields.get(schema_path), is_element)
    if isinstance(value, dict):
        for name in value:
            is_in_map = f"{schema_path}.{name}" not in fields
            inner_path = f"{schema_path}{{}}" if is_in_map else f"{schema_path}.{name}"
            yield from _walk(value, name, f"{pointer}/{name}", inner_path, fields, is_element=is_in_map)
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from _walk(value, index, f"{pointer}/{index}", f"{schema_path}[]", fields, is_element=True)


class AppliedChange(NamedTuple):
    """A change that was made to a body: its description, and which findings describe it."""

    description: str
    matches: Callable[[Finding], bool]


def _members_in_schema(values: list[JsonValue]) -> list[JsonValue]:
    """Return the values of object members that the schema describes."""
    return [
        candidate
        for candidate in values
        if candidate.field is not None and isinstance(candidate.key, str) and candidate.pointer
    ]


def _required(values: list[JsonValue]) -> list[JsonValue]:
    """Return the fields that must not be missing."""
    return [
        candidate
        for candidate in _members_in_schema(values)
        if candidate.field is not None and not candidate.field.optional and not candidate.is_element
    ]


def _drop_field(rng: random.Random, values: list[JsonValue], operation: Operation) -> AppliedChange | None:
    chosen = _choose(rng, _required(values))
    if chosen is None:
        return None
    del chosen.parent[chosen.key]
    matches = _finding_matcher(operation, "missing", generalize_pointer(chosen.pointer))
    return AppliedChange(f"dropped {chosen.pointer}", matches)


def _rename_field(rng: random.Random, values: list[JsonValue], operation: Operation) -> AppliedChange | None:
    chosen = _choose(rng, _required(values))
    if chosen is None:
        return None
    pairs = [(f"{name}_" if name == chosen.key else name, value) for name, value in chosen.parent.items()]
    chosen.parent.clear()
    chosen.parent.update(pairs)
    matches = _finding_matcher(operation, "missing", generalize_pointer(chosen.pointer))
    return AppliedChange(f"renamed {chosen.pointer}", matches)


def _set_to_null(rng: random.Random, values: list[JsonValue], operation: Operation) -> AppliedChange | None:
    not_nullable = [
        candidate
        for candidate in _members_in_schema(values)
        if candidate.field is not None and not candidate.field.nullable and candidate.value is not None
    ]
    chosen = _choose(rng, not_nullable)
    if chosen is None:
        return None
    chosen.parent[chosen.key] = None
    pointer = generalize_pointer(chosen.pointer)
    return AppliedChange(
        f"null at {chosen.pointer}",
        lambda finding: (
            finding.operation.id == operation.id
            and finding.pointer == pointer
            and finding.kind in ("null", "enum", "value")
        ),
    )


def _change_type(rng: random.Random, values: list[JsonValue], operation: Operation) -> AppliedChange | None:
    scalars = [
        candidate
        for candidate in values
        if candidate.field is not None
        and candidate.field.kind != "any"
        and candidate.pointer
        and candidate.value is not None
        and not isinstance(candidate.value, (dict, list))
    ]
    chosen = _choose(rng, scalars)
    if chosen is None:
        return None
    chosen.parent[chosen.key] = [chosen.value] if isinstance(chosen.value, str) else str(chosen.value)
    pointer = generalize_pointer(chosen.pointer)
    return AppliedChange(
        f"retyped {chosen.pointer}",
        lambda finding: (
            finding.operation.id == operation.id
            and finding.pointer == pointer
            and finding.kind in ("type", "enum", "value")
        ),
    )


def _change_enum(rng: random.Random, values: list[JsonValue], operation: Operation) -> AppliedChange | None:
    enums = [
        candidate
        for candidate in values
        if candidate.field is not None and candidate.field.values and isinstance(candidate.value, str)
    ]
    chosen = _choose(rng, enums)
    if chosen is None:
        return None
    chosen.parent[chosen.key] = rng.choice([chosen.value.lower() + "_", "UNKNOWN_CONSTANT"])
    matches = _finding_matcher(operation, "enum", generalize_pointer(chosen.pointer))
    return AppliedChange(f"unknown value at {chosen.pointer}", matches)


def _change_order(rng: random.Random, values: list[JsonValue], operation: Operation) -> AppliedChange | None:
    pointers = {
        candidate.pointer.rpartition("/")[0] for candidate in _members_in_schema(values) if not candidate.is_element
    }
    objects = [
        candidate
        for candidate in values
        if candidate.pointer in pointers and isinstance(candidate.value, dict) and len(candidate.value) > 1
    ]
    chosen = _choose(rng, objects)
    if chosen is None:
        return None
    pairs = list(chosen.value.items())
    index = rng.randrange(len(pairs) - 1)
    pairs[index], pairs[index + 1] = pairs[index + 1], pairs[index]
    chosen.value.clear()
    chosen.value.update(pairs)
    matches = _finding_matcher(operation, "order", generalize_pointer(chosen.pointer))
    return AppliedChange(f"order of {chosen.pointer}", matches)


def _change_count(rng: random.Random, values: list[JsonValue], operation: Operation) -> AppliedChange | None:
    patterns = RELATED_NUMBERS.get(operation.id, ())
    counts = [
        candidate
        for candidate in values
        if isinstance(candidate.value, int) and _matches_any(generalize_pointer(candidate.pointer), patterns)
    ]
    chosen = _choose(rng, counts)
    if chosen is None:
        return None
    chosen.parent[chosen.key] += rng.choice([1, 2, 7])
    return AppliedChange(
        f"miscounted {chosen.pointer}",
        lambda finding: (
            finding.kind == "coherence" and (finding.operation.id == operation.id or operation.path in finding.expected)
        ),
    )


def _matches_any(pointer: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a pointer matches a pattern, in which `*` stands for any key."""
    keys = pointer.split("/")
    return any(
        len(pattern_keys) == len(keys)
        and all(pattern_key in ("*", key) for pattern_key, key in zip(pattern_keys, keys, strict=True))
        for pattern_keys in (pattern.split("/") for pattern in patterns)
    )


def _choose(rng: random.Random, values: list[JsonValue]) -> JsonValue | None:
    return rng.choice(values) if values else None


_CHANGES_OF_VALUES = {
    "drop": _drop_field,
    "type": _change_type,
    "rename": _rename_field,
    "null": _set_to_null,
    "enum": _change_enum,
    "order": _change_order,
    "count": _change_count,
}
_CHANGES_OF_RESPONSES: dict[str, Callable[[random.Random, Operation, HttpResponse], Mutation | None]] = {
    "status": _change_status,
    "content type": _change_content_type,
    "header": _remove_header,
}
