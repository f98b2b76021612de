"""The effect `vary` of a fault: a different response that the contract allows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flinkmock.contract.value_path import ValuePath
from flinkmock.contract.variation import Change, find_variable_value, vary
from flinkmock.rest.rendering import encode


@dataclass(frozen=True, slots=True)
class Variation:
    """The variation of a fault.

    Attributes:
        changes: Kinds of changes. Each response gets a random choice of them.
        values: Paths with the changes that are made in each response.
    """

    changes: frozenset[Change] = frozenset()
    values: Mapping[ValuePath, Change] = field(default_factory=dict)


def varied_body(
    body: bytes, variation: Variation, release: str, operation_id: str, draw: Callable[[str], float]
) -> tuple[bytes, frozenset[str]]:
    """Return the varied body of a successful response.

    Args:
        body: The body of the response.
        variation: The changes.
        release: The minor release.
        operation_id: The operation id of the request.
        draw: Returns a number from 0 to 1 for the name of a value.

    Returns:
        The body, which is unchanged if it is not JSON, and the paths in `values` that led to a value.
    """
    try:
        value: Any = json.loads(body)
    except ValueError:  # a proxy may receive a page of another server, or compressed JSON
        return body, frozenset()
    changed_paths = set()
    for path, change in variation.values.items():
        variable = find_variable_value(release, operation_id, path, change)
        if variable is None:
            continue
        for position in reversed(variable.positions(value)):  # from the end, so that indexes stay valid
            variable.change(position, change, draw(path.text))
            changed_paths.add(path.text)
    if variation.changes:
        vary(value, release, operation_id, draw, variation.changes)
    return encode(value), frozenset(changed_paths)
