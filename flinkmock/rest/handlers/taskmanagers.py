"""Task managers: the list, one in detail, its threads."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flinkmock.cluster.cluster import Cluster
from flinkmock.cluster.taskmanager import TaskManager
from flinkmock.flink import metrics
from flinkmock.flink.memory import task_manager_memory
from flinkmock.flink.threads import task_manager_threads
from flinkmock.rest.call import Facts, RestCall, handles
from flinkmock.rest.handlers.metric_inputs import task_manager_reading, tasks_on


def task_manager_facts(cluster: Cluster, task_manager: TaskManager, now: int) -> dict[str, Any]:
    """A task manager as the list shows it. Slots are of now, assigned tasks of the last heartbeat (FACTS-coherence)."""
    release, memory = cluster.release, task_manager_memory(cluster.configuration)
    free = cluster.slots.free(task_manager, now)
    rpc = "pekko" if release.since("1.18") else "akka"
    return {
        "id": task_manager.id,
        "path": f"{rpc}.tcp://flink@{task_manager.host}:{task_manager.rpc_port}/user/rpc/taskmanager_0",
        "dataPort": task_manager.data_port,
        "jmxPort": -1,
        "timeSinceLastHeartbeat": task_manager.last_heartbeat(now),
        "slotsNumber": task_manager.slots,
        "freeSlots": free,
        "assignedTasks": len(tasks_on(cluster, task_manager, _reported(cluster, task_manager, now))),
        "totalResource": memory.total_resource(task_manager.slots, release),
        "freeResource": memory.free_resource(task_manager.slots, free, release),
        "hardware": memory.hardware(),
        "memoryConfiguration": memory.configuration(),
    }


def _reported(cluster: Cluster, task_manager: TaskManager, now: int) -> int:
    """The time that what a heartbeat carries is of."""
    return task_manager.last_heartbeat(now) if cluster.caching else now


@handles("getTaskManagers")
def task_managers(call: RestCall) -> Facts:
    present = call.cluster.task_managers_at(call.now)
    return {"taskmanagers": [task_manager_facts(call.cluster, one, call.now) for one in present]}


@handles("getTaskManagerDetails")
def details(call: RestCall) -> Facts:
    cluster = call.cluster
    task_manager = cluster.task_manager(call.path["taskmanagerid"], call.now)
    slots = cluster.slots.held(call.now, task_manager=task_manager)
    tasks = Counter(
        execution.slot.index
        for execution in tasks_on(cluster, task_manager, _reported(cluster, task_manager, call.now))
        if execution.slot
    )
    resource_facts = task_manager_memory(cluster.configuration).slot_resource(task_manager.slots)
    reading = task_manager_reading(cluster, task_manager, call.now)
    return task_manager_facts(cluster, task_manager, call.now) | {
        "allocatedSlots": [
            {"jobId": slot.job_id, "resource": resource_facts, "assignedTasks": tasks[slot.index]} for slot in slots
        ],
        "metrics": metrics.task_manager_jvm(reading, cluster.release),
    }


@handles("getTaskManagerThreadDump")
def thread_dump(call: RestCall) -> Facts:
    cluster = call.cluster
    task_manager = cluster.task_manager(call.path["taskmanagerid"], call.now)
    names = [
        f"{e.vertex.name} ({e.subtask + 1}/{e.vertex.parallelism})#{e.attempt}"
        for e in tasks_on(cluster, task_manager, call.now)
    ]
    return {"threadInfos": task_manager_threads(task_manager.id, names, cluster.release, cluster.stream)}
