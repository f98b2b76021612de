"""Amounts as a scenario writes them, and as Flink prints them."""

from __future__ import annotations

import re

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000))


def length(ms: float) -> str:
    """A length of time: 0 is "0s", 345 "345ms", 61,500 "1m1.5s"."""
    rest = max(0, round(ms))
    if 0 < rest < 1000:
        return f"{rest}ms"
    text = ""
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" * bool(count)
    return text + (f"{rest / 1000:g}s" if rest or not text else "")


def lengths(several: list[int]) -> str:
    """The span in which they all lie: "19ms..297ms"."""
    low, high = length(min(several)), length(max(several))
    return low if low == high else f"{low}..{high}"


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
