"""A job and its history.

Lists only grow and each entry has its time, so a job can be read as of any time up to now. Flink's caches are modelled
in this way: a cached response is the response for an earlier time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice, takewhile

from flinkmock.cluster.checkpoints import CheckpointTracker
from flinkmock.cluster.errors import AttemptNotFound, SubtaskNotFound, VertexNotFound
from flinkmock.cluster.execution import Execution
from flinkmock.cluster.failures import Failure
from flinkmock.cluster.flat_lifecycle import FlatLifecycle
from flinkmock.cluster.graph import JobGraph, Vertex
from flinkmock.cluster.job_attempt import JobAttempt
from flinkmock.cluster.spec import JobSpec
from flinkmock.cluster.state_history import StateHistory
from flinkmock.cluster.states import TERMINAL_JOB_STATES, JobState, TaskState
from flinkmock.flink.java_exception import JavaException


class RescaleCause(StrEnum):
    """Flink's `TriggerCause` of a rescale."""

    INITIAL_SCHEDULE = "INITIAL_SCHEDULE"
    UPDATE_REQUIREMENT = "UPDATE_REQUIREMENT"
    NEW_RESOURCE_AVAILABLE = "NEW_RESOURCE_AVAILABLE"
    RECOVERABLE_FAILOVER = "RECOVERABLE_FAILOVER"


@dataclass(slots=True)
class RequirementsChange:
    """A change of the parallelism bounds or of the available slots, which may lead to a rescale.

    Attributes:
        at: When the change happened, in epoch ms.
        cause: The cause of the rescale.
        ended_at: When it was known that the change leads to no rescale, in epoch ms.
        reason: The reason why it leads to no rescale (Flink's `TerminatedReason`).
        attempt_number: The number of the job attempt that the rescale created.
    """

    at: int
    cause: RescaleCause = RescaleCause.UPDATE_REQUIREMENT
    ended_at: int | None = None
    reason: str | None = None
    attempt_number: int | None = None

    @property
    def is_pending(self) -> bool:
        return self.ended_at is None and self.attempt_number is None


@dataclass(eq=False, slots=True)
class Job:
    """A job. Its `application_id` equals its `id` unless the application was started separately. Times are epoch ms."""

    id: str
    spec: JobSpec
    graph: JobGraph
    lifecycle: FlatLifecycle
    checkpoints: CheckpointTracker
    submitted_at: int
    application_id: str
    states: StateHistory = field(default_factory=StateHistory)
    attempts: list[JobAttempt] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    step_index: int = 0
    """The current step of the lifecycle."""
    lifecycle_version: int = 0
    """The number of times the lifecycle was replaced. Events that were scheduled for an earlier version are ignored."""
    restarts: int = 0
    past_failures: int = 0
    """The number of `failures` that come from the scenario's exception history."""
    failed_before_start: bool = False
    """Whether it failed or was cancelled during initialization, so that it never had a graph."""
    parallelism_bounds: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Vertex id -> (lower, upper) bound, for the adaptive scheduler."""
    requirements_changes: list[RequirementsChange] = field(default_factory=list)
    stop_failure: JavaException | None = None
    """The exception because of which it can't recover: a task failed after the savepoint of a stop was complete."""
    expires_at: int | None = None
    """When the JobManager forgets the job, in epoch ms; None if it has not ended."""
    adaptive: bool = False
    """Whether it uses the adaptive scheduler."""
    reactive: bool = False
    """Whether it uses all slots, up to its maximum parallelism."""
    grows: bool = False
    """Whether vertices are added to the graph when their inputs have finished, as in batch jobs since 2.0."""

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def state(self) -> JobState:
        return self.states[-1][1]

    @property
    def step_state(self) -> JobState:
        """The state of the current step of the lifecycle."""
        return self.lifecycle.steps[self.step_index].state

    @property
    def ended(self) -> bool:
        return self.state in TERMINAL_JOB_STATES

    @property
    def version(self) -> tuple[int, int, int, bool]:
        """A value that changes whenever states, attempts or executions change."""
        attempts = self.attempts
        return len(self.states), len(attempts), attempts[-1].version if attempts else 0, self.failed_before_start

    def state_at(self, time: int) -> JobState:
        return self.states.entry_at(time)[1]

    def timestamps_at(self, time: int) -> dict[JobState, int]:
        """Return the states entered by `time`, each with the time at which it was last entered (epoch ms)."""
        return self.states.last_entered(time)

    def ended_at(self, time: int) -> int | None:
        at, state = self.states[-1]
        return at if state in TERMINAL_JOB_STATES and at <= time else None

    def is_known_at(self, time: int) -> bool:
        """Whether the JobManager has not forgotten the job by `time`."""
        return self.expires_at is None or time < self.expires_at

    def duration(self, time: int) -> int:
        """Return the duration in ms, from the submission to the end or to `time`."""
        end = self.ended_at(time)
        return (time if end is None else end) - self.submitted_at

    def has_graph_at(self, time: int) -> bool:
        """Whether the job has a graph: not while it is INITIALIZING, and never if it failed or was cancelled then."""
        if self.failed_before_start:
            return False
        return self.attempt_at(time) is not None or self.state_at(time) == JobState.CREATED

    def awaits_resources_at(self, time: int) -> bool:
        """Whether the adaptive scheduler waits for the first slots, so that there are vertices but no tasks.

        Flink shows a sparse ArchivedExecutionGraph then (WaitingForResources.getJob).
        """
        first = len(self.attempts) < 2 or self.attempts[1].created_at > time
        return self.adaptive and first and self.state_at(time) == JobState.CREATED

    def is_sparse_at(self, time: int) -> bool:
        """Whether Flink shows nothing of the program: the job is INITIALIZING, or waits for its first slots."""
        return not self.has_graph_at(time) or self.awaits_resources_at(time)

    def change_graph(self, graph: JobGraph) -> None:
        """Use a graph with another parallelism from the next attempt on."""
        self.graph = self.checkpoints.graph = graph

    # -- attempts and executions

    def attempt_at(self, time: int) -> JobAttempt | None:
        """Return the attempt that was current at `time`; None if there was no graph."""
        for attempt in reversed(self.attempts):
            if attempt.created_at <= time:
                return attempt
        return None

    def executions_at(self, time: int) -> list[list[Execution]]:
        """Return the current executions, vertex by vertex; empty before there is a graph."""
        if self.awaits_resources_at(time):
            return [[] for _ in self.graph.vertices]
        attempt = self.attempt_at(time)
        rows = attempt.executions() if attempt else []
        without_tasks = self._uninitialized_at(time)
        return [[] if index in without_tasks else row for index, row in enumerate(rows)] if without_tasks else rows

    def _uninitialized_at(self, time: int) -> frozenset[int]:
        """Return the indexes of the vertices without tasks: those of undecided parallelism, and all after them."""
        without_tasks = set(self.undecided_at(time))
        for vertex in self.graph.vertices if without_tasks else ():
            if any(edge.source in without_tasks for edge in vertex.inputs):
                without_tasks.add(vertex.index)
        return frozenset(without_tasks)

    def undecided_at(self, time: int) -> frozenset[int]:
        """Return the indexes of the vertices whose parallelism the scheduler of batch jobs has not decided yet."""
        if not self.graph.decided_late:
            return frozenset()
        stage = self._stage_at(time)
        return frozenset(vertex.index for vertex in self.graph.decided_late if vertex.stage > stage)

    def _stage_at(self, time: int) -> int:
        """Return the last stage that has started by `time`."""
        return max((attempt.stage_at(time) for attempt in self.attempts if attempt.created_at <= time), default=0)

    def vertices_at(self, time: int) -> Sequence[Vertex]:
        """Return the vertices that the graph has at `time`, in the order in which they were added.

        A vertex is added when its inputs have finished (AdaptiveGraphManager.onJobVertexFinished).
        """
        if not self.grows:
            undecided = self.undecided_at(time)
            vertices = (
                vertex.without_parallelism if vertex.index in undecided else vertex for vertex in self.graph.vertices
            )
            return tuple(vertices) if undecided else self.graph.vertices
        stage = self._stage_at(time)
        present = [vertex for vertex in self.graph.vertices if vertex.stage <= stage]
        return sorted(present, key=lambda vertex: vertex.stage)

    def present_executions_at(self, time: int) -> list[list[Execution]]:
        """Return the current executions of the vertices that the graph has, vertex by vertex."""
        rows = self.executions_at(time)
        return [rows[vertex.index] for vertex in self.vertices_at(time)] if rows and self.grows else rows

    def pending_operators_at(self, time: int) -> int:
        """Return the number of operators that belong to no vertex yet."""
        if not self.grows:
            return 0
        present = {vertex.index for vertex in self.vertices_at(time)}
        return sum(v.operator_count for v in self.graph.vertices if v.index not in present)

    def vertex(self, vertex_id: str, time: int | None = None) -> Vertex:
        """Return a vertex of the graph as of `time`; None: as of the end of the job.

        Raises:
            VertexNotFound: There is no vertex with the id, or no graph.
        """
        vertex = None if self.failed_before_start else self.graph.by_id.get(vertex_id)
        if vertex is None or (time is not None and self.grows and vertex not in self.vertices_at(time)):
            raise VertexNotFound(self.id, vertex_id)
        if time is not None and vertex.index in self.undecided_at(time):
            return vertex.without_parallelism
        return vertex

    def execution_at(self, vertex: Vertex, subtask: int, time: int, attempt: int | None = None) -> Execution:
        """Return an execution of a subtask: that of the attempt with number `attempt`, or the current one.

        Raises:
            SubtaskNotFound: The subtask index is not below the parallelism.
            AttemptNotFound: There is no such attempt at `time`.
        """
        if subtask >= vertex.parallelism or self.awaits_resources_at(time):
            raise SubtaskNotFound(vertex.id, subtask)
        current = self.attempt_at(time)
        if current is None or (attempt is not None and not 0 <= attempt <= current.number):
            raise AttemptNotFound(attempt if attempt is not None else 0)
        chosen = current if attempt is None else self.attempts[attempt]
        if subtask >= chosen.graph.vertices[vertex.index].parallelism:  # an attempt before a rescale
            raise SubtaskNotFound(vertex.id, subtask)
        return chosen.execution(vertex, subtask)

    def task_counts_at(self, time: int) -> Counter[TaskState]:
        """Return the number of subtasks in each state."""
        return Counter(execution.state_at(time) for row in self.present_executions_at(time) for execution in row)

    def last_modification(self, time: int) -> int:
        """Return when the job or a task last changed its state (epoch ms); 0 before there are tasks.

        See docs/flink-behaviour.md#job-lists.
        """
        if self.is_sparse_at(time):
            return self.ended_at(time) or 0
        times = [self.states.entry_at(time)[0]]
        for row in self.executions_at(time):
            for execution in row:
                times.extend(at for state, at in execution.phases if at <= time and state != TaskState.CREATED)
        return max(times)

    def failures_at(self, time: int, limit: int | None = None) -> list[Failure]:
        """Return the failures by `time`, newest first, at most `limit`; None: all."""
        return list(islice((failure for failure in reversed(self.failures) if failure.at <= time), limit))

    def failures_since(self, time: int) -> list[Failure]:
        """Return the failures from `time` on, newest first."""
        return list(takewhile(lambda failure: failure.at >= time, reversed(self.failures)))
