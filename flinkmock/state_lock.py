"""The lock of an engine, which also counts changes of its state."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self


class StateLock:
    """Guards the state of an engine. It is reentrant.

    Attributes:
        reading: The same lock, for code that changes nothing.
        changes: Grows whenever somebody has taken the lock who may have changed the state. A response that was worked
            out from the state is still right as long as it is the same, and as no time has passed that matters.
    """

    def __init__(self) -> None:
        self.reading = threading.RLock()
        self.changes = 0

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As of `threading.RLock`."""
        acquired = self.reading.acquire(blocking, timeout)
        self.changes += acquired
        return acquired

    def release(self) -> None:
        """As of `threading.RLock`."""
        self.changes += 1  # what was worked out while it was held may be of the time before a change
        self.reading.release()
