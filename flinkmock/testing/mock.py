"""A fake cluster for the duration of a `with` block.

Heavy modules are imported when the first cluster starts: pytest imports this module in every test run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from flinkmock.errors import InvalidArgument, NotRunning, did_you_mean

if TYPE_CHECKING:
    from types import TracebackType

    from aiohttp import web

    from flinkmock.cluster.cluster import Cluster
    from flinkmock.cluster.spec import ClusterSpec
    from flinkmock.engine import Engine
    from flinkmock.journal import Journal
    from flinkmock.rest.call import Resource
    from flinkmock.server import Dashboard, ServerThread
    from flinkmock.snapshot import Snapshot
    from flinkmock.testing.control import (
        ClusterClock,
        FaultsControl,
        JobControl,
        JobManagersControl,
        TaskManagersControl,
    )

DEFAULT_CLOCK = "1s per request"
"""A client that polls makes progress with or without sleeping, and the speed of the machine does not matter."""


class FlinkMock:
    """A fake Flink cluster that listens on its own port, in its own thread. Sync and async clients can use it.

        with FlinkMock("orders.yaml", flink="1.20") as cluster:
            requests.get(cluster.url + "/jobs/overview")

    The end of the `with` block stops the cluster and checks the scenario's expectations.

    Args:
        scenario: A file, YAML text, a mapping with the same keys, or a `ClusterSpec`. A file name is looked up in the
            current folder, then among the built-in scenarios. None is a cluster without jobs.
        flink: The minor release to serve. None: the scenario's, else the newest.
        seed: None: the scenario's.
        clock: "1s per request", "virtual", "real" or "10x". None: the scenario's, else "1s per request".
        port: 0 uses a free port.
        dashboard: A folder or jar with Flink's dashboard, as for `flinkmock serve --dashboard`. None serves none.

    The arguments are checked by `start`.
    """

    def __init__(
        self,
        scenario: str | Path | Mapping[str, object] | ClusterSpec | None = None,
        *,
        flink: str | None = None,
        seed: int | None = None,
        clock: str | None = None,
        port: int = 0,
        dashboard: str | Path | None = None,
    ) -> None:
        self._scenario = scenario
        self._flink = flink
        self._seed = seed
        self._clock = clock
        self._port = port
        self._dashboard = dashboard
        self._engine: Engine | None = None
        self._server: ServerThread | None = None
        self._open = False
        """Whether there is an engine that is not closed."""

    def start(self) -> Self:
        """Start the cluster and its server. Does nothing if it is running.

        Raises:
            ScenarioError: The scenario is invalid.
            UnknownRelease: There is no contract of the release.
            InvalidArgument: The clock, the port, or the value of a configuration option is invalid.
            PortTaken: Another process listens on the port.
            DashboardMissing: There is no dashboard, or it belongs to another release.
            FakerMissing: The release was imported and needs Faker.
        """
        if self._server is None:
            engine = self._open_engine()
            try:
                self._serve(engine, self._port)
            except BaseException:
                self.close()
                raise
        return self

    def create_app(self) -> web.Application:
        """Create an aiohttp application that serves this cluster, instead of `start`.

        Use it with pytest-aiohttp: `await aiohttp_client(cluster.create_app())`. The cluster then has no `url`. It is
        closed when the application is cleaned up. Requests that aiohttp's own server rejects before an application
        sees them get aiohttp's error message, not Flink's.

        Raises the errors of `start`.
        """
        from flinkmock.server import create_app

        engine = self._open_engine()
        app = create_app(engine, dashboard=self._load_dashboard(engine))

        async def end(app: web.Application) -> None:
            self.close()

        app.on_cleanup.append(end)
        return app

    def close(self) -> None:
        """Stop the server and delete uploaded jars. Does nothing if the cluster is not running.

        Does not check expectations: the end of a `with` block does, and `verify`.
        """
        server, self._server = self._server, None
        if server is not None:
            server.close()
        if self._engine is not None:
            self._engine.close()
        self._open = False

    def _open_engine(self) -> Engine:
        """Return the engine that `create_app` opened, or a new one."""
        if self._engine is None or not self._open:
            from flinkmock.engine import Engine

            spec = self._load_spec()
            clock = self._clock or spec.clock or DEFAULT_CLOCK
            self._engine = Engine(spec, flink=self._flink, seed=self._seed, clock=clock)
            self._open = True
        return self._engine

    def _serve(self, engine: Engine, port: int) -> None:
        from flinkmock.server import ServerThread

        server = ServerThread(engine, "127.0.0.1", port, dashboard=self._load_dashboard(engine))
        server.start()
        self._server = server

    def _load_dashboard(self, engine: Engine) -> Dashboard | None:
        from flinkmock.server import Dashboard

        return Dashboard.load(self._dashboard, engine.contract.release) if self._dashboard else None

    def _load_spec(self) -> ClusterSpec:
        from flinkmock.cluster.spec import ClusterSpec

        if isinstance(self._scenario, ClusterSpec):
            return self._scenario
        from flinkmock.scenario import load_scenario

        return load_scenario(self._scenario)

    @property
    def url(self) -> str:
        """The base URL without a trailing slash: "http://127.0.0.1:40123". Raises NotRunning."""
        return self.urls[0]

    @property
    def urls(self) -> tuple[str, ...]:
        """The base URLs of all JobManagers; the first one is `url`. Raises NotRunning."""
        if self._server is None:
            raise NotRunning("This FlinkMock is not running. Use it in a `with` block, or call start().")
        return self._server.urls

    @property
    def engine(self) -> Engine:
        """The engine behind the server: contract, clock, cluster, faults and journal. Raises NotRunning."""
        if self._engine is None:
            raise NotRunning("This FlinkMock was never started. Use it in a `with` block, or call start().")
        return self._engine

    @property
    def cluster(self) -> Cluster:
        """The cluster model. Hold `engine.lock` while you read or change it."""
        return self.engine.cluster

    @property
    def clock(self) -> ClusterClock:
        """The cluster time: `now`, `advance`, and `next`, which advances to the next event."""
        from flinkmock.testing.control import ClusterClock

        return ClusterClock(self.engine)

    def job(self, name: str) -> JobControl:
        """Return the newest job with this name. Raises NotFound, which lists the names of all jobs."""
        from flinkmock.testing.control import JobControl

        with self.engine.lock:
            self.engine.cluster.run_due_events(self.engine.clock.now())
            return JobControl(self.engine, self.cluster.job_named(name).id)

    @property
    def jobmanagers(self) -> JobManagersControl:
        """The JobManagers: which one is the leader, and `fail`, which crashes it."""
        from flinkmock.testing.control import JobManagersControl

        return JobManagersControl(self.engine)

    @property
    def taskmanagers(self) -> TaskManagersControl:
        """The ids of the registered TaskManagers, with `add` and `lose`."""
        from flinkmock.testing.control import TaskManagersControl

        return TaskManagersControl(self.engine)

    def signal(self, name: str) -> None:
        """Release what waits for `signal NAME` in the scenario. Raises NotFound, which lists the scenario's signals."""
        self.engine.signal(name)

    def run_until(self, reached: Callable[[], bool] | None = None, **states: str) -> int:
        """Advance the cluster time until jobs are in these states: `run_until(orders="FAILED")`.

        Args:
            reached: Called after each event; returns whether the goal is reached.
            states: A job state for each job name. With `reached`, both have to hold.

        Returns:
            The time in ms since the epoch.

        Raises:
            StateNeverReached: An AssertionError that lists the jobs with their states.
            NotFound: There is no job with this name.
            InvalidArgument: Flink has no such job state.
        """
        from flinkmock.cluster.states import JOB_STATES

        for state in states.values():
            if state not in JOB_STATES:
                raise InvalidArgument(f'"{state}" is not a job state of Flink.{did_you_mean(state, JOB_STATES)}')
        goal = ", ".join(f"{name} {state}" for name, state in states.items()) or "The goal of the function"

        def all_reached() -> bool:
            return (reached is None or reached()) and all(self.job(n).state == state for n, state in states.items())

        return self.clock.run_until(all_reached, goal)

    def on(self, request: str) -> Callable[[Resource], Resource]:
        """Register a Python function as the handler of an operation.

            @cluster.on("POST /jobs/:jobid/stop")
            def stop(call): ...

        The function gets a `RestCall`. It returns the payload of the response, raises a `ClusterError`, or returns None
        to let the cluster handle the call.

        Raises:
            NotFound: The served release has no such operation.
        """
        operation = self.engine.contract.find(request)

        def register(function: Resource) -> Resource:
            self.engine.deciders[operation.id] = function
            return function

        return register

    @property
    def requests(self) -> Journal:
        """The journal of all requests, to be counted, awaited and checked. It stays readable after `close`."""
        return self.engine.journal

    @property
    def faults(self) -> FaultsControl:
        """The faults between clients and the cluster: `add`, `clear`, and `hits`."""
        from flinkmock.testing.control import FaultsControl

        return FaultsControl(self.engine)

    def verify(self) -> None:
        """Check the scenario's `expect` section. Raises UnmetExpectation, which is an AssertionError."""
        self.engine.journal.check(self.engine.expected)

    def advance(self, duration: int | str) -> int:
        """Advance the cluster time and run the events that become due.

        Args:
            duration: In ms, or text such as "30s".

        Returns:
            The new time in ms since the epoch.

        Raises:
            InvalidArgument: The duration is negative or invalid.
        """
        return self.engine.advance(duration)

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the whole cluster, to be restored later.

        It contains jobs, jars with their files, async operations, scheduled events, faults and their hits, functions
        registered with `on`, the journal, and the time.
        """
        return self.engine.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Restore a snapshot. It can be restored any number of times, and takes less time than a start.

        The clock is set back to the time of the snapshot in every mode. A real or scaled clock continues from there,
        behind the wall clock, so that no events have become due in between. `requests` are those before the snapshot;
        call `requests.clear()` before taking it if each test should see only its own. Responses that a fault still
        delays are dropped, and their connections closed.

        Raises:
            InvalidArgument: The snapshot is of another cluster, or of this one before it was closed.
        """
        was_shut_down = self.cluster.shut_down
        self.engine.restore(snapshot)
        if was_shut_down and self._server is not None:  # by a client: nothing listens any more
            port = int(self._server.url.rpartition(":")[2])
            self._server.close()
            self._serve(self.engine, port)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None:
            self.verify()

    async def __aenter__(self) -> Self:
        return self.start()  # takes a few ms: not worth another thread

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None:
            self.verify()

    def __repr__(self) -> str:
        return f"<FlinkMock at {self._server.url}>" if self._server else "<FlinkMock, not running>"
