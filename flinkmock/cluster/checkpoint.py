"""One checkpoint or savepoint: what kind it is, how it ends, what its subtasks acknowledged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CheckpointKind(StrEnum):
    """The types of snapshots. SYNC_SAVEPOINT belongs to stop-with-savepoint."""

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
    """One checkpoint or savepoint. It completes or fails at `ends_at` (epoch ms); `duration` is the plan (ms)."""

    id: int
    kind: CheckpointKind
    format: str | None
    triggered_at: int
    duration: int
    ends_at: int
    failure: str | None
    path: str
    size: int
    reached_tasks: bool = True
    """False if it failed before any task took part."""
    operators: tuple[str, ...] = ()
    """Ids of the vertices that it has state of, as far as the job names them."""
    finished: frozenset[int] = frozenset()
    """The indexes of vertices that had finished when it was triggered."""

    @property
    def is_savepoint(self) -> bool:
        return self.kind != CheckpointKind.CHECKPOINT

    def status_at(self, time: int) -> CheckpointStatus:
        if time < self.ends_at:
            return CheckpointStatus.IN_PROGRESS
        return CheckpointStatus.COMPLETED if self.failure is None else CheckpointStatus.FAILED


@dataclass(frozen=True, slots=True)
class SubtaskAcknowledgement:
    """The part of one subtask in a checkpoint. `at` is None while it is pending (epoch ms); `size` is bytes."""

    subtask: int
    at: int | None
    size: int


@dataclass(frozen=True, slots=True)
class RestoredCheckpoint:
    """The checkpoint that an attempt was restored from at `at` (epoch ms)."""

    id: int
    at: int
    is_savepoint: bool
    path: str
