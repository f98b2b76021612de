"""Writes Java's object serialization: objects, strings, arrays, numbers and collections.

The bytes are those of `java.io.ObjectOutputStream` (Java Object Serialization Specification, chapter 6).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from flinkmock.flink.java_serialization.class_descriptions import (
    ARRAY_LIST,
    BOOLEAN,
    BYTES,
    DOUBLE,
    INTEGER,
    LONG,
    TREE_MAP,
    JavaClass,
)

MAGIC = b"\xac\xed\x00\x05"
_NULL, _REFERENCE, _CLASS, _OBJECT, _STRING, _ARRAY, _BLOCK, _END, _LONG_STRING = b"pqrstuwx|"
_BASE_HANDLE = 0x7E0000

JavaValue = bool | int | float | str | bytes | list["JavaValue"] | dict["JavaValue", "JavaValue"] | None


class Long(int):
    """An int that is written as a `java.lang.Long` even if it is small."""


class ObjectStream:
    """A stream of Java's object serialization. Objects that occur again are written as references."""

    def __init__(self) -> None:
        self._out = bytearray(MAGIC)
        self._handles: dict[str | JavaClass, int] = {}
        self._count = 0

    def written(self) -> bytes:
        """Return the bytes of the stream."""
        return bytes(self._out)

    def put(self, data: bytes) -> None:
        """Write raw data."""
        self._out += data

    def end(self) -> None:
        """Write the end of data that is not in fields."""
        self._out.append(_END)

    def null(self) -> None:
        self._out.append(_NULL)

    def _handle(self, entry: str | JavaClass | None = None) -> None:
        if entry is not None:
            self._handles[entry] = self._count
        self._count += 1

    def _reference(self, entry: str | JavaClass) -> bool:
        if entry not in self._handles:
            return False
        self.put(struct.pack(">BI", _REFERENCE, _BASE_HANDLE + self._handles[entry]))
        return True

    def string(self, text: str | None) -> None:
        if text is None:
            self.null()
        elif not self._reference(text):
            data = modified_utf8(text)
            self._handle(text)
            if len(data) < 1 << 16:
                self.put(struct.pack(">BH", _STRING, len(data)) + data)
            else:
                self.put(struct.pack(">BQ", _LONG_STRING, len(data)) + data)

    def describe(self, described: JavaClass | None) -> None:
        """Write the description of a class and of its parents; None: the end of the parents."""
        if described is None:
            self.null()
        elif not self._reference(described):
            self.put(bytes([_CLASS]) + _utf(described.name) + struct.pack(">Q", described.uid))
            self._handle(described)
            self.put(struct.pack(">BH", 3 if described.writes_more else 2, len(described.fields)))
            for name, kind in described.fields:
                self.put(kind[:1].encode() + _utf(name))
                if kind[0] in "L[":
                    self.string(kind)
            self.end()
            self.describe(described.parent)

    def object(self, described: JavaClass, body: Callable[[], None]) -> None:
        """Write an object. `body` writes the values of the fields, those of the topmost parent first."""
        self.put(bytes([_OBJECT]))
        self.describe(described)
        self._handle()
        body()

    def array(self, described: JavaClass, items: list[Callable[[], None]]) -> None:
        """Write an array of objects. Each of `items` writes one."""
        self.put(bytes([_ARRAY]))
        self.describe(described)
        self._handle()
        self.put(struct.pack(">i", len(items)))
        for write in items:
            write()

    def byte_array(self, data: bytes | None) -> None:
        if data is None:
            self.null()
        else:
            self.put(bytes([_ARRAY]))
            self.describe(BYTES)
            self._handle()
            self.put(struct.pack(">I", len(data)) + data)

    def _block(self, number: int) -> None:
        self.put(struct.pack(">BBi", _BLOCK, 4, number))

    def value(self, value: JavaValue) -> None:
        """Write a value. Raises TypeError if its type has no Java class."""
        if value is None:
            self.null()
        elif isinstance(value, bool):
            self.object(BOOLEAN, lambda: self.put(bytes([value])))
        elif isinstance(value, bytes):
            self.byte_array(value)
        elif isinstance(value, str):
            self.string(value)
        elif isinstance(value, float):
            self.object(DOUBLE, lambda: self.put(struct.pack(">d", value)))
        elif isinstance(value, int):
            small = not isinstance(value, Long) and -(1 << 31) <= value < 1 << 31
            self.object(INTEGER if small else LONG, lambda: self.put(struct.pack(">i" if small else ">q", value)))
        elif isinstance(value, list):
            self.object(ARRAY_LIST, lambda: self._list(value))
        elif isinstance(value, dict):
            self.object(TREE_MAP, lambda: self._map(value))
        else:
            raise TypeError(f"no Java class is known for {value!r}")

    def _list(self, items: list[JavaValue]) -> None:
        self.put(struct.pack(">i", len(items)))
        self._block(len(items))
        for item in items:
            self.value(item)
        self.end()

    def _map(self, entries: dict[JavaValue, JavaValue]) -> None:
        self.null()  # no comparator
        self._block(len(entries))
        for key, item in entries.items():
            self.value(key)
            self.value(item)
        self.end()


def _utf(text: str) -> bytes:
    data = modified_utf8(text)
    return struct.pack(">H", len(data)) + data


def modified_utf8(text: str) -> bytes:
    """Encode text as DataOutput.writeUTF does: NUL as two bytes, characters above U+FFFF as two surrogates."""
    units = memoryview(text.encode("utf-16-be", "surrogatepass"))
    out = bytearray()
    for index in range(0, len(units), 2):
        unit = units[index] << 8 | units[index + 1]
        if 0 < unit < 0x80:
            out.append(unit)
        elif unit < 0x800:
            out += bytes((0xC0 | unit >> 6, 0x80 | unit & 0x3F))
        else:
            out += bytes((0xE0 | unit >> 12, 0x80 | unit >> 6 & 0x3F, 0x80 | unit & 0x3F))
    return bytes(out)
