"""The object behind the Python API and the control API, with everything that a test can do to a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from flinkmock.control.engine_options import EngineOptions
from flinkmock.errors import NotRunning
from flinkmock.units import parse_time

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.cluster.cluster_spec import ClusterSpec
    from flinkmock.control.clock import ClusterClock
    from flinkmock.control.expectations import ExpectationResult
    from flinkmock.control.faults import ClusterFaults
    from flinkmock.control.findings import Findings
    from flinkmock.control.job import JobControl
    from flinkmock.control.jobs import ClusterJobs
    from flinkmock.control.processes import ClusterJobManagers, ClusterTaskManagers
    from flinkmock.engine import Engine
    from flinkmock.engine_snapshot import Snapshot
    from flinkmock.journal import Journal
    from flinkmock.rest.call import Handler

    ScenarioSource = str | Path | Mapping[str, object] | ClusterSpec | None


class ClusterControl:
    """Everything that a test can do to one cluster besides sending requests to its REST API.

    All methods can be called from any thread.

    Args:
        scenario: A file, YAML text, a mapping with the keys of a scenario file, or a `ClusterSpec`. A file name is
            looked up in the current folder, then among the built-in scenarios. None: a cluster without jobs.
        options: Options that take precedence over the scenario.

    Attributes:
        serve_new_engine: Called with each engine that is about to replace the current one. The server sets this to a
            function that serves the new engine at the same address.
    """

    def __init__(self, scenario: ScenarioSource = None, options: EngineOptions | None = None) -> None:
        self._scenario = scenario
        self._options = options or EngineOptions()
        self._current_options = self._options
        """The options of the current engine; `load_scenario` may change them."""
        self._engine: Engine | None = None
        self._is_open = False
        """Whether there is an engine that is not closed."""
        self._replacement_lock = threading.RLock()
        self.serve_new_engine: Callable[[Engine], None] = _ignore

    @classmethod
    def of_engine(cls, engine: Engine) -> ClusterControl:
        """Return a `ClusterControl` of an existing engine."""
        control = cls(engine.cluster.spec)
        control._engine, control._is_open = engine, True
        return control

    def open_engine(self) -> Engine:
        """Create the engine, or return the open one.

        Raises:
            ScenarioError: The scenario is invalid.
            UnknownRelease: There is no contract for the release.
            InvalidArgument: The clock, the value of a configuration option, or an imported schema file is invalid.
            FakerMissing: The release was imported and needs Faker.
        """
        if self._engine is None or not self._is_open:
            self._engine = self._options.create_engine(_spec_of(self._scenario))
            self._current_options = self._options
            self._is_open = True
        return self._engine

    def close_engine(self) -> None:
        """Delete the uploaded jars, if there are any. The journal stays readable."""
        if self._engine is not None:
            self._engine.close()
        self._is_open = False

    @property
    def engine(self) -> Engine:
        """The engine behind the server: contract, clock, cluster, faults and journal. Raises NotRunning."""
        if self._engine is None:
            raise NotRunning("This cluster was never started. Use FlinkMock in a `with` block, or call start().")
        return self._engine

    @property
    def cluster(self) -> Cluster:
        """The cluster model. Hold `engine.lock` while you read or change it."""
        return self.engine.cluster

    # -- time

    @property
    def clock(self) -> ClusterClock:
        """The clock of the cluster: `now`, `advance`, and `next`, which advances to the next event."""
        from flinkmock.control.clock import ClusterClock

        return ClusterClock(self)

    def advance(self, duration: str | timedelta) -> int:
        """Advance the cluster time and run the events that become due.

        Args:
            duration: Text such as "30s", or a timedelta.

        Returns:
            The new time in ms since the epoch.

        Raises:
            InvalidArgument: The duration is negative or invalid.
        """
        return self.clock.advance(duration)

    def run_until(self, reached: Callable[[], bool] | None = None, **states: str) -> int:
        """Advance the cluster time until jobs are in these states: `run_until(orders="FAILED")`.

        Args:
            reached: Called at the start and after each event; returns whether the goal is reached.
            states: A job state for each job name. If `reached` is given, too, both have to hold.

        Returns:
            The time in ms since the epoch.

        Raises:
            StateNeverReached: An AssertionError that lists the jobs with their states.
            NotFound: There is no job with this name.
            InvalidArgument: Flink has no such job state.
        """
        from flinkmock.control.jobs import check_state

        for state in states.values():
            check_state(state)
        goal = ", ".join(f"The state {state} of {name}" for name, state in states.items()) or "The goal of the function"

        def all_reached() -> bool:
            return (reached is None or reached()) and all(
                self.job(name).state == state for name, state in states.items()
            )

        return self.clock.run_until(all_reached, goal)

    # -- jobs and processes

    @property
    def jobs(self) -> ClusterJobs:
        """All jobs, with `submit` and `wait_for`; iterating yields a `JobControl` for each."""
        from flinkmock.control.jobs import ClusterJobs

        return ClusterJobs(self)

    def job(self, name_or_id: str) -> JobControl:
        """Return the job with this id, or the newest job with this name. Raises NotFound, which lists all jobs."""
        return self.jobs.get(name_or_id)

    @property
    def jobmanagers(self) -> ClusterJobManagers:
        """The JobManagers, with `leader` and `crash_leader`."""
        from flinkmock.control.processes import ClusterJobManagers

        return ClusterJobManagers(self)

    @property
    def taskmanagers(self) -> ClusterTaskManagers:
        """The ids of the registered TaskManagers, with `add` and `lose`."""
        from flinkmock.control.processes import ClusterTaskManagers

        return ClusterTaskManagers(self)

    @property
    def signals(self) -> dict[str, bool]:
        """The signals of the scenario and of submitted jobs: name -> whether something waits for it now."""
        with self.engine.lock:
            self.engine.cluster.run_due_events(self.engine.clock.now())
            conditions = self.engine.cluster.wait_conditions
            awaited = {condition.signal for condition in conditions.pending()}
            return {name: name in awaited for name in sorted(conditions.signals)}

    def signal(self, name: str) -> None:
        """Send a signal, for which steps and async operations may wait. Raises NotFound, which lists the signals."""
        self.engine.signal(name)

    # -- requests

    @property
    def requests(self) -> Journal:
        """The journal of all requests, with methods to count, await and check them. It stays readable after `close`."""
        return self.engine.journal

    @property
    def faults(self) -> ClusterFaults:
        """The faults between clients and the cluster: `add`, `remove`, `clear`, and `hits`."""
        from flinkmock.control.faults import ClusterFaults

        return ClusterFaults(self)

    @property
    def expectations(self) -> list[ExpectationResult]:
        """The entries of the scenario's `expect` section, each with whether it is met now."""
        from flinkmock.control.expectations import expectation_results

        return expectation_results(self.engine)

    @property
    def findings(self) -> Findings:
        """Unused faults and parts of faults, expectations that no request can match, and parts of requests that Flink
        ignores."""
        from flinkmock.control.findings import collect_findings

        return collect_findings(self.engine)

    def verify(self) -> None:
        """Check the scenario's `expect` section. Raises UnmetExpectation, which is an AssertionError."""
        self.engine.journal.check(self.engine.expectations)

    def on(self, request: str) -> Callable[[Handler], Handler]:
        """Register a Python function as the handler of an operation.

            @cluster.on("POST /jobs/:jobid/stop")
            def stop(call): ...

        The function gets a `RestCall`. It returns the payload of the response, raises a `ClusterError`, or returns None
        to let the cluster handle the call.

        Args:
            request: The method and path, or the operation id, such as "triggerStopWithSavepoint".

        Raises:
            NotFound: The served release has no such operation.
        """
        operation = self.engine.contract.find(request)

        def register(function: Handler) -> Handler:
            self.engine.handler_overrides[operation.id] = function
            return function

        return register

    # -- the whole cluster

    @property
    def scenario(self) -> Mapping[str, object] | None:
        """The scenario with the keys of a scenario file; None if it was created from a `ClusterSpec`."""
        from flinkmock.scenario.scenario import Scenario

        spec = self.engine.cluster.spec
        document = spec.document.to_python() if isinstance(spec, Scenario) and spec.document is not None else None
        return document if isinstance(document, dict) else None

    def load_scenario(
        self,
        scenario: ScenarioSource,
        *,
        flink: str | None = None,
        seed: int | None = None,
        clock: str | None = None,
        start_time: str | datetime | None = None,
    ) -> None:
        """Replace the cluster with one that has another scenario, at the same address.

        The journal is empty afterwards; snapshots and functions registered with `on` are removed. For an argument that
        is None, the value comes from the `options` of this object, or if they have none, from the new scenario.

        Args:
            scenario: As for the constructor.
            flink: The minor release to serve.
            seed: The seed.
            clock: The clock mode.
            start_time: The cluster time at which the scenario begins.

        Raises:
            ScenarioError: The scenario is invalid. The cluster stays as it is.
            UnknownRelease: There is no contract for the release.
            InvalidArgument: The clock, the time, the value of a configuration option, or an imported schema file is
                invalid.
            FakerMissing: The release was imported and needs Faker.
            DashboardMissing: The dashboard belongs to another release.
            PortTaken: The scenario has more JobManagers, or a client has shut down the cluster, and another process
                listens on a port that a JobManager needs.
        """
        start_ms = None if start_time is None else parse_time(start_time)
        options = self._options.with_overrides(flink=flink, seed=seed, clock=clock, start_time=start_ms)
        self._replace_engine(options.create_engine(_spec_of(scenario)))
        self._current_options = options

    def reset(self) -> None:
        """Replace the cluster with a new one of the same scenario, release and seed, at the same address.

        The clock mode is the one with which the cluster began. The cluster time begins as before if the scenario or an
        option contains the start time, otherwise at the time of the wall clock. The faults are again those of the
        scenario, and the journal is empty; snapshots and functions registered with `on` are removed.

        Raises:
            PortTaken: A client has shut down the cluster, and another process listens on its port.
        """
        engine = self.engine
        options = self._current_options.with_overrides(
            flink=engine.contract.release.minor, seed=engine.cluster.spec.seed, clock=engine.initial_clock_mode
        )
        self._replace_engine(options.create_engine(engine.cluster.spec))

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the whole cluster, to be restored later.

        It contains jobs, jars with their files, async operations, scheduled events, faults and their hits, functions
        registered with `on`, the journal, and the time.
        """
        return self.engine.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Restore a snapshot. This is faster than a start, and possible any number of times.

        The clock is set back to the time of the snapshot in all modes. A real or scaled clock continues from there,
        behind the wall clock, so that no events become due. `requests` has the requests that it had when the
        snapshot was taken; call `requests.clear()` before you take the snapshot if each test should see only its own
        requests. Responses that a fault delays are dropped, and their connections are closed.

        Raises:
            InvalidArgument: The snapshot is of another cluster, or of this one before it was closed or reset.
            PortTaken: A client has shut down the cluster, and another process listens on its port.
        """
        self.engine.restore(snapshot)

    def new_cluster(
        self,
        scenario: ScenarioSource,
        *,
        flink: str | None = None,
        seed: int | None = None,
        clock: str | None = None,
        default_clock: str | None = None,
        start_time: str | datetime | None = None,
    ) -> ClusterControl:
        """Return a `ClusterControl` of another cluster, whose engine is not open yet.

        The arguments that are not None replace the options of this cluster.
        """
        start_ms = None if start_time is None else parse_time(start_time)
        options = self._options.with_overrides(
            flink=flink, seed=seed, clock=clock, default_clock=default_clock, start_time=start_ms
        )
        return ClusterControl(scenario, options)

    def _replace_engine(self, new_engine: Engine) -> None:
        """Serve a new engine, which takes over the journal object of the old one, cleared; close the old engine."""
        with self._replacement_lock:
            old_engine = self.engine
            try:
                self.serve_new_engine(new_engine)
            except BaseException:
                new_engine.close()
                raise
            new_engine.take_over_journal(old_engine)
            self._engine = new_engine
            old_engine.close()


def _spec_of(scenario: ScenarioSource) -> ClusterSpec:
    """Return the spec of a scenario. Raises ScenarioError."""
    from flinkmock.cluster.cluster_spec import ClusterSpec

    if isinstance(scenario, ClusterSpec):
        return scenario
    from flinkmock.scenario import load_scenario

    return load_scenario(scenario)


def _ignore(engine: Engine) -> None:
    """Do nothing; the default of `serve_new_engine`, when no server serves the cluster."""
