"""The settings of a submitted plan: checkpoints, restart strategy, and those in the ExecutionConfig."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flinkmock.cluster.spec import CheckpointSpec, RestartStrategy, RestartStrategyKind
from flinkmock.cluster.submission.java_values import (
    Options,
    duration_ms,
    is_a,
    non_empty_text,
    simple_name,
    string_entries,
)
from flinkmock.flink.java_format import MAX_INT
from flinkmock.flink.java_serialization.reader import JavaObject
from flinkmock.release import Release

_NEVER = (1 << 63) - 1
"""Long.MAX_VALUE, the checkpoint interval (ms) of a job without checkpoints."""
_RETAINED = {
    "RETAIN_ON_CANCELLATION": "retain",
    "DELETE_ON_CANCELLATION": "delete",
    "RETAIN_ON_FAILURE": "delete",
}
"""ExternalizedCheckpointRetention (options) or CheckpointRetentionPolicy (JobGraph) -> `CheckpointSpec.retained`.

The value says what happens to the checkpoints of a cancelled job."""
_RESTART_STRATEGY = "restart-strategy"
_RESTART_STRATEGY_KINDS = {
    **dict.fromkeys(("none", "off", "disable"), RestartStrategyKind.NONE),
    **dict.fromkeys(("fixeddelay", "fixed-delay"), RestartStrategyKind.FIXED_DELAY),
    **dict.fromkeys(("exponentialdelay", "exponential-delay"), RestartStrategyKind.EXPONENTIAL_DELAY),
    **dict.fromkeys(("failurerate", "failure-rate"), RestartStrategyKind.FAILURE_RATE),
}
_UNITS = {"MILLISECONDS": 1, "SECONDS": 1000, "MINUTES": 60_000, "HOURS": 3_600_000, "DAYS": 86_400_000}
"""Java's TimeUnit -> ms."""


@dataclass(frozen=True, slots=True)
class JobSettings:
    """The settings of a submitted plan. If the plan lacks them, `restart` is None, and both parallelisms are -1."""

    checkpoints: CheckpointSpec = field(default_factory=lambda: CheckpointSpec(every=None))
    restart: RestartStrategy | None = None
    parallelism: int = -1
    max_parallelism: int = -1
    object_reuse: bool = False
    user_config: Mapping[str, str] = field(default_factory=dict)


def read_settings(options: Options, execution_config: Any, checkpointing_settings: Any) -> JobSettings:
    """Return the settings of a submitted plan.

    Args:
        options: The configuration of the plan.
        execution_config: The ExecutionConfig. Its values are fields in 1.12; in 1.20 and since 2.0, most are options.
        checkpointing_settings: The JobCheckpointingSettings of a JobGraph; None: these settings are in `options`.
    """
    fields = execution_config.fields if isinstance(execution_config, JavaObject) else {}
    execution_options = Options(fields.get("configuration"))
    if checkpointing_settings is None:
        checkpoints = _checkpoints_of_options(options)
    else:
        checkpoints = _checkpoints_of_checkpointing_settings(checkpointing_settings)
    object_reuse = fields.get("objectReuse", execution_options.boolean("pipeline.object-reuse"))
    return JobSettings(
        checkpoints=checkpoints,
        restart=_restart_of_object(fields.get("restartStrategyConfiguration")) or _restart_of_options(options),
        parallelism=_first_number(fields.get("parallelism"), execution_options.integer("parallelism.default")),
        max_parallelism=_first_number(
            fields.get("maxParallelism"), execution_options.integer("pipeline.max-parallelism")
        ),
        object_reuse=object_reuse is True,
        user_config=options.entries("pipeline.global-job-parameters") or _parameters(fields.get("globalJobParameters")),
    )


def source_parallelism(options: Options, default: int, release: Release | None) -> int:
    """Return the parallelism that the scheduler of batch jobs gives to a source without one (BatchExecutionOptions).

    Args:
        options: The configuration of the plan.
        default: The parallelism of the job, which is used if no option is set (since 1.19; until 1.18, 1 is used).
        release: The release of the JobManager; None: the newest one.
    """
    prefix = "execution.batch.adaptive.auto-parallelism."
    configured = options.integer(f"{prefix}default-source-parallelism", f"{prefix}max-parallelism")
    if configured is None and release is not None and not release.since("1.19"):
        return 1
    return max(default if configured is None else configured, 1)


def _first_number(*numbers: int | None) -> int:
    """Return the first of the numbers that is not None; -1 if there is none."""
    return next((number for number in numbers if number is not None), -1)


def _parameters(parameters: Any) -> dict[str, str]:
    """Return the global job parameters: the first map of strings in an object, whose class may be the user's."""
    values = parameters.fields.values() if isinstance(parameters, JavaObject) else ()
    return next(filter(None, map(string_entries, values)), {})


def _checkpoints_of_checkpointing_settings(settings: Any) -> CheckpointSpec:
    """Return the checkpoint settings in JobCheckpointingSettings. Fields that a release lacks have their default."""
    if not isinstance(settings, JavaObject):
        return CheckpointSpec(every=None)
    fields, defaults = settings.fields["checkpointCoordinatorConfiguration"].fields, CheckpointSpec()
    every = fields.get("checkpointInterval", _NEVER)
    return CheckpointSpec(
        every=None if every == _NEVER else every,
        timeout=fields.get("checkpointTimeout", defaults.timeout),
        min_pause=fields.get("minPauseBetweenCheckpoints", defaults.min_pause),
        max_concurrent=fields.get("maxConcurrentCheckpoints", defaults.max_concurrent),
        mode="exactly_once" if fields.get("isExactlyOnce", True) else "at_least_once",
        unaligned=fields.get("isUnalignedCheckpointsEnabled", defaults.unaligned),
        tolerable_failures=fields.get("tolerableCheckpointFailureNumber", defaults.tolerable_failures),
        retained=_RETAINED.get(non_empty_text(fields.get("checkpointRetentionPolicy")) or ""),
        aligned_timeout=fields.get("alignedCheckpointTimeout", defaults.aligned_timeout),
    )


def _checkpoints_of_options(options: Options) -> CheckpointSpec:
    """Return the checkpoint settings in options `execution.checkpointing.…`.

    Source: StreamGraph.createJobCheckpointingSettings.
    """
    prefix, defaults = "execution.checkpointing.", CheckpointSpec()
    is_at_least_once = (options.text(f"{prefix}mode") or "").upper() == "AT_LEAST_ONCE"
    is_unaligned = options.boolean(f"{prefix}unaligned.enabled", f"{prefix}unaligned") is True
    retention = options.text(f"{prefix}externalized-checkpoint-retention") or ""
    tolerable = options.integer(f"{prefix}tolerable-failed-checkpoints")
    return CheckpointSpec(
        every=options.duration(f"{prefix}interval") or None,
        timeout=options.duration(f"{prefix}timeout") or defaults.timeout,
        min_pause=options.duration(f"{prefix}min-pause") or defaults.min_pause,
        # Flink allows only one unaligned checkpoint at a time
        max_concurrent=1 if is_unaligned else max(1, options.integer(f"{prefix}max-concurrent-checkpoints") or 1),
        mode="at_least_once" if is_at_least_once else "exactly_once",
        unaligned=is_unaligned and not is_at_least_once,
        tolerable_failures=defaults.tolerable_failures if tolerable is None else tolerable,
        retained=_RETAINED.get(retention.upper().replace("-", "_")),
        aligned_timeout=options.duration(f"{prefix}aligned-checkpoint-timeout") or 0,
    )


def _restart_of_options(options: Options) -> RestartStrategy | None:
    name = options.text(f"{_RESTART_STRATEGY}.type", _RESTART_STRATEGY) or ""
    kind = _RESTART_STRATEGY_KINDS.get(name.lower())
    if kind is None:
        return None
    prefix = f"{_RESTART_STRATEGY}.{kind}."
    if kind == RestartStrategyKind.FAILURE_RATE:
        max_failures = options.integer(f"{prefix}max-failures-per-interval")
        interval = options.duration(f"{prefix}failure-rate-interval")
        return _failure_rate(1 if max_failures is None else max_failures, interval, options.duration(f"{prefix}delay"))
    attempts = options.integer(f"{prefix}attempts", f"{prefix}attempts-before-reset-backoff")
    if kind == RestartStrategyKind.FIXED_DELAY:
        return _fixed_delay(1 if attempts is None else attempts, options.duration(f"{prefix}delay"))
    initial = options.duration(f"{prefix}initial-backoff")
    return RestartStrategy(kind, attempts, RestartStrategy().delay if initial is None else initial)


def _restart_of_object(strategy: Any) -> RestartStrategy | None:
    """Return the restart strategy that the program has set with a class of RestartStrategies (1.x)."""
    if not isinstance(strategy, JavaObject):
        return None
    name, fields = simple_name(strategy), strategy.fields
    if "NoRestart" in name:
        return RestartStrategy(RestartStrategyKind.NONE)
    if "FixedDelay" in name:
        return _fixed_delay(fields["restartAttempts"], _time_ms(fields.get("delayBetweenAttemptsInterval")))
    if "FailureRate" in name:
        delay = _time_ms(fields.get("delayBetweenAttemptsInterval"))
        return _failure_rate(fields["maxFailureRate"], _time_ms(fields.get("failureInterval")), delay)
    if "ExponentialDelay" in name:
        return RestartStrategy(RestartStrategyKind.EXPONENTIAL_DELAY, None, _time_ms(fields.get("initialBackoff")) or 0)
    return None


def _fixed_delay(attempts: int, delay: int | None) -> RestartStrategy:
    """Return a strategy of the kind fixed-delay. A delay (ms) of None means Flink's default."""
    is_unlimited = attempts >= MAX_INT
    return RestartStrategy(
        RestartStrategyKind.FIXED_DELAY,
        attempts=None if is_unlimited else attempts,
        delay=RestartStrategy().delay if delay is None else delay,
    )


def _failure_rate(max_failures: int, interval: int | None, delay: int | None) -> RestartStrategy:
    """Return a strategy of the kind failure-rate. An interval or delay (ms) of None means Flink's default."""
    default = RestartStrategy()
    return RestartStrategy(
        RestartStrategyKind.FAILURE_RATE,
        attempts=max_failures,  # for this kind, the maximum number of restarts within an interval
        delay=default.delay if delay is None else delay,
        interval=default.interval if interval is None else interval,
    )


def _time_ms(value: Any) -> int | None:
    """Return the ms of a Time of Flink or a Duration of Java; None if the value is of another type."""
    if is_a(value, "Time"):
        return int(value.fields["size"]) * _UNITS.get(non_empty_text(value.fields["unit"]) or "", 1)
    return duration_ms(value)
