"""Faults as values. Durations are in ms, sizes in bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from flinkmock.contract import Operation
from flinkmock.contract.pattern import Pattern
from flinkmock.contract.value_path import ValuePath
from flinkmock.faults.variation import Variation
from flinkmock.named_random import UniformRange


class Drop(Enum):
    """How a connection ends. Which ones process the request: `reaches_cluster`."""

    RESET = "reset"
    """TCP RST instead of a response."""
    CLOSE = "close"
    """The connection is closed without a response."""
    TRUNCATE = "truncate"
    """The connection is closed after half of the body."""
    AFTER_PROCESSING = "after-processing"
    """The request is processed, and a TCP RST is sent instead of the response."""
    HANG = "hang"
    """No response. The connection stays open until the client closes it, or the cluster is closed."""

    HANG_AFTER_PROCESSING = "hang-after-processing"
    """The request is processed, and then as with `HANG`."""

    @property
    def reaches_cluster(self) -> bool:
        """Whether the cluster processes the request."""
        return self in (Drop.TRUNCATE, Drop.AFTER_PROCESSING, Drop.HANG_AFTER_PROCESSING)

    @property
    def hangs(self) -> bool:
        """Whether the client gets no response and the connection stays open."""
        return self in (Drop.HANG, Drop.HANG_AFTER_PROCESSING)


class NamedReply(Enum):
    """Named responses instead of the cluster's: error responses of Flink, and of a proxy (`GATEWAY_TIMEOUT`)."""

    LEADER_UNAVAILABLE = "leader-unavailable"
    NOT_FOUND = "not-found"
    GATEWAY_TIMEOUT = "gateway-timeout"
    INTERNAL_ERROR = "internal-error"


@dataclass(frozen=True, slots=True)
class Reply:
    """A response instead of the cluster's, with a body `{"errors": [...]}`."""

    status: int
    errors: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class Corruption(Enum):
    """How a body is corrupted. Content-Length is that of the corrupted body."""

    DROP_FIELD = "drop-field"
    CHANGE_TYPE = "change-type"
    """The field gets a value of another JSON type."""
    ADD_FIELD = "add-field"
    TRUNCATE = "truncate"
    """The first half of the body."""
    HTML = "html"
    """A proxy's page, as text/html."""
    GARBAGE = "garbage"
    """Random bytes of the same length."""


@dataclass(frozen=True, slots=True)
class Corrupt:
    """A corruption. For kinds that change a field, `field` is a `ValuePath`: "jobs.0.state"."""

    kind: Corruption
    field: str = ""


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A log-normal distribution of delays (ms): half are below `median`, 99 % below `p99`, none above `max`."""

    median: int
    p99: int
    max: int | None = None


@dataclass(frozen=True, slots=True)
class JobInState:
    """The condition that the latest job of that name is in that state (`while-job: orders RESTARTING`)."""

    job: str
    state: str


@dataclass(frozen=True, slots=True)
class FaultTrigger:
    """The conditions under which a fault applies to a request. All of them must hold.

    Attributes:
        patterns: Methods and paths. Empty: all requests.
        job: Name of the job of the request.
        headers: Headers of the request.
        during: Cluster time since the start in ms, from the first value to the second, exclusive. None: unlimited.
        job_state: State of a job.
        every: Every n-th of the requests that match the conditions above.
        nth: Numbers of those requests, from 1. Empty: all.
        chance: Probability that the fault applies to one of those requests.
        times: Maximum number of hits.
    """

    patterns: tuple[Pattern, ...] = ()
    job: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    during: tuple[int, int | None] | None = None
    job_state: JobInState | None = None
    every: int = 1
    nth: frozenset[int] = frozenset()
    chance: float = 1.0
    times: int | None = None


FIRST = -1
"""The first TaskManager that is present."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong.

    `throttle` is in bytes per second of cluster time, `serve_stale` is the age (ms) of the response to a GET. Two
    faults change the cluster after it has processed the request. `leader_failover`: the leading JobManager crashes and
    another one leads after that many ms; it recovers the jobs, but no trigger ids. `kill_taskmanager`: the
    TaskManager of that number is lost, or the first one (`FIRST`).
    """

    name: str
    trigger: FaultTrigger = field(default_factory=FaultTrigger)
    delay: UniformRange | LogNormal | None = None
    reply: NamedReply | Reply | None = None
    throttle: int | None = None
    drop: Drop | None = None
    corrupt: Corrupt | None = None
    set_values: Mapping[ValuePath, object] = field(default_factory=dict)
    """New values of the cluster's response."""
    vary: Variation | None = None
    serve_stale: int | None = None
    leader_failover: UniformRange | None = None
    kill_taskmanager: int | None = None
    definition: Mapping[str, object] | None = field(default=None, compare=False, repr=False)
    """The fault as a scenario has it; None if it was created in Python."""

    def matches(self, method: str, path: str, operation: Operation | None) -> bool:
        """Whether the fault can apply to such requests."""
        if self.serve_stale is not None and method != "GET":
            return False
        patterns = self.trigger.patterns
        return not patterns or any(pattern.matches(method, path, operation) for pattern in patterns)

    @property
    def sought_values(self) -> tuple[str, ...]:
        """The paths of the values that the fault changes in a response."""
        seeks = self.corrupt is not None and self.corrupt.kind in (Corruption.DROP_FIELD, Corruption.CHANGE_TYPE)
        corrupted = (self.corrupt.field,) if self.corrupt is not None and seeks else ()
        varied = self.vary.values if self.vary is not None else ()
        return (*(path.text for path in (*self.set_values, *varied)), *corrupted)

    @property
    def reaches_cluster(self) -> bool:
        """Whether the cluster processes the request."""
        return self.reply is None and (self.drop is None or self.drop.reaches_cluster)
