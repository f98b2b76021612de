"""Writes objects, strings, arrays, numbers and collections in the format of Java's object serialization.

The bytes are those of `java.io.ObjectOutputStream` (Java Object Serialization Specification, chapter 6).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from flinkmock.flink.java_serialization.class_descriptors import (
    ARRAY_LIST,
    BOOLEAN,
    BYTE_ARRAY,
    DOUBLE,
    INTEGER,
    LONG,
    TREE_MAP,
    JavaClass,
)
from flinkmock.flink.java_serialization.modified_utf8 import modified_utf8
from flinkmock.flink.java_serialization.stream_constants import (
    BASE_HANDLE,
    HEADER,
    SC_SERIALIZABLE,
    SC_WRITE_METHOD,
    TC_ARRAY,
    TC_BLOCKDATA,
    TC_CLASSDESC,
    TC_ENDBLOCKDATA,
    TC_LONGSTRING,
    TC_NULL,
    TC_OBJECT,
    TC_REFERENCE,
    TC_STRING,
)

SerializableValue = (
    bool | int | float | str | bytes | list["SerializableValue"] | dict["SerializableValue", "SerializableValue"] | None
)


class Long(int):
    """An int that is written as a `java.lang.Long` even if it is small."""


class ObjectStream:
    """A stream of Java's object serialization. Strings and classes that occur again are written as references."""

    def __init__(self) -> None:
        self._data = bytearray(HEADER)
        self._handles: dict[str | JavaClass, int] = {}
        self._next_handle = BASE_HANDLE

    def to_bytes(self) -> bytes:
        return bytes(self._data)

    def write_raw(self, data: bytes) -> None:
        """Write bytes as they are."""
        self._data += data

    def write_end_of_block_data(self) -> None:
        """End the data that a writeObject method writes after the fields."""
        self._data.append(TC_ENDBLOCKDATA)

    def write_null(self) -> None:
        self._data.append(TC_NULL)

    def _assign_handle(self, entry: str | JavaClass | None = None) -> None:
        """Give the next handle to an object. `entry` is the object if it can occur again: a string or a class."""
        if entry is not None:
            self._handles[entry] = self._next_handle
        self._next_handle += 1

    def _write_reference(self, entry: str | JavaClass) -> bool:
        """Write a reference to a string or class that has been written before. Return False if it has not."""
        if entry not in self._handles:
            return False
        self.write_raw(struct.pack(">BI", TC_REFERENCE, self._handles[entry]))
        return True

    def write_string(self, text: str | None) -> None:
        if text is None:
            self.write_null()
        elif not self._write_reference(text):
            data = modified_utf8(text)
            self._assign_handle(text)
            if len(data) < 1 << 16:
                self.write_raw(struct.pack(">BH", TC_STRING, len(data)) + data)
            else:
                self.write_raw(struct.pack(">BQ", TC_LONGSTRING, len(data)) + data)

    def write_class(self, java_class: JavaClass | None) -> None:
        """Write the descriptors of a class and of its parents. None writes the null after the topmost parent."""
        if java_class is None:
            self.write_null()
        elif not self._write_reference(java_class):
            self.write_raw(bytes([TC_CLASSDESC]) + _utf(java_class.name) + struct.pack(">Q", java_class.uid))
            self._assign_handle(java_class)
            flags = SC_SERIALIZABLE | (SC_WRITE_METHOD if java_class.has_write_method else 0)
            self.write_raw(struct.pack(">BH", flags, len(java_class.fields)))
            for name, type_descriptor in java_class.fields:
                self.write_raw(type_descriptor[:1].encode() + _utf(name))
                if type_descriptor[0] in "L[":
                    self.write_string(type_descriptor)
            self.write_end_of_block_data()
            self.write_class(java_class.parent)

    def write_object(self, java_class: JavaClass, write_fields: Callable[[], None]) -> None:
        """Write an object.

        Args:
            java_class: The class of the object.
            write_fields: Writes the fields and what writeObject methods add, beginning with the topmost parent.
        """
        self.write_raw(bytes([TC_OBJECT]))
        self.write_class(java_class)
        self._assign_handle()
        write_fields()

    def write_array(self, java_class: JavaClass, element_writers: Sequence[Callable[[], None]]) -> None:
        """Write an array of objects. Each of the writers writes one element."""
        self.write_raw(bytes([TC_ARRAY]))
        self.write_class(java_class)
        self._assign_handle()
        self.write_raw(struct.pack(">i", len(element_writers)))
        for write_element in element_writers:
            write_element()

    def write_byte_array(self, data: bytes | None) -> None:
        if data is None:
            self.write_null()
        else:
            self.write_raw(bytes([TC_ARRAY]))
            self.write_class(BYTE_ARRAY)
            self._assign_handle()
            self.write_raw(struct.pack(">I", len(data)) + data)

    def write_value(self, value: SerializableValue) -> None:
        """Write a value. Raises TypeError if its type has no Java class."""
        if value is None:
            self.write_null()
        elif isinstance(value, bool):
            self.write_object(BOOLEAN, lambda: self.write_raw(bytes([value])))
        elif isinstance(value, bytes):
            self.write_byte_array(value)
        elif isinstance(value, str):
            self.write_string(value)
        elif isinstance(value, float):
            self.write_object(DOUBLE, lambda: self.write_raw(struct.pack(">d", value)))
        elif isinstance(value, int):
            if not isinstance(value, Long) and -(1 << 31) <= value < 1 << 31:
                self.write_object(INTEGER, lambda: self.write_raw(struct.pack(">i", value)))
            else:
                self.write_object(LONG, lambda: self.write_raw(struct.pack(">q", value)))
        elif isinstance(value, list):
            self.write_object(ARRAY_LIST, lambda: self._write_list_fields(value))
        elif isinstance(value, dict):
            self.write_object(TREE_MAP, lambda: self._write_map_fields(value))
        else:
            raise TypeError(f"no Java class is known for {value!r}")

    def _write_list_fields(self, elements: list[SerializableValue]) -> None:
        self.write_raw(struct.pack(">i", len(elements)))
        self._write_int_block(len(elements))
        for element in elements:
            self.write_value(element)
        self.write_end_of_block_data()

    def _write_map_fields(self, entries: dict[SerializableValue, SerializableValue]) -> None:
        self.write_null()  # the comparator
        self._write_int_block(len(entries))
        for key, value in entries.items():
            self.write_value(key)
            self.write_value(value)
        self.write_end_of_block_data()

    def _write_int_block(self, number: int) -> None:
        self.write_raw(struct.pack(">BBi", TC_BLOCKDATA, 4, number))


def _utf(text: str) -> bytes:
    data = modified_utf8(text)
    return struct.pack(">H", len(data)) + data
