"""The event loop of a server thread calls functions when it is idle."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from flinkmock.server.loop import ServerLoop


def test_functions_from_several_threads_are_all_called() -> None:
    """A function that is passed while the loop calls others is called, too."""
    loop = ServerLoop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            results = pool.map(lambda number: loop.call_when_idle(lambda: number), range(4_000))
            assert list(results) == list(range(4_000))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_a_closed_loop_calls_nothing() -> None:
    loop = ServerLoop()
    loop.close()
    assert loop.call_when_idle(lambda: 1) is None
