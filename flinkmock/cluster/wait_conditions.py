"""What waits for something other than time: to be read so often, or to be told to go on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from flinkmock.cluster.spec import ClusterSpec, DurationSpec, Lifecycle, Polls, Repeat, Signal
from flinkmock.errors import NotFound, did_you_mean


@dataclass(slots=True)
class WaitCondition:
    """Schedules `action` with `args` when `subject_id` has been polled `polls_left` more times, or at the `signal`."""

    subject_id: str
    action: str
    args: tuple[Any, ...]
    polls_left: int = 0
    signal: str | None = None


@dataclass(slots=True)
class WaitConditions:
    """Things are jobs, by id, and asynchronous operations, by trigger id: each waits for one thing at a time.

    `signals` are those that the scenario knows. One that is given while nothing waits for it is kept for the first that
    comes to wait, so that it does not matter who is earlier.
    """

    signals: Collection[str]
    _by_subject: dict[str, WaitCondition] = field(default_factory=dict)
    _early_signals: set[str] = field(default_factory=set)

    def add(self, length: Polls | Signal, thing: str, action: str, *args: Any) -> WaitCondition | None:
        """Lets `thing` wait, for what it was waiting before no more; returns the wait if it is over at once."""
        if isinstance(length, Polls):
            self._by_subject[thing] = WaitCondition(thing, action, args, polls_left=length.times)
            return None
        wait = WaitCondition(thing, action, args, signal=length.name)
        if length.name in self._early_signals:
            self._early_signals.remove(length.name)
            return wait
        self._by_subject[thing] = wait
        return None

    def pending(self) -> list[WaitCondition]:
        """What is waiting now, the earliest first."""
        return list(self._by_subject.values())

    def remove(self, thing: str) -> None:
        """It waits no more."""
        self._by_subject.pop(thing, None)

    def count_poll(self, thing: str) -> WaitCondition | None:
        """Counts one read of `thing`; returns what that one ends."""
        wait = self._by_subject.get(thing)
        if wait is None or wait.signal is not None:
            return None
        wait.polls_left -= 1
        return None if wait.polls_left else self._by_subject.pop(thing)

    def send_signal(self, signal: str) -> list[WaitCondition]:
        """What a signal ends, in the order of waiting. Raises NotFound for one that the scenario does not know."""
        if signal not in self.signals:
            known = did_you_mean(signal, sorted(self.signals))
            raise NotFound(f'Nothing in the scenario waits for the signal "{signal}".{known}')
        over = [wait for wait in self._by_subject.values() if wait.signal == signal]
        for wait in over:
            del self._by_subject[wait.subject_id]
        if not over:
            self._early_signals.add(signal)
        return over


def signals_of(spec: ClusterSpec) -> frozenset[str]:
    """The names of all signals that lifecycles and operations of a scenario wait for."""
    jobs = (*spec.jobs, *(rule.job for rule in spec.submissions))
    operations = (spec.operations, *(job.operations for job in jobs))
    lengths = [operation.duration for each in operations for operation in each.values()]
    lengths += [length for job in jobs for length in _lengths(job.lifecycle)]
    return frozenset(length.name for length in lengths if isinstance(length, Signal))


def _lengths(lifecycle: Lifecycle) -> Iterator[DurationSpec]:
    for item in lifecycle:
        if isinstance(item, Repeat):
            yield from _lengths(item.steps)
        else:
            yield item.duration
