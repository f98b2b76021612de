"""The adaptive scheduler's parallelism: bounds that clients set, and the rescales that follow from them.

A change of the bounds takes effect when the cool-down after the last rescale is over: the job restarts with as many
subtasks as bounds and slots allow (recording 2.3.0-adaptive for the bounds; the real rescale is from Flink's sources,
`runtime.scheduler.adaptive`). What slots that come and go do by themselves is told in `adaptive.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.states import GLOBALLY_TERMINAL
from flinkmock.flink import messages
from flinkmock.flink.configuration import RESCALE_COOLDOWN
from flinkmock.flink.java_format import hash_order, id_hash

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.cluster.job import Job
    from flinkmock.cluster.job_attempt import JobAttempt

Bounds = Mapping[str, tuple[int, int]]
"""Vertex id -> (lower, upper)."""
UPDATED = "UPDATE_REQUIREMENT"
RETRY_MS = 1_000
"""How long a rescale waits that falls due while the job is not running."""


@dataclass(slots=True)
class RequirementsChange:
    """A change of the bounds, or of the slots there are, at `at` (epoch ms). `ended_at` and `reason` are set if no
    rescale comes of it, `attempt_number` is the number of the run that it led to."""

    at: int
    cause: str = UPDATED
    ended_at: int | None = None
    reason: str | None = None
    attempt_number: int | None = None


@dataclass(frozen=True, slots=True)
class Rescale:
    """One entry of the rescale history. Times are epoch ms; `ended_at`, `state` and `reason` are None until it ends,
    `job_attempt` is None while it is not known, and if nothing came of it."""

    number: int
    version: int
    """How many times the bounds had been changed before."""
    attempt_number: int
    """The how-manieth with these bounds."""
    cause: str
    started_at: int
    ended_at: int | None
    state: str | None
    reason: str | None
    job_attempt: JobAttempt | None


def java_vertex_order(vertex_ids: Iterable[str]) -> list[str]:
    """The order in which Java's HashMap gives back JobVertexIDs, as requirements and rescales are listed."""
    return hash_order(vertex_ids, id_hash)


def parallelism_bounds_of(job: Job) -> dict[str, tuple[int, int]]:
    """Those last set; before that, one to what the program says."""
    usual = {vertex.id: (1, job.spec.vertices[vertex.index].parallelism) for vertex in job.graph.vertices}
    return usual | job.parallelism_bounds


def mistakes(job: Job, wanted: Bounds) -> list[str]:
    """What JobResourceRequirements.validate finds. -1 stands for the least and for the most there can be."""
    found = []
    for vertex_id in java_vertex_order(wanted):
        vertex = job.graph.by_id.get(vertex_id)
        if vertex is None:
            found.append(messages.vertex_not_in_job_graph(vertex_id))
            continue
        most = vertex.spec.max_parallelism
        lower, upper = _explicit(wanted[vertex_id], most)
        if lower <= 0 or upper <= 0:
            found.append(messages.bounds_not_positive(vertex_id, lower, upper))
            continue
        if lower > upper:
            found.append(messages.lower_bound_too_high(vertex_id, lower, upper))
        if most < upper:
            found.append(messages.above_max_parallelism(vertex_id, upper, most))
    missing = java_vertex_order(vertex.id for vertex in job.graph.vertices if vertex.id not in wanted)
    found += [messages.missing_requirements(id) for id in missing]
    return found


def _explicit(bounds: tuple[int, int], most: int) -> tuple[int, int]:
    lower, upper = bounds
    return 1 if lower == -1 else lower, most if upper == -1 else upper


def update(cluster: Cluster, job: Job, wanted: Bounds, at: int) -> None:
    """Sets the bounds, which must be without mistakes; a rescale follows after the cool-down."""
    for earlier in job.requirements_changes:
        if earlier.ended_at is None and earlier.attempt_number is None:
            earlier.ended_at, earlier.reason = at, "RESOURCE_REQUIREMENTS_UPDATED"
    job.parallelism_bounds = {
        vertex.id: _explicit(wanted[vertex.id], vertex.spec.max_parallelism) for vertex in job.graph.vertices
    }
    job.requirements_changes.append(RequirementsChange(at))
    run = job.attempt_at(at)
    since = run.deployed_at if run is not None and run.deployed_at is not None else at
    due = max(at, since + cluster.configuration.milliseconds(RESCALE_COOLDOWN))
    cluster.event_queue.schedule(due, "rescale", job.id, len(job.requirements_changes))


def carry_out(cluster: Cluster, job_id: str, version: int, at: int) -> None:
    """Agenda: the cool-down of a change is over."""
    job = cluster.jobs[job_id]
    if version != len(job.requirements_changes):
        return
    change = job.requirements_changes[-1]
    if job.ended:
        change.ended_at, change.reason = at, _end_of(job.state)
    elif job.state != "RUNNING" or job.attempts[-1].deployed_at is None:
        cluster.event_queue.schedule(at + RETRY_MS, "rescale", job_id, version)
    else:
        best = best_parallelisms(cluster, job, at)
        if best is None or best == [vertex.parallelism for vertex in job.graph.vertices]:
            change.ended_at, change.reason = at, "NO_RESOURCES_OR_PARALLELISMS_CHANGE"
            return
        takes = cluster.random.draw(cluster.operation_spec(job, "rescale").duration, "rescale", job.id, version)
        change.attempt_number = len(job.attempts)
        cluster.state_machines.rescale(job, _graph_with(job, best), takes or 0, at)


def wanted(job: Job) -> list[int]:
    """The upper bounds, vertex by vertex."""
    bounds = parallelism_bounds_of(job)
    return [bounds[vertex.id][1] for vertex in job.graph.vertices]


def fit(job: Job, parallelisms: list[int]) -> None:
    """A job that does not run yet is to run so."""
    if parallelisms != [vertex.parallelism for vertex in job.graph.vertices]:
        job.change_graph(_graph_with(job, parallelisms))
        job.attempts[-1].change_graph(job.graph)


def _graph_with(job: Job, parallelisms: list[int]) -> JobGraph:
    vertices = tuple(
        dataclasses.replace(vertex.spec, parallelism=parallelism)
        for vertex, parallelism in zip(job.graph.vertices, parallelisms, strict=True)
    )
    return JobGraph(dataclasses.replace(job.spec, vertices=vertices))


def best_parallelisms(cluster: Cluster, job: Job, at: int) -> list[int] | None:
    """As many subtasks as bounds and slots allow, vertex by vertex; None if not even the lower bounds can be met."""
    bounds = parallelism_bounds_of(job)
    slots = len(cluster.slots.held(at, job_id=job.id))
    slots += sum(cluster.slots.free_slots(taskmanager, at) for taskmanager in cluster.taskmanagers_at(at))
    least: dict[str, int] = {}
    most: dict[str, int] = {}
    for vertex in job.graph.vertices:
        group = vertex.spec.slot_sharing_group
        least[group] = max(least.get(group, 0), bounds[vertex.id][0])
        most[group] = max(most.get(group, 0), bounds[vertex.id][1])
    left = slots - sum(least.values())
    if left < 0:
        return None
    given = {}
    for group in least:
        more = min(left, most[group] - least[group])
        given[group] = least[group] + more
        left -= more
    return [min(bounds[vertex.id][1], given[vertex.spec.slot_sharing_group]) for vertex in job.graph.vertices]


def history_at(job: Job, time: int) -> list[Rescale]:
    """All rescales that have begun by `time`, oldest first: one for each run, and those that came to nothing."""
    led_to = {change.attempt_number: change for change in job.requirements_changes if change.attempt_number is not None}
    begun: list[tuple[int, str, JobAttempt | None, RequirementsChange | None]] = []
    for run in job.attempts:
        change = led_to.pop(run.number, None)
        begun.append((_start(job, run, change), _cause(run, change), run, change))
    unfinished = (
        change
        for change in job.requirements_changes
        if change.attempt_number is None or change.attempt_number in led_to
    )
    begun += [(change.at, change.cause, None, change) for change in unfinished]
    rescales: list[Rescale] = []
    for at, cause, ran, change in sorted(begun, key=lambda entry: entry[0]):
        if at > time:
            continue
        version = sum(change.at <= at and change.cause == UPDATED for change in job.requirements_changes)
        attempt = 1 + sum(rescale.version == version for rescale in rescales)
        ended_at, state, reason = _ending(job, ran, change, time)
        rescales.append(Rescale(len(rescales), version, attempt, cause, at, ended_at, state, reason, ran))
    return rescales


def _cause(run: JobAttempt, change: RequirementsChange | None) -> str:
    if change is not None:
        return change.cause
    return "INITIAL_SCHEDULE" if run.number == 0 else "RECOVERABLE_FAILOVER"


def _start(job: Job, run: JobAttempt, change: RequirementsChange | None) -> int:
    if change is not None:
        return change.at
    if run.number == 0:
        return job.submitted_at
    failed = (at for at, state in job.states if state == "RESTARTING" and at <= run.created_at)
    return max(failed, default=run.created_at)


def _ending(
    job: Job, run: JobAttempt | None, change: RequirementsChange | None, time: int
) -> tuple[int | None, str | None, str | None]:
    """When and how a rescale ended, as known at `time`."""
    if run is not None and run.deployed_at is not None:
        if run.deployed_at <= time:
            return run.deployed_at, "COMPLETED", "SUCCEEDED"
    elif run is not None and run.outcome is not None and run.outcome.at <= time:
        reason = "JOB_FAILOVER_RESTARTING" if job.ended_at(time) is None else _end_of(job.state_at(time))
        return run.outcome.at, "IGNORED", reason
    elif change is not None and change.ended_at is not None and change.ended_at <= time:
        return change.ended_at, "IGNORED", change.reason
    return None, None, None


def _end_of(state: str) -> str:
    """TerminatedReason of a job that has ended; there is none for a suspended one."""
    return f"JOB_{state}" if state in GLOBALLY_TERMINAL else "JOB_FAILED"
