"""Task managers' slots and who holds them, at any time up to now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from flinkmock.cluster.taskmanager import TaskManager

KEPT_MS = 60_000
"""How long a released slot is remembered: answers may be as old as the longest cache."""


@dataclass(slots=True)
class Slot:
    """One slot while a job holds it: from `since` until `until` (epoch ms; None: still)."""

    task_manager: TaskManager
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
        self._by_task_manager: dict[int, list[Slot]] = {}
        self._taken: Counter[int] = Counter()
        """How many slots of a task manager have a holder now: full ones are passed over without a look at each slot."""

    def held(self, time: int, *, job_id: str | None = None, task_manager: TaskManager | None = None) -> list[Slot]:
        """The slots held at `time`, of one job or on one task manager, in the order in which they were taken; without
        either, all of them, job by job."""
        found: Iterable[Slot]
        if job_id is not None:
            found = self._by_job.get(job_id, ())
        elif task_manager is not None:
            found = self._by_task_manager.get(task_manager.number, ())
        else:
            found = chain.from_iterable(self._by_job.values())
        return [slot for slot in found if slot.held_at(time)]

    def free(self, task_manager: TaskManager, time: int) -> int:
        return task_manager.slots - len(self.held(time, task_manager=task_manager))

    def take(self, job_id: str, wanted: int, task_managers: Iterable[TaskManager], time: int) -> list[Slot]:
        """Gives the job up to `wanted` free slots, filling one task manager after the other, of those that are there at
        `time`; returns the new ones."""
        taken: list[Slot] = []
        for task_manager in task_managers:
            if len(taken) >= wanted:
                break
            if self._taken[task_manager.number] == task_manager.slots or not task_manager.registered_at(time):
                continue
            busy = {slot.index for slot in self.held(time, task_manager=task_manager)}
            free = [index for index in range(task_manager.slots) if index not in busy]
            new = [Slot(task_manager, index, job_id, time) for index in free[: wanted - len(taken)]]
            self._by_task_manager.setdefault(task_manager.number, []).extend(new)
            self._taken[task_manager.number] += len(new)
            taken += new
        self._by_job.setdefault(job_id, []).extend(taken)
        return taken

    def release(self, time: int, *, job_id: str | None = None, task_manager: TaskManager | None = None) -> None:
        """Frees the slots of a job, or all of a lost task manager, at `time`."""
        released = self.held(time, job_id=job_id, task_manager=task_manager)
        for slot in released:
            slot.until = time
            self._taken[slot.task_manager.number] -= 1
        for slot in released:
            _forget(self._by_job[slot.job_id], time)
            _forget(self._by_task_manager[slot.task_manager.number], time)


def _forget(slots: list[Slot], time: int) -> None:
    slots[:] = [slot for slot in slots if slot.until is None or slot.until > time - KEPT_MS]
