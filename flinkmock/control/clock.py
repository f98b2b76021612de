"""The clock of a cluster, as tests control it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flinkmock.control.cluster_part import ClusterPart
from flinkmock.errors import InvalidArgument, StateNeverReached

if TYPE_CHECKING:
    from flinkmock.engine import Engine

END_OF_TIME_MS = 253_370_764_800_000
"""9999-01-01T00:00:00Z. Later times can't be printed."""
MAX_EVENTS = 5_000
"""The number of steps to a next event after which `run_until` raises an error: a job in a restart loop has endless
events."""


@dataclass(frozen=True, slots=True)
class ClusterClock(ClusterPart):
    """The clock of one cluster. All times are in ms since the epoch."""

    @property
    def text(self) -> str:
        """The clock mode: "virtual", "1s per request", "real" or "10x"."""
        return self.engine.clock.text

    @property
    def next_event_at(self) -> int | None:
        """The time of the next event, in ms since the epoch; None if no event is scheduled."""
        with self.engine.lock:
            self._run_due_events()
            return self.engine.cluster.event_queue.next_at()

    def now(self) -> int:
        """Return the cluster time in ms since the epoch."""
        return self.engine.clock.now()

    def advance(self, duration: str | timedelta) -> int:
        """Advance the cluster time and run the events that become due.

        Args:
            duration: Text such as "2m30s", or a timedelta.

        Returns:
            The new time in ms since the epoch.

        Raises:
            InvalidArgument: The duration is negative or invalid, or ends after the year 9998.
        """
        from flinkmock.units import duration_argument

        ms = duration_argument(duration)
        with self.engine.lock:
            if self.now() + ms > END_OF_TIME_MS:
                raise InvalidArgument(f"{duration} is too long. The cluster time ends with the year 9998.")
            return self.engine.advance(ms)

    def next(self) -> int:
        """Advance the cluster time to the next event.

        Returns:
            The new time in ms since the epoch.

        Raises:
            StateNeverReached: No event is scheduled.
        """
        with self.engine.lock:
            event_at = self.engine.cluster.event_queue.next_at()
            if event_at is None:
                raise StateNeverReached(f"No more events are scheduled: {describe_job_states(self.engine)}.")
            return self.engine.advance(max(event_at - self.now(), 0))

    def set_mode(self, mode: str) -> None:
        """Change the clock mode. The time continues from its current value.

        Args:
            mode: "virtual", "1s per request", "real" or "10x".

        Raises:
            InvalidArgument: The mode is unknown.
        """
        with self.engine.lock:
            self._run_due_events()
            self.engine.clock.set_mode(mode)

    def run_until(self, reached: Callable[[], bool], goal: str) -> int:
        """Advance the cluster time from event to event until `reached()` is true.

        Args:
            reached: Called at the start and after each event; returns whether the goal is reached.
            goal: A description of the goal, for error messages.

        Returns:
            The time in ms since the epoch.

        Raises:
            StateNeverReached: No more events are scheduled, or `MAX_EVENTS` have run.
        """
        with self.engine.lock:
            for _ in self.event_times_until(reached, goal):
                pass
            return self.now()

    def event_times_until(self, reached: Callable[[], bool], goal: str) -> Iterator[int]:
        """Advance as `run_until` does, and yield the cluster time (epoch ms) after each event.

        The caller can act between two events. Raises the same errors as `run_until`.
        """
        for _ in range(MAX_EVENTS):
            with self.engine.lock:
                self._run_due_events()
                if reached():
                    return
                event_at = self.engine.cluster.event_queue.next_at()
                if event_at is None:
                    states = describe_job_states(self.engine)
                    raise StateNeverReached(f"{goal} can never be reached: {states}, and no more events are scheduled.")
                now = self.engine.advance(max(event_at - self.now(), 0))
            yield now
        raise StateNeverReached(
            f"{goal} was not reached after {MAX_EVENTS} events: {describe_job_states(self.engine)}."
        )


def describe_job_states(engine: Engine) -> str:
    """Return a text with the states of all jobs, for messages."""
    jobs = [f"{job.name} is {job.state}" for job in engine.cluster.jobs.values()]
    return ", ".join(jobs) if jobs else "there are no jobs"
