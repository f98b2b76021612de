"""Checkpointing and restart strategies of jobs, from the options of the cluster.

An option of the cluster applies to jobs that do not set it (StreamExecutionEnvironment.configure).
`parallelism.default` does not apply: JarHandlerUtils sets it to 1 unless the request has another value.
See docs/flink-behaviour.md#cluster-overview.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flinkmock.cluster.spec import CheckpointSpec, RestartStrategy, RestartStrategyKind
from flinkmock.errors import InvalidArgument
from flinkmock.flink import options
from flinkmock.flink.configuration import Configuration

_MODES = {"EXACTLY_ONCE": "exactly_once", "AT_LEAST_ONCE": "at_least_once"}
"""Value of Flink's option for the checkpointing mode -> `CheckpointSpec.mode`."""
_RETENTION = {
    "RETAIN_ON_CANCELLATION": "retain",
    "DELETE_ON_CANCELLATION": "delete",
    "NO_EXTERNALIZED_CHECKPOINTS": None,
}
"""Value of Flink's option for retained checkpoints -> `CheckpointSpec.retained`."""
_RESTART_STRATEGIES = {
    "none": RestartStrategyKind.NONE,
    "off": RestartStrategyKind.NONE,
    "disable": RestartStrategyKind.NONE,
    "fixed-delay": RestartStrategyKind.FIXED_DELAY,
    "fixeddelay": RestartStrategyKind.FIXED_DELAY,
    "failure-rate": RestartStrategyKind.FAILURE_RATE,
    "failurerate": RestartStrategyKind.FAILURE_RATE,
    "exponential-delay": RestartStrategyKind.EXPONENTIAL_DELAY,
    "exponentialdelay": RestartStrategyKind.EXPONENTIAL_DELAY,
}
"""Value of restart-strategy.type (RestartStrategyOptions) -> strategy."""


@dataclass(frozen=True, slots=True)
class JobDefaults:
    """Checkpointing and the restart strategy of jobs that do not set them."""

    checkpoints: CheckpointSpec = field(default_factory=CheckpointSpec)
    restart: RestartStrategy = field(default_factory=lambda: RestartStrategy(configured_by_job=False))


def job_defaults(configuration: Configuration) -> JobDefaults:
    """Return the defaults that options set.

    Raises:
        InvalidArgument: An option has a value that can't be parsed.
    """
    return JobDefaults(_checkpoints(configuration), _restart(configuration))


def _checkpoints(configuration: Configuration) -> CheckpointSpec:
    duration_options = {
        "every": options.CHECKPOINTING_INTERVAL,
        "timeout": options.CHECKPOINTING_TIMEOUT,
        "min_pause": options.CHECKPOINTING_MIN_PAUSE,
        "aligned_timeout": options.CHECKPOINTING_ALIGNED_TIMEOUT,
    }
    number_options = {
        "max_concurrent": options.CHECKPOINTING_MAX_CONCURRENT,
        "tolerable_failures": options.CHECKPOINTING_TOLERABLE_FAILURES,
    }
    settings: dict[str, Any] = {
        name: configuration.optional_milliseconds(option) for name, option in duration_options.items()
    }
    settings |= {name: configuration.optional_integer(option) for name, option in number_options.items()}
    if settings["every"] == 0:
        raise InvalidArgument(f"{options.CHECKPOINTING_INTERVAL.key} must be more than 0")
    if settings["max_concurrent"] is not None and settings["max_concurrent"] < 1:
        raise InvalidArgument(f"{options.CHECKPOINTING_MAX_CONCURRENT.key} must be at least 1")
    settings["mode"] = _constant(configuration, options.CHECKPOINTING_MODE, _MODES)
    settings["retained"] = _constant(configuration, options.CHECKPOINTING_RETENTION, _RETENTION)
    if configuration.text(options.CHECKPOINTING_UNALIGNED) is not None:
        settings["unaligned"] = configuration.boolean(options.CHECKPOINTING_UNALIGNED)
    configured = {name: value for name, value in settings.items() if value is not None}
    return dataclasses.replace(CheckpointSpec(), **configured)


def _constant(configuration: Configuration, option: options.Option, values: Mapping[str, str | None]) -> str | None:
    """Return the value for the enum constant to which an option is set; None if the option is not set."""
    text = configuration.text(option)
    if text is None:
        return None
    name = text.upper().replace("-", "_")
    if name not in values:
        raise InvalidArgument(f"{option.key}: {text!r} is not one of {', '.join(values)}")
    return values[name]


def _restart(configuration: Configuration) -> RestartStrategy:
    text = configuration.text(options.RESTART_STRATEGY)
    if text is None:
        return RestartStrategy(configured_by_job=False)
    kind = _RESTART_STRATEGIES.get(text.lower())
    if kind is None:
        raise InvalidArgument(
            f"{options.RESTART_STRATEGY.key}: {text!r} is not none, fixed-delay, failure-rate or exponential-delay"
        )
    milliseconds, integer = configuration.milliseconds, configuration.integer
    match kind:
        case RestartStrategyKind.FIXED_DELAY:
            attempts, delay = integer(options.FIXED_DELAY_ATTEMPTS), milliseconds(options.FIXED_DELAY)
            return RestartStrategy(kind, attempts, delay, configured_by_job=False)
        case RestartStrategyKind.FAILURE_RATE:
            return RestartStrategy(
                kind,
                attempts=integer(options.FAILURE_RATE_MAX),
                delay=milliseconds(options.FAILURE_RATE_DELAY),
                interval=milliseconds(options.FAILURE_RATE_INTERVAL),
                configured_by_job=False,
            )
        case RestartStrategyKind.EXPONENTIAL_DELAY:
            attempts, delay = integer(options.EXPONENTIAL_DELAY_ATTEMPTS), milliseconds(options.EXPONENTIAL_DELAY)
            return RestartStrategy(kind, attempts, delay, configured_by_job=False)
        case _:
            return RestartStrategy(kind, configured_by_job=False)
