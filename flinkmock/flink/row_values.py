"""The values in result rows, which a scenario lists as `results`, checked and converted for Flink's serializers."""

from __future__ import annotations

import datetime
import struct
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from typing import Any, NamedTuple

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class RowKind(IntEnum):
    """Flink's RowKind: how a row changes a result."""

    INSERT = 0
    UPDATE_BEFORE = 1
    UPDATE_AFTER = 2
    DELETE = 3


ROW_KINDS = {
    "+I": RowKind.INSERT,
    "-U": RowKind.UPDATE_BEFORE,
    "+U": RowKind.UPDATE_AFTER,
    "-D": RowKind.DELETE,
}
"""The row kinds by RowKind.shortString."""


class BadValue(ValueError):
    """A value does not have the type of its field."""


class RowValue(NamedTuple):
    """A result row with its kind. `fields` is a list of values, or a mapping from names to values."""

    kind: RowKind
    fields: Any

    @classmethod
    def of(cls, row: Any) -> RowValue:
        """Return a row with its kind; a row without a kind is an insertion."""
        return row if isinstance(row, RowValue) else cls(RowKind.INSERT, row)


def integer_bytes(value: Any, layout: str) -> bytes:
    """Return the bytes of a whole number in a `struct` layout. Raises BadValue."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadValue(f"{value!r} is not a whole number.")
    try:
        return struct.pack(layout, value)
    except struct.error:
        raise BadValue(f"{value} is out of range.") from None


def signed_bytes(number: int) -> bytes:
    """Return the bytes of a number as Java's BigInteger.toByteArray does."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)


def boolean_byte(value: Any) -> bytes:
    """Return 1 for true and 0 for false. Raises BadValue."""
    if not isinstance(value, bool):
        raise BadValue(f"{value!r} is neither true nor false.")
    return bytes([value])


def string_of(value: Any) -> str:
    """Return a string. Raises BadValue for other values."""
    if not isinstance(value, str):
        raise BadValue(f"{value!r} is not a string. Put it in quotes.")
    return value


def list_of(value: Any, length: int | None = None) -> list[Any]:
    """Return a list that has the specified length, if any. Raises BadValue."""
    if not isinstance(value, list) or (length is not None and len(value) != length):
        expected = "a list" if length is None else f"a list of {length} values"
        raise BadValue(f"{value!r} is not {expected}.")
    return value


def mapping_of(value: Any) -> dict[Any, Any]:
    """Return a mapping. Raises BadValue for other values."""
    if not isinstance(value, dict):
        raise BadValue(f"{value!r} is not a mapping.")
    return value


def float_bytes(value: Any, layout: str) -> bytes:
    """Return the bytes of a number, NaN or infinity in a `struct` layout. Raises BadValue."""
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return struct.pack(layout, float(value))
        except OverflowError:
            raise BadValue(f"{value} is out of range.") from None
        except ValueError:
            pass
    raise BadValue(f"{value!r} is not a number.")


def decimal_of(value: Any) -> Decimal:
    """Return a finite number without rounding. Raises BadValue."""
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            pass
        else:
            if number.is_finite():
                return number
            raise BadValue(f"{value!r} is not finite.")
    raise BadValue(f"{value!r} is not a number.")


def whole_number_of(value: Any) -> int:
    """Return a whole number of any size. Raises BadValue."""
    number = decimal_of(value)
    if number != number.to_integral_value():
        raise BadValue(f"{value!r} is not a whole number.")
    return int(number)


def instant_of(value: Any) -> datetime.datetime:
    """Parse a timestamp in UTC such as "2026-01-01 12:00:00". Raises BadValue."""
    if isinstance(value, str):
        try:
            instant = datetime.datetime.fromisoformat(value)
            return instant.astimezone(datetime.UTC) if instant.tzinfo else instant.replace(tzinfo=datetime.UTC)
        except (ValueError, OverflowError):  # astimezone overflows in the first and last hours that Python knows
            pass
    raise BadValue(f'{value!r} is not a timestamp. Write "2026-01-01 12:00:00".')


def date_of(value: Any) -> datetime.date:
    """Parse a date such as "2026-01-01". Raises BadValue."""
    try:
        return datetime.date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise BadValue(f'{value!r} is not a date. Write "2026-01-01".') from None


def time_of(value: Any) -> datetime.time:
    """Parse a time of day such as "12:00:00". Raises BadValue."""
    try:
        return datetime.time.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise BadValue(f'{value!r} is not a time of day. Write "12:00:00".') from None
