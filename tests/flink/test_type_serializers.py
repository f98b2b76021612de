"""Results are serialized to the bytes that a sink of 2.3.0 sends, or that a client of 2.3.0 reads."""

from __future__ import annotations

import pickle

import pytest

from flinkmock.flink.binary_row import BinaryRowWriter
from flinkmock.flink.java_serialization.reader import JavaObject
from flinkmock.flink.row_values import BadValue, RowKind, RowValue
from flinkmock.flink.type_serializers import serialize

BASE = "org.apache.flink.api.common.typeutils.base"


def serializer(name: str, **fields: object) -> JavaObject:
    return JavaObject(f"{BASE}.{name}Serializer", fields)


def logical_type(type_root: str, **fields: object) -> JavaObject:
    return JavaObject("LogicalType", {"typeRoot": type_root, **fields})


LONG, STRING, INT = serializer("Long"), serializer("String"), serializer("Int")


@pytest.mark.parametrize(("serializer_object", "value", "hexadecimal"), [
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
def test_each_serializer_writes_its_format(serializer_object, value, hexadecimal):
    assert serialize(serializer_object, value).hex() == hexadecimal


def test_rows_begin_with_a_mask_of_kind_and_nulls():
    # as HashMap.writeObject writes it: sizes (empty here, nothing reads them), then each key and value
    positions = [JavaObject("java.lang.Integer", {"value": position}) for position in range(2)]
    names = JavaObject("java.util.LinkedHashMap", annotations=[b"", "n", positions[0], "v", positions[1]])
    row = serializer("Row", fieldSerializers=[STRING, INT], supportsRowKind=True, positionByName=names)
    assert serialize(row, ["x", 1]).hex() == "00027800000001"
    assert serialize(row, {"v": 2}).hex() == "2000000002"
    assert serialize(row, RowValue(RowKind.UPDATE_AFTER, ["x", None])).hex() == "500278"
    with pytest.raises(BadValue, match='no field "m", only n, v'):
        serialize(row, {"m": 2})
    unnamed = serializer("Row", fieldSerializers=[STRING, INT], supportsRowKind=False)
    assert serialize(unnamed, {"any": "x", "name": 1}).hex() == "00027800000001"


def test_byte_arrays_contain_bytes_unchanged_and_other_values_as_a_pickle():
    """PyFlink sends values that Java doesn't know as pickles."""
    byte_array = serializer("BytePrimitiveArray")
    assert serialize(byte_array, b"ab").hex() == "000000026162"
    assert pickle.loads(serialize(byte_array, [3, "x"])[4:]) == [3, "x"]


def test_sql_rows_have_a_header_and_fields_of_eight_bytes():
    """The rows are VALUES (1, 'a'), (2, CAST(NULL AS STRING))."""
    writer = BinaryRowWriter([logical_type("INTEGER"), logical_type("VARCHAR", length=2147483647)])
    length = "00000018"
    row = writer.row_with_length([1, "a"])
    assert row.hex() == length + "0000000000000000" + "0100000000000000" + "6100000000000081"
    assert writer.row({"id": 1, "name": "a"}) == writer.row([1, "a"])
    row_with_null = writer.row_with_length([2, None])
    assert row_with_null.hex() == length + "0002000000000000" + "0200000000000000" + "0000000000000000"


def test_a_lone_surrogate_is_a_question_mark_in_sql_rows_and_itself_in_other_strings():
    writer = BinaryRowWriter([logical_type("VARCHAR")])
    assert writer.row(["a\ud800"]) == writer.row(["a?"])
    assert serialize(STRING, "\ud800").hex() == "0280b003"


def test_long_strings_and_arrays_follow_the_fields_of_sql_rows():
    integers = logical_type("ARRAY", elementType=logical_type("INTEGER"))
    writer = BinaryRowWriter([logical_type("VARCHAR"), integers, logical_type("BIGINT")])
    data = writer.row(["longer than seven", [1, None], -1])
    length_and_offset_of_string = data[8:16]
    assert length_and_offset_of_string.hex() == "11000000" + "20000000"
    assert data[32:49] == b"longer than seven"
    length_and_offset_of_array = data[16:24]
    assert length_and_offset_of_array.hex() == "10000000" + "38000000"
    assert data[56:].hex() == "02000000" + "02000000" + "01000000" + "00000000"
    assert data[24:32].hex() == "ffffffffffffffff"


@pytest.mark.parametrize(("serializer_object", "value", "message"), [
    (INT, "x", "'x' is not a whole number."),
    (INT, 1 << 40, "1099511627776 is out of range."),
    (INT, None, "null is not a value of Int."),
    (STRING, 5, "5 is not a string. Put it in quotes."),
    (LONG, RowValue(RowKind.DELETE, 5), "only rows have a kind, not 5."),
    (serializer("Kryo"), 5, "flinkmock can't write rows with KryoSerializer."),
    (None, 5, "flinkmock can't write rows with an unknown serializer."),
    (serializer("Pojo"), [1], "[1] is not a mapping of fields."),
    (serializer("Tuple", fieldSerializers=[INT]), [1, 2], "[1, 2] is not a list of 1 values."),
    (serializer("RowData", types=[logical_type("DATE")]), ["soon"], "'soon' is not a date. Write \"2026-01-01\"."),
    (serializer("RowData", types=[logical_type("DECIMAL", precision=3, scale=1)]), [123.4],
     "123.4 is too large for DECIMAL(3, 1)."),
    (serializer("RowData", types=[logical_type("RAW")]), [1], "flinkmock can't write values of type RAW."),
])  # fmt: skip
def test_values_that_cannot_be_serialized_are_rejected(serializer_object, value, message):
    with pytest.raises(BadValue) as error:
        serialize(serializer_object, value)
    assert str(error.value) == message


@pytest.mark.parametrize(("serializer_object", "value", "message"), [
    (serializer("Float"), 1e40, "1e+40 is out of range."),
    pytest.param(serializer("Double"), 10**400, f"{10**400} is out of range.", id="long"),
    (serializer("FloatPrimitiveArray"), [1e40], "1e+40 is out of range."),
    (serializer("Double"), "x", "'x' is not a number."),
    (serializer("BigInt"), float("inf"), "inf is not finite."),
    (serializer("BigInt"), float("nan"), "nan is not finite."),
    (serializer("BigInt"), 1.5, "1.5 is not a whole number."),
    (serializer("BigDec"), float("nan"), "nan is not finite."),
    (serializer("BigDec"), "1e3000000000", "-3000000000 is out of range."),
    (serializer("Instant"), "0001-01-01T00:00+01:00",
     "'0001-01-01T00:00+01:00' is not a timestamp. Write \"2026-01-01 12:00:00\"."),
    (serializer("RowData", types=[logical_type("FLOAT")]), [1e40], "1e+40 is out of range."),
    (serializer("RowData", types=[logical_type("DECIMAL", precision=3)]), [float("-inf")], "-inf is not finite."),
    (serializer("RowData", types=[logical_type("DECIMAL", precision=3)]), ["1e900000"],
     "1e900000 is too large for DECIMAL(3, 0)."),
    (serializer("RowData", types=[logical_type("DECIMAL", precision=3, scale=1)]), [99.95],
     "99.95 is too large for DECIMAL(3, 1)."),
])  # fmt: skip
def test_numbers_out_of_range_are_rejected(serializer_object, value, message):
    with pytest.raises(BadValue) as error:
        serialize(serializer_object, value)
    assert str(error.value) == message


@pytest.mark.parametrize(("type_root", "value", "hexadecimal"), [
    ("FLOAT", float("inf"), "0000807f"), ("FLOAT", 1.5, "0000c03f"), ("DOUBLE", "1.5", "000000000000f83f"),
    ("DOUBLE", float("nan"), "000000000000f87f"),
])  # fmt: skip
def test_floating_point_numbers_of_sql_can_be_infinite_or_nan(type_root, value, hexadecimal):
    row = BinaryRowWriter([logical_type(type_root)]).row([value])
    assert row[8:].hex() == hexadecimal.ljust(16, "0")


@pytest.mark.parametrize(("value", "unscaled"), [
    ("12345678901234567890123456789012345.678", 12345678901234567890123456789012345678),
    ("-0.0005", -1), ("0.0004999", 0), ("1e-900000", 0), ("0e900000", 0), (2, 2000),
])  # fmt: skip
def test_decimals_of_sql_are_rounded_half_up_to_their_scale(value, unscaled):
    row = BinaryRowWriter([logical_type("DECIMAL", precision=38, scale=3)]).row([value])
    length = row[8]
    assert int.from_bytes(row[16 : 16 + length], "big", signed=True) == unscaled


def test_decimals_are_written_without_rounding():
    written = serialize(serializer("BigDec"), "12345678901234567890123456789012345.678")
    unscaled = int.from_bytes(written[4:-4], "big")
    assert (unscaled, written[-4:].hex()) == (12345678901234567890123456789012345678, "00000003")


def list_that_contains_itself() -> JavaObject:
    java_list = JavaObject("List")
    java_list.fields["a"] = java_list
    return java_list


@pytest.mark.parametrize(
    "row_type",
    [
        logical_type("ROW", fields=list_that_contains_itself()),
        logical_type("ROW", fields=[JavaObject("RowField")]),
        logical_type("ROW", fields=[5]),
        logical_type("ROW", fields=5),
        logical_type("ARRAY"),
        logical_type("MAP", keyType=logical_type("BIGINT")),
        logical_type("MULTISET", elementType=5),
    ],
)
def test_malformed_types_of_a_submitted_plan_are_rejected(row_type: JavaObject) -> None:
    value = {"a": 1} if row_type.fields["typeRoot"] in ("MAP", "MULTISET") else [1]
    with pytest.raises(BadValue, match="malformed"):
        BinaryRowWriter([row_type]).row([value])
