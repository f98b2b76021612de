"""Parses numbers as Java's `Integer.parseInt` and `Long.parseLong` do, and ids as Flink parses hex strings.

Java accepts the decimal digits of Unicode up to U+FFFF, so `٣` is 3. Ids are read two digits at a time.
See docs/flink-behaviour.md#ids-and-numbers.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

ID_BYTES = 16


class NumberType(NamedTuple):
    """The range of a Java type of whole numbers."""

    minimum: int
    maximum: int


INT = NumberType(-(2**31), 2**31 - 1)
LONG = NumberType(-(2**63), 2**63 - 1)


def parse_number(text: str, number_type: NumberType, radix: int = 10) -> int:
    """Parse a number. Raises ValueError with the text of Java's NumberFormatException."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits:
        raise _number_format_error(text, radix)
    absolute = 0
    for character in digits:
        digit = _digit(character, radix)
        if digit is None:
            raise _number_format_error(text, radix)
        absolute = absolute * radix + digit
        if absolute > number_type.maximum + 1:  # Java stops here too, so that a million digits take no time
            raise _number_format_error(text, radix)
    number = -absolute if text.startswith("-") else absolute
    if not number_type.minimum <= number <= number_type.maximum:
        raise _number_format_error(text, radix)
    return number


def parse_id(text: str) -> str:
    """Parse an id; return 32 lower-case hex digits. A 33rd character is ignored; the pair `-1` means ff.

    Raises:
        ValueError: With the text of Java's exception, which is a NumberFormatException if the text begins with "For
            input string", and an IllegalArgumentException otherwise.
    """
    pairs = [text[start : start + 2] for start in range(0, len(text) - 1, 2)]
    octets = bytes(parse_number(pair, INT, radix=16) & 0xFF for pair in pairs)
    if len(octets) != ID_BYTES:
        raise ValueError("Argument bytes must by an array of 16 bytes")  # sic: AbstractID
    return octets.hex()


def _number_format_error(text: str, radix: int) -> ValueError:
    return ValueError(f'For input string: "{text}"' + ("" if radix == 10 else f" under radix {radix}"))


def _digit(character: str, radix: int) -> int | None:
    """Return what Java's `Character.digit` returns: the value of a decimal digit of any script, or of a Latin letter.

    Fullwidth letters are Latin letters. None if the character is not a digit in the radix.
    """
    if ord(character) > 0xFFFF:
        return None  # two chars in Java, neither of which is a digit
    value = unicodedata.decimal(character, None)
    if value is None:
        is_fullwidth = "\uff21" <= character <= "\uff5a"
        letter = (unicodedata.normalize("NFKC", character) if is_fullwidth else character).lower()
        if not ("a" <= letter <= "z" and len(letter) == 1):
            return None
        value = ord(letter) - ord("a") + 10
    return value if value < radix else None
