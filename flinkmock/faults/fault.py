"""The values of a fault. Times are milliseconds, sizes bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from flinkmock.contract import Operation
from flinkmock.contract.pattern import Pattern
from flinkmock.named_random import UniformRange


class Drop(Enum):
    """How a connection ends without a whole answer. Only `TRUNCATE` and `AFTER_PROCESSING` carry the request out."""

    RESET = "reset"
    """TCP RST before the first byte of an answer."""
    CLOSE = "close"
    """The connection is closed in good order, without a byte."""
    TRUNCATE = "truncate"
    """Headers and half of the body, then the end."""
    AFTER_PROCESSING = "after-processing"
    """The request is carried out, its answer is lost: TCP RST."""
    HANG = "hang"
    """No answer and no end, until the client or the cluster leaves."""

    @property
    def reaches_cluster(self) -> bool:
        return self in (Drop.TRUNCATE, Drop.AFTER_PROCESSING)


class NamedReply(Enum):
    """Answers that stand in for the cluster's own, in Flink's words (a gateway's are those of a proxy)."""

    LEADER_UNAVAILABLE = "leader-unavailable"
    NOT_FOUND = "not-found"
    GATEWAY_TIMEOUT = "gateway-timeout"
    INTERNAL_ERROR = "internal-error"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in a fault's own words: `errors` are the texts of Flink's `{"errors": [...]}`."""

    status: int
    errors: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class Corruption(Enum):
    """How a body is spoiled. The answer's Content-Length fits the spoiled body."""

    DROP_FIELD = "drop-field"
    CHANGE_TYPE = "change-type"
    """The field has a value of another JSON type."""
    ADD_FIELD = "add-field"
    TRUNCATE = "truncate"
    """The first half of the text."""
    HTML = "html"
    """A proxy's page, as text/html."""
    GARBAGE = "garbage"
    """As many bytes, which mean nothing."""


@dataclass(frozen=True, slots=True)
class Corrupt:
    """`field`: a path of keys and indices such as "jobs.0.state", for the kinds that are about a field."""

    kind: Corruption
    field: str = ""


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A length of time (ms) as networks have them: half of them below `median`, 99 % below `p99`, none above `max`."""

    median: int
    p99: int
    max: int | None = None


@dataclass(frozen=True, slots=True)
class JobInState:
    """`while-job: orders RESTARTING`: the newest job of that name is in that state."""

    job: str
    state: str


@dataclass(frozen=True, slots=True)
class FaultTrigger:
    """The requests that a fault is about: all that is said must hold.

    `during`: ms since the cluster's start, from the first up to but not including the second (None: for ever).
    The rest counts the requests for which everything else holds: `every` 5 is each fifth, `nth` names single ones
    (1 is the first), `chance` is between 0 and 1, and the fault strikes `times` times at most.
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
"""Of the task managers that are there."""


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
    serve_stale: int | None = None
    leader_failover: UniformRange | None = None
    kill_taskmanager: int | None = None
    definition: Mapping[str, object] | None = field(default=None, compare=False, repr=False)
    """The scenario's words for it; None if it was made in Python."""

    def matches(self, method: str, path: str, operation: Operation | None) -> bool:
        """Whether requests of that kind can be struck at all."""
        if self.serve_stale is not None and method != "GET":
            return False
        patterns = self.trigger.patterns
        return not patterns or any(pattern.matches(method, path, operation) for pattern in patterns)

    @property
    def reaches_cluster(self) -> bool:
        """Whether the cluster gets to see the request."""
        return self.reply is None and (self.drop is None or self.drop.reaches_cluster)
