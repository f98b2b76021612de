"""Reads Java's object serialization without the classes: an object becomes a class name with fields.

The grammar is that of the Java Object Serialization Specification, chapter 6.4, as far as Flink's clients use it in a
JobGraph or a StreamGraph.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flinkmock import limits
from flinkmock.flink.java_exception import JavaException

_HEADER = b"\xac\xed\x00\x05"
_HAS_WRITE_METHOD, _SERIALIZABLE, _EXTERNALIZABLE = 1, 2, 4
_PRIMITIVES = {"B": ">b", "C": ">H", "D": ">d", "F": ">f", "I": ">i", "J": ">q", "S": ">h", "Z": ">?"}


class BadStream(Exception):
    """The bytes are not a serialized object; `cause` is the exception of Java."""

    def __init__(self, java_class: str, text: str | None = None) -> None:
        self.cause = JavaException(java_class, text)
        super().__init__(str(self.cause))


@dataclass(eq=False)
class JavaObject:
    """An object of any class.

    Attributes:
        fields: The fields of its class and of all parents.
        annotations: The values that its writeObject methods added.
        classes: Its class and serializable parents, the topmost first.
    """

    class_name: str
    fields: dict[str, Any] = field(default_factory=dict)
    annotations: list[Any] = field(default_factory=list)
    classes: tuple[str, ...] = ()


@dataclass(eq=False)
class _Class:
    name: str
    flags: int = 0
    fields: list[tuple[str, str]] = field(default_factory=list)
    parent: _Class | None = None
    parents: int = 0


def read_object(data: bytes) -> Any:
    """Return the first object of a stream. Raises BadStream."""
    if len(data) < 4:
        raise BadStream("java.io.EOFException")
    if data[:4] != _HEADER:
        raise BadStream("java.io.StreamCorruptedException", f"invalid stream header: {data[:4].hex().upper()}")
    return _Reader(data).content()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = len(_HEADER)
        self._handles: list[Any] = []
        self._depth = 0
        self._values = 0
        self._readers: dict[int, Callable[[], Any]] = {
            0x70: lambda: None,
            0x71: self._reference,
            0x72: self._class_description,
            0x73: self._object,
            0x74: lambda: self._text(">H"),
            0x75: self._array,
            0x76: self._class_object,
            0x77: lambda: self._take(self._number(">B")),
            0x7A: lambda: self._take(self._number(">i")),
            0x7C: lambda: self._text(">q"),
            0x7D: self._proxy,
            0x7E: self._enum,
        }

    def content(self) -> Any:
        code = self._number(">B")
        if code not in self._readers or self._depth > limits.JAVA_DEPTH:
            raise _invalid_type(code)
        self._values += 1
        if self._values > limits.JAVA_VALUES:
            raise _too_much()
        self._depth += 1
        value = self._readers[code]()
        self._depth -= 1
        return value

    def _take(self, length: int) -> bytes:
        if length < 0 or self._at + length > len(self._data):
            raise BadStream("java.io.EOFException")
        self._at += length
        return self._data[self._at - length : self._at]

    def _number(self, format: str) -> Any:
        return struct.unpack(format, self._take(struct.calcsize(format)))[0]

    def _utf(self, length: str = ">H") -> str:
        return self._take(self._number(length)).decode("utf-8", "replace")

    def _keep(self, value: Any) -> Any:
        self._handles.append(value)
        return value

    def _text(self, length: str) -> str:
        return str(self._keep(self._utf(length)))

    def _reference(self) -> Any:
        index = self._number(">I") - 0x7E0000
        if not 0 <= index < len(self._handles):
            raise BadStream("java.io.StreamCorruptedException", f"invalid handle value: {index + 0x7E0000:08X}")
        return self._handles[index]

    def _class(self) -> _Class | None:
        described = self.content()
        if described is not None and not isinstance(described, _Class):
            raise BadStream("java.io.StreamCorruptedException", "invalid class descriptor")
        return described

    def _class_description(self) -> _Class:
        described = _Class(self._utf())
        self._take(8)
        self._keep(described)
        described.flags = self._number(">B")
        for _ in range(self._number(">H")):
            kind, name = chr(self._number(">B")), self._utf()
            if kind in "L[":
                self.content()
            elif kind not in _PRIMITIVES:
                raise BadStream("java.io.StreamCorruptedException", f"invalid field type: {kind}")
            described.fields.append((name, kind))
        self._annotation()
        described.parent = self._parent_of(described)
        return described

    def _parent_of(self, described: _Class) -> _Class | None:
        parent = ancestor = self._class()
        while ancestor is not None:
            if ancestor is described:
                raise BadStream("java.io.StreamCorruptedException", "invalid class descriptor")
            ancestor = ancestor.parent
        if parent is not None:
            described.parents = parent.parents + 1
            if described.parents > limits.JAVA_PARENTS:
                raise _too_much()
        return parent

    def _proxy(self) -> _Class:
        described = _Class("proxy", _SERIALIZABLE)
        self._keep(described)
        for _ in range(self._number(">i")):
            self._utf()
        self._annotation()
        described.parent = self._parent_of(described)
        return described

    def _class_object(self) -> Any:
        described = self._class()
        return self._keep(described.name if described else None)

    def _annotation(self) -> list[Any]:
        items = []
        while self._data[self._at : self._at + 1] != b"\x78":
            items.append(self.content())
        self._at += 1
        return items

    def _object(self) -> JavaObject:
        described = self._class()
        new = JavaObject(described.name if described else "")
        self._keep(new)
        lineage: list[_Class] = []
        while described is not None:
            lineage.insert(0, described)
            described = described.parent
        new.classes = tuple(level.name for level in lineage)
        for level in lineage:
            if level.flags & _EXTERNALIZABLE:
                new.annotations += self._annotation()
            elif level.flags & _SERIALIZABLE:
                new.fields |= {name: self._value(kind) for name, kind in level.fields}
                if level.flags & _HAS_WRITE_METHOD:
                    new.annotations += self._annotation()
        return new

    def _value(self, kind: str) -> Any:
        return self.content() if kind in "L[" else self._number(_PRIMITIVES[kind])

    def _array(self) -> Any:
        described = self._class()
        kind = described.name[1:2] if described else ""
        index = len(self._handles)
        self._keep(None)
        length = self._number(">i")
        if length < 0:
            raise BadStream("java.lang.NegativeArraySizeException", str(length))
        if kind == "B":
            self._handles[index] = value = self._take(length)
            return value
        if kind not in _PRIMITIVES and kind not in ("L", "["):
            raise BadStream("java.io.StreamCorruptedException", "invalid array type")
        items: list[Any] = []
        self._handles[index] = items
        if kind in _PRIMITIVES:
            self._values += length
            if self._values > limits.JAVA_VALUES:
                raise _too_much()
        for _ in range(length):
            items.append(self._value(kind))
        return items

    def _enum(self) -> str:
        self._class()
        index = len(self._handles)
        self._keep("")
        code = self._data[self._at : self._at + 1]
        name = self.content()
        if not isinstance(name, str):  # ObjectInputStream.readEnum reads a string, or a reference to one
            raise _invalid_type(code[0])
        self._handles[index] = name
        return name


def _invalid_type(code: int) -> BadStream:
    return BadStream("java.io.StreamCorruptedException", f"invalid type code: {code:02X}")


def _too_much() -> BadStream:
    """Return the exception of a Java process with an ObjectInputFilter."""
    return BadStream("java.io.InvalidClassException", "filter status: REJECTED")
