"""Corrupts the body of a response."""

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
"""Value of a field that Flink does not have."""


def corrupt_body(body: bytes, corrupt: Corrupt) -> bytes:
    """Return the corrupted body. It is unchanged if it is not JSON, or has no such field."""
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
    """Change the parsed body in place. Return False if it has no such field."""
    *parents, last = corrupt.field.split(".")
    for step in parents:
        value = _child(value, step)
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
        value[key] = _value_of_other_type(value[key])
    return True


def _child(value: Any, step: str) -> Any:
    key = _key(value, step)
    return None if key is None else value[key]


def _key(value: Any, step: str) -> str | int | None:
    """Return the key or index of a step; None if it does not exist."""
    if isinstance(value, dict):
        return step if step in value else None
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return int(step)
    return None


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
