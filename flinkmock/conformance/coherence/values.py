"""Values of JSON responses with their locations, and values that are computed from them."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Json = Any
ValueLocation = tuple[str, str]
"""(target of the response, JSON pointer) of a value."""
_JAVA_NUMBER = re.compile(r"-?\d+(?P<fraction>\.\d+)?(?P<exponent>E-?\d+)?", re.ASCII)
"""Matches the finite numbers that `Long.toString` and `Double.toString` return."""
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")
LOWEST_TIME_MS = 10**12
"""Numbers of at least this size are times in ms since the epoch."""


class _Missing:
    def __repr__(self) -> str:
        return "nothing"

    def __bool__(self) -> bool:
        return False


MISSING: Any = _Missing()
"""The raw value of a field that a body lacks, or of a result that can't be computed. No relation is made with it."""


@dataclass(slots=True, eq=False)
class SuccessResponse:
    """A success response, with its request.

    Attributes:
        operation_id: The operation id of the operation that was called.
        target: Path and query of the request.
        path: The target without the query.
        parameters: The values of the path parameters.
        query: The values of each query parameter.
        body: The parsed JSON; for a file, its text.
        sent_at, received_at: When the request was sent and when the response had arrived, in ms of the client's clock.
        number: Its position in the order of requests.
    """

    operation_id: str
    target: str
    path: str
    parameters: dict[str, str]
    query: dict[str, list[str]]
    body: Json
    sent_at: float
    received_at: float
    number: int = 0


class Value:
    """A value of a response, or one that is computed from such values.

    `value["key"]` and `value[0]` are values within it, and iteration yields the items of a list. A value that doesn't
    exist has the raw value `MISSING`. Every value that is computed from it has the raw value `MISSING`, too.

    Args:
        raw: The JSON value.
        response: The response that contains the value; None for a computed value.
        parent, key: The object or list that contains the value, and its key or index there.
        sources: The values that a computed value depends on.
        text: How a computed value is written in the texts of values that are computed from it. Reports contain it only
            if the value depends on no value of a response.
    """

    __slots__ = ("_key", "_parent", "_response", "_sources", "_text", "raw")

    def __init__(
        self,
        raw: Json,
        response: SuccessResponse | None = None,
        parent: Value | None = None,
        key: str | int | None = None,
        sources: tuple[Value, ...] = (),
        text: str = "",
    ) -> None:
        self.raw = raw
        self._response = response
        self._parent = parent
        self._key = key
        self._sources = sources
        self._text = text

    @classmethod
    def of(cls, response: SuccessResponse) -> Value:
        """Return the body of a response."""
        return cls(response.body, response)

    @property
    def exists(self) -> bool:
        return self.raw is not MISSING

    @property
    def response(self) -> SuccessResponse:
        """The response that contains a value. Raises LookupError for a computed value."""
        if self._response is None:
            raise LookupError("a computed value is not in a response")
        return self._response

    def __getitem__(self, key: str | int) -> Value:
        container = self.raw
        raw = MISSING
        if isinstance(key, str):
            if isinstance(container, dict):
                raw = container.get(key, MISSING)
        elif isinstance(container, list) and -len(container) <= key < len(container):
            key %= len(container)  # so that the pointer has the index from the beginning of the list
            raw = container[key]
        return Value(raw, self._response, self, key)

    def __iter__(self) -> Iterator[Value]:
        """Yield the items of a list; nothing if the value is not a list."""
        for index in range(len(self.raw)) if isinstance(self.raw, list) else ():
            yield self[index]

    def items(self) -> Iterator[tuple[str, Value]]:
        """Yield the keys and values of an object; nothing if the value is not an object."""
        for key in self.raw if isinstance(self.raw, dict) else ():
            yield key, self[key]

    def __bool__(self) -> bool:
        return bool(self.raw)

    def is_in(self, raw_values: Iterable[Json]) -> bool:
        """Whether the raw value is one of these."""
        return self.exists and self.raw in raw_values

    @property
    def pointer(self) -> str:
        """The JSON pointer of a value within its response."""
        if self._parent is None:
            return ""
        return f"{self._parent.pointer}/{str(self._key).replace('~', '~0').replace('/', '~1')}"

    @property
    def leaves(self) -> tuple[Value, ...]:
        """The values of responses that this value depends on: itself, unless it is computed."""
        if self._response is not None:
            return (self,)
        return tuple(leaf for source in self._sources for leaf in source.leaves)

    @property
    def location(self) -> ValueLocation:
        """The target of the response and the pointer. Raises LookupError for a computed value."""
        return self.response.target, self.pointer

    def __str__(self) -> str:
        return self._text or self.pointer

    def __add__(self, other: Value | int) -> Value:
        return _arithmetic(operator.add, "+", self, other)

    def __sub__(self, other: Value | int) -> Value:
        return _arithmetic(operator.sub, "-", self, other)

    def __mul__(self, other: Value | int) -> Value:
        return _arithmetic(operator.mul, "*", self, other)

    def where(self) -> str:
        """Return the location for reports: "GET /jobs/overview /jobs/0/state"; for a computed value, up to three."""
        if self._response is None:
            return " and ".join(dict.fromkeys(leaf.where() for leaf in self.leaves[:3]))
        return f"GET {shortened(self._response.target)} {self.pointer}".rstrip()


def shortened(text: str, limit: int = 160) -> str:
    """Return at most `limit` characters of a text."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def is_number(raw: Json) -> bool:
    """Whether a JSON value is a number: booleans are not, although they are integers in Python."""
    return isinstance(raw, (int, float)) and not isinstance(raw, bool)


def _arithmetic(operate: Callable[[Any, Any], Any], sign: str, left: Value, right: Value | int) -> Value:
    right = right if isinstance(right, Value) else Value(right, text=str(right))
    are_numbers = is_number(left.raw) and is_number(right.raw)
    raw = operate(left.raw, right.raw) if are_numbers else MISSING
    return Value(raw, sources=(left, right), text=f"{left} {sign} {right}")


def constant(raw: Json, text: str = "") -> Value:
    """Return a value that no response contains."""
    return Value(raw, text=text or str(raw))


def computed(raw: Json, text: str, *sources: Value) -> Value:
    """Return a value that depends on others; a missing value if one of them is missing."""
    return Value(raw if all(source.exists for source in sources) else MISSING, sources=sources, text=text)


def total(values: Iterable[Value], text: str) -> Value:
    """Return the sum of numbers; a missing value if one of the values is not a number."""
    parts = tuple(values)
    are_numbers = all(is_number(part.raw) for part in parts)
    return Value(sum(part.raw for part in parts) if are_numbers else MISSING, sources=parts, text=text)


def lowest(values: Iterable[Value], text: str) -> Value:
    """Return the minimum; a missing value if there are no values, or if one of them is not a number."""
    return _extreme(min, values, text)


def highest(values: Iterable[Value], text: str) -> Value:
    """Return the maximum; a missing value if there are no values, or if one of them is not a number."""
    return _extreme(max, values, text)


def _extreme(choose: Callable[[Any], Any], values: Iterable[Value], text: str) -> Value:
    parts = tuple(values)
    are_numbers = parts and all(is_number(part.raw) for part in parts)
    return Value(choose(part.raw for part in parts) if are_numbers else MISSING, sources=parts, text=text)


def count(values: Iterable[Value], raw_values: Iterable[Json], text: str) -> Value:
    """Return how many of the values are one of `raw_values`; a missing value if one of the values is missing."""
    parts, raw_values = tuple(values), frozenset(raw_values)
    all_exist = all(part.exists for part in parts)
    return Value(sum(part.raw in raw_values for part in parts) if all_exist else MISSING, sources=parts, text=text)


def is_number_text(raw: Json) -> bool:
    """Whether a text is a number, NaN or infinite as Java writes it, such as the value of a metric."""
    return raw in _NOT_FINITE or _JAVA_NUMBER.fullmatch(str(raw)) is not None


def number(value: Value) -> Value:
    """Return the finite number that a text contains, such as the value of a metric; otherwise a missing value."""
    raw = MISSING
    if isinstance(value.raw, str) and (match := _JAVA_NUMBER.fullmatch(value.raw)):
        raw = float(value.raw)
        if not math.isfinite(raw):
            raw = MISSING
        elif raw.is_integer():
            raw = int(value.raw if match["fraction"] is None and match["exponent"] is None else raw)
    return Value(raw, sources=(value,), text=str(value))
