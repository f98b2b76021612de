"""Failures of a job, as its exception history tells of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from flinkmock.cluster.spec import RestartStrategy
from flinkmock.flink import java_classes
from flinkmock.flink.java_exception import JavaException, stack_trace
from flinkmock.flink.java_format import MAX_INT
from flinkmock.flink.stack_frames import job_master_trace
from flinkmock.release import Release


@dataclass(frozen=True, slots=True)
class Failure:
    """One entry of the exception history. `at` is epoch ms; the task's fields are None for a global failure."""

    at: int
    exception: JavaException
    task_name: str | None = None
    taskmanager_id: str | None = None
    endpoint: str | None = None
    concurrent: tuple[Failure, ...] = field(default=())


def failure_trace(throwable: JavaException, frames: tuple[str, ...]) -> str:
    """Return the stack trace that the exception history has; `frames` are the calls of an exception without any."""
    return stack_trace(throwable, frames, more=len(frames))


def recovery_suppressed_error(strategy: RestartStrategy, cause: JavaException, release: Release) -> JavaException:
    """Return what a job fails with when its restart strategy gives up (ExecutionFailureHandler.handleFailure)."""
    if strategy.kind == "fixed-delay":
        attempts = MAX_INT if strategy.attempts is None else strategy.attempts
        figures = f"maxNumberRestartAttempts={attempts}, backoffTimeMS={strategy.delay}"
        name = f"FixedDelayRestartBackoffTimeStrategy({figures})"
    elif strategy.kind == "exponential-delay":
        name = (
            f"ExponentialDelayRestartBackoffTimeStrategy(initialBackoffMS={strategy.delay}, maxBackoffMS=60000, "
            "backoffMultiplier=1.5, resetBackoffThresholdMS=3600000, jitterFactor=0.1, "
            f"currentBackoffMS={strategy.delay}, attemptsBeforeResetBackoff={strategy.attempts})"
        )
    else:
        name = "NoRestartBackoffTimeStrategy"
    return JavaException(
        java_classes.JOB_EXCEPTION,
        f"Recovery is suppressed by {name}",
        cause,
        frames=job_master_trace(release),
    )
