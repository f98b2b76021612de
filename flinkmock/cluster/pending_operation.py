"""An async operation in progress that creates a savepoint or checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.cluster.async_operations import AsyncOperation
from flinkmock.cluster.checkpoint import Checkpoint
from flinkmock.cluster.savepoint_request import FollowUp
from flinkmock.flink.java_exception import JavaException


@dataclass(slots=True)
class PendingOperation:
    """An async operation in progress, and how it will end.

    Attributes:
        operation: The operation.
        checkpoint: The savepoint or checkpoint that it creates.
        duration: The duration of the operation in ms; None while its end is unknown.
        follow_up: What happens to the job afterwards; None: nothing.
        planned_failure: The failure with which it will end: the one that the scenario plans, or the expiry at the
            timeout of checkpoints; None if it will succeed.
        fails_after_savepoint: Whether the planned failure is that of a task, after the savepoint has completed.
        is_stored: Whether the savepoint has been added to the store.
    """

    operation: AsyncOperation
    checkpoint: Checkpoint
    duration: int | None
    follow_up: FollowUp | None
    planned_failure: JavaException | None = None
    fails_after_savepoint: bool = False
    is_stored: bool = False
