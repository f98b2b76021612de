"""Finds the job, vertex and execution that a request names, and the time of the cached values in the response."""

from __future__ import annotations

from flinkmock.cluster.errors import AttemptNotFound, JobNotFound, VertexNotFound
from flinkmock.cluster.execution import Execution
from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.job import Job
from flinkmock.cluster.states import TaskState
from flinkmock.flink.options import ATTEMPTS_HISTORY
from flinkmock.rest.call import RestCall

SAMPLING_MS = 5_200
"""How long stack traces of tasks are sampled, in ms: 100 samples, 50 ms apart, and some overhead.

See docs/flink-behaviour.md#flame-graphs.
"""
UNASSIGNED = "(unassigned)"
"""The host of a subtask that is not deployed."""


def job_and_time(call: RestCall) -> tuple[Job, int]:
    """Return the job of `:jobid` and the time of its cached graph.

    Raises:
        JobNotFound: There is no such job, or the job was forgotten.
    """
    job = call.cluster.job(call.path["jobid"])
    time = call.caches.graph_time(job.id, call.now)
    if not job.is_known_at(time):
        raise JobNotFound(job.id)
    return job, time


def shows_vertices(call: RestCall, job: Job, time: int) -> bool:
    """Return whether the job shows vertices.

    Until 1.17, a job of the adaptive scheduler shows no vertices while it waits for its first slots (recorded on
    1.17.2; ArchivedExecutionGraph.createSparseArchivedExecutionGraphWithJobVertices exists since 1.18).
    """
    return job.has_graph_at(time) and (call.cluster.release.since("1.18") or not job.lacks_first_slots_at(time))


def vertex_and_time(call: RestCall) -> tuple[Job, Vertex, int]:
    """Return the job of `:jobid`, the vertex of `:vertexid` and the time of the job's cached graph.

    Raises:
        JobNotFound, VertexNotFound: There is no such job or vertex.
    """
    job, time = job_and_time(call)
    if not shows_vertices(call, job, time):
        raise VertexNotFound(job.id, call.path["vertexid"])
    return job, job.vertex(call.path["vertexid"], time), time


def execution_of(call: RestCall) -> tuple[Job, Execution, int]:
    """Return the job, the execution of `:subtaskindex` and the time of the job's cached graph.

    The execution is the attempt that the request names, or the current one.

    Raises:
        JobNotFound, VertexNotFound, SubtaskNotFound, AttemptNotFound: There is no such job, vertex, subtask or attempt.
    """
    job, vertex, time = vertex_and_time(call)
    attempt_number, current_attempt = call.path.get("attempt"), job.attempt_at(time)
    execution = job.execution_at(vertex, call.path["subtaskindex"], time, attempt_number)
    # ExecutionHistory keeps a limited number of attempts before the current one
    history_size = call.cluster.configuration.integer(ATTEMPTS_HISTORY)
    if attempt_number is not None and current_attempt and attempt_number < current_attempt.number - history_size:
        raise AttemptNotFound(attempt_number)
    return job, execution, time


def location_payload(execution: Execution, time: int) -> dict[str, str]:
    """Return where a subtask runs: the host, the endpoint (in newer releases) and the TaskManager's id."""
    slot = execution.slot if execution.started_at(time) is not None else None
    if slot is None:
        return {"host": UNASSIGNED, "endpoint": UNASSIGNED, "taskmanager-id": UNASSIGNED}
    taskmanager = slot.taskmanager
    return {"host": taskmanager.host, "endpoint": taskmanager.endpoint, "taskmanager-id": taskmanager.id}


def running_executions(job: Job, vertex: Vertex, time: int | None) -> list[Execution]:
    """Return the executions of a vertex that are RUNNING at `time`; [] if `time` is None."""
    if time is None or time < job.submitted_at or not job.has_graph_at(time):
        return []
    row = job.executions_at(time)[vertex.index]
    return [execution for execution in row if execution.state_at(time) == TaskState.RUNNING]
