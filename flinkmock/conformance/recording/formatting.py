"""Amounts as a scenario writes them, and as Flink prints them."""

from __future__ import annotations

import re

from flinkmock.units import format_duration_range


def lengths(several: list[int]) -> str:
    """The span in which they all lie: "19ms..297ms"."""
    return format_duration_range(max(min(several), 0), max(max(several), 0))


def sizes(several: list[int]) -> str:
    """The same of numbers of bytes."""
    low, high = max(0, min(several)), max(0, max(several))
    return f"{low}B" if low == high else f"{low}B..{high}B"


def number(text: str) -> int | float | str:
    """A value as Flink prints it: "12" is 12, "0.5" is 0.5, "NaN" and "true" are texts."""
    if re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if re.fullmatch(r"-?\d{1,18}\.\d+(E-?\d{1,2})?", text):
        return float(text)
    return text
