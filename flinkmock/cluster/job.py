"""A job: what it is, and all that has happened to it so far.

Every list here only grows, and each entry has its time; so a job can be asked what it was like at any time up to now.
That is how answers from Flink's caches are made: by asking for a moment ago.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field

from flinkmock.cluster.checkpoints import CheckpointTracker
from flinkmock.cluster.errors import AttemptNotFound, SubtaskNotFound, VertexNotFound
from flinkmock.cluster.execution import Execution
from flinkmock.cluster.failures import Failure
from flinkmock.cluster.flat_lifecycle import FlatLifecycle
from flinkmock.cluster.graph import JobGraph, Vertex
from flinkmock.cluster.job_attempt import JobAttempt
from flinkmock.cluster.rescaling import RequirementsChange
from flinkmock.cluster.spec import JobSpec
from flinkmock.cluster.states import TERMINAL_JOB_STATES


@dataclass(eq=False)
class Job:
    """`id` is also the id of its application, unless that was started on its own. Times are epoch ms."""

    id: str
    spec: JobSpec
    graph: JobGraph
    lifecycle: FlatLifecycle
    checkpoints: CheckpointTracker
    submitted_at: int
    application_id: str
    states: list[tuple[int, str]] = field(default_factory=list)
    attempts: list[JobAttempt] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    step_index: int = 0
    """Where in the script the job is."""
    lifecycle_version: int = 0
    """Counts the times the script was left; agenda entries of an earlier epoch are void."""
    restarts: int = 0
    past_failures: int = 0
    """How many of `failures` the scenario has told."""
    failed_before_start: bool = False
    """It failed or was cancelled while it was initialized: there never was a graph."""
    parallelism_bounds: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Vertex id -> (lower, upper) bound, of the adaptive scheduler."""
    requirements_changes: list[RequirementsChange] = field(default_factory=list)
    """Each change of these bounds."""

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def state(self) -> str:
        return self.states[-1][1]

    @property
    def ended(self) -> bool:
        return self.state in TERMINAL_JOB_STATES

    def state_at(self, time: int) -> str:
        place = bisect_right(self.states, time, key=_moment)
        return self.states[max(place - 1, 0)][1]

    def timestamps_at(self, time: int) -> dict[str, int]:
        """State -> when it was last entered, of those entered by `time`."""
        return {state: at for at, state in self.states if at <= time}

    def ended_at(self, time: int) -> int | None:
        at, state = self.states[-1]
        return at if state in TERMINAL_JOB_STATES and at <= time else None

    def duration(self, time: int) -> int:
        end = self.ended_at(time)
        return (time if end is None else end) - self.submitted_at

    def has_graph_at(self, time: int) -> bool:
        """Not while INITIALIZING, nor ever if that is where it failed or was cancelled."""
        return not self.failed_before_start and (self.attempt_at(time) is not None or self.state_at(time) == "CREATED")

    def change_graph(self, graph: JobGraph) -> None:
        """The same vertices with another parallelism, from the next run on."""
        self.graph = self.checkpoints.graph = graph

    # -- runs and what is in them

    def attempt_at(self, time: int) -> JobAttempt | None:
        """The run that was the current one at `time`; None before there was a graph."""
        return next((run for run in reversed(self.attempts) if run.created_at <= time), None)

    def executions_at(self, time: int) -> list[list[Execution]]:
        """The current attempts, vertex by vertex; empty before there is a graph."""
        run = self.attempt_at(time)
        return run.executions() if run else []

    def vertex(self, vertex_id: str) -> Vertex:
        """Raises UnknownVertex."""
        vertex = None if self.failed_before_start else self.graph.by_id.get(vertex_id)
        if vertex is None:
            raise VertexNotFound(self.id, vertex_id)
        return vertex

    def execution_at(self, vertex: Vertex, subtask: int, time: int, attempt: int | None = None) -> Execution:
        """One attempt of a subtask, the current one unless told. Raises UnknownSubtask, UnknownAttempt."""
        if subtask >= vertex.parallelism:
            raise SubtaskNotFound(vertex.id, subtask)
        current = self.attempt_at(time)
        if current is None or (attempt is not None and not 0 <= attempt <= current.number):
            raise AttemptNotFound(attempt if attempt is not None else 0)
        run = current if attempt is None else self.attempts[attempt]
        if subtask >= run.graph.vertices[vertex.index].parallelism:  # a run from before a rescale
            raise SubtaskNotFound(vertex.id, subtask)
        return run.execution(vertex, subtask)

    def task_counts_at(self, time: int) -> Counter[str]:
        """Execution state -> number of subtasks in it."""
        return Counter(execution.state_at(time) for row in self.executions_at(time) for execution in row)

    def last_modification(self, time: int) -> int:
        """The latest change of state of the job or of a task; 0 while INITIALIZING.

        See docs/flink-behaviour.md#job-lists.
        """
        if not self.has_graph_at(time):
            return self.ended_at(time) or 0
        moments = [at for at, _ in self.states if at <= time]
        for row in self.executions_at(time):
            for execution in row:
                moments.extend(at for state, at in execution.phases if at <= time and state != "CREATED")
        return max(moments)

    def failures_at(self, time: int) -> list[Failure]:
        """Newest first."""
        return [failure for failure in reversed(self.failures) if failure.at <= time]


def _moment(entry: tuple[int, str]) -> int:
    return entry[0]
