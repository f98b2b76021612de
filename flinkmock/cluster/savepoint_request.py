"""A request to trigger a savepoint or a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FollowUp(StrEnum):
    """What happens to the job when its savepoint is complete: it is cancelled, or finishes (stop with savepoint)."""

    CANCEL = "cancel"
    FINISH = "finish"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavepointRequest:
    """A request to trigger a savepoint, a stop, or a checkpoint: the method of `SavepointCoordinator` decides which.

    Attributes:
        job_id: The id of the job.
        trigger_id: The trigger id of the operation.
        directory: The target directory of a savepoint; None for a checkpoint, which is stored in the checkpoint
            directory.
        format: CANONICAL or NATIVE; None for a checkpoint.
        cancels_job: Whether the job is cancelled when the savepoint is complete.
        drains_job: Whether a stop drains the job first: its sources emit the maximum watermark.
        jobmanager: The number of the JobManager that received the request.
    """

    job_id: str
    trigger_id: str
    directory: str | None = None
    format: str | None = "CANONICAL"
    cancels_job: bool = False
    drains_job: bool = False
    jobmanager: int = 0
