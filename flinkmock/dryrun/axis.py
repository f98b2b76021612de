"""The time axis of a picture: its ticks, and the positions of times."""

from __future__ import annotations

import math
from dataclasses import dataclass

STEPS_MS = (
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_200_000, 1_800_000,
    3_600_000, 7_200_000, 14_400_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000, 432_000_000, 864_000_000,
)  # fmt: skip
"""Round distances between two ticks, in ms."""
MAX_TICKS = 12


@dataclass(frozen=True, slots=True)
class Axis:
    """Maps the time from `begin` to `end` (ms) to pixels from `left` to `right`."""

    begin: int
    end: int
    left: float
    right: float

    def x(self, at: int) -> float:
        """Return the position of a time. Times outside of the axis are placed at its ends."""
        clamped = min(max(at, self.begin), self.end)
        return self.left + (self.right - self.left) * (clamped - self.begin) / max(self.end - self.begin, 1)

    def ticks(self) -> list[int]:
        """Return the times of at most MAX_TICKS + 1 ticks: multiples of the distance between two ticks."""
        duration = self.end - self.begin
        step = next((step for step in STEPS_MS if duration / step <= MAX_TICKS), duration // MAX_TICKS + 1)
        first = math.ceil(self.begin / step) * step
        return list(range(first, self.end + 1, step))
