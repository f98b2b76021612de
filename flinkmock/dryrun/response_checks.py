"""Checks the responses of a cluster to every documented read-only operation during a dry run.

A job is checked after each state change, unless a job of the same shape was checked in the same state. The shape is the
number of vertices and of their inputs, whether a vertex has several subtasks, and whether the job has checkpoints,
metrics and accumulators. Of vertices, subtasks and checkpoints, the first and the last are checked. The vertices of a
job with many tasks are checked once, and their metrics never. Operations that do not concern a job are checked with
each new shape; in a cluster with many jobs or TaskManagers only once. Logs of very many attempts are not checked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from flinkmock.cluster.errors import ClusterError, JobInitializing
from flinkmock.cluster.job import Job
from flinkmock.conformance.invariants import invariant_violations
from flinkmock.conformance.targets import Targets, first_and_last
from flinkmock.contract import Operation
from flinkmock.contract.operation_traits import only_reads, traits_of
from flinkmock.dryrun.simulator import Simulator
from flinkmock.rest.handlers import FileContent
from flinkmock.rest.in_process import InProcessClient, OperationNotFound

TARGETS_PER_KIND = 2
MANY = 100
"""The number of jobs and TaskManagers, or tasks of a job, beyond which these are checked less often."""
MAX_ATTEMPTS = 50_000
"""The number of attempts of tasks beyond which logs are not checked."""
Shape = tuple[Any, ...]


class ResponseChecks:
    """Checks the cluster of one simulator.

    Attributes:
        findings: The job (None for the cluster) and the message of each finding, without repetitions.
        responses: The number of checked responses.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._client = InProcessClient(simulator.engine)
        self._readable = [operation for operation in simulator.engine.contract if only_reads(operation)]
        self._shapes: set[Shape] = set()
        self._checked_vertices: set[Shape] = set()
        self._structures: dict[str, Shape] = {}
        self._many = len(simulator.scenario.jobs) + simulator.scenario.taskmanagers > MANY
        self._reported: set[tuple[str, str]] = set()
        self.findings: list[tuple[Job | None, str]] = []
        self.responses = 0

    def check_jobs(self, changed: Collection[Job]) -> None:
        """Check jobs that have changed."""
        first = not self._shapes
        new = [job for job in changed if self._is_new(job)]
        for job in new:
            self._check_all(job)
        if first or (new and not self._many):
            self._check_all(None)

    def _is_new(self, job: Job) -> bool:
        structure = self._structures.get(job.id)
        if structure is None:
            structure = self._structures[job.id] = _structure(job)
        states = [state for _, state in job.states[-2:]]
        run = job.attempts[-1] if job.attempts else None
        shape = (*structure, *states, run is not None and run.deployed_at is None, bool(job.checkpoints.restored))
        if shape in self._shapes or self._simulator.cluster.jobs.get(job.id) is not job:
            return False
        self._shapes.add(shape)
        return True

    def _check_all(self, job: Job | None) -> None:
        if self._simulator.cluster.leadership.leader is None:
            return
        if job is not None and not job.is_known_at(self._simulator.now):
            return
        targets = Targets(_Lists(self._client, job), TARGETS_PER_KIND)
        is_large = job is not None and job.graph.subtasks > MANY
        for operation in self._readable:
            if (":jobid" in operation.segments) is (job is not None):
                if (is_large and not self._is_affordable(operation, job)) or self._is_long_log(operation):
                    continue
                targets_of_it = _targets(targets, operation)
                # all lists of these are long
                for target in islice(targets_of_it, 2) if job is None and self._many else targets_of_it:
                    self._check(operation, target, job)

    def _is_long_log(self, operation: Operation) -> bool:
        """Return whether the operation reads a log with the lines of very many attempts."""
        if not {"log", "logs", "stdout"} & {*operation.segments}:
            return False
        jobs = self._simulator.cluster.jobs.values()
        return sum(len(job.attempts) * job.graph.subtasks for job in jobs) > MAX_ATTEMPTS

    def _is_affordable(self, operation: Operation, job: Job | None) -> bool:
        """Return whether the operation should be checked for a job with many tasks."""
        if ":vertexid" not in operation.segments or job is None:
            return True
        new = (operation.id, *self._structures[job.id]) not in self._checked_vertices
        if job.state == "RUNNING":
            self._checked_vertices.add((operation.id, *self._structures[job.id]))
        return new and "metrics" not in operation.segments

    def _check(self, operation: Operation, target: str, job: Job | None) -> None:
        self.responses += 1
        try:
            body = self._body(target)
        except (OperationNotFound, JobInitializing):
            return
        except ClusterError as error:
            if not traits_of(operation.id).expected_errors:
                self._add_finding(operation, job, f"is an error: {error}")
            return
        except Exception as error:  # a client would get a 500
            self._add_finding(operation, job, f"is an internal error: {type(error).__name__}: {error}")
            return
        for text in self._violations(operation, target, body) if body is not None else ():
            self._add_finding(operation, job, text)

    def _body(self, target: str) -> Any:
        """Return the parsed body of the response, or None for a file. This does not count as a poll."""
        body = self._client.peek(target)
        return None if isinstance(body, bytes) else body

    def _violations(self, operation: Operation, target: str, body: Any) -> Iterator[str]:
        for violation in self._simulator.engine.contract.check_response(operation, body):
            yield f"violates the contract: {violation}"
        for contradiction in invariant_violations(self._simulator.engine.contract, operation, target, body):
            yield f"contradicts itself at {contradiction.pointer}: {contradiction.expected}, {contradiction.found}"

    def _add_finding(self, operation: Operation, job: Job | None, text: str) -> None:
        kind = (operation.id, text.partition(":")[0])
        if kind not in self._reported:
            self._reported.add(kind)
            self.findings.append((job, f"the response of {operation} {text}"))


class _Lists:
    """The responses from which ids are taken, with only the checked job, and the first and last TaskManager."""

    def __init__(self, client: InProcessClient, job: Job | None) -> None:
        self._client = client
        self._job = job

    def json(self, target: str) -> Any:
        if target == "/jobs":
            return {"jobs": [{"id": self._job.id}] if self._job is not None else []}
        if target == "/taskmanagers":
            engine = self._client.engine
            registered = engine.cluster.taskmanagers.at(engine.clock.now())
            return {
                "taskmanagers": [{"id": taskmanager.id} for taskmanager in first_and_last(registered, TARGETS_PER_KIND)]
            }
        try:
            facts = self._client.payload("GET", target)
        except (ClusterError, OperationNotFound):
            return {}
        return {} if isinstance(facts, FileContent) else facts


def _targets(targets: Targets, operation: Operation) -> Iterator[str]:
    for path in targets.paths(operation):
        for query in targets.queries(operation, path):
            yield path + query


def _structure(job: Job) -> Shape:
    vertices = tuple(
        (len(v.operators), v.inputs, min(v.parallelism, 2), tuple(v.accumulators.values()), bool(v.metrics))
        for v in job.spec.vertices
    )
    return job.spec.type, vertices, job.spec.checkpoints is None, bool(job.spec.metrics), bool(job.spec.user_config)
