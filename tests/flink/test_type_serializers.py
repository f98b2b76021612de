"""Rows as Flink's serializers write them: those of a sink of 2.3.0, and those that its client has read."""

from __future__ import annotations

import pickle

import pytest

from flinkmock.flink.binary_row import BadValue, BinaryRows, RowValue
from flinkmock.flink.java_serialization.reader import JavaObject
from flinkmock.flink.type_serializers import serialize

BASE = "org.apache.flink.api.common.typeutils.base"


def serializer(name: str, **fields: object) -> JavaObject:
    return JavaObject(f"{BASE}.{name}Serializer", fields)


def type_of(root: str, **fields: object) -> JavaObject:
    return JavaObject("LogicalType", {"typeRoot": root, **fields})


LONG, STRING, INT = serializer("Long"), serializer("String"), serializer("Int")


@pytest.mark.parametrize(("kind", "value", "hexadecimal"), [
    (LONG, 5, "0000000000000005"),
    (STRING, "x", "0278"),
    (STRING, "bé", "0362e901"),
    (STRING, None, "00"),
    (INT, -2, "fffffffe"),
    (serializer("Double"), 2.5, "4004000000000000"),
    (serializer("Boolean"), True, "01"),
    (serializer("BigInt"), 0, "00000001"),
    (serializer("BigInt"), 300, "00000006012c"),
    (serializer("BigDec"), "12.34", "0000000604d200000002"),
    (serializer("LocalDate"), "2026-01-02", "000007ea0102"),
    (serializer("LocalTime"), "12:30:45.5", "0c1e2d1dcd6500"),
    (serializer("Instant"), "1970-01-01 00:00:01.5", "00000000000000011dcd6500"),
    (serializer("List", elementSerializer=INT), [1, 2], "000000020000000100000002"),
    (serializer("Map", keySerializer=STRING, valueSerializer=INT), {"a": None}, "00000001026101"),
    (serializer("GenericArray", componentSerializer=INT), [7, None], "00000002010000000700"),
    (serializer("IntPrimitiveArray"), [7], "0000000100000007"),
    (serializer("Nullable", originalSerializer=INT, padding=b""), None, "01"),
    (serializer("Tuple", fieldSerializers=[STRING, INT, serializer("Double")]), ["x", 1, 2.5],
     "0278000000014004000000000000"),
])  # fmt: skip
def test_serializers(kind, value, hexadecimal):
    assert serialize(kind, value).hex() == hexadecimal


def test_rows_have_a_mask_of_kind_and_nulls():
    names = JavaObject(
        "java.util.LinkedHashMap", annotations=[b"", "n", JavaObject("java.lang.Integer", {"value": 0}), "v"]
    )
    row = serializer("Row", fieldSerializers=[STRING, INT], supportsRowKind=True, positionByName=names)
    assert serialize(row, ["x", 1]).hex() == "00027800000001"
    assert serialize(row, {"v": 2}).hex() == "2000000002"
    assert serialize(row, RowValue(2, ["x", None])).hex() == "500278"
    with pytest.raises(BadValue, match='no field "m", only n, v'):
        serialize(row, {"m": 2})
    unnamed = serializer("Row", fieldSerializers=[STRING, INT], supportsRowKind=False)
    assert serialize(unnamed, {"any": "x", "name": 1}).hex() == "00027800000001"


def test_bytes_are_written_as_they_are_and_anything_else_as_a_pickle():
    kind = serializer("BytePrimitiveArray")
    assert serialize(kind, b"ab").hex() == "000000026162"
    assert pickle.loads(serialize(kind, [3, "x"])[4:]) == [3, "x"]


def test_rows_of_sql():
    """Two rows of VALUES (1, 'a'), (2, CAST(NULL AS STRING)), as 2.3.0 has sent them."""
    rows = BinaryRows([type_of("INTEGER"), type_of("VARCHAR", length=2147483647)])
    assert rows.sized([1, "a"]).hex() == "00000018" + "0000000000000000" + "0100000000000000" + "6100000000000081"
    assert rows.row({"id": 1, "name": "a"}) == rows.row([1, "a"])
    assert rows.sized([2, None]).hex() == "00000018" + "0002000000000000" + "0200000000000000" + "0000000000000000"


def test_long_values_follow_the_fields():
    rows = BinaryRows([type_of("VARCHAR"), type_of("ARRAY", elementType=type_of("INTEGER")), type_of("BIGINT")])
    data = rows.row(["longer than seven", [1, None], -1])
    assert data[8:16].hex() == "11000000" + "20000000"
    assert data[32:49] == b"longer than seven"
    assert data[16:24].hex() == "10000000" + "38000000"
    assert data[56:].hex() == "02000000" + "02000000" + "01000000" + "00000000"
    assert data[24:32].hex() == "ffffffffffffffff"


@pytest.mark.parametrize(("kind", "value", "text"), [
    (INT, "x", "'x' is not a whole number."),
    (INT, 1 << 40, "1099511627776 is too large."),
    (INT, None, "null is not a value of Int."),
    (STRING, 5, "5 is not a string. Put it in quotes."),
    (LONG, RowValue(3, 5), "only rows have a kind, not 5."),
    (serializer("Kryo"), 5, "flinkmock can't write rows with KryoSerializer."),
    (None, 5, "flinkmock can't write rows with an unknown serializer."),
    (serializer("Pojo"), [1], "[1] is not a mapping of fields."),
    (serializer("Tuple", fieldSerializers=[INT]), [1, 2], "[1, 2] is not a list of 1 values."),
    (serializer("RowData", types=[type_of("DATE")]), ["soon"], "'soon' is not a date. Write \"2026-01-01\"."),
    (serializer("RowData", types=[type_of("DECIMAL", precision=3, scale=1)]), [123.4],
     "123.4 is too large for DECIMAL(3, 1)."),
    (serializer("RowData", types=[type_of("RAW")]), [1], "flinkmock can't write values of type RAW."),
])  # fmt: skip
def test_values_of_another_type(kind, value, text):
    with pytest.raises(BadValue) as bad:
        serialize(kind, value)
    assert str(bad.value) == text
