"""Writes rows of SQL results as Flink's BinaryRowData, and arrays as its BinaryArrayData.

Both consist of a header, one field of fixed size for each value, and then the values that are too long for their
fields. The field of such a value contains the offset and the length of the value.
"""

from __future__ import annotations

import datetime
import struct
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, NamedTuple

from flinkmock.flink.java_serialization.reader import JavaObject
from flinkmock.flink.row_values import (
    EPOCH,
    BadValue,
    RowValue,
    boolean_byte,
    date_of,
    decimal_of,
    float_bytes,
    instant_of,
    integer_bytes,
    list_of,
    mapping_of,
    signed_bytes,
    string_of,
    time_of,
)

_FIELD_BYTES = 8
"""The size of each field of a row."""
_ROW_KIND_BITS = 8
"""The number of bits in the header of a row before the bits that mark null fields.

See BinaryRowData.HEADER_SIZE_IN_BITS.
"""
_MAX_INLINE_BYTES = 7
"""The longest string that fits into its field (BinaryFormat.MAX_FIX_PART_DATA_SIZE)."""
_INLINE_FLAG = 0x80
"""This bit is set in the last byte of a field that contains a string. The other bits are the length of the string."""
_MAX_COMPACT_DECIMAL_PRECISION = 18
_MAX_COMPACT_TIMESTAMP_PRECISION = 3
"""The highest precisions with which a value fits into its field."""
_LONG_DECIMAL_BYTES, _LONG_TIMESTAMP_BYTES = 16, 8
"""The space that a longer value takes after the fields."""
_INTEGER_LAYOUTS = {
    "TINYINT": "<b", "SMALLINT": "<h", "INTEGER": "<i", "BIGINT": "<q", "INTERVAL_YEAR_MONTH": "<i",
    "INTERVAL_DAY_TIME": "<q",
}  # fmt: skip
"""The `struct` layouts of whole numbers by LogicalTypeRoot."""
_ELEMENT_BYTES = {"BOOLEAN": 1, "TINYINT": 1, "SMALLINT": 2, "INTEGER": 4, "DATE": 4, "TIME_WITHOUT_TIME_ZONE": 4,
                  "INTERVAL_YEAR_MONTH": 4, "FLOAT": 4}  # fmt: skip
"""The size of an element of an array by LogicalTypeRoot, for types whose elements do not take eight bytes."""


class BinaryRowWriter:
    """Writes rows whose fields have certain types.

    Args:
        types: The deserialized LogicalTypes of a submitted plan.
    """

    def __init__(self, types: Any) -> None:
        self._types: Sequence[JavaObject] = types if isinstance(types, list) else []

    def row_with_length(self, row: Any) -> bytes:
        """Return the length of a row and the row, as RowDataSerializer writes them. Raises BadValue."""
        data = self.row(row)
        return struct.pack(">i", len(data)) + data

    def row(self, row: Any) -> bytes:
        """Return the bytes of a list of values, a mapping in the order of the fields, or a RowValue.

        Raises:
            BadValue: The values do not have the types of the fields.
        """
        kind, fields = RowValue.of(row)
        if isinstance(fields, dict):  # RowDataSerializer does not know the names of the fields
            fields = list(fields.values())
        values = list_of(fields, len(self._types))
        header = bytearray((_ROW_KIND_BITS + len(values) + 63) // 64 * 8)
        header[0] = kind
        _mark_nulls(header, values, _ROW_KIND_BITS)
        return _header_and_values(bytes(header), self._types, values, [_FIELD_BYTES] * len(values))


def _array(element_type: JavaObject, values: list[Any]) -> bytes:
    """Return a BinaryArrayData. Its header has the number of elements, and for each element a bit that marks null."""
    null_bits = bytearray((len(values) + 31) // 32 * 4)
    _mark_nulls(null_bits, values, 0)
    size = _ELEMENT_BYTES.get(str(element_type.fields.get("typeRoot")), _FIELD_BYTES)
    header = struct.pack("<i", len(values)) + bytes(null_bits)
    return _header_and_values(header, [element_type] * len(values), values, [size] * len(values))


def _mark_nulls(header: bytearray, values: Sequence[Any], first_bit: int) -> None:
    for bit, value in enumerate(values, first_bit):
        if value is None:
            header[bit // 8] |= 1 << bit % 8


def _header_and_values(
    header: bytes, types: Sequence[JavaObject], values: Sequence[Any], field_sizes: Sequence[int]
) -> bytes:
    """Return the header, the fields, and the values that do not fit into their fields."""
    fields = b""
    long_values = bytearray()
    long_values_offset = _padded_length(len(header) + sum(field_sizes))
    for logical_type, value, size in zip(types, values, field_sizes, strict=True):
        field = _field(logical_type, value, long_values_offset + len(long_values))
        fields += field.fixed[:size].ljust(size, b"\0")
        long_values += _padded(field.long_value)
    return _padded(header + fields) + bytes(long_values)


def _padded_length(length: int) -> int:
    return (length + 7) // 8 * 8


def _padded(data: bytes) -> bytes:
    return data.ljust(_padded_length(len(data)), b"\0")


class _Field(NamedTuple):
    """The bytes of a field, and the bytes of its value if the value does not fit into the field."""

    fixed: bytes
    long_value: bytes = b""


def _field(logical_type: JavaObject, value: Any, offset: int) -> _Field:
    """Return the field of a value.

    If the value is too long for the field, it will be at `offset` from the start of the row or array.
    """
    type_root = str(logical_type.fields.get("typeRoot"))
    precision = logical_type.fields.get("precision", 0)
    if value is None:
        return _Field(bytes(_FIELD_BYTES), bytes(_bytes_reserved_for_null(type_root, precision)))
    if type_root in _INTEGER_LAYOUTS:
        return _Field(integer_bytes(value, _INTEGER_LAYOUTS[type_root]))
    if type_root == "BOOLEAN":
        return _Field(boolean_byte(value))
    if type_root in ("FLOAT", "DOUBLE"):
        return _Field(float_bytes(value, "<f" if type_root == "FLOAT" else "<d"))
    if type_root == "DATE":
        return _Field(integer_bytes((date_of(value) - EPOCH.date()).days, "<i"))
    if type_root == "TIME_WITHOUT_TIME_ZONE":
        time = time_of(value)
        seconds = (time.hour * 60 + time.minute) * 60 + time.second
        return _Field(integer_bytes(seconds * 1000 + time.microsecond // 1000, "<i"))
    if type_root in ("TIMESTAMP_WITHOUT_TIME_ZONE", "TIMESTAMP_WITH_LOCAL_TIME_ZONE"):
        return _timestamp(value, precision, offset)
    if type_root == "DECIMAL":
        return _decimal(value, precision, logical_type.fields.get("scale", 0), offset)
    if type_root in ("CHAR", "VARCHAR"):
        return _inline_or_long(string_of(value).encode(errors="replace"), offset)
    if type_root in ("BINARY", "VARBINARY"):
        return _inline_or_long(value if isinstance(value, bytes) else str(value).encode(errors="replace"), offset)
    return _long(_collection(type_root, logical_type, value), offset)


def _bytes_reserved_for_null(type_root: str, precision: int) -> int:
    """Return how many bytes are reserved for a value that may later replace the null (Flink's BinaryRowWriter)."""
    if type_root == "DECIMAL" and precision > _MAX_COMPACT_DECIMAL_PRECISION:
        return _LONG_DECIMAL_BYTES
    if type_root.startswith("TIMESTAMP") and precision > _MAX_COMPACT_TIMESTAMP_PRECISION:
        return _LONG_TIMESTAMP_BYTES
    return 0


def _timestamp(value: Any, precision: int, offset: int) -> _Field:
    epoch_micros = (instant_of(value) - EPOCH) // datetime.timedelta(microseconds=1)
    epoch_millis, micros_of_milli = divmod(epoch_micros, 1000)
    if precision <= _MAX_COMPACT_TIMESTAMP_PRECISION:
        return _Field(struct.pack("<q", epoch_millis))
    nanos_of_milli = micros_of_milli * 1000
    return _Field(struct.pack("<q", offset << 32 | nanos_of_milli), struct.pack("<q", epoch_millis))


def _decimal(value: Any, precision: int, scale: int, offset: int) -> _Field:
    """Return a DECIMAL, rounded as DecimalData.fromBigDecimal rounds it."""
    number = decimal_of(value)
    # The number of digits is checked first, because the number might have a million of them.
    unscaled = _unscaled(number, precision, scale) if number.adjusted() + scale < precision or not number else None
    if unscaled is None or len(str(abs(unscaled))) > precision:
        raise BadValue(f"{value} is too large for DECIMAL({precision}, {scale}).")
    if precision <= _MAX_COMPACT_DECIMAL_PRECISION:
        return _Field(struct.pack("<q", unscaled))
    data = signed_bytes(unscaled)
    return _Field(struct.pack("<q", offset << 32 | len(data)), data.ljust(_LONG_DECIMAL_BYTES, b"\0"))


def _unscaled(number: Decimal, precision: int, scale: int) -> int:
    """Return a number without the point; at most `precision` digits are before and after it, one more if rounded up."""
    context = Context(prec=precision + 1, rounding=ROUND_HALF_UP)
    return int(number.quantize(Decimal(1).scaleb(-scale), context=context).scaleb(scale, context))


def _inline_or_long(data: bytes, offset: int) -> _Field:
    if len(data) <= _MAX_INLINE_BYTES:
        return _Field(data.ljust(_MAX_INLINE_BYTES, b"\0") + bytes([_INLINE_FLAG | len(data)]))
    return _long(data, offset)


def _long(data: bytes, offset: int) -> _Field:
    return _Field(struct.pack("<q", offset << 32 | len(data)), data)


def _collection(type_root: str, logical_type: JavaObject, value: Any) -> bytes:
    """Return the bytes of an array, a map, a multiset or a row."""
    if type_root == "ARRAY":
        return _array(_type_in(logical_type, "elementType"), list_of(value))
    if type_root == "MAP":
        return _map(_type_in(logical_type, "keyType"), _type_in(logical_type, "valueType"), mapping_of(value))
    if type_root == "MULTISET":
        count_type = JavaObject("IntType", {"typeRoot": "INTEGER"})
        return _map(_type_in(logical_type, "elementType"), count_type, mapping_of(value))
    if type_root in ("ROW", "STRUCTURED_TYPE"):
        return _nested_row(logical_type, value)
    raise BadValue(f"flinkmock can't write values of type {type_root}.")


def _map(key_type: JavaObject, value_type: JavaObject, entries: dict[Any, Any]) -> bytes:
    """Return a BinaryMapData: the length of the array of keys, that array, and the array of values."""
    keys = _array(key_type, list(entries))
    return struct.pack("<i", len(keys)) + keys + _array(value_type, list(entries.values()))


def _nested_row(logical_type: JavaObject, value: Any) -> bytes:
    fields = _list_elements(logical_type.fields.get("fields") or logical_type.fields.get("attributes"))
    return BinaryRowWriter([_type_in(field, "type") for field in fields]).row(value)


def _type_in(java_object: Any, name: str) -> JavaObject:
    """Return the logical type in a field. Raises BadValue if a submitted plan has none there."""
    logical_type = java_object.fields.get(name) if isinstance(java_object, JavaObject) else None
    if not isinstance(logical_type, JavaObject):
        raise BadValue(f"the type of the sink is malformed: it has no {name}.")
    return logical_type


def _list_elements(java_list: Any) -> Sequence[Any]:
    """Return the elements of a deserialized `java.util.List`.

    The fields `a`, `c` and `list` contain the elements in Arrays.ArrayList, UnmodifiableList and their subclasses. An
    ArrayList writes its capacity and then its elements.

    Raises:
        BadValue: The list contains itself, or is not a list.
    """
    outer_lists: list[JavaObject] = []
    while isinstance(java_list, JavaObject):
        if any(java_list is outer_list for outer_list in outer_lists):
            raise BadValue("the type of the sink is malformed: a list contains itself.")
        outer_lists.append(java_list)
        inner = next((java_list.fields[name] for name in ("a", "c", "list") if name in java_list.fields), None)
        if inner is None:
            return java_list.annotations[1:]
        java_list = inner
    if not isinstance(java_list, list | tuple | None):
        raise BadValue("the type of the sink is malformed: its fields are not a list.")
    return java_list or ()
