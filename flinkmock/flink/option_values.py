"""The types of Flink's options, and how Flink parses their values."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from enum import StrEnum


class OptionType(StrEnum):
    """The type of the values of an option."""

    TEXT = "text"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    FRACTION = "fraction"
    DURATION = "duration"
    SIZE = "size"


_EXPECTED = {
    OptionType.BOOLEAN: "true or false",
    OptionType.INTEGER: "a whole number",
    OptionType.FRACTION: "a number from 0 to 1",
    OptionType.DURATION: 'a duration like "3 s", "5 min" or "PT5M"',
    OptionType.SIZE: 'a size like "1728m" or "1 gb"',
}


def parse(text: str, option_type: OptionType) -> bool | float:
    """Parse a value that is not text.

    Returns:
        A bool, a whole number, a fraction, ms or bytes.

    Raises:
        ValueError: The text has another form. The message says which form it should have.
    """
    match option_type:
        case OptionType.DURATION:
            return duration_in_ms(text)
        case OptionType.SIZE:
            return size_in_bytes(text)
        case OptionType.BOOLEAN if text.lower() in ("true", "false"):
            return text.lower() == "true"
        case OptionType.INTEGER if re.fullmatch(r"[+-]?[0-9]+", text.strip()):
            return int(text)
        case OptionType.FRACTION if (number := _number(text)) is not None and 0 <= number <= 1:
            return number
    raise ValueError(f"{text!r} is not {_EXPECTED[option_type]}")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


_MS_BY_UNIT = {
    **dict.fromkeys(("d", "day", "days"), 86_400_000),
    **dict.fromkeys(("h", "hour", "hours"), 3_600_000),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60_000),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1000),
    **dict.fromkeys(("", "ms", "milli", "millis", "millisecond", "milliseconds"), 1),
}
_MICROSECONDS = ("µs", "micro", "micros", "microsecond", "microseconds")
_NANOSECONDS = ("ns", "nano", "nanos", "nanosecond", "nanoseconds")
_ISO_8601 = re.compile(r"p(?:(\d+)d)?(?:t(?:(\d+)h)?(?:(\d+)m)?(?:([\d.]+)s)?)?")


def duration_in_ms(text: str) -> int:
    """Parse a duration as Flink's TimeUtils does: "5 min", "3s", "3000" (ms) or "PT5M". Raises ValueError."""
    lowered = text.strip().lower()
    number_and_unit = re.fullmatch(r"(\d+)\s*([a-zµ]*)", lowered)
    if number_and_unit:
        number, unit = int(number_and_unit[1]), number_and_unit[2]
        if unit in _MS_BY_UNIT:
            return number * _MS_BY_UNIT[unit]
        if unit in _MICROSECONDS:
            return number // 1000
        if unit in _NANOSECONDS:
            return number // 1_000_000
    iso = _ISO_8601.fullmatch(lowered)
    if iso is None or not any(iso.groups()):
        raise ValueError(f"{text!r} is not {_EXPECTED[OptionType.DURATION]}")
    try:
        days, hours, minutes, seconds = (Decimal(part or 0) for part in iso.groups())
    except InvalidOperation:
        raise ValueError(f"{text!r} is not {_EXPECTED[OptionType.DURATION]}") from None
    return int((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000)


_EXPONENTS_BY_UNIT = {
    **dict.fromkeys(("", "b", "bytes"), 0),
    **dict.fromkeys(("k", "kb", "kibibytes"), 1),
    **dict.fromkeys(("m", "mb", "mebibytes"), 2),
    **dict.fromkeys(("g", "gb", "gibibytes"), 3),
    **dict.fromkeys(("t", "tb", "tebibytes"), 4),
}
"""The exponents of 1024 by unit."""


def size_in_bytes(text: str) -> int:
    """Parse a size as Flink's MemorySize does: "1728m", "1 gb", "1024" (bytes). Raises ValueError."""
    match = re.fullmatch(r"(\d+)\s*([a-z]*)", text.strip().lower())
    if match is None or match[2] not in _EXPONENTS_BY_UNIT:
        raise ValueError(f"{text!r} is not {_EXPECTED[OptionType.SIZE]}")
    return int(match[1]) << 10 * _EXPONENTS_BY_UNIT[match[2]]
