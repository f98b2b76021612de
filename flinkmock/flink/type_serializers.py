"""Writes values as Flink's TypeSerializers do, so that clients can read the rows of `collect()`.

A serializer is an object of a submitted plan that `java_serialization/reader.py` deserialized. Its class determines
the format. `binary_row.py` writes rows of SQL.
"""

from __future__ import annotations

import datetime
import pickle
import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flinkmock.flink.binary_row import BinaryRowWriter
from flinkmock.flink.java_serialization.reader import JavaObject
from flinkmock.flink.row_values import (
    EPOCH,
    BadValue,
    RowKind,
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
    whole_number_of,
)

_INTEGER_LAYOUTS = {
    "ByteSerializer": ">b",
    "ShortSerializer": ">h",
    "IntSerializer": ">i",
    "LongSerializer": ">q",
}
_INTEGER_ARRAY_LAYOUTS = {
    "ShortPrimitiveArraySerializer": ">h",
    "IntPrimitiveArraySerializer": ">i",
    "LongPrimitiveArraySerializer": ">q",
}
_FLOAT_ARRAY_LAYOUTS = {
    "FloatPrimitiveArraySerializer": ">f",
    "DoublePrimitiveArraySerializer": ">d",
}
_NULL_FLAG, _NOT_NULL_FLAG = b"\1", b"\0"
_POJO_IS_NULL, _POJO_HAS_THE_CLASS = b"\1", b"\2"
"""Flags of a PojoSerializer. There are others for subclasses."""
_BIG_INTEGER_CODES = {0: 1, 1: 2, 10: 3}
"""Numbers that BigIntSerializer writes as one code. The code 0 is null."""
_BIG_INTEGER_LENGTH_OFFSET = 4
"""Added to the lengths of other numbers, so that they differ from the codes."""
_ROW_SERIALIZERS = frozenset({"RowSerializer", "RowDataSerializer", "ExternalSerializer"})
"""The serializers of values that have a row kind."""
_SERIALIZERS_ACCEPTING_NULL = frozenset(
    {"StringSerializer", "NullableSerializer", "VoidSerializer", "BytePrimitiveArraySerializer", "PojoSerializer"}
)
"""BytePrimitiveArraySerializer gets a pickled None, for PyFlink."""


def serialize(serializer: Any, value: Any) -> bytes:
    """Return a value as `TypeSerializer.serialize` writes it.

    Args:
        serializer: The serializer from the plan.
        value: A number, string, Boolean, list, mapping or None; a RowValue for a row that is not an insertion.

    Raises:
        BadValue: The value does not have the type of the serializer, or the type can't be written.
    """
    name = serializer.class_name.rpartition(".")[2] if isinstance(serializer, JavaObject) else ""
    writer = _WRITERS.get(name)
    if writer is None:
        raise BadValue(f"flinkmock can't write rows with {name or 'an unknown serializer'}.")
    if isinstance(value, RowValue) and value.kind != RowKind.INSERT and name not in _ROW_SERIALIZERS:
        raise BadValue(f"only rows have a kind, not {value.fields!r}.")
    if value is None and name not in _SERIALIZERS_ACCEPTING_NULL:
        raise BadValue(f"null is not a value of {name.removesuffix('Serializer')}.")
    return writer(serializer, value)


def string_bytes(text: str | None) -> bytes:
    """Return a string as `StringValue.writeString` does: length + 1 and UTF-16 units, as ints of variable length."""
    if text is None:
        return b"\0"
    units = memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")
    return _variable_length_int(len(units) + 1) + b"".join(map(_variable_length_int, units))


def _variable_length_int(number: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first. All but the last byte have the highest bit set."""
    data = bytearray()
    while number >= 0x80:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)


def _list(serializer: Any, value: Any) -> bytes:
    elements = list_of(value)
    element_serializer = serializer.fields["elementSerializer"]
    return struct.pack(">i", len(elements)) + b"".join(serialize(element_serializer, element) for element in elements)


def _tuple(serializer: Any, value: Any) -> bytes:
    field_serializers = serializer.fields["fieldSerializers"]
    return b"".join(map(serialize, field_serializers, list_of(value, len(field_serializers))))


def _row(serializer: Any, value: Any) -> bytes:
    """Write a row as RowSerializer does: a mask of row kind and nulls, then the fields that are not null."""
    row = RowValue.of(value)
    fields, field_serializers = row.fields, serializer.fields["fieldSerializers"]
    if isinstance(fields, dict):
        fields = _in_field_order(fields, _field_names(serializer))
    values = list_of(fields, len(field_serializers))
    mask_bits = [field_value is None for field_value in values]
    if serializer.fields.get("supportsRowKind", True):
        mask_bits = [bool(row.kind & 1), bool(row.kind & 2), *mask_bits]
    mask = bytearray((len(mask_bits) + 7) // 8)
    for index, is_set in enumerate(mask_bits):
        mask[index // 8] |= is_set << 7 - index % 8
    return bytes(mask) + b"".join(
        serialize(field_serializer, field_value)
        for field_serializer, field_value in zip(field_serializers, values, strict=True)
        if field_value is not None
    )


def _field_names(row_serializer: Any) -> list[str]:
    """Return the names of a row's fields; [] if they have none.

    They are the keys of the map `positionByName`, whose annotations are what HashMap.writeObject wrote.
    """
    positions = row_serializer.fields.get("positionByName")
    if not isinstance(positions, JavaObject):
        return []
    return [name for name in positions.annotations if isinstance(name, str)]


def _in_field_order(row: dict[str, Any], field_names: list[str]) -> list[Any]:
    """Return the values of a row in the order of its fields. If these have no names, keep the order of the mapping.

    Fields that the mapping lacks are null.

    Raises:
        BadValue: The mapping has other fields.
    """
    if not field_names:
        return list(row.values())
    unknown = next((name for name in row if name not in field_names), None)
    if unknown is not None:
        raise BadValue(f'the row has no field "{unknown}", only {", ".join(field_names)}.')
    return [row.get(name) for name in field_names]


def _pojo(serializer: Any, value: Any) -> bytes:
    """Write an object as PojoSerializer does: flags, then for each field whether it is null, and a value if not."""
    if value is None:
        return _POJO_IS_NULL
    if not isinstance(value, dict):
        raise BadValue(f"{value!r} is not a mapping of fields.")
    # PojoSerializer.writeObject writes the number of fields, then for each the class that declares it and its name
    # (by writeUTF: a length of two bytes, then the text).
    field_names = [data[2:].decode() for data in serializer.annotations[1:] if isinstance(data, bytes)]
    fields = zip(serializer.fields["fieldSerializers"], _in_field_order(value, field_names), strict=True)
    return _POJO_HAS_THE_CLASS + b"".join(
        _NULL_FLAG if field_value is None else _NOT_NULL_FLAG + serialize(field_serializer, field_value)
        for field_serializer, field_value in fields
    )


def _enum(serializer: Any, value: Any) -> bytes:
    constants = serializer.fields["values"]
    if value not in constants:
        raise BadValue(f"{value!r} is not one of {', '.join(map(str, constants))}.")
    return struct.pack(">i", constants.index(value))


def _nullable(serializer: Any, value: Any) -> bytes:
    if value is None:
        return _NULL_FLAG + bytes(serializer.fields.get("padding") or b"")
    return _NOT_NULL_FLAG + serialize(serializer.fields["originalSerializer"], value)


def _map(serializer: Any, value: Any) -> bytes:
    entries = mapping_of(value)
    data = struct.pack(">i", len(entries))
    for key, entry in entries.items():
        data += serialize(serializer.fields["keySerializer"], key)
        data += _NULL_FLAG if entry is None else _NOT_NULL_FLAG + serialize(serializer.fields["valueSerializer"], entry)
    return data


def _object_array(serializer: Any, value: Any) -> bytes:
    elements = list_of(value)
    data = struct.pack(">i", len(elements))
    for element in elements:
        data += bytes([element is not None])
        data += b"" if element is None else serialize(serializer.fields["componentSerializer"], element)
    return data


def _byte_array(value: Any) -> bytes:
    """Return an array of bytes: either the value, or its Python pickle, which PyFlink reads."""
    data = value if isinstance(value, bytes) else pickle.dumps(value, protocol=4)
    return struct.pack(">i", len(data)) + data


def _number_array(value: Any, layout: str, element_bytes: Callable[[Any, str], bytes]) -> bytes:
    elements = list_of(value)
    return struct.pack(">i", len(elements)) + b"".join(element_bytes(element, layout) for element in elements)


def _big_integer(number: int) -> bytes:
    if number in _BIG_INTEGER_CODES:
        return struct.pack(">i", _BIG_INTEGER_CODES[number])
    data = signed_bytes(number)
    return struct.pack(">i", len(data) + _BIG_INTEGER_LENGTH_OFFSET) + data


def _big_decimal(number: Decimal) -> bytes:
    """Write a number as BigDecSerializer does: 0, 1 and 10 as a code, others as the unscaled number and the scale."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    if number in _BIG_INTEGER_CODES and exponent == 0:
        return _big_integer(int(number))
    unscaled = int(Decimal((sign, digits, 0)))
    data = signed_bytes(unscaled)
    return struct.pack(">i", len(data) + _BIG_INTEGER_LENGTH_OFFSET) + data + integer_bytes(-exponent, ">i")


def _date(day: datetime.date) -> bytes:
    return struct.pack(">iBB", day.year, day.month, day.day)


def _time(time: datetime.time) -> bytes:
    return struct.pack(">BBBi", time.hour, time.minute, time.second, time.microsecond * 1000)


def _date_time(value: Any) -> bytes:
    instant = instant_of(value)
    return _date(instant.date()) + _time(instant.time())


def _instant(value: Any) -> bytes:
    instant = instant_of(value)
    return struct.pack(">qi", _epoch_seconds(instant), instant.microsecond * 1000)


def _sql_timestamp(value: Any) -> bytes:
    """Write an instant as SqlTimestampSerializer does: epoch ms, then the nanoseconds of the second."""
    instant = instant_of(value)
    epoch_ms = _epoch_seconds(instant) * 1000 + instant.microsecond // 1000
    return struct.pack(">qi", epoch_ms, instant.microsecond * 1000)


def _epoch_seconds(instant: datetime.datetime) -> int:
    return int((instant.replace(microsecond=0) - EPOCH).total_seconds())


def _sql_row(serializer: Any, value: Any) -> bytes:
    return BinaryRowWriter(serializer.fields.get("types")).row_with_length(value)


Writer = Callable[[Any, Any], bytes]
"""Takes a serializer and a value, and returns the bytes that the serializer writes for the value."""


def _integer_writer(layout: str) -> Writer:
    return lambda _, value: integer_bytes(value, layout)


def _integer_array_writer(layout: str) -> Writer:
    return lambda _, value: _number_array(value, layout, integer_bytes)


def _float_array_writer(layout: str) -> Writer:
    return lambda _, value: _number_array(value, layout, float_bytes)


_WRITERS: dict[str, Writer] = {
    **{name: _integer_writer(layout) for name, layout in _INTEGER_LAYOUTS.items()},
    **{name: _integer_array_writer(layout) for name, layout in _INTEGER_ARRAY_LAYOUTS.items()},
    **{name: _float_array_writer(layout) for name, layout in _FLOAT_ARRAY_LAYOUTS.items()},
    "BooleanSerializer": lambda _, value: boolean_byte(value),
    "FloatSerializer": lambda _, value: float_bytes(value, ">f"),
    "DoubleSerializer": lambda _, value: float_bytes(value, ">d"),
    "StringSerializer": lambda _, value: string_bytes(None if value is None else string_of(value)),
    "VoidSerializer": lambda _, value: b"\0",
    "BigIntSerializer": lambda _, value: _big_integer(whole_number_of(value)),
    "BigDecSerializer": lambda _, value: _big_decimal(decimal_of(value)),
    "LocalDateSerializer": lambda _, value: _date(date_of(value)),
    "LocalTimeSerializer": lambda _, value: _time(time_of(value)),
    "LocalDateTimeSerializer": lambda _, value: _date_time(value),
    "InstantSerializer": lambda _, value: _instant(value),
    "SqlTimestampSerializer": lambda _, value: _sql_timestamp(value),
    "BytePrimitiveArraySerializer": lambda _, value: _byte_array(value),
    "ListSerializer": _list,
    "MapSerializer": _map,
    "GenericArraySerializer": _object_array,
    "NullableSerializer": _nullable,
    "TupleSerializer": _tuple,
    "RowSerializer": _row,
    "PojoSerializer": _pojo,
    "EnumSerializer": _enum,
    "RowDataSerializer": _sql_row,
    "ExternalSerializer": lambda serializer, value: serialize(serializer.fields["internalSerializer"], value),
}
