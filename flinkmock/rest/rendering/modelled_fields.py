"""Determines which fields of a response the model provides, and which are placeholders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flinkmock.contract import Operation
from flinkmock.rest.rendering.placeholders import FieldPath
from flinkmock.rest.rendering.renderer import ResponseRenderer

_PLACEHOLDER = object()
"""Stands for a placeholder in a body."""


class _PlaceholderMarks:
    """A placeholder source that marks fields instead of generating values."""

    def leaf(self, schema: Mapping[str, Any], path: FieldPath) -> Any:
        return schema.get("const", _PLACEHOLDER)

    def length(self, path: FieldPath) -> int:
        return 1

    def name(self, schema: Mapping[str, Any], path: FieldPath) -> str:
        return "*"


class ModelledFields(NamedTuple):
    """JSON pointers of fields, with `*` for the indexes of arrays and for generated keys of maps."""

    modelled: frozenset[str]
    placeholders: frozenset[str]


def modelled_fields(renderer: ResponseRenderer, operation: Operation, payload: Any) -> ModelledFields:
    """Return which fields of a payload's body are modelled.

    A field that is a placeholder in one item of an array counts as a placeholder. Raises as `ResponseRenderer.body`.
    """
    leaves = list(_leaves(renderer.render(operation, payload, _PlaceholderMarks()), ""))
    placeholders = frozenset(pointer for pointer, value in leaves if value is _PLACEHOLDER)
    return ModelledFields(frozenset(pointer for pointer, _ in leaves) - placeholders, placeholders)


def _leaves(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, child in value.items():
            yield from _leaves(child, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value:
        for child in value:
            yield from _leaves(child, f"{pointer}/*")
    else:
        yield pointer, value
