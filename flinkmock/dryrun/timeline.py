"""What happened in a rehearsal, as values. Times are ms since the scenario began; those before it are negative."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class StateInterval:
    """A job in one state from `begin` until `end`; None: until the rehearsal ended, and it may go on.

    `note` tells why it came there, or what it lacks; "" if there is nothing to tell. `idle_until` is when its tasks
    work, if that is felt to be later than `begin`; infinity: they never do.
    """

    state: str
    begin: int
    end: int | None
    note: str = ""
    idle_until: float | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One checkpoint or savepoint. `end` None: still under way; `failure` None: it was completed."""

    id: int
    begin: int
    end: int | None
    failure: str | None
    is_savepoint: bool


@dataclass(slots=True)
class JobLane:
    """The life of one job; `parallelism` is that of its widest vertex, at first. `goes_on` tells what becomes of it
    after the end of the rehearsal; "" if it has ended."""

    name: str
    parallelism: int = 1
    stays: list[StateInterval] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    refused: int = 0
    """How many checkpoints could not even be triggered."""
    goes_on: str = ""


class Kind(Enum):
    """What a mark tells of."""

    OPERATION = "operation"
    PROMPT = "prompt"
    """What lets a job go on that waits for it: polls, a signal."""
    TASK_MANAGER = "task manager"
    LEADER = "leader"


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """Something that happened beside the jobs' states. `lane` is the place of the job that it is about, None: the
    cluster; `outcome` is what came of it, and `end` when, if it took time; `bad`: it is no good news."""

    at: int
    kind: Kind
    text: str
    outcome: str = ""
    lane: int | None = None
    end: int | None = None
    bad: bool = False


@dataclass(frozen=True, slots=True)
class FaultWindow:
    """When a fault can strike, as far as time decides it; the whole rehearsal if nothing does."""

    fault: str
    begin: int
    end: int | None


@dataclass(slots=True)
class Timeline:
    """A whole rehearsal, from `begin` until `end`. `client_from`: when the player began to act as a client would; None:
    the scenario speaks of nothing that one would do."""

    begin: int
    end: int
    lanes: list[JobLane] = field(default_factory=list)
    marks: list[TimelineEvent] = field(default_factory=list)
    windows: list[FaultWindow] = field(default_factory=list)
    client_from: int | None = None
