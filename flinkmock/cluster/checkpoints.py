"""Checkpoints and savepoints of one job: when they are triggered, how they end, and what is remembered of them.

Periodic checkpoints cost nothing until somebody asks: `settle` works out those that fell due since. History, counts
and summary follow CheckpointStatsTracker: one sequence of ids for checkpoints and savepoints, percentiles over a
window of the last 10,000.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from dataclasses import dataclass

from flinkmock.cluster.graph import JobGraph, Vertex
from flinkmock.cluster.spec import CHECKPOINT_SIZE, CheckpointSpec
from flinkmock.flink import messages
from flinkmock.named_random import NamedRandom

CHECKPOINT, SAVEPOINT, SYNC_SAVEPOINT = "CHECKPOINT", "SAVEPOINT", "SYNC_SAVEPOINT"
WINDOW = 10_000
FIRST_CHECKPOINT_DELAY_MS = 5
SOURCE_ACK_MS = 25
"""A source acknowledges as soon as it is asked; what makes a checkpoint long lies behind it."""
UNBOUNDED_MS = 1 << 50
"""What a checkpoint is said to take while nobody knows when it ends."""
NOT_ADDRESSABLE = "<checkpoint-not-externally-addressable>"
"""CheckpointProperties' word for a checkpoint kept in memory only."""


@dataclass(slots=True)
class Checkpoint:
    """One checkpoint or savepoint; `ends_at` (epoch ms) is when it completes or fails, `duration` the plan (ms)."""

    id: int
    kind: str
    format: str | None
    triggered_at: int
    duration: int
    ends_at: int
    failure: str | None
    path: str
    size: int
    reached_tasks: bool = True
    """False: it failed before any task was asked to take part."""
    operators: tuple[str, ...] = ()
    """Ids of the vertices whose state it has, as far as the job itself names them."""

    @property
    def is_savepoint(self) -> bool:
        return self.kind != CHECKPOINT

    def status_at(self, time: int) -> str:
        if time < self.ends_at:
            return "IN_PROGRESS"
        return "COMPLETED" if self.failure is None else "FAILED"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """One subtask's part in a checkpoint: `at` is None while it is, or has remained, pending; sizes are bytes."""

    subtask: int
    at: int | None
    size: int


@dataclass(frozen=True, slots=True)
class RestoredCheckpoint:
    """From what a run was restored: the checkpoint's id, when (epoch ms), and where it lies."""

    id: int
    at: int
    is_savepoint: bool
    path: str


@dataclass(frozen=True, slots=True)
class SummaryStatistics:
    """Smallest, largest and mean of a quantity, and the values in the window, in ascending order."""

    minimum: int
    maximum: int
    average: int
    window: tuple[int, ...]


class CheckpointTracker:
    def __init__(
        self, spec: CheckpointSpec | None, job_id: str, graph: JobGraph, random: NamedRandom, directory: str | None
    ) -> None:
        self.spec = spec
        self.restored: list[RestoredCheckpoint] = []
        self.records: list[Checkpoint] = []
        """By id."""
        self.rejected_at: list[int] = []
        """When a checkpoint could not even be triggered: it counts as failed, but has no id and no place in history."""
        self._job_id = job_id
        self.graph = graph
        self._random = random
        self._directory = directory
        self._next_id = 1
        self._next_at: int | None = None
        self._operators = tuple(v.id for v in graph.vertices if v.spec.id and self._weight(v.index))
        self._completed: list[Checkpoint] = []
        self._failed: list[Checkpoint] = []

    # -- what happens

    def start(self, scheduled_at: int, running_at: int, *, eager: bool) -> None:
        """A run begins: periodic checkpoints are triggered from now on.

        The first comes after a part of the interval, drawn at random, from `scheduled_at` on; one that falls due before
        all tasks run (`running_at`) is refused. `eager` coordinators (2.3) wait for the tasks instead: they are refused
        once, when the first task runs, and trigger when the last one does (recorded in all suites).
        """
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
        """The tasks end at `at`: no more periodic checkpoints, and those in progress are aborted."""
        self.materialize_until(at)
        self._next_at = None
        for record in [r for r in (*self._completed[-WINDOW:], *self._failed[-WINDOW:]) if r.ends_at > at]:
            self.abort(record, at)

    def abort(self, record: Checkpoint, at: int, failure: str = messages.SUSPENDING) -> None:
        """Lets a checkpoint in progress fail at `at` instead of what was planned for it."""
        self.end(record, at, failure)

    def end(self, record: Checkpoint, at: int, failure: str | None) -> None:
        """One that was to last until somebody ends it is completed at `at`, or fails."""
        self._list_for(record).remove(record)
        record.ends_at, record.failure = at, failure
        if failure is None:
            record.duration = at - record.triggered_at
        self._insert(record)

    def restore(self, restored: RestoredCheckpoint) -> None:
        """A run starts from this checkpoint; ids go on from there."""
        self.restored.append(restored)
        self._next_id = max(self._next_id, restored.id + 1)

    def take_over_from(self, former: CheckpointTracker, at: int) -> None:
        """A new leader's tracker takes the place of `former`, which stopped by `at`: it restores the latest checkpoint
        or savepoint, else what the former one had begun with, and numbers go on."""
        self._next_id = former._next_id
        completed = former.completed_at(at)
        if completed:
            last = max(completed, key=lambda checkpoint: checkpoint.id)
            self.restore(RestoredCheckpoint(last.id, at, last.is_savepoint, last.path))
        elif former.restored:
            self.restore(dataclasses.replace(former.restored[-1], at=at))

    def trigger(
        self,
        at: int,
        kind: str,
        takes: int,
        *,
        format: str | None = None,
        path: str = "",
        failure: str | None = None,
        begun: bool = True,
    ) -> Checkpoint:
        """Triggers one at `at` that ends `takes` ms later, and completes unless `failure` says why not."""
        self.materialize_until(at)
        size = self._random.draw(
            self.spec.size if self.spec else CHECKPOINT_SIZE, "checkpoint", self._job_id, self._next_id, "size"
        )
        if not path:
            path = f"{self._directory}/{self._job_id}/chk-{self._next_id}" if self._directory else NOT_ADDRESSABLE
        record = Checkpoint(self._next_id, kind, format, at, takes, at + takes, failure, path, size or 0, begun)
        record.operators = self._operators
        self._next_id += 1
        self.records.append(record)
        self._insert(record)
        return record

    def materialize_until(self, now: int) -> None:
        """Works out the periodic checkpoints that were triggered up to `now`."""
        spec = self.spec
        while self._next_at is not None and self._next_at <= now:
            assert spec is not None and spec.every is not None
            takes = self._random.draw(spec.duration, "checkpoint", self._job_id, self._next_id, "takes")
            takes = spec.timeout if takes is None else takes
            unlucky = self._random.happens(spec.chance, "checkpoint", self._job_id, self._next_id, "fails")
            failure = messages.DECLINED if self._next_id in spec.fails or unlucky else None
            if takes >= spec.timeout:
                takes, failure = spec.timeout, messages.EXPIRED
            at, self._next_at = self._next_at, None  # `trigger` settles too, and must find nothing to do
            record = self.trigger(at, CHECKPOINT, max(takes, 1), failure=failure)
            self._next_at = max(at + spec.every, record.ends_at + spec.min_pause if spec.max_concurrent == 1 else 0)

    # -- what is known

    def counts_at(self, time: int) -> dict[str, int]:
        """The five counts of `/checkpoints`; they add up: total = in progress + completed + failed."""
        self.materialize_until(time)
        triggered = bisect_right(self.records, time, key=_trigger)
        completed = bisect_right(self._completed, time, key=_end)
        failed = bisect_right(self._failed, time, key=_end)
        refused = bisect_right(self.rejected_at, time)
        return {
            "restored": sum(restored.at <= time for restored in self.restored),
            "total": triggered + refused,
            "in_progress": triggered - completed - failed,
            "completed": completed,
            "failed": failed + refused,
        }

    def history_at(self, time: int, length: int = 10) -> list[Checkpoint]:
        """The newest ones, newest first."""
        self.materialize_until(time)
        known = bisect_right(self.records, time, key=_trigger)
        return self.records[max(0, known - length) : known][::-1]

    def completed_at(self, time: int) -> list[Checkpoint]:
        """Those completed by `time`, in the order in which they completed."""
        self.materialize_until(time)
        return self._completed[: bisect_right(self._completed, time, key=_end)]

    def failed_at(self, time: int) -> list[Checkpoint]:
        self.materialize_until(time)
        return self._failed[: bisect_right(self._failed, time, key=_end)]

    def latest_at(self, time: int, *, savepoint: bool) -> Checkpoint | None:
        """The newest completed savepoint, or the newest completed checkpoint that is none."""
        return next((c for c in reversed(self.completed_at(time)) if c.is_savepoint == savepoint), None)

    def restored_at(self, time: int) -> RestoredCheckpoint | None:
        return next((restored for restored in reversed(self.restored) if restored.at <= time), None)

    def acknowledgements(self, record: Checkpoint, time: int) -> list[list[Acknowledgement]]:
        """Vertex by vertex; the last one comes at the very end, and the sizes add up to the whole."""
        vertices = self.graph.vertices
        weights = [self._weight(v.index) for v in vertices]
        heaviest = max(weights, default=0.0)
        bytes_left = record.size
        answer: list[list[Acknowledgement]] = []
        for vertex, row in zip(vertices, self._delays(record), strict=True):
            whole = int(record.size * weights[vertex.index] / sum(weights)) if sum(weights) else 0
            acks = []
            for subtask, delay in enumerate(row):
                size = whole // vertex.parallelism + (subtask < whole % vertex.parallelism)
                moment = record.triggered_at + delay
                made = moment <= min(time, record.ends_at) and (record.failure is None or moment < record.ends_at)
                made = made and record.reached_tasks
                acks.append(Acknowledgement(subtask, moment if made else None, size if made else 0))
                bytes_left -= size
            answer.append(acks)
        self._add_remainder(answer, weights.index(heaviest) if heaviest else 0, bytes_left)
        return answer

    def _delays(self, record: Checkpoint) -> list[list[int]]:
        """Vertex by vertex, how many ms after the trigger each subtask acknowledges: the slowest at the very end."""
        vertices = self.graph.vertices
        shares = {
            (v.index, s): self._random.number("ack", self._job_id, record.id, v.index, s)
            for v in vertices
            for s in range(v.parallelism)
        }
        behind = [shares[key] for key in shares if not vertices[key[0]].is_source]
        slowest = max(behind or shares.values(), default=1.0)
        early = min(record.duration, SOURCE_ACK_MS)

        def delay(vertex: Vertex, share: float) -> int:
            if vertex.is_source and behind:
                return round(early * (0.5 + 0.5 * share))
            return round(early + (record.duration - early) * (0.6 + 0.4 * share / slowest))

        return [[delay(v, shares[v.index, s]) for s in range(v.parallelism)] for v in vertices]

    @staticmethod
    def _add_remainder(answer: list[list[Acknowledgement]], vertex: int, rest: int) -> None:
        """What integer division left over goes to the first subtask of the heaviest vertex."""
        if answer and rest and (first := answer[vertex][0]).at is not None:
            answer[vertex][0] = Acknowledgement(first.subtask, first.at, first.size + rest)

    # -- how a checkpoint is made up

    def _list_for(self, record: Checkpoint) -> list[Checkpoint]:
        return self._completed if record.failure is None else self._failed

    def _insert(self, record: Checkpoint) -> None:
        ended = self._list_for(record)
        ended.insert(bisect_right(ended, record.ends_at, key=_end), record)

    def _weight(self, vertex: int) -> float:
        """How much state a vertex has: sources keep offsets, vertices behind a HASH edge keep keyed state."""
        spec = self.graph.vertices[vertex]
        if spec.is_source:
            return 1.0
        return 8.0 if any(edge.ship_strategy == "HASH" for edge in spec.inputs) else 0.0


def _trigger(record: Checkpoint) -> int:
    return record.triggered_at


def _end(record: Checkpoint) -> int:
    return record.ends_at


def summary_statistics(values: list[int]) -> SummaryStatistics | None:
    """The figures of all `values`, in the order in which they came; None if there are none."""
    if not values:
        return None
    return SummaryStatistics(min(values), max(values), sum(values) // len(values), tuple(sorted(values[-WINDOW:])))


def percentile(ascending: tuple[int, ...], p: float) -> float:
    """As commons-math's LEGACY estimation does, which Flink's DescriptiveStatisticsHistogram uses."""
    count = len(ascending)
    position = p * (count + 1)
    if count == 1 or position < 1:
        return float(ascending[0])
    if position >= count:
        return float(ascending[-1])
    below = ascending[int(position) - 1]
    return below + (position - int(position)) * (ascending[int(position)] - below)
