"""The axis of time: which moments are marked, and where a moment lies on the picture."""

from __future__ import annotations

from dataclasses import dataclass

STEPS_MS = (
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_200_000, 1_800_000,
    3_600_000, 7_200_000, 14_400_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000, 432_000_000, 864_000_000,
)  # fmt: skip
"""Distances between two marks that people read at a glance."""
MOST_MARKS = 12


@dataclass(frozen=True, slots=True)
class Axis:
    """From `begin` to `end` (ms) on pixels from `left` to `right`."""

    begin: int
    end: int
    left: float
    right: float

    def x(self, at: int) -> float:
        """Where a moment lies; what is outside lies at the edge."""
        inside = min(max(at, self.begin), self.end)
        return self.left + (self.right - self.left) * (inside - self.begin) / max(self.end - self.begin, 1)

    def marks(self) -> list[int]:
        """The moments to mark: multiples of one length, not too many of them."""
        lasts = self.end - self.begin
        step = next((step for step in STEPS_MS if lasts / step <= MOST_MARKS), lasts // MOST_MARKS + 1)
        first = -(-self.begin // step) * step
        return list(range(first, self.end + 1, step))
