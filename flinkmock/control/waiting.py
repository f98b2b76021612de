"""Waits for conditions that clients or the wall clock cause."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from flinkmock.errors import InvalidArgument
from flinkmock.monotonic import monotonic
from flinkmock.units import parse_duration

T = TypeVar("T")
INTERVAL = 0.005
"""The time between two checks of a condition, in seconds of the wall clock."""


def wait_in_thread(condition: Callable[[], T | None], timeout: float) -> T | None:
    """Block until `condition` returns a value other than None, and return it; return None after `timeout` s."""
    end = monotonic() + timeout
    pause = threading.Event()  # not time.sleep, which tests replace
    while (result := condition()) is None and monotonic() < end:
        pause.wait(INTERVAL)
    return result


def wall_seconds(text: str, *, longest: float = 3600.0) -> float:
    """Convert a duration of the wall clock to seconds. Raises InvalidArgument."""
    seconds = parse_duration(text) / 1000
    if seconds > longest:
        raise InvalidArgument(f'"{text}" is too long. The longest is {longest:g}s.')
    return seconds
