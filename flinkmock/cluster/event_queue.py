"""The scheduled events, in chronological order, and the methods that handle them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

_Method = TypeVar("_Method", bound=Callable[..., None])
_LEADER_SCOPED = "_leader_scoped"


@dataclass(order=True, slots=True)
class ScheduledEvent:
    """A call of an event handler at a certain time.

    Attributes:
        at: When the handler is called, in epoch ms.
        sequence: Increases with each scheduled event. Events at the same time run in this order.
        handler: The name of the event handler.
        args: Its arguments, without the time. They are plain values, so that a snapshot can copy them.
    """

    at: int
    sequence: int
    handler: str = field(compare=False)
    args: tuple[Any, ...] = field(compare=False, default=())


def event_handler(*, leader_scoped: bool) -> Callable[[_Method], _Method]:
    """Mark a method as the handler of the events that have its name. Its last parameter is the time in epoch ms.

    Args:
        leader_scoped: Whether scheduled events are lost when the leader crashes.
    """

    def mark(method: _Method) -> _Method:
        setattr(method, _LEADER_SCOPED, leader_scoped)
        return method

    return mark


class EventQueue:
    """Holds scheduled events and calls their handlers."""

    def __init__(self) -> None:
        self._heap: list[ScheduledEvent] = []
        self._sequence = 0
        self._handlers: dict[str, Callable[..., None]] = {}
        self._leader_scoped_handlers: set[str] = set()

    def register(self, owner: object) -> None:
        """Register all methods of `owner` that are marked with `event_handler`.

        Raises:
            ValueError: Another owner has a handler with the same name.
        """
        for name, member in vars(type(owner)).items():
            leader_scoped = getattr(member, _LEADER_SCOPED, None)
            if leader_scoped is None:
                continue
            if name in self._handlers:
                raise ValueError(f"two handlers are called {name}")
            self._handlers[name] = getattr(owner, name)
            if leader_scoped:
                self._leader_scoped_handlers.add(name)

    def schedule(self, at: int, handler: str, *args: Any) -> None:
        """Schedule a call of a handler at `at` (epoch ms).

        Raises:
            LookupError: There is no such handler.
        """
        if handler not in self._handlers:
            raise LookupError(f"no event handler is called {handler}")
        self._sequence += 1
        heapq.heappush(self._heap, ScheduledEvent(at, self._sequence, handler, args))

    def discard_leader_scoped(self) -> None:
        """Remove the events that are lost with the leader."""
        self._heap = [event for event in self._heap if event.handler not in self._leader_scoped_handlers]
        heapq.heapify(self._heap)

    def discard_events_of(self, job_ids: Collection[str]) -> None:
        """Remove the events whose first argument is one of the ids."""
        self._heap = [event for event in self._heap if not event.args or event.args[0] not in job_ids]
        heapq.heapify(self._heap)

    def next_at(self) -> int | None:
        """Return when the next event is due (epoch ms); None if no event is scheduled."""
        return self._heap[0].at if self._heap else None

    def has_due(self, now: int) -> bool:
        """Return whether an event is due at `now` (epoch ms)."""
        return bool(self._heap) and self._heap[0].at <= now

    def pop_due(self, now: int) -> ScheduledEvent | None:
        """Remove and return the earliest event that is due at `now`; None if there is none."""
        return heapq.heappop(self._heap) if self._heap and self._heap[0].at <= now else None

    def postpone_due(self, now: int) -> None:
        """If events are due before `now`, delay all events so that the earliest one is due at `now`."""
        if self.has_due(now):
            delay = now - self._heap[0].at
            self._heap = [replace(event, at=event.at + delay) for event in self._heap]  # keeps the order of the heap

    def run(self, event: ScheduledEvent) -> None:
        """Call the handler of an event."""
        self._handlers[event.handler](*event.args, event.at)
