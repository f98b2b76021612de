"""Checkpoints and savepoints of one job: when they are triggered, how they end, and their statistics.

Periodic checkpoints need no event: each method that reads checkpoints first creates those that are due
(`materialize_until`). The end of a checkpoint is known when it is created; until then it is in progress. History,
counts and summary follow CheckpointStatsTracker: checkpoints and savepoints share one sequence of ids, and percentiles
are those of the last 10,000 values.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections.abc import Mapping
from operator import attrgetter

from flinkmock.cluster.checkpoint import (
    Checkpoint,
    CheckpointKind,
    RestoredCheckpoint,
    SubtaskAcknowledgement,
)
from flinkmock.cluster.checkpoint_acknowledgements import acknowledgements, state_weight
from flinkmock.cluster.checkpoint_schedule import CheckpointSchedule
from flinkmock.cluster.checkpoint_summary import (
    WINDOW_SIZE,
    EarlierCheckpoints,
    RunningSummary,
    SummaryStatistics,
    duration_of,
    size_of,
)
from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.spec import CHECKPOINT_SIZE, CheckpointSpec
from flinkmock.flink import checkpoint_messages
from flinkmock.flink.savepoint_purpose import SavepointPurpose
from flinkmock.named_random import CyclicValues, NamedRandom, UniformRange

KEPT_COUNT = 2 * WINDOW_SIZE
"""At least this many of the newest checkpoints are kept. When there are twice as many, older ones are only counted."""
UNBOUNDED_MS = 1 << 50
"""The planned duration of a checkpoint while its end is unknown."""
NOT_ADDRESSABLE = "<checkpoint-not-externally-addressable>"
"""The path of a checkpoint that is kept in memory (CheckpointProperties)."""

_id_of, _triggered_at, _ends_at = attrgetter("id"), attrgetter("triggered_at"), attrgetter("ends_at")


class CheckpointTracker:
    """The checkpoints of one job.

    Args:
        spec: The settings; None: no periodic checkpoints.
        job_id: The id of the job.
        graph: The graph of the job.
        random: The random draws of the cluster.
        directory: The checkpoint directory; None: checkpoints are stored in memory.
        taken_after_tasks_finish: Whether checkpoints are taken when some tasks have finished.
    """

    def __init__(
        self,
        spec: CheckpointSpec | None,
        job_id: str,
        graph: JobGraph,
        random: NamedRandom,
        directory: str | None,
        *,
        taken_after_tasks_finish: bool = True,
    ) -> None:
        self.spec = spec
        self.restored: list[RestoredCheckpoint] = []
        """The checkpoints and savepoints from which attempts were restored, oldest first."""
        self.tracked: list[Checkpoint] = []
        """The checkpoints in the order of their ids, without those that are only counted (`_earlier`)."""
        self._job_id = job_id
        self.graph = graph
        self._random = random
        self._directory = directory
        self._next_id = 1
        self._schedule = CheckpointSchedule(spec, job_id, random)
        self.taken_after_tasks_finish = taken_after_tasks_finish
        self._vertex_finish_times: Mapping[int, int] = {}
        """Index of a vertex whose sources are all bounded -> when the vertex finishes, in epoch ms."""
        self._stateful_vertex_ids = tuple(
            vertex.id for vertex in graph.vertices if vertex.spec.id and state_weight(vertex)
        )
        self._completed: list[Checkpoint] = []
        """The checkpoints that complete, even if they are still in progress, in the order of their ends."""
        self._failed: list[Checkpoint] = []
        """The checkpoints that fail, even if they are still in progress, in the order of their ends."""
        self._savepoints: list[Checkpoint] = []
        """The savepoints in `_completed`, in the same order."""
        self._earlier = EarlierCheckpoints()
        self._compaction_size = 2 * KEPT_COUNT
        """The number of checkpoints at which older ones are counted and dropped."""
        self._size_summary: RunningSummary | None = None
        self._duration_summary: RunningSummary | None = None

    # -- events

    def start(
        self,
        scheduled_at: int,
        running_at: int,
        *,
        first_checkpoint_waits_for_tasks: bool,
        vertex_finish_times: Mapping[int, int] | None = None,
    ) -> None:
        """Start triggering periodic checkpoints for an attempt.

        Args:
            scheduled_at: When the tasks were scheduled, in epoch ms.
            running_at: When all tasks run, in epoch ms.
            first_checkpoint_waits_for_tasks: Whether the behaviour is that since 2.3; see `CheckpointSchedule.start`.
            vertex_finish_times: Index of a vertex whose sources are all bounded -> when the vertex finishes, in epoch
                ms. The vertex takes no part in later checkpoints; before 1.15, there are no later checkpoints
                (FLIP-147; recorded: situations: partly: newest checkpoint).
        """
        self._vertex_finish_times = vertex_finish_times or {}
        self._schedule.start(
            scheduled_at,
            running_at,
            waits_for_tasks=first_checkpoint_waits_for_tasks,
            is_first_checkpoint=not self.tracked,
        )

    def stop(self, at: int) -> None:
        """Stop triggering checkpoints at `at` (epoch ms), when the tasks end, and abort those in progress."""
        self.materialize_until(at)
        self._schedule.stop(at)
        for checkpoints in (self._completed, self._failed):
            for checkpoint_in_progress in checkpoints[bisect_right(checkpoints, at, key=_ends_at) :]:
                self.abort(checkpoint_in_progress, at)

    def abort(self, checkpoint: Checkpoint, at: int, failure: str = checkpoint_messages.COORDINATOR_SUSPENDING) -> None:
        """Fail a checkpoint in progress at `at` (epoch ms), even if another end was planned."""
        self.end(checkpoint, at, failure)

    def end(self, checkpoint: Checkpoint, at: int, failure: str | None) -> None:
        """Complete a checkpoint in progress at `at` (epoch ms), or fail it with the message `failure`."""
        self._list_of(checkpoint).remove(checkpoint)
        if checkpoint in self._savepoints:
            self._savepoints.remove(checkpoint)
        self._size_summary = self._duration_summary = None
        checkpoint.ends_at, checkpoint.failure = at, failure
        if failure is None:
            checkpoint.duration = at - checkpoint.triggered_at
        self._insert(checkpoint)

    def restore(self, restored: RestoredCheckpoint) -> None:
        """Record that an attempt is restored from a checkpoint; the ids of later checkpoints continue after its id."""
        self.restored.append(restored)
        self._next_id = max(self._next_id, restored.id + 1)

    def take_over_from(self, former: CheckpointTracker, at: int) -> None:
        """Continue the work of `former`, the tracker of a job that a new leader recovers at `at` (epoch ms).

        The job is restored from its latest checkpoint or savepoint or, if there is none, from the same state as before.
        The ids of its checkpoints continue those of `former`.
        """
        self._next_id = former._next_id
        latest = former.newest_completed_at(at)
        if latest is not None:
            self.restore(RestoredCheckpoint(latest.id, at, latest.triggered_at, latest.is_savepoint, latest.path))
        elif former.restored:
            self.restore(dataclasses.replace(former.restored[-1], at=at))

    def trigger(
        self,
        at: int,
        kind: CheckpointKind,
        duration: int,
        *,
        purpose: SavepointPurpose | None = None,
        format: str | None = None,
        path: str = "",
        failure: str | None = None,
        reached_tasks: bool = True,
    ) -> Checkpoint:
        """Trigger a checkpoint at `at` (epoch ms) that ends `duration` ms later.

        Args:
            at: Epoch ms.
            kind: Whether it is a checkpoint or a savepoint.
            duration: The duration in ms.
            purpose: What a savepoint is taken for; None for a checkpoint.
            format: The format of a savepoint, CANONICAL or NATIVE; None for a checkpoint.
            path: Where it is stored; by default in the checkpoint directory.
            failure: The message with which it fails; None: it completes.
            reached_tasks: Whether tasks take part before it fails.
        """
        self.materialize_until(at)
        size = self._draw(self.spec.size if self.spec else CHECKPOINT_SIZE, "size")
        if not path:
            path = f"{self._directory}/{self._job_id}/chk-{self._next_id}" if self._directory else NOT_ADDRESSABLE
        checkpoint = Checkpoint(
            id=self._next_id,
            kind=kind,
            purpose=purpose,
            format=format,
            triggered_at=at,
            duration=duration,
            ends_at=at + duration,
            failure=failure,
            path=path,
            size=size or 0,
            reached_tasks=reached_tasks,
            stateful_vertex_ids=self._stateful_vertex_ids,
            finished_vertices=frozenset(
                index for index, finished_at in self._vertex_finish_times.items() if finished_at <= at
            ),
            graph=self.graph,
        )
        self._next_id += 1
        self.tracked.append(checkpoint)
        self._insert(checkpoint)
        return checkpoint

    def materialize_until(self, now: int) -> None:
        """Create the periodic checkpoints that are triggered up to `now` (epoch ms)."""
        spec, schedule = self.spec, self._schedule
        if not self.taken_after_tasks_finish and self._vertex_finish_times:
            now = min(now, min(self._vertex_finish_times.values()) - 1)
        if not schedule.is_due(now):
            return
        self._skip_until(now)
        while (at := schedule.take_due(now)) is not None:
            assert spec is not None
            duration = self._draw(spec.duration, "takes")
            duration = spec.timeout if duration is None else duration
            fails_by_chance = self._random.happens(spec.chance, "checkpoint", self._job_id, self._next_id, "fails")
            failure = checkpoint_messages.TASK_FAILED if self._next_id in spec.fails or fails_by_chance else None
            if duration >= spec.timeout:
                duration, failure = spec.timeout, checkpoint_messages.EXPIRED
            checkpoint = self.trigger(at, CheckpointKind.CHECKPOINT, max(duration, 1), failure=failure)
            schedule.plan_after(checkpoint)

        if len(self.tracked) >= self._compaction_size:
            self._compact(KEPT_COUNT, now)

    def _draw(self, values: UniformRange | CyclicValues, name: str) -> int | None:
        """Return the next of cyclic values, or a random value of a range; `name` is the name of the draw."""
        if isinstance(values, CyclicValues):
            return values.of(self._next_id)
        return self._random.draw(values, "checkpoint", self._job_id, self._next_id, name)

    def _skip_until(self, now: int) -> None:
        """Count the checkpoints that are due by `now` (epoch ms) without creating them, except for the newest ones.

        Checkpoints are skipped only if very many are due, and each of them certainly completes before the next is due,
        with the minimum pause in between.
        """
        spec, next_at = self.spec, self._schedule.next_at
        assert spec is not None and spec.interval is not None and next_at is not None
        due_count = (now - next_at) // spec.interval
        duration = spec.duration
        if due_count < 2 * KEPT_COUNT or spec.chance or duration.high is None:
            return
        longest_ms = max(duration.high, 1) + spec.min_pause
        if longest_ms > spec.interval or duration.high >= spec.timeout or any(id >= self._next_id for id in spec.fails):
            return
        count = due_count - KEPT_COUNT
        self._compact(0, next_at + count * spec.interval)
        self._earlier.add_many(count, spec.size, duration)
        self._next_id += count
        self._schedule.next_at = next_at + count * spec.interval

    def _compact(self, kept_count: int, time: int) -> None:
        """Count and drop the checkpoints that have ended by `time` (epoch ms), except for the newest `kept_count`.

        Do nothing yet if the newest ones include too few completed checkpoints for the percentiles.
        """
        split = len(self.tracked) - kept_count
        older_checkpoints, newest_checkpoints = self.tracked[:split], self.tracked[split:]
        if kept_count and sum(checkpoint.failure is None for checkpoint in newest_checkpoints) < WINDOW_SIZE:
            self._compaction_size += KEPT_COUNT
            return
        ended = [checkpoint for checkpoint in older_checkpoints if checkpoint.ends_at <= time]
        for checkpoint in sorted(ended, key=_ends_at):
            self._earlier.add(checkpoint)
        self.tracked = [checkpoint for checkpoint in older_checkpoints if checkpoint.ends_at > time]
        self.tracked += newest_checkpoints
        tracked_ids = {checkpoint.id for checkpoint in self.tracked}
        self._completed, self._failed, self._savepoints = (
            [checkpoint for checkpoint in checkpoints if checkpoint.id in tracked_ids]
            for checkpoints in (self._completed, self._failed, self._savepoints)
        )
        self._size_summary = self._duration_summary = None

    # -- reading

    def counts_at(self, time: int) -> dict[str, int]:
        """Return the five counts of `/checkpoints`; "total" is the sum of "in_progress", "completed" and "failed"."""
        self.materialize_until(time)
        earlier = self._earlier
        earlier_count = earlier.completed_count + earlier.failed_count
        triggered_count = earlier_count + bisect_right(self.tracked, time, key=_triggered_at)
        completed_count = earlier.completed_count + bisect_right(self._completed, time, key=_ends_at)
        failed_count = earlier.failed_count + bisect_right(self._failed, time, key=_ends_at)
        rejected_count = self.rejected_count_at(time)
        return {
            "restored": sum(restored.at <= time for restored in self.restored),
            "total": triggered_count + rejected_count,
            "in_progress": triggered_count - completed_count - failed_count,
            "completed": completed_count,
            "failed": failed_count + rejected_count,
        }

    def rejected_count_at(self, time: int) -> int:
        """Return how many checkpoints could not be triggered up to `time` (epoch ms)."""
        return self._schedule.rejected_count_at(time)

    def history_at(self, time: int, length: int = 10) -> list[Checkpoint]:
        """Return the `length` newest checkpoints, newest first."""
        self.materialize_until(time)
        end = bisect_right(self.tracked, time, key=_triggered_at)
        return self.tracked[max(0, end - length) : end][::-1]

    def completed_checkpoints_at(self, time: int) -> list[Checkpoint]:
        """Return the checkpoints completed by `time` in the order of completion, except those that are only counted."""
        self.materialize_until(time)
        return self._completed[: bisect_right(self._completed, time, key=_ends_at)]

    def newest_completed_at(self, time: int) -> Checkpoint | None:
        """Return the completed checkpoint with the highest id at `time`; None if there is none."""
        self.materialize_until(time)
        index = bisect_right(self._completed, time, key=_ends_at) - 1
        if index < 0:
            return None
        newest = completed_last = self._completed[index]
        # a checkpoint that ended before this one was triggered has a lower id
        while index > 0 and self._completed[index - 1].ends_at >= completed_last.triggered_at:
            index -= 1
            newest = max(newest, self._completed[index], key=_id_of)
        return newest

    def summaries_at(self, time: int) -> tuple[SummaryStatistics | None, SummaryStatistics | None]:
        """Return the statistics of sizes (bytes) and durations (ms) of the checkpoints completed by `time`."""
        self.materialize_until(time)
        if self._size_summary is None or self._duration_summary is None:
            self._size_summary, self._duration_summary = RunningSummary(size_of), RunningSummary(duration_of)
        count, earlier = bisect_right(self._completed, time, key=_ends_at), self._earlier
        return (
            self._size_summary.statistics(self._completed, count, earlier.sizes),
            self._duration_summary.statistics(self._completed, count, earlier.durations),
        )

    def failed_checkpoints_at(self, time: int) -> list[Checkpoint]:
        """Return the checkpoints that failed by `time`, oldest failure first, except those that are only counted."""
        self.materialize_until(time)
        return self._failed[: bisect_right(self._failed, time, key=_ends_at)]

    def latest_checkpoint_at(self, time: int) -> Checkpoint | None:
        """Return the checkpoint, not savepoint, that was completed last by `time`; None if there is none."""
        self.materialize_until(time)
        for index in range(bisect_right(self._completed, time, key=_ends_at) - 1, -1, -1):
            if not self._completed[index].is_savepoint:
                return self._completed[index]
        return None

    def latest_savepoint_at(self, time: int) -> Checkpoint | None:
        """Return the savepoint that was completed last by `time`; None if there is none."""
        self.materialize_until(time)
        count = bisect_right(self._savepoints, time, key=_ends_at)
        return self._savepoints[count - 1] if count else self._earlier.last_savepoint

    def latest_failed_at(self, time: int) -> Checkpoint | None:
        """Return the checkpoint that failed last by `time`; None if none failed."""
        self.materialize_until(time)
        count = bisect_right(self._failed, time, key=_ends_at)
        return self._failed[count - 1] if count else self._earlier.last_failed

    def latest_restored_at(self, time: int) -> RestoredCheckpoint | None:
        """Return the checkpoint from which the job was last restored by `time`; None if it was not restored."""
        return next((restored for restored in reversed(self.restored) if restored.at <= time), None)

    def acknowledgements(self, checkpoint: Checkpoint, time: int) -> list[list[SubtaskAcknowledgement]]:
        """Return the acknowledgements of a checkpoint as of `time` (epoch ms), vertex by vertex."""
        return acknowledgements(checkpoint, self.graph_of(checkpoint), self._job_id, self._random, time)

    def graph_of(self, checkpoint: Checkpoint) -> JobGraph:
        """Return the graph whose subtasks acknowledge a checkpoint. A rescale does not change it."""
        return checkpoint.graph or self.graph

    # -- helpers

    def _list_of(self, checkpoint: Checkpoint) -> list[Checkpoint]:
        """Return the list that contains, or is to contain, a checkpoint."""
        return self._completed if checkpoint.failure is None else self._failed

    def _insert(self, checkpoint: Checkpoint) -> None:
        checkpoints = self._list_of(checkpoint)
        index = bisect_right(checkpoints, checkpoint.ends_at, key=_ends_at)
        if index < len(checkpoints):  # the summaries may already contain later checkpoints
            self._size_summary = self._duration_summary = None
        checkpoints.insert(index, checkpoint)
        if checkpoint.is_savepoint and checkpoint.failure is None:
            self._savepoints.insert(bisect_right(self._savepoints, checkpoint.ends_at, key=_ends_at), checkpoint)
