"""The lock of an engine, which also counts changes of its state."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self


class StateLock:
    """Guards the state of an engine. It is reentrant.

    Attributes:
        reading: The same lock, for code that changes nothing.
        change_count: Increases whenever the lock is acquired or released, because the state may change in between.
            While it stays the same, an earlier response is still valid, apart from the effects of time.
    """

    def __init__(self) -> None:
        self.reading = threading.RLock()
        self.change_count = 0

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Like the method of `threading.RLock`."""
        acquired = self.reading.acquire(blocking, timeout)
        self.change_count += acquired
        return acquired

    def release(self) -> None:
        """Like the method of `threading.RLock`."""
        self.change_count += 1  # responses that were computed while the lock was held may precede a change
        self.reading.release()
