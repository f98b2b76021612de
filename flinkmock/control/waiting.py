"""Waits, in wall-clock time, until a condition holds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from flinkmock.errors import InvalidArgument
from flinkmock.monotonic import monotonic
from flinkmock.units import parse_duration

T = TypeVar("T")
_INTERVAL_S = 0.005
"""The time between two checks of a condition, in wall-clock seconds."""


def wait_in_thread(condition: Callable[[], T | None], timeout: float) -> T | None:
    """Block until `condition` returns a value other than None, and return it.

    Returns:
        The value; None after `timeout` wall-clock seconds.
    """
    deadline = monotonic() + timeout
    pause = threading.Event()  # not time.sleep, which tests replace
    while (result := condition()) is None and monotonic() < deadline:
        pause.wait(_INTERVAL_S)
    return result


def parse_wall_duration(text: str, *, longest: float = 3600.0) -> float:
    """Convert a wall-clock duration such as "5s" to seconds.

    Raises:
        InvalidArgument: The text has another format, or the duration is longer than `longest` (seconds).
    """
    seconds = parse_duration(text) / 1000
    if seconds > longest:
        raise InvalidArgument(f'"{text}" is too long. The longest is {longest:g}s.')
    return seconds
