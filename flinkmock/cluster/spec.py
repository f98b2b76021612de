"""The values that a scenario consists of: what a cluster is, the lifecycles of jobs, how long operations take.

The loader (`flinkmock/scenario/`) creates them from YAML, tests create them directly, and the cluster
(`flinkmock/cluster/cluster.py`) runs them. Durations are milliseconds, sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from flinkmock.cluster.collect_sink import CollectSink
from flinkmock.cluster.metric_series import Backpressure, MetricSpec
from flinkmock.cluster.states import JobState
from flinkmock.cluster.stream_operator import StreamOperator
from flinkmock.flink.java_exception import JavaException
from flinkmock.named_random import ZERO, UniformRange, ValuesInTurn


@dataclass(frozen=True, slots=True)
class Polls:
    """Lasts until the subject was polled so many times; the last of these polls already sees the change.

    A job is polled by every request that reads its state, an async operation by requests for its status.
    """

    times: int


@dataclass(frozen=True, slots=True)
class Signal:
    """Lasts until `Cluster.signal(name)`."""

    name: str


DurationSpec = UniformRange | Polls | Signal
"""How long something lasts: a time in ms, or until a wait condition is met."""


@dataclass(frozen=True, slots=True)
class ExceptionSpec:
    """The exception that a job fails with, and the task that throws it; None lets the seed choose."""

    java_exception: JavaException
    vertex: str | None = None
    """Name, id or operator of the vertex."""
    subtask: int | None = None
    everywhere: bool = False
    """Whether it is a global failure, which no task throws."""
    in_deployment: bool = False
    """Whether the task fails because it gets no slot."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a lifecycle: a job state and how long it lasts."""

    state: JobState
    duration: DurationSpec = ZERO
    exception: ExceptionSpec | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """Steps that are repeated `times` times; None: endlessly."""

    steps: tuple[Step | Repeat, ...]
    times: int | None = None


Lifecycle = tuple[Step | Repeat, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """An edge of the job graph. `source` is the index of the vertex it comes from in the job's list."""

    source: int
    ship_strategy: str = "FORWARD"
    exchange: str = "pipelined_bounded"


PRINT_SINK = "Print to Std. Out"
"""The name of the sink of `DataStream.print()`."""


@dataclass(frozen=True, slots=True)
class VertexSpec:
    """A vertex of the job graph. `operators` is its chain, from which its name follows.

    `id` is 32 hex digits, or empty: then it is derived from the vertex's index and operators.
    """

    operators: tuple[str, ...]
    parallelism: int = 1
    own_parallelism: bool = False
    """Whether the program sets the parallelism, so that the parallelism of a request does not apply."""
    takes_parallelism: frozenset[str] = frozenset()
    """Operators that take the parallelism of a request, although the vertex has its own: they leave the chain then."""
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
    """Name -> Flink's type, e.g. {"words": "IntCounter"}."""
    accumulator_values: Mapping[str, Any] = field(default_factory=dict)
    """Name -> value. Accumulators without a value count the records if they are integers, else they stay empty."""
    splits: tuple[str, ...] = ()
    """Of a source: the names of its splits, which its subtasks take in turn."""
    finishes_after: int | None = None
    """Of a source: it has sent its last record so long after its first deployment (ms); None: it is unbounded."""
    prints: bool | None = None
    """Whether a line for each record goes to the TaskManager's `.out` file; None: if the sink is `PRINT_SINK`."""
    skew: tuple[int, ...] = ()
    """The proportion in which records go to the subtasks; the last number holds for the others. Empty: evenly."""
    backpressure: tuple[Backpressure, ...] = ()
    busy: tuple[float, ...] = ()
    """The share of time that each subtask is busy, from 0 to 1, if back pressure leaves it that much; the last number
    holds for the others. Empty: it follows from the records."""
    metrics: Mapping[str, MetricSpec] = field(default_factory=dict)
    """Metrics of its subtasks; they override Flink's."""
    description: str | None = None
    """Its description in plans, with line feeds (JobVertex.operatorPrettyName); None: it follows from `operators`."""
    parallelism_is_decided_late: bool = False
    """Whether the scheduler of a batch job decides the parallelism when the vertex can start: it is -1 until then."""
    operator_count: int | None = None
    """How many operators it has, if some of `operators` are several: `(b, c)`. None: as many as `operators`."""
    collect_sinks: tuple[CollectSink, ...] = ()

    @property
    def name(self) -> str:
        return " -> ".join(self.operators)

    @property
    def prints_records(self) -> bool:
        """Whether its subtasks print their records."""
        return self.operators[-1].removeprefix("Sink: ") == PRINT_SINK if self.prints is None else self.prints


CHECKPOINT_DURATION = UniformRange(30, 70)
CHECKPOINT_SIZE = UniformRange(2_300, 2_500)
"""Duration (ms) and size (bytes) of a checkpoint of a small job with heap state."""


@dataclass(frozen=True, slots=True)
class CheckpointSpec:
    every: int | None = 10_000
    """Interval (ms); None: no periodic checkpoints."""
    duration: UniformRange | ValuesInTurn = CHECKPOINT_DURATION
    size: UniformRange | ValuesInTurn = CHECKPOINT_SIZE
    fails: frozenset[int] = frozenset()
    """Ids of checkpoints that fail."""
    chance: float = 0.0
    """The probability that a checkpoint fails, from 0 to 1, in addition to `fails`."""
    timeout: int = 600_000
    min_pause: int = 0
    max_concurrent: int = 1
    mode: str = "exactly_once"
    unaligned: bool = False
    tolerable_failures: int = 0
    retained: str | None = None
    """Externalized checkpoints: "retain" or "delete" on cancellation; None: not externalized."""
    aligned_timeout: int = 0
    """After how many ms an aligned checkpoint becomes unaligned; 0: never."""


class RestartStrategyKind(StrEnum):
    """The values of the option restart-strategy.type that the model knows."""

    NONE = "none"
    FIXED_DELAY = "fixed-delay"
    EXPONENTIAL_DELAY = "exponential-delay"
    FAILURE_RATE = "failure-rate"


@dataclass(frozen=True, slots=True)
class RestartStrategy:
    """`attempts` None means that there is no limit; `delay` and `interval` are ms.

    With a failure rate, `attempts` are the restarts within `interval`.
    """

    kind: RestartStrategyKind = RestartStrategyKind.FIXED_DELAY
    attempts: int | None = None
    delay: int = 1000
    interval: int = 60_000
    configured_by_job: bool = True
    """Whether the job sets it; else the job's `/config` shows the default of the cluster."""


@dataclass(frozen=True, slots=True)
class ProgramSpec:
    """The behaviour of a jar's main method, if it does not simply run its job.

    Attributes:
        throws: The exception that main throws.
        executes: False if main returns without starting a job.
        arguments: Program argument -> the fields that it sets ("--name" -> ("name",)): name, parallelism,
            checkpoints.every and checkpoints.duration (in ms), or VERTEX.parallelism with the full name of the vertex.
        arguments_in_user_config: Whether all arguments, without their dashes, are entries of user-config.
    """

    throws: JavaException | None = None
    executes: bool = True
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    arguments_in_user_config: bool = False


@dataclass(frozen=True, slots=True)
class Watermarks:
    """Event time: `lag` ms behind the clock; None: there are no watermarks.

    It stops `stops_after` ms after the job was submitted; None: it does not.
    """

    lag: int | None
    stops_after: int | None = None


@dataclass(frozen=True, slots=True)
class PastFailure:
    """A failure from before the scenario began, `age` ms earlier."""

    age: int
    exception: ExceptionSpec


@dataclass(frozen=True, slots=True)
class PastSavepoint:
    """A savepoint from before the scenario began, `age` ms earlier; `path` None: in the configured directory."""

    age: int
    path: str | None = None


@dataclass(frozen=True, slots=True)
class JobSpec:
    name: str
    vertices: tuple[VertexSpec, ...]
    lifecycle: Lifecycle
    type: str = "STREAMING"
    parallelism: int = 1
    """`job-parallelism` in `/jobs/:jobid/config`."""
    checkpoints: CheckpointSpec | None = CheckpointSpec()
    restart: RestartStrategy = RestartStrategy()
    user_config: Mapping[str, str] = field(default_factory=dict)
    program: ProgramSpec = ProgramSpec()
    operations: Mapping[str, OperationSpec] = field(default_factory=dict)
    """By `OperationName`; overrides the operations of the cluster."""
    restore_duration: UniformRange = ZERO
    """How much longer tasks are INITIALIZING when there is state to restore (ms)."""
    restore_path: str | None = None
    """The savepoint that a job of the scenario starts from. Submitted jobs get theirs from the request."""
    watermarks: Watermarks | None = None
    """None: event time follows the clock if an operator is called Timestamps/Watermarks; else no watermarks."""
    metrics: Mapping[str, MetricSpec] = field(default_factory=dict)
    """Metrics of the job; they override Flink's."""
    past_failures: tuple[PastFailure, ...] = ()
    """Oldest first."""
    past_savepoints: tuple[PastSavepoint, ...] = ()
    """Oldest first."""
    age: int = 0
    """How long the job has existed when the scenario begins (ms)."""
    id: str = ""
    max_parallelism: int = -1
    """`pipeline.max-parallelism`; -1: the program does not set it."""
    object_reuse: bool = False
    plan_order: tuple[int, ...] = ()
    """The indexes of the vertices in the order in which plans list them; empty: it follows from the edges."""
    results: tuple[Any, ...] = ()
    """The rows that `collect()` gets from a submitted plan: values, lists of values, mappings or `RowValue`."""
    accumulators: Mapping[str, str] = field(default_factory=dict)
    """Name -> type, of accumulators of the first vertex, whatever the graph is."""
    accumulator_values: Mapping[str, Any] = field(default_factory=dict)
    stream_operators: tuple[StreamOperator, ...] = ()
    """Those of the plan; empty: they follow from the vertices."""
    graph_is_complete: bool = False
    """Whether a batch job has all vertices from its start, because its client sent them (a JobGraph)."""

    @property
    def is_batch(self) -> bool:
        return self.type == "BATCH"


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """How long an operation takes and which of its calls fail; 1 is the first call."""

    duration: DurationSpec
    fails: frozenset[int] = frozenset()
    exception: JavaException | None = None
    chance: float = 0.0
    """The probability that a call fails, from 0 to 1, in addition to `fails`."""
    leaves_savepoint: bool = False
    """Of a stop that fails: whether a task fails after the savepoint is complete."""


class OperationName(StrEnum):
    """The operations whose duration and failures a scenario can set."""

    SAVEPOINT = "savepoint"
    STOP_WITH_SAVEPOINT = "stop-with-savepoint"
    CHECKPOINT = "checkpoint"
    CANCEL = "cancel"
    DISPOSE_SAVEPOINT = "dispose-savepoint"
    RESCALE = "rescale"
    SUBMIT = "submit"
    UPLOAD = "upload"
    DELETE_DATASET = "delete-dataset"


DEFAULT_OPERATIONS: Mapping[str, OperationSpec] = {
    OperationName.SAVEPOINT: OperationSpec(UniformRange(40, 75)),
    OperationName.STOP_WITH_SAVEPOINT: OperationSpec(UniformRange(90, 160)),
    OperationName.CHECKPOINT: OperationSpec(UniformRange(25, 65)),
    OperationName.CANCEL: OperationSpec(UniformRange(30, 120)),
    OperationName.DISPOSE_SAVEPOINT: OperationSpec(UniformRange(5, 30)),
    OperationName.RESCALE: OperationSpec(UniformRange.exactly(1_000)),
    OperationName.SUBMIT: OperationSpec(ZERO),
    OperationName.UPLOAD: OperationSpec(ZERO),
    OperationName.DELETE_DATASET: OperationSpec(UniformRange(1, 5)),
}
"""How long operations take by default: as long as on a real cluster with a small job.

See docs/flink-behaviour.md#operation-timing.
"""


@dataclass(frozen=True, slots=True)
class SubmissionRule:
    """Which template a submitted program becomes.

    `pattern` (as in fnmatch) is matched against the entry class, the name of the jar and the name of the job. The first
    matching rule applies.
    """

    pattern: str
    job: JobSpec
    given_keys: frozenset[str] = frozenset()
    """The keys of the job that the scenario gives, those in `checkpoints` as "checkpoints.every". What a rule does not
    give is as the submitted plan says."""


class TaskManagerEventKind(StrEnum):
    """Events of a TaskManager: it registers, shuts down, or stops sending heartbeats."""

    JOINS = "joins"
    LEAVES = "leaves"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class TaskManagerEvent:
    """A TaskManager joins or leaves, `at` ms after the scenario began.

    `number` is the TaskManager that leaves, counted from 0 in the order of registration; None: the first one present.
    """

    at: int
    kind: TaskManagerEventKind
    number: int | None = None


@dataclass(frozen=True, slots=True)
class TaskManagerSize:
    """Slots and process memory (`4g`) of one TaskManager; None: those of the cluster."""

    slots: int | None = None
    memory: str | None = None


LEADER_CHANGE_DURATION = UniformRange.exactly(5_000)


@dataclass(frozen=True, slots=True)
class LeaderChange:
    """The leader crashes `at` ms after the scenario began; the next one is elected `duration` later."""

    at: int
    duration: UniformRange = LEADER_CHANGE_DURATION


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """A whole scenario as far as the cluster knows it."""

    flink: str | None = None
    seed: int = 0
    clock: str | None = None
    """"real", "virtual", "10x", "1s per request"; None: the default of the entry point."""
    start_time: int | None = None
    """Cluster time at which the scenario begins, epoch ms; None: the default of the entry point."""
    jobmanagers: int = 1
    jobmanager_configurations: tuple[Mapping[str, str | None], ...] = ()
    """Options of the first JobManagers, which override those of the cluster."""
    leader_changes: tuple[LeaderChange, ...] = ()
    """In the order of time."""
    age: int = 0
    """How long the cluster has run when the scenario begins, at least as long as its oldest job (ms)."""
    taskmanagers: int = 1
    taskmanager_sizes: tuple[TaskManagerSize, ...] = ()
    """Of the first TaskManagers, in the order of registration."""
    taskmanager_events: tuple[TaskManagerEvent, ...] = ()
    """In the order of time."""
    slots: int = 4
    """Of each TaskManager."""
    version: str | None = None
    """The version that the cluster shows; None: that of the release."""
    configuration: Mapping[str, str | None] = field(default_factory=dict)
    """Flink options; None removes a default."""
    jobs: tuple[JobSpec, ...] = ()
    submissions: tuple[SubmissionRule, ...] = ()
    operations: Mapping[str, OperationSpec] = field(default_factory=dict)
    """By `OperationName`."""
    savepoints: tuple[str, ...] = ()
    """Paths of savepoints that were taken before the cluster started."""
    file_systems: tuple[str, ...] | None = None
    """Schemes of the file systems beside `file`; None: all that Flink has plugins for, and Hadoop's."""
    caches: bool | None = None
    """Whether responses are cached as in Flink (web.refresh-interval, metrics fetcher); None: with a real clock."""
