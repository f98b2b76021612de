"""Flink's releases: the vocabulary that every room shares.

A `Release` is one minor release as it is served, by the patch release that its contract was read from. Commit and
build time are those in the release's own jar (`.flink-runtime.version.properties`), as `/overview` and `/config` return
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import total_ordering


@total_ordering
@dataclass(frozen=True, slots=True)
class Release:
    """`minor` is "2.3", `version` "2.3.0", `commit` the first seven digits, `built` an ISO time with its offset."""

    minor: str
    version: str
    commit: str
    built: str

    @property
    def number(self) -> tuple[int, int]:
        major, minor = self.minor.split(".")
        return int(major), int(minor)

    def since(self, minor: str) -> bool:
        """Whether this release is `minor` ("1.13") or a later one."""
        major, _, rest = minor.partition(".")
        return self.number >= (int(major), int(rest))

    def __lt__(self, other: Release) -> bool:
        return self.number < other.number

    def __str__(self) -> str:
        return self.minor
