"""Formats values for a scenario, and parses values that Flink prints."""

from __future__ import annotations

import re

from flinkmock.units import format_duration_range


def format_durations(values: list[int]) -> str:
    """Return the range that durations (ms) span: "19ms..297ms"."""
    return format_duration_range(max(min(values), 0), max(max(values), 0))


def format_size(size: int) -> str:
    """Return a size in bytes: "12B"."""
    return f"{size}B"


def format_share(ratio: float) -> str:
    """Return a share of the time: "40%", "12.5%"."""
    return f"{round(min(max(ratio, 0.0), 1.0) * 100, 1):g}%"


def parse_value(text: str) -> int | float | str:
    """Parse a metric value as Flink prints it: 12 for "12", 0.5 for "0.5".

    "NaN", "true", and numbers with more than 18 digits before the point or a three-digit exponent stay strings.
    """
    if re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if re.fullmatch(r"-?\d{1,18}\.\d+(E-?\d{1,2})?", text):
        return float(text)
    return text
