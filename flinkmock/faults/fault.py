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
    """What happens to the connection, so that the client gets no complete response."""

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
    """The request is processed; then the connection hangs as with `HANG`."""

    @property
    def reaches_cluster(self) -> bool:
        """Whether the cluster processes the request."""
        return self in (Drop.TRUNCATE, Drop.AFTER_PROCESSING, Drop.HANG_AFTER_PROCESSING)

    @property
    def hangs(self) -> bool:
        """Whether the client gets no response and the connection stays open."""
        return self in (Drop.HANG, Drop.HANG_AFTER_PROCESSING)


class PredefinedReply(Enum):
    """Names of responses that replace the cluster's: error responses of Flink, or of a proxy (`GATEWAY_TIMEOUT`)."""

    LEADER_UNAVAILABLE = "leader-unavailable"
    NOT_FOUND = "not-found"
    GATEWAY_TIMEOUT = "gateway-timeout"
    INTERNAL_ERROR = "internal-error"


@dataclass(frozen=True, slots=True)
class Reply:
    """A response that replaces the cluster's. Its body is `{"errors": [...]}`."""

    status: int
    errors: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class CorruptionKind(Enum):
    """How a body is corrupted. Content-Length is the length of the corrupted body."""

    DROP_FIELD = "drop-field"
    CHANGE_TYPE = "change-type"
    """The field gets a value of another JSON type."""
    ADD_FIELD = "add-field"
    TRUNCATE = "truncate"
    """The second half of the body is missing."""
    HTML = "html"
    """The body is a proxy's page, as text/html."""
    GARBAGE = "garbage"
    """The body consists of random bytes, as many as before."""


@dataclass(frozen=True, slots=True)
class Corruption:
    """The corruption of a body. For kinds that change a field, `field` is the text of a `ValuePath`: "jobs.0.state"."""

    kind: CorruptionKind
    field: str = ""


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A log-normal distribution of delays in ms: half are below `median`, 99 % are below `p99`, none is above `max`."""

    median: int
    p99: int
    max: int | None = None


@dataclass(frozen=True, slots=True)
class JobStateCondition:
    """The condition that the newest job with a name is in a state (`while-job: orders RESTARTING`)."""

    job: str
    state: str


@dataclass(frozen=True, slots=True)
class FaultTrigger:
    """The conditions under which a fault applies to a request. All of them must hold.

    Attributes:
        patterns: Methods and paths; () for all requests.
        job: Name of the job in the path of the request; None for any request.
        headers: Headers that the request has to have.
        during: The start (included) and end (excluded) of an interval of cluster time, in ms since the scenario began;
            without end if the end is None. None: any time.
        job_state: The state that a job has to be in; None: any state.
        every: The fault applies to every n-th of the requests that match the conditions above.
        nth: The numbers of those requests, from 1, to which it applies; empty: all.
        chance: The probability that the fault applies to one of those requests, from 0 to 1.
        times: The maximum number of hits; None: no limit.
    """

    patterns: tuple[Pattern, ...] = ()
    job: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    during: tuple[int, int | None] | None = None
    job_state: JobStateCondition | None = None
    every: int = 1
    nth: frozenset[int] = frozenset()
    chance: float = 1.0
    times: int | None = None


FIRST_PRESENT_TASKMANAGER = -1
"""The value of `kill_taskmanager` for the first TaskManager that is present."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong between client and cluster.

    Attributes:
        name: The name of the fault.
        trigger: The conditions under which it applies to a request.
        delay: How long the response is delayed, in ms.
        reply: The response that replaces the cluster's.
        throttle: The speed at which the response is sent, in bytes per second of cluster time.
        drop: What happens to the connection, so that the client gets no complete response.
        corrupt: How the body of the response is corrupted.
        set_values: New values in the body of the response.
        vary: Changes of the response that the contract allows.
        serve_stale: The age, in ms, of the earlier response to the same GET that is sent instead.
        leader_failover: After the request was processed, the leader crashes. After this time, in ms, the next
            JobManager (with one JobManager, the same one) becomes the leader and recovers the jobs, but not the trigger
            ids.
        kill_taskmanager: The number of the TaskManager that is lost after the request was processed;
            `FIRST_PRESENT_TASKMANAGER` for the first one that is present.
        definition: The fault as a scenario describes it; None if it was created in Python.
    """

    name: str
    trigger: FaultTrigger = field(default_factory=FaultTrigger)
    delay: UniformRange | LogNormal | None = None
    reply: PredefinedReply | Reply | None = None
    throttle: int | None = None
    drop: Drop | None = None
    corrupt: Corruption | None = None
    set_values: Mapping[ValuePath, object] = field(default_factory=dict)
    vary: Variation | None = None
    serve_stale: int | None = None
    leader_failover: UniformRange | None = None
    kill_taskmanager: int | None = None
    definition: Mapping[str, object] | None = field(default=None, compare=False, repr=False)

    def matches(self, method: str, path: str, operation: Operation | None) -> bool:
        """Return whether the fault can apply to requests with this method and path."""
        if self.serve_stale is not None and method != "GET":
            return False
        patterns = self.trigger.patterns
        return not patterns or any(pattern.matches(method, path, operation) for pattern in patterns)

    @property
    def value_paths(self) -> tuple[str, ...]:
        """The paths of the values that the fault changes in a response."""
        paths = [path.text for path in self.set_values]
        if self.vary is not None:
            paths += (path.text for path in self.vary.values)
        if self.corrupt is not None and self.corrupt.kind in (CorruptionKind.DROP_FIELD, CorruptionKind.CHANGE_TYPE):
            paths.append(self.corrupt.field)
        return tuple(paths)

    @property
    def reaches_cluster(self) -> bool:
        """Whether the cluster processes the request."""
        return self.reply is None and (self.drop is None or self.drop.reaches_cluster)
