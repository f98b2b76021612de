"""The purposes of savepoints, which the JobManager logs."""

from __future__ import annotations

from enum import Enum


class SavepointPurpose(Enum):
    """What a savepoint is taken for.

    Attributes:
        log_name: The name of the request in the log of the JobMaster.
        type_name: The name in the `SavepointType` of the savepoint.
        action: Flink's `PostCheckpointAction`: what the tasks do when the savepoint is complete.
    """

    SAVEPOINT = ("savepoint", "Savepoint", "NONE")
    """The job continues."""
    CANCEL = ("cancel-with-savepoint", "Savepoint", "NONE")
    """The job is cancelled afterwards."""
    SUSPEND = ("stop-with-savepoint", "Suspend Savepoint", "SUSPEND")
    """The job stops afterwards."""
    TERMINATE = ("stop-with-savepoint", "Terminate Savepoint", "TERMINATE")
    """The job is drained before the savepoint, and stops afterwards."""

    def __init__(self, log_name: str, type_name: str, action: str) -> None:
        self.log_name = log_name
        self.type_name = type_name
        self.action = action
