"""Checks the responses of a cluster to every read-only operation of the release in a dry run.

A job is checked after each state change, unless a job of the same shape was checked with the same two latest states,
and also waited for slots or not, and was restored or not. The shape of a job is its type, whether it has checkpoints,
metrics and user configuration, and for each vertex: the number of operators, the inputs, whether it has several
subtasks, its accumulators, and whether it has metrics. Of vertices, subtasks and checkpoints, the first and the last
are checked. If a job has many tasks, its vertices are not checked again after a check while it is RUNNING, and their
metrics are never checked. Operations that do not concern a job are checked whenever a job is checked; in a cluster with
many jobs or TaskManagers only once. Logs of very many executions are not checked.
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
"""How many vertices, subtasks, checkpoints and TaskManagers are checked: the first and the last."""
MANY = 100
"""A cluster with more jobs and TaskManagers in total, or a job with more tasks, is checked less often."""
MAX_EXECUTIONS = 50_000
"""If the jobs have more executions, logs are not checked."""
Shape = tuple[Any, ...]
"""The properties of a job on which the form of its responses depends."""


class ResponseChecks:
    """Checks the cluster of one simulator.

    Attributes:
        findings: The job (None for the cluster) and the message of each finding, without repetitions.
        response_count: The number of checked responses.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._client = InProcessClient(simulator.engine)
        self._read_only_operations = [operation for operation in simulator.engine.contract if only_reads(operation)]
        self._shapes: dict[str, Shape] = {}
        """The shapes of jobs, by job id."""
        self._checked_circumstances: set[tuple[Any, ...]] = set()
        """The shapes of the checked jobs, each with the circumstances (see `_mark_checked`)."""
        self._checked_vertices: set[tuple[str, Shape]] = set()
        """The id of each operation on vertices that was checked while a job with many tasks was RUNNING, with the
        shape of the job."""
        self._is_large_cluster = len(simulator.scenario.jobs) + simulator.scenario.taskmanager_count > MANY
        self._reported: set[tuple[str, str]] = set()
        """The operation id and the kind of each finding."""
        self.findings: list[tuple[Job | None, str]] = []
        self.response_count = 0

    def check_jobs(self, changed_jobs: Collection[Job]) -> None:
        """Check jobs that have changed."""
        is_first_check = not self._checked_circumstances
        jobs = [job for job in changed_jobs if self._mark_checked(job)]
        for job in jobs:
            self._check_operations(job)
        if is_first_check or (jobs and not self._is_large_cluster):
            self._check_operations(None)

    def _mark_checked(self, job: Job) -> bool:
        """Mark the shape of a job in its current circumstances as checked.

        Returns False if the job need not be checked: it was marked already, or only an earlier leader had the job.
        """
        states = [state for _, state in job.states[-2:]]
        awaits_slots = bool(job.attempts) and job.attempts[-1].deployed_at is None
        key = (self._shape(job), *states, awaits_slots, bool(job.checkpoints.restored))
        if key in self._checked_circumstances or self._simulator.cluster.jobs.get(job.id) is not job:
            return False
        self._checked_circumstances.add(key)
        return True

    def _shape(self, job: Job) -> Shape:
        if job.id not in self._shapes:
            self._shapes[job.id] = _shape_of(job)
        return self._shapes[job.id]

    def _check_operations(self, job: Job | None) -> None:
        """Check the operations on a job; if it is None, those that do not concern a job."""
        if self._simulator.cluster.leadership.leader is None:
            return
        if job is not None and not job.is_known_at(self._simulator.now):
            return
        targets = Targets(_IdReader(self._client, job), TARGETS_PER_KIND)
        for operation in self._read_only_operations:
            is_about_jobs = ":jobid" in operation.segments
            if is_about_jobs != (job is not None) or self._is_long_log(operation):
                continue
            if job is not None and job.graph.subtask_count > MANY and not self._is_affordable(operation, job):
                continue
            request_targets = _request_targets(targets, operation)
            if job is None and self._is_large_cluster:  # the responses are long lists
                request_targets = islice(request_targets, 2)
            for target in request_targets:
                self._check(operation, target, job)

    def _is_long_log(self, operation: Operation) -> bool:
        """Return whether the operation reads a log with the lines of very many executions."""
        if not {"log", "logs", "stdout"} & {*operation.segments}:
            return False
        jobs = self._simulator.cluster.jobs.values()
        return sum(len(job.attempts) * job.graph.subtask_count for job in jobs) > MAX_EXECUTIONS

    def _is_affordable(self, operation: Operation, job: Job) -> bool:
        """Return whether to check the operation for a job with many tasks.

        Operations on vertices are not checked again after a check while the job is RUNNING; metrics of vertices never.
        """
        if ":vertexid" not in operation.segments:
            return True
        key = operation.id, self._shape(job)
        is_checked = key in self._checked_vertices
        if job.state == "RUNNING":
            self._checked_vertices.add(key)
        return not is_checked and "metrics" not in operation.segments

    def _check(self, operation: Operation, target: str, job: Job | None) -> None:
        self.response_count += 1
        try:
            body = self._body(target)
        except (OperationNotFound, JobInitializing):
            return
        except ClusterError as error:
            if not traits_of(operation.id).expected_error_statuses:
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


class _IdReader:
    """Reads the lists from which `Targets` takes ids. It lists only the checked job, and two TaskManagers."""

    def __init__(self, client: InProcessClient, job: Job | None) -> None:
        self._client = client
        self._job = job

    def json(self, target: str) -> Any:
        if target == "/jobs":
            return {"jobs": [{"id": self._job.id}] if self._job is not None else []}
        if target == "/taskmanagers":
            engine = self._client.engine
            registered = engine.cluster.taskmanagers.registered_at(engine.clock.now())
            return {
                "taskmanagers": [{"id": taskmanager.id} for taskmanager in first_and_last(registered, TARGETS_PER_KIND)]
            }
        try:
            payload = self._client.payload("GET", target)
        except (ClusterError, OperationNotFound):
            return {}
        return {} if isinstance(payload, FileContent) else payload


def _request_targets(targets: Targets, operation: Operation) -> Iterator[str]:
    for path in targets.paths(operation):
        for query in targets.queries(operation, path):
            yield path + query


def _shape_of(job: Job) -> Shape:
    vertices = tuple(
        (
            len(vertex.operators),
            vertex.inputs,
            min(vertex.parallelism, 2),
            tuple(vertex.accumulators.values()),
            bool(vertex.metrics),
        )
        for vertex in job.spec.vertices
    )
    return job.spec.type, vertices, job.spec.checkpoints is None, bool(job.spec.metrics), bool(job.spec.user_config)
