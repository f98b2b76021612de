"""Lets SIGTERM end a command early, as SIGINT does, so that the command can still print its result."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def sigterm_like_sigint() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt within the block. This has no effect outside of the main thread."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous_handler = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous_handler)
