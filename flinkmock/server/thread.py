"""Servers: one in a background thread, for clients in the same process, and one that runs until a signal."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from flinkmock.server.listener import Listeners, bind_each, url_of

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.journal.middleware import Observer
    from flinkmock.rest.dashboard import Dashboard

_SHUTDOWN_TIMEOUT = 1.0
"""Seconds that `serve` waits for running requests when it ends."""


class ServerThread:
    """Serves `engine` on `host`:`port` (0: a free port) in a background thread with its own event loop.

    Further JobManagers are served at the ports that follow. Start and stop take a few milliseconds; stop ends all
    connections. `urls`, one for each JobManager, and the first of them, `url`, are known after the start.
    """

    def __init__(
        self,
        engine: Engine,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        observer: Observer | None = None,
        dashboard: Dashboard | None = None,
    ) -> None:
        self.urls: tuple[str, ...] = ()
        self._engine = engine
        self._host, self._port = host, port
        self._observer = observer
        self._dashboard = dashboard
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return self.urls[0] if self.urls else ""

    def start(self) -> ServerThread:
        """Returns when clients can connect.

        Raises:
            PortTaken: Another process listens on the port.
            FlinkMockError: The machine has no such address.
        """
        # clients can connect from here on, and wait
        listening = bind_each(self._host, self._port, len(self._engine.cluster.leadership.jobmanagers))
        self.urls = tuple(map(url_of, listening))
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        listener_up = threading.Event()

        async def run(stop: asyncio.Event) -> None:
            listener = Listeners(self._engine, listening, observer=self._observer, dashboard=self._dashboard)
            await listener.start()
            listener_up.set()
            await stop.wait()
            await listener.close()

        def work(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
            try:
                loop.run_until_complete(run(stop))
            finally:
                for each in listening:
                    each.close()
                loop.run_until_complete(_end_of_tasks())
                loop.close()
                listener_up.set()

        self._thread = threading.Thread(target=work, args=(self._loop, self._stop), name="flinkmock", daemon=True)
        self._thread.start()
        listener_up.wait()
        return self

    def close(self) -> None:
        """Harmless the second time."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        assert self._loop is not None and self._stop is not None
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        thread.join()

    def __enter__(self) -> ServerThread:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()


async def _end_of_tasks() -> None:
    """Cancels the tasks of connections that were cut."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)  # transports that were closed just now close their sockets
    await asyncio.get_running_loop().shutdown_asyncgens()


async def serve(
    engine: Engine,
    host: str = "127.0.0.1",
    port: int = 8081,
    *,
    observer: Observer | None = None,
    dashboard: Dashboard | None = None,
    ready: Callable[[Sequence[str]], None] = lambda urls: None,
    next_engine: Callable[[], Awaitable[tuple[Engine, Dashboard | None]]] | None = None,
) -> None:
    """Serves until SIGINT, SIGTERM or a client's `DELETE /cluster`.

    Args:
        port: The port of the first JobManager; the others are at the ports that follow it (0: all at free ports).
        observer: Called with each exchange before its response is sent.
        ready: Called with the URLs, one for each JobManager, when clients can connect.
        next_engine: When it returns, its result is served at the same address instead: connections end, new ones wait
            for a moment, and `ready` is called again.

    Raises:
        PortTaken: Another process listens on the port.
        FlinkMockError: The machine has no such address.
    """
    listening = bind_each(host, port, len(engine.cluster.leadership.jobmanagers))
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        while True:
            listener = Listeners(
                engine, listening, observer=observer, dashboard=dashboard, shutdown_timeout=_SHUTDOWN_TIMEOUT
            )
            await listener.start()
            ready(listener.urls)
            ends = [asyncio.ensure_future(event.wait()) for event in (stop, listener.shutdown_requested)]
            follows = [asyncio.ensure_future(next_engine())] if next_engine else []
            await asyncio.wait([*ends, *follows], return_when=asyncio.FIRST_COMPLETED)
            over = any(end.done() for end in ends)
            if not over:
                engine, dashboard = follows[0].result()
                kept = [each.dup() for each in listening]  # the listener closes its sockets
                listening = bind_each(host, port, len(engine.cluster.leadership.jobmanagers), kept)
            for waiting in (*ends, *follows):
                waiting.cancel()
            await listener.close()
            if over:
                return
    finally:
        for each in listening:
            each.close()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
