"""A scope's metrics as a table: name, value, and the releases that have it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from flinkmock.flink.java_format import JavaValue, java_text
from flinkmock.release import Release

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Metric(Generic[R]):
    """`since` is the first minor release that has the metric, `until` the first one that has it no more."""

    name: str
    value: Callable[[R], JavaValue]
    since: str = "1.12"
    until: str | None = None

    def in_release(self, release: Release) -> bool:
        return release.since(self.since) and (self.until is None or not release.since(self.until))


Table = tuple[Metric[R], ...]


def measure(table: Iterable[Metric[R]], inputs: R, release: Release, prefix: str = "") -> dict[str, str]:
    """Names and values, as Flink prints them, of the metrics that the release has."""
    return {prefix + metric.name: java_text(metric.value(inputs)) for metric in table if metric.in_release(release)}
