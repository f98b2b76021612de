"""Parses numbers as Java's `Integer.parseInt` and `Long.parseLong` do, and ids as Flink parses hex strings.

Java accepts all decimal digits of Unicode, so `٣` is 3. Ids are read two digits at a time.
See docs/flink-behaviour.md#ids-and-numbers.
"""

from __future__ import annotations

import unicodedata

INT = (-(2**31), 2**31 - 1)
LONG = (-(2**63), 2**63 - 1)
ID_BYTES = 16


def parse_number(text: str, limits: tuple[int, int], radix: int = 10) -> int:
    """Parse a number. Raises ValueError with the text of Java's NumberFormatException."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits:
        raise ValueError(_for_input(text, radix))
    value = 0
    for character in digits:
        digit = _digit(character, radix)
        if digit is None:
            raise ValueError(_for_input(text, radix))
        value = value * radix + digit
        if value > limits[1] + 1:  # Java stops here too, so that a million digits take no time
            raise ValueError(_for_input(text, radix))
    value = -value if text.startswith("-") else value
    if not limits[0] <= value <= limits[1]:
        raise ValueError(_for_input(text, radix))
    return value


def parse_id(text: str) -> str:
    """Parse an id; return 32 lower-case hex digits. A 33rd character is ignored; the pair `-1` means ff.

    Raises:
        ValueError: With the text of Java's exception, which is a NumberFormatException if the text begins with "For
            input string", and an IllegalArgumentException otherwise.
    """
    pairs = [text[at : at + 2] for at in range(0, len(text) - 1, 2)]
    octets = bytes(parse_number(pair, INT, radix=16) & 0xFF for pair in pairs)
    if len(octets) != ID_BYTES:
        raise ValueError("Argument bytes must by an array of 16 bytes")  # sic: AbstractID
    return octets.hex()


def _for_input(text: str, radix: int) -> str:
    return f'For input string: "{text}"' + ("" if radix == 10 else f" under radix {radix}")


def _digit(character: str, radix: int) -> int | None:
    """Return the value of a digit, as Java's `Character.digit`: decimal digits of all scripts, and Latin letters."""
    if ord(character) > 0xFFFF:
        return None  # two chars in Java, neither of which is a digit
    value = unicodedata.decimal(character, None)
    if value is None:
        plain = unicodedata.normalize("NFKC", character) if "\uff21" <= character <= "\uff5a" else character
        lower = plain.lower()
        if not ("a" <= lower <= "z" and len(lower) == 1):
            return None
        value = ord(lower) - ord("a") + 10
    return value if value < radix else None
