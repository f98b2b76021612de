"""The TaskManagers of a cluster: which are registered at a time, and how they join and leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flinkmock.cluster.cluster_spec import TaskManagerEventKind
from flinkmock.cluster.errors import TaskManagerNotFound
from flinkmock.cluster.event_queue import event_handler
from flinkmock.cluster.spec import ExceptionSpec
from flinkmock.cluster.states import JobState
from flinkmock.cluster.taskmanager import TaskManager, make_taskmanager
from flinkmock.flink import java_classes, messages
from flinkmock.flink.configuration import Configuration
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.options import (
    HEARTBEAT_INTERVAL,
    TASK_MANAGER_HOST,
    TASK_MANAGER_PROCESS_SIZE,
    TASK_MANAGER_SLOTS,
)

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster


class TaskManagers:
    """The TaskManagers of one cluster.

    Attributes:
        all: All TaskManagers that have been registered so far, in the order of registration.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.all: list[TaskManager] = []

    def registered_at(self, time: int) -> list[TaskManager]:
        """Return the TaskManagers that are registered at `time` (epoch ms)."""
        return [taskmanager for taskmanager in self.all if taskmanager.is_registered_at(time)]

    def get(self, taskmanager_id: str, time: int) -> TaskManager:
        """Return the TaskManager with this id that is registered at `time`.

        Raises:
            TaskManagerNotFound: There is no such TaskManager.
        """
        for taskmanager in self.registered_at(time):
            if taskmanager.id == taskmanager_id:
                return taskmanager
        raise TaskManagerNotFound(taskmanager_id)

    def configuration_of(self, taskmanager: TaskManager) -> Configuration:
        """Return the configuration of a TaskManager, which may have its own slots and memory."""
        sizes = self._cluster.spec.taskmanager_sizes
        memory = sizes[taskmanager.number].memory if taskmanager.number < len(sizes) else None
        values = {TASK_MANAGER_SLOTS.key: str(taskmanager.slot_count)}
        if memory is not None:
            values[TASK_MANAGER_PROCESS_SIZE.key] = memory
        return self._cluster.configuration.with_values(values)

    def add(self, at: int) -> TaskManager:
        """Register a new TaskManager at `at` (epoch ms). Jobs that wait for slots get its slots."""
        cluster = self._cluster
        host = cluster.configuration.text(TASK_MANAGER_HOST) or "localhost"
        number, sizes = len(self.all), cluster.spec.taskmanager_sizes
        own_slot_count = sizes[number].slot_count if number < len(sizes) else None
        slot_count = own_slot_count or cluster.spec.slots_per_taskmanager
        taskmanager = make_taskmanager(cluster.random, number, slot_count, at, host)
        taskmanager.heartbeat_ms = max(1, cluster.configuration.milliseconds(HEARTBEAT_INTERVAL))
        self.all.append(taskmanager)
        cluster.jobs_awaiting_slots.retry_slot_requests(at)
        return taskmanager

    @event_handler(leader_scoped=False)
    def on_taskmanager_event(self, index: int, at: int) -> None:
        """Add or remove a TaskManager, as the scenario describes."""
        event = self._cluster.spec.taskmanager_events[index]
        if event.kind == TaskManagerEventKind.JOINS:
            self.add(at)
        else:
            self.remove_one(at, event.number, leaves=event.kind == TaskManagerEventKind.LEAVES)

    def remove_one(self, at: int, number: int | None = None, *, leaves: bool = False) -> None:
        """Remove the TaskManager with a number or, if it is None, the first that is registered.

        Do nothing if there is no such TaskManager. The arguments `at` and `leaves` are those of `remove`.
        """
        for taskmanager in self.registered_at(at):
            if number is None or taskmanager.number == number:
                self.remove(taskmanager.id, at, leaves=leaves)
                return

    def remove(self, taskmanager_id: str, at: int, *, leaves: bool = False) -> None:
        """Remove a TaskManager; the jobs on it fail, unless they are CREATED and wait for more slots.

        Args:
            taskmanager_id: The id of the TaskManager.
            at: Epoch ms.
            leaves: Whether it shuts down; False: it is lost.

        Raises:
            TaskManagerNotFound: There is no such TaskManager.
        """
        cluster = self._cluster
        taskmanager = self.get(taskmanager_id, at)
        affected_job_ids = {slot.job_id for slot in cluster.slots.held(at, taskmanager=taskmanager)}
        taskmanager.lost_at = at
        cluster.slots.release(at, taskmanager=taskmanager)
        taskmanager.removal_reason = messages.taskmanager_unreachable(taskmanager.id)
        cause = JavaException(java_classes.JOB_MASTER_EXCEPTION, taskmanager.removal_reason)
        if leaves:
            # TaskExecutor.onStop
            java_class = java_classes.FLINK_EXPECTED_EXCEPTION
            if not cluster.release.since("1.14"):
                java_class = java_classes.FLINK_EXCEPTION
            taskmanager.removal_reason = messages.TASK_EXECUTOR_SHUTS_DOWN
            cause = JavaException(java_class, taskmanager.removal_reason)
        for job in [job for job in cluster.jobs.values() if job.id in affected_job_ids and not job.has_ended]:
            job.attempts[-1].on_slots_lost()
            # a CREATED job that has slots waits for others (AdaptiveScheduler, WaitingForResources)
            if job.state != JobState.CREATED:
                cluster.state_machines.fail(job, at, ExceptionSpec(cause, is_global=True))
