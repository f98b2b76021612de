"""How Java prints a value and in which order its hash tables give back their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

JavaValue = bool | int | float | str


def java_text(value: JavaValue) -> str:
    """`String.valueOf(value)`: true, 17, 0.5, 1.0E7, NaN."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return double_text(value)
    return str(value)


def double_text(value: float) -> str:
    """`Double.toString`: plain from 0.001 to 10,000,000, beyond that with an exponent, always with a decimal point."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = format(Decimal(repr(value)), "f")
        return text if "." in text else text + ".0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    head, tail = str(digits[0]), "".join(map(str, digits[1:])) or "0"
    return f"{'-' if sign else ''}{head}.{tail}E{exponent + len(digits) - 1}"


def string_hash(text: str) -> int:
    """`String.hashCode` as an unsigned 32-bit number."""
    code = 0
    for unit in memoryview(text.encode("utf-16-le")).cast("H"):
        code = (31 * code + unit) & 0xFFFFFFFF
    return code


def id_hash(digits: str) -> int:
    """`AbstractID.hashCode` of an id of 32 hex digits: its two longs, folded."""
    code = 0
    for place in range(0, 32, 8):
        code ^= int(digits[place : place + 8], 16)
    return code


def hash_order(names: Iterable[str], code: Callable[[str], int] = string_hash) -> list[str]:
    """The names without repetitions, in the order in which a `java.util.HashMap` filled with them gives them back.

    Flink answers metrics asked for with `get=` and the cluster's configuration in this order (recording of 2.3.0,
    suite cluster).
    """
    distinct = list(dict.fromkeys(names))
    size = 16
    while len(distinct) > size * 3 // 4:
        size *= 2
    return sorted(distinct, key=lambda name: _bucket(code(name), size))


def _bucket(code: int, size: int) -> int:
    return (code ^ (code >> 16)) & (size - 1)
