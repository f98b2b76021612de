"""The timeline of a dry run. Times are in ms since the start of the scenario; earlier ones are negative."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class StateInterval:
    """A job in one state.

    Attributes:
        state: The job state.
        begin: The time at which the job entered the state.
        end: The time at which the job left the state; None if it did not during the dry run.
        note: The reason for the state, or what the job waits for; may be empty.
        idle_until: The time at which its tasks start to run, if noticeably later than `begin`; infinity for never.
    """

    state: str
    begin: int
    end: int | None
    note: str = ""
    idle_until: float | None = None


@dataclass(frozen=True, slots=True)
class CheckpointEvent:
    """A checkpoint or savepoint. `end` is None while it is in progress; `failure` is None unless it failed."""

    id: int
    begin: int
    end: int | None
    failure: str | None
    is_savepoint: bool


@dataclass(slots=True)
class JobLane:
    """The timeline of one job.

    Attributes:
        name: The name of the job.
        parallelism: The highest parallelism of its vertices at the start.
        intervals: The states of the job.
        checkpoints: The checkpoints and savepoints.
        rejected_count: The number of checkpoints that could not be triggered.
        outlook: What the job does after the end of the dry run; empty if it has ended.
        repeats: Whether it repeats earlier steps.
    """

    name: str
    parallelism: int = 1
    intervals: list[StateInterval] = field(default_factory=list)
    checkpoints: list[CheckpointEvent] = field(default_factory=list)
    rejected_count: int = 0
    outlook: str = ""
    repeats: bool = False


class EventKind(Enum):
    """The subject of an event."""

    OPERATION = "operation"
    WAIT_CONDITION = "wait condition"
    """A poll or a signal that satisfies a wait condition."""
    TASKMANAGER = "TaskManager"
    LEADER = "leader"


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """An event other than a change of a job's state.

    Attributes:
        at: The time at which it happened or began.
        kind: The subject.
        text: A description of the event.
        outcome: The outcome; may be empty.
        lane_index: The index of the lane of its job; None for the cluster.
        end: The time at which it ended, if it took time.
        is_failure: Whether it is a failure.
    """

    at: int
    kind: EventKind
    text: str
    outcome: str = ""
    lane_index: int | None = None
    end: int | None = None
    is_failure: bool = False


@dataclass(frozen=True, slots=True)
class FaultWindow:
    """The time during which a fault can apply. Without `during`, it begins at 0 and has no end."""

    fault_name: str
    begin: int
    end: int | None


@dataclass(slots=True)
class Timeline:
    """The timeline of a dry run.

    `client_begin` is the time of the first step of the scripted client; None if the client did nothing.
    """

    begin: int
    end: int
    lanes: list[JobLane] = field(default_factory=list)
    events: list[TimelineEvent] = field(default_factory=list)
    fault_windows: list[FaultWindow] = field(default_factory=list)
    client_begin: int | None = None
