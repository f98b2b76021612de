"""Signals that end a server."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

_STOP_SIGNALS = signal.SIGINT, signal.SIGTERM


@contextmanager
def stop_signals(callback: Callable[[], object]) -> Iterator[None]:
    """Call a function in the running event loop when the process receives SIGINT or SIGTERM. Use the main thread."""
    loop = asyncio.get_running_loop()
    remove: Callable[[], None]
    try:
        for signal_number in _STOP_SIGNALS:
            loop.add_signal_handler(signal_number, callback)
        remove = partial(_remove_from_loop, loop)
    except NotImplementedError:  # on Windows
        remove = _set_handlers(loop, callback)
    try:
        yield
    finally:
        remove()


def _remove_from_loop(loop: asyncio.AbstractEventLoop) -> None:
    for signal_number in _STOP_SIGNALS:
        loop.remove_signal_handler(signal_number)


def _set_handlers(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> Callable[[], None]:
    """Set handlers that Python calls between two instructions; return a function that restores the previous ones."""

    def handle(signal_number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(callback)

    previous_handlers = {signal_number: signal.signal(signal_number, handle) for signal_number in _STOP_SIGNALS}

    def restore() -> None:
        for signal_number, previous_handler in previous_handlers.items():
            signal.signal(signal_number, previous_handler)

    return restore
