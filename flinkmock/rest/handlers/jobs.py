"""Jobs: the lists, one job's details, its plan, configuration and status."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

from flinkmock.cluster.cluster import Cluster
from flinkmock.cluster.execution import Execution, vertex_status
from flinkmock.cluster.graph import Vertex
from flinkmock.cluster.job import Job
from flinkmock.cluster.spec import RestartStrategy
from flinkmock.cluster.states import JOB_STATES, TASK_STATES, JobState, TaskState
from flinkmock.flink.java_format import MAX_INT, duration_text
from flinkmock.flink.options import OBJECT_REUSE
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers.io_metrics import IoMetrics
from flinkmock.rest.handlers.lookup import job_and_time, shows_vertices
from flinkmock.rest.handlers.plan import plan_payload, topological_plan_order
from flinkmock.rest.handlers.stream_graph import stream_graph_payload

CLUSTER_LEVEL_STRATEGY = "Cluster level default restart strategy"
_ZEROS_OF_SPARSE_JOBS = dict.fromkeys((JobState.CREATED, JobState.CANCELLING, JobState.CANCELED), 0)
"""Timestamps of jobs that Flink shows without tasks: it has those of INITIALIZING and of failures only."""
_MAX_BACKOFF_MS, _BACKOFF_RESET_MS = 60_000, 3_600_000
"""Defaults of `restart-strategy.exponential-delay.max-backoff` and `.reset-backoff-threshold`."""


def scheduler_type(job: Job) -> str:
    """Return `schedulerType`."""
    if job.is_adaptive:
        return "Adaptive"
    return "AdaptiveBatch" if job.spec.type == "BATCH" else "Default"


def overview_payload(job: Job, now: int, release: Release) -> dict[str, Any]:
    """Return a job as `/jobs/overview` and `/applications/:id` list it."""
    counts = job.task_counts_at(now)
    end = job.end_time_at(now)
    duration_end = now if end == -1 else end
    if job.state_at(now) == JobState.SUSPENDED and not release.since("2.3"):
        duration_end = job.ended_at(now) or now  # FileExecutionGraphInfoStore keeps the entry
    return {
        "jid": job.id,
        "name": job.name,
        "jobType": job.spec.type,
        "schedulerType": scheduler_type(job) if job.has_graph_at(now) else None,
        "start-time": job.submitted_at,
        "end-time": end,
        "duration": duration_end - job.submitted_at,
        "state": job.state_at(now),
        "last-modification": job.last_modification(now),
        "tasks": {"total": sum(counts.values())} | {state.lower(): counts[state] for state in TASK_STATES},
        "pending-operators": job.pending_operator_count_at(now),
    }


def jobs_in_order(cluster: Cluster, time: int) -> list[Job]:
    """Return the jobs that the cluster knows at `time`: since 2.3 newest first, before in the order of submission."""
    jobs = [job for job in cluster.jobs.values() if job.is_known_at(time)]
    return sorted(jobs, key=lambda job: -job.submitted_at) if cluster.release.since("2.3") else jobs


@handles("getJobIdsWithStatusesOverview")
def ids(call: RestCall) -> Payload:
    return {"jobs": [{"id": job.id, "status": job.state_at(call.now)} for job in jobs_in_order(call.cluster, call.now)]}


@handles("getJobsOverview")
def overview(call: RestCall) -> Payload:
    def entry(job: Job) -> Payload:
        return call.part(job.id, (job, job.version), lambda now: overview_payload(job, now, call.cluster.release))

    return {"jobs": call.parts(entry, jobs_in_order(call.cluster, call.now))}


@handles("getJobStatusInfo")
def status(call: RestCall) -> Payload:
    return {"status": call.cluster.job(call.path["jobid"], call.now).state_at(call.now)}


@handles("getJobDetails")
def details(call: RestCall) -> Payload:
    job, time = job_and_time(call)
    end = job.end_time_at(time)
    has_graph = job.has_graph_at(time)
    lacks_slots = job.lacks_first_slots_at(time)
    vertices = job.vertices_at(time) if shows_vertices(call, job, time) else []
    if lacks_slots and vertices:
        vertices = topological_plan_order(job.graph)
    rows = job.executions_at(time)
    io = IoMetrics(call, job, time)
    task_states = [tuple(execution.state_at(time) for execution in row) for row in rows]
    statuses = [vertex_status(states) for states in task_states]

    def entry(vertex: Vertex) -> Payload:
        row, status = rows[vertex.index], statuses[vertex.index]
        task_counts = _counts(call, f"tasks of {vertex.index}", task_states[vertex.index])
        if not call.caches.enabled:  # all values are current
            return vertex_payload(job, vertex, row, status, task_counts, io.payload(row), time, call.now)
        metrics = call.fixed_part(f"metrics of {vertex.index}", io.version, lambda: io.payload(row))
        return call.part(
            f"vertex {vertex.index}",
            io.version,
            lambda now: vertex_payload(job, vertex, row, status, task_counts, metrics, time, now),
        )

    timestamps = dict.fromkeys(JOB_STATES, 0) | job.timestamps_at(time)
    if job.is_sparse_at(time):
        timestamps |= _ZEROS_OF_SPARSE_JOBS
    plan = partial(_plan, call, job, time)
    plan_version = (job, job.graph_at(time), job.is_sparse_at(time), job.undecided_indexes_at(time))
    return {
        "jid": job.id,
        "application-id": None if job.is_sparse_at(time) else job.application_id,
        "name": job.name,
        "isStoppable": False,
        "state": job.state_at(time),
        "job-type": job.spec.type,
        "schedulerType": scheduler_type(job) if has_graph else None,
        "start-time": job.submitted_at,
        "end-time": end,
        "duration": (end if end > 0 else call.now) - job.submitted_at,
        "maxParallelism": -1 if job.is_sparse_at(time) else job.spec.max_parallelism,
        "now": call.now,
        "timestamps": timestamps,
        "vertices": [entry(vertex) for vertex in vertices],
        "status-counts": _counts(call, "status-counts", tuple(statuses[vertex.index] for vertex in vertices)),
        "plan": plan() if job.graph_grows else call.fixed_part("plan", plan_version, plan),
        **({"stream-graph": stream_graph_payload(job, time)} if job.graph_grows and has_graph else {}),
        "pending-operators": job.pending_operator_count_at(time) if has_graph else 0,
    }


def vertex_payload(
    job: Job,
    vertex: Vertex,
    row: Sequence[Execution],
    status: TaskState,
    task_counts: Payload,
    metrics: Payload,
    time: int,
    now: int,
) -> dict[str, Any]:
    """Return a vertex in the details of its job.

    Args:
        job: The job.
        vertex: The vertex.
        row: The executions of the vertex's subtasks; empty before the first job attempt.
        status: The aggregated state of the subtasks.
        task_counts: The number of subtasks in each state.
        metrics: The sums of the subtasks' I/O metrics.
        time: The time of the job's cached graph, in epoch ms.
        now: The current time, in epoch ms.
    """
    return {
        "id": vertex.id,
        "slotSharingGroupId": slot_sharing_group_id(job, vertex.spec.slot_sharing_group),
        "name": vertex.name,
        "maxParallelism": vertex.spec.max_parallelism,
        "parallelism": vertex.parallelism,
        "status": status,
        **time_span_payload(row, time, now),
        "tasks": task_counts,
        "metrics": metrics,
    }


def slot_sharing_group_id(job: Job, group: str) -> str:
    """Return an id of 32 hex digits, which is equal for all vertices of a group and different for each job."""
    return _slot_sharing_group_id(job.id, group)


@lru_cache(maxsize=1024)
def _slot_sharing_group_id(job_id: str, group: str) -> str:
    return NamedRandom(0).hex(32, "slot-sharing-group", job_id, group)


def time_span_payload(executions: Sequence[Execution], time: int, now: int) -> dict[str, int]:
    """Return start-time, end-time and duration of several subtasks (JobDetailsHandler.createJobVertexDetailsInfo)."""
    starts = [start for execution in executions if (start := execution.started_at(time)) is not None]
    if not starts:
        return {"start-time": -1, "end-time": -1, "duration": -1}
    start = min(starts)
    ends = [end for execution in executions if (end := execution.ended_at(time)) is not None]
    if len(ends) < len(executions):
        return {"start-time": start, "end-time": -1, "duration": now - start}
    end = max(ends)
    return {"start-time": start, "end-time": end, "duration": end - start}


def _counts(call: RestCall, key: str, states: tuple[TaskState, ...]) -> Payload:
    """Return the number of tasks in each state, as a part of the response."""
    return call.fixed_part(key, states, lambda: {state: states.count(state) for state in TASK_STATES})


def _plan(call: RestCall, job: Job, time: int) -> dict[str, Any]:
    cluster = call.cluster
    # before 2.1, ArchivedExecutionGraph.createSparseArchivedExecutionGraph writes an empty object
    if job.is_sparse_at(time):
        return {"jid": "", "name": "", "type": "", "nodes": []} if cluster.release.since("2.1") else {}
    vertices = job.vertices_at(time)
    # the adaptive scheduler sorts the graph (observed on 2.3.0); a batch job's graph begins with its sources
    if not job.is_adaptive and not job.graph_grows:
        vertices = [vertices[vertex.index] for vertex in topological_plan_order(job.graph)]
    return plan_payload(job.id, job.name, job.spec.type, job.graph, cluster.release, vertices)


@handles("getJobPlan")
def plan(call: RestCall) -> Payload:
    job, time = job_and_time(call)
    return {"plan": _plan(call, job, time)}


@handles("getJobConfig")
def config(call: RestCall) -> Payload:
    job, time = job_and_time(call)
    is_sparse = job.is_sparse_at(time)
    strategy = restart_strategy_text(job.spec.restart, call.cluster.release)
    reuses_objects = job.spec.object_reuse or call.cluster.configuration.boolean(OBJECT_REUSE)
    return {
        "jid": job.id,
        "name": job.name,
        "execution-config": {
            "execution-mode": "PIPELINED",
            "restart-strategy": CLUSTER_LEVEL_STRATEGY if is_sparse else strategy,
            "job-parallelism": 1 if is_sparse else job.spec.parallelism,
            "object-reuse-mode": reuses_objects and not is_sparse,
            "user-config": {} if is_sparse else dict(job.spec.user_config),
        },
    }


def restart_strategy_text(strategy: RestartStrategy, release: Release) -> str:
    """Return the text of `restart-strategy`.

    1.19 and 1.20 read the strategy from the configuration, but describe only strategies set in code, so they always
    name the cluster's strategy. See docs/flink-behaviour.md#job-configuration.
    """
    if not strategy.configured_by_job or (release.since("1.19") and not release.since("2.0")):
        return CLUSTER_LEVEL_STRATEGY
    if strategy.kind == "none":
        return "Restart deactivated."
    if strategy.kind == "exponential-delay":
        initial = duration_text(strategy.delay, release)
        maximum = duration_text(_MAX_BACKOFF_MS, release)
        reset = duration_text(_BACKOFF_RESET_MS, release)
        return (
            f"Restart with exponential delay: starting at {initial}, increasing by 1.5, with "
            f"maximum {maximum}. Delay resets after {reset} with jitter 0.1"
        )
    if strategy.kind == "failure-rate":
        interval, delay = (duration_text(ms, release) for ms in (strategy.interval, strategy.delay))
        return (
            f"Failure rate restart with maximum of {strategy.attempts} failures within interval {interval} and fixed "
            f"delay {delay}."
        )
    attempts = MAX_INT if strategy.attempts is None else strategy.attempts
    return f"Restart with fixed delay ({duration_text(strategy.delay, release)}). #{attempts} restart attempts."
