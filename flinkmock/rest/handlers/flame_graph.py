"""Flame graphs, which show where the tasks of a vertex spend their time, from samples of their stack traces."""

from __future__ import annotations

from flinkmock.cluster.errors import SubtaskNotFound
from flinkmock.cluster.record_flow import RecordFlow
from flinkmock.flink.flame_graph import SubtaskLoad, flame_graph
from flinkmock.flink.options import FLAME_GRAPH, FLAME_GRAPH_REFRESH
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers.lookup import SAMPLING_MS, running_executions, vertex_and_time

NOTHING_TO_SAMPLE = -1
"""The `endTimestamp` of a flame graph without data, because no subtask runs (JobVertexFlameGraph.terminated)."""
NOT_YET_SAMPLED = -3
"""The `endTimestamp` of a flame graph without data, because the first sampling is not complete or the job waits for its
first slots (JobVertexFlameGraph.waiting)."""


@handles("getJobVertexFlameGraph")
def flame_graph_of_vertex(call: RestCall) -> Payload:
    """Return the flame graph; an empty object if `rest.flamegraph.enabled` is off.

    One sampling serves all types of graphs.

    Raises:
        JobNotFound, VertexNotFound: There is no such job or vertex.
        SubtaskNotFound: The vertex has no subtask `subtaskindex`.
    """
    job, vertex, graph_time = vertex_and_time(call)
    subtask = call.query_value("subtaskindex")
    if subtask is not None and subtask >= vertex.parallelism:
        raise SubtaskNotFound(vertex.id, subtask)
    if not call.cluster.configuration.boolean(FLAME_GRAPH):
        return {}
    running = [
        execution
        for execution in running_executions(job, vertex, graph_time)
        if subtask is None or execution.subtask == subtask
    ]
    if job.lacks_first_slots_at(graph_time):
        return {"endTimestamp": NOT_YET_SAMPLED}
    if not running:
        return {"endTimestamp": NOTHING_TO_SAMPLE}
    refresh_ms = call.cluster.configuration.milliseconds(FLAME_GRAPH_REFRESH)
    key = ("flame graph", job.id, vertex.id)
    sampled_at = call.caches.sample_time(key, call.now, duration_ms=SAMPLING_MS, refresh_ms=refresh_ms)
    if sampled_at is None:
        return {"endTimestamp": NOT_YET_SAMPLED}
    flow = RecordFlow(job.attempts[running[0].attempt], sampled_at)
    loads = [SubtaskLoad(flow.busy_ratio(vertex, execution.subtask), vertex.is_source) for execution in running]
    return {
        "endTimestamp": sampled_at,
        "data": flame_graph(loads, str(call.query_value("type", "full")), call.cluster.release),
    }
