"""Wait conditions: a step or an operation waits for a number of polls, or for a signal, instead of a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flinkmock.cluster.cluster_spec import ClusterSpec
from flinkmock.cluster.spec import DurationSpec, JobSpec, Lifecycle, Polls, Repeat, Signal
from flinkmock.errors import NotFound, did_you_mean


@dataclass(slots=True)
class WaitCondition:
    """A condition that schedules an event when it is met: after a number of polls, or when a signal is sent.

    Attributes:
        waiter_id: The id of the job, or the `wait_key` of the async operation, that waits.
        handler: The name of the event handler.
        args: The arguments of the event handler, without the time.
        polls_left: How many more polls it waits for.
        signal: The name of the signal that it waits for; None: it waits for polls.
    """

    waiter_id: str
    handler: str
    args: tuple[Any, ...]
    polls_left: int = 0
    signal: str | None = None


@dataclass(slots=True)
class WaitConditions:
    """The pending conditions of one cluster, at most one for each job and async operation that waits.

    A signal that is sent before a condition waits for it is kept for the first such condition, so that a test may send
    signals early.

    Attributes:
        signals: The names of the signals that the scenario and the submitted jobs use.
        by_waiter: `WaitCondition.waiter_id` -> condition.
    """

    signals: frozenset[str]
    by_waiter: dict[str, WaitCondition] = field(default_factory=dict)
    _early_signals: set[str] = field(default_factory=set)
    """The names of the signals that were sent while nothing waited for them."""

    def add(self, duration: Polls | Signal, waiter_id: str, handler: str, *args: Any) -> WaitCondition | None:
        """Add a condition; it replaces an earlier one of the same job or async operation.

        Returns:
            The condition if its signal was already sent; otherwise None.
        """
        if isinstance(duration, Polls):
            self.by_waiter[waiter_id] = WaitCondition(waiter_id, handler, args, polls_left=duration.times)
            return None
        condition = WaitCondition(waiter_id, handler, args, signal=duration.name)
        if duration.name in self._early_signals:
            self._early_signals.remove(duration.name)
            return condition
        self.by_waiter[waiter_id] = condition
        return None

    def pending(self) -> list[WaitCondition]:
        """Return the conditions that are not met yet, oldest first."""
        return list(self.by_waiter.values())

    def remove(self, waiter_id: str) -> None:
        """Remove the condition of a job or async operation, if it has one."""
        self.by_waiter.pop(waiter_id, None)

    def count_poll(self, waiter_id: str) -> WaitCondition | None:
        """Count one poll of a job or async operation; return its condition if this poll satisfies it."""
        condition = self.by_waiter.get(waiter_id)
        if condition is None or condition.signal is not None:
            return None
        condition.polls_left -= 1
        return None if condition.polls_left else self.by_waiter.pop(waiter_id)

    def send_signal(self, signal: str) -> list[WaitCondition]:
        """Remove and return the conditions that a signal satisfies, oldest first.

        Raises:
            NotFound: Neither the scenario nor a submitted job uses this signal. The message lists the known signals.
        """
        if signal not in self.signals:
            hint = did_you_mean(signal, sorted(self.signals))
            raise NotFound(f'No job or operation waits for the signal "{signal}".{hint}')
        conditions_met = [condition for condition in self.by_waiter.values() if condition.signal == signal]
        for condition in conditions_met:
            del self.by_waiter[condition.waiter_id]
        if not conditions_met:
            self._early_signals.add(signal)
        return conditions_met


def signals_of(spec: ClusterSpec) -> frozenset[str]:
    """Return the names of all signals that the lifecycles and operations of a scenario wait for."""
    jobs = (*spec.jobs, *(rule.job for rule in spec.submissions))
    signals = _signals(operation.duration for operation in spec.cluster_operations.values())
    return signals.union(*map(signals_of_job, jobs))


def signals_of_job(spec: JobSpec) -> frozenset[str]:
    """Return the names of all signals that the lifecycle and the operations of a job wait for."""
    operations = spec.cluster_operations.values()
    return _signals((*(operation.duration for operation in operations), *_durations(spec.lifecycle)))


def _signals(durations: Iterable[DurationSpec]) -> frozenset[str]:
    return frozenset(duration.name for duration in durations if isinstance(duration, Signal))


def _durations(lifecycle: Lifecycle) -> Iterator[DurationSpec]:
    """Yield the durations of all steps of a lifecycle."""
    for item in lifecycle:
        if isinstance(item, Repeat):
            yield from _durations(item.steps)
        else:
            yield item.duration
