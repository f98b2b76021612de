"""Failures of a job, as its exception history lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.job_attempt import JobAttempt
from flinkmock.cluster.spec import ExceptionSpec, RestartStrategy, RestartStrategyKind
from flinkmock.cluster.states import TaskState
from flinkmock.flink import checkpoint_messages, java_classes, messages
from flinkmock.flink.java_exception import JavaException, stack_trace
from flinkmock.flink.java_format import MAX_INT
from flinkmock.flink.stack_frames import job_master_trace
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release


@dataclass(frozen=True, slots=True)
class Failure:
    """One entry of the exception history. `at` is epoch ms; the fields about the task are None for a global failure."""

    at: int
    exception: JavaException
    task_name: str | None = None
    taskmanager_id: str | None = None
    endpoint: str | None = None
    concurrent: tuple[Failure, ...] = field(default=())


def choose_failed_task(
    random: NamedRandom, attempt: JobAttempt, exception: ExceptionSpec, at: int
) -> tuple[int, int] | None:
    """Return (vertex index, subtask) of the task that throws: the one that `exception` names, or a random one.

    A random task is one of a source or a sink only if no other vertex runs at `at` (epoch ms).

    Returns:
        None for a global failure.
    """
    if exception.everywhere or attempt.deployed_at is None:
        return None
    vertices = _running_vertices(attempt, at)
    named = [v for v in vertices if exception.vertex is not None and v.has_name(exception.vertex)]
    candidates = named or [v for v in vertices if not v.is_source and v.has_consumers] or list(vertices)
    vertex = candidates[random.integer(0, len(candidates) - 1, "culprit", attempt.job_id, attempt.number)]
    subtask = exception.subtask
    if subtask is None or subtask >= vertex.parallelism:
        subtask = random.integer(0, vertex.parallelism - 1, "culprit-subtask", attempt.job_id, attempt.number)
    return vertex.index, subtask


def _running_vertices(attempt: JobAttempt, at: int) -> Sequence[Vertex]:
    """Return the vertices that have started and not finished; all vertices if they run at the same time."""
    vertices = attempt.graph.vertices
    if attempt.graph.stages == 1 and not attempt.graph.is_bounded:
        return vertices
    waiting = (TaskState.CREATED, TaskState.SCHEDULED, TaskState.FINISHED)
    rows = attempt.executions()
    return [v for v in vertices if any(e.state_at(at) not in waiting for e in rows[v.index])] or vertices


def task_failure(
    attempt: JobAttempt, at: int, exception: ExceptionSpec, failed_task: tuple[int, int] | None
) -> Failure:
    """Return the failure at `at` (epoch ms) of a task, given as (vertex index, subtask); None: a global failure."""
    if failed_task is None:
        return Failure(at, exception.java_exception)
    vertex, subtask = attempt.graph.vertices[failed_task[0]], failed_task[1]
    slot = attempt.slot(vertex, subtask)
    return Failure(
        at,
        exception.java_exception,
        f"{vertex.name} ({subtask + 1}/{vertex.parallelism}) - execution #{attempt.number}",
        slot.taskmanager.id if slot else None,
        slot.taskmanager.endpoint if slot else None,
    )


def failure_trace(exception: JavaException, frames: tuple[str, ...]) -> str:
    """Return the stack trace in the exception history; `frames` are used for an exception without frames."""
    return stack_trace(exception, frames, common_frames=len(frames))


def stopping_error(path: str, job_id: str, release: Release) -> JavaException:
    """Return the exception of a stop that fails after its savepoint (StopWithSavepointTerminationHandlerImpl).

    Recorded with 2.3.0, 1.20.5 and 1.12.5 (situations: failing stop).
    """
    if not release.since("1.15"):
        return JavaException(java_classes.FLINK_EXCEPTION, checkpoint_messages.inconsistent_stop(job_id))
    text = checkpoint_messages.savepoint_of_failed_stop(path, job_id)
    return JavaException(java_classes.STOP_WITH_SAVEPOINT_STOPPING_EXCEPTION, text)


def not_recoverable_error(cause: JavaException, release: Release) -> JavaException:
    """Return the exception of a job that fails despite its restart strategy (ExecutionFailureHandler.handleFailure)."""
    return JavaException(java_classes.JOB_EXCEPTION, messages.NOT_RECOVERABLE, cause, frames=job_master_trace(release))


def recovery_suppressed_error(strategy: RestartStrategy, cause: JavaException, release: Release) -> JavaException:
    """Return the exception of a job whose restart strategy gives up (ExecutionFailureHandler.handleFailure)."""
    if strategy.kind == RestartStrategyKind.FIXED_DELAY:
        attempts = MAX_INT if strategy.attempts is None else strategy.attempts
        settings = f"maxNumberRestartAttempts={attempts}, backoffTimeMS={strategy.delay}"
        name = f"FixedDelayRestartBackoffTimeStrategy({settings})"
    elif strategy.kind == RestartStrategyKind.EXPONENTIAL_DELAY:
        name = (
            f"ExponentialDelayRestartBackoffTimeStrategy(initialBackoffMS={strategy.delay}, maxBackoffMS=60000, "
            "backoffMultiplier=1.5, resetBackoffThresholdMS=3600000, jitterFactor=0.1, "
            f"currentBackoffMS={strategy.delay}, attemptsBeforeResetBackoff={strategy.attempts})"
        )
    elif strategy.kind == RestartStrategyKind.FAILURE_RATE:
        # the class name twice, and one parenthesis: FailureRateRestartBackoffTimeStrategy.generateStrategyString
        prefix = "FailureRateRestartBackoffTimeStrategy("
        settings = f"failuresIntervalMS={strategy.interval},backoffTimeMS={strategy.delay}"
        name = f"{prefix}{prefix}{settings},maxFailuresPerInterval={strategy.attempts})"
    else:
        name = "NoRestartBackoffTimeStrategy"
    return JavaException(
        java_classes.JOB_EXCEPTION,
        f"Recovery is suppressed by {name}",
        cause,
        frames=job_master_trace(release),
    )
