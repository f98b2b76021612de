"""The clock of a cluster, in epoch milliseconds like Flink's timestamps.

Nothing is patched: the wall clock is a function that is passed in.

| mode             | the time advances                                                                               |
|------------------|-------------------------------------------------------------------------------------------------|
| `real`           | with the wall clock                                                                             |
| `10x`            | faster or slower than the wall clock                                                            |
| `virtual`        | by `advance`                                                                                    |
| `1s per request` | with each request: by one step, or by the whole steps that the wall clock has advanced since    |
|                  | the previous request, where parts of a step are carried over; and by `advance`                  |

`advance` works in all modes. A clock in step mode is at least as fast as the wall clock, so that a client that sleeps
gets as far as with a real cluster. Requests advance it in whole steps only, so that a client that does not sleep gets
the same times in each run, unless the wall clock advances more than a step between two requests.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

from flinkmock.errors import InvalidArgument
from flinkmock.units import parse_duration

DEFAULT_START_TIME = 1_767_225_600_000
"""2026-01-01T00:00:00Z in epoch ms: the start time of clocks that do not follow the wall clock, so that equal seeds
give equal bytes."""


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
        text: The mode as the caller wrote it.
        mode: The parsed mode.
        step: The step in ms; 0 in other modes.
        generation: How many times it was rewound. A wait that began in an earlier generation may be for a time that
            is never reached.
        advanced_ms: The total of all calls of `advance`, in ms.
        on_advance: Called after `advance` and `rewind`.

    Raises:
        InvalidArgument: The mode is unknown. The message lists the modes.
    """

    def __init__(self, mode: str, wall_clock: Callable[[], int], start: int | None = None) -> None:
        self.text = mode
        self.step = 0
        self._factor = 1.0
        self.mode = self._parse_mode(mode)
        self.generation = 0
        self.advanced_ms = 0
        self.on_advance: Callable[[], None] | None = None
        self._wall_clock = wall_clock
        self._last = wall_clock() if start is None else start
        """The time that was returned last, in epoch ms."""
        self._restart()

    def _parse_mode(self, text: str) -> ClockMode:
        """Return the mode, and set the factor or the step."""
        normalized = str(text).strip().lower()  # YAML may give a number, for which the message below is raised
        if normalized == "real":
            return ClockMode.REAL
        if normalized == "virtual":
            return ClockMode.VIRTUAL
        if factor := re.fullmatch(r"(\d+(?:\.\d+)?)x", normalized):
            self._factor = float(factor[1])
            if self._factor > 0:
                return ClockMode.SCALED
        if step := re.fullmatch(r"(.+?)\s+per\s+request", normalized):
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
    def follows_wall_clock(self) -> bool:
        """Whether the time advances continuously, without requests and `advance`."""
        return self.mode in (ClockMode.REAL, ClockMode.SCALED)

    @property
    def speed(self) -> float:
        """How many seconds of a delay pass in one second of the wall clock; 0 if only `advance` ends delays."""
        return 0.0 if self.mode is ClockMode.VIRTUAL else self._factor

    def now(self) -> int:
        """Return the time in epoch ms. It never decreases, even if the wall clock is set back."""
        if self.follows_wall_clock:
            passed_ms = (self._wall_clock() - self._wall_origin) * self._factor
            self._last = max(self._last, self._origin + round(passed_ms))
        return self._last

    def advance(self, duration: int | str) -> int:
        """Advance the clock by a number of ms or a text such as "30s"; return the new time in epoch ms.

        Raises:
            InvalidArgument: The duration is negative or invalid.
        """
        duration_ms = parse_duration(duration)
        if duration_ms < 0:
            raise InvalidArgument(f"{duration} is negative. A clock moves forward only.")
        self._last = self.now() + duration_ms
        self._origin += duration_ms
        self.advanced_ms += duration_ms
        if self.on_advance is not None:
            self.on_advance()
        return self._last

    def on_request(self) -> int:
        """Return the time of a new request, in epoch ms. In step mode, first advance by at least one step."""
        if not self.step:
            return self.now()
        wall_time = self._wall_clock()
        uncounted_ms = 0 if self._counted_until is None else wall_time - self._counted_until
        return self._move_with_wall(max(uncounted_ms // self.step, 1) * self.step, wall_time)

    def advance_to(self, time: int) -> int:
        """Return the time in epoch ms. In step mode, first advance to `time`, which the wall clock has reached."""
        if self.step and time > self._last:
            return self._move_with_wall(time - self._last, self._wall_clock())
        return self.now()

    def set_mode(self, mode: str) -> None:
        """Continue from the current time in another mode.

        Raises:
            InvalidArgument: There is no such mode.
        """
        now = self.now()
        new_clock = Clock(mode, self._wall_clock, now)
        self.text, self.mode = new_clock.text, new_clock.mode
        self.step, self._factor = new_clock.step, new_clock._factor
        self._last = now
        self._restart()

    def rewind(self, time: int) -> None:
        """Set the clock back to `time` (epoch ms), an earlier time."""
        self._last = time
        self._restart()
        self.generation += 1
        if self.on_advance is not None:
            self.on_advance()

    def _restart(self) -> None:
        """Follow the wall clock from the current time on."""
        self._origin = self._last
        """The cluster time at `_wall_origin`, plus the durations of all calls of `advance` since, in epoch ms."""
        self._wall_origin = self._wall_clock() if self.follows_wall_clock else 0
        """The time of the wall clock from which the time that has passed is measured, in epoch ms."""
        self._counted_until: int | None = None
        """The time of the wall clock (epoch ms) up to which step mode has counted how far the wall clock advanced. None
        before the first request, at which counting begins."""

    def _move_with_wall(self, duration_ms: int, wall_time: int) -> int:
        """Advance by `duration_ms` and return the new time, in epoch ms.

        If the wall clock has advanced further, the rest counts for the next request. If it has advanced less, the next
        request counts from `wall_time` on.
        """
        counted_until = wall_time if self._counted_until is None else self._counted_until + duration_ms
        self._counted_until = min(counted_until, wall_time)
        self._last += duration_ms
        return self._last
