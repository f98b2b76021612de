"""Falsifications of responses that keep the schema: one value is changed, frozen, or runs backwards."""

from __future__ import annotations

import copy
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.conformance.report import generalize_pointer
from flinkmock.contract.schema_fields import schema_fields
from tests.conformance.recorded_passes import RecordedPasses

Json = Any


@dataclass(frozen=True)
class Falsification:
    """A change of one value in the responses to one request.

    Attributes:
        operation_id, target, pointer: Of the value; the pointer has the index of the item that is changed.
        kind: The kind of the change.
        value: The new value, what is added in each pass, an index, or a pointer, as the kind needs it.
    """

    operation_id: str
    target: str
    pointer: str
    kind: str
    value: Json

    @property
    def over_time(self) -> bool:
        return self.kind in ("freeze", "backwards", "late")

    @property
    def of_a_list(self) -> bool:
        return self.kind in ("drop", "repeat", "reverse", "truncate", "shuffle")

    @property
    def place(self) -> str:
        """The pointer with `*` for items."""
        return generalize_pointer(self.pointer)

    @property
    def places(self) -> tuple[str, ...]:
        """The pointers of all values that are changed."""
        return (self.place, generalize_pointer(self.value)) if self.kind == "swap" else (self.place,)

    def __str__(self) -> str:
        return f"{self.operation_id} {self.pointer} {self.kind} {str(self.value)[:60]!r} of {self.target[:150]}"

    def apply(self, response: SuccessResponse, number: int, first: SuccessResponse | None) -> SuccessResponse:
        """Return a changed copy of a response to the same target, others unchanged.

        Args:
            response: The response.
            number: The number of the pass.
            first: The response of the first pass.
        """
        if response.target != self.target:
            return response
        body = copy.deepcopy(response.body)
        parent, key = parent_of(body, self.pointer)
        if parent is None:
            return response
        if self.kind == "freeze":
            if first is None:
                return response
            origin, _ = parent_of(first.body, self.pointer)
            if origin is None:
                return response
            parent[key] = origin[key]
        elif self.kind == "backwards":
            parent[key] = max(0, parent[key] - self.value * number) if number else parent[key]
        elif self.kind == "drop":
            del parent[key][self.value]
        elif self.kind == "repeat":
            parent[key].append(copy.deepcopy(parent[key][self.value]))
        elif self.kind == "reverse":
            parent[key].reverse()
        elif self.kind == "truncate":
            parent[key] = parent[key][: self.value]
        elif self.kind == "shuffle":
            random.Random(self.value).shuffle(parent[key])
        elif self.kind == "add":
            parent[key] += self.value
        elif self.kind == "swap":
            other, other_key = parent_of(body, self.value)
            if other is not None:
                parent[key], other[other_key] = other[other_key], parent[key]
        elif self.kind == "late":
            parent[key] = self.value if number >= 2 else parent[key]
        else:
            parent[key] = self.value
        return replace(response, body=body)


def parent_of(body: Json, pointer: str) -> tuple[Json, Any]:
    """Return the value around the one at a pointer, and its key; None if there is none."""
    value, keys = body, [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]
    for number, key in enumerate(keys):
        index: Any = int(key) if isinstance(value, list) else key
        try:
            inner = value[index]
        except (LookupError, TypeError):
            return None, None
        if number == len(keys) - 1:
            return value, index
        value = inner
    return None, None


def all_falsifications(recorded: RecordedPasses, rng: random.Random) -> list[Falsification]:
    """Return falsifications of every field that the responses have, one of each kind for each field."""
    contract = recorded.contract
    chosen: dict[tuple[str, str, str], list[Falsification]] = defaultdict(list)
    later = {response.target: response for response in recorded.passes[-1]}
    for response in recorded.passes[0]:
        operation = contract.operation(response.operation_id)
        if operation.returns_file:
            continue
        fields = schema_fields(operation.response, contract.definitions).values()
        enums = [field.values for field in fields if field.values]
        for pointer, value in values_of(response.body, ""):
            for change in _changes(rng, response, pointer, value, enums, later.get(response.target)):
                changed = change.apply(response, 1, response)
                if not change.over_time and (
                    changed.body == response.body or any(contract.check_response(operation, changed.body))
                ):
                    continue
                frames = re.sub(r"(/children/\*)+", "/children/*", change.place)  # a flame graph is a deep tree
                chosen[change.operation_id, frames, change.kind].append(change)
    return [rng.choice(group) for group in chosen.values()]


def values_of(body: Json, pointer: str) -> Iterator[tuple[str, Json]]:
    if pointer:
        yield pointer, body
    items: Iterator[tuple[Any, Json]] = iter(())
    if isinstance(body, dict):
        items = iter(body.items())
    elif isinstance(body, list):
        items = iter(enumerate(body))
    for key, value in items:
        yield from values_of(value, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")


def _changes(
    rng: random.Random,
    response: SuccessResponse,
    pointer: str,
    value: Json,
    enums: Sequence[Sequence[str]],
    later: SuccessResponse | None,
) -> Iterator[Falsification]:
    def change(kind: str, new: Json) -> Falsification:
        return Falsification(response.operation_id, response.target, pointer, kind, new)

    if isinstance(value, bool):
        yield change("flip", not value)
    elif isinstance(value, (int, float)):
        large = abs(value) > 1_000_000_000_000
        yield change("more", value + (rng.choice([4_321, 86_400_000]) if large else max(3, abs(value))))
        if value > 0:
            yield change("less", value - (rng.choice([4_321, 86_400_000]) if large else max(1, value // 2)))
        parent, key = parent_of(later.body, pointer) if later is not None else (None, None)
        if parent is not None and isinstance(parent[key], (int, float)) and parent[key] > value:
            yield change("freeze", None)
            yield change("backwards", max(1, (parent[key] - value)))
    elif isinstance(value, str):
        enum = next((enum for enum in enums if value in enum), ())
        if enum:
            yield change("other constant", rng.choice([constant for constant in enum if constant != value] or [value]))
        elif value.lstrip("-").isdecimal():
            yield change("other number", str(int(value) + max(3, abs(int(value)))))
        else:
            yield change("other text", _other_text(value))
    elif isinstance(value, list) and value:
        yield change("drop", len(value) - 1)
        yield change("repeat", 0)
        if len(value) > 1:
            yield change("reverse", None)


def _other_text(value: str) -> str:
    """Another text of the same form: digits and hex ids are turned."""
    if value and all(letter in "0123456789abcdef" for letter in value):
        return "".join(f"{(int(letter, 16) + 3) % 16:x}" for letter in value)
    return value[:-1] + ("x" if value[-1:] != "x" else "y")
