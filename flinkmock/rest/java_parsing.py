"""Numbers and ids as Java's `Integer.parseInt`, `Long.parseLong` and Flink's hex strings read them.

Java takes any decimal digit of Unicode, so `٣` is 3; and ids are read two digits at a time.
See docs/flink-behaviour.md#ids-and-numbers.
"""

from __future__ import annotations

import unicodedata

INT = (-(2**31), 2**31 - 1)
LONG = (-(2**63), 2**63 - 1)
ID_BYTES = 16


def parse_number(text: str, limits: tuple[int, int], radix: int = 10) -> int:
    """Raises ValueError with Java's text, which is that of a NumberFormatException."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits:
        raise ValueError(_for_input(text, radix))
    value = 0
    for character in digits:
        digit = _digit(character, radix)
        if digit is None:
            raise ValueError(_for_input(text, radix))
        value = value * radix + digit
        if value > limits[1] + 1:  # Java stops here too, and a million digits cost no time
            raise ValueError(_for_input(text, radix))
    value = -value if text.startswith("-") else value
    if not limits[0] <= value <= limits[1]:
        raise ValueError(_for_input(text, radix))
    return value


def parse_id(text: str) -> str:
    """32 lower-case hex digits. A 33rd character is not looked at; `-1` is a pair, and means ff.

    Raises ValueError; the text is that of the Java exception: of a NumberFormatException if it begins with "For input
    string", else of an IllegalArgumentException.
    """
    pairs = [text[at : at + 2] for at in range(0, len(text) - 1, 2)]
    octets = bytes(parse_number(pair, INT, radix=16) & 0xFF for pair in pairs)
    if len(octets) != ID_BYTES:
        raise ValueError("Argument bytes must by an array of 16 bytes")
    return octets.hex()


def _for_input(text: str, radix: int) -> str:
    return f'For input string: "{text}"' + ("" if radix == 10 else f" under radix {radix}")


def _digit(character: str, radix: int) -> int | None:
    """`Character.digit`: decimal digits of all scripts, and Latin letters, those of full width too."""
    if ord(character) > 0xFFFF:
        return None  # two chars in Java, neither of them a digit
    value = unicodedata.decimal(character, None)
    if value is None:
        plain = unicodedata.normalize("NFKC", character) if "\uff21" <= character <= "\uff5a" else character
        lower = plain.lower()
        if not ("a" <= lower <= "z" and len(lower) == 1):
            return None
        value = ord(lower) - ord("a") + 10
    return value if value < radix else None
