"""The clock of a cluster, in epoch milliseconds as Flink uses them.

Nothing is patched: the wall clock is a function that is passed in.

| mode             | moves                                                                                           |
|------------------|-------------------------------------------------------------------------------------------------|
| `real`           | with the wall clock                                                                             |
| `10x`            | faster or slower than the wall clock                                                            |
| `virtual`        | by `advance`                                                                                    |
| `1s per request` | with each request, by a step, or by as many whole steps as the wall clock shows since the one   |
|                  | before; and by `advance`                                                                        |

All modes move by `advance`. A step clock is as fast as the wall clock at least, so a client that sleeps gets as far as
with a real cluster. It moves in whole steps only, so a client that does not sleep gets the same times in each run,
unless two steps of the wall clock pass between two requests.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

from flinkmock.errors import InvalidArgument
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
        wall_clock: Returns the time of the machine in epoch ms. A virtual clock does not use it.
        start: The time that the clock shows first, epoch ms. None: that of the wall clock.

    Attributes:
        text: The mode, as it was given.
        step: The step in ms; 0 in other modes.
        generation: How often it was rewound. What waits since an earlier generation may wait for a time that never
            comes.
        advanced: By how many ms `advance` has moved it.
        on_advance: Called after `advance` and `rewind`.

    Raises:
        InvalidArgument: For any other mode. The message names the modes.
    """

    def __init__(self, mode: str, wall_clock: Callable[[], int], start: int | None = None) -> None:
        self.text = mode
        self.step = 0
        self._factor = 1.0
        self.mode = self._read(mode)
        self.generation = 0
        self.advanced = 0
        self.on_advance: Callable[[], None] | None = None
        self._wall_clock = wall_clock
        self._last = wall_clock() if start is None else start
        self._restart()

    def _read(self, text: str) -> ClockMode:
        words = str(text).strip().lower()  # a number from YAML gets the error message, too
        if words == "real":
            return ClockMode.REAL
        if words == "virtual":
            return ClockMode.VIRTUAL
        if factor := re.fullmatch(r"(\d+(?:\.\d+)?)x", words):
            self._factor = float(factor[1])
            if self._factor > 0:
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
        """Whether it moves between requests without `advance`."""
        return self.mode in (ClockMode.REAL, ClockMode.SCALED)

    @property
    def speed(self) -> float:
        """How much of a delay passes per second of the wall clock, in seconds. 0: only `advance` ends it."""
        return 0.0 if self.mode is ClockMode.VIRTUAL else self._factor

    def now(self) -> int:
        """Return the time in epoch ms. It never decreases, even if the wall clock is set back."""
        if self.follows_wall:
            passed = (self._wall_clock() - self._wall_origin) * self._factor
            self._last = max(self._last, self._origin + round(passed))
        return self._last

    def advance(self, duration: int | str) -> int:
        """Advance the clock by ms, or by a text such as "30s", in any mode; returns the new time (epoch ms)."""
        by = parse_duration(duration)
        if by < 0:
            raise InvalidArgument(f"{duration} is negative. A clock moves forward only.")
        self._last = self.now() + by
        self._origin += by
        self.advanced += by
        if self.on_advance is not None:
            self.on_advance()
        return self._last

    def on_request(self) -> int:
        """Return the time of a new request (epoch ms): in step mode after one step or more."""
        if not self.step:
            return self.now()
        wall = self._wall_clock()
        passed = 0 if self._counted_until is None else wall - self._counted_until
        return self._move_with_wall(max(passed // self.step, 1) * self.step, wall)

    def reach(self, moment: int) -> int:
        """Return the time (epoch ms), in step mode no earlier than `moment`, which has come on the wall clock."""
        if self.step and moment > self._last:
            return self._move_with_wall(moment - self._last, self._wall_clock())
        return self.now()

    def set_mode(self, mode: str) -> None:
        """Continue from the current time in another mode.

        Raises:
            InvalidArgument: There is no such mode.
        """
        now = self.now()
        other, self._last = Clock(mode, self._wall_clock, now), now
        self.text, self.mode, self.step, self._factor = other.text, other.mode, other.step, other._factor
        self._restart()

    def rewind(self, moment: int) -> None:
        """Set the clock back to `moment` (epoch ms), a time that it has shown before."""
        self._last = moment
        self._restart()
        self.generation += 1
        if self.on_advance is not None:
            self.on_advance()

    def _restart(self) -> None:
        """Follow the wall clock from here on."""
        self._origin = self._last
        self._wall_origin = self._wall_clock() if self.follows_wall else 0
        self._counted_until: int | None = None
        """In step mode: the time of the wall clock up to which the cluster time has followed. None before a request,
        because a test may take its time until then."""

    def _move_with_wall(self, by: int, wall: int) -> int:
        """What is left of the wall clock's time counts for the next request. A lead over it does not."""
        counted = wall if self._counted_until is None else self._counted_until + by
        self._counted_until = min(counted, wall)
        self._last += by
        return self._last
