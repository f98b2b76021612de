"""The end of standard input, at which a command stops."""

from __future__ import annotations

import os
import threading

_STDIN = 0


async def end_of_stdin() -> None:
    """Wait until standard input ends or is closed. Its content is ignored."""
    import asyncio

    loop, stdin_ended = asyncio.get_running_loop(), asyncio.Event()

    def read() -> None:
        try:
            while os.read(_STDIN, 4096):  # not sys.stdin, whose lock would keep the interpreter from exiting
                pass
        except OSError:  # there is no standard input
            pass
        if not loop.is_closed():
            loop.call_soon_threadsafe(stdin_ended.set)

    threading.Thread(target=read, name="flinkmock-stdin", daemon=True).start()
    await stdin_ended.wait()
