"""The savepoints of a cluster, by path, as in its file systems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flinkmock import limits
from flinkmock.cluster.checkpoint import Checkpoint, CheckpointKind
from flinkmock.cluster.spec import CHECKPOINT_SIZE
from flinkmock.flink.file_systems import FileSystems
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.paths import qualified_path
from flinkmock.flink.savepoint_purpose import SavepointPurpose

if TYPE_CHECKING:
    from flinkmock.cluster.job import Job


@dataclass
class SavepointStore:
    """The savepoints from which jobs can be restored. Paths are normalized, as `qualified_path` returns them."""

    file_systems: FileSystems
    _by_path: dict[str, Checkpoint] = field(default_factory=dict)
    _owners: dict[str, Job] = field(default_factory=dict)
    """Path -> the job that has claimed the savepoint."""

    def add(self, savepoint: Checkpoint) -> None:
        """Add a complete savepoint. Beyond `limits.SAVEPOINTS`, the oldest one is forgotten."""
        self._by_path[savepoint.path] = savepoint
        if len(self._by_path) > limits.SAVEPOINTS:
            self.remove(next(iter(self._by_path)))

    def add_existing(self, path: str, at: int) -> None:
        """Add a savepoint that exists when the scenario begins at `at` (epoch ms)."""
        self.add(
            Checkpoint(
                id=1,
                kind=CheckpointKind.SAVEPOINT,
                purpose=SavepointPurpose.SAVEPOINT,
                format="CANONICAL",
                triggered_at=at,
                duration=0,
                ends_at=at,
                failure=None,
                path=qualified_path(path),
                size=CHECKPOINT_SIZE.low,
            )
        )

    def remove(self, path: str) -> None:
        """Remove the savepoint at a path, if there is one."""
        self._by_path.pop(path, None)
        self._owners.pop(path, None)

    def claim(self, path: str, job: Job) -> None:
        """Make the job the owner of a savepoint, which is deleted when the job has completed a checkpoint."""
        self._owners[path] = job

    def find(self, path: str, time: int) -> Checkpoint | None:
        """Return the savepoint at a path; None if there is none, or if its owner deleted it by `time` (epoch ms)."""
        owner = self._owners.get(path)
        if owner is not None and owner.checkpoints.completed_checkpoints_at(time):
            self.remove(path)
        return self._by_path.get(path)

    def directory_error(self, directory: str) -> JavaException | None:
        """Return Flink's exception if no savepoint can be created in a directory; None if one can."""
        return self.file_systems.directory_creation_error(directory, self._is_file)

    def missing_error(self, path: str) -> JavaException:
        """Return Flink's exception for a path without a savepoint or checkpoint."""
        existing_directories = {parent for savepoint in self._by_path for parent in _parent_directories(savepoint)}
        return self.file_systems.missing_savepoint_error(path, existing_directories)

    def _is_file(self, path: str) -> bool:
        """Return whether a path with a scheme is that of the file `_metadata` of a savepoint."""
        directory, _, name = path.rpartition("/")
        return name == "_metadata" and directory in self._by_path


def _parent_directories(path: str) -> Iterator[str]:
    """Yield the directories above a path with a scheme."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
