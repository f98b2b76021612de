"""Task managers' slots and who holds them, at any time up to now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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
    """The only place that knows which slot is whose; a slot has one holder at a time."""

    def __init__(self) -> None:
        self._slots: list[Slot] = []

    def held(self, time: int, *, job_id: str | None = None, task_manager: TaskManager | None = None) -> list[Slot]:
        """The slots held at `time`, of one job or on one task manager, in the order in which they were taken."""
        return [
            slot
            for slot in self._slots
            if slot.held_at(time)
            and (job_id is None or slot.job_id == job_id)
            and (task_manager is None or slot.task_manager is task_manager)
        ]

    def free(self, task_manager: TaskManager, time: int) -> int:
        return task_manager.slots - len(self.held(time, task_manager=task_manager))

    def take(self, job_id: str, wanted: int, task_managers: Iterable[TaskManager], time: int) -> list[Slot]:
        """Gives the job up to `wanted` free slots, filling one task manager after the other; returns the new ones."""
        taken: list[Slot] = []
        for task_manager in task_managers:
            busy = {slot.index for slot in self.held(time, task_manager=task_manager)}
            for index in range(task_manager.slots):
                if len(taken) == wanted:
                    break
                if index not in busy:
                    taken.append(Slot(task_manager, index, job_id, time))
        self._slots.extend(taken)
        return taken

    def release(self, time: int, *, job_id: str | None = None, task_manager: TaskManager | None = None) -> None:
        """Frees the slots of a job, or all of a lost task manager, at `time`."""
        for slot in self.held(time, job_id=job_id, task_manager=task_manager):
            slot.until = time
        self._slots = [slot for slot in self._slots if slot.until is None or slot.until > time - KEPT_MS]
