"""Where values come from that no fact tells: made up, but the same each time, and likely by name and format."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from hashlib import blake2b
from typing import Any, Protocol

from flinkmock.contract.one_of import types
from flinkmock.named_random import EPOCH_MS

Where = tuple[Any, str | int] | None
"""A place in a body: (place of the parent, key or index); None is the whole body. Made for every container that is
built, so it is no string until somebody needs one."""

_DAY_MS = 24 * 3600 * 1000


def pointer(where: Where) -> str:
    """The JSON pointer of a place."""
    steps: list[str] = []
    while where is not None:
        where, step = where
        steps.append(str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{step}" for step in reversed(steps))


class PlaceholderSource(Protocol):
    """Makes up what no fact tells."""

    def leaf(self, schema: Mapping[str, Any], where: Where) -> Any:
        """A value for a schema that is neither object nor array."""

    def length(self, where: Where) -> int:
        """How many items an array, or entries a map, has."""

    def name(self, schema: Mapping[str, Any], where: Where) -> str:
        """A key of a map; `schema` is that of its names."""


class GeneratedPlaceholders:
    """Values from a hash of (`salt`, place); words come from Faker (the extra `synthesis`), imported when the
    first word is needed."""

    def __init__(self, salt: str) -> None:
        self.salt = salt

    def leaf(self, schema: Mapping[str, Any], where: Where) -> Any:
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        kinds = types(schema)
        if not kinds or "null" in kinds:
            # nothing known is what Flink itself tells by null
            return None if kinds else {}
        number = self._number(where)
        name = str(where[1]) if where else ""
        if "integer" in kinds:
            return _integer(schema, name, number)
        if "number" in kinds:
            return round(number % 1000 / 1000, 3)
        if "boolean" in kinds:
            return bool(number % 2)
        return self._string(schema, name.lower(), number)

    def length(self, where: Where) -> int:
        return 1 + self._number(where) % 2

    def name(self, schema: Mapping[str, Any], where: Where) -> str:
        return str(self._string(schema, "name", self._number(where)))

    def _number(self, where: Where) -> int:
        digest = blake2b(f"{self.salt}\0{pointer(where)}".encode(), digest_size=16).digest()
        return int.from_bytes(digest, "big")

    def _string(self, schema: Mapping[str, Any], name: str, number: int) -> str:
        if "32" in schema.get("pattern", ""):
            return f"{number:032x}"
        if schema.get("contentEncoding") == "base64":
            return base64.b64encode(number.to_bytes(16, "big")).decode()
        self._words.seed_instance(number)
        for words, make in _STRINGS:
            if any(word in name for word in words):
                return make(self._words, number)
        return str(self._words.word())

    @cached_property
    def _words(self) -> Any:
        # Faker takes longer to import than a cluster takes to start, and only imported releases need it: it is an extra
        from faker.generator import Generator
        from faker.providers.internet.en_US import Provider as Internet
        from faker.providers.lorem.en_US import Provider as Lorem

        generator = Generator()
        generator.add_provider(Lorem)
        generator.add_provider(Internet)
        return generator


def _words_of(name: str) -> frozenset[str]:
    """ "startTimestampInMillis" and "start-time" by their words, in lower case."""
    return frozenset(word.lower() for word in _WORDS.findall(name))


_WORDS = re.compile(r"[A-Za-z][a-z]*")
_TIMES = frozenset(("timestamp", "time", "now", "uploaded", "mtime", "modification"))
_SPANS = frozenset(("accumulated", "duration", "delay", "interval", "timeout", "runtime", "millis"))
_SIZES = frozenset(("size", "bytes", "memory", "heap", "used", "committed", "overhead", "metaspace"))
_COUNTS = frozenset(("parallelism", "slots", "subtasks", "bound"))


def _integer(schema: Mapping[str, Any], name: str, number: int) -> int:
    words = _words_of(name)
    if words & _TIMES and "accumulated" not in words and schema.get("format") == "int64":
        return EPOCH_MS + number % (30 * _DAY_MS)
    if words & _SPANS:
        return number % 10_000
    if words & _SIZES:
        return number % (64 << 20)
    if words & _COUNTS:
        return 1 + number % 4
    return 32_768 + number % 28_232 if "port" in words else number % 100


def _uuid(_: Any, number: int) -> str:
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


# By a part of the property's name; the first that fits.
_STRINGS: tuple[tuple[tuple[str, ...], Callable[[Any, int], str]], ...] = (
    (("uuid",), _uuid),
    (("stack", "exception", "cause"), lambda words, _: f"java.lang.RuntimeException: {words.sentence(nb_words=4)}"),
    (("url", "address"), lambda words, number: f"http://{words.word()}.example:{8081 + number % 900}"),
    (("endpoint",), lambda words, number: f"{words.word()}.example:{32_768 + number % 28_232}"),
    (("host",), lambda words, _: f"{words.word()}.example"),
    (("path", "location", "file"), lambda words, number: f"file:/{words.word()}/{words.word()}-{number % 1000}"),
    (("description", "message", "info", "reason"), lambda words, _: str(words.sentence(nb_words=6))),
    (("version",), lambda _, number: f"{1 + number % 3}.{number % 20}.{number % 7}"),
    (("name", "task", "operator"), lambda words, _: " ".join(words.words(nb=2)).title()),
    (("id",), lambda _, number: f"{number:032x}"),
)
