"""From the ids of a request to what they name, and from now to the time an answer is of."""

from __future__ import annotations

from flinkmock.cluster.errors import VertexNotFound
from flinkmock.cluster.execution import Execution
from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.job import Job
from flinkmock.rest.call import RestCall

UNASSIGNED = "(unassigned)"
"""Where a subtask runs that was not deployed yet, as Flink words it."""


def job_and_time(call: RestCall) -> tuple[Job, int]:
    """The job of `:jobid`, and the time its cached graph is of. Raises UnknownJob."""
    job = call.cluster.job(call.path["jobid"])
    return job, call.caches.graph_time(job.id, call.now)


def vertex_and_time(call: RestCall) -> tuple[Job, Vertex, int]:
    """The same with the vertex of `:vertexid`. Raises UnknownJob, UnknownVertex."""
    job, time = job_and_time(call)
    if not job.has_graph_at(time):
        raise VertexNotFound(job.id, call.path["vertexid"])
    return job, job.vertex(call.path["vertexid"]), time


def execution_of(call: RestCall) -> tuple[Job, Execution, int]:
    """The attempt of `:subtaskindex` that the request names, the current one if it names none.

    Raises UnknownJob, UnknownVertex, UnknownSubtask, UnknownAttempt.
    """
    job, vertex, time = vertex_and_time(call)
    return job, job.execution_at(vertex, call.path["subtaskindex"], time, call.path.get("attempt")), time


def location_facts(execution: Execution, time: int) -> dict[str, str]:
    """Where a subtask runs: host of old, endpoint of new releases, and the task manager's id."""
    slot = execution.slot if execution.started_at(time) is not None else None
    if slot is None:
        return {"host": UNASSIGNED, "endpoint": UNASSIGNED, "taskmanager-id": UNASSIGNED}
    taskmanager = slot.taskmanager
    return {"host": taskmanager.host, "endpoint": taskmanager.endpoint, "taskmanager-id": taskmanager.id}
