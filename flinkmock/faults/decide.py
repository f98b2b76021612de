"""Which fault strikes a request: the first one for which all holds that it asks for."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

from flinkmock.contract import Operation
from flinkmock.errors import NotFound, did_you_mean
from flinkmock.faults.fault import Fault, LogNormal
from flinkmock.named_random import NamedRandom, UniformRange

_P99 = NormalDist().inv_cdf(0.99)


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """What a fault looks at. `path` is decoded; `ms_since_start` are ms of the cluster's time; `job` is the name of the
    job that is asked about; `state_of` gives the state of the newest job of a name, None if there is none."""

    method: str
    path: str
    operation: Operation | None
    ms_since_start: int
    job: str | None
    headers: Mapping[str, str]
    state_of: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class FaultHit:
    """A fault that befalls a request. `nth` (1 is the first) names its random draws; `delay` in ms."""

    fault: Fault
    nth: int
    delay: float = 0


@dataclass(slots=True)
class _Counted:
    fault: Fault
    matched: int = 0
    hits: int = 0


@dataclass(frozen=True, slots=True)
class FaultsSnapshot:
    """What `Faults` are at a moment."""

    counted: tuple[_Counted, ...]


@dataclass(slots=True)
class Faults:
    """The faults of one cluster and how often each was asked for. Thread-safe.

    Each fault counts every request that it is about, whether or not an earlier one wins, and draws from a stream of its
    own: adding a fault changes nothing for another one, but that it may come first.
    """

    random: NamedRandom
    _counted: list[_Counted] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *faults: Fault, first: bool = False) -> None:
        """`first`: before those there are, so that it wins."""
        with self._lock:
            at = 0 if first else len(self._counted)
            self._counted[at:at] = map(_Counted, faults)

    def remove(self, name: str) -> None:
        """Removes the faults with this name. Raises NotFound."""
        with self._lock:
            self.hits(name)
            self._counted[:] = [counted for counted in self._counted if counted.fault.name != name]

    def clear(self) -> None:
        with self._lock:
            self._counted.clear()

    def snapshot(self) -> FaultsSnapshot:
        """The faults there are and what they have counted, for `restore`."""
        with self._lock:
            return FaultsSnapshot(tuple(map(dataclasses.replace, self._counted)))

    def restore(self, snapshot: FaultsSnapshot) -> None:
        with self._lock:
            self._counted[:] = map(dataclasses.replace, snapshot.counted)

    def __bool__(self) -> bool:
        return bool(self._counted)

    def __len__(self) -> int:
        return len(self._counted)

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter([counted.fault for counted in self._counted])

    def hits(self, name: str) -> int:
        """How many requests the fault with this name applied to. Raises NotFound."""
        found = [counted.hits for counted in self._counted if counted.fault.name == name]
        if not found:
            known = [counted.fault.name for counted in self._counted]
            raise NotFound(f'There is no fault "{name}".{did_you_mean(name, known)}')
        return sum(found)

    def may_match(self, method: str, path: str, operation: Operation | None) -> bool:
        """Whether some fault is about such requests at all."""
        return any(counted.fault.matches(method, path, operation) for counted in self._counted)

    def select(self, seen: RequestInfo) -> FaultHit | None:
        """Counts the request and says what befalls it."""
        winner: FaultHit | None = None
        with self._lock:
            for counted in self._counted:
                if _matches(counted.fault, seen):
                    counted.matched += 1
                    if winner is None and self._hits(counted):
                        counted.hits += 1
                        winner = FaultHit(counted.fault, counted.matched, self._delay(counted.fault, counted.matched))
        return winner

    def _hits(self, counted: _Counted) -> bool:
        when, n = counted.fault.trigger, counted.matched
        return (
            n % when.every == 0
            and (not when.nth or n in when.nth)
            and (when.chance >= 1 or self.random.number("fault", counted.fault.name, n, "chance") < when.chance)
            and (when.times is None or counted.hits < when.times)
        )

    def _delay(self, fault: Fault, nth: int) -> float:
        names = ("fault", fault.name, nth, "delay")
        match fault.delay:
            case None:
                return 0
            case UniformRange() as span:
                drawn = self.random.draw(span, *names)
                return math.inf if drawn is None else drawn
            case LogNormal() as length:
                return log_normal(length, self.random.number(*names))


def log_normal(length: LogNormal, quantile: float) -> int:
    """The length (ms) below which that part of all lengths lies. `quantile` is in [0, 1)."""
    deviation = math.log(length.p99 / length.median) / _P99
    drawn = length.median * math.exp(deviation * NormalDist().inv_cdf(min(max(quantile, 1e-9), 1 - 1e-9)))
    return round(drawn if length.max is None else min(drawn, length.max))


def _matches(fault: Fault, seen: RequestInfo) -> bool:
    when = fault.trigger
    if not fault.matches(seen.method, seen.path, seen.operation):
        return False
    if when.job is not None and seen.job != when.job:
        return False
    if any(seen.headers.get(name) != value for name, value in when.headers.items()):
        return False
    if when.during is not None and not _within(when.during, seen.ms_since_start):
        return False
    return when.job_state is None or seen.state_of(when.job_state.job) == when.job_state.state


def _within(during: Iterable[int | None], moment: int) -> bool:
    begin, end = during
    return moment >= (begin or 0) and (end is None or moment < end)
