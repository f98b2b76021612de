"""After any sequence of requests and faults, the responses of a cluster agree with each other and are valid."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from flinkmock import Engine, load_scenario
from flinkmock.cluster.cluster_spec import ClusterSpec
from flinkmock.cluster.errors import ClusterError
from flinkmock.cluster.restore import RestoreSettings
from flinkmock.cluster.spec import JobSpec
from flinkmock.conformance.targets import Targets
from flinkmock.contract.operation_traits import only_reads
from flinkmock.rest.in_process import InProcessClient, OperationNotFound
from tests.coherence import backwards, incoherences
from tests.hypothesis_profile import examples

RELEASES = ("2.3", "1.20", "1.12")
TEMPLATES = """
cluster: {taskmanagers: 2, slots: 4}
jobs:
  streaming: {extends: streaming, checkpoints: {every: 3s, duration: 100ms..900ms, fails: [2]}}
  wide: {extends: streaming, parallelism: 3}
  batch: {extends: batch, parallelism: 2}
  failing: failing
  restarting: {extends: restarting, parallelism: 2}
  stuck: stuck
"""
TARGET = "file:///savepoints"


def templates() -> tuple[ClusterSpec, tuple[JobSpec, ...]]:
    """Return an empty cluster and the jobs to submit to it."""
    spec = load_scenario(TEMPLATES)
    return ClusterSpec(taskmanagers=spec.taskmanagers, slots=spec.slots), spec.jobs


class JobRun(RuleBasedStateMachine):
    """Rules are what can happen to a cluster. The test sets `release`."""

    release = RELEASES[0]
    jobs = Bundle("jobs")
    savepoints = Bundle("savepoints")

    @initialize(seed=st.integers(0, 1000))
    def start(self, seed: int) -> None:
        spec, self.specs = templates()
        self.engine = Engine(spec, flink=self.release, seed=seed, clock="virtual")
        self.client = InProcessClient(self.engine)
        self.earlier_jobs: dict[str, Any] = {}

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            try:
                self.every_response_is_valid()
            finally:
                self.engine.close()

    # Rules

    @rule(target=jobs, index=st.integers(0, 5))
    def submit(self, index: int) -> str:
        return self.engine.cluster.submit(self.specs[index], self.engine.clock.now()).id

    @rule(ms=st.one_of(st.integers(0, 500), st.integers(0, 60_000)))
    def time_passes(self, ms: int) -> None:
        self.engine.advance(ms)

    @rule(job=jobs)
    def cancel(self, job: str) -> None:
        self.send("PATCH", f"/jobs/{job}")

    @rule(target=savepoints, job=jobs, cancel=st.booleans())
    def savepoint(self, job: str, cancel: bool) -> Any:
        response = self.send("POST", f"/jobs/{job}/savepoints", {"target-directory": TARGET, "cancel-job": cancel})
        return self.location(job, response)

    @rule(target=savepoints, job=jobs, drain=st.booleans())
    def stop(self, job: str, drain: bool) -> Any:
        response = self.send("POST", f"/jobs/{job}/stop", {"targetDirectory": TARGET, "drain": drain})
        return self.location(job, response)

    @precondition(lambda self: self.release != "1.12")
    @rule(job=jobs)
    def checkpoint(self, job: str) -> None:
        self.send("POST", f"/jobs/{job}/checkpoints")

    @rule(target=jobs, path=savepoints)
    def start_from_savepoint(self, path: str) -> str:
        return self.engine.cluster.submit(self.specs[0], self.engine.clock.now(), restore=RestoreSettings(path)).id

    @rule(path=savepoints)
    def dispose(self, path: str) -> None:
        self.send("POST", "/savepoint-disposal", {"savepoint-path": path})

    @rule(job=jobs)
    def fail(self, job: str) -> None:
        cluster = self.engine.cluster
        known = cluster.jobs.get(job)  # it may be lost with a leader
        if known is not None and not known.has_ended:
            cluster.state_machines.fail(known, self.engine.clock.now())

    @rule(index=st.integers(0, 5))
    def lose_a_taskmanager(self, index: int) -> None:
        now = self.engine.clock.now()
        known = self.engine.cluster.taskmanagers.at(now)
        if known:
            self.engine.cluster.taskmanagers.remove(known[index % len(known)].id, now)

    @rule()
    def a_taskmanager_joins(self) -> None:
        self.engine.cluster.taskmanagers.add(self.engine.clock.now())

    @rule(recovers=st.booleans())
    def the_leader_crashes(self, recovers: bool) -> None:
        """It is back at once. Jobs start again, or are lost."""
        self.engine.cluster.leadership.crash_leader(0, self.engine.clock.now(), recovers=recovers)
        self.engine.advance(0)
        self.earlier_jobs = {}

    # Invariants

    @invariant()
    def responses_agree(self) -> None:
        if hasattr(self, "engine"):
            assert incoherences(self.client) == []

    @invariant()
    def nothing_runs_backwards(self) -> None:
        if hasattr(self, "engine"):
            ids = [job["id"] for job in self.client.json("GET", "/jobs")["jobs"]]
            now = {job_id: self.client.json("GET", f"/jobs/{job_id}") for job_id in ids}
            assert backwards(self.earlier_jobs, now) == []
            self.earlier_jobs = now

    def every_response_is_valid(self) -> None:
        """At the end only, because there are hundreds of them."""
        contract = self.engine.contract
        targets = Targets(self)
        for operation in contract:
            if not only_reads(operation):
                continue
            for path in targets.paths(operation):
                try:
                    body = self.client.json("GET", path)
                except (OperationNotFound, ClusterError):
                    continue
                if not operation.returns_file:
                    assert [str(deviation) for deviation in contract.check_response(operation, body)] == [], path

    # Helpers

    def json(self, target: str) -> Any:
        """For `Targets`."""
        try:
            return self.client.json("GET", target)
        except (OperationNotFound, ClusterError):
            return {}

    def send(self, method: str, target: str, body: dict[str, Any] | None = None) -> Any:
        """Return {} if the cluster refuses the request."""
        try:
            return self.client.json(method, target, body)
        except ClusterError:
            return {}

    def location(self, job: str, response: Any) -> Any:
        """Return the path of the savepoint, if it is complete a minute later."""
        self.engine.advance(60_000)
        status = self.send("GET", f"/jobs/{job}/savepoints/{response['request-id']}") if response else {}
        path = (status.get("operation") or {}).get("location")
        return path if path else multiple()


def play(release: str, count: int) -> None:
    """Plays so many sequences of events."""
    machine = type(f"Life{release}", (JobRun,), {"release": release})
    run_state_machine_as_test(machine, settings=settings(examples(count), stateful_step_count=25))


@pytest.mark.parametrize("release", RELEASES)
def test_a_cluster_is_coherent_at_every_instant(release: str) -> None:
    play(release, 3)


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_many_clusters_are_coherent_at_every_instant(release: str) -> None:
    play(release, 13)
