"""Changes the bodies of responses: corrupts them, or sets values in them."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from flinkmock.contract.value_path import Position, ValuePath
from flinkmock.faults.fault import Corruption, CorruptionKind
from flinkmock.rest.rendering import encode

HTML = (
    b"<html>\r\n<head><title>200 OK</title></head>\r\n<body>\r\n<center><h1>Please wait</h1></center>\r\n"
    b"<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
ADDED_VALUE: Any = {"added": [1, "two", None]}
"""The value of the field that `add-field` adds."""


def set_values(body: bytes, values: Mapping[ValuePath, Any]) -> tuple[bytes, frozenset[str]]:
    """Set values in a JSON body.

    Returns:
        The body, which is unchanged if it is not JSON, and the paths that led to a value.
    """
    try:
        value = json.loads(body)
    except ValueError:
        return body, frozenset()
    changed_paths = set()
    for path, new_value in values.items():
        for position in list(path.find(value)):
            position.container[position.key] = copy.deepcopy(new_value)
            changed_paths.add(path.text)
    return (encode(value) if changed_paths else body), frozenset(changed_paths)


def corrupt_body(body: bytes, corruption: Corruption) -> bytes:
    """Return the corrupted body.

    If the corruption is that of a field, but the body is not JSON or lacks the field, the body is returned unchanged.
    """
    match corruption.kind:
        case CorruptionKind.HTML:
            return HTML
        case CorruptionKind.TRUNCATE:
            return body[: len(body) // 2]
        case CorruptionKind.GARBAGE:
            return hashlib.shake_128(body).digest(len(body))
    try:
        value = json.loads(body)
    except ValueError:
        return body
    return encode(value) if _corrupt_field(value, corruption) else body


def _corrupt_field(value: Any, corruption: Corruption) -> bool:
    """Change a field of the parsed body in place; return False if the body has no such field, or no place for it."""
    path = ValuePath.parse(corruption.field)
    if corruption.kind is CorruptionKind.ADD_FIELD:
        positions = [position for position in path.find(value) if isinstance(position.container, dict)]
    else:
        positions = path.find_existing(value)
    for position in reversed(positions):  # from the end, so that indexes stay valid
        _corrupt_position(position, corruption.kind)
    return bool(positions)


def _corrupt_position(position: Position, kind: CorruptionKind) -> None:
    container, key = position.container, position.key
    match kind:
        case CorruptionKind.ADD_FIELD:
            container[key] = ADDED_VALUE
        case CorruptionKind.DROP_FIELD:
            del container[key]
        case _:
            container[key] = _value_of_other_type(container[key])


def _value_of_other_type(value: Any) -> Any:
    match value:
        case bool() | None:
            return 0
        case int() | float():
            return str(value)
        case str():
            return 0
        case list():
            return {}
        case _:
            return []
