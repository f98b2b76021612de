"""Which fields of an answer the model tells, and which are made up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flinkmock.contract import Operation
from flinkmock.rest.rendering.bodies import ResponseRenderer
from flinkmock.rest.rendering.placeholders import Where


class _Mark:
    """Stands in a body for a value that would be made up."""


_MARK = _Mark()


class _Marking:
    """A source that makes up nothing but marks the place."""

    def leaf(self, schema: Mapping[str, Any], where: Where) -> Any:
        return schema.get("const", _MARK)

    def length(self, where: Where) -> int:
        return 1

    def name(self, schema: Mapping[str, Any], where: Where) -> str:
        return "*"


def coverage(bodies: ResponseRenderer, operation: Operation, facts: Any) -> tuple[frozenset[str], frozenset[str]]:
    """(modelled, synthesized): JSON pointers of the answer's leaves, `*` for any index of an array.

    A pointer that some item of an array leaves to synthesis counts as synthesized. Raises as `Bodies.body`.
    """
    body = bodies.build(operation, facts, _Marking())
    leaves = list(_leaves(body, ""))
    synthesized = frozenset(pointer for pointer, value in leaves if value is _MARK)
    return frozenset(pointer for pointer, _ in leaves) - synthesized, synthesized


def _leaves(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, child in value.items():
            yield from _leaves(child, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value:
        for child in value:
            yield from _leaves(child, f"{pointer}/*")
    else:
        yield pointer, value
