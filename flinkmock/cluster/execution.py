"""One attempt to run one subtask: which states it goes through, and when."""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.slots import Slot
from flinkmock.cluster.states import TERMINAL_EXECUTION_STATES

STARTING = ("CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING")
"""The states on the way up, in their order; `status-duration` tells of these."""


@dataclass(frozen=True, slots=True)
class Execution:
    """An attempt of a subtask, known for all time up to now.

    `phases` are (state, epoch ms) in the order of time; the state at a time is the last phase that has begun.
    """

    vertex: Vertex
    subtask: int
    attempt: int
    id: str
    slot: Slot | None
    phases: tuple[tuple[str, int], ...]

    def state_at(self, time: int) -> str:
        state = "CREATED"
        for phase, since in self.phases:
            if since > time:
                break
            state = phase
        return state

    def entered_at(self, state: str, time: int) -> int | None:
        """When `state` was entered, as known at `time`; None if it was not."""
        for phase, since in self.phases:
            if phase == state and since <= time:
                return since
        return None

    def timestamps_at(self, time: int) -> dict[str, int]:
        """State -> epoch ms of those entered by `time`."""
        return {phase: since for phase, since in self.phases if since <= time}

    def started_at(self, time: int) -> int | None:
        """The time of DEPLOYING, which Flink calls the start."""
        return self.entered_at("DEPLOYING", time)

    def ended_at(self, time: int) -> int | None:
        state, since = self.phases[-1]
        return since if state in TERMINAL_EXECUTION_STATES and since <= time else None

    def duration(self, time: int) -> int:
        """Milliseconds from the start to the end or to `time`; -1 if never deployed."""
        start = self.started_at(time)
        if start is None:
            return -1
        end = self.ended_at(time)
        return (time if end is None else end) - start

    def running_span(self, time: int) -> tuple[int, int] | None:
        """From when to when it was RUNNING, cut at `time`; None if it never was."""
        since = self.entered_at("RUNNING", time)
        if since is None:
            return None
        later = [moment for phase, moment in self.phases if phase not in STARTING and moment <= time]
        return since, min([time, *later])

    def status_duration(self, time: int) -> dict[str, int]:
        """State -> ms spent in it, for the states on the way up that were entered; it stops at CANCELING."""
        known = [(phase, since) for phase, since in self.phases if since <= time]
        durations = {}
        for place, (phase, since) in enumerate(known):
            if phase in STARTING:
                until = known[place + 1][1] if place + 1 < len(known) else time
                durations[phase] = until - since
        return durations

    def occupies_slot_at(self, time: int) -> bool:
        return self.state_at(time) in ("DEPLOYING", "INITIALIZING", "RUNNING", "CANCELING")


def vertex_status(states: list[str]) -> str:
    """The state of a vertex from those of its subtasks (ExecutionJobVertex.getAggregateJobVertexState)."""
    for state in ("FAILED", "CANCELING", "CANCELED", "INITIALIZING", "RUNNING"):
        if state in states:
            return state
    if "FINISHED" in states:
        return "FINISHED" if all(state == "FINISHED" for state in states) else "RUNNING"
    return "CREATED"
