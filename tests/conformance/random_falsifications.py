"""Random falsifications, which are independent of the invariants that a check knows.

An operation, a field of it and one of its values are chosen at random, each with the same probability. Then a change is
chosen: one more or less, double, half, zero, another time, another constant, another id or text of the same kind, two
values swapped, a list that is cut, shuffled or has an item twice, or a value that stands still, runs backwards or
changes only from the third pass on. Many changed responses could also come from a real cluster, for example from one
with other checkpoint settings.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator

from flinkmock.conformance.coherence.values import LOWEST_TIME_MS, SuccessResponse
from flinkmock.conformance.report import generalize_pointer
from flinkmock.contract.schema_fields import schema_fields
from tests.conformance.falsifications import Falsification, Json, field_of, keeps_schema, parent_of, values_of
from tests.conformance.recorded_passes import RecordedPasses

_ID = re.compile("[0-9a-f]{32}")
_TIME_SHIFTS_MS = (1_000, 60_000, 3_600_000, 86_400_000)
"""By how much times are changed."""
_ATTEMPTS_PER_FALSIFICATION = 60
"""The search ends after this many attempts for each requested falsification."""


def random_falsifications(recorded: RecordedPasses, rng: random.Random, count: int) -> list[Falsification]:
    """Return random falsifications, at most one of each kind for each field.

    Args:
        recorded: Passes over a server, at least three.
        rng: Makes all choices.
        count: The maximum number of falsifications.
    """
    values = _Values(recorded, rng)
    falsifications: dict[tuple[str, str, str], Falsification] = {}
    for _ in range(_ATTEMPTS_PER_FALSIFICATION * count):
        if len(falsifications) == count:
            break
        response, pointer, value = values.choose()
        changes = list(values.changes(response, pointer, value))
        if changes:
            kind, argument = rng.choice(changes)
            falsification = Falsification(response.operation_id, response.target, pointer, kind, argument)
            if falsification.is_over_time or keeps_schema(falsification, response, recorded.contract):
                key = falsification.operation_id, falsification.general_pointer, kind
                falsifications.setdefault(key, falsification)
    return list(falsifications.values())


class _Values:
    """The values of the first pass, by operation and field."""

    def __init__(self, recorded: RecordedPasses, rng: random.Random) -> None:
        self._rng = rng
        self._contract = recorded.contract
        self._last_responses = {response.target: response for response in recorded.passes[-1]}
        self._values_by_field: dict[str, dict[str, list[tuple[SuccessResponse, str, Json]]]] = defaultdict(dict)
        self._texts_by_group: dict[str, set[str]] = defaultdict(set)
        self._enums: dict[str, list[tuple[str, ...]]] = {}
        for response in recorded.passes[0]:
            operation = self._contract.operation(response.operation_id)
            if operation.returns_file:
                continue
            fields = schema_fields(operation.response, self._contract.definitions).values()
            self._enums[operation.id] = [field.values for field in fields if field.values]
            for pointer, value in values_of(response.body, ""):
                if not isinstance(value, dict):
                    fields_of_operation = self._values_by_field[operation.id]
                    fields_of_operation.setdefault(field_of(pointer), []).append((response, pointer, value))
                if isinstance(value, str):
                    self._texts_by_group[_group_of(pointer, value)].add(value)

    def choose(self) -> tuple[SuccessResponse, str, Json]:
        """Return a response, the pointer of a value, and the value."""
        fields = self._values_by_field[self._rng.choice(sorted(self._values_by_field))]
        return self._rng.choice(fields[self._rng.choice(sorted(fields))])

    def changes(self, response: SuccessResponse, pointer: str, value: Json) -> Iterator[tuple[str, Json]]:
        """Yield (kind, argument) of each falsification of a value."""
        if isinstance(value, bool):
            yield "other value", not value
        elif isinstance(value, (int, float)):
            yield from self._changes_of_number(value)
            yield from self._swaps(response, pointer, value)
        elif isinstance(value, str):
            yield from self._changes_of_text(response, pointer, value)
        elif isinstance(value, list) and value:
            yield "truncate", len(value) // 2
            yield "drop", self._rng.randrange(len(value))
            yield "repeat", self._rng.randrange(len(value))
            yield "shuffle", self._rng.randrange(1000)
        # if the last pass did not read the target, a change in this pass would change nothing
        is_read_again = response.target in self._last_responses
        parent, key = parent_of(self._last_responses.get(response.target, response).body, pointer)
        last_value = parent[key] if parent else None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return
        if isinstance(last_value, (int, float)) and last_value > value:
            yield "freeze", None
            yield "backwards", max(1, int(last_value - value))
        elif last_value == value and is_read_again:
            yield "late", value + max(1, abs(value) // 2)

    def _changes_of_number(self, value: float) -> Iterator[tuple[str, Json]]:
        step = 1 if isinstance(value, int) else abs(value) / 10 or 0.1
        yield from (("add", step), ("add", -step))
        if abs(value) < LOWEST_TIME_MS:
            yield from (("double", value * 2 or 7), ("half", value // 2), ("zero", 0 if value else 3))
        else:  # twice, so that the shift of a time is chosen more often
            yield from 2 * [("add", self._rng.choice((-1, 1)) * self._rng.choice(_TIME_SHIFTS_MS))]

    def _swaps(self, response: SuccessResponse, pointer: str, value: float) -> Iterator[tuple[str, Json]]:
        """Yield a swap with another number of the same field or the same object."""
        field, container = generalize_pointer(pointer), pointer.rpartition("/")[0]
        others = [
            other
            for other, number in values_of(response.body, "")
            if type(number) is type(value) and number != value
            if generalize_pointer(other) == field or other.rpartition("/")[0] == container
        ]
        if others:
            yield "swap", self._rng.choice(others)

    def _changes_of_text(self, response: SuccessResponse, pointer: str, value: str) -> Iterator[tuple[str, Json]]:
        enum = next((values for values in self._enums[response.operation_id] if value in values), ())
        others = sorted((set(enum) or self._texts_by_group[_group_of(pointer, value)]) - {value})
        if others:
            yield "other text", self._rng.choice(others)
            if response.target in self._last_responses:
                yield "late", self._rng.choice(others)
        if _ID.fullmatch(value):
            yield "other id", "".join(self._rng.choice("0123456789abcdef") for _ in value)
        elif not enum and (number := re.search(r"\d+", value)):
            yield "other number", f"{value[: number.start()]}{int(number[0]) + 1}{value[number.end() :]}"
        elif not enum:
            yield "longer text", f"{value}x"


def _group_of(pointer: str, value: str) -> str:
    """Return the group of a text: texts of one group replace each other."""
    return "id" if _ID.fullmatch(value) else pointer.rpartition("/")[2]
