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

from flinkmock.flink.binary_row import EPOCH, BadValue, BinaryRows, RowValue, date_of, decimal_of, instant_of, time_of
from flinkmock.flink.java_serialization.reader import JavaObject

_NUMBERS = {
    "ByteSerializer": ">b",
    "ShortSerializer": ">h",
    "IntSerializer": ">i",
    "LongSerializer": ">q",
}
_ARRAYS = {
    "ShortPrimitiveArraySerializer": ">h",
    "IntPrimitiveArraySerializer": ">i",
    "LongPrimitiveArraySerializer": ">q",
    "FloatPrimitiveArraySerializer": ">f",
    "DoublePrimitiveArraySerializer": ">d",
}
_ROW_KINDS = 2
"""The number of bits before those of the fields in the mask of a RowSerializer."""
_POJO_IS_NULL, _POJO_HAS_THE_CLASS = b"\1", b"\2"
"""Flags of a PojoSerializer. There are others for subclasses."""


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
    kind = value.kind if isinstance(value, RowValue) else 0
    if kind and name not in ("RowSerializer", "RowDataSerializer", "ExternalSerializer"):
        raise BadValue(f"only rows have a kind, not {value.value!r}.")
    if value is None and name not in _NULLABLE:
        raise BadValue(f"null is not a value of {name.removesuffix('Serializer')}.")
    return writer(serializer, value)


def string(text: str | None) -> bytes:
    """Return a string as `StringValue.writeString` does: length + 1 and UTF-16 units, as ints of variable length."""
    if text is None:
        return b"\0"
    units = memoryview(text.encode("utf-16-le")).cast("H")
    return _variable(len(units) + 1) + b"".join(map(_variable, units))


def _variable(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def integer(value: Any, layout: str) -> bytes:
    """Return a whole number in the given `struct` layout. Raises BadValue for other values and large numbers."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadValue(f"{value!r} is not a whole number.")
    try:
        return struct.pack(layout, value)
    except struct.error:
        raise BadValue(f"{value} is too large.") from None


def _decimal(value: Any, layout: str) -> bytes:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValue(f"{value!r} is not a number.")
    return struct.pack(layout, value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadValue(f"{value!r} is not a string. Put it in quotes.")
    return value


def _boolean(value: Any) -> bytes:
    if not isinstance(value, bool):
        raise BadValue(f"{value!r} is neither true nor false.")
    return bytes([value])


def _sized(serializer: Any, value: Any) -> bytes:
    return struct.pack(">i", len(elements(value))) + b"".join(
        serialize(serializer.fields["elementSerializer"], element) for element in value
    )


def elements(value: Any, count: int | None = None) -> list[Any]:
    """Return the elements of a list with `count` elements, if specified. Raises BadValue."""
    if not isinstance(value, list) or (count is not None and len(value) != count):
        expected = "a list" if count is None else f"a list of {count} values"
        raise BadValue(f"{value!r} is not {expected}.")
    return value


def _tuple(serializer: Any, value: Any) -> bytes:
    fields = serializer.fields["fieldSerializers"]
    return b"".join(map(serialize, fields, elements(value, len(fields))))


def _row(serializer: Any, value: Any) -> bytes:
    """Write a row as RowSerializer does: a mask of row kind and nulls, then the fields that are not null."""
    kind, value = (value.kind, value.value) if isinstance(value, RowValue) else (0, value)
    fields = serializer.fields["fieldSerializers"]
    if isinstance(value, dict):
        value = by_name(value, list(_names(serializer)))
    values = elements(value, len(fields))
    bits = [field_value is None for field_value in values]
    if serializer.fields.get("supportsRowKind", True):
        bits = [bool(kind & 1), bool(kind & 2), *bits]
    mask = bytearray((len(bits) + 7) // 8)
    for index, bit in enumerate(bits):
        mask[index // 8] |= bit << 7 - index % 8
    return bytes(mask) + b"".join(
        serialize(field, field_value)
        for field, field_value in zip(fields, values, strict=True)
        if field_value is not None
    )


def _names(serializer: Any) -> list[str]:
    positions = serializer.fields.get("positionByName")
    if not isinstance(positions, JavaObject):
        return []
    return [name for name in positions.annotations if isinstance(name, str)]


def _pojo(serializer: Any, value: Any) -> bytes:
    """Write an object as PojoSerializer does: flags, then for each field whether it is null, and a value if not.

    Fields that the mapping lacks are null.
    """
    if value is None:
        return _POJO_IS_NULL
    if not isinstance(value, dict):
        raise BadValue(f"{value!r} is not a mapping of fields.")
    names = [data[2:].decode() for data in serializer.annotations[1:] if isinstance(data, bytes)]  # after the class
    values = zip(serializer.fields["fieldSerializers"], by_name(value, names), strict=True)
    fields = (b"\1" if value is None else b"\0" + serialize(field, value) for field, value in values)
    return _POJO_HAS_THE_CLASS + b"".join(fields)


def _enum(serializer: Any, value: Any) -> bytes:
    constants = serializer.fields["values"]
    if value not in constants:
        raise BadValue(f"{value!r} is not one of {', '.join(map(str, constants))}.")
    return struct.pack(">i", constants.index(value))


def by_name(value: dict[str, Any], names: list[str]) -> list[Any]:
    """Return the values of a row in the order of its fields or, if these have no names, in that of the mapping.

    Raises:
        BadValue: The mapping has other fields.
    """
    if not names:
        return list(value.values())
    unknown = next((name for name in value if name not in names), None)
    if unknown is not None:
        raise BadValue(f'the row has no field "{unknown}", only {", ".join(names)}.')
    return [value.get(name) for name in names]


def _nullable(serializer: Any, value: Any) -> bytes:
    padding = bytes(serializer.fields.get("padding") or b"")
    if value is None:
        return b"\1" + padding
    return b"\0" + serialize(serializer.fields["originalSerializer"], value)


def _map(serializer: Any, value: Any) -> bytes:
    if not isinstance(value, dict):
        raise BadValue(f"{value!r} is not a mapping.")
    out = struct.pack(">i", len(value))
    for key, entry in value.items():
        out += serialize(serializer.fields["keySerializer"], key) + bytes([entry is None])
        out += b"" if entry is None else serialize(serializer.fields["valueSerializer"], entry)
    return out


def _object_array(serializer: Any, value: Any) -> bytes:
    out = struct.pack(">i", len(elements(value)))
    for element in value:
        out += bytes([element is not None])
        out += b"" if element is None else serialize(serializer.fields["componentSerializer"], element)
    return out


def _bytes(value: Any) -> bytes:
    """Return an array of bytes: either the value, or its Python pickle, which PyFlink reads."""
    data = value if isinstance(value, bytes) else pickle.dumps(value, protocol=4)
    return struct.pack(">i", len(data)) + data


def _number(layout: str) -> Callable[[Any, Any], bytes]:
    return lambda _, value: integer(value, layout)


def _number_array(layout: str) -> Callable[[Any, Any], bytes]:
    pack = integer if layout[1] in "hiq" else _decimal
    return lambda _, value: (
        struct.pack(">i", len(elements(value))) + b"".join(pack(element, layout) for element in value)
    )


def _big_integer(value: int) -> bytes:
    """Write a number as BigIntSerializer does: 0 is null, 1 zero, 2 one, 3 ten; others have length + 4 and bytes."""
    short = {0: 1, 1: 2, 10: 3}
    if value in short:
        return struct.pack(">i", short[value])
    data = value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
    return struct.pack(">i", len(data) + 4) + data


def _big_decimal(value: Decimal) -> bytes:
    if value in (0, 1, 10) and value.as_tuple().exponent == 0:
        return _big_integer(int(value))
    exponent = int(value.as_tuple().exponent)
    unscaled = int(value.scaleb(-exponent))
    data = unscaled.to_bytes(unscaled.bit_length() // 8 + 1, "big", signed=True)
    return struct.pack(">i", len(data) + 4) + data + struct.pack(">i", -exponent)


def _date(value: Any) -> bytes:
    day = date_of(value)
    return struct.pack(">iBB", day.year, day.month, day.day)


def _time(value: datetime.time) -> bytes:
    return struct.pack(">BBBi", value.hour, value.minute, value.second, value.microsecond * 1000)


def _date_time(value: Any) -> bytes:
    moment = instant_of(value)
    return _date(moment.date().isoformat()) + _time(moment.time())


def _instant(value: Any) -> bytes:
    moment = instant_of(value)
    return struct.pack(">qi", _seconds(moment), moment.microsecond * 1000)


def _timestamp(value: Any) -> bytes:
    moment = instant_of(value)
    return struct.pack(">qi", _seconds(moment) * 1000 + moment.microsecond // 1000, moment.microsecond * 1000)


def _seconds(moment: datetime.datetime) -> int:
    return int((moment.replace(microsecond=0) - EPOCH).total_seconds())


def _rows(serializer: Any, value: Any) -> bytes:
    return BinaryRows(serializer.fields.get("types")).sized(value)


_NULLABLE = frozenset(
    {"StringSerializer", "NullableSerializer", "VoidSerializer", "BytePrimitiveArraySerializer", "PojoSerializer"}
)
_WRITERS: dict[str, Callable[[Any, Any], bytes]] = {
    **{name: _number(layout) for name, layout in _NUMBERS.items()},
    **{name: _number_array(layout) for name, layout in _ARRAYS.items()},
    "BooleanSerializer": lambda _, value: _boolean(value),
    "FloatSerializer": lambda _, value: _decimal(value, ">f"),
    "DoubleSerializer": lambda _, value: _decimal(value, ">d"),
    "StringSerializer": lambda _, value: string(None if value is None else _text(value)),
    "VoidSerializer": lambda _, value: b"\0",
    "BigIntSerializer": lambda _, value: _big_integer(int(decimal_of(value))),
    "BigDecSerializer": lambda _, value: _big_decimal(decimal_of(value)),
    "LocalDateSerializer": lambda _, value: _date(value),
    "LocalTimeSerializer": lambda _, value: _time(time_of(value)),
    "LocalDateTimeSerializer": lambda _, value: _date_time(value),
    "InstantSerializer": lambda _, value: _instant(value),
    "SqlTimestampSerializer": lambda _, value: _timestamp(value),
    "BytePrimitiveArraySerializer": lambda _, value: _bytes(value),
    "ListSerializer": _sized,
    "MapSerializer": _map,
    "GenericArraySerializer": _object_array,
    "NullableSerializer": _nullable,
    "TupleSerializer": _tuple,
    "RowSerializer": _row,
    "PojoSerializer": _pojo,
    "EnumSerializer": _enum,
    "RowDataSerializer": _rows,
    "ExternalSerializer": lambda serializer, value: serialize(serializer.fields["internalSerializer"], value),
}
