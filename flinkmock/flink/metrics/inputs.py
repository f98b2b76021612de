"""The inputs of metrics: the state of a job, a subtask or a process at one moment.

Times are in ms since the epoch, durations in ms, sizes in bytes. Values that other responses show too (checkpoints,
restarts, slots, records) are inputs; all other metrics are random, the same for the same moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flinkmock.flink.io_counters import IoCounters
from flinkmock.flink.memory import JobManagerMemory, TaskManagerMemory
from flinkmock.named_random import NamedRandom

METER_SPAN_MS = 60_000
"""Flink's MeterView: a rate is the growth of its counter within the last minute, divided by 60."""


def per_second(now: float, minute_ago: float) -> float:
    return (now - minute_ago) / 60


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricInputs:
    """`key` identifies the subject (TaskManager id, execution id …): equal keys give equal random numbers."""

    now: int
    started_at: int
    key: str
    random: NamedRandom

    @property
    def age(self) -> int:
        return max(0, self.now - self.started_at)

    def constant(self, low: int, high: int, name: str) -> int:
        """Return a number that never changes for `key`."""
        return self.random.integer(low, high, "metrics", self.key, name)

    def moving(self, low: int, high: int, name: str, every: int = 10_000) -> int:
        """Return a number that changes every `every` ms."""
        return self.random.integer(low, high, "metrics", self.key, name, self.now // every)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobManagerInputs(MetricInputs):
    memory: JobManagerMemory
    running_jobs: int = 0
    taskmanagers: int = 0
    slots_total: int = 0
    slots_available: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskManagerInputs(MetricInputs):
    memory: TaskManagerMemory
    tasks: int = 0
    """Tasks deployed to it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCheckpoint:
    """The newest completed checkpoint, with the values of `/jobs/:jobid/checkpoints`."""

    id: int
    completed_at: int
    duration: int
    checkpointed_size: int
    state_size: int
    processed_data: int
    persisted_data: int
    metadata_size: int
    external_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInputs(MetricInputs):
    """`timestamps` is the job's own map: when it entered each state, 0 for never (`/jobs/:jobid`)."""

    state: str
    timestamps: Mapping[str, int]
    terminal: bool = False
    restarts: int = 0
    """All restarts, those of rescales among them."""
    rescales: int = 0
    """Restarts with another parallelism."""
    all_running_since: int | None = None
    """Since when each subtask is RUNNING or FINISHED; None while one is not."""
    deploying_since: int | None = None
    """Since when tasks are being deployed; None if none is."""
    completed: int = 0
    failed: int = 0
    in_progress: int = 0
    total: int = 0
    last: LastCheckpoint | None = None
    restored_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorInputs:
    """One operator of a chain; `watermark` None means that none has come yet.

    `splits` are the names of the splits that a source reads, `active_ms` is how long it has read them.
    """

    name: str
    io: IoCounters = field(default_factory=IoCounters)
    minute_ago: IoCounters = field(default_factory=IoCounters)
    watermark: int | None = None
    is_source: bool = False
    active_ms: int = 0
    splits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtaskInputs(MetricInputs):
    """`started_at` is when the attempt began to run; `io` are the task's own counters and `minute_ago` what they were a
    minute before (zeros if it did not run then). Ratios are from 0 to 1 and those of the current moment.
    """

    io: IoCounters = field(default_factory=IoCounters)
    minute_ago: IoCounters = field(default_factory=IoCounters)
    is_source: bool = False
    idle_ratio: float = 0.0
    backpressured_ratio: float = 0.0
    initialized_in: int = 0
    """How long INITIALIZING took (ms)."""
    watermark: int | None = None
    checkpointed: bool = False
    """Whether the task has acknowledged a checkpoint."""
    local_share: float = 1.0
    """The part of its input that comes from its own TaskManager, from 0 to 1."""
    operators: tuple[OperatorInputs, ...] = ()
