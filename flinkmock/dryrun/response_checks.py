"""What is asked of a cluster while it is rehearsed: every documented operation that only reads, and what the contract
says of the answers.

A job is asked about each time its state changes, unless another job of its shape has been asked about in that state:
as many vertices with as many inputs, each with one subtask or more, with or without checkpoints, metrics and
accumulators, coming from the same state. Of vertices, subtasks, checkpoints and the like the first and the last one are
asked about; of a job with many tasks once about its vertices, and never about their metrics, of which it has too many.
What is not about a job is asked each time something new is asked about a job; in a cluster with many jobs or task
managers only at the beginning. Nobody is asked for logs that would tell of very many attempts.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from flinkmock.cluster.errors import ClusterError, JobInitializing
from flinkmock.cluster.job import Job
from flinkmock.conformance.check import UNSAFE
from flinkmock.conformance.invariants import invariant_violations
from flinkmock.conformance.response_check import EXPECTED_ERRORS
from flinkmock.conformance.targets import Targets, first_and_last
from flinkmock.contract import Operation
from flinkmock.contract.pattern import path_parameters
from flinkmock.dryrun.simulator import Simulator
from flinkmock.rest.handlers import FileContent
from flinkmock.rest.rendering import encode
from flinkmock.testing.inside import Inside, NotRegistered

OF_EACH = 2
MANY = 100
"""Jobs and task managers, or tasks of a job."""
MOST_ATTEMPTS = 50_000
"""Of all tasks together: what log files tell of."""
Shape = tuple[Any, ...]


class ResponseChecks:
    """Asks one player's cluster. `wrong`: what no answer should be, by the job that was asked about (None: the
    cluster), each kind of mistake once; `asked` counts the answers."""

    def __init__(self, player: Simulator) -> None:
        self._player = player
        self._inside = Inside(player.engine)
        self._readable = [each for each in player.engine.contract if each.method == "GET" and each.id not in UNSAFE]
        self._shapes: set[Shape] = set()
        self._looked_into: set[Shape] = set()
        self._structures: dict[str, Shape] = {}
        self._many = len(player.scenario.jobs) + player.scenario.taskmanagers > MANY
        self._told: set[tuple[str, str]] = set()
        self.wrong: list[tuple[Job | None, str]] = []
        self.asked = 0

    def about(self, moved: Collection[Job]) -> None:
        """Asks what is new about jobs that have changed."""
        first = not self._shapes
        new = [job for job in moved if self._is_new(job)]
        for job in new:
            self._ask(job)
        if first or (new and not self._many):
            self._ask(None)

    def _is_new(self, job: Job) -> bool:
        structure = self._structures.get(job.id)
        if structure is None:
            structure = self._structures[job.id] = _structure(job)
        states = [state for _, state in job.states[-2:]]
        run = job.attempts[-1] if job.attempts else None
        shape = (*structure, *states, run is not None and run.deployed_at is None, bool(job.checkpoints.restored))
        if shape in self._shapes or self._player.cluster.jobs.get(job.id) is not job:
            return False
        self._shapes.add(shape)
        return True

    def _ask(self, job: Job | None) -> None:
        if self._player.cluster.leadership.leader is None:
            return
        targets = Targets(_Lists(self._inside, job), OF_EACH)
        wide = job is not None and job.graph.subtasks > MANY
        for operation in self._readable:
            if (":jobid" in operation.segments) is (job is not None):
                if (wide and not self._bearable(operation, job)) or self._too_long(operation):
                    continue
                targets_of_it = _targets(targets, operation)
                # a list of everything is long there, whatever is asked of it
                for target in islice(targets_of_it, 2) if job is None and self._many else targets_of_it:
                    self._put(operation, target, job)

    def _too_long(self, operation: Operation) -> bool:
        """Whether it answers a log in which each task of a long history has its lines."""
        if not {"log", "logs", "stdout"} & {*operation.segments}:
            return False
        jobs = self._player.cluster.jobs.values()
        return sum(len(job.attempts) * job.graph.subtasks for job in jobs) > MOST_ATTEMPTS

    def _bearable(self, operation: Operation, job: Job | None) -> bool:
        """Whether it can be asked about a job with many tasks, now."""
        if ":vertexid" not in operation.segments or job is None:
            return True
        new = (operation.id, *self._structures[job.id]) not in self._looked_into
        if job.state == "RUNNING":
            self._looked_into.add((operation.id, *self._structures[job.id]))
        return new and "metrics" not in operation.segments

    def _put(self, operation: Operation, target: str, job: Job | None) -> None:
        self.asked += 1
        try:
            body = self._answer(operation, target)
        except (NotRegistered, JobInitializing):
            return
        except ClusterError as problem:
            if operation.id not in EXPECTED_ERRORS:
                self._tell(operation, job, f"is refused: {type(problem).__name__}")
            return
        except Exception as error:  # a client would get a 500
            self._tell(operation, job, f"can't be made: {type(error).__name__}: {error}")
            return
        for text in self._wrong_in(operation, target, body) if body is not None else ():
            self._tell(operation, job, text)

    def _answer(self, operation: Operation, target: str) -> Any:
        """The JSON of an answer, as its client would read it; None for a file. Asking so is no poll."""
        facts = self._inside.facts("GET", target)
        if isinstance(facts, FileContent):
            return None
        return json.loads(encode(self._player.engine.renderer.body(operation, facts, target)))

    def _wrong_in(self, operation: Operation, target: str, body: Any) -> Iterator[str]:
        for violation in self._player.engine.contract.check_response(operation, body):
            yield f"is not what the contract says: {violation}"
        for contradiction in invariant_violations(operation.id, body, path_parameters(operation, target)):
            yield f"contradicts itself: {contradiction.pointer} {contradiction.expected}, {contradiction.found}"

    def _tell(self, operation: Operation, job: Job | None, text: str) -> None:
        kind = (operation.id, text.partition(":")[0])
        if kind not in self._told:
            self._told.add(kind)
            self.wrong.append((job, f"the answer to {operation} {text}"))


class _Lists:
    """The answers in which ids are found. There is no other job than the one that is asked about; and of task managers
    only those that will be asked about are told, for there may be many."""

    def __init__(self, inside: Inside, job: Job | None) -> None:
        self._inside = inside
        self._job = job

    def json(self, target: str) -> Any:
        if target == "/jobs":
            return {"jobs": [{"id": self._job.id}] if self._job is not None else []}
        if target == "/taskmanagers":
            engine = self._inside.engine
            there = engine.cluster.taskmanagers_at(engine.clock.now())
            return {"taskmanagers": [{"id": each.id} for each in first_and_last(there, OF_EACH)]}
        try:
            facts = self._inside.facts("GET", target)
        except (ClusterError, NotRegistered):
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
