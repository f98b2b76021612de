"""Reads Java's collections and Flink's wrappers in deserialized objects."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from flinkmock.flink.java_serialization.reader import JavaObject, read_object
from flinkmock.flink.option_values import duration_in_ms

_ELEMENT_FIELDS = ("a", "c", "list")
"""The fields of Arrays$ArrayList and Collections$Unmodifiable… that contain the elements."""
_LONG_MASK = (1 << 64) - 1
_DURATION = struct.Struct(">Bqi")
"""The external form of a java.time.Duration: the byte 1, the seconds and the nanoseconds."""


def elements(collection: Any) -> Sequence[Any]:
    """Return the elements of a Java list or set, or the keys and values of a map in turn."""
    if isinstance(collection, list):
        return collection
    if not isinstance(collection, JavaObject):
        return ()
    for name in _ELEMENT_FIELDS:
        if name in collection.fields:
            return elements(collection.fields[name])
    if collection.class_name.endswith("$SingletonList"):
        return [collection.fields["element"]]
    return collection.annotations[1:]  # after the size, which is written first


def map_entries(mapping: Any) -> list[tuple[Any, Any]]:
    """Return the entries of a Java map; keys are unboxed."""
    keys_and_values = list(elements(mapping))
    keys, values = keys_and_values[::2], keys_and_values[1::2]
    return [(unboxed(key), value) for key, value in zip(keys, values, strict=False)]


def string_entries(mapping: Any) -> dict[str, str]:
    """Return the entries of a map whose keys and values are strings; leave out all others."""
    entries = mapping.items() if isinstance(mapping, dict) else map_entries(mapping)
    return {key: value for key, value in entries if isinstance(key, str) and isinstance(value, str)}


def unboxed(value: Any) -> Any:
    """Return the value of a boxed number or boolean; return any other value unchanged."""
    return value.fields["value"] if isinstance(value, JavaObject) and "value" in value.fields else value


def non_empty_text(value: object) -> str | None:
    """Return the value if it is a string that is not empty; otherwise None."""
    return value if isinstance(value, str) and value else None


def deserialized(value: Any) -> Any:
    """Return the object in Flink's SerializedValue; None if `value` is not a SerializedValue."""
    data = value.fields.get("serializedData") if isinstance(value, JavaObject) else None
    return read_object(data) if isinstance(data, bytes) else None


def abstract_id(value: object) -> str | None:
    """Return the hex digits of an AbstractID, which consists of two longs, the lower part first."""
    if not isinstance(value, JavaObject) or not {"lowerPart", "upperPart"} <= value.fields.keys():
        return None
    return "".join(f"{value.fields[part] & _LONG_MASK:016x}" for part in ("lowerPart", "upperPart"))


def simple_name(value: object) -> str:
    """Return the name of an object's class without its package; "" if the value is not an object."""
    return value.class_name.rpartition(".")[2] if isinstance(value, JavaObject) else ""


def is_a(value: object, class_name: str) -> bool:
    """Return whether an object is an instance of a class, which is given without its package."""
    return isinstance(value, JavaObject) and any(name.rpartition(".")[2] == class_name for name in value.classes)


class Options:
    """A serialized `Configuration`. Values that code has set are objects; values from a file are strings.

    Each method takes the keys of one option, the current one and earlier ones, and returns the value of the first key
    that is set. It returns None if there is none, or if the value is not of the type that the method is named after.
    """

    def __init__(self, configuration: Any) -> None:
        fields = configuration.fields if isinstance(configuration, JavaObject) else {}
        self._values: Mapping[str, Any] = dict(map_entries(fields.get("confData")))

    def value(self, *keys: str) -> Any:
        """Return a value of any type, unboxed."""
        return next((unboxed(self._values[key]) for key in keys if key in self._values), None)

    def text(self, *keys: str) -> str | None:
        value = self.value(*keys)
        return None if value is None or isinstance(value, JavaObject) else str(value)

    def integer(self, *keys: str) -> int | None:
        try:
            return int(self.text(*keys) or "")
        except ValueError:
            return None

    def boolean(self, *keys: str) -> bool | None:
        value = self.text(*keys)
        return None if value is None else value.lower() == "true"

    def duration(self, *keys: str) -> int | None:
        """Return a duration in ms."""
        value = self.value(*keys)
        if isinstance(value, JavaObject):
            return duration_ms(value)
        try:
            return None if value is None else duration_in_ms(str(value))
        except ValueError:
            return None

    def entries(self, key: str) -> dict[str, str]:
        """Return the entries of an option whose value is a map of strings, or a text like "k:v,k2:v2"."""
        value = self.value(key)
        if isinstance(value, str):
            return dict(entry.split(":", 1) for entry in value.split(",") if ":" in entry)
        return string_entries(value)


def duration_ms(value: Any) -> int | None:
    """Return a java.time.Duration in ms; None if the value is of another type."""
    data = value.annotations[0] if isinstance(value, JavaObject) and value.annotations else None
    if not isinstance(data, bytes) or len(data) != _DURATION.size:
        return None
    _, seconds, nanoseconds = _DURATION.unpack(data)
    return int(seconds * 1000 + nanoseconds // 1_000_000)
