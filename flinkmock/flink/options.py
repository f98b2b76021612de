"""The options of Flink on which the REST API's behaviour depends, and how the fake uses each.

Names, defaults and releases are those of the `*Options` classes in Flink's jars, 1.12 to 2.3. An option that is not
listed here is shown by `/jobmanager/config` and has no other effect.

`options_page.py` writes the page about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from flinkmock.release import Release


class Use(StrEnum):
    """How the fake uses an option."""

    APPLIED = "applied"
    SHOWN = "shown only"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class OptionUse:
    """One option.

    Attributes:
        key: The newest name.
        default: Flink's default in the newest release; None: it has none.
        use: How the fake uses it.
        effect: What depends on it, or why it is rejected.
        since: The first release that has it, under any name.
        until: The last release that has it; None: the newest one does.
        names: Older names, which work as well.
    """

    key: str
    default: str | None
    use: Use
    effect: str = ""
    since: str = "1.12"
    until: str | None = None
    names: tuple[str, ...] = ()

    def exists_in(self, release: Release) -> bool:
        """Return whether the release has the option."""
        return release.since(self.since) and (self.until is None or not release.since(_next_minor(self.until)))


def _next_minor(minor: str) -> str:
    if minor == "1.20":
        return "2.0"
    major, number = minor.split(".")
    return f"{major}.{int(number) + 1}"


def _applied(
    key: str,
    default: str | None,
    effect: str,
    since: str = "1.12",
    until: str | None = None,
    names: tuple[str, ...] = (),
) -> OptionUse:
    return OptionUse(key, default, Use.APPLIED, effect, since, until, names)


def _rejected(key: str, default: str | None, why: str, since: str, names: tuple[str, ...] = ()) -> OptionUse:
    return OptionUse(key, default, Use.REJECTED, why, since, names=names)


def _shown(
    key: str, default: str | None, since: str = "1.12", until: str | None = None, names: tuple[str, ...] = ()
) -> OptionUse:
    return OptionUse(key, default, Use.SHOWN, "", since, until, names)


OPTIONS = (
    _applied(
        "web.refresh-interval",
        "3 s",
        "how long `/jobs/:jobid` and what belongs to it are cached; `refresh-interval` of `/config`",
    ),
    _applied(
        "rest.cache.execution-graph.timeout",
        None,
        "how long `/jobs/:jobid` and what belongs to it are cached, instead of `web.refresh-interval`",
        since="2.3",
    ),
    _applied(
        "rest.cache.checkpoint-statistics.timeout",
        "3 s",
        "how long checkpoint statistics are cached, instead of `web.refresh-interval`",
        since="1.18",
    ),
    _applied("metrics.fetcher.update-interval", "10 s", "how often metrics are fetched"),
    _applied("rest.async.store-duration", "5 min", "how long the result of an asynchronous operation is known"),
    _applied("rest.server.max-content-length", "104857600", "the largest body, except of uploads"),
    _applied("rest.port", "8081", "`/jobmanager/config` shows the port that is used", names=("web.port",)),
    _applied("rest.flamegraph.enabled", "false", "flame graphs", since="1.13"),
    _applied("rest.flamegraph.refresh-interval", "1 min", "how old a flame graph may be", since="1.13"),
    _applied("rest.profiling.enabled", "false", "the operations of the profiler", since="1.19"),
    _applied("rest.profiling.duration-max", "5 min", "the longest profile", since="1.19"),
    _applied("rest.profiling.history-size", "10", "how many profiles are listed", since="1.19"),
    _applied("web.access-control-allow-origin", "*", "the header of that name"),
    _applied(
        "web.log.path",
        None,
        "the name of the JobManager's log; processes that log into one folder share its list",
        names=("jobmanager.web.log.path",),
    ),
    _applied("taskmanager.log.path", None, "the name of the log of each TaskManager"),
    _applied("web.submit.enable", "true", "the operations of jars; `web-submit` of `/config`"),
    _applied("web.cancel.enable", "true", "`web-cancel` of `/config`; cancelling works without it", since="1.14"),
    _applied("web.rescale.enable", "true", "`web-rescale` of `/config`", since="1.18"),
    _applied("web.upload.dir", None, "the path that an upload returns"),
    _applied("web.checkpoints.history", "10", "how many checkpoints are listed"),
    _applied("web.exception-history-size", "16", "how many failures are listed", since="1.13"),
    _applied("web.adaptive-scheduler.rescale-history.size", "0", "how many rescales are listed", since="2.3"),
    _applied(
        "cluster.thread-dump.stacktrace-max-depth", "50", "the frames of each thread in thread dumps", since="1.15"
    ),
    _applied("jobstore.expiration-time", "3600", "how long ended jobs are known (s)"),
    _applied("jobstore.max-capacity", "2147483647", "how many ended jobs are known"),
    _applied("slot.request.timeout", "5 min", "how long a job waits for slots"),
    _applied("resourcemanager.standalone.start-up-time", None, "how long a job waits for slots in a new cluster"),
    _applied("slot.idle.timeout", "50 s", "`rescales/config`"),
    _applied("high-availability.type", "NONE", "whether jobs survive a change of leader", names=("high-availability",)),
    _applied("jobmanager.scheduler", "Default", "the scheduler of streaming jobs: `default` or `adaptive`"),
    _applied(
        "scheduler-mode",
        None,
        "`reactive`: jobs of the adaptive scheduler use all slots; no resource requirements",
        since="1.13",
    ),
    _applied(
        "jobmanager.adaptive-scheduler.submission.resource-wait-timeout",
        "5 min",
        "how long a job waits for its least slots",
        since="1.13",
        names=("jobmanager.adaptive-scheduler.resource-wait-timeout",),
    ),
    _applied(
        "jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout",
        "10 s",
        "how long a job waits for more slots",
        since="1.13",
        names=("jobmanager.adaptive-scheduler.resource-stabilization-timeout",),
    ),
    _applied(
        "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling",
        "30 s",
        "the pause between rescales",
        since="1.19",
        names=("jobmanager.adaptive-scheduler.scaling-interval.min",),
    ),
    _applied(
        "jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout",
        "1 min",
        "how long a rescale waits for more slots",
        since="2.0",
    ),
    _applied("jobmanager.adaptive-scheduler.rescale-trigger.max-delay", None, "`rescales/config`", since="2.0"),
    _applied(
        "jobmanager.adaptive-scheduler.rescale-trigger.max-checkpoint-failures", "2", "`rescales/config`", since="2.0"
    ),
    _applied("taskmanager.numberOfTaskSlots", "1", "the slots of each TaskManager, like `cluster.slots`"),
    _applied("pipeline.object-reuse", "false", "`object-reuse-mode` of jobs"),
    _applied("heartbeat.interval", "10 s", "how often TaskManagers send accumulators and tasks"),
    _applied(
        "jobmanager.execution.attempts-history-size",
        "16",
        "how many former attempts of a subtask are found",
        names=("job-manager.max-attempts-history-size",),
    ),
    _applied(
        "execution.checkpointing.num-retained",
        "1",
        "how many of the newest checkpoints are not `discarded`",
        names=("state.checkpoints.num-retained",),
    ),
    _applied(
        "execution.checkpointing.savepoint-dir",
        None,
        "where savepoints go without a directory",
        names=("state.savepoints.dir",),
    ),
    _applied("execution.checkpointing.dir", None, "where checkpoints go", names=("state.checkpoints.dir",)),
    _applied("execution.checkpointing.interval", None, "the interval of jobs that set none"),
    _applied("execution.checkpointing.mode", "EXACTLY_ONCE", "the mode of jobs that set none"),
    _applied("execution.checkpointing.timeout", "10 min", "the timeout of jobs that set none"),
    _applied("execution.checkpointing.min-pause", "0 s", "the pause of jobs that set none"),
    _applied("execution.checkpointing.max-concurrent-checkpoints", "1", "the number of jobs that set none"),
    _applied("execution.checkpointing.tolerable-failed-checkpoints", "0", "the number of jobs that set none"),
    _applied(
        "execution.checkpointing.unaligned.enabled",
        "false",
        "unaligned checkpoints of jobs that do not set it",
        names=("execution.checkpointing.unaligned",),
    ),
    _applied(
        "execution.checkpointing.aligned-checkpoint-timeout",
        "0 s",
        "`checkpoints/config`",
        names=("execution.checkpointing.alignment-timeout",),
    ),
    _applied(
        "execution.checkpointing.externalized-checkpoint-retention",
        "NO_EXTERNALIZED_CHECKPOINTS",
        "whether checkpoints of jobs that do not set it are retained",
    ),
    _applied("state.backend.type", "hashmap", "`checkpoints/config`", names=("state.backend",)),
    _applied("restart-strategy.type", None, "the restart strategy of jobs that set none", names=("restart-strategy",)),
    _applied("restart-strategy.fixed-delay.attempts", "1", "its attempts"),
    _applied("restart-strategy.fixed-delay.delay", "1 s", "its delay"),
    _applied("restart-strategy.failure-rate.max-failures-per-interval", "1", "its restarts within the interval"),
    _applied("restart-strategy.failure-rate.failure-rate-interval", "1 min", "its interval"),
    _applied("restart-strategy.failure-rate.delay", "1 s", "its delay"),
    _applied(
        "restart-strategy.exponential-delay.initial-backoff", "1 s", "its delay; later ones do not grow", since="1.13"
    ),
    _applied(
        "restart-strategy.exponential-delay.attempts-before-reset-backoff", "2147483647", "its attempts", since="1.19"
    ),
    _applied("taskmanager.memory.process.size", "1728m", "memory of TaskManagers"),
    _applied("taskmanager.memory.flink.size", None, "memory of TaskManagers"),
    _applied(
        "taskmanager.memory.task.heap.size", None, "memory of TaskManagers, with `taskmanager.memory.managed.size`"
    ),
    _applied("taskmanager.memory.managed.size", None, "memory of TaskManagers", names=("taskmanager.memory.size",)),
    _applied("taskmanager.memory.managed.fraction", "0.4", "memory of TaskManagers"),
    _applied("taskmanager.memory.framework.heap.size", "128 mb", "memory of TaskManagers"),
    _applied("taskmanager.memory.framework.off-heap.size", "128 mb", "memory of TaskManagers"),
    _applied("taskmanager.memory.task.off-heap.size", "0 bytes", "memory of TaskManagers"),
    _applied("taskmanager.memory.jvm-metaspace.size", "256 mb", "memory of TaskManagers"),
    _applied(
        "taskmanager.memory.network.fraction",
        "0.1",
        "memory of TaskManagers",
        names=("taskmanager.network.memory.fraction",),
    ),
    _applied(
        "taskmanager.memory.network.min", "64 mb", "memory of TaskManagers", names=("taskmanager.network.memory.min",)
    ),
    _applied(
        "taskmanager.memory.network.max",
        "infinite",
        "memory of TaskManagers; the default is 1 gb before 1.17",
        names=("taskmanager.network.memory.max",),
    ),
    _applied("taskmanager.memory.jvm-overhead.fraction", "0.1", "memory of TaskManagers"),
    _applied("taskmanager.memory.jvm-overhead.min", "192 mb", "memory of TaskManagers"),
    _applied("taskmanager.memory.jvm-overhead.max", "1 gb", "memory of TaskManagers"),
    _applied("jobmanager.memory.process.size", "1600m", "memory of the JobManager"),
    _applied("jobmanager.memory.flink.size", None, "memory of the JobManager"),
    _applied("jobmanager.memory.heap.size", None, "memory of the JobManager"),
    _applied("jobmanager.memory.off-heap.size", "128 mb", "memory of the JobManager"),
    _applied("jobmanager.memory.jvm-metaspace.size", "256 mb", "memory of the JobManager"),
    _applied("jobmanager.memory.jvm-overhead.fraction", "0.1", "memory of the JobManager"),
    _applied("jobmanager.memory.jvm-overhead.min", "192 mb", "memory of the JobManager"),
    _applied("jobmanager.memory.jvm-overhead.max", "1 gb", "memory of the JobManager"),
    _applied("security.ssl.rest.enabled", "false", "TLS; see [TLS](tls-auth-base-path.md#tls)"),
    _applied("security.ssl.rest.authentication-enabled", "false", "whether clients have to have a certificate"),
    _applied("security.ssl.rest.keystore", None, "the certificate"),
    _applied("security.ssl.rest.keystore-password", None, "the password of its file"),
    _applied("security.ssl.rest.truststore", None, "who signs the client certificates"),
    _applied("security.ssl.rest.truststore-password", None, "the password of its file"),
    _rejected(
        "execution.batch.speculative.enabled",
        "false",
        "no task has several attempts at a time",
        since="1.16",
        names=("jobmanager.adaptive-batch-scheduler.speculative.enabled",),
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
    _shown("execution.buffer-timeout.interval", "100 ms", names=("execution.buffer-timeout",)),
    _shown(
        "execution.checkpointing.checkpoints-after-tasks-finish",
        "true",
        since="1.14",
        names=("execution.checkpointing.checkpoints-after-tasks-finish.enabled",),
    ),
    _shown("execution.checkpointing.file-merging.enabled", "false", since="1.20"),
    _shown("execution.checkpointing.incremental", "false", names=("state.backend.incremental",)),
    _shown("execution.checkpointing.interval-during-backlog", None, since="1.19"),
    _shown("execution.checkpointing.storage", None, since="1.13", names=("state.checkpoint-storage",)),
    _shown("execution.checkpointing.unaligned.forced", "false"),
    _shown("execution.runtime-mode", "STREAMING"),
    _shown(
        "execution.state-recovery.claim-mode", "NO_CLAIM", since="1.15", names=("execution.savepoint-restore-mode",)
    ),
    _shown(
        "execution.state-recovery.ignore-unclaimed-state",
        "false",
        names=("execution.savepoint.ignore-unclaimed-state",),
    ),
    _shown("execution.state-recovery.path", None, names=("execution.savepoint.path",)),
    _shown("heartbeat.rpc-failure-threshold", "2", since="1.14"),
    _shown("heartbeat.timeout", "50 s"),
    _shown("high-availability.cluster-id", "/default", names=("high-availability.zookeeper.path.namespace",)),
    _shown("high-availability.storageDir", None, names=("high-availability.zookeeper.storageDir",)),
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
    _shown("jobmanager.rpc.address", None),
    _shown("jobmanager.rpc.port", "6123"),
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
    _shown("parallelism.default", "1"),
    _shown("pekko.ask.timeout", "10 s", names=("akka.ask.timeout",)),
    _shown("pipeline.jobvertex-parallelism-overrides", "{}", since="1.17"),
    _shown("pipeline.max-parallelism", "-1"),
    _shown("pipeline.name", None),
    _shown("pipeline.operator-chaining.enabled", "true", names=("pipeline.operator-chaining",)),
    _shown("pipeline.vertex-description-mode", "TREE", since="1.15"),
    _shown("pipeline.vertex-name-include-index-prefix", "false", since="1.15"),
    _shown("resourcemanager.job.timeout", "5 min"),
    _shown("resourcemanager.taskmanager-registration.timeout", "5 min", names=("taskmanager.registration.timeout",)),
    _shown("resourcemanager.taskmanager-timeout", "30 s", names=("slotmanager.taskmanager-timeout",)),
    _shown("rest.address", None),
    _shown("rest.await-leader-timeout", "30 s"),
    _shown("rest.bind-address", None, names=("web.address",)),
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
    _shown("state.changelog.enabled", "false", since="1.13", names=("state.backend.changelog.enabled",)),
    _shown(
        "state.changelog.periodic-materialize.interval",
        "10 min",
        since="1.15",
        names=("state.backend.changelog.periodic-materialize.interval",),
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
"""Applied ones first, then those that are rejected, then those that are shown only."""

BY_NAME: Mapping[str, OptionUse] = {name: option for option in OPTIONS for name in (option.key, *option.names)}
"""Options by each of their names."""
