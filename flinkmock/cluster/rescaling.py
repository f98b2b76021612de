"""Parallelism bounds of a job, and the history of its rescales.

The bounds are those observed on 2.3.0, see docs/flink-behaviour.md#adaptive-scheduler. The history follows the rescale
classes of Flink's `runtime.scheduler.adaptive`. `adaptive_scheduler.py` decides when a job is rescaled.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.job import Job, RequirementsChange, RescaleCause
from flinkmock.cluster.job_attempt import JobAttempt
from flinkmock.cluster.states import GLOBALLY_TERMINAL, JobState
from flinkmock.flink import messages
from flinkmock.flink.java_format import hash_order, id_hash

Bounds = Mapping[str, tuple[int, int]]
"""Vertex id -> (lower, upper) bound."""


class RescaleState(StrEnum):
    """Flink's `TerminalState` of a rescale."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    IGNORED = "IGNORED"


@dataclass(frozen=True, slots=True)
class Rescale:
    """One entry of the rescale history. Times are epoch ms.

    Attributes:
        number: The position in the history, from 0.
        version: The number of earlier changes of the bounds.
        attempt_number: The number of the rescale among those of one version, from 1.
        ended_at: When it ended; None while it is in progress. `state` and `reason` are then None too.
        job_attempt: The job attempt that it creates; None if it creates none, or if that is unknown.
    """

    number: int
    version: int
    attempt_number: int
    cause: RescaleCause
    started_at: int
    ended_at: int | None
    state: RescaleState | None
    reason: str | None
    job_attempt: JobAttempt | None


def java_vertex_order(vertex_ids: Iterable[str]) -> list[str]:
    """Sort vertex ids as Java's HashMap orders JobVertexIDs; requirements and rescales are listed that way."""
    return hash_order(vertex_ids, id_hash)


def parallelism_bounds_of(job: Job) -> dict[str, tuple[int, int]]:
    """Return the bounds that were set last. By default they are from 1 to the parallelism of the program.

    In reactive mode, the upper bound is the maximum parallelism (AdaptiveScheduler).
    """
    specs = [(vertex.id, job.spec.vertices[vertex.index]) for vertex in job.graph.vertices]
    default = {id: (1, spec.max_parallelism if job.is_reactive else spec.parallelism) for id, spec in specs}
    return default | job.parallelism_bounds


def desired_parallelism(job: Job) -> list[int]:
    """Return the upper bounds, vertex by vertex."""
    bounds = parallelism_bounds_of(job)
    return [bounds[vertex.id][1] for vertex in job.graph.vertices]


def validate(job: Job, bounds: Bounds) -> list[str]:
    """Return the errors that JobResourceRequirements.validate finds in new bounds.

    A bound of -1 is replaced by the lowest or highest possible value.
    """
    errors = []
    for vertex_id in java_vertex_order(bounds):
        vertex = job.graph.by_id.get(vertex_id)
        if vertex is None:
            errors.append(messages.vertex_not_in_job_graph(vertex_id))
            continue
        max_parallelism = vertex.spec.max_parallelism
        lower, upper = _explicit(bounds[vertex_id], max_parallelism)
        if lower <= 0 or upper <= 0:
            errors.append(messages.bounds_not_positive(vertex_id, lower, upper))
            continue
        if lower > upper:
            errors.append(messages.lower_bound_too_high(vertex_id, lower, upper))
        if max_parallelism < upper:
            errors.append(messages.above_max_parallelism(vertex_id, upper, max_parallelism))
    missing = java_vertex_order(vertex.id for vertex in job.graph.vertices if vertex.id not in bounds)
    errors += [messages.missing_requirements(id) for id in missing]
    return errors


def set_bounds(job: Job, bounds: Bounds) -> None:
    """Set new bounds, which must be valid."""
    job.parallelism_bounds = {
        vertex.id: _explicit(bounds[vertex.id], vertex.spec.max_parallelism) for vertex in job.graph.vertices
    }


def _explicit(bounds: tuple[int, int], max_parallelism: int) -> tuple[int, int]:
    lower, upper = bounds
    return 1 if lower == -1 else lower, max_parallelism if upper == -1 else upper


def best_parallelism(job: Job, slots: int) -> list[int] | None:
    """Return the highest parallelism that the bounds and `slots` allow, vertex by vertex.

    Returns:
        None if there are not enough slots for the lower bounds.
    """
    bounds = parallelism_bounds_of(job)
    lowest: dict[str, int] = {}
    highest: dict[str, int] = {}
    for vertex in job.graph.vertices:
        group = vertex.spec.slot_sharing_group
        lowest[group] = max(lowest.get(group, 0), bounds[vertex.id][0])
        highest[group] = max(highest.get(group, 0), bounds[vertex.id][1])
    slots_left = slots - sum(lowest.values())
    if slots_left < 0:
        return None
    assigned = {}
    for group in lowest:
        additional = min(slots_left, highest[group] - lowest[group])
        assigned[group] = lowest[group] + additional
        slots_left -= additional
    return [min(bounds[vertex.id][1], assigned[vertex.spec.slot_sharing_group]) for vertex in job.graph.vertices]


def apply_parallelism(job: Job, parallelism: list[int]) -> None:
    """Change the parallelism of a job whose newest attempt does not run yet."""
    if parallelism != [vertex.parallelism for vertex in job.graph.vertices]:
        job.change_graph(graph_with(job, parallelism))
        job.attempts[-1].change_graph(job.graph)


def graph_with(job: Job, parallelism: list[int]) -> JobGraph:
    """Return the job's graph with another parallelism, vertex by vertex."""
    vertices = tuple(
        dataclasses.replace(vertex.spec, parallelism=number)
        for vertex, number in zip(job.graph.vertices, parallelism, strict=True)
    )
    return JobGraph(dataclasses.replace(job.spec, vertices=vertices))


def history_at(job: Job, time: int) -> list[Rescale]:
    """Return the rescales started by `time`, oldest first: one for each attempt, and those without effect."""
    change_of = {
        change.attempt_number: change for change in job.requirements_changes if change.attempt_number is not None
    }
    started: list[tuple[int, RescaleCause, JobAttempt | None, RequirementsChange | None]] = []
    for attempt in job.attempts:
        change = change_of.pop(attempt.number, None)
        started.append((_started_at(job, attempt, change), _cause(attempt, change), attempt, change))
    for change in job.requirements_changes:
        if change.attempt_number is None or change.attempt_number in change_of:
            started.append((change.at, change.cause, None, change))
    rescales: list[Rescale] = []
    for at, cause, job_attempt, change in sorted(started, key=lambda entry: entry[0]):
        if at > time:
            continue
        version = sum(
            change.at <= at and change.cause == RescaleCause.UPDATE_REQUIREMENT for change in job.requirements_changes
        )
        number = 1 + sum(rescale.version == version for rescale in rescales)
        end = _end(job, job_attempt, change, time)
        rescales.append(Rescale(len(rescales), version, number, cause, at, *end, job_attempt))
    return rescales


def _cause(attempt: JobAttempt, change: RequirementsChange | None) -> RescaleCause:
    if change is not None:
        return change.cause
    return RescaleCause.INITIAL_SCHEDULE if attempt.number == 0 else RescaleCause.RECOVERABLE_FAILOVER


def _started_at(job: Job, attempt: JobAttempt, change: RequirementsChange | None) -> int:
    if change is not None:
        return change.at
    if attempt.number == 0:
        return job.submitted_at
    return job.timestamps_at(attempt.created_at).get(JobState.RESTARTING, attempt.created_at)


def _end(
    job: Job, attempt: JobAttempt | None, change: RequirementsChange | None, time: int
) -> tuple[int | None, RescaleState | None, str | None]:
    """Return when and how a rescale ended, as known at `time`."""
    if attempt is not None and attempt.deployed_at is not None:
        if attempt.deployed_at <= time:
            return attempt.deployed_at, RescaleState.COMPLETED, "SUCCEEDED"
    elif attempt is not None and attempt.outcome is not None and attempt.outcome.at <= time:
        reason = "JOB_FAILOVER_RESTARTING" if job.ended_at(time) is None else terminated_reason(job.state_at(time))
        return attempt.outcome.at, RescaleState.IGNORED, reason
    elif change is not None and change.ended_at is not None and change.ended_at <= time:
        return change.ended_at, RescaleState.IGNORED, change.reason
    return None, None, None


def terminated_reason(state: JobState) -> str:
    """Return the `TerminatedReason` of a rescale whose job has ended. Flink has none for a suspended job."""
    return f"JOB_{state}" if state in GLOBALLY_TERMINAL else "JOB_FAILED"
