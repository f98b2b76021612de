"""Reads numbers, durations and sizes of a scenario, whose form the schema has checked."""

from __future__ import annotations

from collections.abc import Callable

from flinkmock.cluster.spec import DurationSpec, Polls, Signal
from flinkmock.errors import InvalidArgument
from flinkmock.named_random import UNBOUNDED, ZERO, CyclicValues, UniformRange
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.units import parse_duration, parse_size, parse_time

_MAX_DURATION_MS = 100 * 365 * 86_400_000  # 100 years
_MAX_SIZE_BYTES = 1 << 60  # 1048576 TB


def read_duration_spec(node: YamlNode, diagnostics: Diagnostics) -> DurationSpec:
    """Read `3 polls`, `signal go`, or a duration range."""
    first_word, _, remainder = node.text.partition(" ")
    if remainder in ("poll", "polls"):
        return Polls(int(first_word))
    if first_word == "signal":
        return Signal(remainder)
    return read_duration_range(node, diagnostics)


def read_duration_range(node: YamlNode, diagnostics: Diagnostics) -> UniformRange:
    """Read `3s`, `1s..3s`, `0` or `forever` as milliseconds."""
    if node.value == "forever":
        return UNBOUNDED
    return _read_range(
        node, diagnostics, parse_duration, _MAX_DURATION_MS, "a duration is at most 100 years. Write forever."
    )


def read_duration(node: YamlNode | None, default: int, diagnostics: Diagnostics) -> int:
    """Read one duration as milliseconds; without a node, return the default."""
    return default if node is None else read_duration_range(node, diagnostics).low


def read_time(node: YamlNode | None, diagnostics: Diagnostics) -> int | None:
    """Read `2026-01-01T00:00:00Z` as ms since the epoch."""
    try:
        return parse_time(node.text) if node else None
    except InvalidArgument as error:
        assert node is not None
        diagnostics.add(node.location, str(error))
        return None


def read_size_range(node: YamlNode, diagnostics: Diagnostics) -> UniformRange:
    """Read `12MB` or `12MB..14MB` as bytes."""
    return _read_range(node, diagnostics, parse_size, _MAX_SIZE_BYTES, "a size is at most 1048576TB.")


def read_durations(node: YamlNode, diagnostics: Diagnostics) -> UniformRange | CyclicValues:
    """Read a duration range, or a list of durations, as milliseconds."""
    if not node.elements:
        return read_duration_range(node, diagnostics)
    return CyclicValues(tuple(read_duration_range(element, diagnostics).low for element in node.elements))


def read_sizes(node: YamlNode, diagnostics: Diagnostics) -> UniformRange | CyclicValues:
    """Read a size range, or a list of sizes, as bytes."""
    if not node.elements:
        return read_size_range(node, diagnostics)
    return CyclicValues(tuple(read_size_range(element, diagnostics).low for element in node.elements))


def as_probability(node: YamlNode) -> float:
    """Convert `10%` to 0.1."""
    return float(node.text.removesuffix("%")) / 100


def as_int(node: YamlNode | None, default: int) -> int:
    return int(node.value) if node is not None and isinstance(node.value, int | float) else default


def as_float(node: YamlNode | None, default: float) -> float:
    return float(node.value) if node is not None and isinstance(node.value, int | float) else default


def as_bool(node: YamlNode | None, default: bool = False) -> bool:
    return default if node is None else bool(node.value)


def as_int_set(node: YamlNode | None) -> frozenset[int]:
    """Convert a list of whole numbers; None and other values result in the empty set."""
    return frozenset(as_int(number, 0) for number in node.elements) if node is not None else frozenset()


def _read_range(
    node: YamlNode, diagnostics: Diagnostics, parse: Callable[[str], int], maximum: int, message: str
) -> UniformRange:
    """Read a range; `message` is reported if the range exceeds the maximum."""
    if isinstance(node.value, int | float):  # the schema only allows the number 0
        return ZERO
    low_text, dots, high_text = str(node.value).partition("..")
    low = parse(low_text)
    high = parse(high_text) if dots else low
    if low > high:
        diagnostics.add(node.location, f'"{node.value}" is a descending range. Write {high_text}..{low_text}.')
    if high > maximum:
        diagnostics.add(node.location, message)
    return UniformRange(min(low, high), max(low, high))
