"""Placeholders: generated values for fields that no handler provides. They fit the name and format of a field."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from hashlib import blake2b
from typing import Any, Protocol

from flinkmock.cluster.clock import DEFAULT_START_TIME
from flinkmock.contract.schema_branches import allowed_types

FieldPath = tuple[Any, str | int] | None
"""The path of a field in a body: (path of the parent, key or index); None is the whole body. It is a linked list,
because most paths are never needed as text."""

_DAY_MS = 24 * 3600 * 1000
_MIB = 1 << 20
_FIRST_EPHEMERAL_PORT, _EPHEMERAL_PORT_COUNT = 32_768, 28_232
"""The default range of Linux, from which servers that listen on port 0 get their ports."""


def pointer(path: FieldPath) -> str:
    """Return the JSON pointer of a path."""
    steps: list[str] = []
    while path is not None:
        path, step = path
        steps.append(str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{step}" for step in reversed(steps))


class PlaceholderSource(Protocol):
    """Provides values for fields that the payload lacks."""

    def leaf(self, schema: Mapping[str, Any], path: FieldPath) -> Any:
        """Return a value for a schema that is neither object nor array."""

    def length(self, path: FieldPath) -> int:
        """Return the number of items of an array, or of entries of a map."""

    def name(self, schema: Mapping[str, Any], path: FieldPath) -> str:
        """Return a key of a map; `schema` is the schema of its keys."""


class GeneratedPlaceholders:
    """Generates values from a hash of `salt` and path. English words come from Faker (the extra `synthesis`)."""

    def __init__(self, salt: str) -> None:
        self.salt = salt

    def leaf(self, schema: Mapping[str, Any], path: FieldPath) -> Any:
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        json_types = allowed_types(schema)
        if not json_types:
            return {}
        if "null" in json_types:  # Flink uses null for unknown values
            return None
        number = self._number(path)
        name = str(path[1]) if path else ""
        if "integer" in json_types:
            return _integer(schema, name, number)
        if "number" in json_types:
            return round(number % 1000 / 1000, 3)
        if "boolean" in json_types:
            return bool(number % 2)
        return self._string(schema, name.lower(), number)

    def length(self, path: FieldPath) -> int:
        return 1 + self._number(path) % 2

    def name(self, schema: Mapping[str, Any], path: FieldPath) -> str:
        return str(self._string(schema, "name", self._number(path)))

    def _number(self, path: FieldPath) -> int:
        digest = blake2b(f"{self.salt}\0{pointer(path)}".encode(), digest_size=16).digest()
        return int.from_bytes(digest, "big")

    def _string(self, schema: Mapping[str, Any], name: str, number: int) -> str:
        if "32" in schema.get("pattern", ""):
            return f"{number:032x}"
        if schema.get("contentEncoding") == "base64":
            return base64.b64encode(number.to_bytes(16, "big")).decode()
        self._faker.seed_instance(number)
        for words, generate in _STRINGS:
            if any(word in name for word in words):
                return generate(self._faker, number)
        return str(self._faker.word())

    @cached_property
    def _faker(self) -> Any:
        # imported late, because the import takes longer than the start of a cluster, and only imported releases need it
        from faker.generator import Generator
        from faker.providers.internet.en_US import Provider as Internet
        from faker.providers.lorem.en_US import Provider as Lorem

        generator = Generator()
        generator.add_provider(Lorem)
        generator.add_provider(Internet)
        return generator


def _words_of(name: str) -> frozenset[str]:
    """Return the words of names like "startTimestampInMillis" and "start-time" in lower case."""
    return frozenset(word.lower() for word in _WORDS.findall(name))


_WORDS = re.compile(r"[A-Za-z][a-z]*")
_TIMES = frozenset(("timestamp", "time", "now", "uploaded", "mtime", "modification"))
_DURATIONS = frozenset(("accumulated", "duration", "delay", "interval", "timeout", "runtime", "millis"))
_SIZES = frozenset(("size", "bytes", "memory", "heap", "used", "committed", "overhead", "metaspace"))
_COUNTS = frozenset(("parallelism", "slots", "subtasks", "bound"))


def _integer(schema: Mapping[str, Any], name: str, number: int) -> int:
    words = _words_of(name)
    if words & _TIMES and "accumulated" not in words and schema.get("format") == "int64":
        return DEFAULT_START_TIME + number % (30 * _DAY_MS)
    if words & _DURATIONS:
        return number % 10_000
    if words & _SIZES:
        return number % (64 * _MIB)
    if words & _COUNTS:
        return 1 + number % 4
    return _port(number) if "port" in words else number % 100


def _port(number: int) -> int:
    return _FIRST_EPHEMERAL_PORT + number % _EPHEMERAL_PORT_COUNT


def _uuid(_: Any, number: int) -> str:
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


_STRINGS: tuple[tuple[tuple[str, ...], Callable[[Any, int], str]], ...] = (
    (("uuid",), _uuid),
    (("stack", "exception", "cause"), lambda faker, _: f"java.lang.RuntimeException: {faker.sentence(nb_words=4)}"),
    (("url", "address"), lambda faker, number: f"http://{faker.word()}.example:{8081 + number % 900}"),
    (("endpoint",), lambda faker, number: f"{faker.word()}.example:{_port(number)}"),
    (("host",), lambda faker, _: f"{faker.word()}.example"),
    (("path", "location", "file"), lambda faker, number: f"file:/{faker.word()}/{faker.word()}-{number % 1000}"),
    (("description", "message", "info", "reason"), lambda faker, _: str(faker.sentence(nb_words=6))),
    (("version",), lambda _, number: f"{1 + number % 3}.{number % 20}.{number % 7}"),
    (("name", "task", "operator"), lambda faker, _: " ".join(faker.words(nb=2)).title()),
    (("id",), lambda _, number: f"{number:032x}"),
)
"""(Words in the name of a property, function that generates a text from Faker and a hash). The first match applies."""
