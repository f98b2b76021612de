"""What a job can be restored from, and whether it fits: savepoints, and checkpoints that were retained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flinkmock.cluster.checkpoints import Checkpoint, RestoredCheckpoint
from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.spec import JobSpec
from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.paths import shown_path

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.cluster.job import Job


@dataclass(frozen=True, slots=True)
class RestorableState:
    """What lies at a path. `operators` are ids of the vertices whose state it has, as far as their job names them."""

    restored: RestoredCheckpoint
    operators: tuple[str, ...]


def state_at(cluster: Cluster, path: str, at: int) -> RestorableState | None:
    """A savepoint, or the newest checkpoint that a job has retained there; None: there is nothing."""
    wanted = shown_path(path).removesuffix("/_metadata")
    savepoint = cluster.savepoints.savepoint_at(wanted, at)
    if savepoint is not None:
        return _state(savepoint, at)
    past = (job for term in cluster.leadership.past_terms for job in term.jobs.values())
    for job in (*past, *cluster.jobs.values()):
        for checkpoint in job.checkpoints.completed_at(at)[-1:]:
            if checkpoint.path == wanted and not is_discarded(job, at):
                return _state(checkpoint, at)
    return None


def is_discarded(job: Job, time: int) -> bool:
    """Whether even the newest checkpoint is gone: the job has ended and did not ask for it to be kept."""
    if job.ended_at(time) is None:
        return False
    retained = job.spec.checkpoints.retained if job.spec.checkpoints else None
    if retained == "retain":
        return job.state == "FINISHED"
    return retained is None or job.state in ("FINISHED", "CANCELED")


def missing_savepoint_error(path: str) -> JavaException:
    return JavaException(
        java_classes.FILE_NOT_FOUND_EXCEPTION,
        messages.no_savepoint(path),
    )


def _state(checkpoint: Checkpoint, at: int) -> RestorableState:
    return RestorableState(
        RestoredCheckpoint(checkpoint.id, at, checkpoint.is_savepoint, checkpoint.path), checkpoint.operators
    )


def misfit(state: RestorableState, spec: JobSpec, graph: JobGraph) -> JavaException | None:
    """Why a job can't take that state over without skipping some of it (Checkpoints.loadAndValidateCheckpoint). A job
    that names no vertex by id takes anything over: as in Flink, ids that nobody has set say nothing to the user."""
    if not any(vertex.id for vertex in spec.vertices):
        return None
    missing = next((operator for operator in state.operators if operator not in graph.by_id), None)
    if missing is None:
        return None
    return JavaException(
        java_classes.ILLEGAL_STATE_EXCEPTION,
        messages.state_not_restorable(state.restored.path, missing),
    )
