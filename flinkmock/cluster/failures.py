"""Failures of a job: which task fails, whether the job may restart, and the entries of the exception history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flinkmock.cluster.execution import TaskIndex
from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.job_attempt import JobAttempt
from flinkmock.cluster.spec import ExceptionSpec, RestartStrategy, RestartStrategyKind
from flinkmock.cluster.states import JobState, TaskState
from flinkmock.flink import checkpoint_messages, java_classes, messages
from flinkmock.flink.java_exception import JavaException, stack_trace
from flinkmock.flink.java_format import MAX_INT
from flinkmock.flink.stack_frames import job_master_frames
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release

if TYPE_CHECKING:
    from flinkmock.cluster.job import Job


@dataclass(frozen=True, slots=True)
class Failure:
    """One entry of the exception history.

    Attributes:
        at: When the job or task fails, in epoch ms.
        exception: The exception.
        task_name: The name of the failed task, with its subtask and attempt; None for a global failure.
        taskmanager_id: The id of the TaskManager on which the task ran; None if it ran on none.
        endpoint: The address of that TaskManager, as HOST:PORT.
        concurrent: The failures that Flink lists as concurrent with this one.
        replaced_at: When the failure that ended the job replaced this one, in epoch ms; None: it did not.
    """

    at: int
    exception: JavaException
    task_name: str | None = None
    taskmanager_id: str | None = None
    endpoint: str | None = None
    concurrent: tuple[Failure, ...] = field(default=())
    replaced_at: int | None = None

    def is_listed_at(self, time: int) -> bool:
        """Return whether the history contains the failure at `time` (epoch ms)."""
        return self.at <= time and (self.replaced_at is None or time < self.replaced_at)


def may_restart(job: Job, at: int) -> bool:
    """Return whether the restart strategy allows a restart of a job that fails at `at` (epoch ms)."""
    strategy = job.spec.restart
    if strategy.kind == RestartStrategyKind.NONE:
        return False
    restart_count = job.restart_count
    if strategy.kind == RestartStrategyKind.FAILURE_RATE:
        restart_count = job.states.entry_count(JobState.RESTARTING, at, since=at - strategy.interval)
    return strategy.attempts is None or restart_count < strategy.attempts


def choose_failed_task(random: NamedRandom, attempt: JobAttempt, exception: ExceptionSpec, at: int) -> TaskIndex | None:
    """Return the task that throws `exception` at `at` (epoch ms).

    A vertex or subtask that `exception` does not name, or that does not run, is chosen at random. A random vertex is a
    source or a sink only if no other vertex runs.

    Returns:
        None for a global failure, or if no task is deployed.
    """
    if exception.is_global or attempt.deployed_at is None:
        return None
    vertex = _failed_vertex(random, attempt, exception, at)
    subtask = exception.subtask
    if subtask is None or subtask >= vertex.parallelism:
        subtask = random.integer(0, vertex.parallelism - 1, "culprit-subtask", attempt.job_id, attempt.number)
    return TaskIndex(vertex.index, subtask)


def _failed_vertex(random: NamedRandom, attempt: JobAttempt, exception: ExceptionSpec, at: int) -> Vertex:
    vertices = _running_vertices(attempt, at)
    candidates: Sequence[Vertex] = []
    if exception.vertex is not None:
        candidates = [vertex for vertex in vertices if vertex.has_name(exception.vertex)]
    if not candidates:
        candidates = [vertex for vertex in vertices if not vertex.is_source and vertex.has_consumers] or vertices
    return candidates[random.integer(0, len(candidates) - 1, "culprit", attempt.job_id, attempt.number)]


def _running_vertices(attempt: JobAttempt, at: int) -> Sequence[Vertex]:
    """Return the vertices that have started and not finished.

    If there are none, or if all vertices run at the same time, return all vertices.
    """
    vertices = attempt.graph.vertices
    if attempt.graph.stage_count == 1 and not attempt.graph.has_bounded_source:
        return vertices
    states_not_running = (TaskState.CREATED, TaskState.SCHEDULED, TaskState.FINISHED)
    running = [
        vertex
        for vertex, row in zip(vertices, attempt.executions(), strict=True)
        if any(execution.state_at(at) not in states_not_running for execution in row)
    ]
    return running or vertices


def task_failure(attempt: JobAttempt, at: int, exception: ExceptionSpec, failed_task: TaskIndex | None) -> Failure:
    """Return the failure of a task at `at` (epoch ms), or a global failure if `failed_task` is None."""
    if failed_task is None:
        return Failure(at, exception.java_exception)
    vertex, subtask = attempt.graph.vertices[failed_task.vertex], failed_task.subtask
    slot = attempt.slot(vertex, subtask)
    return Failure(
        at,
        exception.java_exception,
        f"{vertex.name} ({subtask + 1}/{vertex.parallelism}) - execution #{attempt.number}",
        slot.taskmanager.id if slot else None,
        slot.taskmanager.endpoint if slot else None,
    )


def failure_trace(exception: JavaException, frames: tuple[str, ...]) -> str:
    """Return the stack trace of a failure, as responses show it; `frames` are used for an exception without frames."""
    return stack_trace(exception, frames, common_frame_count=len(frames))


def stop_error(path: str, job_id: str, release: Release) -> JavaException:
    """Return the exception of a stop that fails after its savepoint (StopWithSavepointTerminationHandlerImpl).

    Recorded with 2.3.0, 1.20.5 and 1.12.5 (situations: failing stop).
    """
    if not release.since("1.15"):
        return JavaException(java_classes.FLINK_EXCEPTION, checkpoint_messages.inconsistent_stop(job_id))
    text = checkpoint_messages.savepoint_of_failed_stop(path, job_id)
    return JavaException(java_classes.STOP_WITH_SAVEPOINT_STOPPING_EXCEPTION, text)


def not_recoverable_error(cause: JavaException, release: Release) -> JavaException:
    """Return the exception of a job that fails despite its restart strategy (ExecutionFailureHandler.handleFailure)."""
    return JavaException(java_classes.JOB_EXCEPTION, messages.NOT_RECOVERABLE, cause, frames=job_master_frames(release))


def recovery_suppressed_error(strategy: RestartStrategy, cause: JavaException, release: Release) -> JavaException:
    """Return the exception of a job whose restart strategy gives up (ExecutionFailureHandler.handleFailure)."""
    attempts = MAX_INT if strategy.attempts is None else strategy.attempts
    if strategy.kind == RestartStrategyKind.FIXED_DELAY:
        settings = f"maxNumberRestartAttempts={attempts}, backoffTimeMS={strategy.delay}"
        name = f"FixedDelayRestartBackoffTimeStrategy({settings})"
    elif strategy.kind == RestartStrategyKind.EXPONENTIAL_DELAY:
        name = (
            f"ExponentialDelayRestartBackoffTimeStrategy(initialBackoffMS={strategy.delay}, maxBackoffMS=60000, "
            "backoffMultiplier=1.5, resetBackoffThresholdMS=3600000, jitterFactor=0.1, "
            f"currentBackoffMS={strategy.delay}, attemptsBeforeResetBackoff={attempts})"
        )
    elif strategy.kind == RestartStrategyKind.FAILURE_RATE:
        # Flink writes the class name twice, and closes one parenthesis (generateStrategyString of the class)
        prefix = "FailureRateRestartBackoffTimeStrategy("
        settings = f"failuresIntervalMS={strategy.interval},backoffTimeMS={strategy.delay}"
        name = f"{prefix}{prefix}{settings},maxFailuresPerInterval={attempts})"
    else:
        name = "NoRestartBackoffTimeStrategy"
    return JavaException(
        java_classes.JOB_EXCEPTION,
        f"Recovery is suppressed by {name}",
        cause,
        frames=job_master_frames(release),
    )
