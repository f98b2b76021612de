"""Parses the target of a request line as Netty's QueryStringDecoder does.

Bytes that are not ASCII are read as Latin-1, as in Netty; escapes such as `%C3%A9` are read as UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flinkmock.flink import messages

_PATH_END = re.compile("[?#]")
_HEX = frozenset("0123456789abcdefABCDEF")


class BadEscape(Exception):
    """A `%` that is not followed by two hex digits. The text is Netty's."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed target.

    Attributes:
        raw: The target as it was sent.
        path: The path, decoded once.
        query: Name -> its values in their order, decoded.
    """

    raw: str
    path: str
    query: Mapping[str, list[str]]

    @classmethod
    def parse(cls, raw: str) -> Target:
        """Parse a target. Raises BadEscape, even for a query that the operation doesn't read."""
        end = _PATH_END.search(raw)
        path_end = end.start() if end else len(raw)
        return cls(raw, decode(raw, 0, path_end, plus_is_space=False), _query(raw, path_end))


def decode(text: str, start: int = 0, end: int | None = None, *, plus_is_space: bool = True) -> str:
    """Return the part of `text` from `start` to `end`, with its escapes decoded.

    Raises:
        BadEscape: A `%` is not followed by two hex digits. The index in the message counts from the start of `text`.
    """
    end = len(text) if end is None else end
    part = text[start:end]
    if "%" not in part:
        return part.replace("+", " ") if plus_is_space else part
    pieces: list[str] = []
    index = start
    while index < end:
        if text[index] != "%":
            next_escape = text.find("%", index, end)
            next_escape = end if next_escape < 0 else next_escape
            piece = text[index:next_escape]
            pieces.append(piece.replace("+", " ") if plus_is_space else piece)
            index = next_escape
            continue
        octets = bytearray()
        while index < end and text[index] == "%":
            if index + 3 > end:
                raise BadEscape(messages.unterminated_escape(index, text))
            digits = text[index + 1 : index + 3]
            if not _HEX.issuperset(digits):
                raise BadEscape(messages.invalid_hex_byte(digits, index + 1, text))
            octets.append(int(digits, 16))
            index += 3
        pieces.append(octets.decode("utf-8", errors="replace"))
    return "".join(pieces)


def _query(raw: str, path_end: int) -> dict[str, list[str]]:
    start = path_end + 1 if raw[path_end : path_end + 1] == "?" else path_end
    fragment = raw.find("#", start)
    end = len(raw) if fragment < 0 else fragment
    query: dict[str, list[str]] = {}
    for match in re.compile("[^&;]+").finditer(raw, start, end):  # `;` separates like `&`
        name_start, piece_end = match.span()
        while name_start < piece_end and raw[name_start] == "=":  # `==x` is the name `x`
            name_start += 1
        if name_start == piece_end:
            continue
        equals = raw.find("=", name_start, piece_end)
        name_end = piece_end if equals < 0 else equals
        value_start = piece_end if equals < 0 else equals + 1
        name, value = decode(raw, name_start, name_end), decode(raw, value_start, piece_end)
        query.setdefault(name, []).append(value)
    return query
