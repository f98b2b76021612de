"""The event loop of a server thread."""

from __future__ import annotations

import asyncio
import errno
import logging
import selectors
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from flinkmock.monotonic import monotonic

T = TypeVar("T")
_LOG = logging.getLogger("flinkmock.server")
_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_REPORT_INTERVAL_S = 60.0
_IDLE_TIMEOUT_S = 10.0
"""How long `call_when_idle` waits at most, in wall-clock seconds: a loop that is closing never becomes idle."""


def limit_warnings(loop: asyncio.AbstractEventLoop) -> None:
    """Log at most once a minute that a loop can't accept connections; asyncio would log a stack trace each time."""
    reported_at: float | None = None

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal reported_at
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in _OUT_OF_RESOURCES:
            loop.default_exception_handler(context)
        elif reported_at is None or loop.time() - reported_at > _REPORT_INTERVAL_S:
            reported_at = loop.time()
            _LOG.warning("Connections wait, because none can be accepted: %s.", error.strerror)

    loop.set_exception_handler(handle)


class ServerLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers follow the machine's clock, even if tests replace `time.monotonic`."""

    def __init__(self) -> None:
        self._idle_selector = _IdleSelector()
        super().__init__(self._idle_selector)
        limit_warnings(self)

    def time(self) -> float:
        return monotonic()

    def call_when_idle(self, function: Callable[[], T]) -> T | None:
        """Call `function` in the loop's thread when the loop has handled all received data, and return the result.

        Call this method from another thread. It returns None if the loop is closed, or is not idle within 10 s.
        """
        results: list[T] = []
        called = threading.Lock()  # not an Event, because tests may replace `threading.Event.wait`
        called.acquire()

        def call() -> None:
            results.append(function())
            called.release()

        try:
            self.call_soon_threadsafe(self._idle_selector.add_callback, call)
        except RuntimeError:  # the loop is closed
            return None
        called.acquire(timeout=_IDLE_TIMEOUT_S)
        return results[0] if results else None


class _IdleSelector(selectors.DefaultSelector):
    """A selector that calls functions when its loop is idle."""

    def __init__(self) -> None:
        super().__init__()
        self._callbacks: list[Callable[[], None]] = []
        """Functions to call when the loop is idle. Only the loop's thread changes the list."""

    def add_callback(self, callback: Callable[[], None]) -> None:
        """Call a function once, when the loop is idle. Call this method in the loop's thread."""
        self._callbacks.append(callback)

    def select(self, timeout: float | None = None) -> Any:
        if self._callbacks and (timeout is None or timeout > 0):
            events = super().select(0)
            if events:
                return events
            callbacks, self._callbacks = self._callbacks, []
            for callback in callbacks:
                callback()
        return super().select(timeout)
