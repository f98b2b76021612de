"""The slots of TaskManagers, and which job held them at which time."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from flinkmock.cluster.taskmanager import TaskManager

SLOT_HISTORY_MS = 60_000
"""How long a released slot is remembered, in ms, because a response can be as old as `serve-stale` allows.

If metrics were last read longer ago, the next response still shows that time, but without the slots released since.
"""


@dataclass(slots=True)
class Slot:
    """One slot while a job holds it.

    Attributes:
        taskmanager: The TaskManager.
        index: The index of the slot on the TaskManager.
        job_id: The id of the job.
        since: When the job got the slot, in epoch ms.
        until: When the job released it, in epoch ms; None: it still holds the slot.
    """

    taskmanager: TaskManager
    index: int
    job_id: str
    since: int
    until: int | None = None

    def is_held_at(self, time: int) -> bool:
        return self.since <= time and (self.until is None or time < self.until)


class SlotTable:
    """Knows which job holds which slot. At most one job holds a slot at a time."""

    def __init__(self) -> None:
        self._by_job: dict[str, list[Slot]] = {}
        """Job id -> its slots."""
        self._by_taskmanager: dict[int, list[Slot]] = {}
        """Number of a TaskManager -> its slots, the same `Slot` objects as in `_by_job`."""
        self._allocated_counts: Counter[int] = Counter()
        """Number of a TaskManager -> number of allocated slots, so that full TaskManagers are skipped quickly."""
        self._releases: deque[tuple[int, str]] = deque()
        """When a job released slots (epoch ms), and the id of the job, oldest first."""
        self._first_free_number = 0
        """The number of the first TaskManager that may have free slots."""

    def held(self, time: int, *, job_id: str | None = None, taskmanager: TaskManager | None = None) -> list[Slot]:
        """Return the slots held at `time`, in the order of allocation.

        Args:
            time: Epoch ms.
            job_id: Only the slots of this job.
            taskmanager: Only the slots on this TaskManager; ignored if there is a `job_id`. If both are None, all slots
                are returned, job by job.
        """
        slots: Iterable[Slot]
        if job_id is not None:
            slots = self._by_job.get(job_id, ())
        elif taskmanager is not None:
            slots = self._by_taskmanager.get(taskmanager.number, ())
        else:
            slots = chain.from_iterable(self._by_job.values())
        return [slot for slot in slots if slot.is_held_at(time)]

    def free_count(self, taskmanager: TaskManager, time: int) -> int:
        """Return the number of free slots of a TaskManager at `time` (epoch ms)."""
        return taskmanager.slot_count - len(self.held(time, taskmanager=taskmanager))

    def allocate(self, job_id: str, count: int, taskmanagers: Sequence[TaskManager], time: int) -> list[Slot]:
        """Allocate up to `count` free slots to a job and return them, filling one TaskManager after the other.

        Args:
            job_id: The id of the job.
            count: The maximum number of slots.
            taskmanagers: `TaskManagers.all`.
            time: Epoch ms.
        """
        allocated: list[Slot] = []
        while self._first_free_number < len(taskmanagers):
            if not self._has_no_free_slot(taskmanagers[self._first_free_number]):
                break
            self._first_free_number += 1
        for taskmanager in islice(taskmanagers, self._first_free_number, None):
            if len(allocated) >= count:
                break
            if self._is_full(taskmanager) or not taskmanager.is_registered_at(time):
                continue
            held_indexes = {slot.index for slot in self.held(time, taskmanager=taskmanager)}
            free_indexes = [index for index in range(taskmanager.slot_count) if index not in held_indexes]
            new_slots = [Slot(taskmanager, index, job_id, time) for index in free_indexes[: count - len(allocated)]]
            self._by_taskmanager.setdefault(taskmanager.number, []).extend(new_slots)
            self._allocated_counts[taskmanager.number] += len(new_slots)
            allocated += new_slots
        self._by_job.setdefault(job_id, []).extend(allocated)
        return allocated

    def release(self, time: int, *, job_id: str | None = None, taskmanager: TaskManager | None = None) -> None:
        """Release the slots of a job, or all slots of a lost TaskManager, at `time` (epoch ms)."""
        released = self.held(time, job_id=job_id, taskmanager=taskmanager)
        for slot in released:
            slot.until = time
            self._allocated_counts[slot.taskmanager.number] -= 1
            self._first_free_number = min(self._first_free_number, slot.taskmanager.number)
        self._releases.extend((time, job_id) for job_id in dict.fromkeys(slot.job_id for slot in released))
        for number in {slot.taskmanager.number for slot in released}:
            _remove_old(self._by_taskmanager[number], time)
        self._forget_old_releases(time)

    def _forget_old_releases(self, time: int) -> None:
        """Forget the slots that jobs released at least `SLOT_HISTORY_MS` before `time` (epoch ms)."""
        while self._releases:
            released_at, job_id = self._releases[0]
            if released_at > time - SLOT_HISTORY_MS:
                return
            self._releases.popleft()
            slots = self._by_job.get(job_id)
            if slots is not None:
                _remove_old(slots, time)
                if not slots:
                    del self._by_job[job_id]

    def _is_full(self, taskmanager: TaskManager) -> bool:
        return self._allocated_counts[taskmanager.number] == taskmanager.slot_count

    def _has_no_free_slot(self, taskmanager: TaskManager) -> bool:
        """Return whether a TaskManager is lost or full, so that it has no free slot until one is released."""
        return taskmanager.lost_at is not None or self._is_full(taskmanager)


def _remove_old(slots: list[Slot], time: int) -> None:
    """Remove the slots that were released at least `SLOT_HISTORY_MS` before `time` (epoch ms) from a list."""
    slots[:] = [slot for slot in slots if slot.until is None or slot.until > time - SLOT_HISTORY_MS]
