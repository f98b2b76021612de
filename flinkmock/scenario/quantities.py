"""Numbers, lengths of time and sizes, as a scenario writes them. The schema has seen to their form."""

from __future__ import annotations

from collections.abc import Callable

from flinkmock.cluster.spec import DurationSpec, Polls, Signal
from flinkmock.named_random import UNBOUNDED, ZERO, UniformRange
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.units import parse_duration, parse_size

_LONGEST_MS = 100 * 365 * 86_400_000
_LARGEST_BYTES = 1 << 60


def length(node: YamlNode, mistakes: Diagnostics) -> DurationSpec:
    """`3 polls`, `signal go`, or what `span` reads."""
    word, _, rest = node.text.partition(" ")
    if rest in ("poll", "polls"):
        return Polls(int(word))
    if word == "signal":
        return Signal(rest)
    return span(node, mistakes)


def span(node: YamlNode, mistakes: Diagnostics) -> UniformRange:
    """Milliseconds: `3s`, `1s..3s`, `0`, `forever`."""
    if node.value == "forever":
        return UNBOUNDED
    return _span(node, mistakes, parse_duration, _LONGEST_MS, "a length is at most 100 years. Write forever.")


def size(node: YamlNode, mistakes: Diagnostics) -> UniformRange:
    """Bytes: `12MB`, `12MB..14MB`."""
    return _span(node, mistakes, parse_size, _LARGEST_BYTES, "a size is at most 1048576TB.")


def chance(node: YamlNode) -> float:
    """From 0 to 1: `10%`."""
    return float(node.text.removesuffix("%")) / 100


def whole(node: YamlNode | None, default: int) -> int:
    return int(node.value) if node is not None and isinstance(node.value, int | float) else default


def decimal(node: YamlNode | None, default: float) -> float:
    return float(node.value) if node is not None and isinstance(node.value, int | float) else default


def _span(node: YamlNode, mistakes: Diagnostics, parse: Callable[[str], int], most: int, too_much: str) -> UniformRange:
    if isinstance(node.value, int | float):  # the schema allows no number but 0
        return ZERO
    low_text, dots, high_text = str(node.value).partition("..")
    low = parse(low_text)
    high = parse(high_text) if dots else low
    if low > high:
        mistakes.add(node.place, f'"{node.value}" runs from the larger to the smaller. Write {high_text}..{low_text}.')
    if high > most:
        mistakes.add(node.place, too_much)
    return UniformRange(min(low, high), max(low, high))
