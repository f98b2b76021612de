"""Formats values as Java does, and sorts keys in the order of its hash maps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal

from flinkmock.release import Release

JavaValue = bool | int | float | str
MAX_INT = 2_147_483_647
"""Integer.MAX_VALUE."""
MAX_LONG = (1 << 63) - 1
"""Long.MAX_VALUE."""


def java_text(value: JavaValue) -> str:
    """Return `String.valueOf(value)`, e.g. true, 17, 0.5, 1.0E7 or NaN."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return java_double(value)
    return f"{value}"


def java_double(value: float) -> str:
    """Return `Double.toString(value)`, e.g. 1.0, 0.001, 1.0E-4, 1.0E10, NaN or -Infinity.

    Numbers have an exponent unless they are 0 or their absolute value is at least 0.001 and below 10,000,000. All have
    a decimal point.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    significant = "".join(map(str, digits)).rstrip("0")
    if len(significant) == 1:  # Java prints the nearest two digits: 4.9E-324, not 5e-324
        return format(value, ".1e").replace("e+", "e").replace("e0", "e").replace("e-0", "e-").upper()
    scientific_exponent = len(digits) - 1 + int(exponent)
    return f"{'-' if sign else ''}{significant[0]}.{significant[1:] or '0'}E{scientific_exponent}"


def string_hash(text: str) -> int:
    """Return `String.hashCode` as an unsigned 32-bit number."""
    code = 0
    for unit in memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H"):
        code = (31 * code + unit) & 0xFFFFFFFF
    return code


def id_hash(digits: str) -> int:
    """Return `AbstractID.hashCode` of an id of 32 hex digits: its four words of 32 bits, combined by XOR."""
    code = 0
    for start in range(0, 32, 8):
        code ^= int(digits[start : start + 8], 16)
    return code


def objects_hash(*hash_codes: int) -> int:
    """Return `Objects.hash` of objects with the given hash codes, as an unsigned 32-bit number."""
    result = 1
    for code in hash_codes:
        result = (31 * result + code) & 0xFFFFFFFF
    return result


_INITIAL_TABLE_SIZE = 16
"""The default size of the hash table of a `java.util.HashMap`. A table that is more than 3/4 full is doubled."""


def hash_order(
    names: Iterable[str], hash_code: Callable[[str], int] = string_hash, *, table_size: int = _INITIAL_TABLE_SIZE
) -> list[str]:
    """Return the distinct names in the iteration order of a `java.util.HashMap` or `HashSet`.

    Flink lists the cluster's configuration (recording of 2.3.0, suite cluster), requested metrics, the nodes of a
    stream graph, and the vertices of requirements and rescales in this order.

    Args:
        names: The keys of the map, in the order in which they are added.
        hash_code: Returns the hash code of the Java object that a name stands for, by default a string.
        table_size: The initial size of the hash table.
    """
    distinct = list(dict.fromkeys(names))
    while len(distinct) > table_size * 3 // 4:
        table_size *= 2
    return _bucket_order(distinct, hash_code, table_size)


def concurrent_hash_order(names: Iterable[str]) -> list[str]:
    """Return the distinct names in the iteration order of a `ConcurrentHashMap`, whose table is doubled at 3/4.

    Names in one bucket keep their order; Java may reverse some of them when the table grows.
    """
    distinct = list(dict.fromkeys(names))
    table_size = _INITIAL_TABLE_SIZE
    while len(distinct) >= table_size * 3 // 4:
        table_size *= 2
    return _bucket_order(distinct, string_hash, table_size)


def _bucket_order(names: list[str], hash_code: Callable[[str], int], table_size: int) -> list[str]:
    return sorted(names, key=lambda name: _bucket(hash_code(name), table_size))


def _bucket(hash_code: int, table_size: int) -> int:
    return (hash_code ^ (hash_code >> 16)) & (table_size - 1)


def duration_text(ms: int, release: Release) -> str:
    """Return a duration as messages have it: `1000 ms` (Flink's `Time`), since 2.0 `PT1S` (`java.time.Duration`)."""
    if not release.since("2.0"):
        return f"{ms} ms"
    hours, ms_of_hour = divmod(ms, 3_600_000)
    minutes, ms_of_minute = divmod(ms_of_hour, 60_000)
    text = "PT"
    if hours:
        text += f"{hours}H"
    if minutes:
        text += f"{minutes}M"
    if ms_of_minute or ms == 0:
        text += f"{ms_of_minute / 1000:g}S"
    return text
