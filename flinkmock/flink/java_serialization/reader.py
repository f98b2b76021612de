"""Reads Java's object serialization without the classes: an object becomes a class name with fields.

The grammar is the part of the Java Object Serialization Specification, chapter 6.4, that Flink's clients use in a
JobGraph or a StreamGraph.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flinkmock import limits
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_serialization.modified_utf8 import decode_modified_utf8
from flinkmock.flink.java_serialization.stream_constants import (
    BASE_HANDLE,
    HEADER,
    SC_EXTERNALIZABLE,
    SC_SERIALIZABLE,
    SC_WRITE_METHOD,
    TC_ARRAY,
    TC_BLOCKDATA,
    TC_BLOCKDATALONG,
    TC_CLASS,
    TC_CLASSDESC,
    TC_ENDBLOCKDATA,
    TC_ENUM,
    TC_LONGSTRING,
    TC_NULL,
    TC_OBJECT,
    TC_PROXYCLASSDESC,
    TC_REFERENCE,
    TC_STRING,
)

_PRIMITIVE_LAYOUTS = {"B": ">b", "C": ">H", "D": ">d", "F": ">f", "I": ">i", "J": ">q", "S": ">h", "Z": ">?"}
"""The `struct` layouts of primitive values by the type code of the field."""
_OBJECT_TYPES = ("L", "[")
"""The type codes of fields with objects and arrays."""
_CLASS_DESCRIPTOR_TYPES = frozenset({TC_NULL, TC_REFERENCE, TC_CLASSDESC, TC_PROXYCLASSDESC})
"""The type codes with which a class descriptor can begin."""


class BadStream(Exception):
    """The bytes are not a serialized object. `cause` is the exception that Java throws."""

    def __init__(self, java_class: str, text: str | None = None) -> None:
        self.cause = JavaException(java_class, text)
        super().__init__(str(self.cause))


@dataclass(eq=False)
class JavaObject:
    """An object of any class.

    Attributes:
        fields: The fields of its class and of all parents.
        annotations: The values that its writeObject methods added, or that its writeExternal method wrote.
        classes: Its class and serializable parents, the topmost first.
    """

    class_name: str
    fields: dict[str, Any] = field(default_factory=dict)
    annotations: list[Any] = field(default_factory=list)
    classes: tuple[str, ...] = ()


@dataclass(eq=False)
class _ClassDescriptor:
    """The descriptor of a class in the stream.

    Attributes:
        fields: Names with type codes.
        parent_count: The number of its parents.
        is_complete: Whether the whole descriptor, with its parents, has been read.
    """

    name: str
    flags: int = 0
    fields: list[tuple[str, str]] = field(default_factory=list)
    parent: _ClassDescriptor | None = None
    parent_count: int = 0
    is_complete: bool = False


def read_object(data: bytes) -> Any:
    """Return the first object of a stream. Raises BadStream."""
    if len(data) < 4:
        raise BadStream("java.io.EOFException")
    if data[:4] != HEADER:
        raise BadStream("java.io.StreamCorruptedException", f"invalid stream header: {data[:4].hex().upper()}")
    return _Reader(data).read_content()


class _Reader:
    """Reads one stream. Each `read` method reads the element that is next in the stream and returns its value."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = len(HEADER)
        self._objects: list[Any] = []
        """The objects in the order of their handles."""
        self._depth = 0
        self._value_count = 0
        self._readers: dict[int, Callable[[], Any]] = {
            TC_NULL: lambda: None,
            TC_REFERENCE: self._read_reference,
            TC_CLASSDESC: self._read_class_descriptor,
            TC_OBJECT: self._read_object,
            TC_STRING: lambda: self._read_string(">H"),
            TC_ARRAY: self._read_array,
            TC_CLASS: self._read_class,
            TC_BLOCKDATA: lambda: self._read_bytes(self._read_number(">B")),
            TC_BLOCKDATALONG: lambda: self._read_bytes(self._read_number(">i")),
            TC_LONGSTRING: lambda: self._read_string(">q"),
            TC_PROXYCLASSDESC: self._read_proxy_class_descriptor,
            TC_ENUM: self._read_enum,
        }

    def read_content(self) -> Any:
        """Read an element of any kind, which begins with its type code."""
        type_code = self._read_number(">B")
        if type_code not in self._readers or self._depth > limits.JAVA_DEPTH:
            raise _invalid_type(type_code)
        self._value_count += 1
        if self._value_count > limits.JAVA_VALUES:
            raise _rejected_by_filter()
        self._depth += 1
        value = self._readers[type_code]()
        self._depth -= 1
        return value

    def _read_bytes(self, length: int) -> bytes:
        if length < 0 or self._position + length > len(self._data):
            raise BadStream("java.io.EOFException")
        self._position += length
        return self._data[self._position - length : self._position]

    def _read_number(self, layout: str) -> Any:
        return struct.unpack(layout, self._read_bytes(struct.calcsize(layout)))[0]

    def _read_utf(self, length_layout: str = ">H") -> str:
        try:
            return decode_modified_utf8(self._read_bytes(self._read_number(length_layout)))
        except ValueError:
            raise BadStream("java.io.UTFDataFormatException") from None

    def _assign_handle(self, value: Any) -> int:
        """Give the next handle to a value. Return the index of the value in `_objects`."""
        self._objects.append(value)
        return len(self._objects) - 1

    def _read_string(self, length_layout: str) -> str:
        text = self._read_utf(length_layout)
        self._assign_handle(text)
        return text

    def _read_reference(self) -> Any:
        handle = self._read_number(">I")
        if not 0 <= handle - BASE_HANDLE < len(self._objects):
            raise BadStream("java.io.StreamCorruptedException", f"invalid handle value: {handle:08X}")
        return self._objects[handle - BASE_HANDLE]

    def _read_class_descriptor_or_null(self) -> _ClassDescriptor | None:
        """Read a class descriptor, a reference to one, or null (ObjectInputStream.readClassDesc)."""
        type_code = self._data[self._position : self._position + 1]
        if type_code and type_code[0] not in _CLASS_DESCRIPTOR_TYPES:
            raise _invalid_type(type_code[0])
        descriptor = self.read_content()
        if descriptor is None:
            return None
        if not isinstance(descriptor, _ClassDescriptor):  # Java casts the referenced object
            raise BadStream("java.lang.ClassCastException")
        if not descriptor.is_complete:  # for example, a class that is its own parent
            raise BadStream("java.io.InvalidClassException", "Class descriptor should be initialized")
        return descriptor

    def _read_class_descriptor(self) -> _ClassDescriptor:
        descriptor = _ClassDescriptor(self._read_utf())
        self._read_number(">q")  # the serialVersionUID
        self._assign_handle(descriptor)
        descriptor.flags = self._read_number(">B")
        for _ in range(self._read_number(">H")):
            type_code, name = chr(self._read_number(">B")), self._read_utf()
            if type_code in _OBJECT_TYPES:
                self.read_content()  # the type descriptor
            elif type_code not in _PRIMITIVE_LAYOUTS:
                reason = f"{descriptor.name}; invalid descriptor for field {name}"
                raise BadStream("java.io.InvalidClassException", reason)
            descriptor.fields.append((name, type_code))
        self._read_annotations()
        self._read_parent(descriptor)
        return descriptor

    def _read_parent(self, descriptor: _ClassDescriptor) -> None:
        """Read the parent of a class, which completes the descriptor of the class."""
        parent = descriptor.parent = self._read_class_descriptor_or_null()
        if parent is not None:
            descriptor.parent_count = parent.parent_count + 1
            if descriptor.parent_count > limits.JAVA_PARENTS:
                raise _rejected_by_filter()
        descriptor.is_complete = True

    def _read_proxy_class_descriptor(self) -> _ClassDescriptor:
        descriptor = _ClassDescriptor("proxy", SC_SERIALIZABLE)
        self._assign_handle(descriptor)
        for _ in range(self._read_number(">i")):
            self._read_utf()  # the name of an interface
        self._read_annotations()
        self._read_parent(descriptor)
        return descriptor

    def _read_class(self) -> str | None:
        """Read a `java.lang.Class`, which becomes its name."""
        descriptor = self._read_class_descriptor_or_null()
        name = descriptor.name if descriptor else None
        self._assign_handle(name)
        return name

    def _read_annotations(self) -> list[Any]:
        annotations = []
        while self._data[self._position : self._position + 1] != bytes([TC_ENDBLOCKDATA]):
            annotations.append(self.read_content())
        self._position += 1
        return annotations

    def _read_object(self) -> JavaObject:
        descriptor = self._read_class_descriptor_or_null()
        java_object = JavaObject(descriptor.name if descriptor else "")
        self._assign_handle(java_object)
        lineage: list[_ClassDescriptor] = []
        while descriptor is not None:
            lineage.insert(0, descriptor)
            descriptor = descriptor.parent
        java_object.classes = tuple(ancestor.name for ancestor in lineage)
        for ancestor in lineage:
            if ancestor.flags & SC_EXTERNALIZABLE:
                java_object.annotations += self._read_annotations()
            elif ancestor.flags & SC_SERIALIZABLE:
                java_object.fields |= {name: self._read_value(type_code) for name, type_code in ancestor.fields}
                if ancestor.flags & SC_WRITE_METHOD:
                    java_object.annotations += self._read_annotations()
        return java_object

    def _read_value(self, type_code: str) -> Any:
        """Read the value of a field or an element."""
        if type_code in _OBJECT_TYPES:
            return self.read_content()
        return self._read_number(_PRIMITIVE_LAYOUTS[type_code])

    def _read_array(self) -> bytes | list[Any]:
        descriptor = self._read_class_descriptor_or_null()
        element_type = descriptor.name[1:2] if descriptor else ""
        index = self._assign_handle(None)
        length = self._read_number(">i")
        if length < 0:
            raise BadStream("java.lang.NegativeArraySizeException", str(length))
        if element_type == "B":
            data = self._objects[index] = self._read_bytes(length)
            return data
        if element_type not in _PRIMITIVE_LAYOUTS and element_type not in _OBJECT_TYPES:
            raise BadStream("java.io.StreamCorruptedException", "invalid array type")
        elements: list[Any] = []
        self._objects[index] = elements
        if element_type in _PRIMITIVE_LAYOUTS:
            self._value_count += length
            if self._value_count > limits.JAVA_VALUES:
                raise _rejected_by_filter()
        for _ in range(length):
            elements.append(self._read_value(element_type))
        return elements

    def _read_enum(self) -> str:
        """Read a constant of an enum, which becomes its name."""
        self._read_class_descriptor_or_null()
        index = self._assign_handle("")
        type_code = self._data[self._position : self._position + 1]
        name = self.read_content()
        if not isinstance(name, str):  # ObjectInputStream.readEnum reads a string, or a reference to a string
            raise _invalid_type(type_code[0])
        self._objects[index] = name
        return name


def _invalid_type(type_code: int) -> BadStream:
    return BadStream("java.io.StreamCorruptedException", f"invalid type code: {type_code:02X}")


def _rejected_by_filter() -> BadStream:
    """Return the exception for a stream that is too large: what a Java process with an ObjectInputFilter throws."""
    return BadStream("java.io.InvalidClassException", "filter status: REJECTED")
