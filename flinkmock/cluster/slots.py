"""Task managers' slots and who holds them, at any time up to now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from flinkmock.cluster.taskmanager import TaskManager

SLOT_HISTORY_MS = 60_000
"""How long a released slot is remembered: answers may be as old as the longest cache."""


@dataclass(slots=True)
class Slot:
    """One slot while a job holds it: from `since` until `until` (epoch ms; None: still)."""

    taskmanager: TaskManager
    index: int
    job_id: str
    since: int
    until: int | None = None

    def held_at(self, time: int) -> bool:
        return self.since <= time and (self.until is None or time < self.until)


class SlotTable:
    """The only place that knows which slot is whose; a slot has one holder at a time.

    Each slot that is remembered stands twice: under its job, and under its task manager.
    """

    def __init__(self) -> None:
        self._by_job: dict[str, list[Slot]] = {}
        self._by_taskmanager: dict[int, list[Slot]] = {}
        self._allocated: Counter[int] = Counter()
        """How many slots of a task manager have a holder now: full ones are passed over without a look at each slot."""

    def held(self, time: int, *, job_id: str | None = None, taskmanager: TaskManager | None = None) -> list[Slot]:
        """The slots held at `time`, of one job or on one task manager, in the order in which they were taken; without
        either, all of them, job by job."""
        found: Iterable[Slot]
        if job_id is not None:
            found = self._by_job.get(job_id, ())
        elif taskmanager is not None:
            found = self._by_taskmanager.get(taskmanager.number, ())
        else:
            found = chain.from_iterable(self._by_job.values())
        return [slot for slot in found if slot.held_at(time)]

    def free_slots(self, taskmanager: TaskManager, time: int) -> int:
        return taskmanager.slots - len(self.held(time, taskmanager=taskmanager))

    def allocate(self, job_id: str, wanted: int, taskmanagers: Iterable[TaskManager], time: int) -> list[Slot]:
        """Gives the job up to `wanted` free slots, filling one task manager after the other, of those that are there at
        `time`; returns the new ones."""
        taken: list[Slot] = []
        for taskmanager in taskmanagers:
            if len(taken) >= wanted:
                break
            if self._allocated[taskmanager.number] == taskmanager.slots or not taskmanager.registered_at(time):
                continue
            busy = {slot.index for slot in self.held(time, taskmanager=taskmanager)}
            free = [index for index in range(taskmanager.slots) if index not in busy]
            new = [Slot(taskmanager, index, job_id, time) for index in free[: wanted - len(taken)]]
            self._by_taskmanager.setdefault(taskmanager.number, []).extend(new)
            self._allocated[taskmanager.number] += len(new)
            taken += new
        self._by_job.setdefault(job_id, []).extend(taken)
        return taken

    def release(self, time: int, *, job_id: str | None = None, taskmanager: TaskManager | None = None) -> None:
        """Frees the slots of a job, or all of a lost task manager, at `time`."""
        released = self.held(time, job_id=job_id, taskmanager=taskmanager)
        for slot in released:
            slot.until = time
            self._allocated[slot.taskmanager.number] -= 1
        for slot in released:
            _forget(self._by_job[slot.job_id], time)
            _forget(self._by_taskmanager[slot.taskmanager.number], time)


def _forget(slots: list[Slot], time: int) -> None:
    slots[:] = [slot for slot in slots if slot.until is None or slot.until > time - SLOT_HISTORY_MS]
