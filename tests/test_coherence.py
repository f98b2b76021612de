"""After any sequence of requests and failures, the responses of a cluster agree with each other and are valid."""

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
from tests.coherence import contradictions_over_time, incoherences
from tests.hypothesis_profile import examples

RELEASES = ("2.3", "1.20", "1.12")
SCENARIO = """
cluster: {taskmanagers: 2, slots: 4}
jobs:
  streaming: {extends: streaming, checkpoints: {every: 3s, duration: 100ms..900ms, fails: [2]}}
  wide: {extends: streaming, parallelism: 3}
  batch: {extends: batch, parallelism: 2}
  failing: failing
  restarting: {extends: restarting, parallelism: 2}
  stuck: stuck
"""
SAVEPOINT_FOLDER = "file:///savepoints"


def cluster_and_job_specs() -> tuple[ClusterSpec, tuple[JobSpec, ...]]:
    """Return the spec of a cluster without jobs, and those of the jobs to submit to it."""
    scenario = load_scenario(SCENARIO)
    return ClusterSpec(
        taskmanager_count=scenario.taskmanager_count, slots_per_taskmanager=scenario.slots_per_taskmanager
    ), scenario.jobs


class ClusterStateMachine(RuleBasedStateMachine):
    """A cluster with random events: each rule is one event. Subclasses set `release`."""

    release = RELEASES[0]
    jobs = Bundle("jobs")
    savepoints = Bundle("savepoints")

    @initialize(seed=st.integers(0, 1000))
    def start(self, seed: int) -> None:
        spec, self.job_specs = cluster_and_job_specs()
        self.engine = Engine(spec, flink=self.release, seed=seed, clock="virtual")
        self.client = InProcessClient(self.engine)
        self.earlier_jobs: dict[str, Any] = {}

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            try:
                self.check_all_responses()
            finally:
                self.engine.close()

    # Rules

    @rule(target=jobs, index=st.integers(0, 5))
    def submit(self, index: int) -> str:
        return self.engine.cluster.submit(self.job_specs[index], self.engine.clock.now()).id

    @rule(ms=st.one_of(st.integers(0, 500), st.integers(0, 60_000)))
    def advance(self, ms: int) -> None:
        self.engine.advance(ms)

    @rule(job_id=jobs)
    def cancel(self, job_id: str) -> None:
        self.send("PATCH", f"/jobs/{job_id}")

    @rule(target=savepoints, job_id=jobs, cancel=st.booleans())
    def trigger_savepoint(self, job_id: str, cancel: bool) -> Any:
        response = self.send(
            "POST", f"/jobs/{job_id}/savepoints", {"target-directory": SAVEPOINT_FOLDER, "cancel-job": cancel}
        )
        return self.savepoint_path(job_id, response)

    @rule(target=savepoints, job_id=jobs, drain=st.booleans())
    def stop_with_savepoint(self, job_id: str, drain: bool) -> Any:
        response = self.send("POST", f"/jobs/{job_id}/stop", {"targetDirectory": SAVEPOINT_FOLDER, "drain": drain})
        return self.savepoint_path(job_id, response)

    @precondition(lambda self: self.release != "1.12")
    @rule(job_id=jobs)
    def trigger_checkpoint(self, job_id: str) -> None:
        self.send("POST", f"/jobs/{job_id}/checkpoints")

    @rule(target=jobs, path=savepoints)
    def start_from_savepoint(self, path: str) -> str:
        return self.engine.cluster.submit(
            self.job_specs[0], self.engine.clock.now(), restore_settings=RestoreSettings(path)
        ).id

    @rule(path=savepoints)
    def dispose_savepoint(self, path: str) -> None:
        self.send("POST", "/savepoint-disposal", {"savepoint-path": path})

    @rule(job_id=jobs)
    def fail(self, job_id: str) -> None:
        cluster = self.engine.cluster
        job = cluster.jobs.get(job_id)  # None if the job was lost with a leader
        if job is not None and not job.has_ended:
            cluster.state_machines.fail(job, self.engine.clock.now())

    @rule(index=st.integers(0, 5))
    def lose_taskmanager(self, index: int) -> None:
        now = self.engine.clock.now()
        taskmanagers = self.engine.cluster.taskmanagers.registered_at(now)
        if taskmanagers:
            self.engine.cluster.taskmanagers.remove(taskmanagers[index % len(taskmanagers)].id, now)

    @rule()
    def add_taskmanager(self) -> None:
        self.engine.cluster.taskmanagers.add(self.engine.clock.now())

    @rule(recovers=st.booleans())
    def crash_leader(self, recovers: bool) -> None:
        """Crash the leader. The next leader is elected at once. It recovers the jobs, or loses them."""
        self.engine.cluster.leadership.crash_leader(0, self.engine.clock.now(), recovers=recovers)
        self.engine.advance(0)
        self.earlier_jobs = {}

    # Invariants

    @invariant()
    def responses_agree(self) -> None:
        if hasattr(self, "engine"):
            assert incoherences(self.client) == []

    @invariant()
    def responses_agree_with_earlier_ones(self) -> None:
        if hasattr(self, "engine"):
            ids = [job["id"] for job in self.client.json("GET", "/jobs")["jobs"]]
            jobs = {job_id: self.client.json("GET", f"/jobs/{job_id}") for job_id in ids}
            assert contradictions_over_time(self.earlier_jobs, jobs) == []
            self.earlier_jobs = jobs

    def check_all_responses(self) -> None:
        """Check all reads against the contract. This runs only at the end, because there are hundreds of responses."""
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
                    assert [str(violation) for violation in contract.check_response(operation, body)] == [], path

    # Helpers

    def json(self, target: str) -> Any:
        """Return the body of a read; `Targets` uses it to find ids."""
        try:
            return self.client.json("GET", target)
        except (OperationNotFound, ClusterError):
            return {}

    def send(self, method: str, target: str, body: dict[str, Any] | None = None) -> Any:
        """Return the body of a response; {} if the cluster rejects the request."""
        try:
            return self.client.json(method, target, body)
        except ClusterError:
            return {}

    def savepoint_path(self, job_id: str, response: Any) -> Any:
        """Return the path of a savepoint if it is completed a minute later; otherwise no value for the bundle."""
        self.engine.advance(60_000)
        status = self.send("GET", f"/jobs/{job_id}/savepoints/{response['request-id']}") if response else {}
        path = (status.get("operation") or {}).get("location")
        return path if path else multiple()


def check_clusters(release: str, cluster_count: int) -> None:
    """Check clusters, each with a random sequence of events; 20 times as many in a thorough run."""
    machine = type(f"ClusterStateMachine{release}", (ClusterStateMachine,), {"release": release})
    run_state_machine_as_test(machine, settings=settings(examples(cluster_count), stateful_step_count=25))


@pytest.mark.parametrize("release", RELEASES)
def test_responses_agree_after_each_event(release: str) -> None:
    check_clusters(release, 3)


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_responses_of_many_clusters_agree_after_each_event(release: str) -> None:
    check_clusters(release, 13)
