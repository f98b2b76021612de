"""The history of a cluster as JSON, for the timeline of the console."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from flinkmock.cluster.states import FAILURE_STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flinkmock.cluster.async_operations import AsyncOperation
    from flinkmock.cluster.checkpoint import Checkpoint
    from flinkmock.cluster.job import Job
    from flinkmock.engine import Engine

T = TypeVar("T")


def timeline_json(engine: Engine, limit: int) -> dict[str, Any]:
    """Return the timeline up to now. Times are epoch ms. The caller holds `engine.lock` and has run the due events.

    Args:
        limit: The maximum number of states and of checkpoints of each job, and of operations, fault hits, TaskManagers
            and leaders. The newest are returned.
    """
    now, cluster, leadership = engine.clock.now(), engine.cluster, engine.cluster.leadership
    jobs_by_id: dict[str, list[Job]] = {}
    for job in chain(*(term.jobs.values() for term in leadership.past_terms), cluster.jobs.values()):
        jobs_by_id.setdefault(job.id, []).append(job)
    terms = [(term.leader, term.since, term.until) for term in leadership.past_terms]
    if leadership.leader is not None:
        terms.append((leadership.leader.number, leadership.leader_since, None))
    exchanges = engine.journal.exchanges()
    operations = cluster.async_operations.unexpired_at(now)
    return {
        "jobs": [_job_json(jobs, now, limit) for jobs in jobs_by_id.values()],
        "operations": [_operation_json(operation, now) for operation in _last(operations, limit)],
        "fault-hits": [
            {"fault": hit.fault, "at": hit.time, "request": f"{hit.method} {hit.target}", "number": hit.number}
            for hit in _last([exchange for exchange in exchanges if exchange.fault is not None], limit)
        ],
        "taskmanagers": [
            {"id": taskmanager.id, "joined-at": taskmanager.joined_at, "lost-at": taskmanager.lost_at}
            for taskmanager in _last(cluster.taskmanagers.all, limit)
            if taskmanager.joined_at <= now
        ],
        "leaders": [
            {"jobmanager": leader, "since": since or None, "until": until}  # since 0: it is the first leader
            for leader, since, until in _last(terms, limit)
        ],
        "requests": exchanges[-1].number if exchanges else 0,
    }


def _job_json(jobs: Sequence[Job], now: int, limit: int) -> dict[str, Any]:
    """Return the entry of one job.

    Args:
        jobs: The job in each leadership term that had it, oldest first. They have the same id.
        now: The cluster time in epoch ms.
        limit: The maximum number of states, and of checkpoints.
    """
    newest = jobs[-1]
    states = [
        {"state": state, "at": at, "note": _reason(job, at) if state in FAILURE_STATES else None}
        for job in jobs
        for at, state in job.states
        if at <= now
    ]
    checkpoints = [checkpoint for job in jobs for checkpoint in reversed(job.checkpoints.history_at(now, limit))]
    return {
        "id": newest.id,
        "name": newest.name,
        "parallelism": max((vertex.parallelism for vertex in newest.graph.vertices), default=1),
        "states": _last(states, limit),
        "checkpoints": [_checkpoint_json(checkpoint, now) for checkpoint in _last(checkpoints, limit)],
    }


def _reason(job: Job, at: int) -> str | None:
    """Return the exception with which a job entered a failure state at `at` (epoch ms); None if there was none."""
    return next((str(failure.exception) for failure in job.failures if failure.at == at), None)


def _checkpoint_json(checkpoint: Checkpoint, now: int) -> dict[str, Any]:
    has_ended = checkpoint.ends_at <= now
    return {
        "id": checkpoint.id,
        "savepoint": checkpoint.is_savepoint,
        "triggered-at": checkpoint.triggered_at,
        "ended-at": checkpoint.ends_at if has_ended else None,
        "failure": checkpoint.failure if has_ended else None,
    }


def _operation_json(operation: AsyncOperation, now: int) -> dict[str, Any]:
    is_done = operation.is_done_at(now)
    return {
        "kind": operation.kind,
        "trigger-id": operation.trigger_id,
        "job": operation.job_id,
        "triggered-at": operation.triggered_at,
        "done-at": operation.done_at if is_done else None,
        "failure": str(operation.failure) if is_done and operation.failure is not None else None,
    }


def _last(entries: Sequence[T], limit: int) -> Sequence[T]:
    return entries[max(len(entries) - limit, 0) :]
