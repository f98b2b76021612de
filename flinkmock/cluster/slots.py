"""The slots of TaskManagers, and the jobs that held them at any time."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from flinkmock.cluster.taskmanager import TaskManager

SLOT_HISTORY_MS = 60_000
"""How long a released slot is remembered, in ms, because responses can be as old as the longest cache."""


@dataclass(slots=True)
class Slot:
    """One slot while a job holds it, from `since` to `until`. Times are epoch ms; None: until now."""

    taskmanager: TaskManager
    index: int
    job_id: str
    since: int
    until: int | None = None

    def held_at(self, time: int) -> bool:
        return self.since <= time and (self.until is None or time < self.until)


class SlotTable:
    """Which job holds which slot; a slot has one holder at a time.

    Each slot has two entries: one of its job and one of its TaskManager.
    """

    def __init__(self) -> None:
        self._by_job: dict[str, list[Slot]] = {}
        self._by_taskmanager: dict[int, list[Slot]] = {}
        self._allocated: Counter[int] = Counter()
        """Number of a TaskManager -> number of allocated slots, so that full TaskManagers are skipped quickly."""
        self._released: deque[tuple[int, str]] = deque()
        """When jobs released slots (epoch ms), and their ids."""
        self._first_free = 0
        """The number of the first TaskManager that may have free slots."""

    def held(self, time: int, *, job_id: str | None = None, taskmanager: TaskManager | None = None) -> list[Slot]:
        """Return the slots held at `time`, in the order of allocation.

        Args:
            job_id: Only the slots of this job.
            taskmanager: Only the slots on this TaskManager. Without either, all slots, job by job.
        """
        slots: Iterable[Slot]
        if job_id is not None:
            slots = self._by_job.get(job_id, ())
        elif taskmanager is not None:
            slots = self._by_taskmanager.get(taskmanager.number, ())
        else:
            slots = chain.from_iterable(self._by_job.values())
        return [slot for slot in slots if slot.held_at(time)]

    def free_slots(self, taskmanager: TaskManager, time: int) -> int:
        return taskmanager.slots - len(self.held(time, taskmanager=taskmanager))

    def allocate(self, job_id: str, count: int, taskmanagers: Sequence[TaskManager], time: int) -> list[Slot]:
        """Allocate up to `count` free slots to a job and return them, filling one TaskManager after the other.

        Args:
            taskmanagers: All TaskManagers so far, by number.
        """
        allocated: list[Slot] = []
        while self._first_free < len(taskmanagers) and self._never_free(taskmanagers[self._first_free]):
            self._first_free += 1
        for taskmanager in islice(taskmanagers, self._first_free, None):
            if len(allocated) >= count:
                break
            if self._allocated[taskmanager.number] == taskmanager.slots or not taskmanager.registered_at(time):
                continue
            busy = {slot.index for slot in self.held(time, taskmanager=taskmanager)}
            free = [index for index in range(taskmanager.slots) if index not in busy]
            new = [Slot(taskmanager, index, job_id, time) for index in free[: count - len(allocated)]]
            self._by_taskmanager.setdefault(taskmanager.number, []).extend(new)
            self._allocated[taskmanager.number] += len(new)
            allocated += new
        self._by_job.setdefault(job_id, []).extend(allocated)
        return allocated

    def release(self, time: int, *, job_id: str | None = None, taskmanager: TaskManager | None = None) -> None:
        """Release the slots of a job, or all slots of a lost TaskManager, at `time` (epoch ms)."""
        released = self.held(time, job_id=job_id, taskmanager=taskmanager)
        for slot in released:
            slot.until = time
            self._allocated[slot.taskmanager.number] -= 1
            self._first_free = min(self._first_free, slot.taskmanager.number)
        self._released.extend((time, job_id) for job_id in dict.fromkeys(slot.job_id for slot in released))
        for number in {slot.taskmanager.number for slot in released}:
            _drop_old(self._by_taskmanager[number], time)
        self._forget_released(time)

    def _forget_released(self, time: int) -> None:
        """Forget the slots that jobs released more than `SLOT_HISTORY_MS` before `time` (epoch ms)."""
        while self._released and self._released[0][0] <= time - SLOT_HISTORY_MS:
            _, job_id = self._released.popleft()
            slots = self._by_job.get(job_id)
            if slots is not None:
                _drop_old(slots, time)
                if not slots:
                    del self._by_job[job_id]

    def _never_free(self, taskmanager: TaskManager) -> bool:
        """Return whether a TaskManager has no free slot until one is released."""
        return taskmanager.lost_at is not None or self._allocated[taskmanager.number] == taskmanager.slots


def _drop_old(slots: list[Slot], time: int) -> None:
    slots[:] = [slot for slot in slots if slot.until is None or slot.until > time - SLOT_HISTORY_MS]
