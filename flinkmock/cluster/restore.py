"""The state that a job is restored from: savepoints, and checkpoints that were retained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from flinkmock.cluster.checkpoint import Checkpoint, RestoredCheckpoint
from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.spec import JobSpec
from flinkmock.cluster.states import JobState
from flinkmock.flink import checkpoint_messages, java_classes
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.options import RETAINED_CHECKPOINTS
from flinkmock.flink.paths import qualified_path

if TYPE_CHECKING:
    from flinkmock.cluster.job import Job
    from flinkmock.cluster.savepoint_store import SavepointStore
    from flinkmock.flink.configuration import Configuration


@dataclass(frozen=True, slots=True)
class RestoreSettings:
    """Flink's `SavepointRestoreSettings`.

    Attributes:
        path: The path of a savepoint or a retained checkpoint. If neither exists there, the job fails during
            initialization, and stays in the list of jobs.
        allow_non_restored_state: Whether state without an operator in the job is skipped; otherwise the job fails.
        claims_state: Whether the job owns the savepoint (claimMode CLAIM), which is then deleted after the first
            checkpoint of the job.
    """

    path: str
    allow_non_restored_state: bool = False
    claims_state: bool = False


@dataclass(frozen=True, slots=True)
class RestorableState:
    """The state at a path, and the ids of the vertices whose state it contains, except generated ids."""

    restored: RestoredCheckpoint
    stateful_vertex_ids: tuple[str, ...]


def find_state(
    savepoints: SavepointStore,
    jobs: Iterable[Job],
    restore_settings: RestoreSettings,
    configuration: Configuration,
    at: int,
) -> RestorableState | None:
    """Return the state of the savepoint or retained checkpoint at the path; None if there is neither.

    Args:
        savepoints: The savepoints of the cluster.
        jobs: All jobs of the cluster, including those of former leaders.
        restore_settings: The path, and how the job is restored from it.
        configuration: The configuration of the cluster.
        at: Epoch ms.
    """
    path = qualified_path(restore_settings.path).removesuffix("/_metadata")
    savepoint = savepoints.find(path, at)
    if savepoint is not None:
        return _state(savepoint, restore_settings, at)
    for job in jobs:
        for checkpoint in retained_checkpoints(job, configuration, at):
            if checkpoint.path == path:
                return _state(checkpoint, restore_settings, at)
    return None


def retained_checkpoints(job: Job, configuration: Configuration, time: int) -> tuple[Checkpoint, ...]:
    """Return the checkpoints of a job that are not discarded at `time` (epoch ms), newest first, without savepoints.

    Args:
        job: The job.
        configuration: The configuration of the cluster, which limits the number of retained checkpoints.
        time: Epoch ms.
    """
    completed = job.checkpoints.completed_checkpoints_at(time)
    if not completed or _discards_all_checkpoints(job, time):
        return ()
    checkpoints = (checkpoint for checkpoint in reversed(completed) if not checkpoint.is_savepoint)
    return tuple(islice(checkpoints, max(1, configuration.integer(RETAINED_CHECKPOINTS))))


def _discards_all_checkpoints(job: Job, time: int) -> bool:
    """Return whether a job has ended by `time` (epoch ms) and retains none of its checkpoints."""
    if job.ended_at(time) is None:
        return False
    retained = job.spec.checkpoints.retained if job.spec.checkpoints else None
    if retained is None:
        return True
    if retained == "retain":
        return job.state == JobState.FINISHED
    return job.state in (JobState.FINISHED, JobState.CANCELED)


def _state(checkpoint: Checkpoint, restore_settings: RestoreSettings, at: int) -> RestorableState:
    # CheckpointCoordinator.restoreSavepoint: what a job doesn't claim is a savepoint, what it claims is a checkpoint
    is_savepoint = not restore_settings.claims_state
    restored = RestoredCheckpoint(checkpoint.id, at, triggered_at=0, is_savepoint=is_savepoint, path=checkpoint.path)
    return RestorableState(restored, checkpoint.stateful_vertex_ids)


def restore_error(state: RestorableState, spec: JobSpec, graph: JobGraph) -> JavaException | None:
    """Return the exception if a job can't restore `state` without skipping a part of it; None if it can.

    Flink checks this in Checkpoints.loadAndValidateCheckpoint. Jobs whose vertices all have generated ids are not
    checked, because the ids of the program are unknown then.
    """
    if not any(vertex.id for vertex in spec.vertices):
        return None
    for vertex_id in state.stateful_vertex_ids:
        if vertex_id not in graph.by_id:
            text = checkpoint_messages.state_not_restorable(state.restored.path, vertex_id)
            return JavaException(java_classes.ILLEGAL_STATE_EXCEPTION, text)
    return None
