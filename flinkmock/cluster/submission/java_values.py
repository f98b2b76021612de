"""Reads Java's collections and Flink's wrappers in deserialized objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flinkmock.flink.configuration import milliseconds
from flinkmock.flink.java_serialization.reader import JavaObject, read_object

_WRAPPED = ("a", "c", "list")
"""The fields of Arrays$ArrayList and Collections$Unmodifiable… that contain the elements."""


def items(collection: Any) -> Sequence[Any]:
    """Return the elements of a Java list or set."""
    if isinstance(collection, list):
        return collection
    if not isinstance(collection, JavaObject):
        return ()
    for wrapped in _WRAPPED:
        if wrapped in collection.fields:
            return items(collection.fields[wrapped])
    if collection.class_name.endswith("$SingletonList"):
        return [collection.fields["element"]]
    return collection.annotations[1:]  # after the size, which is written first


def pairs(mapping: Any) -> list[tuple[Any, Any]]:
    """Return the entries of a Java map; keys are plain values."""
    flat = list(items(mapping))
    return [(plain(key), value) for key, value in zip(flat[::2], flat[1::2], strict=False)]


def texts(mapping: Any) -> dict[str, str]:
    """Return the entries of a map whose keys and values are strings; leave out all others."""
    entries = mapping.items() if isinstance(mapping, dict) else pairs(mapping)
    return {key: value for key, value in entries if isinstance(key, str) and isinstance(value, str)}


def plain(value: Any) -> Any:
    """Return the value of a boxed number or boolean; return any other value unchanged."""
    return value.fields["value"] if isinstance(value, JavaObject) and "value" in value.fields else value


def text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def deserialized(value: Any) -> Any:
    """Return the object in Flink's SerializedValue."""
    data = value.fields.get("serializedData") if isinstance(value, JavaObject) else None
    return read_object(data) if isinstance(data, bytes) else None


def abstract_id(value: object) -> str | None:
    """Return the hex digits of an AbstractID, which consists of two longs, the lower part first."""
    if not isinstance(value, JavaObject) or not {"lowerPart", "upperPart"} <= value.fields.keys():
        return None
    return "".join(f"{value.fields[part] & (1 << 64) - 1:016x}" for part in ("lowerPart", "upperPart"))


def simple_name(value: object) -> str:
    """Return the name of an object's class without its package; "" if the value is not an object."""
    return value.class_name.rpartition(".")[2] if isinstance(value, JavaObject) else ""


def is_a(value: object, class_name: str) -> bool:
    """Return whether an object is an instance of a class, which is given without its package."""
    return isinstance(value, JavaObject) and any(name.rpartition(".")[2] == class_name for name in value.classes)


class Options:
    """A serialized `Configuration`. Values that code has set are objects; values from a file are strings."""

    def __init__(self, configuration: Any) -> None:
        fields = configuration.fields if isinstance(configuration, JavaObject) else {}
        self._values: Mapping[str, Any] = dict(pairs(fields.get("confData")))

    def value(self, *keys: str) -> Any:
        """Return the value of the first key that has one; None if no key has a value."""
        return next((plain(self._values[key]) for key in keys if key in self._values), None)

    def text(self, *keys: str) -> str | None:
        value = self.value(*keys)
        return None if value is None or isinstance(value, JavaObject) else str(value)

    def integer(self, *keys: str) -> int | None:
        try:
            return int(self.text(*keys) or "")
        except ValueError:
            return None

    def decimal(self, *keys: str) -> float | None:
        try:
            return float(self.text(*keys) or "")
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
            return None if value is None else milliseconds(str(value))
        except ValueError:
            return None

    def entries(self, key: str) -> dict[str, str]:
        """Return the entries of a map of strings, which is a map or a text like "k:v,k2:v2"."""
        value = self.value(key)
        if isinstance(value, str):
            return dict(entry.split(":", 1) for entry in value.split(",") if ":" in entry)
        return texts(value)


def duration_ms(value: Any) -> int | None:
    """Return a java.time.Duration in ms. Its external form is the byte 1, the seconds and the nanoseconds."""
    data = value.annotations[0] if isinstance(value, JavaObject) and value.annotations else None
    if not isinstance(data, bytes) or len(data) != 13:
        return None
    return int.from_bytes(data[1:9], "big", signed=True) * 1000 + int.from_bytes(data[9:], "big") // 1_000_000
