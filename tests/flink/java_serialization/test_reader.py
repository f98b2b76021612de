"""The reader of Java's serialization returns the objects that the writer wrote, and rejects invalid bytes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_serialization.modified_utf8 import decode_modified_utf8, modified_utf8
from flinkmock.flink.java_serialization.object_stream import Long, ObjectStream
from flinkmock.flink.java_serialization.reader import BadStream, read_object
from flinkmock.flink.java_serialization.writer import (
    StackTraceElement,
    serialized_accumulator_value,
    serialized_exception,
)

OBJECT_OF_A = b"\xac\xed\0\5sr\0\1A" + bytes(8) + b"\2"
"""The beginning of an object, up to the number of its fields."""
CLASS_THAT_IS_ITS_PARENT = OBJECT_OF_A + b"\0\0xq\0\x7e\0\0"
"""The descriptor of a class whose parent is a reference to the same class."""


def test_annotations_contain_what_write_object_methods_added():
    optional = read_object(serialized_accumulator_value({2: 3, 4: Long(5)}))
    assert optional.class_name == "org.apache.flink.util.OptionalFailure"
    assert optional.fields == {"failureCause": None}
    (tree_map,) = optional.annotations
    size, *entries = tree_map.annotations
    assert size == b"\0\0\0\2"
    assert [entry.fields["value"] for entry in entries] == [2, 3, 4, 5]
    assert [entry.class_name for entry in entries] == ["java.lang.Integer"] * 3 + ["java.lang.Long"]


def test_an_exception_contains_its_cause_and_frames():
    frames = (StackTraceElement("a.B", "run", "B.java", 7),)
    cause = JavaException("java.io.IOException", "gone")
    exception = read_object(serialized_exception(JavaException("a.C", "why", cause), "whole trace", frames))
    assert exception.fields["originalErrorClassName"] == "a.C"
    assert exception.fields["cause"].fields["detailMessage"] == "java.io.IOException: gone"
    (frame,) = exception.fields["stackTrace"]
    assert (frame.fields["declaringClass"], frame.fields["lineNumber"]) == ("a.B", 7)


def test_the_message_does_not_contain_the_class_before_1_16():
    exception = serialized_exception(JavaException("a.C", "why"), "", (), has_class_in_message=False)
    assert read_object(exception).fields["detailMessage"] == "why"


def test_the_original_exception_is_included_if_its_classes_are_known():
    frames = (StackTraceElement("a.B", "run", "B.java", 7),)
    serializable = JavaException(
        "org.apache.flink.runtime.JobException", "suppressed", JavaException("java.io.IOException", "gone")
    )
    original = read_object(read_object(serialized_exception(serializable, "", frames)).fields["serializedException"])
    assert (original.class_name, original.fields["detailMessage"]) == (serializable.java_class, "suppressed")
    cause = original.fields["cause"]
    assert (cause.class_name, cause.fields["detailMessage"]) == ("java.io.IOException", "gone")
    unknown = JavaException("java.io.IOException", "gone", JavaException("com.example.Mine", "no"))
    assert read_object(serialized_exception(unknown, "", frames)).fields["serializedException"] is None


@pytest.mark.parametrize(("data", "message"), [
    (b"", "java.io.EOFException"),
    (b"\xac\xed", "java.io.EOFException"),
    (b"garbage", "java.io.StreamCorruptedException: invalid stream header: 67617262"),
    (b"\xac\xed\0\5", "java.io.EOFException"),
    (b"\xac\xed\0\5\1", "java.io.StreamCorruptedException: invalid type code: 01"),
    (CLASS_THAT_IS_ITS_PARENT, "java.io.InvalidClassException: Class descriptor should be initialized"),
    (OBJECT_OF_A + b"\0\0sq\0\x7e\0\0xp", "java.io.InvalidClassException: Class descriptor should be initialized"),
    (OBJECT_OF_A + b"\0\1Q\0\1axp", "java.io.InvalidClassException: A; invalid descriptor for field a"),
    (b"\xac\xed\0\5st\0\1A", "java.io.StreamCorruptedException: invalid type code: 74"),
    (b"\xac\xed\0\5t\0\4\xf0\x9f\x98\x80", "java.io.UTFDataFormatException"),
    (b"\xac\xed\0\5t\0\1\xc3", "java.io.UTFDataFormatException"),
    (b"\xac\xed\0\5" + b"\x76" * 5000, "java.io.StreamCorruptedException: invalid type code: 76"),
    (b"\xac\xed\0\5q\0\x7e\0\0", "java.io.StreamCorruptedException: invalid handle value: 007E0000"),
])  # fmt: skip
def test_invalid_bytes_raise_the_exception_of_java(data, message):
    """ObjectInputStream of Java 11 and 17 throws these exceptions."""
    with pytest.raises(BadStream) as error:
        read_object(data)
    assert str(error.value.cause) == message


def test_strings_contain_the_characters_that_were_written():
    stream = ObjectStream()
    stream.write_string("aé€\0😀")
    assert read_object(stream.to_bytes()) == "aé€\0😀"


@given(st.text())
def test_decoding_is_the_inverse_of_encoding(text):
    assert decode_modified_utf8(modified_utf8(text)) == text


def test_a_surrogate_without_its_partner_becomes_a_question_mark():
    assert decode_modified_utf8(b"a\xed\xa0\xbd") == "a?"


@given(st.binary(max_size=60), st.integers(0, 300))
def test_corrupt_streams_raise_only_bad_stream(noise, offset):
    valid = serialized_accumulator_value({2: [1.5, "text"], 4: Long(5)})
    for data in (b"\xac\xed\0\5" + noise, valid[:offset] + noise + valid[offset + len(noise) :], valid[:offset]):
        with suppress(BadStream):
            read_object(data)
