"""A job and its history.

Each entry of the history has its time, so a job can be read as of any time up to now: methods with the parameter `time`
(epoch ms) return what was true then. Only the parallelism of `graph` is always the newest; `graph_at` and executions
have that of the job attempt. Flink's caches need this, because a cached response is the response for an earlier time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice, takewhile
from typing import NamedTuple

from flinkmock.cluster.checkpoint_tracker import CheckpointTracker
from flinkmock.cluster.errors import AttemptNotFound, SubtaskNotFound, VertexNotFound
from flinkmock.cluster.execution import Execution
from flinkmock.cluster.failures import Failure
from flinkmock.cluster.flat_lifecycle import FlatLifecycle
from flinkmock.cluster.graph import JobGraph, Vertex
from flinkmock.cluster.job_attempt import JobAttempt
from flinkmock.cluster.spec import JobSpec
from flinkmock.cluster.state_history import StateHistory
from flinkmock.cluster.states import GLOBALLY_TERMINAL, TERMINAL_JOB_STATES, JobState, TaskState
from flinkmock.flink.java_exception import JavaException


class RescaleCause(StrEnum):
    """Flink's `TriggerCause` of a rescale."""

    INITIAL_SCHEDULE = "INITIAL_SCHEDULE"
    UPDATE_REQUIREMENT = "UPDATE_REQUIREMENT"
    NEW_RESOURCE_AVAILABLE = "NEW_RESOURCE_AVAILABLE"
    RECOVERABLE_FAILOVER = "RECOVERABLE_FAILOVER"


class ParallelismBounds(NamedTuple):
    """The parallelism bounds of a vertex."""

    lower: int
    upper: int


@dataclass(slots=True)
class ResourceChange:
    """A change of the parallelism bounds or of the available slots that may cause a rescale of the job.

    Attributes:
        at: When the change happened, in epoch ms.
        cause: The cause that Flink shows if the change leads to a rescale.
        ended_at: When it was known that the job is not rescaled, in epoch ms; None as long as that is not known.
        reason: Why the job is not rescaled (Flink's `TerminatedReason`); None as long as that is not known.
        job_attempt_number: The number of the job attempt that the rescale creates; None until the rescale begins.
    """

    at: int
    cause: RescaleCause = RescaleCause.UPDATE_REQUIREMENT
    ended_at: int | None = None
    reason: str | None = None
    job_attempt_number: int | None = None

    @property
    def is_pending(self) -> bool:
        """Whether it is not known yet if the job is rescaled."""
        return self.ended_at is None and self.job_attempt_number is None


@dataclass(eq=False, slots=True)
class Job:
    """A job. Its `application_id` is its `id` unless it was submitted with `run-application`. Times are epoch ms."""

    id: str
    spec: JobSpec
    graph: JobGraph
    lifecycle: FlatLifecycle
    checkpoints: CheckpointTracker
    submitted_at: int
    """When the cluster got the job."""
    application_id: str
    states: StateHistory = field(default_factory=StateHistory)
    attempts: list[JobAttempt] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    """The failures, oldest first."""
    step_index: int = 0
    """The index of the current step of the lifecycle."""
    lifecycle_version: int = 0
    """The number of times the lifecycle was replaced. Events that were scheduled for an earlier version are ignored."""
    restart_count: int = 0
    """The number of restarts."""
    has_failure_without_restart: bool = False
    """Whether it has a failure that leads to FAILED, not to a restart. This is the newest of its `failures`."""
    ended_before_start: bool = False
    """Whether it ended during initialization, so that it never had a graph."""
    parallelism_bounds: dict[str, ParallelismBounds] = field(default_factory=dict)
    """Vertex id -> the bounds that a client has set for the adaptive scheduler."""
    resource_changes: list[ResourceChange] = field(default_factory=list)
    stop_failure: JavaException | None = None
    """The exception of a stop that failed after its savepoint was complete. The job can't recover then."""
    expires_at: int | None = None
    """When the JobManager forgets the job, in epoch ms; None if it has not ended, or is SUSPENDED."""
    is_adaptive: bool = False
    """Whether it uses the adaptive scheduler."""
    is_reactive: bool = False
    """Whether it uses all slots, up to its maximum parallelism (reactive mode)."""
    graph_grows: bool = False
    """Whether vertices are added to the graph when their inputs have finished, as in batch jobs since 2.0."""

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def state(self) -> JobState:
        """The newest state."""
        _, state = self.states[-1]
        return state

    @property
    def step_state(self) -> JobState:
        """The state of the current step of the lifecycle."""
        return self.lifecycle.steps[self.step_index].state

    @property
    def has_ended(self) -> bool:
        return self.state in TERMINAL_JOB_STATES

    @property
    def version(self) -> tuple[int, int, int, bool]:
        """A value that changes whenever states, attempts or executions change."""
        attempts = self.attempts
        return len(self.states), len(attempts), attempts[-1].version if attempts else 0, self.ended_before_start

    def state_at(self, time: int) -> JobState:
        _, state = self.states.entry_at(time)
        return state

    def timestamps_at(self, time: int) -> dict[JobState, int]:
        """Return the states entered by `time`, each with the time at which it was last entered (epoch ms)."""
        return self.states.last_entered(time)

    def ended_at(self, time: int) -> int | None:
        """Return when the job ended or was suspended (epoch ms); None if that was after `time`."""
        at, state = self.states[-1]
        return at if state in TERMINAL_JOB_STATES and at <= time else None

    def end_time_at(self, time: int) -> int:
        """Return `end-time`: -1 before the end, and if the job is SUSPENDED; 0 if it was CANCELED before it had tasks.

        See docs/flink-behaviour.md#before-a-job-runs and #rules-that-hold.
        """
        ended_at = self.ended_at(time)
        if ended_at is None or self.state not in GLOBALLY_TERMINAL:
            return -1
        return 0 if self.state == JobState.CANCELED and self.is_sparse_at(time) else ended_at

    def is_known_at(self, time: int) -> bool:
        """Return whether the JobManager has not forgotten the job by `time`."""
        return self.expires_at is None or time < self.expires_at

    def has_graph_at(self, time: int) -> bool:
        """Return whether the job has a graph. It gets one after INITIALIZING, unless it ends before that."""
        if self.ended_before_start:
            return False
        return self.attempt_at(time) is not None

    def lacks_first_slots_at(self, time: int) -> bool:
        """Return whether the adaptive scheduler has not had slots for the job yet: there are vertices but no tasks.

        The job waits for its first slots, or has ended while it waited. Flink shows a sparse ArchivedExecutionGraph
        then (StateWithoutExecutionGraph).
        """
        if not self.is_adaptive or not self.attempts:
            return False
        first_attempt = self.attempts[0]
        scheduled_at = first_attempt.scheduled_at
        return first_attempt.created_at <= time and (scheduled_at is None or time < scheduled_at)

    def is_sparse_at(self, time: int) -> bool:
        """Return whether Flink shows no tasks, because the job has no graph or has not had slots yet."""
        return not self.has_graph_at(time) or self.lacks_first_slots_at(time)

    def graph_at(self, time: int) -> JobGraph:
        """Return the graph with the parallelism of the current attempt. During a rescale, that is the old one."""
        attempt = self.attempt_at(time)
        return self.graph if attempt is None else attempt.graph

    def change_graph(self, graph: JobGraph) -> None:
        """Replace the graph by the same one with another parallelism. Earlier attempts keep theirs."""
        self.graph = self.checkpoints.graph = graph

    # -- attempts and executions

    def attempt_at(self, time: int) -> JobAttempt | None:
        """Return the attempt that was current at `time`; None before the first one."""
        for attempt in reversed(self.attempts):
            if attempt.created_at <= time:
                return attempt
        return None

    def executions_at(self, time: int) -> list[list[Execution]]:
        """Return the executions of the current attempt, vertex by vertex; empty before there is a graph.

        A vertex without tasks has no executions.
        """
        if self.lacks_first_slots_at(time):
            return [[] for _ in self.graph.vertices]
        attempt = self.attempt_at(time)
        rows = attempt.executions() if attempt else []
        without_tasks = self._indexes_without_tasks_at(time)
        return [[] if index in without_tasks else row for index, row in enumerate(rows)] if without_tasks else rows

    def _indexes_without_tasks_at(self, time: int) -> frozenset[int]:
        """Return the indexes of the vertices without tasks: those of undecided parallelism, and all downstream."""
        undecided = self.undecided_indexes_at(time)
        if not undecided:
            return undecided
        without_tasks = set(undecided)
        for vertex in self.graph.vertices:
            if any(edge.source in without_tasks for edge in vertex.inputs):
                without_tasks.add(vertex.index)
        return frozenset(without_tasks)

    def undecided_indexes_at(self, time: int) -> frozenset[int]:
        """Return the indexes of the vertices whose parallelism the scheduler of batch jobs has not decided yet."""
        if not self.graph.vertices_decided_late:
            return frozenset()
        stage = self._stage_at(time)
        return frozenset(vertex.index for vertex in self.graph.vertices_decided_late if vertex.stage > stage)

    def _stage_at(self, time: int) -> int:
        """Return the number of the last stage that an attempt has started by `time`."""
        return max((attempt.stage_at(time) for attempt in self.attempts if attempt.created_at <= time), default=0)

    def vertices_at(self, time: int) -> Sequence[Vertex]:
        """Return the vertices that the graph has at `time`, in the order in which they were added.

        If the graph grows, a vertex is added when its inputs have finished (AdaptiveGraphManager.onJobVertexFinished).
        Otherwise, vertices whose parallelism is undecided have the parallelism -1.
        """
        vertices = self.graph_at(time).vertices
        if self.graph_grows:
            stage = self._stage_at(time)
            return sorted((vertex for vertex in vertices if vertex.stage <= stage), key=lambda vertex: vertex.stage)
        undecided = self.undecided_indexes_at(time)
        if not undecided:
            return vertices
        return tuple(vertex.without_parallelism if vertex.index in undecided else vertex for vertex in vertices)

    def present_executions_at(self, time: int) -> list[list[Execution]]:
        """Return the executions of the current attempt for `vertices_at(time)`, vertex by vertex."""
        rows = self.executions_at(time)
        return [rows[vertex.index] for vertex in self.vertices_at(time)] if rows and self.graph_grows else rows

    def pending_operator_count_at(self, time: int) -> int:
        """Return the number of operators that belong to no vertex yet."""
        if not self.graph_grows:
            return 0
        present_indexes = {vertex.index for vertex in self.vertices_at(time)}
        return sum(vertex.operator_count for vertex in self.graph.vertices if vertex.index not in present_indexes)

    def vertex(self, vertex_id: str, time: int | None = None) -> Vertex:
        """Return a vertex of the graph as of `time`; if `time` is None, as of the end of the job.

        Raises:
            VertexNotFound: There is no vertex with the id, or no graph.
        """
        graph = self.graph if time is None else self.graph_at(time)
        vertex = None if self.ended_before_start else graph.by_id.get(vertex_id)
        if vertex is None or (time is not None and self.graph_grows and vertex not in self.vertices_at(time)):
            raise VertexNotFound(self.id, vertex_id)
        if time is not None and vertex.index in self.undecided_indexes_at(time):
            return vertex.without_parallelism
        return vertex

    def execution_at(self, vertex: Vertex, subtask: int, time: int, attempt: int | None = None) -> Execution:
        """Return the execution of a subtask in the attempt with this number or, if it is None, in the current one.

        Raises:
            SubtaskNotFound: The subtask index is not below the parallelism, or the vertex has no tasks yet.
            AttemptNotFound: There is no such attempt at `time`.
        """
        if subtask >= vertex.parallelism or self.lacks_first_slots_at(time):
            raise SubtaskNotFound(vertex.id, subtask)
        current = self.attempt_at(time)
        if current is None or (attempt is not None and not 0 <= attempt <= current.number):
            raise AttemptNotFound(attempt if attempt is not None else 0)
        job_attempt = current if attempt is None else self.attempts[attempt]
        if subtask >= job_attempt.graph.vertices[vertex.index].parallelism:  # it was lower before a rescale
            raise SubtaskNotFound(vertex.id, subtask)
        return job_attempt.execution(vertex, subtask)

    def task_counts_at(self, time: int) -> Counter[TaskState]:
        """Return the number of subtasks in each state."""
        return Counter(execution.state_at(time) for row in self.present_executions_at(time) for execution in row)

    def last_modification(self, time: int) -> int:
        """Return when the job or a task last changed its state (epoch ms).

        Without tasks, this is the end of the job, or 0 before the end. See docs/flink-behaviour.md#job-lists.
        """
        if self.is_sparse_at(time):
            return max(self.end_time_at(time), 0)
        state_entered_at, _ = self.states.entry_at(time)
        times = [state_entered_at]
        for row in self.executions_at(time):
            for execution in row:
                times.extend(at for at, state in execution.phases if at <= time and state != TaskState.CREATED)
        return max(times)

    def failures_at(self, time: int, limit: int | None = None) -> list[Failure]:
        """Return the failures in the history at `time`, newest first, at most `limit`; None: all."""
        return list(islice((failure for failure in reversed(self.failures) if failure.is_listed_at(time)), limit))

    def failures_since(self, time: int) -> list[Failure]:
        """Return the failures from `time` on, newest first."""
        return list(takewhile(lambda failure: failure.at >= time, reversed(self.failures)))
