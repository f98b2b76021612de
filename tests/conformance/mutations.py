"""Changes one value of one response, with the finding that a check must report.

What may be dropped or be null is read from the contract's places, not from the checker that is tested.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flinkmock.conformance.http_client import HttpResponse
from flinkmock.conformance.report import Finding, generalize_pointer
from flinkmock.contract import Contract, Operation
from flinkmock.contract.operation_traits import traits_of
from flinkmock.contract.schema_fields import SchemaField, schema_fields

Json = Any
COUNTS: dict[str, tuple[str, ...]] = {
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
"""Operation id -> pointers of numbers that are counts or sums of values elsewhere."""


@dataclass(frozen=True)
class Mutation:
    """A changed response. `matches(finding)` returns whether a finding describes the change."""

    name: str
    response: HttpResponse
    matches: Callable[[Finding], bool]


@dataclass(frozen=True)
class JsonValue:
    """One value of a body: its parent, key, pointer and schema field (None if the schema has none)."""

    parent: Json
    key: Any
    pointer: str
    field: SchemaField | None
    entry: bool
    """Whether it is an item of a list, or stands in a map under a key that may be missing as well."""

    @property
    def value(self) -> Json:
        return self.parent[self.key]


def mutate(rng: random.Random, contract: Contract, operation: Operation, response: HttpResponse) -> Mutation | None:
    """Changes one value; returns None if the response has no value for the random kind of change."""
    kinds = (_drop, _retype, _rename, _null, _enum, _order, _count)
    whole = {"status": _status, "type": _content_type, "header": _header}
    counts = [_count] * (4 if operation.id in COUNTS else 0)  # there are few of them, and they are the hardest
    kind = rng.choice([*kinds, *whole.values(), *counts])
    if kind in whole.values():
        return kind(rng, operation, response)  # type: ignore[operator]
    body = copy.deepcopy(response.body)
    mutated = kind(rng, list(_json_values(contract, operation, body)), operation, body)  # type: ignore[operator]
    if mutated is None:
        return None
    name, matches = mutated
    return Mutation(f"{name} of {operation}", _with(response, raw_body=json.dumps(body).encode()), matches)


def _with(response: HttpResponse, **changes: Any) -> HttpResponse:
    parts = {"status": response.status, "headers": response.headers, "raw_body": response.raw_body} | changes
    return HttpResponse(**parts)


def _status(rng: random.Random, operation: Operation, response: HttpResponse) -> Mutation:
    errors = traits_of(operation.id).expected_errors
    status = rng.choice([s for s in (200, 201, 202, 204, 404, 500, 503) if s not in (operation.status, *errors)])
    return Mutation(f"status {status} of {operation}", _with(response, status=status), _is(operation, "status"))


def _content_type(rng: random.Random, operation: Operation, response: HttpResponse) -> Mutation:
    kind = rng.choice(["application/json", "text/html; charset=UTF-8", "application/json; charset=ISO-8859-1"])
    headers = {**response.headers, "content-type": kind}
    return Mutation(f"type {kind} of {operation}", _with(response, headers=headers), _is(operation, "content type"))


def _header(rng: random.Random, operation: Operation, response: HttpResponse) -> Mutation | None:
    if "access-control-allow-origin" not in response.headers:
        return None
    headers = {name: value for name, value in response.headers.items() if name != "access-control-allow-origin"}
    return Mutation(f"header missing of {operation}", _with(response, headers=headers), _is(operation, "header"))


def _is(operation: Operation, kind: str, pointer: str = "") -> Callable[[Finding], bool]:
    return lambda finding: (finding.operation.id, finding.kind, finding.pointer) == (operation.id, kind, pointer)


def _json_values(contract: Contract, operation: Operation, body: Json) -> Iterator[JsonValue]:
    fields = schema_fields(operation.response, contract.definitions)
    yield from _walk({"": body}, "", "", "", fields)


def _walk(
    parent: Json, key: Any, pointer: str, at: str, fields: dict[str, SchemaField], entry: bool = False
) -> Iterator[JsonValue]:
    """`at`: the path in the schema; the discriminator selects a variant."""
    value = parent[key]
    if isinstance(value, dict):
        for name in ("className", "@class"):
            if f"{at}<{value.get(name)}>" in fields:
                at = f"{at}<{value[name]}>"
    yield JsonValue(parent, key, pointer, fields.get(at), entry)
    if isinstance(value, dict):
        for name in value:
            in_map = f"{at}.{name}" not in fields
            yield from _walk(
                value, name, f"{pointer}/{name}", f"{at}{{}}" if in_map else f"{at}.{name}", fields, in_map
            )
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from _walk(value, index, f"{pointer}/{index}", f"{at}[]", fields, entry=True)


AppliedChange = tuple[str, Callable[[Finding], bool]] | None


def _fields(values: list[JsonValue]) -> list[JsonValue]:
    """Return the named fields of the schema, without items of lists and entries of maps."""
    return [item for item in values if item.field is not None and isinstance(item.key, str) and item.pointer]


def _required(values: list[JsonValue]) -> list[JsonValue]:
    return [item for item in _fields(values) if item.field is not None and not item.field.optional]


def _drop(rng: random.Random, values: list[JsonValue], operation: Operation, body: Json) -> AppliedChange:
    if not (chosen := _pick(rng, [item for item in _required(values) if not item.entry])):
        return None
    del chosen.parent[chosen.key]
    return f"dropped {chosen.pointer}", _is(operation, "missing", generalize_pointer(chosen.pointer))


def _rename(rng: random.Random, values: list[JsonValue], operation: Operation, body: Json) -> AppliedChange:
    if not (chosen := _pick(rng, [item for item in _required(values) if not item.entry])):
        return None
    pairs = [(f"{name}_" if name == chosen.key else name, value) for name, value in chosen.parent.items()]
    chosen.parent.clear()
    chosen.parent.update(pairs)
    return f"renamed {chosen.pointer}", _is(operation, "missing", generalize_pointer(chosen.pointer))


def _null(rng: random.Random, values: list[JsonValue], operation: Operation, body: Json) -> AppliedChange:
    if not (
        chosen := _pick(rng, [s for s in _fields(values) if s.field and not s.field.nullable and s.value is not None])
    ):
        return None
    chosen.parent[chosen.key] = None
    pointer = generalize_pointer(chosen.pointer)
    return (
        f"null at {chosen.pointer}",
        lambda finding: (
            finding.operation.id == operation.id
            and finding.pointer == pointer
            and finding.kind in ("null", "enum", "value")
        ),
    )


def _retype(rng: random.Random, values: list[JsonValue], operation: Operation, body: Json) -> AppliedChange:
    candidates = [s for s in values if s.field is not None and s.pointer and not isinstance(s.value, (dict, list))]
    if not (chosen := _pick(rng, [s for s in candidates if s.value is not None and s.field and s.field.kind != "any"])):
        return None
    chosen.parent[chosen.key] = [chosen.value] if isinstance(chosen.value, str) else str(chosen.value)
    pointer = generalize_pointer(chosen.pointer)
    return (
        f"retyped {chosen.pointer}",
        lambda finding: (
            finding.operation.id == operation.id
            and finding.pointer == pointer
            and finding.kind in ("type", "enum", "value")
        ),
    )


def _enum(rng: random.Random, values: list[JsonValue], operation: Operation, body: Json) -> AppliedChange:
    chosen = _pick(rng, [s for s in values if s.field is not None and s.field.values and isinstance(s.value, str)])
    if not chosen:
        return None
    chosen.parent[chosen.key] = rng.choice([chosen.value.lower() + "_", "UNHEARD_OF"])
    return f"unknown value at {chosen.pointer}", _is(operation, "enum", generalize_pointer(chosen.pointer))


def _order(rng: random.Random, values: list[JsonValue], operation: Operation, body: Json) -> AppliedChange:
    ordered = {item.pointer.rpartition("/")[0] for item in _fields(values) if not item.entry}
    chosen = _pick(rng, [s for s in values if s.pointer in ordered and isinstance(s.value, dict) and len(s.value) > 1])
    if not chosen:
        return None
    pairs = list(chosen.value.items())
    field = rng.randrange(len(pairs) - 1)
    pairs[field], pairs[field + 1] = pairs[field + 1], pairs[field]
    chosen.value.clear()
    chosen.value.update(pairs)
    return f"order of {chosen.pointer}", _is(operation, "order", generalize_pointer(chosen.pointer))


def _count(rng: random.Random, values: list[JsonValue], operation: Operation, body: Json) -> AppliedChange:
    patterns = COUNTS.get(operation.id, ())
    chosen = _pick(
        rng, [s for s in values if isinstance(s.value, int) and _fits(generalize_pointer(s.pointer), patterns)]
    )
    if not chosen:
        return None
    chosen.parent[chosen.key] += rng.choice([1, 2, 7])
    return (
        f"miscounted {chosen.pointer}",
        lambda finding: (
            finding.kind == "coherence" and (finding.operation.id == operation.id or operation.path in finding.expected)
        ),
    )


def _fits(pointer: str, patterns: tuple[str, ...]) -> bool:
    return any(
        len(pattern.split("/")) == len(pointer.split("/"))
        and all(mine in ("*", theirs) for mine, theirs in zip(pattern.split("/"), pointer.split("/"), strict=True))
        for pattern in patterns
    )


def _pick(rng: random.Random, values: list[JsonValue]) -> JsonValue | None:
    return rng.choice(values) if values else None
