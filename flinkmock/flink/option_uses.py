"""How the fake uses each of the Flink options that the REST API depends on.

Names, defaults and releases are from the `*Options` classes in Flink's jars, 1.12 to 2.3, except for the defaults of
the two process sizes (see `options.py`). An option that is not listed here is only shown: by `/jobmanager/config`, and
in logs.

`options_page.py` generates docs/configuration-options.md from this list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from flinkmock.flink import options
from flinkmock.flink.option_values import OptionType
from flinkmock.flink.options import Option
from flinkmock.release import Release


class Use(StrEnum):
    """How the fake uses an option."""

    APPLIED = "applied"
    SHOWN = "shown only"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class OptionUse:
    """An option of Flink and its use in the fake.

    Attributes:
        key: The newest key of the option.
        default: Flink's default in the newest release; None if there is no default.
        use: How the fake uses the option.
        effect: The behaviour that depends on the option, or the reason why it is rejected.
        since: The first release that has the option, under any key.
        until: The last release that has the option; None if the newest release does.
        aliases: Other keys that set the option, mostly older ones.
        type: The type of its values. Values of options that the fake only shows are not parsed.
    """

    key: str
    default: str | None
    use: Use
    effect: str = ""
    since: str = "1.12"
    until: str | None = None
    aliases: tuple[str, ...] = ()
    type: OptionType = OptionType.TEXT

    def exists_in(self, release: Release) -> bool:
        """Return whether the release has the option."""
        return release.since(self.since) and (self.until is None or not release.since(_next_minor(self.until)))


def _next_minor(minor: str) -> str:
    if minor == "1.20":  # the last minor release of 1.x
        return "2.0"
    major, number = minor.split(".")
    return f"{major}.{int(number) + 1}"


def _applied(
    option: Option, effect: str, since: str = "1.12", until: str | None = None, default: str | None = None
) -> OptionUse:
    """Return the use of an option that the fake applies.

    Args:
        option: The option.
        effect: The behaviour that depends on the option.
        since: The first release that has the option.
        until: The last release that has the option; None if the newest release does.
        default: Flink's default, if `option` has none because the model handles the unset option itself.
    """
    default = option.default if default is None else default
    return OptionUse(option.key, default, Use.APPLIED, effect, since, until, option.aliases, option.type)


def _rejected(key: str, default: str | None, reason: str, since: str, aliases: tuple[str, ...] = ()) -> OptionUse:
    return OptionUse(key, default, Use.REJECTED, reason, since, aliases=aliases)


def _shown(
    key: str, default: str | None, since: str = "1.12", until: str | None = None, aliases: tuple[str, ...] = ()
) -> OptionUse:
    return OptionUse(key, default, Use.SHOWN, "", since, until, aliases)


_NETWORK = options.network_memory_options(None)

OPTION_USES = (
    _applied(
        options.REFRESH_INTERVAL,
        "how long `/jobs/:jobid` and the paths below it are cached; `refresh-interval` of `/config`",
    ),
    _applied(
        options.EXECUTION_GRAPH_CACHE_TIMEOUT,
        "how long `/jobs/:jobid` and the paths below it are cached, instead of `web.refresh-interval`",
        since="2.3",
    ),
    _applied(
        options.CHECKPOINT_CACHE_TIMEOUT,
        "how long checkpoint statistics are cached, instead of `web.refresh-interval`",
        default="3 s",
        since="1.18",
    ),
    _applied(options.METRICS_UPDATE_INTERVAL, "how often metrics are fetched"),
    _applied(options.ASYNC_STORE_DURATION, "how long the result of an asynchronous operation is kept"),
    _applied(options.MAX_CONTENT_LENGTH, "the maximum size of a request body, except for uploads"),
    _applied(options.REST_PORT, "`/jobmanager/config` shows the port that is used"),
    _applied(options.REST_ADDRESS, "the address of the REST API in the JobManager's log"),
    _applied(options.JOBMANAGER_RPC_ADDRESS, "the name of the JobManager's log, and its address in logs"),
    _applied(options.JOBMANAGER_RPC_PORT, "the JobManager's port in logs"),
    _applied(options.TASK_MANAGER_HOST, "the host of each TaskManager: its id, path, log and locations of tasks"),
    _applied(options.FLAME_GRAPH, "whether there are flame graphs", since="1.13"),
    _applied(options.FLAME_GRAPH_REFRESH, "how old a flame graph may be", since="1.13"),
    _applied(
        Option("rest.profiling.enabled", "false", type=OptionType.BOOLEAN),
        "whether the operations of the profiler exist",
        since="1.19",
    ),
    _applied(options.PROFILING_MAX_DURATION, "the maximum duration of a profile", since="1.19"),
    _applied(options.PROFILING_HISTORY, "how many profiles are listed", since="1.19"),
    _applied(options.ALLOW_ORIGIN, "the header `access-control-allow-origin` of responses"),
    _applied(
        options.JOBMANAGER_LOG,
        "the name of the JobManager's log; processes that log into one folder share its list",
    ),
    _applied(options.TASKMANAGER_LOG, "the name of the log of each TaskManager"),
    _applied(options.WEB_SUBMIT, "whether the operations on jars exist; `web-submit` of `/config`"),
    _applied(options.WEB_CANCEL, "`web-cancel` of `/config`; cancelling works without it", since="1.14"),
    _applied(options.WEB_RESCALE, "`web-rescale` of `/config`", since="1.18"),
    _applied(
        options.DEFAULT_PARALLELISM, "the parallelism of a jar's plan if the request asks for 0 or less, before 1.17"
    ),
    _applied(Option("web.upload.dir"), "the path that an upload returns"),
    _applied(options.CHECKPOINT_HISTORY, "how many checkpoints are listed"),
    _applied(options.EXCEPTION_HISTORY, "how many failures are listed", since="1.13"),
    _applied(options.RESCALE_HISTORY, "how many rescales are listed", since="2.3"),
    _applied(
        options.THREAD_DUMP_DEPTH,
        "the maximum number of frames of each thread in thread dumps",
        default="50",
        since="1.15",
    ),
    _applied(options.JOB_STORE_EXPIRATION, "how long ended jobs are kept, in seconds"),
    _applied(options.JOB_STORE_CAPACITY, "how many ended jobs are kept"),
    _applied(options.SLOT_REQUEST_TIMEOUT, "how long a job waits for slots"),
    _applied(options.STANDALONE_START_UP_TIME, "how long a job waits for slots in a new cluster"),
    _applied(options.SLOT_IDLE_TIMEOUT, "a value in `/jobs/:jobid/rescales/config`"),
    _applied(options.HIGH_AVAILABILITY, "whether jobs survive a change of leader"),
    _applied(options.SCHEDULER, "the scheduler of streaming jobs: `default` or `adaptive`"),
    _applied(
        options.SCHEDULER_MODE,
        "`reactive`: jobs use the adaptive scheduler and all slots; their resource requirements can't be changed",
        since="1.13",
    ),
    _applied(options.FINE_GRAINED, "`allocatedSlots` of TaskManagers, before 1.18", since="1.13", until="1.18"),
    _applied(
        options.SUBMISSION_WAIT, "how long a job waits for the minimum number of slots that it needs", since="1.13"
    ),
    _applied(options.SUBMISSION_STABILIZATION, "how long a job waits for more slots", since="1.13"),
    _applied(options.RESCALE_COOLDOWN, "the pause between rescales", since="1.19"),
    _applied(options.RESCALE_STABILIZATION, "how long a rescale waits for more slots", since="2.0"),
    _applied(options.RESCALE_MAX_DELAY, "a value in `/jobs/:jobid/rescales/config`", since="2.0"),
    _applied(options.RESCALE_CHECKPOINT_FAILURES, "values in `/jobs/:jobid/rescales/config`", since="2.0"),
    _applied(options.TASK_MANAGER_SLOTS, "the slots of each TaskManager, like `cluster.slots`"),
    _applied(options.OBJECT_REUSE, "`object-reuse-mode` of jobs"),
    _applied(options.HEARTBEAT_INTERVAL, "how often TaskManagers report accumulators and the tasks in their slots"),
    _applied(options.ATTEMPTS_HISTORY, "how many former attempts of a subtask are kept"),
    _applied(options.RETAINED_CHECKPOINTS, "how many of the newest checkpoints are not `discarded`"),
    _applied(options.SAVEPOINT_DIR, "where savepoints go if the request names no directory"),
    _applied(options.CHECKPOINT_DIR, "where checkpoints go"),
    _applied(options.CHECKPOINTING_INTERVAL, "the checkpoint interval of jobs that set none"),
    _applied(options.CHECKPOINTING_MODE, "the checkpointing mode of jobs that set none", default="EXACTLY_ONCE"),
    _applied(options.CHECKPOINTING_TIMEOUT, "the checkpoint timeout of jobs that set none", default="10 min"),
    _applied(
        options.CHECKPOINTING_MIN_PAUSE, "the minimum pause between checkpoints of jobs that set none", default="0 s"
    ),
    _applied(
        options.CHECKPOINTING_MAX_CONCURRENT,
        "the maximum number of concurrent checkpoints of jobs that set none",
        default="1",
    ),
    _applied(
        options.CHECKPOINTING_TOLERABLE_FAILURES,
        "a value in `/jobs/:jobid/checkpoints/config`, for jobs that set none",
        default="0",
    ),
    _applied(
        options.CHECKPOINTING_UNALIGNED, "whether checkpoints of jobs that do not set it are unaligned", default="false"
    ),
    _applied(options.CHECKPOINTING_ALIGNED_TIMEOUT, "a value in `/jobs/:jobid/checkpoints/config`"),
    _applied(
        options.CHECKPOINTING_RETENTION,
        "whether checkpoints of jobs that do not set it are retained",
        default="NO_EXTERNALIZED_CHECKPOINTS",
    ),
    _applied(
        options.CHECKPOINTS_AFTER_TASKS_FINISH,
        "whether checkpoints and savepoints are taken when some tasks have finished; in 1.14, the default is `false`",
        since="1.14",
    ),
    _applied(options.STATE_BACKEND, "a value in `/jobs/:jobid/checkpoints/config`", default="hashmap"),
    _applied(options.RESTART_STRATEGY, "the restart strategy of jobs that set none"),
    _applied(options.FIXED_DELAY_ATTEMPTS, "the maximum number of restarts"),
    _applied(options.FIXED_DELAY, "the delay before a restart"),
    _applied(options.FAILURE_RATE_MAX, "the maximum number of restarts within the interval"),
    _applied(options.FAILURE_RATE_INTERVAL, "the interval in which restarts are counted"),
    _applied(options.FAILURE_RATE_DELAY, "the delay before a restart"),
    _applied(options.EXPONENTIAL_DELAY, "the delay before each restart; it does not grow", since="1.13"),
    _applied(options.EXPONENTIAL_DELAY_ATTEMPTS, "the maximum number of restarts", since="1.19"),
    _applied(options.TASK_MANAGER_PROCESS_SIZE, "memory of TaskManagers"),
    _applied(options.TASK_MANAGER_FLINK_SIZE, "memory of TaskManagers"),
    _applied(options.TASK_MANAGER_TASK_HEAP, "memory of TaskManagers, with `taskmanager.memory.managed.size`"),
    _applied(options.TASK_MANAGER_MANAGED_SIZE, "memory of TaskManagers"),
    _applied(options.TASK_MANAGER_MANAGED_FRACTION, "memory of TaskManagers"),
    _applied(options.TASK_MANAGER_FRAMEWORK_HEAP, "memory of TaskManagers"),
    _applied(options.TASK_MANAGER_FRAMEWORK_OFF_HEAP, "memory of TaskManagers"),
    _applied(options.TASK_MANAGER_TASK_OFF_HEAP, "memory of TaskManagers"),
    _applied(options.TASK_MANAGER_METASPACE, "memory of TaskManagers"),
    _applied(_NETWORK.fraction, "memory of TaskManagers"),
    _applied(_NETWORK.minimum, "memory of TaskManagers"),
    _applied(_NETWORK.maximum, "memory of TaskManagers; the default is 1 gb before 1.17", default="infinite"),
    _applied(options.TASK_MANAGER_OVERHEAD.fraction, "memory of TaskManagers"),
    _applied(options.TASK_MANAGER_OVERHEAD.minimum, "memory of TaskManagers"),
    _applied(options.TASK_MANAGER_OVERHEAD.maximum, "memory of TaskManagers"),
    _applied(options.JOB_MANAGER_PROCESS_SIZE, "memory of the JobManager"),
    _applied(options.JOB_MANAGER_FLINK_SIZE, "memory of the JobManager"),
    _applied(options.JOB_MANAGER_HEAP, "memory of the JobManager"),
    _applied(options.JOB_MANAGER_OFF_HEAP, "memory of the JobManager"),
    _applied(options.JOB_MANAGER_METASPACE, "memory of the JobManager"),
    _applied(options.JOB_MANAGER_OVERHEAD.fraction, "memory of the JobManager"),
    _applied(options.JOB_MANAGER_OVERHEAD.minimum, "memory of the JobManager"),
    _applied(options.JOB_MANAGER_OVERHEAD.maximum, "memory of the JobManager"),
    _applied(
        Option("security.ssl.rest.enabled", "false", type=OptionType.BOOLEAN),
        "TLS; see [TLS](tls-auth-base-path.md#tls)",
    ),
    _applied(
        Option("security.ssl.enabled", "false", type=OptionType.BOOLEAN),
        "TLS if `security.ssl.rest.enabled` is not set",
        until="1.20",
    ),
    _applied(
        Option("security.ssl.rest.authentication-enabled", "false", type=OptionType.BOOLEAN),
        "whether clients need a certificate",
    ),
    _applied(Option("security.ssl.rest.keystore"), "the certificate"),
    _applied(Option("security.ssl.rest.keystore-password"), "the password of the key store"),
    _applied(Option("security.ssl.rest.truststore"), "the authorities that sign client certificates"),
    _applied(Option("security.ssl.rest.truststore-password"), "the password of the trust store"),
    *(
        _applied(Option(f"security.ssl.{name}"), f"the same as `security.ssl.rest.{name}` if that is not set")
        for name in ("keystore", "keystore-password", "truststore", "truststore-password")
    ),
    _rejected(
        "execution.batch.speculative.enabled",
        "false",
        "no task has several attempts at a time",
        since="1.16",
        aliases=("jobmanager.adaptive-batch-scheduler.speculative.enabled",),
    ),
    _shown("blob.server.port", "0"),
    _shown("client.heartbeat.interval", "30 s", since="1.17"),
    _shown("client.heartbeat.timeout", "3 min", since="1.17"),
    _shown("client.retry-period", "2 s"),
    _shown("client.timeout", "1 min"),
    _shown("cluster.evenly-spread-out-slots", "false", until="1.20"),
    _shown("cluster.id", "00000000000000000000000000000000", since="2.3"),
    _shown("cluster.intercept-user-system-exit", "DISABLED", since="1.13"),
    _shown("cluster.io-pool.size", None),
    _shown("cluster.processes.halt-on-fatal-error", "false"),
    _shown("execution.batch-shuffle-mode", "ALL_EXCHANGES_BLOCKING", since="1.14"),
    _shown("execution.batch.adaptive.auto-parallelism.enabled", "true", since="1.17"),
    _shown("execution.buffer-timeout.interval", "100 ms", aliases=("execution.buffer-timeout",)),
    _shown("execution.checkpointing.file-merging.enabled", "false", since="1.20"),
    _shown("execution.checkpointing.incremental", "false", aliases=("state.backend.incremental",)),
    _shown("execution.checkpointing.interval-during-backlog", None, since="1.19"),
    _shown("execution.checkpointing.storage", None, since="1.13", aliases=("state.checkpoint-storage",)),
    _shown("execution.checkpointing.unaligned.forced", "false"),
    _shown("execution.runtime-mode", "STREAMING"),
    _shown(
        "execution.state-recovery.claim-mode", "NO_CLAIM", since="1.15", aliases=("execution.savepoint-restore-mode",)
    ),
    _shown(
        "execution.state-recovery.ignore-unclaimed-state",
        "false",
        aliases=("execution.savepoint.ignore-unclaimed-state",),
    ),
    _shown("execution.state-recovery.path", None, aliases=("execution.savepoint.path",)),
    _shown("heartbeat.rpc-failure-threshold", "2", since="1.14"),
    _shown("heartbeat.timeout", "50 s"),
    _shown("high-availability.cluster-id", "/default", aliases=("high-availability.zookeeper.path.namespace",)),
    _shown("high-availability.storageDir", None, aliases=("high-availability.zookeeper.storageDir",)),
    _shown("high-availability.zookeeper.quorum", None),
    _shown("historyserver.web.port", "8082"),
    _shown("job-result-store.delete-on-commit", "true", since="1.15"),
    _shown("job-result-store.storage-path", None, since="1.15"),
    _shown("jobmanager.adaptive-scheduler.min-parallelism-increase", "1", since="1.13"),
    _shown("jobmanager.adaptive-scheduler.prefer-minimal-taskmanagers", "true", since="1.19"),
    _shown("jobmanager.adaptive-scheduler.scaling-interval.max", None, since="1.19"),
    _shown("jobmanager.archive.fs.dir", None),
    _shown("jobmanager.bind-host", None),
    _shown("jobmanager.execution.failover-strategy", "region"),
    _shown("jobmanager.failure-enrichers", None, since="1.18"),
    _shown("jobmanager.memory.enable-jvm-direct-memory-limit", "false"),
    _shown("jobstore.cache-size", "52428800"),
    _shown("jobstore.type", "File", since="1.15"),
    _shown("metrics.job.status.enable", "[CURRENT_TIME]", since="1.15"),
    _shown("metrics.latency.granularity", "operator"),
    _shown("metrics.latency.interval", "0 s"),
    _shown("metrics.reporters", None),
    _shown("metrics.scope.delimiter", "."),
    _shown("metrics.scope.jm", "<host>.jobmanager"),
    _shown("metrics.scope.operator", "<host>.taskmanager.<tm_id>.<job_name>.<operator_name>.<subtask_index>"),
    _shown("metrics.scope.task", "<host>.taskmanager.<tm_id>.<job_name>.<task_name>.<subtask_index>"),
    _shown("metrics.scope.tm", "<host>.taskmanager.<tm_id>"),
    _shown("metrics.system-resource", "false"),
    _shown("pekko.ask.timeout", "10 s", aliases=("akka.ask.timeout",)),
    _shown("pipeline.jobvertex-parallelism-overrides", "{}", since="1.17"),
    _shown("pipeline.max-parallelism", "-1"),
    _shown("pipeline.name", None),
    _shown("pipeline.operator-chaining.enabled", "true", aliases=("pipeline.operator-chaining",)),
    _shown("pipeline.vertex-description-mode", "TREE", since="1.15"),
    _shown("pipeline.vertex-name-include-index-prefix", "false", since="1.15"),
    _shown("resourcemanager.job.timeout", "5 min"),
    _shown("resourcemanager.taskmanager-registration.timeout", "5 min", aliases=("taskmanager.registration.timeout",)),
    _shown("resourcemanager.taskmanager-timeout", "30 s", aliases=("slotmanager.taskmanager-timeout",)),
    _shown("rest.await-leader-timeout", "30 s"),
    _shown("rest.bind-address", None, aliases=("web.address",)),
    _shown("rest.bind-port", "8081"),
    _shown("rest.cache.checkpoint-statistics.size", "1000", since="1.18"),
    _shown("rest.client.max-content-length", "104857600"),
    _shown("rest.connection-timeout", "15 s"),
    _shown("rest.flamegraph.cleanup-interval", "10 min", since="1.13"),
    _shown("rest.flamegraph.delay-between-samples", "50 ms", since="1.13"),
    _shown("rest.flamegraph.num-samples", "100", since="1.13"),
    _shown("rest.flamegraph.stack-depth", "100", since="1.13"),
    _shown("rest.idleness-timeout", "5 min"),
    _shown("rest.path", None, since="1.19"),
    _shown("rest.profiling.dir", "/tmp", since="1.19"),
    _shown("rest.retry.delay", "3 s"),
    _shown("rest.retry.max-attempts", "20"),
    _shown("rest.server.numThreads", "4"),
    _shown("rest.url-prefix", "/", since="1.18"),
    _shown("restart-strategy.exponential-delay.backoff-multiplier", "1.5", since="1.13"),
    _shown("restart-strategy.exponential-delay.jitter-factor", "0.1", since="1.13"),
    _shown("restart-strategy.exponential-delay.max-backoff", "1 min", since="1.13"),
    _shown("restart-strategy.exponential-delay.reset-backoff-threshold", "1 h", since="1.13"),
    _shown("security.ssl.internal.enabled", "false"),
    _shown("slotmanager.max-total-resource.cpu", None, since="1.13"),
    _shown("slotmanager.max-total-resource.memory", None, since="1.13"),
    _shown("slotmanager.number-of-slots.max", "2147483647"),
    _shown("slotmanager.number-of-slots.min", "0", since="1.19"),
    _shown("slotmanager.redundant-taskmanager-num", "0"),
    _shown("state.changelog.enabled", "false", since="1.13", aliases=("state.backend.changelog.enabled",)),
    _shown(
        "state.changelog.periodic-materialize.interval",
        "10 min",
        since="1.15",
        aliases=("state.backend.changelog.periodic-materialize.interval",),
    ),
    _shown("taskmanager.memory.min-segment-size", "256 bytes", since="1.14"),
    _shown("taskmanager.memory.segment-size", "32 kb"),
    _shown("web.backpressure.cleanup-interval", "600000", until="1.20"),
    _shown("web.backpressure.delay-between-samples", "50", until="1.20"),
    _shown("web.backpressure.num-samples", "100", until="1.20"),
    _shown("web.backpressure.refresh-interval", "60000", until="1.20"),
    _shown("web.history", "5"),
    _shown("web.timeout", "10 min"),
    _shown("web.tmpdir", "/tmp"),
)
"""First the applied options, then the rejected options, then the options that are only shown."""

OPTION_USES_BY_KEY: Mapping[str, OptionUse] = {
    key: option for option in OPTION_USES for key in (option.key, *option.aliases)
}
"""The uses by key. An option with aliases is listed under each of its keys."""
