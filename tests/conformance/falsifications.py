"""Falsifications: changes of one value in responses that keep the schema."""

from __future__ import annotations

import copy
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flinkmock.conformance.coherence.values import LOWEST_TIME_MS, SuccessResponse
from flinkmock.conformance.report import generalize_pointer
from flinkmock.contract import Contract
from flinkmock.contract.schema_fields import schema_fields
from tests.conformance.recorded_passes import RecordedPasses

Json = Any
_TIME_SHIFTS_MS = (4_321, 86_400_000)
"""By how much times are changed."""


@dataclass(frozen=True)
class Falsification:
    """A change of one value in the responses to one request.

    Attributes:
        operation_id, target: The operation and the target of the request.
        pointer: The JSON pointer of the value, with the indexes of items.
        kind: How the value is changed:

            - `freeze`: it stays as it was in the first pass
            - `backwards`: `argument` times the number of the pass (from 0) is subtracted
            - `late`: `argument` replaces it from the third pass on
            - `drop`, `repeat`: the item at the index `argument` is removed, or is repeated at the end
            - `truncate`: only the first `argument` items remain
            - `reverse`: the list is reversed
            - `shuffle`: the list is shuffled with the seed `argument`
            - `add`: `argument` is added
            - `swap`: it is swapped with the value at the pointer `argument`
            - any other kind: `argument` replaces it
        argument: The number, index, seed, pointer or new value that the kind needs.
    """

    operation_id: str
    target: str
    pointer: str
    kind: str
    argument: Json

    @property
    def is_over_time(self) -> bool:
        """Whether only a comparison of passes can show the change."""
        return self.kind in ("freeze", "backwards", "late")

    @property
    def changes_items(self) -> bool:
        """Whether the change removes, repeats or reorders items of a list."""
        return self.kind in ("drop", "repeat", "reverse", "truncate", "shuffle")

    @property
    def general_pointer(self) -> str:
        """The pointer with `*` for items."""
        return generalize_pointer(self.pointer)

    @property
    def general_pointers(self) -> tuple[str, ...]:
        """The pointers of all changed values, with `*` for items."""
        if self.kind == "swap":
            return self.general_pointer, generalize_pointer(self.argument)
        return (self.general_pointer,)

    def __str__(self) -> str:
        return f"{self.operation_id} {self.pointer} {self.kind} {str(self.argument)[:60]!r} of {self.target[:150]}"

    def apply(
        self, response: SuccessResponse, pass_number: int, first_response: SuccessResponse | None
    ) -> SuccessResponse:
        """Return a changed copy of the response, or the response itself if it is for another target or lacks the value.

        Args:
            response: The response.
            pass_number: The number of its pass, from 0.
            first_response: The response to the target in the first pass.
        """
        if response.target != self.target:
            return response
        body = copy.deepcopy(response.body)
        parent, key = parent_of(body, self.pointer)
        if parent is None:
            return response
        if self.kind == "freeze":
            if first_response is None:
                return response
            first_parent, _ = parent_of(first_response.body, self.pointer)
            if first_parent is None:
                return response
            parent[key] = first_parent[key]
        elif self.kind == "backwards":
            parent[key] = max(0, parent[key] - self.argument * pass_number) if pass_number else parent[key]
        elif self.kind == "drop":
            del parent[key][self.argument]
        elif self.kind == "repeat":
            parent[key].append(copy.deepcopy(parent[key][self.argument]))
        elif self.kind == "reverse":
            parent[key].reverse()
        elif self.kind == "truncate":
            parent[key] = parent[key][: self.argument]
        elif self.kind == "shuffle":
            random.Random(self.argument).shuffle(parent[key])
        elif self.kind == "add":
            parent[key] += self.argument
        elif self.kind == "swap":
            other_parent, other_key = parent_of(body, self.argument)
            if other_parent is not None:
                parent[key], other_parent[other_key] = other_parent[other_key], parent[key]
        elif self.kind == "late":
            parent[key] = self.argument if pass_number >= 2 else parent[key]
        else:
            parent[key] = self.argument
        return replace(response, body=body)


def parent_of(body: Json, pointer: str) -> tuple[Json, Any]:
    """Return the object or list that contains the value at a pointer, and the key or index there.

    Both are None if there is no such value.
    """
    parent, keys = body, [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]
    for position, text in enumerate(keys):
        key: Any = int(text) if isinstance(parent, list) else text
        try:
            value = parent[key]
        except (LookupError, TypeError):
            return None, None
        if position == len(keys) - 1:
            return parent, key
        parent = value
    return None, None


def all_falsifications(recorded: RecordedPasses, rng: random.Random) -> list[Falsification]:
    """Return falsifications of every field in the responses of the first pass, one of each kind for each field."""
    contract = recorded.contract
    by_field_and_kind: dict[tuple[str, str, str], list[Falsification]] = defaultdict(list)
    last_responses = {response.target: response for response in recorded.passes[-1]}
    for response in recorded.passes[0]:
        operation = contract.operation(response.operation_id)
        if operation.returns_file:
            continue
        fields = schema_fields(operation.response, contract.definitions).values()
        enums = [field.values for field in fields if field.values]
        for pointer, value in values_of(response.body, ""):
            last_response = last_responses.get(response.target)
            for falsification in _falsifications(rng, response, pointer, value, enums, last_response):
                if falsification.is_over_time or keeps_schema(falsification, response, contract):
                    key = falsification.operation_id, field_of(pointer), falsification.kind
                    by_field_and_kind[key].append(falsification)
    return [rng.choice(group) for group in by_field_and_kind.values()]


def field_of(pointer: str) -> str:
    """Return the field of a value, with `*` for items.

    A flame graph is a deep tree of `children`: all its frames count as one field.
    """
    return re.sub(r"(/children/\*)+", "/children/*", generalize_pointer(pointer))


def keeps_schema(falsification: Falsification, response: SuccessResponse, contract: Contract) -> bool:
    """Return whether a falsification changes a response, and the changed response still conforms to its schema."""
    body = falsification.apply(response, 1, response).body
    operation = contract.operation(response.operation_id)
    return body != response.body and not any(contract.check_response(operation, body))


def values_of(body: Json, pointer: str) -> Iterator[tuple[str, Json]]:
    """Yield (pointer, value) of all values in a body, except for the body itself."""
    if pointer:
        yield pointer, body
    items: Iterator[tuple[Any, Json]] = iter(())
    if isinstance(body, dict):
        items = iter(body.items())
    elif isinstance(body, list):
        items = iter(enumerate(body))
    for key, value in items:
        yield from values_of(value, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")


def _falsifications(
    rng: random.Random,
    response: SuccessResponse,
    pointer: str,
    value: Json,
    enums: Sequence[Sequence[str]],
    last_response: SuccessResponse | None,
) -> Iterator[Falsification]:
    """Yield falsifications of a value; `last_response` is the response to the request in the last pass."""

    def falsification(kind: str, argument: Json) -> Falsification:
        return Falsification(response.operation_id, response.target, pointer, kind, argument)

    if isinstance(value, bool):
        yield falsification("flip", not value)
    elif isinstance(value, (int, float)):
        is_time = abs(value) > LOWEST_TIME_MS
        yield falsification("more", value + (rng.choice(_TIME_SHIFTS_MS) if is_time else max(3, abs(value))))
        if value > 0:
            yield falsification("less", value - (rng.choice(_TIME_SHIFTS_MS) if is_time else max(1, value // 2)))
        parent, key = parent_of(last_response.body, pointer) if last_response is not None else (None, None)
        if parent is not None and isinstance(parent[key], (int, float)) and parent[key] > value:
            yield falsification("freeze", None)
            yield falsification("backwards", max(1, parent[key] - value))
    elif isinstance(value, str):
        enum = next((enum for enum in enums if value in enum), ())
        if enum:
            yield falsification(
                "other constant", rng.choice([constant for constant in enum if constant != value] or [value])
            )
        elif value.lstrip("-").isdecimal():
            yield falsification("other number", str(int(value) + max(3, abs(int(value)))))
        else:
            yield falsification("other text", _other_text(value))
    elif isinstance(value, list) and value:
        yield falsification("drop", len(value) - 1)
        yield falsification("repeat", 0)
        if len(value) > 1:
            yield falsification("reverse", None)


def _other_text(value: str) -> str:
    """Return another text of the same form: an id if the text is one."""
    if value and all(letter in "0123456789abcdef" for letter in value):
        return "".join(f"{(int(letter, 16) + 3) % 16:x}" for letter in value)
    return value[:-1] + ("x" if value[-1:] != "x" else "y")
