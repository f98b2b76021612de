"""Tables of metrics: their names, their values and the releases that have them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from flinkmock.flink.java_format import JavaValue, java_text
from flinkmock.release import Release

Inputs = TypeVar("Inputs")


@dataclass(frozen=True, slots=True)
class Metric(Generic[Inputs]):
    """A metric. `since` is the first minor release that has it, `removed_in` the first later release without it."""

    name: str
    value: Callable[[Inputs], JavaValue]
    since: str = "1.12"
    removed_in: str | None = None

    def in_release(self, release: Release) -> bool:
        return release.since(self.since) and (self.removed_in is None or not release.since(self.removed_in))


Table = tuple[Metric[Inputs], ...]


def metric_values(
    table: Iterable[Metric[Inputs]], inputs: Inputs, release: Release, name_prefix: str = ""
) -> dict[str, str]:
    """Return the values of the metrics of a release by name, as Flink prints them."""
    return {
        name_prefix + metric.name: java_text(metric.value(inputs)) for metric in table if metric.in_release(release)
    }
