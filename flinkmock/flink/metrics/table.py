"""Tables of metrics: their names, values, and releases."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from flinkmock.flink.java_format import JavaValue, java_text
from flinkmock.release import Release

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Metric(Generic[R]):
    """A metric; `since` is the first minor release that has it, `until` the first one that no longer has it."""

    name: str
    value: Callable[[R], JavaValue]
    since: str = "1.12"
    until: str | None = None

    def in_release(self, release: Release) -> bool:
        return release.since(self.since) and (self.until is None or not release.since(self.until))


Table = tuple[Metric[R], ...]


def measure(table: Iterable[Metric[R]], inputs: R, release: Release, prefix: str = "") -> dict[str, str]:
    """Return the values of the metrics of a release by name, as Flink prints them."""
    return {prefix + metric.name: java_text(metric.value(inputs)) for metric in table if metric.in_release(release)}
