"""One fake cluster without a wire: the contract of a release, the cluster's model, and bodies made of both.

A request goes through here after the server has understood it: time moves on, the operation's resource is called with
the converted parameters, and the facts it returns take the shape that the served release gives them.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from flinkmock.cluster.clock import Clock
from flinkmock.cluster.cluster import Cluster
from flinkmock.cluster.errors import NoLeader
from flinkmock.cluster.history import cluster_at
from flinkmock.cluster.spec import ClusterSpec
from flinkmock.contract import LATEST, Contract, Operation
from flinkmock.faults import FIRST, Fault, Faults
from flinkmock.journal import Expected, Journal
from flinkmock.rest.call import Handler
from flinkmock.rest.handlers import HANDLERS, FileContent, RestCall, UploadedFile
from flinkmock.rest.handlers.polling import polled_keys
from flinkmock.rest.handlers.unmodelled import unmodelled
from flinkmock.rest.rendering import ResponseRenderer, encode
from flinkmock.scenario.scenario import Scenario
from flinkmock.snapshot import Snapshot


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Engine:
    """Everything behind the wire.

    Args:
        spec: the scenario; None is a cluster with nothing on it.
        flink: minor release to serve ("1.20"); None: the scenario's, else the newest.
        seed: None: the scenario's.
        clock: "real", "virtual", "10x", "1s per request"; None: the scenario's, else real.

    `lock` guards the cluster: whoever reads or changes it from another thread holds it. `faults` and `journal` guard
    themselves; the server asks the one and fills the other.

    Raises:
        UnknownRelease: for a release there is no contract of.
        FakerMissing: for an imported release, without the extra `synthesis`.
        InvalidArgument: the clock or the value of a configuration option is invalid.
    """

    def __init__(
        self,
        spec: ClusterSpec | None = None,
        *,
        flink: str | None = None,
        seed: int | None = None,
        clock: str | None = None,
    ) -> None:
        spec = spec or ClusterSpec()
        if seed is not None:
            spec = dataclasses.replace(spec, seed=seed)
        self.contract = Contract.load(flink or spec.flink or LATEST)
        self.initial_clock_mode = clock or spec.clock or "real"
        self.clock = Clock(self.initial_clock_mode, wall_ms)
        self.renderer = ResponseRenderer(self.contract, spec.seed)
        self.lock = threading.RLock()
        self.deciders: dict[str, Handler] = {}
        """Operation id -> a function of the user's, asked first; None from it leaves the answer to the cluster."""
        self._folder = Path(tempfile.gettempdir(), f"flinkmock-{uuid4().hex}")  # made for the first jar: most see none
        try:
            self.cluster = Cluster(spec, release=self.contract.release, clock=self.clock, upload_dir=self._folder)
            self.faults = Faults(self.cluster.random)
            self.journal = Journal()
            self.expected: tuple[Expected, ...] = ()
            if isinstance(spec, Scenario):
                self.faults.add(*spec.faults)
                self.expected = spec.expect
        except BaseException:
            self.close()
            raise

    def handle(
        self,
        operation: Operation,
        *,
        path: Mapping[str, Any],
        query: Mapping[str, Sequence[Any]],
        body: Mapping[str, Any],
        files: Sequence[UploadedFile] = (),
        base_url: str,
        arrived: int | None = None,
        jobmanager: int = 0,
        ago: int = 0,
    ) -> bytes | FileContent:
        """Carries out one request; returns the JSON body, or a file.

        Args:
            arrived: what `arrive` told, if it was called for this request already.
            jobmanager: the number of the one that is asked.
            ago: answers as of so many ms ago; for requests that only read.

        Raises:
            NoLeader: whatever is asked, while no JobManager leads.
            ClusterError: the cluster refuses the request (`flinkmock/cluster/errors.py`).
        """
        with self.lock:
            now = self.arrive() if arrived is None else min(arrived, self.clock.now())  # less: a snapshot came between
            if self.cluster.leadership.leader is None:
                raise NoLeader
            call = RestCall(operation, self.cluster, now, path, query, body, files, base_url, jobmanager)
            self.cluster.record_polls(polled_keys(call), now)
            if ago:
                call = self._earlier(call, ago)
            decide = self.deciders.get(operation.id)
            payload = decide(call) if decide else None
            if payload is None:
                payload = HANDLERS.get(operation.id, unmodelled)(call)
            if isinstance(payload, FileContent):
                return payload
            key = "/".join((operation.path, *map(str, path.values())))
            return encode(self.renderer.body(operation, payload, key))

    def _earlier(self, call: RestCall, ago: int) -> RestCall:
        """The same as it would have been asked so many ms ago, but not before there was a cluster. Raises NoLeader."""
        then = max(call.now - ago, self.cluster.started_at)
        cluster = cluster_at(self.cluster, then)
        if cluster is None:
            raise NoLeader
        return dataclasses.replace(call, cluster=cluster, now=then)

    def befall(self, fault: Fault) -> None:
        """What a fault that strikes does to the cluster itself, if anything."""
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

    def turned_away(self, jobmanager: int) -> int | None:
        """Whether a request to this JobManager finds nobody that could lead it on: it has fallen, or there is no leader
        whom it could ask. Such requests make time go on, too: then the epoch ms, else None."""
        with self.lock:
            self.cluster.run_due_events(self.clock.now())
            jobmanagers = self.cluster.leadership
            return self.arrive() if jobmanagers.leader is None or jobmanagers.jobmanagers[jobmanager].down else None

    def arrive(self) -> int:
        """A request has come: the clock moves on as it does for each, and what falls due happens; returns epoch ms."""
        with self.lock:
            now = self.clock.on_request()
            self.cluster.run_due_events(now)
            return now

    def advance(self, length: int | str) -> int:
        """Moves the clock on (ms, or a text such as "30s") and lets happen what falls due; returns the epoch ms."""
        with self.lock:
            now = self.clock.advance(length)
            self.cluster.run_due_events(now)
            return now

    @property
    def started_at(self) -> int:
        """The cluster's time at which the scenario began, epoch ms."""
        return self.cluster.scenario_started_at

    def job_name(self, job_id: str | None) -> str | None:
        """The name of the job of that id, as a request wrote it; None: there is none."""
        job = self.cluster.jobs.get((job_id or "").lower())
        return job.name if job else None

    def state_of(self, name: str) -> str | None:
        """The state of the newest job of that name; None: there is none."""
        jobs = [job for job in self.cluster.jobs.values() if job.name == name]
        return jobs[-1].state if jobs else None

    def signal(self, name: str) -> None:
        """Lets go on what waits for `signal NAME`. Raises NotFound, naming the signals that there are."""
        with self.lock:
            now = self.clock.now()
            self.cluster.run_due_events(now)
            self.cluster.signal(name, now)

    def snapshot(self) -> Snapshot:
        """Everything as it is now."""
        with self.lock:
            return Snapshot.of(self)

    def restore(self, snapshot: Snapshot) -> None:
        """Everything as it was then, the clock included. Raises InvalidArgument for a snapshot of another engine."""
        with self.lock:
            snapshot.restore(self)

    def take_over_journal(self, other: Engine) -> None:
        """Go on with the journal of an engine that this one replaces, so that whoever waits for a request still gets
        it. The journal is empty then."""
        other.journal.clear()
        self.journal = other.journal

    def close(self) -> None:
        """Removes the uploaded jars. Harmless the second time."""
        shutil.rmtree(self._folder, ignore_errors=True)
