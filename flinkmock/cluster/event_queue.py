"""What is still to come: entries in the order of (time, order in which they were put down)."""

from __future__ import annotations

import heapq
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any


@dataclass(order=True, slots=True)
class ScheduledEvent:
    """At `at` (epoch ms) the cluster's method `action` is called with `args`; plain values that can be copied."""

    at: int
    sequence: int
    action: str = field(compare=False)
    args: tuple[Any, ...] = field(compare=False, default=())


class EventQueue:
    def __init__(self) -> None:
        self._heap: list[ScheduledEvent] = []
        self._order = 0

    def schedule(self, at: int, action: str, *args: Any) -> None:
        self._order += 1
        heapq.heappush(self._heap, ScheduledEvent(at, self._order, action, args))

    def discard(self, actions: Collection[str]) -> None:
        """Nothing of this kind will happen any more, as far as it is put down now."""
        self._heap = [entry for entry in self._heap if entry.action not in actions]
        heapq.heapify(self._heap)

    def next_at(self) -> int | None:
        """When the next entry falls due; None if nothing will ever happen by itself."""
        return self._heap[0].at if self._heap else None

    def pop_due(self, now: int) -> ScheduledEvent | None:
        """The earliest entry that is due at `now`, taken off; None if there is none."""
        return heapq.heappop(self._heap) if self._heap and self._heap[0].at <= now else None
