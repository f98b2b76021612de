"""The options of Flink that the fake applies, with Flink's keys and defaults (`*Options` classes of Flink's jars).

An option that was renamed can be set by each of its names in every release, as with Flink's fallback and deprecated
keys. `option_uses.py` describes what each option does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from flinkmock.flink.java_format import MAX_INT, MAX_LONG
from flinkmock.release import Release


@dataclass(frozen=True, slots=True)
class Option:
    """The key of an option, Flink's default (None if there is none) and the other keys that set it."""

    key: str
    default: str | None = None
    aliases: tuple[str, ...] = ()


class FractionOptions(NamedTuple):
    """The options of a memory component that is a fraction of the whole, within bounds."""

    fraction: Option
    minimum: Option
    maximum: Option


def _fraction_options(prefix: str, minimum: str, maximum: str, old_prefix: str | None = None) -> FractionOptions:
    def option(suffix: str, default: str) -> Option:
        return Option(f"{prefix}.{suffix}", default, (f"{old_prefix}.{suffix}",) if old_prefix else ())

    return FractionOptions(option("fraction", "0.1"), option("min", minimum), option("max", maximum))


REFRESH_INTERVAL = Option("web.refresh-interval", "3 s")
ASYNC_STORE_DURATION = Option("rest.async.store-duration", "5 min")
METRICS_UPDATE_INTERVAL = Option("metrics.fetcher.update-interval", "10 s")
REST_PORT = Option("rest.port", "8081", ("web.port",))
ALLOW_ORIGIN = Option("web.access-control-allow-origin", "*", ("jobmanager.web.access-control-allow-origin",))
CHECKPOINTING_INTERVAL = Option("execution.checkpointing.interval")
CHECKPOINTING_MODE = Option("execution.checkpointing.mode")
CHECKPOINTING_TIMEOUT = Option("execution.checkpointing.timeout")
CHECKPOINTING_MIN_PAUSE = Option("execution.checkpointing.min-pause")
CHECKPOINTING_MAX_CONCURRENT = Option("execution.checkpointing.max-concurrent-checkpoints")
CHECKPOINTING_TOLERABLE_FAILURES = Option("execution.checkpointing.tolerable-failed-checkpoints")
CHECKPOINTING_UNALIGNED = Option(
    "execution.checkpointing.unaligned.enabled", None, ("execution.checkpointing.unaligned",)
)
CHECKPOINTING_ALIGNED_TIMEOUT = Option(
    "execution.checkpointing.aligned-checkpoint-timeout", "0 s", ("execution.checkpointing.alignment-timeout",)
)
CHECKPOINTING_RETENTION = Option("execution.checkpointing.externalized-checkpoint-retention")
STATE_BACKEND = Option("state.backend.type", None, ("state.backend",))
OBJECT_REUSE = Option("pipeline.object-reuse", "false")
RESTART_STRATEGY = Option("restart-strategy.type", None, ("restart-strategy",))
FIXED_DELAY_ATTEMPTS = Option("restart-strategy.fixed-delay.attempts", "1")
FIXED_DELAY = Option("restart-strategy.fixed-delay.delay", "1 s")
FAILURE_RATE_MAX = Option("restart-strategy.failure-rate.max-failures-per-interval", "1")
FAILURE_RATE_INTERVAL = Option("restart-strategy.failure-rate.failure-rate-interval", "1 min")
FAILURE_RATE_DELAY = Option("restart-strategy.failure-rate.delay", "1 s")
EXPONENTIAL_DELAY_ATTEMPTS = Option("restart-strategy.exponential-delay.attempts-before-reset-backoff", str(MAX_INT))
EXPONENTIAL_DELAY = Option("restart-strategy.exponential-delay.initial-backoff", "1 s")
ATTEMPTS_HISTORY = Option(
    "jobmanager.execution.attempts-history-size", "16", ("job-manager.max-attempts-history-size",)
)
HEARTBEAT_INTERVAL = Option("heartbeat.interval", "10 s")
RETAINED_CHECKPOINTS = Option("execution.checkpointing.num-retained", "1", ("state.checkpoints.num-retained",))
CHECKPOINT_CACHE_TIMEOUT = Option("rest.cache.checkpoint-statistics.timeout", None)
EXECUTION_GRAPH_CACHE_TIMEOUT = Option("rest.cache.execution-graph.timeout", None)
THREAD_DUMP_DEPTH = Option("cluster.thread-dump.stacktrace-max-depth")
DEFAULT_PARALLELISM = Option("parallelism.default", "1")
TASK_MANAGER_SLOTS = Option("taskmanager.numberOfTaskSlots", "1")
MAX_CONTENT_LENGTH = Option("rest.server.max-content-length", "104857600")
FLAME_GRAPH = Option("rest.flamegraph.enabled", "false")
FLAME_GRAPH_REFRESH = Option("rest.flamegraph.refresh-interval", "1 min")
PROFILING_MAX_DURATION = Option("rest.profiling.duration-max", "5 min")
PROFILING_HISTORY = Option("rest.profiling.history-size", "10")
JOBMANAGER_LOG = Option("web.log.path", None, ("jobmanager.web.log.path",))
TASKMANAGER_LOG = Option("taskmanager.log.path")
WEB_SUBMIT = Option("web.submit.enable", "true")
WEB_CANCEL = Option("web.cancel.enable", "true")
WEB_RESCALE = Option("web.rescale.enable", "true")
CHECKPOINT_HISTORY = Option("web.checkpoints.history", "10")
EXCEPTION_HISTORY = Option("web.exception-history-size", "16")
RESCALE_HISTORY = Option("web.adaptive-scheduler.rescale-history.size", "0")
SAVEPOINT_DIR = Option("execution.checkpointing.savepoint-dir", None, ("state.savepoints.dir",))
CHECKPOINT_DIR = Option("execution.checkpointing.dir", None, ("state.checkpoints.dir",))
CHECKPOINTS_AFTER_TASKS_FINISH = Option(
    "execution.checkpointing.checkpoints-after-tasks-finish",
    "true",
    ("execution.checkpointing.checkpoints-after-tasks-finish.enabled",),
)
"""The default is false in 1.14."""
SCHEDULER = Option("jobmanager.scheduler", "Default")
SCHEDULER_MODE = Option("scheduler-mode")
FINE_GRAINED = Option("cluster.fine-grained-resource-management.enabled", "false")
_ADAPTIVE = "jobmanager.adaptive-scheduler"
SUBMISSION_WAIT = Option(
    f"{_ADAPTIVE}.submission.resource-wait-timeout",
    "5 min",
    (f"{_ADAPTIVE}.resource-wait-timeout",),
)
SUBMISSION_STABILIZATION = Option(
    f"{_ADAPTIVE}.submission.resource-stabilization-timeout",
    "10 s",
    (f"{_ADAPTIVE}.resource-stabilization-timeout",),
)
JOB_STORE_EXPIRATION = Option("jobstore.expiration-time", "3600")
JOB_STORE_CAPACITY = Option("jobstore.max-capacity", str(MAX_INT))
SLOT_REQUEST_TIMEOUT = Option("slot.request.timeout", "5 min")
STANDALONE_START_UP_TIME = Option("resourcemanager.standalone.start-up-time")
SLOT_IDLE_TIMEOUT = Option("slot.idle.timeout", "50 s")
RESCALE_COOLDOWN = Option(
    f"{_ADAPTIVE}.executing.cooldown-after-rescaling",
    "30 s",
    (f"{_ADAPTIVE}.scaling-interval.min",),
)
RESCALE_STABILIZATION = Option(f"{_ADAPTIVE}.executing.resource-stabilization-timeout", "1 min")
RESCALE_MAX_DELAY = Option(f"{_ADAPTIVE}.rescale-trigger.max-delay")
RESCALE_CHECKPOINT_FAILURES = Option(f"{_ADAPTIVE}.rescale-trigger.max-checkpoint-failures", "2")
HIGH_AVAILABILITY = Option("high-availability.type", "NONE", ("high-availability",))

TASK_MANAGER_PROCESS_SIZE = Option("taskmanager.memory.process.size", "1728m")
TASK_MANAGER_FLINK_SIZE = Option("taskmanager.memory.flink.size")
TASK_MANAGER_TASK_HEAP = Option("taskmanager.memory.task.heap.size")
TASK_MANAGER_FRAMEWORK_HEAP = Option("taskmanager.memory.framework.heap.size", "128 mb")
TASK_MANAGER_FRAMEWORK_OFF_HEAP = Option("taskmanager.memory.framework.off-heap.size", "128 mb")
TASK_MANAGER_TASK_OFF_HEAP = Option("taskmanager.memory.task.off-heap.size", "0 bytes")
TASK_MANAGER_METASPACE = Option("taskmanager.memory.jvm-metaspace.size", "256 mb")
TASK_MANAGER_MANAGED_SIZE = Option("taskmanager.memory.managed.size", None, ("taskmanager.memory.size",))
TASK_MANAGER_MANAGED_FRACTION = Option("taskmanager.memory.managed.fraction", "0.4")
TASK_MANAGER_OVERHEAD = _fraction_options("taskmanager.memory.jvm-overhead", "192 mb", "1 gb")
JOB_MANAGER_PROCESS_SIZE = Option("jobmanager.memory.process.size", "1600m")
JOB_MANAGER_FLINK_SIZE = Option("jobmanager.memory.flink.size")
JOB_MANAGER_HEAP = Option("jobmanager.memory.heap.size")
JOB_MANAGER_METASPACE = Option("jobmanager.memory.jvm-metaspace.size", "256 mb")
JOB_MANAGER_OFF_HEAP = Option("jobmanager.memory.off-heap.size", "128 mb")
JOB_MANAGER_OVERHEAD = _fraction_options("jobmanager.memory.jvm-overhead", "192 mb", "1 gb")


def network_memory_options(release: Release | None) -> FractionOptions:
    """Return the options of a TaskManager's network memory. Since 1.17 its maximum is MemorySize.MAX_VALUE.

    Args:
        release: The release; None for the newest one.
    """
    unlimited = release is None or release.since("1.17")
    maximum = f"{MAX_LONG} bytes" if unlimited else "1 gb"
    return _fraction_options("taskmanager.memory.network", "64 mb", maximum, "taskmanager.network.memory")
