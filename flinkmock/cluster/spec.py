"""The jobs of a scenario: graph, lifecycle, checkpoints and other settings; and cluster operations.

The loader (`flinkmock/scenario/`) creates them from YAML, tests create them directly, and the cluster
(`flinkmock/cluster/cluster.py`) runs them. Durations are in milliseconds, sizes in bytes.
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
from flinkmock.named_random import ZERO, CyclicValues, UniformRange


@dataclass(frozen=True, slots=True)
class Polls:
    """Lasts until clients have polled the job or async operation `times` times.

    A request for the state of a job polls the job, and a request for the status of an async operation polls the
    operation. The last poll sees the change already.
    """

    times: int


@dataclass(frozen=True, slots=True)
class Signal:
    """Lasts until `Cluster.signal(name)` is called."""

    name: str


DurationSpec = UniformRange | Polls | Signal
"""How long something lasts: a time in ms, or until a wait condition is met."""


@dataclass(frozen=True, slots=True)
class ExceptionSpec:
    """The exception with which a job fails, and the task that throws it.

    Attributes:
        java_exception: The exception.
        vertex: The name or id of the vertex of the task, or the name of one of its operators; None: a random vertex.
        subtask: The index of the subtask; None: a random one.
        is_global: Whether no task throws the exception. Flink calls this a global failure.
        task_gets_no_slot: Whether the task fails because it gets no slot: it is scheduled, but never deployed.
    """

    java_exception: JavaException
    vertex: str | None = None
    subtask: int | None = None
    is_global: bool = False
    task_gets_no_slot: bool = False


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
    """An edge of the job graph.

    Attributes:
        source: The index of the vertex that sends, in `JobSpec.vertices`.
        ship_strategy: How records are distributed to subtasks: FORWARD, HASH, REBALANCE, …
        exchange: Flink's `ResultPartitionType` in lower case, such as pipelined_bounded or blocking.
    """

    source: int
    ship_strategy: str = "FORWARD"
    exchange: str = "pipelined_bounded"

    @property
    def is_blocking(self) -> bool:
        """Whether the records can be read only when all of them have been written."""
        return self.exchange == "blocking"


PRINT_SINK = "Print to Std. Out"
"""The name of the sink of `DataStream.print()`."""


@dataclass(frozen=True, slots=True)
class VertexSpec:
    """A vertex of the job graph: a chain of `operators`, whose names make up its name.

    `id` is 32 hex digits; if it is "", an id is derived from the index and the operators.
    """

    operators: tuple[str, ...]
    parallelism: int = 1
    has_own_parallelism: bool = False
    """Whether the program sets the parallelism, so that the parallelism of a request does not apply."""
    operators_with_request_parallelism: frozenset[str] = frozenset()
    """The operators that nevertheless use the parallelism of a request. If that differs from `parallelism`, they are
    not chained to the others."""
    inputs: tuple[Input, ...] = ()
    id: str = ""
    max_parallelism: int = 128
    slot_sharing_group: str = "default"
    selectivity: float = 1.0
    """The number of sent records per received record."""
    records_per_second: float = 100.0
    """The rate at which all subtasks of a source together emit records."""
    bytes_per_record: int = 28
    accumulators: Mapping[str, str] = field(default_factory=dict)
    """Name -> type in Flink, such as {"words": "IntCounter"}."""
    accumulator_values: Mapping[str, Any] = field(default_factory=dict)
    """Name -> value. Without a value, integer accumulators count the records, and all others stay empty."""
    splits: tuple[str, ...] = ()
    """The names of the splits of a source. They are distributed to its subtasks in turn."""
    finishes_after: int | None = None
    """The time in ms from the first deployment of a source to its last record; None: the source is unbounded."""
    prints: bool | None = None
    """Whether records are printed to the `.out` file of the TaskManager; None: only if the sink is `PRINT_SINK`."""
    skew: tuple[int, ...] = ()
    """The relative numbers of records that subtasks get; the last one applies to each further subtask. (): equal."""
    backpressure: tuple[Backpressure, ...] = ()
    busy: tuple[float, ...] = ()
    """The busy ratio of each subtask, from 0 to 1, limited by back pressure. The last number applies to each
    further subtask. (): it is computed from the records."""
    metrics: Mapping[str, MetricSpec] = field(default_factory=dict)
    """Metrics of its subtasks, which override Flink's."""
    description: str | None = None
    """The description in plans, with line feeds (JobVertex.operatorPrettyName); None: derived from `operators`."""
    planned_parallelism: int | None = None
    """The parallelism in plans; None: `parallelism`."""
    parallelism_is_decided_late: bool = False
    """Whether the scheduler of a batch job decides the parallelism when the vertex can start. Until then, responses
    show -1."""
    operator_count: int | None = None
    """The number of operators, which is needed if an entry of `operators`, such as "(b, c)", names several; None: the
    number of entries."""
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
    """The checkpoints of a job."""

    every: int | None = 10_000
    """The interval in ms; None: no periodic checkpoints."""
    duration: UniformRange | CyclicValues = CHECKPOINT_DURATION
    size: UniformRange | CyclicValues = CHECKPOINT_SIZE
    fails: frozenset[int] = frozenset()
    """The ids of checkpoints that fail."""
    chance: float = 0.0
    """The probability that a checkpoint fails, from 0 to 1, in addition to `fails`."""
    timeout: int = 600_000
    """The time in ms after which a checkpoint expires."""
    min_pause: int = 0
    """The shortest time in ms between the completion of a checkpoint and the next trigger.

    It applies whatever `max_concurrent` is, but not after a checkpoint that failed (CheckpointRequestDecider).
    """
    max_concurrent: int = 1
    """How many periodic checkpoints may be in progress at the same time."""
    mode: str = "exactly_once"
    """"exactly_once" or "at_least_once"."""
    unaligned: bool = False
    """Whether barriers overtake records (unaligned checkpoints)."""
    tolerable_failures: int = 0
    """How many checkpoints may fail in a row before the job fails. It is only shown: no job fails for that reason."""
    retained: str | None = None
    """What happens to the newest checkpoint on cancellation: "retain" or "delete"; None: it is not externalized."""
    aligned_timeout: int = 0
    """The time in ms after which an aligned checkpoint becomes unaligned; 0: never."""

    @property
    def interval(self) -> int | None:
        """The time in ms from one trigger to the next, at least the minimum pause; None: no periodic checkpoints.

        Source: CheckpointCoordinator; since 2.3 CheckpointCoordinatorConfiguration.
        """
        return None if self.every is None else max(self.every, self.min_pause)


class RestartStrategyKind(StrEnum):
    """The values of the option restart-strategy.type that the model knows."""

    NONE = "none"
    FIXED_DELAY = "fixed-delay"
    EXPONENTIAL_DELAY = "exponential-delay"
    FAILURE_RATE = "failure-rate"


@dataclass(frozen=True, slots=True)
class RestartStrategy:
    """A restart strategy.

    Attributes:
        kind: The kind.
        attempts: The maximum number of restarts; for a failure rate, within `interval`. None: no limit.
        delay: How long the job is RESTARTING, in ms; for an exponential delay, the initial backoff.
        interval: The interval of a failure rate, in ms.
        configured_by_job: Whether the job sets the strategy. If not, the `/config` of the job shows the default of the
            cluster.
    """

    kind: RestartStrategyKind = RestartStrategyKind.FIXED_DELAY
    attempts: int | None = None
    delay: int = 1000
    interval: int = 60_000
    configured_by_job: bool = True


@dataclass(frozen=True, slots=True)
class ProgramSpec:
    """The behaviour of a jar's main method. By default, it starts its job.

    Attributes:
        throws: The exception that the main method throws; None: it throws none.
        executes: Whether the main method starts a job.
        prints: What the main method prints, without the last line feed; "" for nothing.
        arguments: Program argument -> the fields that it sets, such as "--name" -> ("name",). Fields are name,
            parallelism, checkpoints.every and checkpoints.duration (in ms), and VERTEX.parallelism, where VERTEX is the
            full name of a vertex.
        arguments_in_user_config: Whether `user-config` of the job shows all arguments, without their dashes.
    """

    throws: JavaException | None = None
    executes: bool = True
    prints: str = ""
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    arguments_in_user_config: bool = False


@dataclass(frozen=True, slots=True)
class Watermarks:
    """The watermarks of a job.

    Attributes:
        lag: How far event time is behind the clock, in ms; None: there are no watermarks.
        stops_after: When event time stops, in ms since the job was submitted; None: never.
    """

    lag: int | None
    stops_after: int | None = None


@dataclass(frozen=True, slots=True)
class PastFailure:
    """A failure `age` ms before the scenario began."""

    age: int
    exception: ExceptionSpec


@dataclass(frozen=True, slots=True)
class PastSavepoint:
    """A savepoint `age` ms before the scenario began. If `path` is None, it is in the configured directory."""

    age: int
    path: str | None = None


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job: its graph, lifecycle and settings."""

    name: str
    vertices: tuple[VertexSpec, ...]
    lifecycle: Lifecycle
    type: str = "STREAMING"
    parallelism: int = 1
    """`job-parallelism` in `/jobs/:jobid/config`."""
    checkpoints: CheckpointSpec | None = CheckpointSpec()
    """None: no periodic checkpoints, and defaults for savepoints."""
    restart: RestartStrategy = RestartStrategy()
    user_config: Mapping[str, str] = field(default_factory=dict)
    program: ProgramSpec = ProgramSpec()
    cluster_operations: Mapping[str, ClusterOperationSpec] = field(default_factory=dict)
    """`ClusterOperation` -> its spec, which overrides that of the cluster."""
    restore_duration: UniformRange = ZERO
    """How much longer tasks are INITIALIZING because there is state to restore, in ms."""
    restore_path: str | None = None
    """The savepoint that a job of the scenario starts from. Submitted jobs get theirs from the request."""
    watermarks: Watermarks | None = None
    """None: watermarks follow the clock if an operator is called Timestamps/Watermarks; otherwise there are none."""
    metrics: Mapping[str, MetricSpec] = field(default_factory=dict)
    """Metrics of the job, which override Flink's."""
    past_failures: tuple[PastFailure, ...] = ()
    """Failures before the scenario began, oldest first."""
    past_savepoints: tuple[PastSavepoint, ...] = ()
    """Savepoints before the scenario began, oldest first."""
    age: int = 0
    """How long the job has existed when the scenario begins, in ms."""
    id: str = ""
    max_parallelism: int = -1
    """The option pipeline.max-parallelism; -1: the program does not set it."""
    object_reuse: bool = False
    plan_order: tuple[int, ...] = ()
    """The indexes of the vertices in the order in which plans list them; (): the order is derived from the edges."""
    results: tuple[Any, ...] = ()
    """The rows that `collect()` returns to the client of a submitted plan: values, lists of values, mappings or
    `RowValue`."""
    accumulators: Mapping[str, str] = field(default_factory=dict)
    """Name -> type of further accumulators of the first vertex, even if the vertices come from a submitted plan."""
    accumulator_values: Mapping[str, Any] = field(default_factory=dict)
    """Name -> value of these accumulators."""
    stream_operators: tuple[StreamOperator, ...] = ()
    """The operators of a submitted StreamGraph; (): they are derived from the vertices."""
    graph_is_complete: bool = False
    """Whether the graph of a batch job has all vertices from the start, because its client sent a JobGraph."""

    @property
    def is_batch(self) -> bool:
        return self.type == "BATCH"


@dataclass(frozen=True, slots=True)
class ClusterOperationSpec:
    """The duration and the failures of a cluster operation.

    Attributes:
        duration: How long it takes.
        fails: The numbers of the calls that fail, counted from 1.
        exception: The exception with which calls fail; None: the default of the operation.
        chance: The probability that a call fails, from 0 to 1, in addition to `fails`.
        leaves_savepoint: Whether a stop that fails leaves a savepoint, because a task fails after the savepoint is
            complete.
        has_default_duration: Whether the scenario sets no duration. Savepoints, and checkpoints that clients trigger,
            then take at least as long as a periodic checkpoint of the job.
    """

    duration: DurationSpec
    fails: frozenset[int] = frozenset()
    exception: JavaException | None = None
    chance: float = 0.0
    leaves_savepoint: bool = False
    has_default_duration: bool = False


class ClusterOperation(StrEnum):
    """The cluster operations, whose durations or failures a scenario can set.

    The values are the keys of the section `operations`. Several operations of the REST API may request the same cluster
    operation.
    """

    SAVEPOINT = "savepoint"
    STOP_WITH_SAVEPOINT = "stop-with-savepoint"
    CHECKPOINT = "checkpoint"
    CANCEL = "cancel"
    DISPOSE_SAVEPOINT = "dispose-savepoint"
    RESCALE = "rescale"
    SUBMIT = "submit"
    UPLOAD = "upload"
    DELETE_DATASET = "delete-dataset"


DEFAULT_CLUSTER_OPERATIONS: Mapping[str, ClusterOperationSpec] = {
    operation: ClusterOperationSpec(duration, has_default_duration=True)
    for operation, duration in {
        ClusterOperation.SAVEPOINT: UniformRange(40, 75),
        ClusterOperation.STOP_WITH_SAVEPOINT: UniformRange(90, 160),
        ClusterOperation.CHECKPOINT: UniformRange(25, 65),
        ClusterOperation.CANCEL: UniformRange(30, 120),
        ClusterOperation.DISPOSE_SAVEPOINT: UniformRange(5, 30),
        ClusterOperation.RESCALE: UniformRange.exactly(1_000),
        ClusterOperation.SUBMIT: ZERO,
        ClusterOperation.UPLOAD: ZERO,
        ClusterOperation.DELETE_DATASET: UniformRange(1, 5),
    }.items()
}
"""The default durations of cluster operations. No call fails by default.

The durations of savepoints, stops, checkpoints and disposals lie within those that were measured on real clusters with
a small job (docs/flink-behaviour.md#operation-timing). Submissions and uploads take no time.
"""
