"""Writes rows of SQL as Flink's BinaryRowData: a header, eight bytes for each field, then the longer values."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from flinkmock.flink.java_serialization.reader import JavaObject

ROW_KINDS = {"+I": 0, "-U": 1, "+U": 2, "-D": 3}
"""RowKind.shortString -> RowKind.value."""
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_INLINE = 7
"""The longest text that fits into its field, in bytes."""
_COMPACT_DECIMAL, _COMPACT_TIMESTAMP = 18, 3
"""The highest precisions with which a value fits into eight bytes."""
_INTEGERS = {
    "TINYINT": "<b", "SMALLINT": "<h", "INTEGER": "<i", "BIGINT": "<q", "INTERVAL_YEAR_MONTH": "<i",
    "INTERVAL_DAY_TIME": "<q",
}  # fmt: skip
_SIZES = {"BOOLEAN": 1, "TINYINT": 1, "SMALLINT": 2, "INTEGER": 4, "DATE": 4, "TIME_WITHOUT_TIME_ZONE": 4,
          "INTERVAL_YEAR_MONTH": 4, "FLOAT": 4}  # fmt: skip
"""The bytes of an element of an array, for types with other than eight."""


class BadValue(ValueError):
    """A value does not have the type that its field has."""


@dataclass(frozen=True, slots=True)
class RowValue:
    """A row with its kind, a value of ROW_KINDS."""

    kind: int
    value: Any


def decimal_of(value: Any) -> Decimal:
    """Return a number without rounding. Raises BadValue."""
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return Decimal(str(value))
        except InvalidOperation:
            pass
    raise BadValue(f"{value!r} is not a number.")


def instant_of(value: Any) -> datetime.datetime:
    """Parse a timestamp in UTC such as "2026-01-01 12:00:00". Raises BadValue."""
    if isinstance(value, str):
        try:
            moment = datetime.datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return moment.astimezone(datetime.UTC) if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
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


class BinaryRows:
    """Writes rows whose fields have the given types: LogicalTypes from a plan."""

    def __init__(self, types: Any) -> None:
        self._types: Sequence[JavaObject] = types if isinstance(types, list) else []

    def sized(self, value: Any) -> bytes:
        """Return a row after its length, as RowDataSerializer writes it. Raises BadValue."""
        data = self.row(value)
        return struct.pack(">i", len(data)) + data

    def row(self, value: Any) -> bytes:
        """Return the bytes of a list of values or of a RowValue. Raises BadValue."""
        kind, value = (value.kind, value.value) if isinstance(value, RowValue) else (0, value)
        if isinstance(value, dict):  # RowDataSerializer does not know the names of the fields
            value = list(value.values())
        if not isinstance(value, list) or len(value) != len(self._types):
            raise BadValue(f"{value!r} is not a list of {len(self._types)} values.")
        header = bytearray((len(value) + 63 + 8) // 64 * 8)
        header[0] = kind
        for index, field in enumerate(value):
            header[(index + 8) // 8] |= (field is None) << index % 8
        return _laid_out(bytes(header), self._types, value, [8] * len(value))


def _laid_out(header: bytes, types: Sequence[JavaObject], values: Sequence[Any], sizes: Sequence[int]) -> bytes:
    """Return the header, the fields, and the values that do not fit into their fields."""
    fixed, end = b"", _padded_length(len(header) + sum(sizes))
    variable_part = bytearray()
    for type, value, size in zip(types, values, sizes, strict=True):
        field, more = _field(type, value, end + len(variable_part))
        fixed += field[:size].ljust(size, b"\0")
        variable_part += _padded(more)
    return _padded(header + fixed) + bytes(variable_part)


def _padded_length(length: int) -> int:
    return (length + 7) // 8 * 8


def _padded(data: bytes) -> bytes:
    return data.ljust(_padded_length(len(data)), b"\0")


def _field(type: JavaObject, value: Any, offset: int) -> tuple[bytes, bytes]:
    """Return the eight bytes of a field, and the longer value that will be at `offset` from the row's start."""
    root, precision = str(type.fields.get("typeRoot")), type.fields.get("precision", 0)
    if value is None:
        return bytes(8), b"" if not _reserves(root, precision) else bytes(_reserves(root, precision))
    if root in _INTEGERS:
        return _integer(value, _INTEGERS[root]), b""
    if root == "BOOLEAN":
        if not isinstance(value, bool):
            raise BadValue(f"{value!r} is neither true nor false.")
        return bytes([value]), b""
    if root in ("FLOAT", "DOUBLE"):
        return struct.pack("<f" if root == "FLOAT" else "<d", decimal_of(value)), b""
    if root == "DATE":
        return _integer((date_of(value) - EPOCH.date()).days, "<i"), b""
    if root == "TIME_WITHOUT_TIME_ZONE":
        time = time_of(value)
        seconds = (time.hour * 60 + time.minute) * 60 + time.second
        return _integer(seconds * 1000 + time.microsecond // 1000, "<i"), b""
    if root in ("TIMESTAMP_WITHOUT_TIME_ZONE", "TIMESTAMP_WITH_LOCAL_TIME_ZONE"):
        return _timestamp(value, precision, offset)
    if root == "DECIMAL":
        return _decimal(value, precision, type.fields.get("scale", 0), offset)
    return _variable(_bytes_of(root, type, value), offset, inline=root not in ("ARRAY", "MAP", "MULTISET", "ROW"))


def _reserves(root: str, precision: int) -> int:
    """Return how many bytes a null reserves so that the field can be set later (BinaryRowWriter)."""
    if root == "DECIMAL" and precision > _COMPACT_DECIMAL:
        return 16
    return 8 if root.startswith("TIMESTAMP") and precision > _COMPACT_TIMESTAMP else 0


def _integer(value: Any, layout: str) -> bytes:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadValue(f"{value!r} is not a whole number.")
    try:
        return struct.pack(layout, value)
    except struct.error:
        raise BadValue(f"{value} is too large.") from None


def _timestamp(value: Any, precision: int, offset: int) -> tuple[bytes, bytes]:
    micros = (instant_of(value) - EPOCH) // datetime.timedelta(microseconds=1)
    millis, rest = divmod(micros, 1000)
    if precision <= _COMPACT_TIMESTAMP:
        return struct.pack("<q", millis), b""
    return struct.pack("<q", offset << 32 | rest * 1000), struct.pack("<q", millis)


def _decimal(value: Any, precision: int, scale: int, offset: int) -> tuple[bytes, bytes]:
    unscaled = int(decimal_of(value).scaleb(scale).to_integral_value())
    if len(str(abs(unscaled))) > precision:
        raise BadValue(f"{value} is too large for DECIMAL({precision}, {scale}).")
    if precision <= _COMPACT_DECIMAL:
        return struct.pack("<q", unscaled), b""
    data = unscaled.to_bytes(unscaled.bit_length() // 8 + 1, "big", signed=True)
    return struct.pack("<q", offset << 32 | len(data)), data.ljust(16, b"\0")


def _variable(data: bytes, offset: int, *, inline: bool) -> tuple[bytes, bytes]:
    if inline and len(data) <= _INLINE:
        return data.ljust(_INLINE, b"\0") + bytes([0x80 | len(data)]), b""
    return struct.pack("<q", offset << 32 | len(data)), data


def _bytes_of(root: str, type: JavaObject, value: Any) -> bytes:
    if root in ("CHAR", "VARCHAR"):
        if not isinstance(value, str):
            raise BadValue(f"{value!r} is not a string. Put it in quotes.")
        return value.encode()
    if root in ("BINARY", "VARBINARY"):
        return value if isinstance(value, bytes) else str(value).encode()
    if root == "ARRAY":
        if not isinstance(value, list):
            raise BadValue(f"{value!r} is not a list.")
        return _array(type.fields["elementType"], value)
    if root in ("MAP", "MULTISET"):
        if not isinstance(value, dict):
            raise BadValue(f"{value!r} is not a mapping.")
        keys = _array(type.fields["keyType" if root == "MAP" else "elementType"], list(value))
        counts = JavaObject("IntType", {"typeRoot": "INTEGER"})
        values = _array(type.fields["valueType"] if root == "MAP" else counts, list(value.values()))
        return struct.pack("<i", len(keys)) + keys + values
    if root in ("ROW", "STRUCTURED_TYPE"):
        fields = _elements(type.fields.get("fields") or type.fields.get("attributes"))
        types = [field.fields["type"] for field in fields]
        return BinaryRows(types).row(value)
    raise BadValue(f"flinkmock can't write values of type {root}.")


def _elements(collection: Any) -> Sequence[Any]:
    while isinstance(collection, JavaObject):
        inner = next((collection.fields[name] for name in ("a", "c", "list") if name in collection.fields), None)
        if inner is None:
            return collection.annotations[1:]
        collection = inner
    return collection or ()


def _array(type: JavaObject, values: list[Any]) -> bytes:
    """Return BinaryArrayData: the count, a bit per element that is set for nulls, the elements."""
    nulls = bytearray((len(values) + 31) // 32 * 4)
    for index, element in enumerate(values):
        nulls[index // 8] |= (element is None) << index % 8
    size = _SIZES.get(str(type.fields.get("typeRoot")), 8)
    header = struct.pack("<i", len(values)) + bytes(nulls)
    return _laid_out(header, [type] * len(values), values, [size] * len(values))
