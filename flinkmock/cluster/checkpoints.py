"""Checkpoints and savepoints of one job: when they are triggered, how they end, and their statistics.

Periodic checkpoints need no event: `materialize_until` creates those that are due before checkpoints are read.
History, counts and summary follow CheckpointStatsTracker: one sequence of ids for checkpoints and savepoints,
and percentiles of the last 10,000 values.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections.abc import Mapping

from flinkmock.cluster.checkpoint import (
    Checkpoint,
    CheckpointKind,
    RestoredCheckpoint,
    SubtaskAcknowledgement,
)
from flinkmock.cluster.checkpoint_acknowledgements import acknowledgements, state_weight
from flinkmock.cluster.checkpoint_summary import (
    WINDOW,
    EarlierCheckpoints,
    RunningSummary,
    SummaryStatistics,
    duration_of,
    size_of,
)
from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.spec import CHECKPOINT_SIZE, CheckpointSpec
from flinkmock.flink import checkpoint_messages
from flinkmock.named_random import NamedRandom, UniformRange, ValuesInTurn

KEPT = 2 * WINDOW
"""The number of checkpoints that are kept individually when there are more than twice as many."""
FIRST_CHECKPOINT_DELAY_MS = 5
"""The time from the moment when all tasks run to the first checkpoint, since 2.3."""
UNBOUNDED_MS = 1 << 50
"""The planned duration of a checkpoint while its end is unknown."""
NOT_ADDRESSABLE = "<checkpoint-not-externally-addressable>"
"""The path of a checkpoint that is kept in memory (CheckpointProperties)."""


class CheckpointTracker:
    """The checkpoints of one job.

    Args:
        directory: The checkpoint directory; None: checkpoints are stored in memory.
        without_finished: Whether checkpoints are taken when some tasks have finished (since 1.15).
    """

    def __init__(
        self,
        spec: CheckpointSpec | None,
        job_id: str,
        graph: JobGraph,
        random: NamedRandom,
        directory: str | None,
        *,
        without_finished: bool = True,
    ) -> None:
        self.spec = spec
        self.restored: list[RestoredCheckpoint] = []
        self.records: list[Checkpoint] = []
        """The checkpoints in the order of their ids, without those that are only counted (`_earlier`)."""
        self.rejected_at: list[int] = []
        """When checkpoints could not be triggered (epoch ms). They count as failed, but are not listed."""
        self._job_id = job_id
        self.graph = graph
        self._random = random
        self._directory = directory
        self._next_id = 1
        self._next_at: int | None = None
        self._without_finished = without_finished
        self._finishes: Mapping[int, int] = {}
        self._operators = tuple(v.id for v in graph.vertices if v.spec.id and state_weight(v))
        self._completed: list[Checkpoint] = []
        self._failed: list[Checkpoint] = []
        self._savepoints: list[Checkpoint] = []
        """The completed savepoints. This list and the two above are in the order of the ends."""
        self._earlier = EarlierCheckpoints()
        self._compact_at = 2 * KEPT
        """The number of records from which on older ones are counted and dropped."""
        self._sizes: RunningSummary | None = None
        self._durations: RunningSummary | None = None

    # -- events

    def start(self, scheduled_at: int, running_at: int, *, eager: bool, finishes: Mapping[int, int] = {}) -> None:
        """Start to trigger periodic checkpoints for an attempt.

        The first checkpoint is due after a random part of the interval, counted from `scheduled_at`. Checkpoints that
        are due before all tasks run are rejected. An `eager` coordinator (2.3) waits for the tasks instead: its first
        checkpoint is rejected when the first task runs, and the next one is triggered when the last task runs (recorded
        in all suites).

        Args:
            scheduled_at: When the tasks were scheduled, in epoch ms.
            running_at: When all tasks run, in epoch ms.
            eager: Whether checkpoints start as soon as all tasks run.
            finishes: Index of a vertex -> when it finishes before the job does, in epoch ms. It takes no part in later
                checkpoints; before 1.15 there are no later ones (FLIP-147; situations: partly: newest checkpoint).
        """
        self._finishes = finishes
        spec = self.spec
        if spec is None or spec.every is None:
            return
        if eager:
            if not self.records and not self.rejected_at:
                self.rejected_at.append(running_at - 1)
            self._next_at = running_at + FIRST_CHECKPOINT_DELAY_MS
            return
        first = scheduled_at + self._random.integer(
            min(spec.min_pause, spec.every), spec.every, "checkpoints", self._job_id, scheduled_at
        )
        while first < running_at:
            self.rejected_at.append(first)
            first += spec.every
        self._next_at = first

    def stop(self, at: int) -> None:
        """Stop triggering checkpoints at `at`, when the tasks end, and abort those in progress."""
        self.materialize_until(at)
        self._next_at = None
        in_progress = [records[bisect_right(records, at, key=_end) :] for records in (self._completed, self._failed)]
        for record in (*in_progress[0], *in_progress[1]):
            self.abort(record, at)

    def abort(self, record: Checkpoint, at: int, failure: str = checkpoint_messages.SUSPENDING) -> None:
        """Let a checkpoint in progress fail at `at`, whatever was planned."""
        self.end(record, at, failure)

    def end(self, record: Checkpoint, at: int, failure: str | None) -> None:
        """Complete a checkpoint in progress at `at`, or let it fail with the message `failure`."""
        self._list_for(record).remove(record)
        if record in self._savepoints:
            self._savepoints.remove(record)
        self._sizes = self._durations = None
        record.ends_at, record.failure = at, failure
        if failure is None:
            record.duration = at - record.triggered_at
        self._insert(record)

    def restore(self, restored: RestoredCheckpoint) -> None:
        """Restore an attempt from a checkpoint; later ids continue after it."""
        self.restored.append(restored)
        self._next_id = max(self._next_id, restored.id + 1)

    def take_over_from(self, former: CheckpointTracker, at: int) -> None:
        """Continue as a new leader's tracker after `former`, which stopped by `at` (epoch ms).

        It restores the latest checkpoint or savepoint or, if there is none, the one that `former` was restored from. It
        continues the ids.
        """
        self._next_id = former._next_id
        last = former.newest_completed_at(at)
        if last is not None:
            self.restore(RestoredCheckpoint(last.id, at, last.is_savepoint, last.path))
        elif former.restored:
            self.restore(dataclasses.replace(former.restored[-1], at=at))

    def trigger(
        self,
        at: int,
        kind: CheckpointKind,
        duration: int,
        *,
        format: str | None = None,
        path: str = "",
        failure: str | None = None,
        reached_tasks: bool = True,
    ) -> Checkpoint:
        """Trigger a checkpoint at `at` (epoch ms) that ends `duration` ms later.

        Args:
            format: The format of a savepoint: CANONICAL or NATIVE.
            path: Where it is stored; by default in the checkpoint directory.
            failure: The message with which it fails; None: it completes.
            reached_tasks: Whether tasks take part before it fails.
        """
        self.materialize_until(at)
        size = self._drawn(self.spec.size if self.spec else CHECKPOINT_SIZE, "size")
        if not path:
            path = f"{self._directory}/{self._job_id}/chk-{self._next_id}" if self._directory else NOT_ADDRESSABLE
        record = Checkpoint(
            self._next_id, kind, format, at, duration, at + duration, failure, path, size or 0, reached_tasks
        )
        record.operators = self._operators
        record.finished = frozenset(index for index, finish in self._finishes.items() if finish <= at)
        self._next_id += 1
        self.records.append(record)
        self._insert(record)
        return record

    def materialize_until(self, now: int) -> None:
        """Create the periodic checkpoints that are triggered up to `now` (epoch ms)."""
        spec = self.spec
        if not self._without_finished and self._finishes:
            now = min(now, min(self._finishes.values()) - 1)
        if self._next_at is None or self._next_at > now:
            return
        self._skip_until(now)
        while self._next_at is not None and self._next_at <= now:
            assert spec is not None and spec.every is not None
            duration = self._drawn(spec.duration, "takes")
            duration = spec.timeout if duration is None else duration
            fails_by_chance = self._random.happens(spec.chance, "checkpoint", self._job_id, self._next_id, "fails")
            failure = checkpoint_messages.TASK_FAILED if self._next_id in spec.fails or fails_by_chance else None
            if duration >= spec.timeout:
                duration, failure = spec.timeout, checkpoint_messages.EXPIRED
            at, self._next_at = self._next_at, None  # `trigger` materializes too, and must not find this checkpoint
            record = self.trigger(at, CheckpointKind.CHECKPOINT, max(duration, 1), failure=failure)
            self._next_at = max(at + spec.every, record.ends_at + spec.min_pause if spec.max_concurrent == 1 else 0)

        if len(self.records) >= self._compact_at:
            self._compact(KEPT, now)

    def _drawn(self, values: UniformRange | ValuesInTurn, name: str) -> int | None:
        """Return a value for the next checkpoint; `name` is that of the random draw."""
        if isinstance(values, ValuesInTurn):
            return values.of(self._next_id)
        return self._random.draw(values, "checkpoint", self._job_id, self._next_id, name)

    def _skip_until(self, now: int) -> None:
        """Count the checkpoints that are due, without creating them, if there are very many and all complete."""
        spec = self.spec
        assert spec is not None and spec.every is not None and self._next_at is not None
        due = (now - self._next_at) // spec.every
        duration = spec.duration
        if due < 2 * KEPT or spec.chance or duration.high is None:
            return
        longest = max(duration.high, 1) + (spec.min_pause if spec.max_concurrent == 1 else 0)
        if longest > spec.every or duration.high >= spec.timeout or any(id >= self._next_id for id in spec.fails):
            return
        count = due - KEPT
        self._compact(0, self._next_at + count * spec.every)
        self._earlier.add_many(count, spec.size, duration)
        self._next_id += count
        self._next_at += count * spec.every

    def _compact(self, newest: int, by: int) -> None:
        """Count and drop the records that have ended by `by` (epoch ms), except for the `newest` newest records."""
        old, new = self.records[: len(self.records) - newest], self.records[len(self.records) - newest :]
        if newest and sum(record.failure is None for record in new) < WINDOW:
            self._compact_at += KEPT
            return
        for record in sorted((record for record in old if record.ends_at <= by), key=_end):
            self._earlier.add(record)
        self.records = [record for record in old if record.ends_at > by] + new
        ids = {record.id for record in self.records}
        self._completed, self._failed, self._savepoints = (
            [record for record in records if record.id in ids]
            for records in (self._completed, self._failed, self._savepoints)
        )
        self._sizes = self._durations = None

    # -- reading

    def counts_at(self, time: int) -> dict[str, int]:
        """Return the five counts of `/checkpoints`; total = in progress + completed + failed."""
        self.materialize_until(time)
        earlier = self._earlier
        triggered = earlier.completed + earlier.failed + bisect_right(self.records, time, key=_trigger)
        completed = earlier.completed + bisect_right(self._completed, time, key=_end)
        failed = earlier.failed + bisect_right(self._failed, time, key=_end)
        rejected = bisect_right(self.rejected_at, time)
        return {
            "restored": sum(restored.at <= time for restored in self.restored),
            "total": triggered + rejected,
            "in_progress": triggered - completed - failed,
            "completed": completed,
            "failed": failed + rejected,
        }

    def history_at(self, time: int, length: int = 10) -> list[Checkpoint]:
        """Return the `length` newest checkpoints, newest first."""
        self.materialize_until(time)
        known = bisect_right(self.records, time, key=_trigger)
        return self.records[max(0, known - length) : known][::-1]

    def completed_at(self, time: int) -> list[Checkpoint]:
        """Return the checkpoints completed by `time`, in the order of completion; of very many, the newest."""
        self.materialize_until(time)
        return self._completed[: bisect_right(self._completed, time, key=_end)]

    def newest_completed_at(self, time: int) -> Checkpoint | None:
        """Return the completed checkpoint with the highest id at `time`; None if there is none."""
        self.materialize_until(time)
        index = bisect_right(self._completed, time, key=_end) - 1
        if index < 0:
            return None
        newest = last = self._completed[index]
        # a checkpoint with a higher id was triggered later, so it ended after the trigger of this one
        while index > 0 and self._completed[index - 1].ends_at >= last.triggered_at:
            index -= 1
            newest = max(newest, self._completed[index], key=_id)
        return newest

    def summaries_at(self, time: int) -> tuple[SummaryStatistics | None, SummaryStatistics | None]:
        """Return the statistics of sizes (bytes) and durations (ms) of the checkpoints completed by `time`."""
        self.materialize_until(time)
        if self._sizes is None or self._durations is None:
            self._sizes, self._durations = RunningSummary(size_of), RunningSummary(duration_of)
        count, earlier = bisect_right(self._completed, time, key=_end), self._earlier
        return (
            self._sizes.at(self._completed, count, earlier.sizes),
            self._durations.at(self._completed, count, earlier.durations),
        )

    def failed_at(self, time: int) -> list[Checkpoint]:
        self.materialize_until(time)
        return self._failed[: bisect_right(self._failed, time, key=_end)]

    def latest_at(self, time: int, *, savepoint: bool) -> Checkpoint | None:
        """Return the newest completed savepoint, or the newest completed checkpoint."""
        self.materialize_until(time)
        if savepoint:
            index = bisect_right(self._savepoints, time, key=_end)
            return self._savepoints[index - 1] if index else self._earlier.savepoint
        index = bisect_right(self._completed, time, key=_end)
        return next((c for c in map(self._completed.__getitem__, range(index - 1, -1, -1)) if not c.is_savepoint), None)

    def last_failed_at(self, time: int) -> Checkpoint | None:
        self.materialize_until(time)
        index = bisect_right(self._failed, time, key=_end)
        return self._failed[index - 1] if index else self._earlier.failure

    def restored_at(self, time: int) -> RestoredCheckpoint | None:
        return next((restored for restored in reversed(self.restored) if restored.at <= time), None)

    def acknowledgements(self, record: Checkpoint, time: int) -> list[list[SubtaskAcknowledgement]]:
        """Return the acknowledgements of a checkpoint, vertex by vertex."""
        return acknowledgements(record, self.graph, self._job_id, self._random, time)

    # -- helpers

    def _list_for(self, record: Checkpoint) -> list[Checkpoint]:
        return self._completed if record.failure is None else self._failed

    def _insert(self, record: Checkpoint) -> None:
        ended = self._list_for(record)
        index = bisect_right(ended, record.ends_at, key=_end)
        if index < len(ended):  # it may belong to the part that was summarized
            self._sizes = self._durations = None
        ended.insert(index, record)
        if record.is_savepoint and record.failure is None:
            self._savepoints.insert(bisect_right(self._savepoints, record.ends_at, key=_end), record)


def _trigger(record: Checkpoint) -> int:
    return record.triggered_at


def _id(record: Checkpoint) -> int:
    return record.id


def _end(record: Checkpoint) -> int:
    return record.ends_at
