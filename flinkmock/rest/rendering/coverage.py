"""Finds out which fields of a response the model provides, and which are placeholders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flinkmock.contract import Operation
from flinkmock.rest.rendering.placeholders import FieldPath
from flinkmock.rest.rendering.renderer import ResponseRenderer


class _Unmodelled:
    """Stands for a placeholder in a body."""


_UNMODELLED = _Unmodelled()


class _UnmodelledMarks:
    """A placeholder source that marks fields instead of generating values."""

    def leaf(self, schema: Mapping[str, Any], path: FieldPath) -> Any:
        return schema.get("const", _UNMODELLED)

    def length(self, path: FieldPath) -> int:
        return 1

    def name(self, schema: Mapping[str, Any], path: FieldPath) -> str:
        return "*"


def coverage(renderer: ResponseRenderer, operation: Operation, payload: Any) -> tuple[frozenset[str], frozenset[str]]:
    """Return the JSON pointers of the modelled fields and of the placeholders, with `*` for indexes of arrays.

    A field that is a placeholder in one item of an array counts as a placeholder. Raises as `ResponseRenderer.body`.
    """
    body = renderer.render(operation, payload, _UnmodelledMarks())
    leaves = list(_leaves(body, ""))
    unmodelled = frozenset(pointer for pointer, value in leaves if value is _UNMODELLED)
    return frozenset(pointer for pointer, _ in leaves) - unmodelled, unmodelled


def _leaves(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, child in value.items():
            yield from _leaves(child, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value:
        for child in value:
            yield from _leaves(child, f"{pointer}/*")
    else:
        yield pointer, value
