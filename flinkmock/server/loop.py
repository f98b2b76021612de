"""The event loop of a server thread."""

from __future__ import annotations

import asyncio

from flinkmock.monotonic import monotonic


class ServerLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers follow the machine, also in tests that replace `time.monotonic`."""

    def time(self) -> float:
        return monotonic()
