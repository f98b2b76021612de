"""The clock of a cluster, in epoch milliseconds like Flink's timestamps.

Nothing is patched: the wall clock is a function that is passed in.

| mode             | the time advances                                                                               |
|------------------|-------------------------------------------------------------------------------------------------|
| `real`           | with the wall clock                                                                             |
| `10x`            | faster or slower than the wall clock                                                            |
| `virtual`        | by `advance`                                                                                    |
| `1s per request` | with each request: by one step, or by the whole steps that the wall clock has advanced since    |
|                  | the previous request; and by `advance`                                                          |

`advance` works in all modes. A clock in step mode is at least as fast as the wall clock, so that a client that sleeps
gets as far as with a real cluster. It advances in whole steps only, so that a client that does not sleep gets the same
times in each run, unless the wall clock advances two steps between two requests.
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
        start: The initial time, in epoch ms; None: that of the wall clock.

    Attributes:
        text: The mode, in the spelling of the caller.
        step: The step in ms; 0 in other modes.
        generation: How many times it was rewound. A wait that began in an earlier generation may be for a time that
            is never reached.
        advanced: The total of all calls of `advance`, in ms.
        on_advance: Called after `advance` and `rewind`.

    Raises:
        InvalidArgument: The mode is unknown. The message lists the modes.
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
        words = str(text).strip().lower()  # YAML may give a number, which gets the error message
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
        """Whether the time advances between requests without `advance`."""
        return self.mode in (ClockMode.REAL, ClockMode.SCALED)

    @property
    def speed(self) -> float:
        """The seconds of a delay that pass per second of the wall clock; 0 if only `advance` ends delays."""
        return 0.0 if self.mode is ClockMode.VIRTUAL else self._factor

    def now(self) -> int:
        """Return the time in epoch ms. It never decreases, even if the wall clock is set back."""
        if self.follows_wall:
            passed = (self._wall_clock() - self._wall_origin) * self._factor
            self._last = max(self._last, self._origin + round(passed))
        return self._last

    def advance(self, duration: int | str) -> int:
        """Advance the clock by a number of ms or a text such as "30s"; return the new time in epoch ms.

        Raises:
            InvalidArgument: The duration is negative or invalid.
        """
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
        """Return the time of a new request, in epoch ms. In step mode, advance by at least one step before."""
        if not self.step:
            return self.now()
        wall = self._wall_clock()
        passed = 0 if self._counted_until is None else wall - self._counted_until
        return self._move_with_wall(max(passed // self.step, 1) * self.step, wall)

    def advance_to(self, moment: int) -> int:
        """Return the time in epoch ms. In step mode, advance to `moment` before, which the wall clock has reached."""
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
        """Set the clock back to `moment` (epoch ms), an earlier time."""
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
        """The time of the wall clock that cluster time has caught up with in step mode; None before the first request,
        because the time until then does not count."""

    def _move_with_wall(self, by: int, wall: int) -> int:
        """Advance by `by` ms. Wall-clock time beyond that counts for the next request; a lead over it does not."""
        counted = wall if self._counted_until is None else self._counted_until + by
        self._counted_until = min(counted, wall)
        self._last += by
        return self._last
