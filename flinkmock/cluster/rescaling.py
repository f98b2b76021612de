"""Parallelism bounds of a job, and the history of its rescales.

The bounds are those observed on 2.3.0, see docs/flink-behaviour.md#adaptive-scheduler. The history follows the rescale
classes of Flink's `runtime.scheduler.adaptive`. `adaptive_scheduler.py` decides when a job is rescaled.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.job import Job, ParallelismBounds, RescaleCause, ResourceChange
from flinkmock.cluster.job_attempt import JobAttempt
from flinkmock.cluster.states import GLOBALLY_TERMINAL, JobState
from flinkmock.flink import messages
from flinkmock.flink.java_format import hash_order, id_hash

UNSET = -1
"""A bound that a request leaves open (JobVertexResourceRequirements.Parallelism)."""


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
        version: How many times the bounds had changed when the rescale started.
        number_in_version: The number of the rescale since the bounds last changed, from 1.
        cause: The cause.
        started_at: When it started.
        ended_at: When it ended; None while it is in progress.
        state: How it ended; None while it is in progress.
        reason: Why it ended (Flink's `TerminatedReason`); None while it is in progress.
        job_attempt: The job attempt that it creates; None if it creates none, or if that is unknown.
    """

    number: int
    version: int
    number_in_version: int
    cause: RescaleCause
    started_at: int
    ended_at: int | None
    state: RescaleState | None
    reason: str | None
    job_attempt: JobAttempt | None


def java_vertex_order(vertex_ids: Iterable[str]) -> list[str]:
    """Sort vertex ids as Java's HashMap orders JobVertexIDs. Requirements and rescales are listed in this order."""
    return hash_order(vertex_ids, id_hash)


def parallelism_bounds_of(job: Job) -> dict[str, ParallelismBounds]:
    """Return the bounds that were set last, by vertex id. By default they are from 1 to the program's parallelism.

    In reactive mode, the upper bound is the maximum parallelism (AdaptiveScheduler).
    """
    default = {}
    for vertex in job.graph.vertices:
        spec = job.spec.vertices[vertex.index]
        default[vertex.id] = ParallelismBounds(1, spec.max_parallelism if job.is_reactive else spec.parallelism)
    return default | job.parallelism_bounds


def desired_parallelism(job: Job) -> list[int]:
    """Return the upper bounds, vertex by vertex."""
    bounds = parallelism_bounds_of(job)
    return [bounds[vertex.id].upper for vertex in job.graph.vertices]


def bounds_errors(job: Job, bounds: Mapping[str, ParallelismBounds]) -> list[str]:
    """Return the messages of the errors that JobResourceRequirements.validate finds in `bounds`, given by vertex id."""
    errors = []
    for vertex_id in java_vertex_order(bounds):
        vertex = job.graph.by_id.get(vertex_id)
        if vertex is None:
            errors.append(messages.vertex_not_in_job_graph(vertex_id))
            continue
        max_parallelism = vertex.spec.max_parallelism
        lower, upper = _without_unset(bounds[vertex_id], max_parallelism)
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


def set_bounds(job: Job, bounds: Mapping[str, ParallelismBounds]) -> None:
    """Set `bounds`: vertex id -> valid new bounds."""
    job.parallelism_bounds = {
        vertex.id: _without_unset(bounds[vertex.id], vertex.spec.max_parallelism) for vertex in job.graph.vertices
    }


def _without_unset(bounds: ParallelismBounds, max_parallelism: int) -> ParallelismBounds:
    """Return bounds with the lowest and highest possible value instead of `UNSET`."""
    return ParallelismBounds(
        lower=1 if bounds.lower == UNSET else bounds.lower,
        upper=max_parallelism if bounds.upper == UNSET else bounds.upper,
    )


def best_parallelism(job: Job, slot_count: int) -> list[int] | None:
    """Return the highest parallelism that the bounds and the number of slots allow, vertex by vertex.

    Returns:
        None if there are not enough slots for the lower bounds.
    """
    bounds = parallelism_bounds_of(job)
    lowest: dict[str, int] = {}
    highest: dict[str, int] = {}
    for vertex in job.graph.vertices:
        group = vertex.spec.slot_sharing_group
        lowest[group] = max(lowest.get(group, 0), bounds[vertex.id].lower)
        highest[group] = max(highest.get(group, 0), bounds[vertex.id].upper)
    slots_left = slot_count - sum(lowest.values())
    if slots_left < 0:
        return None
    slot_count_by_group = {}
    for group in lowest:
        additional = min(slots_left, highest[group] - lowest[group])
        slot_count_by_group[group] = lowest[group] + additional
        slots_left -= additional
    return [
        min(bounds[vertex.id].upper, slot_count_by_group[vertex.spec.slot_sharing_group])
        for vertex in job.graph.vertices
    ]


def apply_parallelism(job: Job, parallelism: list[int]) -> None:
    """Set the parallelism of each vertex of a job whose newest attempt does not run yet."""
    if parallelism != [vertex.parallelism for vertex in job.graph.vertices]:
        job.change_graph(graph_with(job, parallelism))
        job.attempts[-1].change_graph(job.graph)


def graph_with(job: Job, parallelism: list[int]) -> JobGraph:
    """Return the job's graph with this parallelism of each vertex."""
    vertices = tuple(
        dataclasses.replace(vertex.spec, parallelism=number)
        for vertex, number in zip(job.graph.vertices, parallelism, strict=True)
    )
    return JobGraph(dataclasses.replace(job.spec, vertices=vertices))


def history_at(job: Job, time: int) -> list[Rescale]:
    """Return the rescales started by `time` (epoch ms), oldest first.

    There is one for each attempt, and one for each change that led to no attempt.
    """
    change_by_attempt = {
        change.job_attempt_number: change for change in job.resource_changes if change.job_attempt_number is not None
    }
    starts = [_start_of_attempt(job, attempt, change_by_attempt.get(attempt.number)) for attempt in job.attempts]
    starts += [
        _Start(change.at, change.cause, None, change)
        for change in job.resource_changes
        if change.job_attempt_number is None or change.job_attempt_number >= len(job.attempts)
    ]
    rescales: list[Rescale] = []
    for start in sorted(starts, key=lambda start: start.at):
        if start.at > time:
            break
        version = sum(
            change.at <= start.at and change.cause == RescaleCause.UPDATE_REQUIREMENT for change in job.resource_changes
        )
        end = _end_of(job, start, time)
        rescales.append(
            Rescale(
                number=len(rescales),
                version=version,
                number_in_version=1 + sum(rescale.version == version for rescale in rescales),
                cause=start.cause,
                started_at=start.at,
                ended_at=end.at if end else None,
                state=end.state if end else None,
                reason=end.reason if end else None,
                job_attempt=start.attempt,
            )
        )
    return rescales


class _Start(NamedTuple):
    """The start of a rescale, with the job attempt that it creates and the change that caused it, if known."""

    at: int
    cause: RescaleCause
    attempt: JobAttempt | None
    change: ResourceChange | None


class _End(NamedTuple):
    """The end of a rescale."""

    at: int
    state: RescaleState
    reason: str | None


def _start_of_attempt(job: Job, attempt: JobAttempt, change: ResourceChange | None) -> _Start:
    if change is not None:
        return _Start(change.at, change.cause, attempt, change)
    if attempt.number == 0:
        return _Start(job.submitted_at, RescaleCause.INITIAL_SCHEDULE, attempt, None)
    restarting_at = job.timestamps_at(attempt.created_at).get(JobState.RESTARTING, attempt.created_at)
    return _Start(restarting_at, RescaleCause.RECOVERABLE_FAILOVER, attempt, None)


def _end_of(job: Job, start: _Start, time: int) -> _End | None:
    """Return the end of a rescale; None if it is in progress at `time`."""
    attempt, change = start.attempt, start.change
    outcome = None if attempt is None else attempt.outcome
    deployed_at = None if attempt is None else attempt.deployed_at
    if deployed_at is not None and (outcome is None or deployed_at <= outcome.at):
        if deployed_at <= time:
            return _End(deployed_at, RescaleState.COMPLETED, "SUCCEEDED")
    elif outcome is not None and outcome.at <= time:
        has_ended = attempt is job.attempts[-1] and job.ended_at(time) is not None
        reason = terminated_reason(job.state_at(time)) if has_ended else "JOB_FAILOVER_RESTARTING"
        return _End(outcome.at, RescaleState.IGNORED, reason)
    elif change is not None and change.ended_at is not None and change.ended_at <= time:
        return _End(change.ended_at, RescaleState.IGNORED, change.reason)
    return None


def terminated_reason(state: JobState) -> str:
    """Return the `TerminatedReason` of a rescale whose job has ended; of a suspended job, JOB_FAILED."""
    return f"JOB_{state}" if state in GLOBALLY_TERMINAL else "JOB_FAILED"
