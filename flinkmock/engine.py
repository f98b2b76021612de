"""One fake cluster: the contract of its release, the model, the renderer, its faults and its journal."""

from __future__ import annotations

import dataclasses
import shutil
import time

from flinkmock import limits, private_files
from flinkmock.cluster.clock import DEFAULT_START_TIME, Clock
from flinkmock.cluster.cluster import Cluster
from flinkmock.cluster.cluster_spec import ClusterSpec
from flinkmock.contract import LATEST, Contract
from flinkmock.engine_snapshot import Snapshot
from flinkmock.faults import FIRST_PRESENT_TASKMANAGER, Fault, Faults
from flinkmock.garbage_collection import without_garbage_collection
from flinkmock.ingress import IngressSpec
from flinkmock.journal import Expected, Journal
from flinkmock.rest.call import Handler
from flinkmock.rest.rendering import ResponseRenderer
from flinkmock.rest.varied_responses import VariedResponses
from flinkmock.scenario.scenario import Scenario
from flinkmock.state_lock import StateLock


def wall_ms() -> int:
    """Return the time of the wall clock in epoch ms."""
    return time.time_ns() // 1_000_000


def _create_clock(mode: str, start_time: int | None) -> Clock:
    """Return a clock that begins at `start_time`; for None, see the argument of `Engine`. Raises InvalidArgument."""
    clock = Clock(mode, wall_ms, DEFAULT_START_TIME if start_time is None else start_time)
    if start_time is None and clock.follows_wall_clock:
        return Clock(mode, wall_ms)
    return clock


class Engine:
    """A fake cluster with everything that requests to it need. `RestApi` handles requests to an engine.

    Args:
        spec: The scenario; None: a cluster without jobs.
        flink: The minor release to serve, such as "1.20", or its contract; None: that of the scenario, or the newest.
        seed: The seed of all random choices; None: that of the scenario.
        clock: The clock mode: "real", "virtual", "10x", "1s per request"; None: that of the scenario, or real.
        start_time: The cluster time at which the scenario begins, in epoch ms; None: the start time of the scenario.
            If the scenario has none either, a real or scaled clock begins at the time of the wall clock, and other
            clocks at `DEFAULT_START_TIME`.

    Attributes:
        lock: Guards the cluster. Hold it while you read or change the cluster. `faults` and `journal` have their own
            locks.
        initial_clock_mode: The clock mode with which the engine was created.
        wall_ms: Returns the time of the wall clock in epoch ms.
        expectations: The entries of the scenario's section `expect`.
        varied_responses: Varies the responses; None unless the scenario has `responses: varied`.

    Raises:
        UnknownRelease: There is no contract for that release.
        FakerMissing: The release is imported, and the extra `synthesis` is not installed.
        InvalidArgument: The clock, the value of a configuration option, or an imported schema file is invalid.
    """

    def __init__(
        self,
        spec: ClusterSpec | None = None,
        *,
        flink: str | Contract | None = None,
        seed: int | None = None,
        clock: str | None = None,
        start_time: int | None = None,
    ) -> None:
        spec = spec or ClusterSpec()
        if seed is not None:
            spec = dataclasses.replace(spec, seed=seed)
        self.contract = flink if isinstance(flink, Contract) else Contract.load(flink or spec.flink or LATEST)
        self.initial_clock_mode = clock or spec.clock or "real"
        self.wall_ms = wall_ms
        self.clock = _create_clock(self.initial_clock_mode, spec.start_time if start_time is None else start_time)
        self.renderer = ResponseRenderer(self.contract, spec.seed)
        self.lock = StateLock()
        self.handler_overrides: dict[str, Handler] = {}
        """Operation id -> the user's handler. If it returns None, the built-in handler is called."""
        self._upload_folder = private_files.new_path("jars")  # created when the first jar is uploaded
        try:
            with without_garbage_collection():
                self.cluster = Cluster(
                    spec, release=self.contract.release, clock=self.clock, upload_dir=self._upload_folder
                )
            self.faults = Faults(self.cluster.random)
            self.journal = Journal()
            self.expectations: tuple[Expected, ...] = ()
            self.varied_responses: VariedResponses | None = None
            self.ingress = IngressSpec()
            if isinstance(spec, Scenario):
                self.faults.add(*spec.faults)
                self.expectations = spec.expect
                self.ingress = spec.ingress
                if spec.varied:
                    self.varied_responses = VariedResponses(self.contract.release.minor, self.cluster.random)
        except BaseException:
            self.close()
            raise

    def begin_request(self, jobmanager: int) -> int | None:
        """Run the events that are due when a request to a JobManager arrives.

        In step mode, the clock advances when the request reaches the cluster (`advance_for_request`). If it can't,
        because the JobManager is down or there is no leader, the clock advances here.

        Args:
            jobmanager: The number of the JobManager.

        Returns:
            The cluster time in epoch ms; None in step mode if the clock has not advanced yet.
        """
        now = self.clock.now()
        self.catch_up(now)
        if not self.clock.step:
            return now
        leadership = self.cluster.leadership
        if leadership.leader is None or leadership.jobmanagers[jobmanager].is_down:
            return self.advance_for_request()
        return None

    def advance_for_request(self) -> int:
        """Advance the clock as each request does, and run the due events; return the cluster time in epoch ms."""
        with self.lock.reading:
            now = self.clock.on_request()
            self.catch_up(now)
            return now

    def catch_up(self, now: int, limit: int | None = None) -> None:
        """Run the events that are due by `now` (epoch ms). `limit` is that of `Cluster.run_due_events`."""
        if self.cluster.event_queue.has_due(now):
            with self.lock:
                self.cluster.run_due_events(now, limit)

    def apply_cluster_fault(self, fault: Fault) -> None:
        """Crash the leader or a TaskManager if the fault says so, after the request to which the fault applied."""
        if fault.leader_failover is None and fault.kill_taskmanager is None:
            return
        with self.lock:
            now, cluster = self.clock.now(), self.cluster
            cluster.run_due_events(now)
            if fault.leader_failover is not None:
                hit_count = self.faults.hits(fault.name)
                duration = cluster.random.draw(fault.leader_failover, "fault", fault.name, hit_count)
                cluster.leadership.crash_leader(duration, now, recovers=True)
            if fault.kill_taskmanager is not None:
                number = None if fault.kill_taskmanager == FIRST_PRESENT_TASKMANAGER else fault.kill_taskmanager
                cluster.taskmanagers.remove_one(now, number)

    def advance(self, duration: int | str) -> int:
        """Advance the clock by a number of ms or a text such as "30s", and run the due events.

        Returns:
            The cluster time in epoch ms.
        """
        with self.lock.reading:
            now = self.clock.advance(duration)
            self.catch_up(now, limits.ADVANCE)
            return now

    def advance_to(self, cluster_time: int) -> None:
        """In step mode, advance to a time (epoch ms) that the wall clock has reached, and run the due events."""
        with self.lock:
            self.cluster.run_due_events(self.clock.advance_to(cluster_time))

    @property
    def started_at(self) -> int:
        """The cluster time at which the scenario began, in epoch ms."""
        return self.cluster.scenario_started_at

    def job_name(self, job_id: str | None) -> str | None:
        """Return the name of the job with an id, in upper or lower case; None if there is no such job."""
        job = self.cluster.jobs.get((job_id or "").lower())
        return job.name if job else None

    def state_of_job(self, name: str) -> str | None:
        """Return the state of the newest job with a name; None if there is none."""
        jobs = [job for job in self.cluster.jobs.values() if job.name == name]
        return jobs[-1].state if jobs else None

    def signal(self, name: str) -> None:
        """Send a signal to the steps and async operations that wait for it.

        Raises:
            NotFound: The scenario has no such signal. The message lists its signals.
        """
        with self.lock:
            now = self.clock.now()
            self.cluster.run_due_events(now)
            self.cluster.signal(name, now)

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the whole state."""
        with self.lock:
            return Snapshot.of(self)

    def restore(self, snapshot: Snapshot) -> None:
        """Restore a snapshot, including the clock. Raises InvalidArgument if it is of another engine."""
        with self.lock:
            snapshot.restore(self)

    def take_over_journal(self, other: Engine) -> None:
        """Clear and use the journal of the engine that this one replaces, so that calls of `wait_for` keep waiting."""
        other.journal.clear()
        self.journal = other.journal

    def close(self) -> None:
        """Remove the uploaded jars. A second call does nothing."""
        shutil.rmtree(self._upload_folder, ignore_errors=True)
