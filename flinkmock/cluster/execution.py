"""One attempt to run one subtask: its states, and when it enters them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.slots import Slot
from flinkmock.cluster.states import TERMINAL_TASK_STATES, TaskState

STARTING = (
    TaskState.CREATED,
    TaskState.SCHEDULED,
    TaskState.DEPLOYING,
    TaskState.INITIALIZING,
    TaskState.RUNNING,
)
"""The states up to RUNNING, in their order; `status-duration` has an entry for each."""
_IN_SLOT = frozenset({TaskState.DEPLOYING, TaskState.INITIALIZING, TaskState.RUNNING, TaskState.CANCELING})


Phase = tuple[int, TaskState]
"""When a task enters a state (epoch ms), and the state."""


class TaskIndex(NamedTuple):
    """The index of a vertex in its graph, and of one of its subtasks."""

    vertex: int
    subtask: int


@dataclass(frozen=True, slots=True)
class Execution:
    """One attempt of a subtask.

    Attributes:
        vertex: The vertex of the subtask.
        subtask: The index of the subtask.
        attempt: The number of the attempt, from 0.
        id: Flink's `ExecutionAttemptID`.
        slot: The slot in which it runs; None while it waits for one.
        phases: The states that it enters, in chronological order. Times may be in the future.
    """

    vertex: Vertex
    subtask: int
    attempt: int
    id: str
    slot: Slot | None
    phases: tuple[Phase, ...]

    def state_at(self, time: int) -> TaskState:
        current = TaskState.CREATED
        for at, state in self.phases:
            if at > time:
                break
            current = state
        return current

    def entered_at(self, state: TaskState, time: int) -> int | None:
        """Return when a state was entered (epoch ms), if that was by `time`; otherwise None."""
        for at, entered in self.phases:
            if entered == state and at <= time:
                return at
        return None

    def timestamps_at(self, time: int) -> dict[TaskState, int]:
        """Return the states entered by `time`, each with its time in epoch ms."""
        return {state: at for at, state in self.phases if at <= time}

    def started_at(self, time: int) -> int | None:
        """Return when it was deployed (epoch ms), which Flink calls its start; None if that was after `time`."""
        return self.entered_at(TaskState.DEPLOYING, time)

    def ended_at(self, time: int) -> int | None:
        """Return when it ended (epoch ms); None if that was after `time`."""
        at, state = self.phases[-1]
        return at if state in TERMINAL_TASK_STATES and at <= time else None

    def duration(self, time: int) -> int:
        """Return the duration in ms, from the start to the end or to `time`; -1 if it was never deployed."""
        started_at = self.started_at(time)
        if started_at is None:
            return -1
        ended_at = self.ended_at(time)
        return (time if ended_at is None else ended_at) - started_at

    def running_span(self, time: int) -> tuple[int, int] | None:
        """Return the start and the end of its time in RUNNING (epoch ms), up to `time`; None if there is none."""
        running_since = None
        for at, state in self.phases:
            if at > time:
                break
            if state == TaskState.RUNNING:
                running_since = at
            elif running_since is not None:
                return running_since, at
        return None if running_since is None else (running_since, time)

    def status_duration(self, time: int) -> dict[TaskState, int]:
        """Return how long it was in each of the states `STARTING` by `time`, in ms."""
        past_phases = [(at, state) for at, state in self.phases if at <= time]
        ends = [at for at, _ in past_phases[1:]] + [time]
        return {state: end - at for (at, state), end in zip(past_phases, ends, strict=False) if state in STARTING}

    def occupies_slot_at(self, time: int) -> bool:
        """Return whether the task counts as one that runs in a slot of its TaskManager."""
        return self.state_at(time) in _IN_SLOT


def vertex_status(states: Sequence[TaskState]) -> TaskState:
    """Return the state of a vertex for the states of its subtasks (ExecutionJobVertex.getAggregateJobVertexState)."""
    for state in (
        TaskState.FAILED,
        TaskState.CANCELING,
        TaskState.CANCELED,
        TaskState.INITIALIZING,
        TaskState.RUNNING,
    ):
        if state in states:
            return state
    if TaskState.FINISHED in states:
        return TaskState.FINISHED if all(state == TaskState.FINISHED for state in states) else TaskState.RUNNING
    return TaskState.CREATED
