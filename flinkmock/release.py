"""Flink's releases.

A `Release` is a minor release that is served as one version: the patch release from which its contract was read, or the
version of an imported description, such as 2.4-SNAPSHOT. Commit and build time of the bundled releases are those in
Flink's jars (`.flink-runtime.version.properties`), as in `/overview` and `/config`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Release:
    """A release of Flink.

    Attributes:
        minor: The minor release, such as "2.3".
        version: The full version, such as "2.3.0".
        commit: The first seven digits of the commit; "unknown" if an imported description lacks it.
        build_time: The build time in ISO format, with an offset; 1970 if an imported description lacks it.
    """

    minor: str
    version: str
    commit: str
    build_time: str

    @property
    def number(self) -> tuple[int, int]:
        return _number(self.minor)

    def since(self, minor: str) -> bool:
        """Return whether this release is `minor` ("1.13") or a later one."""
        return _number(self.minor) >= _number(minor)

    def __lt__(self, other: Release) -> bool:
        return self.number < other.number

    def __str__(self) -> str:
        return self.minor


@cache
def _number(minor: str) -> tuple[int, int]:
    """Return (2, 3) for "2.3"."""
    major, _, minor_number = minor.partition(".")
    return int(major), int(minor_number)
