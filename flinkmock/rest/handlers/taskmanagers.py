"""TaskManagers: the list, details and thread dumps."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flinkmock.cluster.cluster import Cluster
from flinkmock.cluster.taskmanager import TaskManager
from flinkmock.flink import metrics
from flinkmock.flink.environment import environment_of
from flinkmock.flink.memory import taskmanager_memory
from flinkmock.flink.options import FINE_GRAINED, THREAD_DUMP_DEPTH
from flinkmock.flink.rpc import taskmanager_path
from flinkmock.flink.threads import taskmanager_threads
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers.metric_inputs import executions_on, taskmanager_inputs


def taskmanager_payload(cluster: Cluster, taskmanager: TaskManager, now: int) -> dict[str, Any]:
    """Return a TaskManager as in the list. Slots are current; assigned tasks are those of the last heartbeat.

    See docs/flink-behaviour.md#heartbeats.
    """
    release = cluster.release
    memory = taskmanager_memory(cluster.taskmanagers.configuration_of(taskmanager), release)
    free_slot_count = cluster.slots.free_count(taskmanager, now)
    return {
        "id": taskmanager.id,
        "path": taskmanager_path(taskmanager, release),
        "dataPort": taskmanager.data_port,
        "jmxPort": -1,
        "timeSinceLastHeartbeat": taskmanager.last_heartbeat(now),
        "slotsNumber": taskmanager.slot_count,
        "freeSlots": free_slot_count,
        "assignedTasks": len(executions_on(cluster, taskmanager, _heartbeat_time(cluster, taskmanager, now))),
        "totalResource": memory.total_resource(taskmanager.slot_count, release),
        "freeResource": memory.free_resource(taskmanager.slot_count, free_slot_count, release),
        "hardware": memory.hardware(environment_of(release)),
        "memoryConfiguration": memory.configuration(),
    }


def _heartbeat_time(cluster: Cluster, taskmanager: TaskManager, now: int) -> int:
    """Return the time of the last heartbeat, or `now` if caches are not modelled."""
    return taskmanager.last_heartbeat(now) if cluster.caches_enabled else now


@handles("getTaskManagers")
def taskmanagers(call: RestCall) -> Payload:
    return {
        "taskmanagers": [
            taskmanager_payload(call.cluster, taskmanager, call.now)
            for taskmanager in call.cluster.taskmanagers.registered_at(call.now)
        ]
    }


@handles("getTaskManagerDetails")
def details(call: RestCall) -> Payload:
    cluster = call.cluster
    taskmanager = cluster.taskmanagers.get(call.path["taskmanagerid"], call.now)
    # DeclarativeSlotManager, the default of earlier releases, does not list slots
    lists_slots = cluster.release.since("1.18") or cluster.configuration.boolean(FINE_GRAINED)
    slots = cluster.slots.held(call.now, taskmanager=taskmanager) if lists_slots else []
    task_counts = Counter(
        execution.slot.index
        for execution in executions_on(cluster, taskmanager, _heartbeat_time(cluster, taskmanager, call.now))
        if execution.slot
    )
    memory = taskmanager_memory(cluster.taskmanagers.configuration_of(taskmanager), cluster.release)
    resource = memory.slot_resource(taskmanager.slot_count)
    inputs = taskmanager_inputs(cluster, taskmanager, call.now)
    return taskmanager_payload(cluster, taskmanager, call.now) | {
        "allocatedSlots": [
            {"jobId": slot.job_id, "resource": resource, "assignedTasks": task_counts[slot.index]} for slot in slots
        ],
        "metrics": metrics.taskmanager_jvm_payload(inputs, cluster.release),
    }


@handles("getTaskManagerThreadDump")
def thread_dump(call: RestCall) -> Payload:
    cluster = call.cluster
    taskmanager = cluster.taskmanagers.get(call.path["taskmanagerid"], call.now)
    task_names = [
        f"{task.vertex.name} ({task.subtask + 1}/{task.vertex.parallelism})#{task.attempt}"
        for task in executions_on(cluster, taskmanager, call.now)
    ]
    depth = cluster.configuration.optional_integer(THREAD_DUMP_DEPTH)
    return {"threadInfos": taskmanager_threads(taskmanager.id, task_names, cluster.release, cluster.random, depth)}
