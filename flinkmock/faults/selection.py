"""Selects the fault that applies to a request: the first one whose trigger selects it."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from flinkmock.contract import Operation
from flinkmock.errors import NotFound, did_you_mean
from flinkmock.faults.fault import Fault, LogNormal
from flinkmock.named_random import NamedRandom, UniformRange
from flinkmock.tables import counted

_MAX_CACHED_REQUESTS = 1024
"""The maximum number of requests for which the matching faults are cached."""


@dataclass(frozen=True, slots=True)
class TriggerContext:
    """What fault triggers check: parts of a request, and states of the cluster.

    Attributes:
        method: HTTP method.
        path: The decoded path.
        operation: The operation that the request matches; None if it matches none.
        ms_since_start: The cluster time since the scenario began, in ms.
        job: Name of the job with the id in the path; None if there is none.
        headers: Headers of the request.
        state_of_job: Returns the state of the newest job with a name; None if there is none.
    """

    method: str
    path: str
    operation: Operation | None
    ms_since_start: int
    job: str | None
    headers: Mapping[str, str]
    state_of_job: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class FaultHit:
    """A fault that applies to a request.

    Attributes:
        fault: The fault.
        nth: The number of the request among those that match the fault, from 1. It is part of the names of draws.
        delay: The delay of the response, in ms; infinity for a response that is never sent.
    """

    fault: Fault
    nth: int
    delay: float = 0


@dataclass(slots=True)
class _CountedFault:
    """A fault and its counters.

    Attributes:
        fault: The fault.
        match_count: The number of requests that met its conditions.
        hit_count: The number of requests to which it applied.
        changed_paths: The fault's `value_paths` at which a response has had a value.
    """

    fault: Fault
    match_count: int = 0
    hit_count: int = 0
    changed_paths: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FaultsSnapshot:
    """The state of `Faults`."""

    entries: tuple[_CountedFault, ...]


@dataclass(slots=True)
class Faults:
    """The faults of one cluster, with their counters. Thread-safe.

    Each fault counts all requests that it matches, even if an earlier fault applies to them, and has its own random
    draws. Adding a fault therefore does not change which requests another fault selects by `every`, `nth` and `chance`.
    """

    random: NamedRandom
    _entries: list[_CountedFault] = field(default_factory=list)
    _cache: dict[tuple[str, str, str | None], tuple[_CountedFault, ...]] = field(default_factory=dict)
    """Method, path and operation id -> the faults that can match such requests; emptied when faults change."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *faults: Fault, first: bool = False) -> None:
        """Add faults.

        Args:
            faults: The faults.
            first: Whether they are tried before the existing ones.
        """
        added = tuple(map(_CountedFault, faults))
        with self._lock:
            self._replace_entries((*added, *self._entries) if first else (*self._entries, *added))

    def remove(self, name: str) -> None:
        """Remove the faults with this name. Raises NotFound."""
        with self._lock:
            self.hits(name)  # raises NotFound
            self._replace_entries(entry for entry in self._entries if entry.fault.name != name)

    def clear(self) -> None:
        with self._lock:
            self._replace_entries(())

    def snapshot(self) -> FaultsSnapshot:
        """Return the faults with their counters, for `restore`."""
        with self._lock:
            return FaultsSnapshot(tuple(map(dataclasses.replace, self._entries)))

    def restore(self, snapshot: FaultsSnapshot) -> None:
        with self._lock:
            self._replace_entries(map(dataclasses.replace, snapshot.entries))

    def _replace_entries(self, entries: Iterable[_CountedFault]) -> None:
        self._entries = list(entries)
        self._cache.clear()

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter([entry.fault for entry in self._entries])

    def hits(self, name: str) -> int:
        """Return the number of requests to which the fault with this name applied. Raises NotFound."""
        hit_counts = [entry.hit_count for entry in self._entries if entry.fault.name == name]
        if not hit_counts:
            names = [entry.fault.name for entry in self._entries]
            raise NotFound(f'There is no fault "{name}".{did_you_mean(name, names)}')
        return sum(hit_counts)

    def unused(self) -> list[str]:
        """Return sentences about faults that applied to no request, and paths at which no response had a value."""
        with self._lock:
            return [sentence for entry in self._entries for sentence in _unused_sentences(entry)]

    def note_changed_paths(self, fault: Fault, paths: Iterable[str]) -> None:
        """Note the paths of a fault at which a response had a value."""
        with self._lock:
            for entry in self._entries:
                if entry.fault is fault:
                    entry.changed_paths |= frozenset(paths)

    def may_match(self, method: str, path: str, operation: Operation | None) -> bool:
        """Return whether any fault can match requests with this method, path and operation."""
        with self._lock:
            return bool(self._matching_faults(method, path, operation))

    def _matching_faults(self, method: str, path: str, operation: Operation | None) -> tuple[_CountedFault, ...]:
        key = method, path, operation.id if operation is not None else None
        matching = self._cache.get(key)
        if matching is None:
            if len(self._cache) >= _MAX_CACHED_REQUESTS:
                self._cache.clear()
            matching = tuple(entry for entry in self._entries if entry.fault.matches(method, path, operation))
            self._cache[key] = matching
        return matching

    def select(self, context: TriggerContext) -> FaultHit | None:
        """Count a request; return the fault that applies to it, or None if there is none."""
        hit: FaultHit | None = None
        with self._lock:
            for entry in self._matching_faults(context.method, context.path, context.operation):
                if _meets_conditions(entry.fault, context):
                    entry.match_count += 1
                    if hit is None and self._is_selected(entry):
                        entry.hit_count += 1
                        hit = FaultHit(entry.fault, entry.match_count, self._delay(entry.fault, entry.match_count))
        return hit

    def _is_selected(self, entry: _CountedFault) -> bool:
        """Return whether the fault applies to the request that was just counted."""
        trigger, nth = entry.fault.trigger, entry.match_count
        return (
            nth % trigger.every == 0
            and (not trigger.nth or nth in trigger.nth)
            and (trigger.chance >= 1 or self.random.number("fault", entry.fault.name, nth, "chance") < trigger.chance)
            and (trigger.times is None or entry.hit_count < trigger.times)
        )

    def _delay(self, fault: Fault, nth: int) -> float:
        names = ("fault", fault.name, nth, "delay")
        match fault.delay:
            case None:
                return 0
            case UniformRange() as delay:
                drawn = self.random.draw(delay, *names)
                return math.inf if drawn is None else drawn
            case LogNormal() as distribution:
                return log_normal_delay(distribution, self.random.number(*names))


def _unused_sentences(entry: _CountedFault) -> Iterator[str]:
    if not entry.hit_count:
        yield _never_applied_sentence(entry)
        return
    hit_requests = counted(entry.hit_count, "request")
    for path in entry.fault.value_paths:
        if path not in entry.changed_paths:
            yield f'The fault "{entry.fault.name}" applied to {hit_requests}, but no response had a value at {path}.'


def _never_applied_sentence(entry: _CountedFault) -> str:
    never_applied = f'The fault "{entry.fault.name}" never applied'
    if not entry.match_count:
        return f"{never_applied}: no request met its conditions."
    matching_requests = counted(entry.match_count, "request")
    return (
        f"{never_applied}: {matching_requests} met its conditions, "
        "but an earlier fault applied, or every, nth and chance selected none."
    )


def log_normal_delay(distribution: LogNormal, quantile: float) -> int:
    """Return the delay at a quantile of a distribution, in ms. `quantile` is in [0, 1)."""
    from statistics import NormalDist  # rarely used, and slow to import

    normal = NormalDist()
    deviation = math.log(distribution.p99 / distribution.median) / normal.inv_cdf(0.99)
    drawn = distribution.median * math.exp(deviation * normal.inv_cdf(min(max(quantile, 1e-9), 1 - 1e-9)))
    return round(drawn if distribution.max is None else min(drawn, distribution.max))


def _meets_conditions(fault: Fault, context: TriggerContext) -> bool:
    """Return whether a request that a fault can match by method and path meets the fault's other conditions."""
    trigger = fault.trigger
    if trigger.job is not None and context.job != trigger.job:
        return False
    if any(context.headers.get(name) != value for name, value in trigger.headers.items()):
        return False
    if trigger.during is not None:
        start, end = trigger.during
        if context.ms_since_start < start or (end is not None and context.ms_since_start >= end):
            return False
    return trigger.job_state is None or context.state_of_job(trigger.job_state.job) == trigger.job_state.state
