"""Changes of one thing in one answer, each with what a check has to say about it.

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
from flinkmock.conformance.response_check import EXPECTED_ERRORS
from flinkmock.contract import Contract, Operation
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
"""Where a number is a count, or a sum, of what is told elsewhere."""


@dataclass(frozen=True)
class Mutation:
    """`answer` instead of the right one; `told(finding)` says whether a finding names what was done."""

    name: str
    answer: HttpResponse
    told: Callable[[Finding], bool]


@dataclass(frozen=True)
class Spot:
    """One value of a body: its parent, its key there, its pointer and what the contract says of it (None: nothing)."""

    parent: Json
    key: Any
    pointer: str
    place: SchemaField | None
    entry: bool
    """Whether it is an item of a list, or stands in a map under a key that may be missing as well."""

    @property
    def value(self) -> Json:
        return self.parent[self.key]


def mutate(dice: random.Random, contract: Contract, operation: Operation, answer: HttpResponse) -> Mutation | None:
    """One thing changed, None if the dice ask for what this answer has no place for."""
    kinds = (_drop, _retype, _rename, _null, _enum, _order, _count)
    whole = {"status": _status, "type": _content_type, "header": _header}
    counts = [_count] * (4 if operation.id in COUNTS else 0)  # there are few of them, and they are the hardest
    kind = dice.choice([*kinds, *whole.values(), *counts])
    if kind in whole.values():
        return kind(dice, operation, answer)  # type: ignore[operator]
    body = copy.deepcopy(answer.body)
    found = kind(dice, list(_spots(contract, operation, body)), operation, body)  # type: ignore[operator]
    if found is None:
        return None
    name, told = found
    return Mutation(f"{name} of {operation}", _with(answer, raw_body=json.dumps(body).encode()), told)


def _with(answer: HttpResponse, **changes: Any) -> HttpResponse:
    parts = {"status": answer.status, "headers": answer.headers, "raw_body": answer.raw_body} | changes
    return HttpResponse(**parts)


def _status(dice: random.Random, operation: Operation, answer: HttpResponse) -> Mutation:
    refusals = EXPECTED_ERRORS.get(operation.id, ())
    status = dice.choice([s for s in (200, 201, 202, 204, 404, 500, 503) if s not in (operation.status, *refusals)])
    return Mutation(f"status {status} of {operation}", _with(answer, status=status), _is(operation, "status"))


def _content_type(dice: random.Random, operation: Operation, answer: HttpResponse) -> Mutation:
    kind = dice.choice(["application/json", "text/html; charset=UTF-8", "application/json; charset=ISO-8859-1"])
    headers = {**answer.headers, "content-type": kind}
    return Mutation(f"type {kind} of {operation}", _with(answer, headers=headers), _is(operation, "content type"))


def _header(dice: random.Random, operation: Operation, answer: HttpResponse) -> Mutation | None:
    if "access-control-allow-origin" not in answer.headers:
        return None
    headers = {name: value for name, value in answer.headers.items() if name != "access-control-allow-origin"}
    return Mutation(f"header missing of {operation}", _with(answer, headers=headers), _is(operation, "header"))


def _is(operation: Operation, kind: str, pointer: str = "") -> Callable[[Finding], bool]:
    return lambda found: (found.operation.id, found.kind, found.pointer) == (operation.id, kind, pointer)


def _spots(contract: Contract, operation: Operation, body: Json) -> Iterator[Spot]:
    known = schema_fields(operation.response, contract.definitions)
    yield from _walk({"": body}, "", "", "", known)


def _walk(
    parent: Json, key: Any, pointer: str, at: str, known: dict[str, SchemaField], entry: bool = False
) -> Iterator[Spot]:
    """`at`: the place in the contract's words; a variant's is looked for by its discriminator."""
    value = parent[key]
    if isinstance(value, dict):
        for name in ("className", "@class"):
            if f"{at}<{value.get(name)}>" in known:
                at = f"{at}<{value[name]}>"
    yield Spot(parent, key, pointer, known.get(at), entry)
    if isinstance(value, dict):
        for name in value:
            in_map = f"{at}.{name}" not in known
            yield from _walk(value, name, f"{pointer}/{name}", f"{at}{{}}" if in_map else f"{at}.{name}", known, in_map)
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from _walk(value, index, f"{pointer}/{index}", f"{at}[]", known, entry=True)


Done = tuple[str, Callable[[Finding], bool]] | None


def _fields(spots: list[Spot]) -> list[Spot]:
    """Fields with names that the contract knows: no items of lists, no entries of maps."""
    return [spot for spot in spots if spot.place is not None and isinstance(spot.key, str) and spot.pointer]


def _required(spots: list[Spot]) -> list[Spot]:
    return [spot for spot in _fields(spots) if spot.place is not None and not spot.place.optional]


def _drop(dice: random.Random, spots: list[Spot], operation: Operation, body: Json) -> Done:
    if not (chosen := _pick(dice, [spot for spot in _required(spots) if not spot.entry])):
        return None
    del chosen.parent[chosen.key]
    return f"dropped {chosen.pointer}", _is(operation, "missing", generalize_pointer(chosen.pointer))


def _rename(dice: random.Random, spots: list[Spot], operation: Operation, body: Json) -> Done:
    if not (chosen := _pick(dice, [spot for spot in _required(spots) if not spot.entry])):
        return None
    pairs = [(f"{name}_" if name == chosen.key else name, value) for name, value in chosen.parent.items()]
    chosen.parent.clear()
    chosen.parent.update(pairs)
    return f"renamed {chosen.pointer}", _is(operation, "missing", generalize_pointer(chosen.pointer))


def _null(dice: random.Random, spots: list[Spot], operation: Operation, body: Json) -> Done:
    if not (
        chosen := _pick(dice, [s for s in _fields(spots) if s.place and not s.place.nullable and s.value is not None])
    ):
        return None
    chosen.parent[chosen.key] = None
    pointer = generalize_pointer(chosen.pointer)
    return (
        f"null at {chosen.pointer}",
        lambda found: (
            found.operation.id == operation.id and found.pointer == pointer and found.kind in ("null", "enum", "value")
        ),
    )


def _retype(dice: random.Random, spots: list[Spot], operation: Operation, body: Json) -> Done:
    candidates = [s for s in spots if s.place is not None and s.pointer and not isinstance(s.value, (dict, list))]
    if not (
        chosen := _pick(dice, [s for s in candidates if s.value is not None and s.place and s.place.kind != "any"])
    ):
        return None
    chosen.parent[chosen.key] = [chosen.value] if isinstance(chosen.value, str) else str(chosen.value)
    pointer = generalize_pointer(chosen.pointer)
    return (
        f"retyped {chosen.pointer}",
        lambda found: (
            found.operation.id == operation.id and found.pointer == pointer and found.kind in ("type", "enum", "value")
        ),
    )


def _enum(dice: random.Random, spots: list[Spot], operation: Operation, body: Json) -> Done:
    chosen = _pick(dice, [s for s in spots if s.place is not None and s.place.values and isinstance(s.value, str)])
    if not chosen:
        return None
    chosen.parent[chosen.key] = dice.choice([chosen.value.lower() + "_", "UNHEARD_OF"])
    return f"unknown value at {chosen.pointer}", _is(operation, "enum", generalize_pointer(chosen.pointer))


def _order(dice: random.Random, spots: list[Spot], operation: Operation, body: Json) -> Done:
    ordered = {spot.pointer.rpartition("/")[0] for spot in _fields(spots) if not spot.entry}
    chosen = _pick(dice, [s for s in spots if s.pointer in ordered and isinstance(s.value, dict) and len(s.value) > 1])
    if not chosen:
        return None
    pairs = list(chosen.value.items())
    place = dice.randrange(len(pairs) - 1)
    pairs[place], pairs[place + 1] = pairs[place + 1], pairs[place]
    chosen.value.clear()
    chosen.value.update(pairs)
    return f"order of {chosen.pointer}", _is(operation, "order", generalize_pointer(chosen.pointer))


def _count(dice: random.Random, spots: list[Spot], operation: Operation, body: Json) -> Done:
    patterns = COUNTS.get(operation.id, ())
    chosen = _pick(
        dice, [s for s in spots if isinstance(s.value, int) and _fits(generalize_pointer(s.pointer), patterns)]
    )
    if not chosen:
        return None
    chosen.parent[chosen.key] += dice.choice([1, 2, 7])
    return (
        f"miscounted {chosen.pointer}",
        lambda found: (
            found.kind == "coherence" and (found.operation.id == operation.id or operation.path in found.expected)
        ),
    )


def _fits(pointer: str, patterns: tuple[str, ...]) -> bool:
    return any(
        len(pattern.split("/")) == len(pointer.split("/"))
        and all(mine in ("*", theirs) for mine, theirs in zip(pattern.split("/"), pointer.split("/"), strict=True))
        for pattern in patterns
    )


def _pick(dice: random.Random, spots: list[Spot]) -> Spot | None:
    return dice.choice(spots) if spots else None
