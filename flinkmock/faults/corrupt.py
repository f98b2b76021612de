"""A body, spoiled."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flinkmock.faults.fault import Corrupt, Corruption
from flinkmock.rest.rendering import encode

HTML = (
    b"<html>\r\n<head><title>200 OK</title></head>\r\n<body>\r\n<center><h1>Please wait</h1></center>\r\n"
    b"<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
ADDED: Any = {"added": [1, "two", None]}
"""What stands in a field that Flink knows nothing of."""


def corrupted(body: bytes, corrupt: Corrupt) -> bytes:
    """The spoiled body; as it was if it has no such field or is no JSON."""
    match corrupt.kind:
        case Corruption.HTML:
            return HTML
        case Corruption.TRUNCATE:
            return body[: len(body) // 2]
        case Corruption.GARBAGE:
            return hashlib.shake_128(body).digest(len(body))
    try:
        value = json.loads(body)
    except ValueError:
        return body
    return encode(value) if _change(value, corrupt) else body


def _change(value: Any, corrupt: Corrupt) -> bool:
    """Changes the parsed body in place; False if there is no such field."""
    *way, last = corrupt.field.split(".")
    for step in way:
        value = _below(value, step)
    key = _key(value, last)
    if corrupt.kind is Corruption.ADD_FIELD:
        if not isinstance(value, dict):
            return False
        value[last] = ADDED
    elif key is None:
        return False
    elif corrupt.kind is Corruption.DROP_FIELD:
        del value[key]
    else:
        value[key] = _of_another_type(value[key])
    return True


def _below(value: Any, step: str) -> Any:
    key = _key(value, step)
    return None if key is None else value[key]


def _key(value: Any, step: str) -> str | int | None:
    """What to index with; None if nothing is there."""
    if isinstance(value, dict):
        return step if step in value else None
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return int(step)
    return None


def _of_another_type(value: Any) -> Any:
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
