"""One fake cluster: the contract of its release, the model, the renderer, its faults and its journal."""

from __future__ import annotations

import dataclasses
import shutil
import time

from flinkmock import limits, private_files
from flinkmock.cluster.clock import Clock
from flinkmock.cluster.cluster import Cluster
from flinkmock.cluster.spec import ClusterSpec
from flinkmock.contract import LATEST, Contract
from flinkmock.faults import FIRST, Fault, Faults
from flinkmock.garbage import without_garbage_collection
from flinkmock.ingress import IngressSpec
from flinkmock.journal import Expected, Journal
from flinkmock.named_random import EPOCH_MS
from flinkmock.rest.call import Handler
from flinkmock.rest.rendering import ResponseRenderer
from flinkmock.rest.varied_responses import VariedResponses
from flinkmock.scenario.scenario import Scenario
from flinkmock.snapshot import Snapshot
from flinkmock.state_lock import StateLock


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Engine:
    """A fake cluster with all that its requests need. `RestApi` sends requests to it.

    Args:
        spec: The scenario; None is an empty cluster.
        flink: Minor release to serve, such as "1.20", or its contract; None: the scenario's, else the newest.
        seed: Seed of all random choices; None: the scenario's.
        clock: "real", "virtual", "10x", "1s per request"; None: the scenario's, else real.
        start_time: Cluster time at which the scenario begins, epoch ms; None: the scenario's, else the time of the wall
            clock if the clock is real or scaled, and `EPOCH_MS` if it is not.

    Attributes:
        lock: Guards the cluster. Hold it to read or change the cluster. `faults` and `journal` have their own locks.

    Raises:
        UnknownRelease: There is no contract for that release.
        FakerMissing: The release is imported, and the extra `synthesis` is not installed.
        InvalidArgument: The clock or the value of a configuration option is invalid.
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
        start_time = spec.start_time if start_time is None else start_time
        self.clock = Clock(self.initial_clock_mode, wall_ms, EPOCH_MS if start_time is None else start_time)
        if start_time is None and self.clock.follows_wall:
            self.clock = Clock(self.initial_clock_mode, wall_ms)
        self.renderer = ResponseRenderer(self.contract, spec.seed)
        self.lock = StateLock()
        self.handler_overrides: dict[str, Handler] = {}
        """Operation id -> the user's handler. It is called first; if it returns None, the built-in handler is."""
        # created with the first jar; most clusters have none
        self._folder = private_files.new_path("jars")
        try:
            with without_garbage_collection():
                self.cluster = Cluster(spec, release=self.contract.release, clock=self.clock, upload_dir=self._folder)
            self.faults = Faults(self.cluster.random)
            self.journal = Journal()
            self.expected: tuple[Expected, ...] = ()
            self.varied: VariedResponses | None = None
            self.ingress = IngressSpec()
            if isinstance(spec, Scenario):
                self.faults.add(*spec.faults)
                self.expected = spec.expect
                self.ingress = spec.ingress
                if spec.varied:
                    self.varied = VariedResponses(self.contract.release.minor, self.cluster.random)
        except BaseException:
            self.close()
            raise

    def begin_request(self, jobmanager: int) -> int | None:
        """Run what is due when a request to a JobManager arrives.

        Returns:
            The cluster time (epoch ms). None if the clock moves one step per request: it moves when the request
            reaches the cluster, or at once if the JobManager is down or there is no leader.
        """
        now = self.clock.now()
        self.catch_up(now)
        if not self.clock.step:
            return now
        leadership = self.cluster.leadership
        return self.arrive() if leadership.leader is None or leadership.jobmanagers[jobmanager].down else None

    def arrive(self) -> int:
        """Move the clock as it moves for each request, and run what is due; return the cluster time, epoch
        ms."""
        with self.lock.reading:
            now = self.clock.on_request()
            self.catch_up(now)
            return now

    def catch_up(self, now: int, most: int | None = None) -> None:
        """Run what is due by `now` (epoch ms), at most so many events; None: `limits.CATCH_UP`."""
        if self.cluster.event_queue.has_due(now):
            with self.lock:
                self.cluster.run_due_events(now, most)

    def apply_cluster_fault(self, fault: Fault) -> None:
        """Do what a fault does to the cluster itself, if anything, after the request to which it applied."""
        if fault.leader_failover is None and fault.kill_taskmanager is None:
            return
        with self.lock:
            now, cluster = self.clock.now(), self.cluster
            cluster.run_due_events(now)
            if fault.leader_failover is not None:
                takes = cluster.random.draw(fault.leader_failover, "fault", fault.name, self.faults.hits(fault.name))
                cluster.leadership.fail_leader(takes, now, recovers=True)
            if fault.kill_taskmanager is not None:
                number = None if fault.kill_taskmanager == FIRST else fault.kill_taskmanager
                cluster.remove_one_taskmanager(now, number)

    def advance(self, length: int | str) -> int:
        """Move the clock by ms, or a text such as "30s", and run what is due; return the cluster time, epoch
        ms."""
        with self.lock.reading:
            now = self.clock.advance(length)
            self.catch_up(now, limits.ADVANCE)
            return now

    def reach(self, moment: int) -> None:
        """Move a step clock to a moment (epoch ms) that has come on the wall clock, and run what is due."""
        with self.lock:
            self.cluster.run_due_events(self.clock.reach(moment))

    @property
    def started_at(self) -> int:
        """Cluster time at which the scenario began, epoch ms."""
        return self.cluster.scenario_started_at

    def job_name(self, job_id: str | None) -> str | None:
        """The name of the job with that id, as a request wrote it; None: there is none."""
        job = self.cluster.jobs.get((job_id or "").lower())
        return job.name if job else None

    def state_of(self, name: str) -> str | None:
        """The state of the newest job of that name; None: there is none."""
        jobs = [job for job in self.cluster.jobs.values() if job.name == name]
        return jobs[-1].state if jobs else None

    def signal(self, name: str) -> None:
        """Send a signal to the steps that wait for it. Raises NotFound, naming the signals that are waited for."""
        with self.lock:
            now = self.clock.now()
            self.cluster.run_due_events(now)
            self.cluster.signal(name, now)

    def snapshot(self) -> Snapshot:
        """The whole state as it is now."""
        with self.lock:
            return Snapshot.of(self)

    def restore(self, snapshot: Snapshot) -> None:
        """Restore the state of a snapshot, the clock included. Raises InvalidArgument for a snapshot of another
        engine."""
        with self.lock:
            snapshot.restore(self)

    def take_over_journal(self, other: Engine) -> None:
        """Empty the journal of an engine that this one replaces, and continue it: `wait_for` calls keep waiting."""
        other.journal.clear()
        self.journal = other.journal

    def close(self) -> None:
        """Remove the uploaded jars. A second call does nothing."""
        shutil.rmtree(self._folder, ignore_errors=True)
