"""Failures of a job, as its exception history tells of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from flinkmock.cluster.spec import RestartStrategy
from flinkmock.flink.java_exception import JavaException, stack_trace

IN_TASK = (
    "org.apache.flink.streaming.runtime.tasks.StreamTask.processInput(StreamTask.java:656)",
    "org.apache.flink.streaming.runtime.tasks.mailbox.MailboxProcessor.runMailboxLoop(MailboxProcessor.java:231)",
    "org.apache.flink.streaming.runtime.tasks.StreamTask.invoke(StreamTask.java:959)",
    "org.apache.flink.runtime.taskmanager.Task.doRun(Task.java:774)",
    "java.base/java.lang.Thread.run(Thread.java:840)",
)
IN_JOB_MASTER = (
    "org.apache.flink.runtime.executiongraph.failover.ExecutionFailureHandler.handleFailure(ExecutionFailureHandler.java:213)",
    "org.apache.flink.runtime.scheduler.DefaultScheduler.recordTaskFailure(DefaultScheduler.java:288)",
    "org.apache.flink.runtime.scheduler.DefaultScheduler.handleTaskFailure(DefaultScheduler.java:279)",
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One entry of the exception history. `at` is epoch ms; the task's fields are None for a global failure."""

    at: int
    exception: JavaException
    task_name: str | None = None
    taskmanager_id: str | None = None
    endpoint: str | None = None
    concurrent: tuple[Failure, ...] = field(default=())


def failure_trace(throwable: JavaException, frames: tuple[str, ...] = IN_TASK) -> str:
    """As the exception history has it."""
    return stack_trace(throwable, frames, more=len(frames))


def suppressed(strategy: RestartStrategy, cause: JavaException) -> JavaException:
    """What a job ends with when its restart strategy gives up (ExecutionFailureHandler.handleFailure)."""
    if strategy.kind == "fixed-delay":
        attempts = 2_147_483_647 if strategy.attempts is None else strategy.attempts
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
        "org.apache.flink.runtime.JobException", f"Recovery is suppressed by {name}", cause, frames=IN_JOB_MASTER
    )
