"""Durations and sizes as users write them: `2m30s`, `500ms`, `12MB`.

Scenarios, the command line and the Python API share this format. `flinkmock/flink/configuration.py` has the format of
Flink's configuration.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from flinkmock.errors import InvalidArgument

_DURATION_UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "min": 60_000, "s": 1_000, "ms": 1}
_SIZE_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
_DURATION = re.compile(
    r"(?=[0-9])" + "".join(rf"(?:({_NUMBER})\s*({unit})\s*)?" for unit in ("d", "h", "m(?:in)?(?!s)", "s", "ms"))
)
_SIZE = re.compile(rf"({_NUMBER})\s*([KMGT]?B)")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


def parse_duration(duration: int | str) -> int:
    """Convert a duration to milliseconds.

    Args:
        duration: Text such as "500ms", "1.5s", "2m30s", "2min", "1h" or "1d", with units from the largest to the
            smallest; or an int in milliseconds.

    Raises:
        InvalidArgument: The text has another format. A number without a unit is rejected, except "0".
    """
    if isinstance(duration, int):
        return duration
    text = duration.strip() if isinstance(duration, str) else str(duration)
    if text == "0":
        return 0
    if match := _DURATION.fullmatch(text):
        numbers, units = match.groups()[::2], match.groups()[1::2]
        return round(
            sum(Decimal(number) * _DURATION_UNITS[unit] for number, unit in zip(numbers, units, strict=True) if number)
        )
    if _PLAIN_NUMBER.fullmatch(text):
        number = text.lstrip("+-")
        raise InvalidArgument(f'"{text}" has no unit of time. Write {number}s, {number}ms or {number}m.')
    raise InvalidArgument(f'"{duration}" is not a duration. Write 500ms, 3s, 2m30s, 1h or 1d.')


def duration_argument(duration: str | timedelta) -> int:
    """Convert a duration of the Python API to milliseconds.

    Args:
        duration: Text as for `parse_duration`, or a timedelta.

    Raises:
        InvalidArgument: The text has another format, or the duration is a number without a unit.
    """
    if isinstance(duration, timedelta):
        return duration // timedelta(milliseconds=1)
    if isinstance(duration, str):
        return parse_duration(duration)
    number = f"{duration}" if isinstance(duration, int | float) and not isinstance(duration, bool) else "5"
    raise InvalidArgument(
        f'{duration!r} has no unit of time. Write "{number}s", "{number}ms" or timedelta(seconds={number}).'
    )


def parse_time(value: str | datetime) -> int:
    """Convert a time to ms since the epoch.

    Args:
        value: An ISO 8601 text such as "2026-01-01T00:00:00Z" or "2026-01-01", or a datetime. It is UTC unless it has
            an offset.

    Raises:
        InvalidArgument: The text has another format, or the time is before 1970.
    """
    try:
        time = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidArgument(f'"{value}" is not a time. Write 2026-01-01T00:00:00Z.') from None
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    if time < EPOCH:
        raise InvalidArgument(f'"{value}" is before 1970.')
    return (time - EPOCH) // timedelta(milliseconds=1)


def format_duration(ms: int) -> str:
    """Format milliseconds as text: "0s", "345ms", "1m1.5s", "2h".

    `parse_duration` can parse the text unless the duration is negative: then it begins with a minus sign.
    """
    sign, remaining_ms = ("-", -ms) if ms < 0 else ("", ms)
    if 0 < remaining_ms < 1_000:
        return f"{sign}{remaining_ms}ms"
    text = ""
    for unit in ("d", "h", "m"):
        count, remaining_ms = divmod(remaining_ms, _DURATION_UNITS[unit])
        text += f"{count}{unit}" if count else ""
    if remaining_ms or not text:
        seconds, fraction = divmod(remaining_ms, 1_000)
        text += f"{seconds}" + (f".{fraction:03d}".rstrip("0") if fraction else "") + "s"
    return sign + text


def format_duration_range(low: int, high: int) -> str:
    """Format a range of milliseconds: "1s..1.5s", or "1s" if both ends are equal."""
    return format_duration(low) if low == high else f"{format_duration(low)}..{format_duration(high)}"


def parse_size(size: str) -> int:
    """Convert a size such as "512B", "12MB" or "1.5GB" to bytes. A KB has 1024 bytes.

    Raises:
        InvalidArgument: The text has another format. A number without a unit is rejected, except "0".
    """
    text = size.strip()
    if text == "0":
        return 0
    if match := _SIZE.fullmatch(text):
        return int(Decimal(match[1]) * _SIZE_UNITS[match[2]])
    raise InvalidArgument(f'"{size}" is not a size. Write 512B, 12MB or 1GB.')
