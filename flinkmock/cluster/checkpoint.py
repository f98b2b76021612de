"""One checkpoint or savepoint: its kind, its end, and the acknowledgements of subtasks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
    """One checkpoint or savepoint. It completes or fails at `ends_at` (epoch ms); `duration` is planned (ms)."""

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
    """Whether it was triggered at the tasks; False: it failed before."""
    operators: tuple[str, ...] = ()
    """The ids of the vertices whose state it contains. Vertices without an id in the spec of the job are left out."""
    finished: frozenset[int] = frozenset()
    """The indexes of the vertices that had finished when it was triggered."""

    @property
    def is_savepoint(self) -> bool:
        return self.kind != CheckpointKind.CHECKPOINT

    def status_at(self, time: int) -> CheckpointStatus:
        if time < self.ends_at:
            return CheckpointStatus.IN_PROGRESS
        return CheckpointStatus.COMPLETED if self.failure is None else CheckpointStatus.FAILED


@dataclass(frozen=True, slots=True)
class SubtaskAcknowledgement:
    """The part of one subtask in a checkpoint. `at` is epoch ms, None while it is pending; `size` is in bytes."""

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
