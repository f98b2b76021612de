"""A fake cluster that lives as long as a `with` block.

Nothing heavy is imported before the first cluster starts: pytest imports this for every test run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

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

    Decider = Resource

CLOCK = "1s per request"
"""Any client that polls makes progress, with or without sleeping; how often it asks decides, not the machine."""


class FlinkMock:
    """A fake Flink cluster on a port of its own, in a thread of its own, so that sync and async clients can use it.

        with FlinkMock("orders.yaml", flink="1.20") as cluster:
            requests.get(cluster.url + "/jobs/overview")

    Args:
        scenario: a file, YAML text, a mapping of the same shape, or a `ClusterSpec`; None is a cluster with no job. A
            file is looked for where we are and among flinkmock's own scenarios.
        flink: minor release to serve; None: the scenario's, else the newest.
        seed: None: the scenario's.
        clock: "1s per request", "virtual", "real", "10x"; None: the scenario's, else "1s per request".
        port: 0 takes a free one.
        dashboard: where Flink's own dashboard is, as for `flinkmock serve --dashboard`; None serves none.

    Raises (when it starts):
        ScenarioError: the scenario has mistakes.
        UnknownRelease: there is no contract of that release.
        PortTaken: somebody listens there.
        DashboardMissing: there is no dashboard, or another release's.
        ValueError: the clock is none.
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
        """Whether there is an engine that has not been closed."""

    def start(self) -> Self:
        """Starts serving; does nothing if it does so already."""
        if self._server is None:
            engine = self._begun()
            try:
                self._serve(engine, self._port)
            except BaseException:
                self.close()
                raise
        return self

    def create_app(self) -> web.Application:
        """An aiohttp application that serves this cluster in the loop that runs it, for `aiohttp_client` and
        `aiohttp_server` of pytest-aiohttp: `await aiohttp_client(cluster.create_app())`.

        It takes the place of `start` and has no `url` of its own; everything else works. The cluster ends when the
        application is cleaned up. What aiohttp's own server refuses before an application sees it is answered in
        aiohttp's words, not in Flink's.
        """
        from flinkmock.server import create_app

        engine = self._begun()
        app = create_app(engine, dashboard=self._loaded_dashboard(engine))

        async def end(app: web.Application) -> None:
            self.close()

        app.on_cleanup.append(end)
        return app

    def close(self) -> None:
        """Stops serving and removes the uploaded jars. Harmless when it does not run. What is expected of clients is
        checked at the end of a `with` block, or by `verify`."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        if self._engine is not None:
            self._engine.close()
        self._open = False

    def _begun(self) -> Engine:
        """The engine: that of `create_app`, or a new one."""
        if self._engine is None or not self._open:
            from flinkmock.engine import Engine

            spec = self._spec()
            self._engine = Engine(spec, flink=self._flink, seed=self._seed, clock=self._clock or spec.clock or CLOCK)
            self._open = True
        return self._engine

    def _serve(self, engine: Engine, port: int) -> None:
        from flinkmock.server import ServerThread

        server = ServerThread(engine, "127.0.0.1", port, dashboard=self._loaded_dashboard(engine))
        server.start()
        self._server = server

    def _loaded_dashboard(self, engine: Engine) -> Dashboard | None:
        from flinkmock.server import Dashboard

        return Dashboard.load(self._dashboard, engine.contract.release) if self._dashboard else None

    @property
    def url(self) -> str:
        """Where it serves, without a final slash: "http://127.0.0.1:40123"."""
        return self.urls[0]

    @property
    def urls(self) -> tuple[str, ...]:
        """Where each of its JobManagers serves; the first is `url`."""
        if self._server is None:
            raise RuntimeError("this FlinkMock does not run: use it in a `with` block, or call start()")
        return self._server.urls

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("this FlinkMock was never started: use it in a `with` block, or call start()")
        return self._engine

    @property
    def cluster(self) -> Cluster:
        """The model; hold `engine.lock` while you look at it or change it."""
        return self.engine.cluster

    @property
    def clock(self) -> ClusterClock:
        """The cluster's time: `now`, `advance`, and `next`, which moves on to the next thing that happens by itself."""
        from flinkmock.testing.control import ClusterClock

        return ClusterClock(self.engine)

    def job(self, name: str) -> JobControl:
        """The newest job of that name, to be looked at and decided about. Raises LookupError, naming the others."""
        from flinkmock.testing.control import JobControl

        with self.engine.lock:
            self.engine.cluster.run_due_events(self.engine.clock.now())
            return JobControl(self.engine, self.cluster.job_named(name).id)

    @property
    def jobmanagers(self) -> JobManagersControl:
        """Which of the JobManagers leads; `fail` lets it fall."""
        from flinkmock.testing.control import JobManagersControl

        return JobManagersControl(self.engine)

    @property
    def taskmanagers(self) -> TaskManagersControl:
        """The ids of the task managers that are there; `add` and `lose`."""
        from flinkmock.testing.control import TaskManagersControl

        return TaskManagersControl(self.engine)

    def signal(self, name: str) -> None:
        """Lets go on what waits for `signal NAME` in the scenario. Raises LookupError, naming the signals there are."""
        self.engine.signal(name)

    def run_until(self, reached: Callable[[], bool] | None = None, **states: str) -> int:
        """Moves the cluster's time on until jobs are in these states: `run_until(orders="FAILED")`, or until a function
        of yours says so; returns the time (epoch ms).

        Raises:
            Unreachable: an AssertionError that says what the jobs are, when that will never be.
            LookupError: there is no job of that name.
            ValueError: Flink has no such state.
        """
        from flinkmock.cluster.states import JOB_STATES
        from flinkmock.scenario.diagnostics import choices

        for state in states.values():
            if state not in JOB_STATES:
                raise ValueError(f'"{state}" is no state of a job.{choices(state, JOB_STATES)}')
        wanted = ", ".join(f"{name} {state}" for name, state in states.items()) or "what the function wants"

        def all_reached() -> bool:
            return (reached is None or reached()) and all(self.job(n).state == state for n, state in states.items())

        return self.clock.run_until(all_reached, wanted)

    def on(self, request: str) -> Callable[[Decider], Decider]:
        """Decides in Python what a scenario can't say: `@cluster.on("POST /jobs/:jobid/stop")` above a function that
        gets the `Call` and returns facts, raises a `Problem`, or returns None to let things take their course.

        Raises LookupError if the served release has no such operation.
        """
        operation = self.engine.contract.find(request)

        def decide(function: Decider) -> Decider:
            self.engine.deciders[operation.id] = function
            return function

        return decide

    @property
    def requests(self) -> Journal:
        """What clients have asked: to be counted, waited for, and checked. It can be read after the end, too."""
        return self.engine.journal

    @property
    def faults(self) -> FaultsControl:
        """What goes wrong on the way to the cluster: `add`, `clear`, and how often one has `struck`."""
        from flinkmock.testing.control import FaultsControl

        return FaultsControl(self.engine)

    def verify(self) -> None:
        """Raises UnmetExpectation, an AssertionError, unless clients did what the scenario's `expect` says."""
        self.engine.journal.check(self.engine.expected)

    def advance(self, length: int | str) -> int:
        """Moves the cluster's time on by ms, or a text such as "30s"; returns the new time (epoch ms)."""
        return self.engine.advance(length)

    def snapshot(self) -> Snapshot:
        """The whole cluster as it is now, for `restore`: jobs, jars and their files, operations under way, what the
        future holds, faults and how often they have struck, functions of `on`, requests, and the time."""
        return self.engine.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Puts everything back as it was at the snapshot, as often as wanted, in less time than a start takes.

        The clock is set back to the snapshot's moment in every mode: a real or scaled one goes on from there with the
        wall, so that nothing has become due in between, and is behind the wall from then on. `requests` are those of
        before the snapshot; `requests.clear()` before it lets each test see its own only. What clients are still
        waiting for (answers held back by a fault) they never get: their connections are cut.

        Raises ValueError for a snapshot of another cluster, or from before it was closed and started again.
        """
        had_gone = self.cluster.shut_down
        self.engine.restore(snapshot)
        if had_gone and self._server is not None:  # a client had ended it, so nobody listens any more
            port = int(self._server.url.rpartition(":")[2])
            self._server.close()
            self._serve(self.engine, port)

    def _spec(self) -> ClusterSpec:
        from flinkmock.cluster.spec import ClusterSpec

        if isinstance(self._scenario, ClusterSpec):
            return self._scenario
        from flinkmock.scenario import load_scenario

        return load_scenario(self._scenario)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None:
            self.verify()

    async def __aenter__(self) -> Self:
        return self.start()  # a few milliseconds: no reason to leave the loop

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None:
            self.verify()

    def __repr__(self) -> str:
        return f"<FlinkMock at {self._server.url}>" if self._server else "<FlinkMock, not running>"
