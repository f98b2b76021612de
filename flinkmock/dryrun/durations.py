"""Formats times and durations for plans."""

from __future__ import annotations

from collections.abc import Iterable

from flinkmock.cluster.spec import DurationSpec, Polls, Signal
from flinkmock.units import format_duration_range

UNITS_MS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000))


def format_time(ms: int, decimals: int = 1) -> str:
    """Format the time since the start: 0.5s, 1m10.5s, 2h00m00.0s, -3h00m00.0s.

    All parts except the first have two digits, so that columns align.
    """
    text, remaining_ms = "", abs(ms)
    for unit, unit_ms in UNITS_MS:
        if text or remaining_ms >= unit_ms:
            count, remaining_ms = divmod(remaining_ms, unit_ms)
            text += f"{count:02d}{unit}" if text else f"{count}{unit}"
    width = len("00.") + decimals if text else 0
    return f"{'-' if ms < 0 else ''}{text}{remaining_ms / 1000:0{width}.{decimals}f}s"


def decimals_needed(times: Iterable[int]) -> int:
    """Return how many decimals of a second these times (ms) need: 1 if all are multiples of 100 ms, otherwise 3."""
    return 3 if any(ms % 100 for ms in times) else 1


def format_duration_spec(duration: DurationSpec) -> str:
    """Format a duration as in scenarios: "3s", "1s..3s", "2 polls", "signal go", "forever"."""
    match duration:
        case Polls(times=times):
            return f"{times} polls" if times > 1 else "1 poll"
        case Signal(name=name):
            return f"signal {name}"
    if duration.high is None:
        return "forever"
    return format_duration_range(duration.low, duration.high)
