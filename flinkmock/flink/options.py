"""The options of Flink that the fake applies, with Flink's keys and defaults.

Both are those of the `*Options` classes in Flink's jars, except for the default process sizes: these are in Flink's
default configuration file (`configuration.py`).

An option that was renamed can be set by each of its names in every release, as with Flink's fallback and deprecated
keys. `option_uses.py` describes what each option does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from flinkmock.flink.java_format import MAX_INT, MAX_LONG
from flinkmock.flink.option_values import OptionType
from flinkmock.release import Release


@dataclass(frozen=True, slots=True)
class Option:
    """An option of Flink.

    Attributes:
        key: The key.
        default: Flink's default; None if there is none, or if the code that reads the option handles its absence.
        aliases: Other keys that set the option.
        type: How its value is read.
    """

    key: str
    default: str | None = None
    aliases: tuple[str, ...] = ()
    type: OptionType = OptionType.TEXT


class FractionOptions(NamedTuple):
    """The options of a memory component that is a fraction of the whole, within bounds."""

    fraction: Option
    minimum: Option
    maximum: Option


def _fraction_options(prefix: str, minimum: str, maximum: str, old_prefix: str | None = None) -> FractionOptions:
    def option(suffix: str, default: str, option_type: OptionType) -> Option:
        return Option(f"{prefix}.{suffix}", default, (f"{old_prefix}.{suffix}",) if old_prefix else (), option_type)

    return FractionOptions(
        option("fraction", "0.1", OptionType.FRACTION),
        option("min", minimum, OptionType.SIZE),
        option("max", maximum, OptionType.SIZE),
    )


REFRESH_INTERVAL = Option("web.refresh-interval", "3 s", type=OptionType.DURATION)
ASYNC_STORE_DURATION = Option("rest.async.store-duration", "5 min", type=OptionType.DURATION)
METRICS_UPDATE_INTERVAL = Option("metrics.fetcher.update-interval", "10 s", type=OptionType.DURATION)
REST_PORT = Option("rest.port", "8081", ("web.port",))
REST_ADDRESS = Option("rest.address")
JOBMANAGER_RPC_ADDRESS = Option("jobmanager.rpc.address")
JOBMANAGER_RPC_PORT = Option("jobmanager.rpc.port", "6123")
TASK_MANAGER_HOST = Option("taskmanager.host")
ALLOW_ORIGIN = Option("web.access-control-allow-origin", "*", ("jobmanager.web.access-control-allow-origin",))
CHECKPOINTING_INTERVAL = Option("execution.checkpointing.interval", type=OptionType.DURATION)
CHECKPOINTING_MODE = Option("execution.checkpointing.mode")
CHECKPOINTING_TIMEOUT = Option("execution.checkpointing.timeout", type=OptionType.DURATION)
CHECKPOINTING_MIN_PAUSE = Option("execution.checkpointing.min-pause", type=OptionType.DURATION)
CHECKPOINTING_MAX_CONCURRENT = Option("execution.checkpointing.max-concurrent-checkpoints", type=OptionType.INTEGER)
CHECKPOINTING_TOLERABLE_FAILURES = Option(
    "execution.checkpointing.tolerable-failed-checkpoints", type=OptionType.INTEGER
)
CHECKPOINTING_UNALIGNED = Option(
    "execution.checkpointing.unaligned.enabled", None, ("execution.checkpointing.unaligned",), type=OptionType.BOOLEAN
)
CHECKPOINTING_ALIGNED_TIMEOUT = Option(
    "execution.checkpointing.aligned-checkpoint-timeout",
    "0 s",
    ("execution.checkpointing.alignment-timeout",),
    type=OptionType.DURATION,
)
CHECKPOINTING_RETENTION = Option("execution.checkpointing.externalized-checkpoint-retention")
STATE_BACKEND = Option("state.backend.type", None, ("state.backend",))
OBJECT_REUSE = Option("pipeline.object-reuse", "false", type=OptionType.BOOLEAN)
RESTART_STRATEGY = Option("restart-strategy.type", None, ("restart-strategy",))
FIXED_DELAY_ATTEMPTS = Option("restart-strategy.fixed-delay.attempts", "1", type=OptionType.INTEGER)
FIXED_DELAY = Option("restart-strategy.fixed-delay.delay", "1 s", type=OptionType.DURATION)
FAILURE_RATE_MAX = Option("restart-strategy.failure-rate.max-failures-per-interval", "1", type=OptionType.INTEGER)
FAILURE_RATE_INTERVAL = Option("restart-strategy.failure-rate.failure-rate-interval", "1 min", type=OptionType.DURATION)
FAILURE_RATE_DELAY = Option("restart-strategy.failure-rate.delay", "1 s", type=OptionType.DURATION)
EXPONENTIAL_DELAY_ATTEMPTS = Option(
    "restart-strategy.exponential-delay.attempts-before-reset-backoff", str(MAX_INT), type=OptionType.INTEGER
)
EXPONENTIAL_DELAY = Option("restart-strategy.exponential-delay.initial-backoff", "1 s", type=OptionType.DURATION)
ATTEMPTS_HISTORY = Option(
    "jobmanager.execution.attempts-history-size",
    "16",
    ("job-manager.max-attempts-history-size",),
    type=OptionType.INTEGER,
)
HEARTBEAT_INTERVAL = Option("heartbeat.interval", "10 s", type=OptionType.DURATION)
RETAINED_CHECKPOINTS = Option(
    "execution.checkpointing.num-retained", "1", ("state.checkpoints.num-retained",), type=OptionType.INTEGER
)
CHECKPOINT_CACHE_TIMEOUT = Option("rest.cache.checkpoint-statistics.timeout", None, type=OptionType.DURATION)
EXECUTION_GRAPH_CACHE_TIMEOUT = Option("rest.cache.execution-graph.timeout", None, type=OptionType.DURATION)
THREAD_DUMP_DEPTH = Option("cluster.thread-dump.stacktrace-max-depth", type=OptionType.INTEGER)
DEFAULT_PARALLELISM = Option("parallelism.default", "1", type=OptionType.INTEGER)
TASK_MANAGER_SLOTS = Option("taskmanager.numberOfTaskSlots", "1")
MAX_CONTENT_LENGTH = Option("rest.server.max-content-length", "104857600", type=OptionType.INTEGER)
FLAME_GRAPH = Option("rest.flamegraph.enabled", "false", type=OptionType.BOOLEAN)
FLAME_GRAPH_REFRESH = Option("rest.flamegraph.refresh-interval", "1 min", type=OptionType.DURATION)
PROFILING_MAX_DURATION = Option("rest.profiling.duration-max", "5 min", type=OptionType.DURATION)
PROFILING_HISTORY = Option("rest.profiling.history-size", "10", type=OptionType.INTEGER)
JOBMANAGER_LOG = Option("web.log.path", None, ("jobmanager.web.log.path",))
TASKMANAGER_LOG = Option("taskmanager.log.path")
WEB_SUBMIT = Option("web.submit.enable", "true", type=OptionType.BOOLEAN)
WEB_CANCEL = Option("web.cancel.enable", "true", type=OptionType.BOOLEAN)
WEB_RESCALE = Option("web.rescale.enable", "true", type=OptionType.BOOLEAN)
CHECKPOINT_HISTORY = Option("web.checkpoints.history", "10", type=OptionType.INTEGER)
EXCEPTION_HISTORY = Option("web.exception-history-size", "16", type=OptionType.INTEGER)
RESCALE_HISTORY = Option("web.adaptive-scheduler.rescale-history.size", "0", type=OptionType.INTEGER)
SAVEPOINT_DIR = Option("execution.checkpointing.savepoint-dir", None, ("state.savepoints.dir",))
CHECKPOINT_DIR = Option("execution.checkpointing.dir", None, ("state.checkpoints.dir",))
CHECKPOINTS_AFTER_TASKS_FINISH = Option(
    "execution.checkpointing.checkpoints-after-tasks-finish",
    "true",
    ("execution.checkpointing.checkpoints-after-tasks-finish.enabled",),
    OptionType.BOOLEAN,
)
"""The default is false in 1.14."""
SCHEDULER = Option("jobmanager.scheduler", "Default")
SCHEDULER_MODE = Option("scheduler-mode")
FINE_GRAINED = Option("cluster.fine-grained-resource-management.enabled", "false", type=OptionType.BOOLEAN)
_ADAPTIVE = "jobmanager.adaptive-scheduler"
SUBMISSION_WAIT = Option(
    f"{_ADAPTIVE}.submission.resource-wait-timeout",
    "5 min",
    (f"{_ADAPTIVE}.resource-wait-timeout",),
    type=OptionType.DURATION,
)
SUBMISSION_STABILIZATION = Option(
    f"{_ADAPTIVE}.submission.resource-stabilization-timeout",
    "10 s",
    (f"{_ADAPTIVE}.resource-stabilization-timeout",),
    type=OptionType.DURATION,
)
JOB_STORE_EXPIRATION = Option("jobstore.expiration-time", "3600", type=OptionType.INTEGER)
JOB_STORE_CAPACITY = Option("jobstore.max-capacity", str(MAX_INT), type=OptionType.INTEGER)
SLOT_REQUEST_TIMEOUT = Option("slot.request.timeout", "5 min", type=OptionType.DURATION)
STANDALONE_START_UP_TIME = Option("resourcemanager.standalone.start-up-time", type=OptionType.INTEGER)
SLOT_IDLE_TIMEOUT = Option("slot.idle.timeout", "50 s", type=OptionType.DURATION)
RESCALE_COOLDOWN = Option(
    f"{_ADAPTIVE}.executing.cooldown-after-rescaling",
    "30 s",
    (f"{_ADAPTIVE}.scaling-interval.min",),
    type=OptionType.DURATION,
)
RESCALE_STABILIZATION = Option(
    f"{_ADAPTIVE}.executing.resource-stabilization-timeout", "1 min", type=OptionType.DURATION
)
RESCALE_MAX_DELAY = Option(f"{_ADAPTIVE}.rescale-trigger.max-delay", type=OptionType.DURATION)
RESCALE_CHECKPOINT_FAILURES = Option(
    f"{_ADAPTIVE}.rescale-trigger.max-checkpoint-failures", "2", type=OptionType.INTEGER
)
HIGH_AVAILABILITY = Option("high-availability.type", "NONE", ("high-availability",))

TASK_MANAGER_PROCESS_SIZE = Option("taskmanager.memory.process.size", "1728m", type=OptionType.SIZE)
TASK_MANAGER_FLINK_SIZE = Option("taskmanager.memory.flink.size", type=OptionType.SIZE)
TASK_MANAGER_TASK_HEAP = Option("taskmanager.memory.task.heap.size", type=OptionType.SIZE)
TASK_MANAGER_FRAMEWORK_HEAP = Option("taskmanager.memory.framework.heap.size", "128 mb", type=OptionType.SIZE)
TASK_MANAGER_FRAMEWORK_OFF_HEAP = Option("taskmanager.memory.framework.off-heap.size", "128 mb", type=OptionType.SIZE)
TASK_MANAGER_TASK_OFF_HEAP = Option("taskmanager.memory.task.off-heap.size", "0 bytes", type=OptionType.SIZE)
TASK_MANAGER_METASPACE = Option("taskmanager.memory.jvm-metaspace.size", "256 mb", type=OptionType.SIZE)
TASK_MANAGER_MANAGED_SIZE = Option(
    "taskmanager.memory.managed.size", None, ("taskmanager.memory.size",), type=OptionType.SIZE
)
TASK_MANAGER_MANAGED_FRACTION = Option("taskmanager.memory.managed.fraction", "0.4", type=OptionType.FRACTION)
TASK_MANAGER_OVERHEAD = _fraction_options("taskmanager.memory.jvm-overhead", "192 mb", "1 gb")
JOB_MANAGER_PROCESS_SIZE = Option("jobmanager.memory.process.size", "1600m", type=OptionType.SIZE)
JOB_MANAGER_FLINK_SIZE = Option("jobmanager.memory.flink.size", type=OptionType.SIZE)
JOB_MANAGER_HEAP = Option("jobmanager.memory.heap.size", type=OptionType.SIZE)
JOB_MANAGER_METASPACE = Option("jobmanager.memory.jvm-metaspace.size", "256 mb", type=OptionType.SIZE)
JOB_MANAGER_OFF_HEAP = Option("jobmanager.memory.off-heap.size", "128 mb", type=OptionType.SIZE)
JOB_MANAGER_OVERHEAD = _fraction_options("jobmanager.memory.jvm-overhead", "192 mb", "1 gb")


def network_memory_options(release: Release | None) -> FractionOptions:
    """Return the options of a TaskManager's network memory. Since 1.17 its maximum is MemorySize.MAX_VALUE.

    Args:
        release: The release; None for the newest one.
    """
    unlimited = release is None or release.since("1.17")
    maximum = f"{MAX_LONG} bytes" if unlimited else "1 gb"
    return _fraction_options("taskmanager.memory.network", "64 mb", maximum, "taskmanager.network.memory")
