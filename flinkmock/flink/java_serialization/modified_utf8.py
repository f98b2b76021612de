"""Java's modified UTF-8, the encoding of strings in `java.io.DataOutput` and `DataInput`."""

from __future__ import annotations

import re

_UNIT = re.compile(rb"[\x00-\x7f]|[\xc0-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")
"""One UTF-16 code unit. Like Java, this accepts more bytes than necessary for a unit."""


def modified_utf8(text: str) -> bytes:
    """Encode text as DataOutput.writeUTF does: NUL as two bytes, characters above U+FFFF as two surrogates."""
    utf16 = memoryview(text.encode("utf-16-be", "surrogatepass"))
    data = bytearray()
    for index in range(0, len(utf16), 2):
        unit = utf16[index] << 8 | utf16[index + 1]
        if 0 < unit < 0x80:
            data.append(unit)
        elif unit < 0x800:
            data += bytes((0xC0 | unit >> 6, 0x80 | unit & 0x3F))
        else:
            data += bytes((0xE0 | unit >> 12, 0x80 | unit >> 6 & 0x3F, 0x80 | unit & 0x3F))
    return bytes(data)


def decode_modified_utf8(data: bytes) -> str:
    """Decode text as DataInput.readUTF does.

    A surrogate without its partner becomes "?", as in text that Java encodes. Raises ValueError if the bytes are
    invalid.
    """
    if data.isascii():
        return data.decode("ascii")
    utf16 = bytearray()
    position = 0
    while position < len(data):
        match = _UNIT.match(data, position)
        if match is None:
            raise ValueError(f"byte {position} is not modified UTF-8")
        first, *others = match[0]
        unit = first if not others else first & (0x1F if len(others) == 1 else 0x0F)
        for byte in others:
            unit = unit << 6 | byte & 0x3F
        utf16 += unit.to_bytes(2, "big")
        position = match.end()
    return utf16.decode("utf-16-be", "surrogatepass").encode(errors="replace").decode()
