"""The values a scenario is made of: what a cluster is, how a job lives, how long an operation takes.

Nothing here moves. The loader (`flinkmock/scenario/`) makes these from YAML, tests make them by hand, and the
cluster (`flinkmock/cluster/cluster.py`) plays them. Times are milliseconds, sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flinkmock.cluster.metric_series import Backpressure, MetricSpec
from flinkmock.flink.java_exception import JavaException
from flinkmock.named_random import ZERO, UniformRange


@dataclass(frozen=True, slots=True)
class Polls:
    """Until the thing has been read so many times: that read finds it changed. A job is read by whatever tells of its
    state, an asynchronous operation by its status."""

    times: int


@dataclass(frozen=True, slots=True)
class Signal:
    """Until `Cluster.signal(name)`."""

    name: str


DurationSpec = UniformRange | Polls | Signal
"""How long something lasts: by the clock, or until it is told."""


@dataclass(frozen=True, slots=True)
class ExceptionSpec:
    """Why a job fails: a Java exception, and where it is thrown (None: wherever the seed decides)."""

    java_exception: JavaException
    vertex: str | None = None
    subtask: int | None = None
    everywhere: bool = False
    """True: a global failure, thrown by no task."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a lifecycle: a job state and how long it lasts."""

    state: str
    duration: DurationSpec = ZERO
    exception: ExceptionSpec | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """Steps that are gone through `times` times (None: for ever)."""

    steps: tuple[Step | Repeat, ...]
    times: int | None = None


Lifecycle = tuple[Step | Repeat, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """An edge: from which vertex (by its place in the job's list) and how records travel."""

    source: int
    ship_strategy: str = "FORWARD"
    exchange: str = "pipelined_bounded"


PRINT_SINK = "Print to Std. Out"


@dataclass(frozen=True, slots=True)
class VertexSpec:
    """A vertex of the job graph; `operators` is its chain, and its name follows from it.

    `id` is 32 hex digits, or empty: then it is worked out from job and name, the same each time.
    """

    operators: tuple[str, ...]
    parallelism: int = 1
    own_parallelism: bool = False
    """True: the program sets it itself, so running the jar with another parallelism leaves it as it is."""
    inputs: tuple[Input, ...] = ()
    id: str = ""
    max_parallelism: int = 128
    slot_sharing_group: str = "default"
    selectivity: float = 1.0
    """Records out for each record in."""
    records_per_second: float = 100.0
    """Of a source, all its subtasks together."""
    bytes_per_record: int = 28
    accumulators: Mapping[str, str] = field(default_factory=dict)
    """Name -> type as Flink calls it, e.g. {"words": "IntCounter"}."""
    accumulator_values: Mapping[str, Any] = field(default_factory=dict)
    """Values of accumulators by name; all others of integers count the records, the rest stay empty."""
    prints: bool | None = None
    """Whether a line for each record is printed to the TaskManager's `.out` file; None: if the sink is Flink's own."""
    skew: tuple[int, ...] = ()
    """In which parts records are dealt out to the subtasks; the last one holds for the rest. Empty: evenly."""
    backpressure: tuple[Backpressure, ...] = ()
    """When, and how much, its tasks are held up by those behind them."""
    metrics: Mapping[str, MetricSpec] = field(default_factory=dict)
    """Of its subtasks, over those that Flink has."""

    @property
    def name(self) -> str:
        return " -> ".join(self.operators)

    @property
    def prints_records(self) -> bool:
        """Whether its subtasks print their records; `DataStream.print()` names its sink `Print to Std. Out`."""
        return self.operators[-1].removeprefix("Sink: ") == PRINT_SINK if self.prints is None else self.prints


CHECKPOINT_DURATION = UniformRange(30, 70)
CHECKPOINT_SIZE = UniformRange(2_300, 2_500)
"""What a checkpoint of a small job with heap state takes (ms) and holds (bytes), unless the scenario says otherwise."""


@dataclass(frozen=True, slots=True)
class CheckpointSpec:
    every: int | None = 10_000
    """Interval (ms); None: no periodic checkpoints."""
    duration: UniformRange = CHECKPOINT_DURATION
    size: UniformRange = CHECKPOINT_SIZE
    fails: frozenset[int] = frozenset()
    """Checkpoint ids that fail."""
    chance: float = 0.0
    """How likely each checkpoint is to fail, from 0 to 1; beside those of `fails`."""
    timeout: int = 600_000
    min_pause: int = 0
    max_concurrent: int = 1
    mode: str = "exactly_once"
    unaligned: bool = False
    tolerable_failures: int = 0
    retained: str | None = None
    """None: not externalized; else "retain" or "delete" on cancellation."""


@dataclass(frozen=True, slots=True)
class RestartStrategy:
    """`kind` is "none", "fixed-delay" or "exponential-delay"; `attempts` None means without end."""

    kind: str = "fixed-delay"
    attempts: int | None = None
    delay: int = 1000
    configured_by_job: bool = True
    """False: the job says nothing and `/config` tells of the cluster's default."""


@dataclass(frozen=True, slots=True)
class ProgramSpec:
    """What becomes of a jar's main method when it does not simply run its job.

    `throws`: main ends with this exception. `executes` False: main returns without having started a job.
    `arguments` maps a program argument to the fields it sets ("--name" -> ("name",)): name, parallelism,
    checkpoints.every and checkpoints.duration (given in ms), or VERTEX.parallelism with the vertex's full name. Entries
    of user-config are all arguments, without their dashes, when `arguments_in_user_config`.
    """

    throws: JavaException | None = None
    executes: bool = True
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    arguments_in_user_config: bool = False


@dataclass(frozen=True, slots=True)
class Watermarks:
    """Event time: `lag` ms behind the clock (None: no watermarks); it stands still `stops_after` ms after the
    job was submitted (None: it does not)."""

    lag: int | None
    stops_after: int | None = None


@dataclass(frozen=True, slots=True)
class PastFailure:
    """An exception of the time before the scenario began, `age` ms before."""

    age: int
    exception: ExceptionSpec


@dataclass(frozen=True, slots=True)
class JobSpec:
    name: str
    vertices: tuple[VertexSpec, ...]
    lifecycle: Lifecycle
    type: str = "STREAMING"
    parallelism: int = 1
    """What `/jobs/:jobid/config` calls job-parallelism."""
    checkpoints: CheckpointSpec | None = CheckpointSpec()
    restart: RestartStrategy = RestartStrategy()
    user_config: Mapping[str, str] = field(default_factory=dict)
    program: ProgramSpec = ProgramSpec()
    operations: Mapping[str, OperationSpec] = field(default_factory=dict)
    """What this job's operations take; wins over the cluster's."""
    restore_duration: UniformRange = ZERO
    """How much longer tasks are INITIALIZING when there is state to restore (ms)."""
    restore_path: str | None = None
    """The savepoint that a job of the scenario itself starts from; a submitted one is told by its request."""
    watermarks: Watermarks | None = None
    """None: in step with the clock if an operator is called Timestamps/Watermarks, else there are none."""
    metrics: Mapping[str, MetricSpec] = field(default_factory=dict)
    """Of the job, over those that Flink has."""
    past_failures: tuple[PastFailure, ...] = ()
    """Oldest first."""
    age: int = 0
    """For jobs that are older than the scenario (ms)."""
    id: str = ""


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """How long an asynchronous operation takes and which of its calls fail (1 is the first)."""

    duration: DurationSpec
    fails: frozenset[int] = frozenset()
    exception: JavaException | None = None
    chance: float = 0.0
    """How likely each call is to fail, from 0 to 1; beside those of `fails`."""


OPERATIONS: Mapping[str, OperationSpec] = {
    "savepoint": OperationSpec(UniformRange(40, 75)),
    "stop-with-savepoint": OperationSpec(UniformRange(90, 160)),
    "checkpoint": OperationSpec(UniformRange(25, 65)),
    "cancel": OperationSpec(UniformRange(30, 120)),
    "dispose-savepoint": OperationSpec(UniformRange(5, 30)),
    "rescale": OperationSpec(UniformRange.exactly(1_000)),
    "submit": OperationSpec(ZERO),
    "upload": OperationSpec(ZERO),
    "delete-dataset": OperationSpec(UniformRange(1, 5)),
}
"""How long operations take unless a scenario says otherwise: as long as on a real cluster with a small job.

See docs/flink-behaviour.md#operation-timing.
"""


@dataclass(frozen=True, slots=True)
class SubmissionRule:
    """Which template a submitted program becomes: `pattern` (as in fnmatch) is matched against the entry class, the
    jar's name and the job's name; the first rule that fits wins."""

    pattern: str
    job: JobSpec


@dataclass(frozen=True, slots=True)
class TaskManagerEvent:
    """A task manager comes or goes `at` ms after the cluster began.

    `kind` is "joins", "leaves" (it says goodbye) or "lost" (it is heard of no more). `number` tells who goes, counted
    from 0 in the order of coming; None: the first that is there.
    """

    at: int
    kind: str
    number: int | None = None


LEADER_ELECTION = UniformRange(5_000, 5_000)
"""How long no JobManager leads after a crash (ms)."""


@dataclass(frozen=True, slots=True)
class LeaderChange:
    """The leading JobManager falls `at` ms after the cluster began, and another leads when that has taken its time."""

    at: int
    duration: UniformRange = LEADER_ELECTION


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """A whole scenario, ready to be played."""

    flink: str | None = None
    seed: int = 0
    clock: str | None = None
    """"real", "virtual", "10x", "1s per request"; None: as the entry point likes it."""
    jobmanagers: int = 1
    leader_changes: tuple[LeaderChange, ...] = ()
    """In the order of time."""
    taskmanagers: int = 1
    taskmanager_events: tuple[TaskManagerEvent, ...] = ()
    """In the order of time."""
    slots: int = 4
    configuration: Mapping[str, str | None] = field(default_factory=dict)
    """Flink options; None takes a default away."""
    jobs: tuple[JobSpec, ...] = ()
    submissions: tuple[SubmissionRule, ...] = ()
    operations: Mapping[str, OperationSpec] = field(default_factory=dict)
    """By Flink's words: savepoint, stop-with-savepoint, checkpoint, cancel, dispose-savepoint, rescale, submit, upload,
    delete-dataset."""
    savepoints: tuple[str, ...] = ()
    """Paths of savepoints that were taken before the cluster began."""
    caches: bool | None = None
    """Whether answers are cached as in Flink (web.refresh-interval, metrics fetcher); None: when the clock is real."""
