"""How the adaptive scheduler makes do with the slots there are, and takes more when they come.

A job wants its upper bounds. Before it runs it waits in CREATED (WaitingForResources): not at all if the slots are
there, else for the stabilization timeout if its lower bounds can be met, at most for the resource timeout. While it
runs (Executing, DefaultStateTransitionManager), slots that come lead to a rescale: after the cool-down, at once if
all that is wanted is there, else when it has been stable. Seen so with 2.3.0: one slot where two were wanted, ten
seconds in CREATED, a second task manager, and a rescale NEW_RESOURCE_AVAILABLE with the requirements of before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flinkmock.cluster import rescaling
from flinkmock.cluster.rescaling import RequirementsChange
from flinkmock.flink.configuration import (
    RESCALE_COOLDOWN,
    RESCALE_STABILIZATION,
    SUBMISSION_STABILIZATION,
    SUBMISSION_WAIT,
)

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.cluster.job import Job

NEW_RESOURCES = "NEW_RESOURCE_AVAILABLE"


def ready(cluster: Cluster, job: Job, at: int) -> bool:
    """Whether a job that is CREATED can have all that it wants; it has that parallelism then."""
    best = rescaling.best_parallelisms(cluster, job, at)
    if best != rescaling.wanted(job):
        return False
    rescaling.fit(job, best)
    return True


def wait(cluster: Cluster, job: Job, at: int) -> None:
    """It stays CREATED until there are slots, or for as long as it has the patience."""
    cluster.jobs_awaiting_slots.append(job.id)
    _settle_later(cluster, job, at)
    patience = cluster.configuration.milliseconds(SUBMISSION_WAIT)
    cluster.event_queue.schedule(at + patience, "slots_never_came", job.id, job.lifecycle_version)


def settle_for_less(cluster: Cluster, job: Job, at: int) -> bool:
    """Whether a waiting job can run at all with what there is; it has that parallelism then."""
    best = rescaling.best_parallelisms(cluster, job, at)
    if best is None:
        return False
    rescaling.fit(job, best)
    return True


def slots_came(cluster: Cluster, at: int) -> None:
    """Slots are free: jobs that wait go on, those that run see whether they can have more."""
    for job in [job for job in cluster.jobs.values() if not job.ended and cluster.uses_adaptive_scheduler(job.spec)]:
        if job.id in cluster.jobs_awaiting_slots and job.state == "CREATED":
            if ready(cluster, job, at):
                cluster.state_machines.on_slots_available(job, at)
            else:
                _settle_later(cluster, job, at)
        elif job.state == "RUNNING" and job.attempts[-1].deployed_at is not None:
            _grow(cluster, job, at)


def _settle_later(cluster: Cluster, job: Job, at: int) -> None:
    stable = cluster.configuration.milliseconds(SUBMISSION_STABILIZATION)
    cluster.event_queue.schedule(at + stable, "settle_for_less", job.id, job.lifecycle_version)


def _grow(cluster: Cluster, job: Job, at: int) -> None:
    """A rescale falls due, unless one does already or nothing would change."""
    present, wanted = [vertex.parallelism for vertex in job.graph.vertices], rescaling.wanted(job)
    if present == wanted or any(
        change.ended_at is None and change.attempt_number is None for change in job.requirements_changes
    ):
        return
    best = rescaling.best_parallelisms(cluster, job, at)
    if best is None or best == present:
        return
    job.requirements_changes.append(RequirementsChange(at, cause=NEW_RESOURCES))
    deployed = job.attempts[-1].deployed_at or at
    due = max(at, deployed + cluster.configuration.milliseconds(RESCALE_COOLDOWN))
    if best != wanted:
        due += cluster.configuration.milliseconds(RESCALE_STABILIZATION)
    cluster.event_queue.schedule(due, "rescale", job.id, len(job.requirements_changes))
