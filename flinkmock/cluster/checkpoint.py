"""One checkpoint or savepoint: its kind, its end, and the acknowledgements of subtasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from flinkmock.flink.savepoint_purpose import SavepointPurpose

if TYPE_CHECKING:
    from flinkmock.cluster.graph import JobGraph


class CheckpointKind(StrEnum):
    """The kinds of checkpoints and savepoints. SYNC_SAVEPOINT belongs to stop-with-savepoint."""

    CHECKPOINT = "CHECKPOINT"
    SAVEPOINT = "SAVEPOINT"
    SYNC_SAVEPOINT = "SYNC_SAVEPOINT"


class CheckpointStatus(StrEnum):
    """Flink's `CheckpointStatsStatus`."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


@dataclass(slots=True)
class Checkpoint:
    """One checkpoint or savepoint. It completes or fails at `ends_at`.

    Attributes:
        format: The format of a savepoint, CANONICAL or NATIVE; None for a checkpoint.
        triggered_at: When it is triggered, in epoch ms.
        duration: The planned duration in ms; of a checkpoint that completed at another time, its actual duration.
        ends_at: When it ends, in epoch ms: earlier than planned if it is aborted.
        failure: The message with which it fails; None if it completes.
        path: Where it is stored.
        size: The size in bytes.
        purpose: What a savepoint is taken for; None for a checkpoint.
        reached_tasks: Whether the trigger reached the tasks; False: the checkpoint failed before that.
        stateful_vertex_ids: The ids of the vertices whose state it contains, without those whose id is generated.
        finished_vertices: The indexes of the vertices that had finished when it was triggered.
        graph: The graph of the job when it was triggered; None for a savepoint that exists when the scenario begins.
    """

    id: int
    kind: CheckpointKind
    format: str | None
    triggered_at: int
    duration: int
    ends_at: int
    failure: str | None
    path: str
    size: int
    purpose: SavepointPurpose | None = None
    reached_tasks: bool = True
    stateful_vertex_ids: tuple[str, ...] = ()
    finished_vertices: frozenset[int] = frozenset()
    graph: JobGraph | None = field(default=None, compare=False, repr=False)

    @property
    def is_savepoint(self) -> bool:
        return self.kind != CheckpointKind.CHECKPOINT

    def status_at(self, time: int) -> CheckpointStatus:
        if time < self.ends_at:
            return CheckpointStatus.IN_PROGRESS
        return CheckpointStatus.COMPLETED if self.failure is None else CheckpointStatus.FAILED


@dataclass(frozen=True, slots=True)
class SubtaskAcknowledgement:
    """The acknowledgement of one subtask. `at` is epoch ms, None while it is pending; `size` is in bytes."""

    subtask: int
    at: int | None
    size: int


@dataclass(frozen=True, slots=True)
class RestoredCheckpoint:
    """The checkpoint from which an attempt was restored at `at` (epoch ms).

    Attributes:
        triggered_at: When it was triggered, in epoch ms; 0 if the job was submitted with its path, because Flink reads
            only the metadata then.
        is_savepoint: Whether it counts as a savepoint. If the job was submitted with its path, the claim mode decides.
    """

    id: int
    at: int
    triggered_at: int
    is_savepoint: bool
    path: str
