"""Runs servers: in a background thread for clients in the same process, or until a signal."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from flinkmock import limits, private_files
from flinkmock.control.api import API_PREFIX
from flinkmock.server.control_server import ControlListener, ControlOptions, create_control_server
from flinkmock.server.listener import Listeners, bind, bind_each, ports_of
from flinkmock.server.loop import ServerLoop, limit_warnings
from flinkmock.server.signals import stop_signals

if TYPE_CHECKING:
    import ssl

    from flinkmock.control.cluster_control import ClusterControl
    from flinkmock.engine import Engine
    from flinkmock.journal.middleware import Observer
    from flinkmock.rest.dashboard import Dashboard

_SHUTDOWN_TIMEOUT_S = 1.0
"""How long `serve` waits for running requests when the server is shut down, in wall-clock seconds."""


class ServerThread:
    """Serves an engine in a background thread with its own event loop.

    `start` and `close` take a few milliseconds; `close` closes all connections. After the start, `urls` has the URL of
    each JobManager, and `url` is the first of them.

    Args:
        engine: The engine.
        host: The address on which the server listens.
        port: The port of the first JobManager; the others use the following ports (0: free ports).
        observer: Called with each exchange before its response is sent.
        dashboard: Flink's dashboard; None: a page about flinkmock.
        control: The cluster of `engine`, whose control API is served too; None: no control API.
        context: The SSL context with the certificate of the server; None: without TLS.
    """

    def __init__(
        self,
        engine: Engine,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        observer: Observer | None = None,
        dashboard: Dashboard | None = None,
        control: ClusterControl | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._engine = engine
        self._context = context
        self._host, self._port = host, port
        self._observer = observer
        self._dashboard = dashboard
        self._control = control
        self._listeners: Listeners | None = None
        self._loop: ServerLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        return self._listeners.urls if self._listeners else ()

    @property
    def url(self) -> str:
        return self.urls[0] if self.urls else ""

    def start(self) -> ServerThread:
        """Start the server; return when clients can connect.

        Raises:
            PortTaken: Another process listens on the port.
            InvalidArgument: The port is not between 0 and 65535, or the environment contains a limit that does not
                exist, or whose value is not a number.
            FlinkMockError: The machine has no such address.
            Exception: The server has failed to start for another reason.
        """
        limits.check()
        # once the sockets listen, clients can connect; their requests wait for the loop
        sockets = bind_each(self._host, ports_of(self._port, len(self._engine.cluster.leadership.jobmanagers)))
        self._loop = ServerLoop()
        self._stop = asyncio.Event()
        has_started_or_failed = threading.Event()
        start_errors: list[BaseException] = []

        async def run(stop: asyncio.Event) -> None:
            control_server = create_control_server(self._control, self._host) if self._control is not None else None
            listeners = self._listeners = Listeners(
                self._engine,
                sockets,
                port=self._port,
                observer=self._observer,
                dashboard=self._dashboard,
                control=control_server,
                context=self._context,
            )
            await listeners.start()
            has_started_or_failed.set()
            await stop.wait()
            await listeners.close()
            if control_server is not None:
                await control_server.clusters.close_all()

        def run_loop(loop: ServerLoop, stop: asyncio.Event) -> None:
            try:
                loop.run_until_complete(run(stop))
            except BaseException as error:
                if has_started_or_failed.is_set():
                    raise
                start_errors.append(error)
            finally:
                for listening_socket in sockets:
                    listening_socket.close()
                loop.run_until_complete(_cancel_tasks())
                loop.close()
                has_started_or_failed.set()

        self._thread = threading.Thread(target=run_loop, args=(self._loop, self._stop), name="flinkmock", daemon=True)
        self._thread.start()
        has_started_or_failed.wait()
        if start_errors:
            self.close()
            self._listeners = None
            raise start_errors[0]
        return self

    def settle(self) -> float | None:
        """Wait until all requests that have arrived are answered, at most 10 s of wall-clock time.

        Not awaited are responses that a fault delays, and requests to the control API that wait for a job or a request.

        Returns:
            The time until the next delayed response is due, in ms; None if no response is delayed, if the server is not
            running, or if it is still busy after 10 s.
        """
        loop, listeners = self._loop, self._listeners
        if loop is None or listeners is None:
            return None
        return loop.call_when_idle(lambda: listeners.remaining_ms)

    def replace(self, engine: Engine, dashboard: Dashboard | None = None) -> None:
        """Serve another engine at the same address. Can be called from any thread.

        Raises the same errors as `Listeners.replace`.
        """
        self._engine, self._dashboard = engine, dashboard
        if self._listeners is not None:
            self._listeners.replace(engine, dashboard)

    def close(self) -> None:
        """Close the server. A second call does nothing."""
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


async def _cancel_tasks() -> None:
    """Cancel the tasks of closed connections."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)  # lets closed transports close their sockets
    await asyncio.get_running_loop().shutdown_asyncgens()


async def serve(
    control: ClusterControl,
    host: str = "127.0.0.1",
    port: int = 8081,
    *,
    observer: Observer | None = None,
    load_dashboard: Callable[[Engine], Dashboard | None] = lambda engine: None,
    on_ready: Callable[[Sequence[str], str | None], None] = lambda urls, control_url: None,
    control_options: ControlOptions | None = None,
    background: Iterable[Callable[[], Coroutine[Any, Any, None]]] = (),
    context: ssl.SSLContext | None = None,
) -> None:
    """Serve a cluster until SIGINT, SIGTERM, a client's `DELETE /cluster`, or the end of a background coroutine.

    Args:
        control: The cluster.
        host: The address on which the cluster listens.
        port: The port of the first JobManager; the others use the following ports (0: free ports).
        observer: Called with each exchange before its response is sent.
        load_dashboard: Returns Flink's dashboard for an engine; called for each engine that is served.
        on_ready: Called when clients can connect, with a URL for each JobManager, and the URL of the control API (None:
            it is not served).
        control_options: The options of the control API; None: the control API is not served.
        background: Coroutine functions that run while the cluster is served. The server shuts down when one of them
            returns or raises.
        context: The SSL context with the certificate of the server; None: without TLS.

    Raises:
        PortTaken: Another process listens on one of the ports.
        InvalidArgument: One of the ports is not between 0 and 65535.
        FlinkMockError: The machine has no such address.
        Exception: The error of `load_dashboard`, `on_ready` or a background coroutine.
    """
    private_files.remove_leftovers()
    engine = control.open_engine()
    dashboard = load_dashboard(engine)
    sockets = bind_each(host, ports_of(port, len(engine.cluster.leadership.jobmanagers)))
    with contextlib.ExitStack() as stack:
        for listening_socket in sockets:
            stack.callback(listening_socket.close)
        limit_warnings(asyncio.get_running_loop())
        stop = asyncio.Event()
        stack.enter_context(stop_signals(stop.set))
        control_server, control_listener = None, None
        if control_options is not None:
            control_server = create_control_server(control, host, control_options)
            if control_options.port is not None:
                control_listener = ControlListener(control_server, bind(host, control_options.port))
        listeners = Listeners(
            engine,
            sockets,
            port=port,
            observer=observer,
            dashboard=dashboard,
            shutdown_timeout=_SHUTDOWN_TIMEOUT_S,
            control=control_server,
            context=context,
        )
        control.serve_new_engine = lambda engine: listeners.replace(engine, load_dashboard(engine))
        await listeners.start()
        if control_listener is not None:
            await control_listener.start()
        control_base_url = control_listener.url if control_listener is not None else listeners.urls[0]
        on_ready(listeners.urls, control_base_url + API_PREFIX if control_server is not None else None)
        stop_tasks = [asyncio.ensure_future(event.wait()) for event in (stop, listeners.shutdown_requested)]
        background_tasks = [asyncio.ensure_future(start()) for start in background]
        tasks: list[asyncio.Future[Any]] = [*stop_tasks, *background_tasks]
        done_tasks, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await listeners.close()
        if control_listener is not None:
            await control_listener.close()
        if control_server is not None:
            await control_server.clusters.close_all()
        for task in done_tasks:
            task.result()  # raises the error of a background task
