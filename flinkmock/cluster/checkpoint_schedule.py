"""When the periodic checkpoints of a job are triggered, and when they could not be triggered."""

from __future__ import annotations

from bisect import bisect_right, insort

from flinkmock.cluster.checkpoint import Checkpoint
from flinkmock.cluster.spec import CheckpointSpec
from flinkmock.named_random import NamedRandom

FIRST_CHECKPOINT_DELAY_MS = 5
"""The time from when all tasks are RUNNING to the trigger of the first checkpoint, since 2.3."""


class CheckpointSchedule:
    """The triggers of the periodic checkpoints of one job.

    Args:
        spec: The settings; None: no periodic checkpoints.
        job_id: The id of the job.
        random: The random draws of the cluster.
    """

    def __init__(self, spec: CheckpointSpec | None, job_id: str, random: NamedRandom) -> None:
        self._spec = spec
        self._job_id = job_id
        self._random = random
        self.next_at: int | None = None
        """When the next checkpoint is due (epoch ms); None while no attempt runs, or if there are none."""
        self._recent_ends: list[tuple[int, bool]] = []
        """The ends (epoch ms) of checkpoints that may delay the next trigger, in ascending order.

        The second value of an item is whether the checkpoint completes.
        """
        self._rejection_times: list[int] = []
        """When checkpoints could not be triggered (epoch ms). They count as failed, but are not listed."""

    def start(self, scheduled_at: int, running_at: int, *, waits_for_tasks: bool, is_first_checkpoint: bool) -> None:
        """Start triggering checkpoints for an attempt.

        Until 2.2, the first checkpoint is due after a random part of the interval, counted from `scheduled_at`.
        Checkpoints that are due before all tasks run are rejected.

        Since 2.3, the first checkpoint is triggered `FIRST_CHECKPOINT_DELAY_MS` after all tasks run. The first
        checkpoint of a job is rejected just before that (recorded in all suites).

        Args:
            scheduled_at: When the tasks were scheduled, in epoch ms.
            running_at: When all tasks run, in epoch ms.
            waits_for_tasks: Whether the behaviour is that since 2.3.
            is_first_checkpoint: Whether the job has had no checkpoint yet.
        """
        spec = self._spec
        if spec is None or spec.interval is None:
            return
        if waits_for_tasks:
            if is_first_checkpoint and not self._rejection_times:
                self._rejection_times.append(running_at - 1)
            self.next_at = running_at + FIRST_CHECKPOINT_DELAY_MS
            return
        next_at = scheduled_at + self._random.integer(
            spec.min_pause, spec.interval, "checkpoints", self._job_id, scheduled_at
        )
        while next_at < running_at:
            self._rejection_times.append(next_at)
            next_at += spec.interval
        self.next_at = next_at

    def stop(self, at: int) -> None:
        """Trigger no more checkpoints from `at` (epoch ms) on, when the tasks end."""
        self.next_at = None
        self._recent_ends.clear()
        del self._rejection_times[bisect_right(self._rejection_times, at) :]  # the tasks may end before all of them run

    def is_due(self, now: int) -> bool:
        """Return whether a checkpoint is due at `now` (epoch ms)."""
        return self.next_at is not None and self.next_at <= now

    def take_due(self, now: int) -> int | None:
        """Return when the next checkpoint was due, in epoch ms; None if none is due at `now`.

        No checkpoint is due then until `plan_after` is called.
        """
        at = self.next_at
        if at is None or at > now:
            return None
        self.next_at = None
        return at

    def plan_after(self, checkpoint: Checkpoint) -> None:
        """Plan the checkpoint after `checkpoint`.

        It is due an interval after `checkpoint`, or later: as soon as fewer than `max_concurrent` periodic checkpoints
        are in progress and none was completed within the minimum pause (CheckpointRequestDecider). Unlike in Flink,
        triggers that are due in the meantime are not made up for.
        """
        spec, ends = self._spec, self._recent_ends
        assert spec is not None and spec.interval is not None
        insort(ends, (checkpoint.ends_at, checkpoint.failure is None))
        next_at = checkpoint.triggered_at + spec.interval
        if len(ends) >= spec.max_concurrent:
            next_at = max(next_at, ends[-spec.max_concurrent][0])
        for ends_at, completes in ends:
            if ends_at > next_at:
                break
            if completes:
                next_at = max(next_at, ends_at + spec.min_pause)
        # a checkpoint that has ended delays no later trigger, because its pause is over
        del ends[: bisect_right(ends, next_at, key=lambda end: end[0])]
        self.next_at = next_at

    def rejected_count_at(self, time: int) -> int:
        """Return how many checkpoints could not be triggered up to `time` (epoch ms)."""
        return bisect_right(self._rejection_times, time)
