"""The inputs of metrics: the state of a job, a subtask or a process at one time.

Times are in epoch ms, durations in ms, sizes in bytes. Values that other responses contain (checkpoints, restarts,
slots, records) are inputs. Other varying values are drawn at random: the same seed and time give the same values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flinkmock.flink.io_counters import IoCounters
from flinkmock.flink.memory import JobManagerMemory, TaskManagerMemory
from flinkmock.named_random import NamedRandom

METER_SPAN_MS = 60_000
"""The time in ms over which Flink's MeterView computes rates per second."""


def per_second(count: float, count_minute_ago: float) -> float:
    """Return the rate of a counter over METER_SPAN_MS."""
    return (count - count_minute_ago) / (METER_SPAN_MS // 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricInputs:
    """The inputs that all metrics need, and random numbers.

    Attributes:
        key: The id of the process, job or execution. The same key gives the same numbers.
    """

    now: int
    started_at: int
    key: str
    random: NamedRandom

    @property
    def age(self) -> int:
        """How long the process, job or execution has run, in ms."""
        return max(0, self.now - self.started_at)

    def constant_number(self, low: int, high: int, name: str) -> int:
        """Return a random number that never changes."""
        return self.random.integer(low, high, "metrics", self.key, name)

    def varying_number(self, low: int, high: int, name: str, every_ms: int = 10_000) -> int:
        """Return a random number that changes every `every_ms`."""
        return self.random.integer(low, high, "metrics", self.key, name, self.now // every_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobManagerInputs(MetricInputs):
    """The state of the JobManager and of the cluster."""

    memory: JobManagerMemory
    running_job_count: int = 0
    taskmanager_count: int = 0
    total_slot_count: int = 0
    available_slot_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskManagerInputs(MetricInputs):
    """The state of a TaskManager."""

    memory: TaskManagerMemory
    deployed_task_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCheckpoint:
    """The newest completed checkpoint, with the values that `/jobs/:jobid/checkpoints` has."""

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
    """The state of a job. `timestamps` are as in `/jobs/:jobid`: when each state was last entered, 0 for never."""

    state: str
    timestamps: Mapping[str, int]
    is_terminal: bool = False
    restart_count: int = 0
    """The number of restarts, including the restarts of rescales."""
    rescale_count: int = 0
    """The number of restarts with another parallelism."""
    all_running_since: int | None = None
    """Since when all subtasks have been RUNNING or FINISHED; None if one of them is in another state."""
    deploying_since: int | None = None
    """Since when tasks have been in deployment; None if no task is being deployed."""
    completed_checkpoint_count: int = 0
    failed_checkpoint_count: int = 0
    in_progress_checkpoint_count: int = 0
    total_checkpoint_count: int = 0
    last_checkpoint: LastCheckpoint | None = None
    restored_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorInputs:
    """An operator of a chain.

    Attributes:
        io: The counters of the operator.
        io_minute_ago: The counters one minute earlier.
        watermark: The last watermark; None before the first one.
        splits: The names of the splits that a source reads.
        active_ms: How long the source has read its splits.
    """

    name: str
    io: IoCounters = field(default_factory=IoCounters)
    io_minute_ago: IoCounters = field(default_factory=IoCounters)
    watermark: int | None = None
    is_source: bool = False
    active_ms: int = 0
    splits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtaskInputs(MetricInputs):
    """The state of a subtask. The ratios, from 0 to 1, are about the current second.

    Attributes:
        started_at: The time at which the execution began to run.
        io: The counters of the execution.
        io_minute_ago: The same counters one minute earlier; zeros if the execution did not run yet.
    """

    io: IoCounters = field(default_factory=IoCounters)
    io_minute_ago: IoCounters = field(default_factory=IoCounters)
    is_source: bool = False
    idle_ratio: float = 0.0
    backpressured_ratio: float = 0.0
    initializing_ms: int = 0
    """The duration of the state INITIALIZING."""
    watermark: int | None = None
    has_acknowledged_checkpoint: bool = False
    """Whether the task has acknowledged a checkpoint."""
    local_share: float = 1.0
    """The fraction of its input that comes from the same TaskManager."""
    operators: tuple[OperatorInputs, ...] = ()
