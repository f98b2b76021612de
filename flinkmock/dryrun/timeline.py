"""The result of a dry run, as values. Times are ms since the scenario started; earlier ones are negative."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class StateInterval:
    """A job in one state.

    Attributes:
        state: The job state.
        begin: When the job entered the state.
        end: When it left the state; None if it was in it at the end of the dry run.
        note: Why it entered the state, or what it waits for; may be empty.
        idle_until: When its tasks start to run, if that is noticeably later than `begin`; infinity if they never do.
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
        name: The job's name.
        parallelism: The initial parallelism of its widest vertex.
        intervals: Its states.
        checkpoints: Its checkpoints and savepoints.
        rejected: How many checkpoints could not be triggered.
        outlook: What the job does after the end of the dry run; empty if it has ended.
        repeats: Whether it repeats what it did before.
    """

    name: str
    parallelism: int = 1
    intervals: list[StateInterval] = field(default_factory=list)
    checkpoints: list[CheckpointEvent] = field(default_factory=list)
    rejected: int = 0
    outlook: str = ""
    repeats: bool = False


class Kind(Enum):
    """The subject of an event."""

    OPERATION = "operation"
    RELEASE = "release"
    """A poll or a signal that releases a wait condition."""
    TASKMANAGER = "TaskManager"
    LEADER = "leader"


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """An event other than a change of a job's state.

    Attributes:
        at: When it happened or began.
        kind: What it is about.
        text: What happened.
        outcome: How it ended; may be empty.
        lane: The index of its job's lane; None for the cluster.
        end: When it ended, if it took time.
        is_failure: Whether it is a failure.
    """

    at: int
    kind: Kind
    text: str
    outcome: str = ""
    lane: int | None = None
    end: int | None = None
    is_failure: bool = False


@dataclass(frozen=True, slots=True)
class FaultWindow:
    """The time in which a fault can apply; the whole dry run if the fault has no `during`."""

    fault: str
    begin: int
    end: int | None


@dataclass(slots=True)
class Timeline:
    """A whole dry run. `client_from` is when the scripted client began; None if it had nothing to do."""

    begin: int
    end: int
    lanes: list[JobLane] = field(default_factory=list)
    events: list[TimelineEvent] = field(default_factory=list)
    windows: list[FaultWindow] = field(default_factory=list)
    client_from: int | None = None
