"""The clock of a cluster, in epoch milliseconds as Flink uses them.

Nothing is patched: the wall clock is a function that is passed in, and only two of the four modes use it.

| mode             | moves                                                    |
|------------------|----------------------------------------------------------|
| `real`           | with the wall clock                                      |
| `10x`            | faster or slower than the wall clock                     |
| `virtual`        | by `advance`                                             |
| `1s per request` | by a step for each request, and by `advance`             |
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

from flinkmock.errors import InvalidArgument
from flinkmock.named_random import EPOCH_MS
from flinkmock.units import parse_duration


class ClockMode(Enum):
    REAL = "real"
    SCALED = "scaled"
    VIRTUAL = "virtual"
    STEP = "step"


class Clock:
    """The time of a cluster.

    Args:
        mode: "real", "virtual", a factor such as "10x", or a step such as "1s per request".
        wall_clock: Returns the time of the machine in epoch ms; used in the modes real and scaled.

    Raises:
        InvalidArgument: For any other mode. The message names the modes.
    """

    def __init__(self, mode: str, wall_clock: Callable[[], int]) -> None:
        self.text = mode
        self.step = 0
        self.factor = 1.0
        self.mode = self._read(mode)
        self._wall_clock = wall_clock
        self.generation = 0
        """How often it was rewound. What waits since an earlier generation may wait for a time that never comes."""
        self._offset = 0
        self._last = 0
        self._origin = wall_clock() if self.follows_wall else EPOCH_MS
        self._last = self._origin

    def _read(self, text: str) -> ClockMode:
        words = str(text).strip().lower()  # a number from YAML gets the error message, too
        if words == "real":
            return ClockMode.REAL
        if words == "virtual":
            return ClockMode.VIRTUAL
        if factor := re.fullmatch(r"(\d+(?:\.\d+)?)x", words):
            self.factor = float(factor[1])
            if self.factor > 0:
                return ClockMode.SCALED
        if step := re.fullmatch(r"(.+?)\s+per\s+request", words):
            try:
                self.step = parse_duration(step[1])
            except InvalidArgument:
                self.step = 0
            if self.step > 0:
                return ClockMode.STEP
        raise InvalidArgument(
            f'"{text}" is not a clock. Known: real, virtual, 10x (a factor), 1s per request (a step).'
        )

    @property
    def follows_wall(self) -> bool:
        return self.mode in (ClockMode.REAL, ClockMode.SCALED)

    def now(self) -> int:
        """Return the time in epoch ms. It never decreases, even if the wall clock is set back."""
        now = self._unshifted() + self._offset
        if now > self._last:
            self._last = now
        return self._last

    def advance(self, duration: int | str) -> int:
        """Advance the clock by ms, or by a text such as "30s", in any mode; returns the new time (epoch ms)."""
        by = parse_duration(duration)
        if by < 0:
            raise InvalidArgument(f"{duration} is negative. A clock moves forward only.")
        self._offset += by
        return self.now()

    def set_mode(self, mode: str) -> None:
        """Continue from the current time in another mode.

        Raises:
            InvalidArgument: There is no such mode.
        """
        other, now = Clock(mode, self._wall_clock), self.now()
        self.text, self.mode, self.step, self.factor = other.text, other.mode, other.step, other.factor
        self._origin = other._origin
        self._offset = now - self._unshifted()

    def rewind(self, moment: int) -> None:
        """Set the clock back to `moment` (epoch ms), a time that it has shown before."""
        self._offset = moment - self._unshifted()
        self._last = moment
        self.generation += 1

    def _unshifted(self) -> int:
        """Return the time without any `advance`."""
        if self.mode is ClockMode.REAL:
            return self._wall_clock()
        passed = (self._wall_clock() - self._origin) * self.factor if self.mode is ClockMode.SCALED else 0
        return self._origin + round(passed)

    def on_request(self) -> int:
        """Return the time of a new request (epoch ms): one step later in step mode."""
        self._offset += self.step
        return self.now()
